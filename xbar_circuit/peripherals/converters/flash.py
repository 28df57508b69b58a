"""The flash converter: one comparator a threshold, all at once.

A string of resistors divides the range; the code is the number of comparators that say yes, which
forgives bubbles in the thermometer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._temperature import offset_at
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import noise_source
from xbar_circuit.peripherals.converters._values import errors_tuple
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind, voltage_maker
from xbar_circuit.peripherals.converters.voltage import VoltageConverter
from xbar_circuit.units import spice_number

__all__ = ["Flash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash(VoltageConverter):
    """A flash converter.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Resolution, 1 to 8.
    low_volt, high_volt
        Input range, and the ends of the reference string [V].
    string_ohm
        Resistance of the whole string [ohm].
    resistor_errors
        Relative error of each of the ``2**bits`` resistors, lowest first; None for exact resistors.
    comparator_offsets_volt
        Offset of each of the ``2**bits - 1`` comparators [V]; None for none.
    noise_volt
        Input-referred rms noise of a comparator decision at 27 C [V].
    clock_hertz
        Conversions per second.
    comparator_joule
        Energy of one decision [J]; 30 fJ is an assumption.
    reference_per_celsius, offset_volt_per_celsius
        Relative change of the range ``high_volt - low_volt``, the reference's [1/degree Celsius],
        and drift of the offset [V/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError, ShapeError
        A value is out of range.

    >>> Flash(bits=3).convert([0.1, 0.3, 0.99])
    array([0, 2, 7])
    """

    bits: int
    low_volt: float = 0.0
    high_volt: float = 1.0
    string_ohm: float = 10e3
    resistor_errors: tuple[float, ...] | None = None
    comparator_offsets_volt: tuple[float, ...] | None = None
    noise_volt: float = 0.0
    clock_hertz: float = 1e9
    comparator_joule: float = 30e-15
    reference_per_celsius: float = 0.0
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=8)
        self._check_range()
        checks.number("string_ohm", self.string_ohm, "ohm", above=True)
        checks.number("comparator_joule", self.comparator_joule, "J")
        for name, length, unit in (
            ("resistor_errors", self.levels, "1"),
            ("comparator_offsets_volt", self.levels - 1, "V"),
        ):
            if getattr(self, name) is not None:
                object.__setattr__(
                    self, name, errors_tuple(name, getattr(self, name), length, unit)
                )

    def _offset_at(self, celsius: float) -> dict[str, Any]:
        if self.offset_volt_per_celsius == 0.0:
            return {}
        own = self.comparator_offsets_volt or (0.0,) * (self.levels - 1)
        moved = tuple(offset_at(celsius, one, self.offset_volt_per_celsius) for one in own)
        return {"comparator_offsets_volt": moved}

    def drawn(
        self, rng: np.random.Generator, *, resistor_sigma: float, offset_sigma_volt: float
    ) -> Flash:
        """Return a copy with resistor errors and comparator offsets drawn, in place of its own.

        Parameters
        ----------
        rng
            Random generator.
        resistor_sigma
            Relative standard deviation of a resistor, at most 0.2.
        offset_sigma_volt
            Standard deviation of a comparator's offset [V].

        Returns
        -------
        Flash
            With these `resistor_errors` and `comparator_offsets_volt`.
        """
        checks.number("resistor_sigma", resistor_sigma, "1", maximum=0.2)
        checks.number("offset_sigma_volt", offset_sigma_volt, "V")
        return dataclasses.replace(
            self,
            resistor_errors=tuple((resistor_sigma * rng.standard_normal(self.levels)).tolist()),
            comparator_offsets_volt=tuple(
                (offset_sigma_volt * rng.standard_normal(self.levels - 1)).tolist()
            ),
        )

    @property
    def decisions(self) -> int:
        """Decisions in one conversion: one for each comparator."""
        return self.levels - 1

    @property
    def conversion_second(self) -> float:
        """One clock period [s]."""
        return 1.0 / self.clock_hertz

    @property
    def energy_joule(self) -> float:
        """The string's dissipation over a period, and all comparators [J]."""
        span = self.high_volt - self.low_volt
        string = span**2 / self.string_ohm * self.conversion_second
        return string + (self.levels - 1) * self.comparator_joule

    @property
    def resistors(self) -> FloatArray:
        """Resistors of the string, lowest first (levels,) [ohm]."""
        errors = np.zeros(self.levels) if self.resistor_errors is None else self.resistor_errors
        result: FloatArray = self.string_ohm / self.levels * (1.0 + np.asarray(errors))
        return result

    @property
    def thresholds(self) -> FloatArray:
        """Trip point of each comparator (levels - 1,) [V], not necessarily in order."""
        taps = np.cumsum(self.resistors)
        span = self.high_volt - self.low_volt
        offsets = self.comparator_offsets_volt
        result: FloatArray = self.low_volt + span * taps[:-1] / taps[-1]
        return result if offsets is None else result + np.asarray(offsets)

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the number of comparators that decide high.

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
        if noise is None:
            ordered = np.sort(self.thresholds)
            return np.searchsorted(ordered, values, side="right").astype(np.int64)
        yes = values[..., None] + self.noise_volt * noise >= self.thresholds
        codes: CodeArray = yes.sum(axis=-1).astype(np.int64)
        return codes

    @property
    def timing(self) -> Timing:
        """Timing of a conversion, without a clock."""
        period = self.conversion_second
        return Timing(period_second=period, start_second=0.25 * period)

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
        num, edge = spice_number, timing.edge_second
        last = self.levels - 1
        yield f"* flash, {self.bits} bit, {num(self.low_volt)} V to {num(self.high_volt)} V"
        yield f"Vlow tap0 0 DC {num(self.low_volt)}"
        yield f"Vhigh tap{self.levels} 0 DC {num(self.high_volt)}"
        for k, ohm in enumerate(self.resistors):
            yield f"Rstring{k} tap{k} tap{k + 1} {num(ohm)}"
        yield "Rstart start 0 1e6"
        yield "Rclock clock 0 1e6"
        yield f".model comparator adc_bridge(in_low=0 in_high=0 rise_delay={num(edge)}"
        yield f"+ fall_delay={num(edge)})"
        yield ".model toanalog dac_bridge(out_low=0 out_high=1"
        yield f"+ t_rise={num(edge)} t_fall={num(edge)})"
        seconds = timing.period_second * np.arange(1 if noise is None else len(noise))
        for k in range(1, last + 1):
            offset = 0.0
            if self.comparator_offsets_volt is not None:
                offset = self.comparator_offsets_volt[k - 1]
            volts = None if noise is None else self.noise_volt * noise[:, k - 1]
            yield from noise_source(k, volts, seconds, edge)
            yield f"Bdifference{k} difference{k} 0 V=V(in)+V(noise{k})-V(tap{k})-({num(offset)})"
            yield f"Acomparator{k} [difference{k}] [yes{k}] comparator"
            yield f"Aout{k} [yes{k}] [out{k}] toanalog"
            yield f"Gsum{k} 0 code out{k} 0 1.0"
        yield "* the code is the number of comparators that say yes: unit currents into one ohm"
        yield f"Rcode code 0 {num(1.0)}"


#: The mismatch is an assumption, to be replaced by that of the technology at hand.
KIND = ConverterKind(
    name="flash",
    of=Flash,
    title="flash converter",
    bench=ConverterBench(
        make=voltage_maker(Flash),
        mismatch="resistor_sigma",
        mismatch_of="resistor",
        usual_mismatch=0.01,
        further={"offset_sigma_volt": 0.0},
    ),
    example=Flash(bits=3, noise_volt=1e-2),
)
