"""The oscillator counter: a current sets a frequency, and a counter counts it for a while.

This is the converter of the HERMES core (Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57,
1027, 2022): one current-controlled oscillator a column, reset before each read, about 300 ps a
count at full scale and about 128 ns of integration. It needs no amplifier with a voltage output:
the column's current goes straight in.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.peripherals.converters.protocol import CodeArray, ConverterBase
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["OscillatorCounter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OscillatorCounter(ConverterBase):
    """A current-controlled oscillator and a counter.

    The frequency at a current I is ``f = k * (I - offset) / (1 + (I - offset) / saturation)`` with
    ``k = 2**bits / (window * full_scale)``; the phase starts at 0 and the code is the number of
    whole cycles in the window. `jitter_cycle` is white frequency noise: after n cycles the phase
    has the standard deviation ``jitter_cycle * sqrt(n)`` (Hajimiri et al., IEEE J. Solid-State
    Circuits 34, 790, 1999: jitter grows as the square root of time).

    Parameters
    ----------
    bits
        Width of the counter, 1 to 14; it stops at its last code.
    full_scale_ampere
        Current that would just fill the counter [A].
    window_second
        Time in which it counts [s].
    reset_second
        Time to reset the oscillator and read the counter [s].
    gain_error
        Relative error of the frequency.
    offset_ampere
        Current below which the oscillator stands still [A]; may be negative.
    saturation_ampere
        Compression of the frequency [A]; infinite is none.
    jitter_cycle
        Rms jitter of one cycle, in cycles.
    hold_volt
        Voltage at which the input is held above the array's ground [V].
    input_ohm
        Resistance of the input [ohm].
    oscillator
        A :class:`Subcircuit` with the ports ``input``, ``reset`` (1 V while it is to stand still)
        and ``out``, which ngspice then counts instead of the formula; the fast model keeps the
        formula, and a calibration fits it to the circuit.
    cycle_joule, bias_watt
        Energy of one cycle with its count [J] and power of the bias [W]; assumptions (5 fJ,
        20 uW) to be replaced by those of the design at hand.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> OscillatorCounter(bits=3, full_scale_ampere=8e-6).convert([0.5e-6, 2.5e-6, 9e-6])
    array([0, 2, 7])
    """

    bits: int
    full_scale_ampere: float
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
        checks.number("offset_ampere", self.offset_ampere, "A", minimum=-math.inf)
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

    @property
    def circuit(self) -> Subcircuit | None:
        """The oscillator."""
        return self.oscillator

    @property
    def circuit_joule(self) -> float:
        """The bias and the cycles, of which the model does not tell the counter's share [J]."""
        return self.energy_joule

    @property
    def input_unit(self) -> str:
        """Ampere."""
        return "A"

    @property
    def input_low(self) -> float:
        """No current [A]."""
        return 0.0

    @property
    def input_high(self) -> float:
        """The full scale [A]."""
        return self.full_scale_ampere

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
        drive = np.maximum(ampere - self.offset_ampere, 0.0)
        squeezed = drive / (1.0 + drive / self.saturation_ampere)
        result: FloatArray = self.hertz_per_ampere * self.window_second * squeezed
        return result

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the whole cycles counted."""
        phase = self.cycles(values)
        if noise is not None:
            phase = phase + self.jitter_cycle * np.sqrt(phase) * noise[..., 0]
        return np.clip(np.floor(phase), 0, self.levels - 1).astype(np.int64)
