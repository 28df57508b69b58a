"""The tables that `xbar agree` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Column, Table

from xbar_circuit.agreement import (
    LINEAR_TOLERANCE,
    NONLINEAR_TOLERANCE,
    AnalysisOutcome,
    KnownOutcome,
    ReadOutcome,
    TileOutcome,
)
from xbar_circuit.report.agreement import (
    ANALYSIS_COLUMNS,
    KNOWN_COLUMNS,
    TILE_COLUMNS,
    analysis_rows,
    known_rows,
    matrix_rows,
    tile_rows,
)

__all__ = ["analysis_table", "known_table", "matrix_table", "tile_table"]


def matrix_table(outcomes: Sequence[ReadOutcome]) -> Table:
    """Return the matrix for a terminal of 80 columns."""
    table = Table(
        *(Column(name, no_wrap=True) for name in ("array", "wires", "ends")),
        *(
            Column(name, justify="right")
            for name in ("current", "voltage", "VACASK", "nodal", "ngspice")
        ),
        "",
        title="worst differences, relative to full scale; time of both vectors in ms\n"
        f"allowed: linear arrays {LINEAR_TOLERANCE:g}, nonlinear ones {NONLINEAR_TOLERANCE:g}",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for outcome, row in zip(outcomes, matrix_rows(outcomes), strict=True):
        array, wires, ends, current, voltage, second, _, nodal, ngspice, verdict = row
        table.add_row(
            array,
            wires.removesuffix(" wires"),
            ends.removesuffix(" ends"),
            current,
            voltage,
            second,
            nodal.removesuffix(" ms"),
            ngspice.removesuffix(" ms"),
            verdict,
            style=None if outcome.passed else "bold red",
        )
    return table


def analysis_table(analyses: Sequence[AnalysisOutcome]) -> Table:
    """Return the table of other analyses."""
    table = Table(
        *ANALYSIS_COLUMNS,
        title="worst differences, relative to the largest value",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for row in analysis_rows(analyses):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table


def known_table(known: Sequence[KnownOutcome]) -> Table:
    """Return the table of known answers."""
    table = Table(
        *KNOWN_COLUMNS,
        title="worst error, relative to each known current",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for row in known_rows(known):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table


def tile_table(tiles: Sequence[TileOutcome]) -> Table:
    """Return the table of whole tiles."""
    table = Table(*TILE_COLUMNS, title="codes of the fast model against ngspice", box=None)
    for row in tile_rows(tiles):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table
