"""The clockwork of a conversion: when it starts, when its clock ticks, when its code is read.

Conversions follow each other without a gap. Two lines go to every converter, 0 V and 1 V: ``start``
is high while the input is sampled and the converter resets; ``clock`` ticks all the time. The code
is read at the end of the period, just before the next ``start``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.amplifiers import ChargeIntegrator
from xbar_circuit.peripherals.converters import (
    Converter,
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
    SenseAmplifier,
)
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.units import spice_number

__all__ = [
    "Timing",
    "clock_lines",
    "integrate_lines",
    "piecewise",
    "staircase",
    "timing_of",
    "window_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of one conversion [s].

    period_second : from one start to the next.
    start_second : how long ``start`` is high.
    tick_second : period of the clock; 0 is no clock.
    first_tick_second : first rising edge after the start of the period.
    edge_fraction : rise time over the shortest interval; transistors are given gentler edges.
    """

    period_second: float
    start_second: float
    tick_second: float = 0.0
    first_tick_second: float = 0.0
    edge_fraction: float = 1e-3

    @property
    def edge_second(self) -> float:
        """Rise and fall time of both lines."""
        shortest = self.start_second if self.tick_second == 0.0 else self.tick_second
        return self.edge_fraction * min(shortest, self.start_second)

    def read_seconds(self, count: int) -> NDArray[Any]:
        """Return when the codes of `count` conversions are read [s]."""
        ends = np.arange(1, count + 1) * self.period_second
        # the simulator has a time point where ``start`` begins to rise
        reads: NDArray[Any] = ends - 0.45 * self.edge_second
        return reads

    def sample_seconds(self, count: int) -> NDArray[Any]:
        """Return when the inputs of `count` conversions have been taken [s]: as ``start`` falls.

        A converter that follows its input for longer, such as a ramp, is judged by it too.
        """
        begins = np.arange(count) * self.period_second
        samples: NDArray[Any] = begins + self.start_second - 0.45 * self.edge_second
        return samples


def timing_of(converter: Converter, *, settle_second: float = 0.0) -> Timing:
    """Return the clockwork of one of our converters.

    `settle_second` lengthens the sampling, to whole ticks of the clock, so that what stands before
    the converter can settle.

    Raises
    ------
    ParameterError
        It is of another kind.
    """
    plain = _own_timing(converter)
    settle = settle_second
    if plain.tick_second > 0.0:
        settle = float(np.ceil(settle / plain.tick_second * (1.0 - 1e-9))) * plain.tick_second
    return replace(
        plain,
        period_second=plain.period_second + settle,
        start_second=plain.start_second + settle,
        first_tick_second=plain.first_tick_second + settle,
    )


def _own_timing(converter: Converter) -> Timing:
    if isinstance(converter, Sar):
        tick = 1.0 / converter.clock_hertz
        start = converter.sample_cycles * tick
        return Timing(
            period_second=converter.conversion_second,
            start_second=start - 0.25 * tick,
            tick_second=tick,
            first_tick_second=start + 0.25 * tick,
            edge_fraction=1e-3 if converter.comparator is None else 3e-3,
        )
    if isinstance(converter, Ramp):
        tick = 1.0 / converter.clock_hertz
        start = converter.conversion_second - converter.levels * tick
        return Timing(
            period_second=converter.conversion_second,
            start_second=start,
            tick_second=tick,
            first_tick_second=start + tick,
            edge_fraction=1e-3 if converter.analog is None else 1e-2,
        )
    if isinstance(converter, Flash):
        period = converter.conversion_second
        return Timing(period_second=period, start_second=0.25 * period)
    if isinstance(converter, OscillatorCounter):
        return Timing(
            period_second=converter.conversion_second,
            start_second=converter.reset_second,
            edge_fraction=1e-3 if converter.oscillator is None else 1e-2,
        )
    if isinstance(converter, SenseAmplifier):
        return Timing(
            period_second=converter.conversion_second,
            start_second=converter.reset_second,
            edge_fraction=1e-3 if converter.comparator is None else 1e-2,
        )
    raise ParameterError.about(
        "converter",
        got=type(converter).__name__,
        expected="a Sar, Ramp, Flash, SenseAmplifier or OscillatorCounter",
        remedy="a circuit of your own goes in as peripherals.Subcircuit",
    )


def window_of(readout: Readout) -> tuple[float, float]:
    """Return when the read-out's window begins in its period, and how long it is [s].

    Of a read-out that samples, the window is the whole time until it does.
    """
    timing = timing_of(readout.converter, settle_second=readout.settling)
    if isinstance(readout.amplifier, ChargeIntegrator):
        return readout.amplifier.reset_second, readout.amplifier.window_second
    if readout.window_second is not None:
        return timing.start_second, readout.window_second
    return 0.0, timing.start_second


def integrate_lines(amplifier: ChargeIntegrator, period_second: float) -> Iterator[str]:
    """Yield the sources of ``reset`` and ``integrate``, which open an integrator's window.

    An edge's middle counts, where the switches turn.
    """
    num = spice_number
    edge = 1e-3 * min(amplifier.reset_second, amplifier.window_second, amplifier.hold_second)
    reset, window = amplifier.reset_second, amplifier.window_second
    yield "Vone one 0 DC 1"
    yield (
        f"Vreset reset 0 PULSE(1 0 {num(reset - 2.5 * edge)} {num(edge)} {num(edge)}"
        f" {num(period_second - reset + edge)} {num(period_second)})"
    )
    yield (
        f"Vintegrate integrate 0 PULSE(0 1 {num(reset - 0.5 * edge)} {num(edge)} {num(edge)}"
        f" {num(window - edge)} {num(period_second)})"
    )


def clock_lines(timing: Timing, count: int) -> Iterator[str]:
    """Yield the sources of the nodes ``start`` and ``clock`` for `count` conversions."""
    edge, number = timing.edge_second, spice_number
    times: list[tuple[float, float]] = [(0.0, 1.0)]
    for k in range(count + 1):
        begin = k * timing.period_second
        if k > 0:
            times += [(begin - edge / 2, 0.0), (begin + edge / 2, 1.0)]
        fall = begin + timing.start_second
        times += [(fall - edge / 2, 1.0), (fall + edge / 2, 0.0)]
    yield from piecewise("Vstart start 0", times)
    if timing.tick_second == 0.0:
        yield "Vclock clock 0 DC 0"
        return
    first = timing.first_tick_second - edge / 2
    high = 0.5 * timing.tick_second - edge
    first %= timing.tick_second
    yield (
        f"Vclock clock 0 PULSE(0 1 {number(first)} {number(edge)} {number(edge)}"
        f" {number(high)} {number(timing.tick_second)})"
    )


def staircase(
    source: str, values: NDArray[Any], step_seconds: NDArray[Any], edge_second: float
) -> Iterator[str]:
    """Yield a source that goes to ``values[k]`` at ``step_seconds[k]``; the first holds from 0 s.

    `source` is its beginning, such as ``"Vin in 0"``.
    """
    points = [(0.0, float(values[0]))]
    for k in range(1, len(values)):
        if values[k] == values[k - 1]:
            continue
        begin = float(step_seconds[k])
        points += [(begin, float(values[k - 1])), (begin + edge_second, float(values[k]))]
    yield from piecewise(source, points)


def piecewise(source: str, points: list[tuple[float, float]]) -> Iterator[str]:
    """Yield a source through (second, value); a single point is a DC value."""
    if len(points) == 1:
        yield f"{source} DC {spice_number(points[0][1])}"
        return
    text = [f"{spice_number(t)} {spice_number(v)}" for t, v in points]
    yield f"{source} PWL("
    for begin in range(0, len(text), 6):
        yield "+ " + " ".join(text[begin : begin + 6])
    yield "+ )"
