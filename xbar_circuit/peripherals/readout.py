"""The read-out of a column: an amplifier and a converter, or a converter that takes the current."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.amplifiers import TransimpedanceAmplifier
from xbar_circuit.peripherals.converters import Converter, ConverterBase, OscillatorCounter

__all__ = ["Readout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """What every column ends in.

    Parameters
    ----------
    converter
        One of our converters.
    amplifier
        In front of a converter of voltages; None for one that takes the current.
    settle_second
        Time from the inputs' step to the end of sampling that is added to the converter's own [s];
        None takes the amplifier's, or none.

    Raises
    ------
    ParameterError
        Amplifier and converter do not fit each other.
    """

    converter: Converter
    amplifier: TransimpedanceAmplifier | None = None
    settle_second: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.converter, ConverterBase):
            raise ParameterError.about(
                "converter",
                got=repr(self.converter),
                expected="a Sar, Ramp, Flash or OscillatorCounter",
                remedy="for example peripherals.Sar(bits=8)",
            )
        takes_current = self.converter.input_unit == "A"
        if takes_current is (self.amplifier is not None):
            raise ParameterError.about(
                "amplifier",
                got=repr(self.amplifier),
                expected="an amplifier for a converter of volts, None for one of amperes",
                remedy="use Readout(converter=OscillatorCounter(...)) or add the amplifier",
            )
        if self.settle_second is not None:
            checks.number("settle_second", self.settle_second, "s")

    @property
    def reference_volt(self) -> float:
        """Voltage about which the array works [V]."""
        if self.amplifier is not None:
            return self.amplifier.reference_volt
        return self.converter.hold_volt if isinstance(self.converter, OscillatorCounter) else 0.0

    @property
    def settling(self) -> float:
        """Time given to the analog part before the conversion [s]."""
        if self.settle_second is not None:
            return self.settle_second
        return 0.0 if self.amplifier is None else self.amplifier.settle_second

    @property
    def input_ohm(self) -> float:
        """Resistance that the column sees [ohm]; NaN where only a measurement knows."""
        if self.amplifier is not None:
            return self.amplifier.input_ohm
        if isinstance(self.converter, OscillatorCounter) and self.converter.oscillator is None:
            return self.converter.input_ohm
        return math.nan

    @property
    def input_volt(self) -> float:
        """Voltage of the column without a current [V]; NaN where only a measurement knows."""
        if self.amplifier is not None:
            return self.amplifier.input_volt
        if isinstance(self.converter, OscillatorCounter) and self.converter.oscillator is None:
            return self.converter.hold_volt
        return math.nan
