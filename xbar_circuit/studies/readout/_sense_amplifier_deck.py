"""Clocked comparators side by side in one deck, on one clock, each with its own input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xbar_circuit._checks import FloatArray
from xbar_circuit.netlist._hand_over import standing_alone
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.peripherals._waveform import piecewise
from xbar_circuit.spice import Plot, Tran, run_persistently
from xbar_circuit.units import spice_number

__all__ = ["CLOCKS", "EDGE", "HISTORY", "TURN", "LatchDeck"]

#: Which half of the clock the comparator decides in.
CLOCKS = ("decides low", "decides high")

HISTORY = 2  # clear decisions before each test
EDGE = 1.0 / 200.0  # of a cycle
TURN = 1.0 / 50.0  # of a cycle: the input's change
_STEPS_A_CYCLE = 200


@dataclass(frozen=True, kw_only=True)
class LatchDeck:
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
        return HISTORY

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
        period, edge = self.clock_second, num(self.clock_second * EDGE)
        first, second = (self.high, 0.0) if self.clock == CLOCKS[0] else (0.0, self.high)
        lines = [
            f"xbar_circuit: {len(sources)} x {self.comparator.name}, a clocked comparator that"
            f" {self.clock}",
            # ngspice's own chgtol of ten femtocoulombs moves thresholds by some per cent
            f".options reltol=1e-4 chgtol=1e-17 noacct temp={num(self.celsius)}",
            *self.comparator.include_lines(),
            f"Vclock clock 0 PULSE({num(first)} {num(second)} {num(period / 2)} {edge} {edge}"
            f" {num(period * (0.5 - 2 * EDGE))} {num(period)})",
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
                points += [(begin + TURN * self.clock_second, float(values[n]))]
        return list(piecewise(source, points))
