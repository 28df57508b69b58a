"""Thresholds of clocked comparators, bisected inside one deck.

Each sample's trial voltage is held on a capacitor; at the end of a test cycle a pulse of current
moves it by half the last step, up after a "no" and down after a "yes". So the model library is
parsed once for a whole bisection, and the latches run on without a new start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.spice import Tran
from xbar_circuit.studies.readout._sense_amplifier_deck import HISTORY, LatchDeck
from xbar_circuit.units import spice_number

__all__ = ["LatchBisection"]

_FARAD = 1e-16  # of a trial voltage: so small a charge has no say in the time step
_READ = 0.93  # of a cycle: the decision is read, and moves the trial until 0.97

Thresholds = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, kw_only=True)
class LatchBisection(LatchDeck):
    """Comparators whose thresholds are looked for, after a clear no and after a clear yes."""

    def bisection(
        self,
        parameters: Mapping[str, FloatArray],
        *,
        count: int = 1,
        range_volt: float,
        steps: int,
    ) -> tuple[str, Tran]:
        """Return the deck that finds every sample's thresholds, and its transient."""
        num, period = spice_number, self.clock_second
        block = ([1.0] * HISTORY + [0.0]) * steps
        cycles = [[-v for v in block] + block]
        for half in (0, 1):  # 1 in the test cycles after a no, then after a yes
            own = [1.0 - v for v in block]
            cycles.append(own + [0.0] * len(own) if half == 0 else [0.0] * len(own) + own)
        moves = [[(0.0, 0.0)], [(0.0, 0.0)]]
        for half in (0, 1):
            for n in range(steps):
                cycle = half * len(block) + (n + 1) * (HISTORY + 1) - 1
                height = range_volt / 2.0 ** (n + 1) * _FARAD / (0.03 * period)
                begin = (cycle + _READ + 0.005) * period
                for after, value in ((0, 0), (0.01, height), (0.03, height), (0.04, 0)):
                    moves[half].append((begin + after * period, value))
        extra = [
            *self.staircase("Vhistory history 0", [range_volt * v for v in cycles[0]]),
            *self.staircase("Vtest0 test0 0", cycles[1]),
            *self.staircase("Vtest1 test1 0", cycles[2]),
            *piecewise("Vmove0 move0 0", moves[0]),
            *piecewise("Vmove1 move1 0", moves[1]),
        ]
        sources = []
        for k in range(count):
            other = f"v(outb{k})" if self.differential else num(0.5 * self.high)
            lines = [
                f"Bp{k} p{k} common V=v(history)+v(test0)*v(after0_{k})+v(test1)*v(after1_{k})"
            ]
            for half in (0, 1):
                node = f"after{half}_{k}"
                lines += [
                    f"Cafter{half}_{k} {node} 0 {num(_FARAD)}",
                    f"Rafter{half}_{k} {node} 0 1e15",
                    f"Bafter{half}_{k} {node} 0"
                    f" I=v(move{half})*tanh({num(20.0 / self.high)}*(v(out{k})-{other}))",
                ]
            sources.append(lines)
        return self.deck(sources, parameters, extra), self.transient(2.0 * len(block) - 0.01)

    def bisection_cards(self, count: int, steps: int) -> list[str]:
        """Return measurements of where each bisection ends: the thresholds, to its last step."""
        blocks = [(half + 1) * steps * (HISTORY + 1) for half in (0, 1)]
        ends = [(cycles - 0.02) * self.clock_second for cycles in blocks]
        names = ("after_no", "after_yes")
        return [
            f"threshold_{name}_{k} FIND v(after{half}_{k}) AT={spice_number(at)}"
            for half, (name, at) in enumerate(zip(names, ends, strict=True))
            for k in range(count)
        ]

    def thresholds(
        self,
        parameters: Mapping[str, FloatArray],
        *,
        count: int = 1,
        range_volt: float,
        steps: int,
    ) -> Thresholds:
        """Return every sample's threshold after a clear no, and after a clear yes (samples,) [V].

        Infinite beyond the range. The resolution is ``range_volt / 2**steps``.

        Raises
        ------
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        deck, analysis = self.bisection(parameters, count=count, range_volt=range_volt, steps=steps)
        trials = [f"v(after{half}_{k})" for half in (0, 1) for k in range(count)]
        plot = self.run(deck, analysis, [*self.outputs(count), *trials])
        blocks = np.arange(steps) + 1
        found = []
        for half in (0, 1):
            tests = (half * steps + blocks) * (HISTORY + 1) - 1
            at = (tests + _READ) * self.clock_second
            values = np.empty(count)
            for k in range(count):
                trial = np.interp(at, plot.scale, plot[f"v(after{half}_{k})"])
                yes = np.interp(at, plot.scale, self.said(plot, k)) > 0.0
                values[k] = _between(trial, yes)
            found.append(values)
        return found[0], found[1]


def _between(trial: FloatArray, yes: NDArray[np.bool_]) -> float:
    """Return the threshold between the trials that said no and those that said yes."""
    if yes.all():
        return -np.inf
    if not yes.any():
        return np.inf
    return 0.5 * float(trial[~yes].max() + trial[yes].min())
