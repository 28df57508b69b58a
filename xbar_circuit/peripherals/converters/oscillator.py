"""The oscillator counter: a current sets a frequency, and a counter counts it for a while.

This is the converter of the HERMES core (Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57,
1027, 2022): one current-controlled oscillator a column, reset before each read, about 300 ps a
count at full scale and about 128 ns of integration. It needs no amplifier with a voltage output:
the column's current goes straight in.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._temperature import (
    check_coefficients,
    offset_at,
    scaled_at,
    thermal_power,
)
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import (
    logic_models,
    logic_volt,
    noise_source,
    ripple_counter,
)
from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["OscillatorCounter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OscillatorCounter(Converter):
    """A current-controlled oscillator and a counter.

    The frequency at a current I is ``f = k * D / (1 + D / saturation)`` with the drive
    ``D = I - low - offset`` and ``k = 2**bits / (window * full_scale)``; the phase starts at 0 and
    the code is the number of whole cycles in the window. `jitter_cycle` is white frequency noise:
    after n cycles the phase has the standard deviation ``jitter_cycle * sqrt(n)`` (Hajimiri et al.,
    IEEE J. Solid-State Circuits 34, 790, 1999: jitter grows as the square root of time).

    The window of 128 ns is the published core's; the other defaults are choices of a usual size, no
    design's own.

    Parameters
    ----------
    bits
        Width of the counter, 1 to 14; it stops at its last code.
    full_scale_ampere
        Range of currents that just fills the counter [A].
    low_ampere
        Low end of that range [A]: the current at which the oscillator is meant to stop. A bias at
        its input makes it negative, which is room for currents of both signs.
    window_second
        Time in which it counts [s].
    reset_second
        Time to reset the oscillator and read the counter [s].
    gain_error
        Relative error of the frequency.
    offset_ampere
        Error of the low end [A]; may be negative.
    saturation_ampere
        Compression of the frequency [A]; infinite is none.
    jitter_cycle
        Rms jitter of one cycle at 27 C, in cycles.
    hold_volt
        Voltage at which the input is held above the array's ground [V].
    input_ohm
        Resistance of the input [ohm].
    oscillator
        A :class:`Subcircuit` with the ports ``input``, ``reset`` (1 V while it is stopped)
        and ``out``, which ngspice then counts instead of the formula; the fast model keeps the
        formula, and a calibration fits it to the circuit.
    cycle_joule, bias_watt
        Energy of one cycle with its count [J] and power of the bias [W]; assumptions (5 fJ,
        20 uW) to be replaced by those of the design at hand.
    gain_per_celsius, offset_ampere_per_celsius
        Relative change of the frequency [1/degree Celsius] and drift of the offset [A/degree
        Celsius]; 0 unless given.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> OscillatorCounter(bits=3, full_scale_ampere=8e-6).convert([0.5e-6, 2.5e-6, 9e-6])
    array([0, 2, 7])
    """

    bits: int
    full_scale_ampere: float
    low_ampere: float = 0.0
    window_second: float = 128e-9
    reset_second: float = 2e-9
    gain_error: float = 0.0
    offset_ampere: float = 0.0
    saturation_ampere: float = math.inf
    jitter_cycle: float = 0.0
    hold_volt: float = 0.0
    input_ohm: float = 0.0
    oscillator: Subcircuit | None = None
    cycle_joule: float = 5e-15
    bias_watt: float = 20e-6
    gain_per_celsius: float = 0.0
    offset_ampere_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=14)
        for name, unit in (
            ("full_scale_ampere", "A"),
            ("window_second", "s"),
            ("reset_second", "s"),
        ):
            checks.number(name, getattr(self, name), unit, above=True)
        if self.oscillator is not None:
            self.oscillator.require("input", "reset", "out")
        checks.number("gain_error", self.gain_error, "1", minimum=-1.0, above=True)
        for name in ("low_ampere", "offset_ampere"):
            checks.number(name, getattr(self, name), "A", minimum=-math.inf)
        checks.number("hold_volt", self.hold_volt, "V", minimum=-math.inf)
        if self.saturation_ampere != math.inf:
            checks.number("saturation_ampere", self.saturation_ampere, "A", above=True)
        for name, unit in (
            ("jitter_cycle", "cycle"),
            ("input_ohm", "ohm"),
            ("cycle_joule", "J"),
            ("bias_watt", "W"),
        ):
            checks.number(name, getattr(self, name), unit)
        check_coefficients(self, "gain_per_celsius", "offset_ampere_per_celsius")

    def at_celsius(self, celsius: float) -> OscillatorCounter:
        """Return it at a temperature: frequency and offset by their coefficients, and the jitter.

        The jitter of white noise in the oscillator has the power of that noise, ``T / 300 K``
        (Hajimiri et al., 1999).
        """
        whole = 1.0 + self.gain_error
        moved = scaled_at(celsius, self, whole, "gain_per_celsius") - whole
        return dataclasses.replace(
            self,
            gain_error=self.gain_error + moved,
            offset_ampere=offset_at(celsius, self.offset_ampere, self.offset_ampere_per_celsius),
            jitter_cycle=self.jitter_cycle * math.sqrt(thermal_power(celsius)),
        )

    @property
    def circuit(self) -> Subcircuit | None:
        """The oscillator."""
        return self.oscillator

    @property
    def circuit_joule(self) -> float:
        """Bias and cycles, including the counter, whose share the model does not separate [J]."""
        return self.energy_joule

    @property
    def input_unit(self) -> str:
        """Ampere."""
        return "A"

    @property
    def input_low(self) -> float:
        """Low end of its range [A]."""
        return self.low_ampere

    @property
    def input_high(self) -> float:
        """High end of its range: the low end and the full scale [A]."""
        return self.low_ampere + self.full_scale_ampere

    @property
    def reference_volt(self) -> float:
        """Voltage at which the input is held [V]."""
        return self.hold_volt

    @property
    def column_ohm(self) -> float:
        """Resistance of the input [ohm]; NaN for a circuit: measure it."""
        return self.input_ohm if self.oscillator is None else math.nan

    @property
    def column_volt(self) -> float:
        """Voltage of a column without a current [V]; NaN for a circuit: measure it."""
        return self.hold_volt if self.oscillator is None else math.nan

    @property
    def noisy(self) -> bool:
        """Whether the cycles jitter."""
        return self.jitter_cycle > 0.0

    def with_range(self, low: float, high: float) -> OscillatorCounter:
        """Return it with the range of currents `low` to `high` [A].

        Raises
        ------
        ParameterError
            A circuit counts: its range is its own.
        """
        if self.oscillator is not None:
            Converter.with_range(self, low, high)
        return dataclasses.replace(self, low_ampere=low, full_scale_ampere=high - low)

    @property
    def hertz_per_ampere(self) -> float:
        """Slope of the frequency at small currents [Hz/A]."""
        ideal = self.levels / (self.window_second * self.full_scale_ampere)
        return ideal * (1.0 + self.gain_error)

    @property
    def conversion_second(self) -> float:
        """Window and reset [s]."""
        return self.window_second + self.reset_second

    @property
    def energy_joule(self) -> float:
        """Half a counter of cycles, and the bias [J]."""
        return 0.5 * self.levels * self.cycle_joule + self.bias_watt * self.conversion_second

    def drawn(
        self, rng: np.random.Generator, *, gain_sigma: float = 0.0, offset_sigma_ampere: float = 0.0
    ) -> OscillatorCounter:
        """Return this converter with an error of its frequency and an offset drawn on top.

        Raises
        ------
        ParameterError
            A standard deviation is out of range.
        """
        checks.number("gain_sigma", gain_sigma, "1", maximum=0.2)
        checks.number("offset_sigma_ampere", offset_sigma_ampere, "A")
        gain, offset = rng.standard_normal(2)
        return dataclasses.replace(
            self,
            gain_error=self.gain_error + gain_sigma * float(gain),
            offset_ampere=self.offset_ampere + offset_sigma_ampere * float(offset),
        )

    def cycles(self, ampere: FloatArray) -> FloatArray:
        """Return the phase at the end of the window [cycles]."""
        drive = np.maximum(ampere - self.low_ampere - self.offset_ampere, 0.0)
        squeezed = drive / (1.0 + drive / self.saturation_ampere)
        result: FloatArray = self.hertz_per_ampere * self.window_second * squeezed
        return result

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the whole cycles counted."""
        phase = self.cycles(values)
        if noise is not None:
            phase = phase + self.jitter_cycle * np.sqrt(phase) * noise[..., 0]
        return np.clip(np.floor(phase), 0, self.levels - 1).astype(np.int64)

    @property
    def timing(self) -> Timing:
        """Its timing: it counts from the fall of ``start`` to the end of the period."""
        return Timing(
            period_second=self.conversion_second,
            start_second=self.reset_second,
            edge_fraction=1e-3 if self.oscillator is None else 1e-2,
            cycle_second=0.0 if self.oscillator is None else self.window_second / self.levels,
        )

    def spice_lines(self, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
        """Yield the body of the subcircuit; see :meth:`Converter.spice_lines`."""
        num = spice_number
        yield f"* current-controlled oscillator and counter, {self.bits} bit"
        yield (
            f"* {num(self.full_scale_ampere)} A full scale from {num(self.low_ampere)} A,"
            f" window {num(self.window_second)} s"
        )
        if self.oscillator is not None:
            yield from self._counted(self.oscillator, timing)
            return
        yield f"Vhold hold 0 DC {num(self.hold_volt)}"
        if self.input_ohm > 0.0:
            yield f"Rin in inner {num(self.input_ohm)}"
            yield "Vsense inner hold DC 0"
        else:
            yield "Vsense in hold DC 0"
        stops = self.low_ampere + self.offset_ampere
        yield f"Bdrive drive 0 V=max(I(Vsense)-({num(stops)}),0)*1e6"
        squeeze = (
            ""
            if self.saturation_ampere == np.inf
            else (f"/(1+V(drive)/{num(self.saturation_ampere * 1e6)})")
        )
        yield "* the phase, one volt a cycle"
        slope = self.hertz_per_ampere * 1e-6 * 1e-9
        yield (
            f"Bphase 0 phase I={num(slope)}*V(drive){squeeze}*(1-V(start))"
            f"-V(start)*V(phase)*{num(50.0 * 1e-9 / timing.start_second)}"
        )
        yield "Cphase phase 0 1e-9"
        yield "Rphase phase 0 1e15"  # ngspice's first guess has start low: nothing else holds it
        volts: FloatArray | None = None
        seconds: NDArray[Any] = np.zeros(1)
        if noise is not None:
            volts = self.jitter_cycle * noise[:, 0]
            seconds = timing.period_second * np.arange(len(noise))
        yield from noise_source(0, volts, seconds, timing.edge_second)
        yield "Rclock clock 0 1e6"
        yield (
            "Bcode code 0 V=max(0,min("
            f"{num(float(self.levels - 1))},floor(V(phase)+V(noise0)*sqrt(abs(V(phase))+1e-12))))"
        )

    def _counted(self, oscillator: Subcircuit, timing: Timing) -> Iterator[str]:
        """Yield the user's oscillator and a ripple counter of digital code models."""
        # Delays of ideal gates may be short, unlike edges of transistors. Counting ends so early
        # that the last count has gone through all bits, two delays each, before it is read.
        num, edge, bits = spice_number, timing.edge_second / 20.0, self.bits
        half = logic_volt(oscillator) / 2
        nodes = {"input": "in", "reset": "start", "out": "cycles"}
        yield from oscillator.instance_lines("circuit", nodes)
        yield from logic_models(edge)
        yield f".model crossing adc_bridge(in_low={num(half)} in_high={num(half)}"
        yield f"+ rise_delay={num(edge)} fall_delay={num(edge)})"
        yield "Acycles [cycles] [cycle] crossing"
        last, period = (2 * bits + 4) * edge + timing.edge_second, timing.period_second
        yield (
            f"Vshow show_volt 0 PULSE(0 1 {num(period - last)} {num(edge)} {num(edge)}"
            f" {num(last)} {num(period)})"
        )
        yield "Rclock clock 0 1e6"
        yield "Alevels [start show_volt] [reset show] todigital"
        yield f".model opposite d_inverter(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield "Acounting show counting opposite"
        names = [f"b{k}" for k in range(bits)]
        yield f".model both d_and(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield f".model notall d_nand(rise_delay={num(edge)} fall_delay={num(edge)})"
        yield f"Afull [{' '.join([*names, 'counting'])}] room notall"
        yield "Agate [cycle room counting] go both"
        yield from ripple_counter(bits, "show", edge)


def _counter(
    bits: int, noise_lsb: float, given: Mapping[str, float], oscillator: Subcircuit | None
) -> OscillatorCounter:
    low, high = given.get("low_ampere", 0.0), given.get("high_ampere", 50e-6)
    return OscillatorCounter(
        bits=bits,
        low_ampere=low,
        full_scale_ampere=high - low,
        window_second=given.get("window_second", 128e-9),
        jitter_cycle=noise_lsb / 2.0 ** (bits / 2.0),
        oscillator=oscillator,
    )


#: The mismatch is an assumption, to be replaced by that of the technology at hand.
KIND = ConverterKind(
    name="oscillator",
    of=OscillatorCounter,
    title="oscillator converter",
    bench=ConverterBench(
        make=_counter,
        mismatch="gain_sigma",
        mismatch_of="frequency",
        usual_mismatch=0.03,
        ranges=("low_ampere", "high_ampere", "window_second"),
        takes_circuit=True,
    ),
    example=OscillatorCounter(
        bits=6,
        full_scale_ampere=60e-6,
        window_second=16e-9,
        saturation_ampere=3e-4,
        jitter_cycle=0.05,
        hold_volt=0.4,
        input_ohm=20.0,
    ),
)
