"""The tables that `xbar agree` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Column, Table

from xbar_circuit.agreement import LINEAR_TOLERANCE, NONLINEAR_TOLERANCE, ReadOutcome
from xbar_circuit.report.agreement import ANALYSES, KNOWN, MATRIX, TILES, Shown

__all__ = ["matrix_table", "other_table"]

_TITLES = {
    ANALYSES.key: "worst differences, relative to the largest value",
    KNOWN.key: "worst error, relative to each known current",
    TILES.key: "codes of the fast model against ngspice",
}


def matrix_table(outcomes: Sequence[ReadOutcome]) -> Table:
    """Return the matrix for a terminal of 80 columns."""
    table = Table(
        "array",
        *(Column(name, no_wrap=True) for name in ("wires", "ends")),
        *(
            Column(name, justify="right", no_wrap=True)
            for name in ("current", "voltage", "VACASK", "nodal", "ngspice")
        ),
        "",
        title="worst differences, relative to full scale; time of both vectors in ms\n"
        f"allowed: linear arrays {LINEAR_TOLERANCE:g}, nonlinear ones {NONLINEAR_TOLERANCE:g}",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for outcome, row in zip(outcomes, MATRIX.rows(outcomes), strict=True):
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


def other_table(shown: Shown, outcomes: Sequence[Any]) -> Table:
    """Return the table of what was run besides the matrix."""
    table = Table(*shown.columns, "", title=_TITLES[shown.key], box=None, padding=(0, 1, 0, 0))
    for row in shown.rows(outcomes):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table
