"""``xbar cells``: published cells of other memories than PCM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from xbar_circuit import __version__, report
from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cells import CELL_PRESETS, cell_preset
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Only,
    Out,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.plots.cell_curves import draw_cell_curves
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.device.cell_curves import CellCurves, cell_curves
from xbar_circuit.units import engineering

__all__ = ["cells"]


@draws()
@one_shot
def cells(*, only: Only = None, out: Out = Path("out/cells")) -> None:
    """Show the cells that --device-law knows: law, range, source of each constant, I-V curves.

    Their names: reram_skywater, reram_stanford, fefet_hzo, flash_nor. Each is read in the fast
    engine and in ngspice, and the difference is printed.
    """
    for name in only or ():
        choice("--only", name, tuple(CELL_PRESETS))
    names = list(dict.fromkeys(only or CELL_PRESETS))
    found = []
    with progress_bar() as bar:
        for k, name in enumerate(names):
            found.append(cell_curves(cell_preset(name)))
            bar.reach("cells", k + 1, len(names))
    draw_cell_curves(found, out / "curves.png")
    write_json(
        out / "summary.json", {"version": __version__, "cells": [_summary(one) for one in found]}
    )
    page = out / "index.html"
    _write_page(found, page)
    console = SafeConsole()
    table = Table(caption="sources of every constant: summary.json and index.html")
    for column in ("cell", "memory", "state", "conductance", "against ngspice"):
        table.add_column(column)
    for one in found:
        low, high = one.preset.range_siemens
        table.add_row(
            one.preset.name,
            one.preset.memory,
            f"{one.preset.states[0]:g} to {one.preset.states[1]:.4g}, {one.preset.state}",
            f"{engineering(low, 'S')} to {engineering(high, 'S')}",
            f"{one.worst_relative_difference:.1e}",
        )
    console.print(table)
    console.print(f"figure, sources and page: {page}", soft_wrap=True, highlight=False)


def _summary(one: CellCurves) -> dict[str, object]:
    """Return a cell as plain data."""
    return {
        "name": one.preset.name,
        "memory": one.preset.memory,
        "state": one.preset.state,
        "states": list(one.preset.states),
        "range_siemens": list(one.preset.range_siemens),
        "sources": dict(one.preset.sources),
        "volts": one.volts.tolist(),
        "curve_states": one.states.tolist(),
        "currents": one.currents.tolist(),
        "worst_relative_difference": one.worst_relative_difference,
    }


def _write_page(found: Sequence[CellCurves], path: Path) -> None:
    report.write_page(
        path,
        title="Cells of other memories",
        lead="Law, range and the source of each constant of the cells that come with the package."
        " Each is read in the fast engine and in ngspice.",
        sections=[
            report.Section(
                title="Curves",
                figures=[
                    report.Figure(
                        path=path.with_name("curves.png"),
                        caption="Lines: fast engine. Dots: ngspice. Colours: states.",
                    )
                ],
            ),
            *(
                report.Section(
                    title=f"{one.preset.name}: {one.preset.memory}",
                    tables=[
                        report.Table(
                            columns=["constant", "value and source"],
                            rows=[list(pair) for pair in one.preset.sources.items()],
                        )
                    ],
                )
                for one in found
            ),
        ],
        footer=made_by(),
    )
