"""Page and summary of `xbar agree`: what every engine said of every case.

Each kind of case is one `Shown`: columns and cells of its table, its record in the summary, and the
words above it. Table, summary and section of every kind come from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbar_circuit._files import write_json
from xbar_circuit.agreement import AnalysisOutcome, KnownOutcome, ReadOutcome, TileOutcome
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.version import __version__

__all__ = ["ANALYSES", "KNOWN", "MATRIX", "TILES", "Shown", "worst_differences", "write_agreement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the outcomes of one kind of case are shown.

    Parameters
    ----------
    key
        In the summary.
    title, words
        Of the section, and what it says above its table.
    columns
        Of the table, less that of the verdict.
    cells
        Of one outcome's row.
    record
        Of one outcome in the summary, less its name and verdict.
    """

    key: str
    title: str
    words: str
    columns: tuple[str, ...]
    cells: Callable[[Any], tuple[str, ...]]
    record: Callable[[Any], Mapping[str, object]]

    def rows(self, outcomes: Sequence[Any]) -> list[tuple[str, ...]]:
        """Return the rows of the table.

        Parameters
        ----------
        outcomes
            Of this kind of case.

        Returns
        -------
        list
            For each outcome the texts of its cells, the verdict last.
        """
        return [(*self.cells(one), "ok" if one.passed else "FAILED") for one in outcomes]

    def table(self, outcomes: Sequence[Any]) -> Table:
        """Return the table of a page.

        Parameters
        ----------
        outcomes
            Of this kind of case.

        Returns
        -------
        Table
            A row for each outcome.
        """
        return Table(columns=(*self.columns, ""), rows=self.rows(outcomes))

    def records(self, outcomes: Sequence[Any]) -> list[dict[str, object]]:
        """Return what the summary keeps.

        Parameters
        ----------
        outcomes
            Of this kind of case.

        Returns
        -------
        list
            For each outcome its ``name``, its numbers and whether it ``passed``, ready for JSON.
        """
        return [
            {"name": one.case.name, **self.record(one), "passed": one.passed} for one in outcomes
        ]

    def sections(self, outcomes: Sequence[Any], *figures: Figure) -> list[Section]:
        """Return the section of a page.

        Parameters
        ----------
        outcomes
            Of this kind of case.
        figures
            Drawn above the table.

        Returns
        -------
        list
            The one section; empty where nothing of the kind was run.
        """
        if not outcomes:
            return []
        return [
            Section(
                title=self.title,
                paragraphs=[self.words],
                figures=list(figures),
                tables=[self.table(outcomes)],
            )
        ]


def _matrix_cells(one: ReadOutcome) -> tuple[str, ...]:
    second = one.second_difference
    return (
        f"{one.case.crossbar.rows} x {one.case.crossbar.cols} {one.case.device}",
        one.case.wires,
        one.case.terminals,
        f"{one.difference.column_current:.1e}",
        f"{one.difference.node_voltage:.1e}",
        "-" if second is None else f"{second.column_current:.1e}",
        f"{one.case.tolerance:.0e}",
        f"{one.nodal_second * 1e3:.1f} ms",
        f"{one.spice_second * 1e3:.1f} ms",
    )


def _matrix_record(one: ReadOutcome) -> dict[str, object]:
    second, between = one.second_difference, one.simulators_difference
    return {
        "rows": one.case.crossbar.rows,
        "cols": one.case.crossbar.cols,
        "device": one.case.device,
        "wires": one.case.wires,
        "terminals": one.case.terminals,
        "column_current_difference": one.difference.column_current,
        "node_voltage_difference": one.difference.node_voltage,
        "vacask_column_current_difference": None if second is None else second.column_current,
        "ngspice_vacask_difference": None if between is None else between.column_current,
        "tolerance": one.case.tolerance,
        "nodal_residual": one.nodal_residual,
        "spice_residual": one.spice_residual,
        "nodal_second": one.nodal_second,
        "spice_second": one.spice_second,
    }


def _analysis_cells(one: AnalysisOutcome) -> tuple[str, ...]:
    return one.case.name, f"{one.difference:.1e}", f"{one.case.tolerance:.0e}"


def _known_cells(one: KnownOutcome) -> tuple[str, ...]:
    errors = (one.nodal, one.spice, one.deck)
    differences = ("-" if error is None else f"{error:.1e}" for error in errors)
    return one.case.name, *differences, f"{one.case.rtol:.0e}"


def _tile_cells(one: TileOutcome) -> tuple[str, ...]:
    shares = (f"{100 * share:.0f} %" for share in (one.equal, one.within_one))
    return one.case.name, str(one.codes), *shares, f"{one.worst_lsb} LSB"


#: Arrays, read by every engine.
MATRIX = Shown(
    key="cases",
    title="Differences and times",
    words="Differences are relative to the largest column current, and to the largest input"
    " voltage, of each input vector.",
    columns=(
        *("array", "wires", "terminals", "currents", "voltages", "VACASK", "allowed", "nodal"),
        "ngspice",
    ),
    cells=_matrix_cells,
    record=_matrix_record,
)
#: Transients, noise and what else is one quantity.
ANALYSES = Shown(
    key="analyses",
    title="Transients, noise, reduced arrays",
    words="One quantity each, computed by both engines from one description: worst difference"
    " relative to its largest value. The nodal engine's transients are exact in time; what is left"
    " is ngspice's truncation error.",
    columns=("analysis", "difference", "allowed"),
    cells=_analysis_cells,
    record=lambda one: {"difference": one.difference, "tolerance": one.case.tolerance},
)
#: Known answers.
KNOWN = Shown(
    key="known_cases",
    title="Known answers",
    words="Hand-written decks with exact answers, and published reference cases: error relative to"
    " each known current.",
    columns=("known case", "nodal", "generated deck", "written by hand", "allowed"),
    cells=_known_cells,
    record=lambda one: {
        "nodal_error": one.nodal,
        "spice_error": one.spice,
        "deck_error": one.deck,
        "rtol": one.case.rtol,
    },
)
#: Whole tiles.
TILES = Shown(
    key="tiles",
    title="Tiles",
    words="Driver, array, read-out and converter together: codes of the fast model against"
    " ngspice, the same noise drawn for both. An input closer to a threshold than the engines"
    " agree may fall on either side of it. Read-outs of transistors are calibrated and judged by"
    " xbar calibrate.",
    columns=("tile, driver to code", "codes", "equal", "within 1 LSB", "worst"),
    cells=_tile_cells,
    record=lambda one: {
        "codes": one.codes,
        "equal": one.equal,
        "within_one_lsb": one.within_one,
        "worst_lsb": one.worst_lsb,
        "spice_second": one.spice_second,
    },
)


def worst_differences(outcomes: Sequence[ReadOutcome]) -> dict[str, float]:
    """Return the worst relative difference of column currents, of linear and nonlinear cells."""
    return {
        kind: max(
            (
                outcome.difference.column_current
                for outcome in outcomes
                if outcome.case.crossbar.cell.linear is linear
            ),
            default=0.0,
        )
        for kind, linear in (("linear arrays", True), ("nonlinear arrays", False))
    }


def write_agreement(
    out: Path,
    outcomes: Sequence[ReadOutcome],
    analyses: Sequence[AnalysisOutcome],
    known: Sequence[KnownOutcome],
    tiles: Sequence[TileOutcome],
    *,
    seed: int,
    footer: str,
) -> None:
    """Write the page, which shows ``agree.png``, and the summary of all cases to a folder."""
    beside: tuple[tuple[Shown, Sequence[Any]], ...] = (
        (ANALYSES, analyses),
        (KNOWN, known),
        (TILES, tiles),
    )
    everything = ((MATRIX, outcomes), *beside)
    passed = all(one.passed for _, found in everything for one in found)
    worst = worst_differences(outcomes)
    figure = Figure(
        path=out / "agree.png",
        caption="Left: worst difference of each case. Right: ratio of the times.",
    )
    write_page(
        out / "index.html",
        title="Agreement of the nodal engine with ngspice",
        lead="Every array is described once and solved by both engines; nothing is fitted.",
        key_numbers={
            "cases": str(len(outcomes)),
            **{f"worst, {kind}": f"{value:.1e}" for kind, value in worst.items()},
            "verdict": "agree" if passed else "DISAGREE",
        },
        sections=[
            *MATRIX.sections(outcomes, figure),
            *(section for shown, found in beside for section in shown.sections(found)),
        ],
        footer=footer,
    )
    write_json(
        out / "summary.json",
        {
            "version": __version__,
            "seed": seed,
            "passed": passed,
            "worst_relative_difference": worst,
            **{shown.key: shown.records(found) for shown, found in everything},
        },
    )
