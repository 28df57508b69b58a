"""Clocked comparators in ngspice: which way they decide, when, and what they disturb.

A latch may remember: the gates that hold its decision load its two sides unequally, charge stays on
inner nodes. So nothing is read from a first cycle. Every test cycle follows cycles of a clear "no"
or a clear "yes", and every threshold is found after both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.studies.readout._sense_amplifier_bisection import LatchBisection
from xbar_circuit.studies.readout._sense_amplifier_deck import CLOCKS, EDGE, HISTORY, TURN
from xbar_circuit.units import spice_number

__all__ = ["LatchBench"]


@dataclass(frozen=True, kw_only=True)
class LatchBench(LatchBisection):
    """A comparator on its bench; its fields are those of :class:`LatchDeck`."""

    def check(self, range_volt: float) -> None:
        """Refuse a comparator that does not decide in the half of the clock that was said.

        Four instances see every combination of signs in the two halves of the clock: the output at
        the end of the deciding half must follow the input of that half.

        Raises
        ------
        ParameterError
            It decides in the other half, says the opposite, or does not decide.
        """
        period, signs = self.clock_second, [(r, d) for d in (-1, 1) for r in (-1, 1)]
        sources = []
        for k, (reset, decide) in enumerate(signs):
            points = [(0.0, range_volt * reset)]
            for half in range(1, 6):  # the input turns a tenth of a period before the clock does
                value = range_volt * (decide if half % 2 else reset)
                begin = (0.5 * half - 0.1) * period
                if value != points[-1][1]:
                    points += [(begin, points[-1][1]), (begin + TURN * period, value)]
            sources.append(list(piecewise(f"Vp{k} p{k} common", points)))
        plot = self.run(self.deck(sources, {}), self.transient(2.99), self.outputs(4))
        clear = 0.25 * self.high  # outputs that are closer are both precharged
        volts = [
            np.array([np.interp(at * period, plot.scale, self.said(plot, k)) for k in range(4)])
            for at in (2.89, 2.39)
        ]
        decided, resetting = (np.where(np.abs(v) > clear, np.sign(v), 0.0) for v in volts)
        before, follows = np.array(signs, dtype=np.float64).T
        if np.array_equal(decided, follows):
            return
        if np.array_equal(decided, -follows):
            raise ParameterError.about(
                "ports",
                got="a comparator that says no where plus is above minus",
                expected="out high where plus is above minus",
                remedy="exchange plus and minus, or out and outb",
            )
        other = next(name for name in CLOCKS if name != self.clock)
        seen = [np.array_equal(v, s * before) for v in (decided, resetting) for s in (1.0, -1.0)]
        if any(seen):
            raise ParameterError.about(
                "clock",
                got=f"{self.clock!r} for {self.comparator.name}, which decides in the other half",
                expected="the half of the clock in which it decides",
                remedy=f"give clock={other!r}",
            )
        raise ParameterError.about(
            "comparator",
            got=f"outputs of {self.comparator.name} that do not follow an input of"
            f" +/-{range_volt:g} V in either half of the clock",
            expected="a clocked comparator that decides within half a period",
            remedy="look at its ports, supplies, common_mode_volt, range_volt and clock_second",
        )

    def times(self, thresholds: tuple[float, float], overdrives: FloatArray) -> FloatArray:
        """Return how long the decision takes beyond the threshold (inputs,) [s].

        A yes after noes and a no after yeses; of the two, the slower. Timed from the clock's edge
        to half the supply at the output (of the outputs' difference); NaN where one did not come.

        Raises
        ------
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        cycles = HISTORY + 1
        sources: list[list[str]] = []
        sides: list[int] = []
        clear = float(np.max(overdrives)) + max(abs(v) for v in thresholds)
        for side, threshold in zip((1, -1), thresholds, strict=True):
            for overdrive in overdrives.tolist():
                values = [-side * clear] * HISTORY + [threshold + side * overdrive]
                sources.append(self.staircase(f"Vp{len(sources)} p{len(sources)} common", values))
                sides.append(side)
        other = "v(outb{})" if self.differential else spice_number(0.5 * self.high)
        said = [f"said{k}" for k in range(len(sides))]
        nodes = [f"B{said[k]} {said[k]} 0 V=v(out{k})-{other.format(k)}" for k in range(len(sides))]
        deck, analysis = self.deck(sources, {}, nodes), self.transient(cycles - 0.01)
        vectors = [f"v({name})" for name in said]
        plot = self.run(deck, analysis, vectors, label="decision-times")
        begin = (cycles - 0.5 + 0.5 * EDGE) * self.clock_second
        swing = 0.5 * self.high if self.differential else 0.0
        found = np.array(
            [
                _crossing(plot.scale, side * plot[name] - swing, begin)
                for name, side in zip(vectors, sides, strict=True)
            ]
        )
        self.keep(
            "decision-times", deck, analysis, vectors, _time_cards(found, sides, swing, begin)
        )
        found = found.reshape(2, -1)
        # an output that is precharged to where the decision leads has no edge to time
        unmoved = np.all(found == 0.0, axis=1)
        kept = found[~unmoved] if not unmoved.all() else found
        slowest: FloatArray = kept.max(axis=0)
        return slowest

    def disturbance(
        self, *, input_volt: float, source_ohm: float, source_farad: float
    ) -> tuple[float, float]:
        """Return the kickback onto a source with resistance [V], and the energy of a decision [J].

        The kickback is the largest excursion of ``plus`` from its source, over whole cycles of a
        clear no and of a clear yes; ``minus`` is held ideally.

        Raises
        ------
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        num, cycles = spice_number, 2 * (HISTORY + 1)
        values = [-input_volt] * (cycles // 2) + [input_volt] * (cycles // 2)
        lines = [*self.staircase("Vp0 source common", values)]
        lines.append(f"Rp0 source p0 {num(source_ohm)}")
        if source_farad > 0.0:
            lines.append(f"Cp0 p0 0 {num(source_farad)}")
        supplies = {f"i(vs0_{port})": v for port, v in self.comparator.supplies.items()}
        plot = self.run(
            self.deck([lines], {}),
            self.transient(cycles),
            ["v(p0)", "v(source)", *supplies],
            label="kickback",
            measures=["highest MAX v(p0)", "lowest MIN v(p0)"],
        )
        cycle = plot.scale / self.clock_second
        half = cycles // 2
        # the cycle in which the source itself turns is not looked at
        used = ((cycle > 1) & (cycle < half)) | (cycle > half + 1)
        joule = -sum(
            volt * float(np.trapezoid(plot[name.lower()][cycle > half], plot.scale[cycle > half]))
            for name, volt in supplies.items()
        )
        return float(np.abs(plot["v(p0)"] - plot["v(source)"])[used].max()), joule / half


def _time_cards(found: FloatArray, sides: Sequence[int], swing: float, begin: float) -> list[str]:
    """Return measurements of the decision times, from the clock's edge, of what was decided."""
    cards = []
    for k, (second, side) in enumerate(zip(found.tolist(), sides, strict=True)):
        if np.isfinite(second) and second > 0.0:
            way = "RISE" if side > 0 else "FALL"
            cards.append(f"decided_{k} WHEN v(said{k})={spice_number(side * swing)} {way}=LAST")
            cards.append(f"decision_second_{k} PARAM='decided_{k}-{spice_number(begin)}'")
    return cards


def _crossing(time: FloatArray, above: FloatArray, begin: float) -> float:
    """Return when a signal rises through zero for good, after `begin` [s].

    0 if it was above all the time; NaN if it does not stay above.
    """
    after = np.flatnonzero(time >= begin)
    below = after[above[after] <= 0.0]
    if below.size == 0:
        return 0.0
    last = int(below[-1])
    if last == time.size - 1:
        return float("nan")
    pair = slice(last, last + 2)
    return float(np.interp(0.0, above[pair], time[pair]) - begin)
