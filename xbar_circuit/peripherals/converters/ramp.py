"""The single-slope converter: count clock ticks until a ramp reaches the input.

A current charges a capacitor. A source of finite output resistance makes the ramp an exponential,
whose bow is the classic integral nonlinearity of this converter.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals._waveform import staircase
from xbar_circuit.peripherals.converters._blocks import (
    logic_models,
    logic_volt,
    noise_source,
    ripple_counter,
)
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind, voltage_maker
from xbar_circuit.peripherals.converters.voltage import VoltageConverter
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["Ramp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp(VoltageConverter):
    """A single-slope converter.

    After k clock ticks, ``u = k / levels``, the ramp is at
    ``low + span * (1 + slope_error) * (1 - exp(-droop * u)) / droop``; the code is the number of
    ticks that it passed before reaching the input.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Resolution, 1 to 14; a conversion takes ``2**bits`` ticks and the reset.
    low_volt, high_volt
        Input range [V].
    slope_error
        Relative error of the ramp's initial slope; positive thresholds lie farther apart.
    droop
        Conversion time over the time constant R * C of the current source's output resistance;
        0 is a perfect source.
    offset_volt
        Offset of the comparator [V]: the thresholds lie that much higher.
    noise_volt
        Input-referred rms noise of the comparator at its decision at 27 C [V].
    clock_hertz
        Clock of the counter.
    ramp_farad
        Capacitor of the ramp [F].
    analog
        A :class:`Subcircuit` with the ports ``input``, ``reset`` (1 V while the ramp is held at its
        beginning) and ``out`` (high while the ramp is below the input), which ngspice then runs
        instead of ramp and comparator; the fast model keeps the formula, and a calibration fits it
        to the circuit.
    comparator_watt, tick_joule
        Power of the comparator while it waits [W] and energy of a tick of the counter [J];
        assumptions (20 uW, 2 fJ) to be replaced by those of the design at hand.
    reference_per_celsius, offset_volt_per_celsius
        Relative change of the range ``high_volt - low_volt``, the reference's [1/degree Celsius],
        and drift of the offset [V/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> Ramp(bits=3).convert([0.1, 0.3, 0.99])
    array([0, 2, 7])
    """

    bits: int
    low_volt: float = 0.0
    high_volt: float = 1.0
    slope_error: float = 0.0
    droop: float = 0.0
    offset_volt: float = 0.0
    noise_volt: float = 0.0
    clock_hertz: float = 1e9
    ramp_farad: float = 100e-15
    analog: Subcircuit | None = None
    comparator_watt: float = 20e-6
    tick_joule: float = 2e-15
    reference_per_celsius: float = 0.0
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=14)
        self._check_range()
        checks.number("slope_error", self.slope_error, "1", minimum=-1.0, above=True)
        checks.number("droop", self.droop, "1", maximum=5.0)
        checks.number("offset_volt", self.offset_volt, "V", minimum=-math.inf)
        checks.number("ramp_farad", self.ramp_farad, "F", above=True)
        if self.analog is not None:
            self.analog.require("input", "reset", "out")
        for name, unit in (("comparator_watt", "W"), ("tick_joule", "J")):
            checks.number(name, getattr(self, name), unit)

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's ramp and comparator, or None."""
        return self.analog

    @property
    def circuit_joule(self) -> float:
        """Charging the ramp, and the waiting comparator [J]."""
        return self.energy_joule - 0.5 * self.levels * self.tick_joule

    def drawn(
        self, rng: np.random.Generator, *, slope_sigma: float = 0.0, offset_sigma_volt: float = 0.0
    ) -> Ramp:
        """Return a copy with an error of its slope and an offset drawn and added to its own.

        Parameters
        ----------
        rng
            Random generator.
        slope_sigma
            Standard deviation of the slope's relative error, at most 0.2.
        offset_sigma_volt
            Standard deviation of the comparator's offset [V].

        Returns
        -------
        Ramp
            With this `slope_error` and `offset_volt`.

        Raises
        ------
        ParameterError
            A standard deviation is out of range.
        """
        checks.number("slope_sigma", slope_sigma, "1", maximum=0.2)
        checks.number("offset_sigma_volt", offset_sigma_volt, "V")
        slope, offset = rng.standard_normal(2)
        return dataclasses.replace(
            self,
            slope_error=self.slope_error + slope_sigma * float(slope),
            offset_volt=self.offset_volt + offset_sigma_volt * float(offset),
        )

    @property
    def conversion_second(self) -> float:
        """All ticks, and a sixteenth of their number, at least one, to reset [s]."""
        return (self.levels + max(1, self.levels // 16)) / self.clock_hertz

    @property
    def energy_joule(self) -> float:
        """Charging the ramp, the waiting comparator and half the counter's ticks [J]."""
        span = self.high_volt - self.low_volt
        waiting = self.comparator_watt * self.conversion_second
        return self.ramp_farad * span**2 + waiting + 0.5 * self.levels * self.tick_joule

    @property
    def thresholds(self) -> FloatArray:
        """Transitions to code 1, 2, ... (levels - 1,) [V]."""
        u = np.arange(1, self.levels) / self.levels
        shape = u if self.droop == 0.0 else -np.expm1(-self.droop * u) / self.droop
        span = (self.high_volt - self.low_volt) * (1.0 + self.slope_error)
        result: FloatArray = self.low_volt + self.offset_volt + span * shape
        return result

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return how many thresholds each value reaches.

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
        disturbed = values if noise is None else values + self.noise_volt * noise[..., 0]
        return np.searchsorted(self.thresholds, disturbed, side="right").astype(np.int64)

    @property
    def timing(self) -> Timing:
        """Timing of a conversion: the ramp starts as ``start`` falls."""
        tick = 1.0 / self.clock_hertz
        start = self.conversion_second - self.levels * tick
        return Timing(
            period_second=self.conversion_second,
            start_second=start,
            tick_second=tick,
            first_tick_second=start + tick,
            edge_fraction=1e-3 if self.analog is None else 1e-2,
        )

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
        yield f"* single slope, {self.bits} bit, {num(self.low_volt)} V to {num(self.high_volt)} V"
        yield from logic_models(edge)
        volts: FloatArray | None = None
        seconds: NDArray[Any] = np.zeros(1)
        if noise is not None:
            volts = self.noise_volt * noise[:, 0]
            seconds = timing.period_second * np.arange(len(noise))
        if self.analog is None:
            yield from self._ideal_ramp(timing)
            yield from noise_source(0, volts, seconds, edge)
            yield f"Bdifference difference 0 V=V(in)+V(noise0)-V(ramp)-({num(self.offset_volt)})"
            threshold = 0.0
        else:
            shifts = np.array([-self.offset_volt]) if volts is None else volts - self.offset_volt
            yield from staircase("Vinput input in", shifts, seconds, edge)
            nodes = {"input": "input", "reset": "start", "out": "difference"}
            yield from self.analog.instance_lines("circuit", nodes)
            threshold = logic_volt(self.analog) / 2
        yield f".model comparator adc_bridge(in_low={num(threshold)} in_high={num(threshold)}"
        yield f"+ rise_delay={num(edge)} fall_delay={num(edge)})"
        yield "Acomparator [difference] [below] comparator"
        yield "* the counter: a ripple of toggles, which stops at its last code"
        half = num(0.5 * timing.tick_second)
        yield f".model late d_buffer(rise_delay={num(edge)} fall_delay={half})"
        yield f".model opposite d_inverter(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield f".model both d_and(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield f".model notall d_nand(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield "Aclock [clock start] [tick sampling] todigital"
        yield "Areset sampling reset late"
        yield "Adone go_on done opposite"
        yield "Agoing [below room] go_on both"
        bits = [f"b{k}" for k in range(self.bits)]
        yield f"Afull [{' '.join([*bits, 'one'])}] room notall"
        yield "Vone one_volt 0 DC 1"
        yield "Aone [one_volt] [one] todigital"
        yield "* the tick waits for a comparator that flipped at the same time point"
        yield f".model settle d_buffer(rise_delay={num(10 * edge)} fall_delay={num(10 * edge)})"
        yield "Atick tick settled settle"
        yield "Agate [settled go_on] go both"
        yield from ripple_counter(self.bits, "done", edge)

    def _ideal_ramp(self, timing: Timing) -> Iterator[str]:
        """Yield a current into a capacitor, released when start falls."""
        num = spice_number
        span = (self.high_volt - self.low_volt) * (1.0 + self.slope_error)
        duration = self.levels * timing.tick_second
        yield "* the ramp: a current into a capacitor, released when start falls"
        yield f"Vlow low 0 DC {num(self.low_volt)}"
        yield (
            f"Bcharge low ramp I={num(self.ramp_farad * span / duration)}*(1-V(start))"
            f"-V(start)*V(ramp,low)*{num(50.0 * self.ramp_farad / timing.start_second)}"
        )
        yield f"Cramp ramp low {num(self.ramp_farad)}"
        if self.droop > 0.0:
            yield f"Rdroop ramp low {num(duration / (self.droop * self.ramp_farad))}"


#: The mismatch is an assumption, to be replaced by that of the technology at hand.
KIND = ConverterKind(
    name="ramp",
    of=Ramp,
    title="ramp converter",
    bench=ConverterBench(
        make=voltage_maker(Ramp, circuit="analog"),
        mismatch="slope_sigma",
        mismatch_of="slope",
        usual_mismatch=0.01,
        takes_circuit=True,
    ),
    example=Ramp(bits=4, droop=0.3),
)
