"""Page and summary of `xbar agree`: what every engine said of every case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xbar_circuit._files import write_json
from xbar_circuit.agreement import AnalysisOutcome, KnownOutcome, ReadOutcome, TileOutcome
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.version import __version__

__all__ = [
    "ANALYSIS_COLUMNS",
    "KNOWN_COLUMNS",
    "TILE_COLUMNS",
    "analysis_rows",
    "known_rows",
    "matrix_rows",
    "tile_rows",
    "worst_differences",
    "write_agreement",
]

_COLUMNS = (
    "array",
    "wires",
    "terminals",
    "currents",
    "voltages",
    "VACASK",
    "allowed",
    "nodal",
    "ngspice",
    "",
)


TILE_COLUMNS = ("tile, driver to code", "codes", "equal", "within 1 LSB", "worst", "")
ANALYSIS_COLUMNS = ("analysis", "difference", "allowed", "")
KNOWN_COLUMNS = ("known case", "nodal", "generated deck", "written by hand", "allowed", "")


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


def matrix_rows(outcomes: Sequence[ReadOutcome]) -> list[tuple[str, ...]]:
    """Return the cells of each array's row."""
    return [
        (
            f"{outcome.case.crossbar.rows} x {outcome.case.crossbar.cols} {outcome.case.device}",
            outcome.case.wires,
            outcome.case.terminals,
            f"{outcome.difference.column_current:.1e}",
            f"{outcome.difference.node_voltage:.1e}",
            "-"
            if outcome.second_difference is None
            else f"{outcome.second_difference.column_current:.1e}",
            f"{outcome.case.tolerance:.0e}",
            f"{outcome.nodal_second * 1e3:.1f} ms",
            f"{outcome.spice_second * 1e3:.1f} ms",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in outcomes
    ]


def analysis_rows(analyses: Sequence[AnalysisOutcome]) -> list[tuple[str, ...]]:
    """Return the cells of each analysis's row."""
    return [
        (
            outcome.case.name,
            f"{outcome.difference:.1e}",
            f"{outcome.case.tolerance:.0e}",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in analyses
    ]


def known_rows(known: Sequence[KnownOutcome]) -> list[tuple[str, ...]]:
    """Return the cells of each known answer's row."""
    return [
        (
            outcome.case.name,
            f"{outcome.nodal:.1e}",
            f"{outcome.spice:.1e}",
            "-" if outcome.deck is None else f"{outcome.deck:.1e}",
            f"{outcome.case.rtol:.0e}",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in known
    ]


def tile_rows(tiles: Sequence[TileOutcome]) -> list[tuple[str, ...]]:
    """Return the cells of each tile's row."""
    return [
        (
            outcome.case.name,
            str(outcome.codes),
            f"{100 * outcome.equal:.0f} %",
            f"{100 * outcome.within_one:.0f} %",
            f"{outcome.worst_lsb} LSB",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in tiles
    ]


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
    cases: list[dict[str, Any]] = [
        {
            "name": outcome.case.name,
            "rows": outcome.case.crossbar.rows,
            "cols": outcome.case.crossbar.cols,
            "device": outcome.case.device,
            "wires": outcome.case.wires,
            "terminals": outcome.case.terminals,
            "column_current_difference": outcome.difference.column_current,
            "node_voltage_difference": outcome.difference.node_voltage,
            "vacask_column_current_difference": None
            if outcome.second_difference is None
            else outcome.second_difference.column_current,
            "ngspice_vacask_difference": None
            if outcome.simulators_difference is None
            else outcome.simulators_difference.column_current,
            "tolerance": outcome.case.tolerance,
            "nodal_residual": outcome.nodal_residual,
            "spice_residual": outcome.spice_residual,
            "nodal_second": outcome.nodal_second,
            "spice_second": outcome.spice_second,
            "passed": outcome.passed,
        }
        for outcome in outcomes
    ]
    references = [
        {
            "name": outcome.case.name,
            "nodal_error": outcome.nodal,
            "spice_error": outcome.spice,
            "deck_error": outcome.deck,
            "rtol": outcome.case.rtol,
            "passed": outcome.passed,
        }
        for outcome in known
    ]
    chains = [
        {
            "name": outcome.case.name,
            "codes": outcome.codes,
            "equal": outcome.equal,
            "within_one_lsb": outcome.within_one,
            "worst_lsb": outcome.worst_lsb,
            "spice_second": outcome.spice_second,
            "passed": outcome.passed,
        }
        for outcome in tiles
    ]
    beyond = [
        {
            "name": outcome.case.name,
            "difference": outcome.difference,
            "tolerance": outcome.case.tolerance,
            "passed": outcome.passed,
        }
        for outcome in analyses
    ]
    passed = all(row["passed"] for row in (*cases, *beyond, *references, *chains))
    worst = worst_differences(outcomes)
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
            Section(
                title="Differences and times",
                paragraphs=[
                    "Differences are relative to the largest column current, and to the largest"
                    " input voltage, of each input vector."
                ],
                figures=[
                    Figure(
                        path=out / "agree.png",
                        caption="Left: worst difference of each case. Right: ratio of the times.",
                    )
                ],
                tables=[Table(columns=_COLUMNS, rows=matrix_rows(outcomes))],
            ),
            *_others(analyses, known, tiles),
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
            "cases": cases,
            "analyses": beyond,
            "known_cases": references,
            "tiles": chains,
        },
    )


def _others(
    analyses: Sequence[AnalysisOutcome],
    known: Sequence[KnownOutcome],
    tiles: Sequence[TileOutcome],
) -> list[Section]:
    """Return the sections of what was run beside the matrix; a table without rows is left out."""
    sections = [
        Section(
            title="Transients, noise, reduced arrays",
            paragraphs=[
                "One quantity each, computed by both engines from one description: worst"
                " difference relative to its largest value. The nodal engine's transients are"
                " exact in time; what is left is ngspice's truncation error."
            ],
            tables=[Table(columns=ANALYSIS_COLUMNS, rows=analysis_rows(analyses))],
        ),
        Section(
            title="Known answers",
            paragraphs=[
                "Hand-written decks with exact answers, and published reference cases:"
                " error relative to each known current."
            ],
            tables=[Table(columns=KNOWN_COLUMNS, rows=known_rows(known))],
        ),
        Section(
            title="Tiles",
            paragraphs=[
                "Driver, array, read-out and converter together: codes of the fast model"
                " against ngspice, the same noise drawn for both. An input closer to a"
                " threshold than the engines agree may fall on either side of it. Read-outs of"
                " transistors are calibrated and judged by xbar calibrate."
            ],
            tables=[Table(columns=TILE_COLUMNS, rows=tile_rows(tiles))],
        ),
    ]
    return [section for section in sections if section.tables[0].rows]
