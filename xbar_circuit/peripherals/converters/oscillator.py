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

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._temperature import (
    check_coefficients,
    offset_at,
    scaled_at,
    thermal_power,
)
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._oscillator_deck import counter_lines
from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind
from xbar_circuit.peripherals.subcircuit import Subcircuit

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
        """Return the converter at another temperature: frequency, offset and jitter.

        Frequency and offset change by their coefficients. The jitter of white noise in the
        oscillator has the power of that noise, proportional to the absolute temperature (Hajimiri
        et al., 1999).

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        OscillatorCounter
            A copy with these three at that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of the frequency.
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
        """The user's oscillator, or None."""
        return self.oscillator

    @property
    def circuit_joule(self) -> float:
        """Bias and cycles, including the counter, whose share the model does not separate [J]."""
        return self.energy_joule

    @property
    def input_unit(self) -> str:
        """Always ``"A"``."""
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
        """Return a copy with another range of currents.

        Parameters
        ----------
        low, high
            Ends of the range [A].

        Returns
        -------
        OscillatorCounter
            With this `low_ampere` and a full scale of ``high - low``.

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
        """Return a copy with an error of its frequency and an offset drawn and added to its own.

        Parameters
        ----------
        rng
            Random generator.
        gain_sigma
            Standard deviation of the frequency's relative error, at most 0.2.
        offset_sigma_ampere
            Standard deviation of the offset [A].

        Returns
        -------
        OscillatorCounter
            With this `gain_error` and `offset_ampere`.

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
        """Return the phase at the end of the window, without jitter.

        Parameters
        ----------
        ampere
            Input currents [A], any shape.

        Returns
        -------
        FloatArray
            Cycles, not rounded, of the shape of `ampere`; 0 below the low end.
        """
        drive = np.maximum(ampere - self.low_ampere - self.offset_ampere, 0.0)
        squeezed = drive / (1.0 + drive / self.saturation_ampere)
        result: FloatArray = self.hertz_per_ampere * self.window_second * squeezed
        return result

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the whole cycles that were counted.

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
        phase = self.cycles(values)
        if noise is not None:
            phase = phase + self.jitter_cycle * np.sqrt(phase) * noise[..., 0]
        return np.clip(np.floor(phase), 0, self.levels - 1).astype(np.int64)

    @property
    def timing(self) -> Timing:
        """Timing of a conversion: it counts from the fall of ``start`` to the end of the period."""
        return Timing(
            period_second=self.conversion_second,
            start_second=self.reset_second,
            edge_fraction=1e-3 if self.oscillator is None else 1e-2,
            cycle_second=0.0 if self.oscillator is None else self.window_second / self.levels,
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
        return counter_lines(self, timing, noise)


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
