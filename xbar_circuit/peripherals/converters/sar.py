"""The successive-approximation converter: a binary search with a capacitor array.

The input is held on one capacitor; the array, reset to `low_volt`, lifts its top plate by
``span * sum(b_k * C_k) / C_total`` as its bottom plates are switched to `high_volt`. One comparator
decides each bit, the most significant first (McCreary and Gray, IEEE J. Solid-State Circuits 10,
371, 1975). Mismatch of the capacitors bends the transfer, capacitance to ground on the top plate
stretches it.
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
from xbar_circuit.peripherals._waveform import staircase
from xbar_circuit.peripherals.converters._blocks import (
    SWITCH_OHM,
    clocked_comparator,
    logic_models,
    noise_source,
    search_lines,
)
from xbar_circuit.peripherals.converters._values import errors_tuple
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.converters.kinds import ConverterBench, ConverterKind, voltage_maker
from xbar_circuit.peripherals.converters.voltage import VoltageConverter
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["Sar"]

_SWITCHING = ("conventional", "two-step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sar(VoltageConverter):
    """A charge-redistribution SAR converter.

    Parameters
    ----------
    bits
        Resolution, 1 to 16.
    low_volt, high_volt
        Input range [V].
    unit_farad
        Smallest capacitor of the array [F].
    capacitor_errors
        Relative error of each capacitor, the most significant first, then the terminating one:
        ``bits + 1`` numbers; None for exact capacitors. :meth:`drawn` draws them.
    parasitic_farad
        Capacitance from the top plate to ground [F].
    offset_volt
        Offset of the comparator [V]: the thresholds lie that much higher.
    noise_volt
        Input-referred rms noise of one comparator decision at 27 C [V].
    clock_hertz
        Clock of the search; a conversion takes ``bits + 2 + sample_cycles`` cycles.
    sample_cycles
        Cycles in which the input is sampled.
    comparator
        A :class:`Subcircuit` with the ports ``plus``, ``minus``, ``clock`` and ``out``, which
        ngspice then uses. It decides while the clock is low and holds its decision; clock and
        ``out`` swing from 0 V to its highest supply.
    switching
        How a bit is taken back, which only the energy knows. ``"conventional"``: as the next bit
        is tried, in one step (McCreary and Gray 1975; the textbook's average). ``"two-step"``:
        before it, in a step of its own, which takes an eighth less (Ginsburg and Chandrakasan,
        ISCAS 2005, 184).
    comparator_joule, logic_joule
        Energy of one comparator decision and of one clock cycle of the logic [J]. The defaults
        (30 fJ, 20 fJ) are assumptions of the order of published 45 nm-class designs, to be
        replaced by those of the design at hand.
    reference_per_celsius, offset_volt_per_celsius
        Relative change of the range ``high_volt - low_volt``, the reference's [1/degree Celsius],
        and drift of the offset [V/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError, ShapeError
        A value is out of range.

    >>> sar = Sar(bits=3)
    >>> sar.convert([0.1, 0.3, 0.99])
    array([0, 2, 7])
    >>> round(sar.energy_joule * 1e15, 3)  # fJ: array, three decisions and seven cycles of logic
    234.375
    """

    bits: int
    low_volt: float = 0.0
    high_volt: float = 1.0
    unit_farad: float = 1e-15
    capacitor_errors: tuple[float, ...] | None = None
    parasitic_farad: float = 0.0
    offset_volt: float = 0.0
    noise_volt: float = 0.0
    clock_hertz: float = 1e9
    sample_cycles: int = 2
    switching: str = "conventional"
    comparator: Subcircuit | None = None
    comparator_joule: float = 30e-15
    logic_joule: float = 20e-15
    reference_per_celsius: float = 0.0
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=16)
        checks.count("sample_cycles", self.sample_cycles)
        checks.choice("switching", self.switching, _SWITCHING)
        self._check_range()
        checks.number("unit_farad", self.unit_farad, "F", above=True)
        checks.number("offset_volt", self.offset_volt, "V", minimum=-np.inf)
        for name, unit in (
            ("parasitic_farad", "F"),
            ("comparator_joule", "J"),
            ("logic_joule", "J"),
        ):
            checks.number(name, getattr(self, name), unit)
        if self.comparator is not None:
            self.comparator.require("plus", "minus", "clock", "out")
        if self.capacitor_errors is not None:
            errors = errors_tuple("capacitor_errors", self.capacitor_errors, self.bits + 1, "1")
            object.__setattr__(self, "capacitor_errors", errors)

    def drawn(self, rng: np.random.Generator, *, unit_sigma: float) -> Sar:
        """Return a copy with capacitor mismatch drawn, in place of its own errors.

        A capacitor of n units has a relative standard deviation of ``unit_sigma / sqrt(n)``.

        Parameters
        ----------
        rng
            Random generator.
        unit_sigma
            Relative standard deviation of a unit capacitor.

        Returns
        -------
        Sar
            With these `capacitor_errors`.

        Raises
        ------
        ParameterError
            `unit_sigma` is negative, or so large that a capacitor came out negative.

        >>> drawn = Sar(bits=3).drawn(np.random.default_rng(0), unit_sigma=0.02)
        >>> drawn.edges().round(4).tolist()
        [0.1263, 0.249, 0.3754, 0.4996, 0.626, 0.7486, 0.875]
        """
        checks.number("unit_sigma", unit_sigma, "1", maximum=1.0)
        units = self._units()
        errors = unit_sigma / np.sqrt(units) * rng.standard_normal(units.size)
        return dataclasses.replace(self, capacitor_errors=tuple(errors.tolist()))

    @property
    def decisions(self) -> int:
        """Decisions in one conversion: one for each bit."""
        return self.bits

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's comparator, or None."""
        return self.comparator

    @property
    def circuit_joule(self) -> float:
        """Energy of all decisions [J]."""
        return self.bits * self.comparator_joule

    @property
    def capacitors(self) -> FloatArray:
        """Capacitors, the most significant first, then the terminating one (bits + 1,) [F]."""
        errors = 0.0 if self.capacitor_errors is None else np.array(self.capacitor_errors)
        result: FloatArray = self.unit_farad * self._units() * (1.0 + errors)
        return result

    @property
    def total_farad(self) -> float:
        """All capacitance on the top plate [F]."""
        return float(self.capacitors.sum()) + self.parasitic_farad

    @property
    def bit_volt(self) -> FloatArray:
        """How far each bit lifts the top plate, the most significant first (bits,) [V]."""
        span = self.high_volt - self.low_volt
        result: FloatArray = span * self.capacitors[:-1] / self.total_farad
        return result

    @property
    def conversion_second(self) -> float:
        """Sampling, one cycle a bit, one to latch the last, one to read out [s]."""
        return (self.bits + 2 + self.sample_cycles) / self.clock_hertz

    @property
    def energy_joule(self) -> float:
        """Array switching averaged over all codes, comparator and logic [J]."""
        codes = np.arange(self.levels) if self.bits <= 12 else np.arange(0, self.levels, 16)
        clocked = self.conversion_second * self.clock_hertz * self.logic_joule
        return float(
            self.switching_energy(codes).mean() + self.bits * self.comparator_joule + clocked
        )

    def switching_energy(self, codes: CodeArray) -> FloatArray:
        """Return what the reference supplies to the array during the search.

        Every step takes ``span * (charge that flows from the reference)`` out of it: to the plates
        that stay on the reference through the move of the top plate, and to the one that is
        switched to it. The last bit is taken back by the next reset, which costs the reference
        nothing. For an array of n bits without errors and parasitics the average over all codes is
        ``sum_i 2**(n - 2 i) * (2**i - 1) * C * span**2``, half of what a differential pair of
        arrays takes.

        Parameters
        ----------
        codes
            Codes that the search ends with, integers of any shape.

        Returns
        -------
        FloatArray
            Energy of each conversion [J], of the shape of `codes`.

        >>> energy = Sar(bits=3, unit_farad=1e-15).switching_energy(np.arange(8))
        >>> round(float(energy.mean()) * 1e15, 6)  # fJ: 2 + 1.5 + 0.875
        4.375
        """
        span = self.high_volt - self.low_volt
        total = self.total_farad
        bits = (codes[..., None] >> np.arange(self.bits - 1, -1, -1)) & 1
        energy = np.zeros(codes.shape)
        held = np.zeros(codes.shape)  # capacitance at the reference
        top = np.zeros(codes.shape)  # top plate over low_volt
        for k, farad in enumerate(self.capacitors[:-1]):
            if k and self.switching == "two-step":
                lowered = span * held / total
                energy += span * held * (top - lowered)
                top = lowered
            lifted = span * (held + farad) / total
            energy += span * (held * (top - lifted) + farad * (span - (lifted - top)))
            held, top = held + farad * bits[..., k], lifted
        return energy

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the codes by the binary search itself.

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
        code = np.zeros(values.shape, dtype=np.int64)
        top = np.full(values.shape, self.low_volt + self.offset_volt)
        for k, step in enumerate(self.bit_volt):
            disturbed = values if noise is None else values + self.noise_volt * noise[..., k]
            keep = disturbed >= top + step
            top = np.where(keep, top + step, top)
            code = 2 * code + keep
        return code

    def _units(self) -> FloatArray:
        return np.append(2.0 ** np.arange(self.bits - 1, -1, -1), 1.0)

    @property
    def timing(self) -> Timing:
        """Timing of a conversion: the comparator decides in the middle of a cycle."""
        tick = 1.0 / self.clock_hertz
        start = self.sample_cycles * tick
        return Timing(
            period_second=self.conversion_second,
            start_second=start - 0.25 * tick,
            tick_second=tick,
            first_tick_second=start + 0.25 * tick,
            edge_fraction=1e-3 if self.comparator is None else 3e-3,
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
        n, num = self.bits, spice_number
        tick, edge = timing.tick_second, timing.edge_second
        yield f"* SAR, {n} bit, {num(self.low_volt)} V to {num(self.high_volt)} V"
        yield from logic_models(edge)
        yield f".model sampler sw(vt=0.5 vh=0 ron={SWITCH_OHM} roff=1e15)"
        yield (
            f".model plates dac_bridge(out_low={num(self.low_volt)} out_high={num(self.high_volt)}"
            f" t_rise={num(10 * edge)} t_fall={num(10 * edge)})"
        )
        yield "* the input on its capacitor"
        yield "Ssample in held start 0 sampler"
        yield f"Chold held 0 {num(self.total_farad)}"
        yield "* the capacitor array"
        yield f"Vlow low 0 DC {num(self.low_volt)}"
        yield "Sreset top low start 0 sampler"
        farads = self.capacitors
        for k in range(n):
            yield f"Cbit{n - 1 - k} top plate{n - 1 - k} {num(farads[k])}"
        yield f"Cend top low {num(farads[-1])}"
        if self.parasitic_farad > 0.0:
            yield f"Cparasitic top 0 {num(self.parasitic_farad)}"
        bits = [f"b{k}" for k in range(n - 1, -1, -1)]
        plates = [f"plate{k}" for k in range(n - 1, -1, -1)]
        yield f"Aplates [{' '.join(bits)}] [{' '.join(plates)}] plates"
        yield "* the comparator"
        volts: FloatArray | None = None
        seconds: NDArray[Any] = np.zeros(1)
        if noise is not None:
            volts = (self.noise_volt * noise).ravel()
            first = timing.first_tick_second + tick * (np.arange(n) + 0.02)
            seconds = (first + timing.period_second * np.arange(len(noise))[:, None]).ravel()
        if self.comparator is None:
            yield from noise_source(0, volts, seconds, edge)
            yield f"Bdifference difference 0 V=V(held)+V(noise0)-V(top)-({num(self.offset_volt)})"
            yield f".model comparator adc_bridge(in_low=0 in_high=0 rise_delay={num(edge)}"
            yield f"+ fall_delay={num(edge)})"
            yield "Acomparator [difference] [yes] comparator"
        else:
            shifts = np.array([-self.offset_volt]) if volts is None else volts - self.offset_volt
            yield from staircase("Vplus plus held", shifts, seconds, edge)
            yield from clocked_comparator(self.comparator, edge)
        yield from search_lines(n, self.low_volt, self.high_volt, edge)


#: A unit capacitor of about a femtofarad of metal has 1 % of mismatch.
KIND = ConverterKind(
    name="sar",
    of=Sar,
    title="SAR converter",
    words={"switching": ("conventional", "two-step")},
    bench=ConverterBench(
        make=voltage_maker(Sar, circuit="comparator"),
        mismatch="unit_sigma",
        mismatch_of="a unit capacitor",
        usual_mismatch=0.01,
        takes_circuit=True,
    ),
    example=Sar(bits=5, noise_volt=5e-3),
)
