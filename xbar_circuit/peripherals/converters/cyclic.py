"""The cyclic converter: one stage that compares, subtracts and doubles, once for each bit.

The residue of one decision is the input of the next, so the whole converter is one comparator and
one amplifier of gain two with two hold capacitors (Li, Chin, Gray and Castello, IEEE J. Solid-State
Circuits 19, 828, 1984). What limits it is that gain: with less than two, the residues never fill
the range and codes are missing next to every major transition; with more they overflow, and the
codes there are too wide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import SWITCH_OHM, logic_models, noise_source
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind, voltage_maker
from xbar_circuit.peripherals.converters.voltage import VoltageConverter
from xbar_circuit.units import spice_number

__all__ = ["Cyclic"]

_HOLD_FARAD = 1e-13  # of the deck's ideal hold capacitors: its value does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Cyclic(VoltageConverter):
    """A cyclic (algorithmic) converter.

    With ``w = V - low`` and ``h = (high - low) / 2``, every cycle decides ``b = w >= h + offset``
    and goes on with ``w = 2 (1 + gain_error) (w - b h)``; the first bit is the most significant.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Resolution, 1 to 14; a conversion takes ``bits + sample_cycles`` cycles of the clock.
    low_volt, high_volt
        Input range [V].
    gain_error
        Relative error of the gain of two: mismatch of its two capacitors and finite gain.
    offset_volt
        Offset of the comparator [V]; the amplifier does not remember it.
    noise_volt
        Input-referred rms noise of one comparator decision at 27 C [V].
    clock_hertz
        Clock of the cycles.
    sample_cycles
        Cycles in which the input is sampled.
    comparator_joule, stage_watt
        Energy of a decision [J] and power of the amplifier [W]; assumptions (30 fJ, 50 uW) to be
        replaced by those of the design at hand.
    reference_per_celsius, offset_volt_per_celsius
        Relative change of the range ``high_volt - low_volt``, the reference's [1/degree Celsius],
        and drift of the offset [V/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> Cyclic(bits=3).convert([0.1, 0.3, 0.99])
    array([0, 2, 7])
    """

    bits: int
    low_volt: float = 0.0
    high_volt: float = 1.0
    gain_error: float = 0.0
    offset_volt: float = 0.0
    noise_volt: float = 0.0
    clock_hertz: float = 1e9
    sample_cycles: int = 2
    comparator_joule: float = 30e-15
    stage_watt: float = 50e-6
    reference_per_celsius: float = 0.0
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=14)
        checks.count("sample_cycles", self.sample_cycles)
        self._check_range()
        checks.number("gain_error", self.gain_error, "1", minimum=-0.5, maximum=0.5)
        checks.number("offset_volt", self.offset_volt, "V", minimum=-np.inf)
        for name, unit in (("comparator_joule", "J"), ("stage_watt", "W")):
            checks.number(name, getattr(self, name), unit)

    def drawn(
        self, rng: np.random.Generator, *, gain_sigma: float = 0.0, offset_sigma_volt: float = 0.0
    ) -> Cyclic:
        """Return a copy with an error of its gain and an offset drawn and added to its own.

        Parameters
        ----------
        rng
            Random generator.
        gain_sigma
            Standard deviation of the gain's relative error, at most 0.1.
        offset_sigma_volt
            Standard deviation of the comparator's offset [V].

        Returns
        -------
        Cyclic
            With this `gain_error` and `offset_volt`.

        Raises
        ------
        ParameterError
            A standard deviation is out of range.
        """
        checks.number("gain_sigma", gain_sigma, "1", maximum=0.1)
        checks.number("offset_sigma_volt", offset_sigma_volt, "V")
        gain, offset = rng.standard_normal(2)
        return dataclasses.replace(
            self,
            gain_error=self.gain_error + gain_sigma * float(gain),
            offset_volt=self.offset_volt + offset_sigma_volt * float(offset),
        )

    @property
    def decisions(self) -> int:
        """Decisions in one conversion: one for each bit."""
        return self.bits

    @property
    def conversion_second(self) -> float:
        """Sampling and one cycle a bit [s]."""
        return (self.bits + self.sample_cycles) / self.clock_hertz

    @property
    def energy_joule(self) -> float:
        """All decisions, and the amplifier for the whole conversion [J]."""
        return self.bits * self.comparator_joule + self.stage_watt * self.conversion_second

    @property
    def gain(self) -> float:
        """Gain of the doubling stage, dimensionless; 2 without error."""
        return 2.0 * (1.0 + self.gain_error)

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the codes by the cycles themselves.

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
        half = 0.5 * (self.high_volt - self.low_volt)
        code: NDArray[np.int64] = np.zeros(values.shape, dtype=np.int64)
        rest = values - self.low_volt
        for k in range(self.bits):
            seen = rest if noise is None else rest + self.noise_volt * noise[..., k]
            yes = seen >= half + self.offset_volt
            rest = self.gain * (rest - half * yes)
            code = 2 * code + yes
        return code

    @property
    def timing(self) -> Timing:
        """Timing: a decision a tick, the last one a good half cycle before the end."""
        tick = 1.0 / self.clock_hertz
        start = self.sample_cycles * tick
        return Timing(
            period_second=self.conversion_second,
            start_second=start - 0.25 * tick,
            tick_second=tick,
            first_tick_second=start + 0.25 * tick,
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
        num, edge, tick = spice_number, timing.edge_second, timing.tick_second
        half = 0.5 * (self.high_volt - self.low_volt)
        yield f"* cyclic, {self.bits} bit, {num(self.low_volt)} V to {num(self.high_volt)} V"
        yield from logic_models(edge)
        yield f".model sampler sw(vt=0.5 vh=0 ron={SWITCH_OHM} roff=1e15)"
        yield "* one capacitor takes input or residue while the clock is high, one holds it after"
        yield f"Binput input 0 V=V(in)-({num(self.low_volt)})"
        yield "Stake input taken start 0 sampler"
        yield "Bagain again 0 V=V(clock)*(1-V(start))"
        yield "Sagain residue taken again 0 sampler"
        yield f"Ctaken taken 0 {num(_HOLD_FARAD)}"
        yield "Ebuffer buffer 0 taken 0 1"
        yield "Blow low 0 V=1-V(clock)"
        yield "Shold buffer held low 0 sampler"
        yield f"Cheld held 0 {num(_HOLD_FARAD)}"
        yield "* compare, subtract, double"
        volts: FloatArray | None = None
        seconds: NDArray[Any] = np.zeros(1)
        if noise is not None:
            volts = (self.noise_volt * noise).ravel()
            first = timing.first_tick_second + tick * (np.arange(self.bits) - 0.5)
            seconds = (first + timing.period_second * np.arange(len(noise))[:, None]).ravel()
        yield from noise_source(0, volts, seconds, edge)
        yield f"Bdifference difference 0 V=V(held)+V(noise0)-({num(half + self.offset_volt)})"
        yield f".model comparator adc_bridge(in_low=0 in_high=0 rise_delay={num(edge)}"
        yield f"+ fall_delay={num(edge)})"
        yield "Acomparator [difference] [yes] comparator"
        yield f"Bresidue residue 0 V={num(self.gain)}*(V(held)-{num(half)}*V(bit0))"
        yield "* a decision each tick goes into a shift register"
        yield "Aclock [clock start] [tick reset] todigital"
        for k in range(self.bits):
            yield f"Ashift{k} {'yes' if k == 0 else f'b{k - 1}'} tick NULL reset b{k} NULL flipflop"
        yield ".model toanalog dac_bridge(out_low=0 out_high=1"
        yield f"+ t_rise={num(edge)} t_fall={num(edge)})"
        bits = [f"b{k}" for k in range(self.bits)]
        outs = [f"bit{k}" for k in range(self.bits)]
        yield f"Abits [{' '.join(bits)}] [{' '.join(outs)}] toanalog"
        yield "Bcode code 0 V=" + "+".join(f"{2.0**k}*V(bit{k})" for k in range(self.bits))


#: The mismatch is an assumption, to be replaced by that of the technology at hand.
KIND = ConverterKind(
    name="cyclic",
    of=Cyclic,
    title="cyclic converter",
    bench=ConverterBench(
        make=voltage_maker(Cyclic),
        mismatch="gain_sigma",
        mismatch_of="gain",
        usual_mismatch=0.002,
    ),
    example=Cyclic(bits=5, gain_error=0.01, noise_volt=5e-3),
)
