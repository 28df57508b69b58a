"""The ideal converter: only a range and a number of codes, or no quantisation at all.

What a study of everything else puts at the end of a column. It takes a voltage from an amplifier,
or the current itself at a perfect virtual ground, at an instant or as its mean over a window.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._temperature import thermal_power
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import noise_source
from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.kinds import ConverterKind
from xbar_circuit.units import spice_number

__all__ = ["IdealConverter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdealConverter(Converter):
    """An ideal converter of voltages or currents.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Resolution, 1 to 16; None is exact: the code is the real number ``(value - low) / (high -
        low)``, and nothing is cut off.
    low, high
        Input range [V or A].
    unit
        ``"A"``: the column ends in it, at 0 V without resistance. ``"V"``: it follows an
        amplifier.
    noise
        Rms noise that is added to the input, at 27 C [V or A]; its power is proportional to the
        absolute temperature.
    window_second
        Time over which it averages its input [s], as pulses need; None samples the input.
    second
        Time of the rest of a conversion [s].
    joule
        Energy of a conversion [J].

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> IdealConverter(bits=3, low=0.0, high=8e-6).convert([0.5e-6, 2.5e-6, 9e-6])
    array([0, 2, 7])
    >>> IdealConverter(bits=None, low=0.0, high=8e-6).convert([2e-6, 16e-6])
    array([0.25, 2.  ])
    """

    bits: int | None = 8
    low: float = -1e-6
    high: float = 1e-6
    unit: str = "A"
    noise: float = 0.0
    window_second: float | None = None
    second: float = 1e-9
    joule: float = 0.0

    def __post_init__(self) -> None:
        if self.bits is not None:
            checks.count("bits", self.bits, maximum=16)
        checks.choice("unit", self.unit, ("A", "V"))
        checks.number("low", self.low, self.unit, minimum=-math.inf)
        checks.number("high", self.high, self.unit, minimum=self.low, above=True)
        checks.number("noise", self.noise, self.unit)
        checks.number("second", self.second, "s", above=True)
        checks.number("joule", self.joule, "J")
        if self.window_second is not None:
            checks.number("window_second", self.window_second, "s", above=True)

    @property
    def input_unit(self) -> str:
        """``"V"`` or ``"A"``, as given."""
        return self.unit

    @property
    def input_low(self) -> float:
        """Lower end of the range [V or A]."""
        return self.low

    @property
    def input_high(self) -> float:
        """Upper end of the range [V or A]."""
        return self.high

    @property
    def noisy(self) -> bool:
        """Whether it has noise."""
        return self.noise > 0.0

    @property
    def column_ohm(self) -> float:
        """Resistance that a column sees [ohm]: 0, or NaN behind an amplifier."""
        return 0.0 if self.unit == "A" else math.nan

    @property
    def column_volt(self) -> float:
        """Voltage of the column [V]: 0, or NaN behind an amplifier."""
        return self.column_ohm

    @property
    def conversion_second(self) -> float:
        """Window, and the rest of the conversion [s]."""
        return (self.window_second or 0.0) + self.second

    @property
    def energy_joule(self) -> float:
        """Energy of a conversion, as given [J]."""
        return self.joule

    def with_range(self, low: float, high: float) -> IdealConverter:
        """Return a copy with another input range.

        Parameters
        ----------
        low, high
            Ends of the range [V or A].

        Returns
        -------
        IdealConverter
            The same converter with that range.
        """
        return dataclasses.replace(self, low=low, high=high)

    def at_celsius(self, celsius: float) -> IdealConverter:
        """Return the converter at another temperature: only its noise changes.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        IdealConverter
            A copy whose noise power is proportional to the absolute temperature.
        """
        return dataclasses.replace(self, noise=self.noise * math.sqrt(thermal_power(celsius)))

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the codes: whole numbers, or real ones where the converter is exact.

        Parameters
        ----------
        values
            Inputs [V or A], any shape, finite.
        noise
            Standard normal numbers, ``(*values.shape, decisions)``; None converts without noise.

        Returns
        -------
        CodeArray
            Codes, of the shape of `values`.
        """
        seen = values if noise is None else values + self.noise * noise[..., 0]
        place = (seen - self.low) / self.lsb
        if self.exact:
            return place
        return np.clip(np.floor(place), 0, self.levels - 1).astype(np.int64)

    @property
    def timing(self) -> Timing:
        """Timing: a window begins as ``start`` falls; an instant is the period's end."""
        start = 0.25 * self.second if self.window_second is None else self.second
        return Timing(period_second=self.conversion_second, start_second=start)

    def spice_lines(self, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
        """Yield the body of the subcircuit; see :meth:`Converter.spice_lines`.

        Parameters
        ----------
        timing
            When ``start`` and ``clock`` move.
        noise
            Standard normal numbers of successive conversions (conversions, decisions); None is
            none.

        Returns
        -------
        Iterator[str]
            SPICE lines between ``.subckt`` and ``.ends``.
        """
        num = spice_number
        width = "exact" if self.exact else f"{self.bits} bit"
        yield f"* ideal converter, {width}, {num(self.low)} {self.unit} to {num(self.high)}"
        yield "Rclock clock 0 1e6"
        seen = "(V(in)"
        if self.unit == "A":
            yield "Vsense in 0 DC 0"
            seen = "(I(Vsense)"
        volts = None if noise is None else noise[:, 0]
        seconds = timing.period_second * np.arange(1 if noise is None else len(noise))
        yield from noise_source(0, volts, seconds, timing.edge_second)
        place = f"{seen}-({num(self.low)}))*{num(1.0 / self.lsb)}"
        if self.window_second is None:
            yield f"Bplace place 0 V={place}"
        else:
            yield "* the mean over the window, on a capacitor that start empties"
            yield (
                f"Bmean 0 place I={num(1e-9 / self.window_second)}*{place}*(1-V(start))"
                f"-V(start)*V(place)*{num(50.0 * 1e-9 / timing.start_second)}"
            )
            yield "Cmean place 0 1e-9"
        code = f"V(place)+V(noise0)*{num(self.noise / self.lsb)}"
        if not self.exact:
            code = f"max(0,min({num(self.levels - 1.0)},floor({code})))"
        yield f"Bcode code 0 V={code}"


KIND = ConverterKind(
    name="ideal", of=IdealConverter, title="ideal converter", words={"unit": ("A", "V")}
)
