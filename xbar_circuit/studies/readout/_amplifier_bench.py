"""The testbench of one amplifier on one column of an array, run with different stimuli.

The deck contains the array as it is or reduced to its ports. A deck that ngspice gives up on is
solved again with other numerics; which ones is kept by the label of the run.
"""

from __future__ import annotations

from collections.abc import Sequence

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import TransistorCell
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist._hand_over import standing_alone
from xbar_circuit.netlist._loaded_column import Stimulus, loaded_column
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import drivers, senses
from xbar_circuit.peripherals.amplifiers import CurrentConveyor, TransimpedanceAmplifier
from xbar_circuit.spice import (
    AS_WRITTEN,
    Ac,
    Alter,
    Analysis,
    Noise,
    Plot,
    run,
    run_persistently,
)
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.units import spice_number

__all__ = ["AmplifierBench", "SampledAmplifier"]

#: Amplifiers that follow their column's current.
SampledAmplifier = TransimpedanceAmplifier | CurrentConveyor


class AmplifierBench:
    """One testbench, run with different stimuli; `decks` keeps each as it was run.

    Parameters
    ----------
    amplifier, crossbar, column
        What is connected to what.
    pattern
        Row voltages about the reference that make full scale (rows,) [V].
    celsius
        Temperature [degree Celsius].
    array
        ``"full"``, or ``"macromodel"``: the reduction of a linear array to its ports.
    """

    def __init__(
        self,
        amplifier: SampledAmplifier,
        crossbar: Crossbar,
        *,
        column: int,
        pattern: FloatArray,
        celsius: float,
        array: str = "full",
    ) -> None:
        self.amplifier = amplifier
        self._array = None if array == "full" else macromodel_lines(crossbar, columns=(column,))
        self.decks: dict[str, str] = {}
        self.solved: dict[str, str] = {}
        self._kept: dict[str, tuple[str, str, list[str]]] = {}
        self._parts = (amplifier, crossbar, column, pattern)
        self._celsius = celsius
        self.supplies = amplifier.spice_supplies("amplifier")
        # with the bottom end missing, the column is sensed at the top
        bottom = crossbar.terminals.bottom_ohm is not None
        self.sense = f"i(v{'bottom' if bottom else 'top'}_{column})"

    def deck(self, stimulus: Stimulus, *, klu: bool = True) -> str:
        """Return the deck with these sources."""
        return loaded_column(
            *self._parts, stimulus, celsius=self._celsius, klu=klu, array=self._array
        )

    def run(
        self,
        label: str,
        stimulus: Stimulus,
        analyses: Sequence[Analysis],
        vectors: list[str],
        *,
        measures: Sequence[str] = (),
    ) -> list[Plot]:
        """Run analyses, and keep the deck under `label` with the first one that makes a plot.

        The kept deck has `measures`, as in :func:`~xbar_circuit.netlist._hand_over.standing_alone`.
        """
        # ngspice 46 has no noise analysis with KLU
        noisy = any(isinstance(analysis, Noise) for analysis in analyses)
        deck = self.deck(stimulus, klu=not noisy)
        first = next(analysis for analysis in analyses if not isinstance(analysis, Alter))
        self._kept[label] = deck, first.command, [] if noisy else vectors
        self.measured(label, measures)
        cell = self._parts[1].cell
        meters = isinstance(cell, TransistorCell)
        settings = deck_settings([self.amplifier.circuit], cell, meters=meters)
        answer, rung = run_persistently(deck, *analyses, vectors=vectors, **settings)
        if rung is not AS_WRITTEN:
            self.solved[label] = rung.name
            self.decks[f"{label}-solved-again"] = rung.of(self.decks[label])
        return list(answer)

    def measured(self, label: str, measures: Sequence[str]) -> None:
        """Give the deck that is kept under `label` its measurements."""
        deck, command, saved = self._kept[label]
        self.decks[label] = standing_alone(deck, command, saved=saved, measures=measures)

    def array_error(self, hertz: float) -> float:
        """Return how far the array's admittance at the column is from the full deck's (relative).

        0 where the deck contains the full array.

        Raises
        ------
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        if self._array is None:
            return 0.0
        _, crossbar, column, _ = self._parts
        found = []
        for body in (None, self._array):
            deck = _seen_from_the_column(crossbar, column, body)
            ac = Ac(start_hertz=hertz, stop_hertz=hertz, points=1, spacing="lin")
            found.append(run(deck, ac, vectors=["i(vseen)"])[0]["i(vseen)"][0])
        return float(abs(found[1] / found[0] - 1.0))


def _seen_from_the_column(crossbar: Crossbar, column: int, array: Sequence[str] | None) -> str:
    """Return a deck with a source of 1 V at the column's end, all else held."""
    lines = ["the array from the column's end", ".options gmin=1e-18 noacct klu"]
    lines += array_lines(crossbar) if array is None else array
    lines += ["Vreference reference 0 DC 0", "Vseen seen 0 DC 0 AC 1"]
    seen = False
    for end in (*drivers(crossbar), *senses(crossbar)):
        node = end.name
        if array is None:
            node = end.source_node
            if (parts := end.resistor()) is not None:
                name, first, second, ohm = parts
                lines.append(f"R{name} {first} {second} {spice_number(ohm)}")
        sensed = end in senses(crossbar)
        if sensed and end.index == column and not seen:
            lines.append(f"V{end.name} {node} seen DC 0")
            seen = True
        elif not sensed or array is None:
            lines.append(f"V{end.name} {node} 0 DC 0")
    return "\n".join([*lines, ".end"]) + "\n"
