"""Which amplifier, subtraction and converters go together in a read-out."""

from __future__ import annotations

from collections.abc import Sequence

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.amplifiers import Amplifier, DifferenceAmplifier
from xbar_circuit.peripherals.converters import Converter

__all__ = ["check_amplifier", "check_difference", "check_samples"]


def check_amplifier(amplifier: object, converter: Converter) -> None:
    """Refuse what is no amplifier, or does not give what the converter takes."""
    if amplifier is not None and not isinstance(amplifier, Amplifier):
        raise ParameterError.about(
            "amplifier",
            got=repr(amplifier),
            expected="an amplifier",
            remedy="a circuit of your own goes into a TransimpedanceAmplifier, ChargeIntegrator"
            " or CurrentConveyor as a Subcircuit",
        )
    given = "A" if amplifier is None else amplifier.output_unit
    if given != converter.input_unit:
        raise ParameterError.about(
            "amplifier",
            got=repr(amplifier),
            expected="an amplifier for a converter of volts; None or a CurrentConveyor"
            " without a load for one of amperes",
            remedy="use Readout(converter=OscillatorCounter(...)) or add the amplifier",
        )


def check_difference(one: object, amplifier: Amplifier | None, converter: Converter) -> None:
    """Refuse a subtraction that the parts cannot do."""
    if one is None or one == "digital":
        return
    if one == "current":
        fits = amplifier is not None and amplifier.turns
        expected = "a CurrentConveyor without a circuit as amplifier"
    else:
        fits = isinstance(one, DifferenceAmplifier) and converter.input_unit == "V"
        fits = fits and amplifier is not None
        expected = "None, 'digital', 'current', or a DifferenceAmplifier before volts"
    if not fits:
        raise ParameterError.about(
            "difference",
            got=f"{one!r} with {amplifier!r}",
            expected=expected,
            remedy="'digital' goes with every read-out",
        )


def check_samples(samples: Sequence[Converter], one: Converter) -> None:
    """Refuse converters of another kind, width or speed than the one that they are drawn of."""
    for k, sample in enumerate(samples):
        alike = type(sample) is type(one) and sample.bits == one.bits
        if not alike or sample.conversion_second != one.conversion_second:
            raise ParameterError.about(
                f"samples[{k}]",
                got=repr(sample),
                expected=f"a {type(one).__name__} of {one.bits} bits, as fast as the converter",
                remedy="use Readout.drawn",
            )
