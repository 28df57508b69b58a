"""NeuRRAM: a chip whose energy and time follow from few numbers, judged by points held out.

W. Wan et al., Nature 608, 504 (2022): 48 cores of 256 x 256 RRAM devices in 130 nm, two devices a
signed weight, voltage-mode neurons. Energy and time over the widths are those of Extended Data
Fig. 12, as read off by CiMLoop's own test of the macro (its figures, not its code; second-hand).

The model is the least that the circuit suggests. An input of n bits has ``b = max(n - 1, 1)`` bits
of magnitude, applied one after the other; each switches the word lines, drives the inputs and makes
the neurons sample and integrate, so that all three energies grow with b. The time of a product is
that of its set-up, of b samples, and of the conversion, whose steps double with each output bit. In
two phases the magnitude is cut into halves that are converted one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.architecture.components import (
    Architecture,
    PublishedDriver,
    PublishedReadout,
)
from xbar_circuit.errors import ParameterError

__all__ = ["NeurramModel", "neurram"]

_OPERATIONS = 2 * 256 * 128  # of a core's product: two devices per weight
_CORES = 48  # published
_NEURON_M2 = 1270e-12  # published; 28 % of a core, drivers 21 %, devices 12 %


@dataclass(frozen=True, slots=True, kw_only=True)
class NeurramModel:
    """Energy and time of a core's product over the widths.

    The defaults are fitted: energies by least squares to the widths (outputs, inputs) of (5, 3),
    (7, 5) and (10, 8); times exactly to (5, 3), (6, 4) and (7, 5) in one phase and (7, 5) in two.
    All other published points are left to judge it.

    word_line_joule, neuron_joule, input_joule : of one operation and bit of magnitude [J].
    setup_second, sample_second, step_second : of a conversion, of a bit of magnitude, and of the
        conversion's steps at 3 output bits [s].
    join_second : to add the two phases [s].
    """

    word_line_joule: float = 7.367e-15
    neuron_joule: float = 10.842e-15
    input_joule: float = 3.828e-15
    setup_second: float = 847.8e-9
    sample_second: float = 321.8e-9
    step_second: float = 301.9e-9
    join_second: float = 588.7e-9

    def joule(self, input_bits: int) -> dict[str, float]:
        """Return the energy of one operation by component.

        Parameters
        ----------
        input_bits
            Width of the inputs with their sign.

        Returns
        -------
        dict
            ``"word lines"``, ``"neurons"``, ``"inputs"`` -> energy [J].
        """
        bits = _magnitude(input_bits)
        return {
            "word lines": bits * self.word_line_joule,
            "neurons": bits * self.neuron_joule,
            "inputs": bits * self.input_joule,
        }

    def seconds(self, input_bits: int, output_bits: int, *, phases: int = 1) -> float:
        """Return the time of a product.

        Parameters
        ----------
        input_bits, output_bits
            Widths of inputs and outputs with their sign.
        phases
            1, or 2: the upper and the lower bits of the inputs one after the other.

        Returns
        -------
        float
            From the inputs to the codes [s].

        Raises
        ------
        ParameterError
            Other than one or two phases, or two of fewer than five input bits.
        """
        bits = _magnitude(input_bits)
        samples = bits * self.sample_second
        if phases == 1:
            return self.setup_second + samples + 2.0 ** (output_bits - 3) * self.step_second
        if phases != 2 or input_bits < 5:
            raise ParameterError.about(
                "phases",
                got=f"{phases} for {input_bits} input bits",
                expected="1, or 2 from five input bits on",
                remedy="give phases=1",
            )
        high = (bits + 1) // 2
        steps = 2.0**high + 2.0 ** (bits - high)
        return 2 * self.setup_second + samples + steps * self.step_second + self.join_second

    def tops(self, input_bits: int, output_bits: int, *, phases: int = 1) -> float:
        """Return the operations per second of all 48 cores.

        Parameters
        ----------
        input_bits, output_bits, phases
            As for `seconds`.

        Returns
        -------
        float
            [10**12/s]; a multiplication and an addition are two operations.

        Raises
        ------
        ParameterError
            As for `seconds`.
        """
        seconds = self.seconds(input_bits, output_bits, phases=phases)
        return _CORES * _OPERATIONS / seconds * 1e-12

    def tops_per_watt(self, input_bits: int) -> float:
        """Return the operations per joule.

        Parameters
        ----------
        input_bits
            Width of the inputs with their sign.

        Returns
        -------
        float
            [10**12/J].

        >>> round(NeurramModel().tops_per_watt(4), 1)
        15.1
        """
        return 1e-12 / sum(self.joule(input_bits).values())


def neurram(input_bits: int = 6, output_bits: int | None = None) -> Architecture:
    """Return a core of NeuRRAM for inputs of a width, two phases from five bits on.

    Parameters
    ----------
    input_bits, output_bits
        Widths; an output is two bits wider than an input unless given.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    Raises
    ------
    ParameterError
        A width is out of range.

    >>> neurram(input_bits=4).source
    'Wan et al., Nature 608, 504 (2022), Extended Data Fig. 12 [second-hand]'
    """
    checks.count("input_bits", input_bits, maximum=8)
    out = input_bits + 2 if output_bits is None else output_bits
    checks.count("output_bits", out, minimum=3, maximum=10)
    model = NeurramModel()
    parts = model.joule(input_bits)
    phases = 2 if input_bits >= 5 else 1
    seconds = model.seconds(input_bits, out, phases=phases)
    area = 256 * _NEURON_M2 / 0.28
    return Architecture(
        name=f"NeuRRAM, 130 nm, {input_bits}-bit inputs",
        source="Wan et al., Nature 608, 504 (2022), Extended Data Fig. 12 [second-hand]",
        readout=PublishedReadout(
            bits=out,
            conversion_joule=parts["neurons"] * _OPERATIONS / 128,
            conversion_second=seconds,
            square_metre=2 * _NEURON_M2,
        ),
        driver=PublishedDriver(
            activation_joule=(parts["word lines"] + parts["inputs"]) * _OPERATIONS / 256,
            square_metre=0.21 * area / 256,
        ),
        read_second=seconds,
        pulse_slot_second=seconds / 2**input_bits,
        cell_square_metre=0.12 * area / 256**2,
        driver_kind="Dac",
        assumptions=(
            "Energy and time over the widths: a model with one number a component, fitted to three"
            " published widths and judged by the others (within 13 % in energy, 2 % in time).",
            "The energy through the devices is in the published input pulses; an array energy that"
            " is computed here comes on top.",
            f"The numbers hold for {input_bits}-bit inputs and {out}-bit outputs only.",
            "The chip activates in its neurons.",
        ),
    )


def _magnitude(input_bits: int) -> int:
    return max(input_bits - 1, 1)
