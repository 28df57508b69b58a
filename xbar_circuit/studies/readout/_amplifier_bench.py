"""The testbench of one amplifier on one column of an array, run with different stimuli.

The deck contains the array as it is or reduced to its ports. A deck that ngspice gives up on is
solved again with other numerics; which ones is kept by the label of the run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist._hand_over import noise_script, standing_alone
from xbar_circuit.netlist._loaded_column import Stimulus, loaded_column
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import drivers, senses
from xbar_circuit.peripherals._subcircuit_deck import RunSettings
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

__all__ = ["LOOP_SWEEP", "AmplifierBench", "SampledAmplifier"]

#: Frequencies of the loop gain and of the impedances.
LOOP_SWEEP = Ac(start_hertz=1e2, stop_hertz=1e11, points=20)

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
    load_farad
        Capacitance from the amplifier's output to ground, in addition to the circuit's own [F].
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
        load_farad: float = 0.0,
    ) -> None:
        self.amplifier = amplifier
        self._array = None if array == "full" else macromodel_lines(crossbar, columns=(column,))
        self.decks: dict[str, str] = {}
        self.solved: dict[str, str] = {}
        self.waveforms: dict[str, list[Plot]] = {}
        self._kept: dict[str, tuple[str, Sequence[Analysis], list[str]]] = {}
        self._parts = (amplifier, crossbar, column, pattern)
        self.celsius = celsius
        self.load_farad = load_farad
        self._load = [f"Cload out 0 {spice_number(load_farad)}"] if load_farad else []
        self.supplies = amplifier.spice_supplies("amplifier")
        # with the bottom end missing, the column is sensed at the top
        bottom = crossbar.terminals.bottom_ohm is not None
        self.sense = f"i(v{'bottom' if bottom else 'top'}_{column})"

    def deck(self, stimulus: Stimulus, *, klu: bool = True) -> str:
        """Return the deck with these sources."""
        return loaded_column(
            *self._parts,
            stimulus,
            celsius=self.celsius,
            klu=klu,
            array=self._array,
            extra=self._load,
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
        """Run analyses, and keep their deck and waveforms under `label`.

        The kept deck makes the same analyses and has `measures`, which are written as in
        :func:`~xbar_circuit.netlist._hand_over.standing_alone` and taken of each analysis.
        """
        # ngspice 46 has no noise analysis with KLU
        noisy = any(isinstance(analysis, Noise) for analysis in analyses)
        deck = self.deck(stimulus, klu=not noisy)
        self._kept[label] = deck, analyses, [] if noisy else vectors
        self.measured(label, measures)
        answer, rung = run_persistently(deck, *analyses, vectors=vectors, **self.settings)
        if rung is not AS_WRITTEN:
            self.solved[label] = rung.name
            self.decks[f"{label}-solved-again"] = rung.of(self.decks[label])
        self.waveforms[label] = list(answer)
        return self.waveforms[label]

    @property
    def settings(self) -> RunSettings:
        """How ngspice has to run the deck."""
        cell = self._parts[1].cell
        return deck_settings([self.amplifier.circuit], cell)

    def measured(self, label: str, measures: Sequence[str]) -> None:
        """Give the deck that is kept under `label` its measurements."""
        deck, analyses, saved = self._kept[label]
        command, cards = _request(analyses, measures)
        self.decks[label] = standing_alone(
            deck, command, saved=saved, measures=cards, settings=self.settings
        )

    def sheet(self) -> str:
        """Return one deck that measures offset, gain and, with a loop outside, its margin.

        The loop is measured by double injection (Middlebrook, Int. J. Electronics 38, 485, 1975),
        as :func:`measure_amplifier` does it.
        """
        script = [
            "dc vscale -1.0 1.0 0.01",
            "meas dc out_at_zero FIND v(out) AT=0",
            "meas dc out_below FIND v(out) AT=-0.1",
            "meas dc out_above FIND v(out) AT=0.1",
            f"meas dc current_below FIND {self.sense} AT=-0.1",
            f"meas dc current_above FIND {self.sense} AT=0.1",
            "let gain_ohm = (out_above - out_below) / (current_above - current_below)",
            "print gain_ohm",
        ]
        stimulus = Stimulus()
        if isinstance(self.amplifier, TransimpedanceAmplifier):
            stimulus = Stimulus(voltage_probe="DC 0 AC 1", current_probe="DC 0 AC 0")
            # `meas` interpolates over a straight frequency, the report over its logarithm
            sweep = dataclasses.replace(LOOP_SWEEP, points=200).command
            script += [
                sweep,
                "let by_voltage = -v(driven) / v(out)",
                "set first = $curplot",
                "alter @vprobe[acmag] = 0",
                "alter @iprobe[acmag] = 1",
                sweep,
                "let by_voltage = {$first}.by_voltage",
                "let own = i(vprobe)",
                "let loop = (-by_voltage*own - own - 1)/((by_voltage + 2)*(own + 1) - own)",
                "let loop_db = db(loop)",
                "let margin = 180 + 180/pi*cph(loop)",
                "meas ac unity_loop_hertz WHEN loop_db=0 FALL=LAST",
                "meas ac phase_margin_degree FIND margin WHEN loop_db=0 FALL=LAST",
            ]
        return standing_alone(self.deck(stimulus), script, settings=self.settings)

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


def _request(
    analyses: Sequence[Analysis], measures: Sequence[str]
) -> tuple[str | list[str], Sequence[str]]:
    """Return what a deck asks for, and its ``.measure`` cards where it is one analysis."""
    if len(analyses) == 1:
        command = analyses[0].command
        noisy = isinstance(analyses[0], Noise)
        return (noise_script(command), ()) if noisy else (command, measures)
    script, done = [], 0
    for analysis in analyses:
        script.append(analysis.command)
        if not isinstance(analysis, Alter):
            kind = analysis.command.split(maxsplit=1)[0]
            parted = [measure.partition(" ") for measure in measures]
            script += [f"meas {kind} {name}_{done} {rest}" for name, _, rest in parted]
            done += 1
    return script, ()


def _seen_from_the_column(crossbar: Crossbar, column: int, array: Sequence[str] | None) -> str:
    """Return a deck with a source of 1 V at the column's end, all else held."""
    lines = ["the array from the column's end", ".options gmin=1e-18 noacct klu"]
    lines += array_lines(crossbar, reference="reference") if array is None else array
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
