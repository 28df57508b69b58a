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

from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.units import spice_number

__all__ = ["Timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of one conversion.

    The default edges are a choice: short compared with every interval, long enough for a simulator.

    period_second : time from one start to the next [s].
    start_second : how long ``start`` is high [s].
    tick_second : period of the clock [s]; 0 is no clock.
    first_tick_second : first rising edge after the start of the period [s].
    edge_fraction : rise time over the shortest interval, dimensionless; transistors get gentler
        edges.
    cycle_second : shortest cycle of a circuit inside that runs by itself [s]; 0 is none.
    """

    period_second: float
    start_second: float
    tick_second: float = 0.0
    first_tick_second: float = 0.0
    edge_fraction: float = 1e-3
    cycle_second: float = 0.0

    @property
    def step_second(self) -> float:
        """Longest step of a transient: a tick, or a twentieth of a period or of a cycle [s].

        A circuit of formulas has no charge that would make a simulator take shorter ones: it would
        step over cycles without a word.
        """
        step = self.tick_second or self.period_second / 20.0
        return step if self.cycle_second == 0.0 else min(step, self.cycle_second / 20.0)

    @property
    def edge_second(self) -> float:
        """Rise and fall time of both lines [s]."""
        shortest = self.start_second if self.tick_second == 0.0 else self.tick_second
        return self.edge_fraction * min(shortest, self.start_second)

    def read_second(self, count: int) -> NDArray[Any]:
        """Return when the codes of successive conversions are read.

        Parameters
        ----------
        count
            Number of conversions.

        Returns
        -------
        numpy.ndarray
            Times [s], (count,), just before the next ``start`` rises.
        """
        ends = np.arange(1, count + 1) * self.period_second
        # the simulator has a time point where ``start`` begins to rise
        reads: NDArray[Any] = ends - 0.45 * self.edge_second
        return reads

    def sample_second(self, count: int) -> NDArray[Any]:
        """Return when the inputs of successive conversions have been taken: as ``start`` falls.

        A converter that follows its input for longer, such as a ramp, is judged by it too.

        Parameters
        ----------
        count
            Number of conversions.

        Returns
        -------
        numpy.ndarray
            Times [s], (count,).
        """
        begins = np.arange(count) * self.period_second
        samples: NDArray[Any] = begins + self.start_second - 0.45 * self.edge_second
        return samples

    def settled(self, second: float) -> Timing:
        """Return the timing with a longer sampling, for the stage before the converter to settle.

        Parameters
        ----------
        second
            Time to add at least [s]; it is rounded up to whole ticks of the clock.

        Returns
        -------
        Timing
            The same conversion, later by that time.
        """
        settle = second
        if self.tick_second > 0.0:
            settle = float(np.ceil(settle / self.tick_second * (1.0 - 1e-9))) * self.tick_second
        return replace(
            self,
            period_second=self.period_second + settle,
            start_second=self.start_second + settle,
            first_tick_second=self.first_tick_second + settle,
        )

    def clock_lines(self, count: int) -> Iterator[str]:
        """Yield the sources of the nodes ``start`` and ``clock``.

        Parameters
        ----------
        count
            Number of conversions.

        Returns
        -------
        Iterator[str]
            SPICE lines.
        """
        edge, number = self.edge_second, spice_number
        times: list[tuple[float, float]] = [(0.0, 1.0)]
        for k in range(count + 1):
            begin = k * self.period_second
            if k > 0:
                times += [(begin - edge / 2, 0.0), (begin + edge / 2, 1.0)]
            fall = begin + self.start_second
            times += [(fall - edge / 2, 1.0), (fall + edge / 2, 0.0)]
        yield from piecewise("Vstart start 0", times)
        if self.tick_second == 0.0:
            yield "Vclock clock 0 DC 0"
            return
        first = self.first_tick_second - edge / 2
        high = 0.5 * self.tick_second - edge
        first %= self.tick_second
        yield (
            f"Vclock clock 0 PULSE(0 1 {number(first)} {number(edge)} {number(edge)}"
            f" {number(high)} {number(self.tick_second)})"
        )
