"""Clocked comparators side by side in ngspice: which way they decide, and when.

A latch may remember: the gates that hold its decision load its two sides unequally, charge stays on
inner nodes. So nothing is read from a first cycle. Every test cycle follows cycles of a clear "no"
or a clear "yes", and every threshold is found after both.

The deck bisects by itself. Each sample's trial voltage is held on a capacitor; at the end of a test
cycle a pulse of current moves it by half the last step, up after a "no" and down after a "yes". So
the model library is parsed once for a whole bisection, and the latches run on without a new start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._hand_over import standing_alone
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.spice import Plot, Tran, run_persistently
from xbar_circuit.units import spice_number

__all__ = ["CLOCKS", "LatchBench"]

#: Which half of the clock the comparator decides in.
CLOCKS = ("decides low", "decides high")

_HISTORY = 2  # clear decisions before each test
_FARAD = 1e-16  # of a trial voltage: so small a charge has no say in the time step
_READ = 0.93  # of a cycle: the decision is read, and moves the trial until 0.97
_EDGE = 1.0 / 200.0  # of a cycle
_TURN = 1.0 / 50.0  # of a cycle: the input's change
_STEPS_A_CYCLE = 200

Thresholds = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, kw_only=True)
class LatchBench:
    """A comparator, its clock and its common mode.

    comparator : with the ports ``plus``, ``minus``, ``clock``, ``out`` and, of one with
        differential outputs, ``outb``.
    clock : one of `CLOCKS`.
    common_volt : of the inputs [V].
    clock_second : clock period; it resets in the first half and decides in the second [s].
    celsius : temperature [degree Celsius].
    kept, waveforms : label -> deck of a run, as it stands alone, and what it gave.
    """

    comparator: Subcircuit
    clock: str
    common_volt: float
    clock_second: float
    celsius: float
    kept: dict[str, str] = field(default_factory=dict, compare=False)
    waveforms: dict[str, Plot] = field(default_factory=dict, compare=False)

    @property
    def history(self) -> int:
        """Cycles of a clear decision before each test."""
        return _HISTORY

    @property
    def high(self) -> float:
        """Where its logic is high [V]."""
        return max(self.comparator.supplies.values(), default=1.0)

    @property
    def differential(self) -> bool:
        """Whether it has two outputs, whose difference is the decision."""
        return "outb" in self.comparator.ports

    def outputs(self, count: int) -> list[str]:
        """Return the outputs of `count` instances as vectors to ask for."""
        both = [f"v(outb{k})" for k in range(count)] if self.differential else []
        return [f"v(out{k})" for k in range(count)] + both

    def said(self, plot: Plot, sample: int) -> FloatArray:
        """Return a signal that is above 0 where this sample says yes [V]."""
        other = plot[f"v(outb{sample})"] if self.differential else 0.5 * self.high
        signal: FloatArray = plot[f"v(out{sample})"] - other
        return signal

    def deck(
        self,
        sources: Sequence[Sequence[str]],
        parameters: Mapping[str, FloatArray],
        extra: Sequence[str] = (),
    ) -> str:
        """Return a deck with one instance for each entry of `sources`, all on one clock.

        ``sources[k]`` are the lines between the nodes ``p<k>`` and ``common``.
        """
        num = spice_number
        period, edge = self.clock_second, num(self.clock_second * _EDGE)
        first, second = (self.high, 0.0) if self.clock == CLOCKS[0] else (0.0, self.high)
        lines = [
            f"xbar_circuit: {len(sources)} x {self.comparator.name}, a clocked comparator that"
            f" {self.clock}",
            # ngspice's own chgtol of ten femtocoulombs moves thresholds by some per cent
            f".options reltol=1e-4 chgtol=1e-17 noacct temp={num(self.celsius)}",
            *self.comparator.include_lines(),
            f"Vclock clock 0 PULSE({num(first)} {num(second)} {num(period / 2)} {edge} {edge}"
            f" {num(period * (0.5 - 2 * _EDGE))} {num(period)})",
            f"Vcommon common 0 DC {num(self.common_volt)}",
            *extra,
        ]
        for k, source in enumerate(sources):
            roles = ("plus", "minus", "clock", "out", "outb")
            nodes = dict(
                zip(roles, (f"p{k}", "common", "clock", f"out{k}", f"outb{k}"), strict=True)
            )
            own = {name: float(values[k]) for name, values in parameters.items()}
            lines += self.comparator.varied(parameters=own).instance_lines(f"s{k}", nodes)
            lines += source
        return "\n".join([*lines, ".end"]) + "\n"

    def run(
        self,
        deck: str,
        analysis: Tran,
        vectors: Sequence[str],
        *,
        label: str = "",
        measures: Sequence[str] = (),
        waveform: bool = True,
    ) -> Plot:
        """Run a deck as the comparator's files need it; keep it under `label` if there is one.

        Its answer is kept too, unless `waveform` is false.

        Raises
        ------
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        if label:
            self.keep(label, deck, analysis, vectors, measures)
        settings = run_settings([self.comparator])
        plot: Plot = run_persistently(deck, analysis, vectors=vectors, **settings)[0].plots[0]
        if label and waveform:
            self.waveforms[label] = plot
        return plot

    def keep(
        self,
        label: str,
        deck: str,
        analysis: Tran,
        vectors: Sequence[str],
        measures: Sequence[str],
    ) -> None:
        """Keep a deck as it stands alone, with these measurements."""
        self.kept[label] = standing_alone(
            deck,
            analysis.command,
            saved=list(vectors),
            measures=measures,
            settings=run_settings([self.comparator]),
        )

    def transient(self, cycles: float) -> Tran:
        """Return the analysis of so many clock periods."""
        return Tran(
            step_second=self.clock_second / _STEPS_A_CYCLE, stop_second=cycles * self.clock_second
        )

    def staircase(self, source: str, values: Sequence[float]) -> list[str]:
        """Return a source that is at ``values[n]`` in cycle n."""
        points = [(0.0, float(values[0]))]
        for n in range(1, len(values)):
            if values[n] != values[n - 1]:
                begin = n * self.clock_second
                points += [(begin, float(values[n - 1]))]
                points += [(begin + _TURN * self.clock_second, float(values[n]))]
        return list(piecewise(source, points))

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
        block = ([1.0] * _HISTORY + [0.0]) * steps
        cycles = [[-v for v in block] + block]
        for half in (0, 1):  # 1 in the test cycles after a no, then after a yes
            own = [1.0 - v for v in block]
            cycles.append(own + [0.0] * len(own) if half == 0 else [0.0] * len(own) + own)
        moves = [[(0.0, 0.0)], [(0.0, 0.0)]]
        for half in (0, 1):
            for n in range(steps):
                cycle = half * len(block) + (n + 1) * (_HISTORY + 1) - 1
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
        blocks = [(half + 1) * steps * (_HISTORY + 1) for half in (0, 1)]
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
            tests = (half * steps + blocks) * (_HISTORY + 1) - 1
            at = (tests + _READ) * self.clock_second
            values = np.empty(count)
            for k in range(count):
                trial = np.interp(at, plot.scale, plot[f"v(after{half}_{k})"])
                yes = np.interp(at, plot.scale, self.said(plot, k)) > 0.0
                values[k] = _between(trial, yes)
            found.append(values)
        return found[0], found[1]

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
                    points += [(begin, points[-1][1]), (begin + _TURN * period, value)]
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
        cycles = _HISTORY + 1
        sources: list[list[str]] = []
        sides: list[int] = []
        clear = float(np.max(overdrives)) + max(abs(v) for v in thresholds)
        for side, threshold in zip((1, -1), thresholds, strict=True):
            for overdrive in overdrives.tolist():
                values = [-side * clear] * _HISTORY + [threshold + side * overdrive]
                sources.append(self.staircase(f"Vp{len(sources)} p{len(sources)} common", values))
                sides.append(side)
        other = "v(outb{})" if self.differential else spice_number(0.5 * self.high)
        said = [f"said{k}" for k in range(len(sides))]
        nodes = [f"B{said[k]} {said[k]} 0 V=v(out{k})-{other.format(k)}" for k in range(len(sides))]
        deck, analysis = self.deck(sources, {}, nodes), self.transient(cycles - 0.01)
        vectors = [f"v({name})" for name in said]
        plot = self.run(deck, analysis, vectors, label="decision-times")
        begin = (cycles - 0.5 + 0.5 * _EDGE) * self.clock_second
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
        num, cycles = spice_number, 2 * (_HISTORY + 1)
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


def _between(trial: FloatArray, yes: NDArray[np.bool_]) -> float:
    """Return the threshold between the trials that said no and those that said yes."""
    if yes.all():
        return -np.inf
    if not yes.any():
        return np.inf
    return 0.5 * float(trial[~yes].max() + trial[yes].min())


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
