"""``xbar write``: what a write pulse on one cell does to the whole array."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from xbar_circuit import __version__, report
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cells import OneT1R
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Cols,
    ColumnOhm,
    Engine,
    EngineName,
    Out,
    RowOhm,
    Rows,
    Seed,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.devices import FilamentCell, PcmCell, Transistor
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.plots.write import draw_write
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.array.half_select import HalfSelect, half_select
from xbar_circuit.units import engineering
from xbar_circuit.wires import Wires

__all__ = ["write"]


class SchemeName(StrEnum):
    """What ``--scheme`` understands."""

    HALF = "half"
    THIRD = "third"
    FLOAT = "float"
    GROUND = "ground"
    INHIBIT = "inhibit"


_SCHEMES = {
    SchemeName.HALF: "all other lines at half the voltage",
    SchemeName.THIRD: "other word lines at one third of the voltage, bit lines at two thirds",
    SchemeName.FLOAT: "all other lines not connected",
    SchemeName.GROUND: "all other lines at 0 V",
    SchemeName.INHIBIT: "other bit lines at the full voltage",
}


class SelectLines(StrEnum):
    """What ``--select-lines`` understands."""

    ROWS = "rows"
    COLUMNS = "columns"


class CellKind(StrEnum):
    """What ``--cell-kind`` understands."""

    PCM = "pcm"
    RERAM = "reram"


@draws()
@one_shot
def write(
    context: typer.Context,
    *,
    out: Out = Path("out/write"),
    rows: Rows = 32,
    cols: Cols = 32,
    cell_kind: Annotated[
        CellKind,
        typer.Option(
            help="Kind of the cells: phase change (pcm), or a filament in an oxide (reram)."
        ),
    ] = CellKind.PCM,
    selected: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Row and column of the cell that is written. Default: the middle."),
    ] = None,
    scheme: Annotated[
        SchemeName,
        typer.Option(help="Unselected lines: V/2, V/3, not connected, at 0 V, or bit lines at V."),
    ] = SchemeName.HALF,
    pulse_volt: Annotated[float, typer.Option(help="Amplitude of the pulse [V].")] = 3.2,
    pulse_second: Annotated[float, typer.Option(help="Length of the pulse [s].")] = 60e-9,
    driver_ohm: Annotated[
        float, typer.Option(help="Resistance of the selected word line's driver [ohm].")
    ] = 5e3,
    select_volt: Annotated[
        float | None,
        typer.Option(help="Gate voltage of the selected transistors [V]. Default: no transistor."),
    ] = None,
    select_lines: Annotated[
        SelectLines, typer.Option(help="Lines along which the gates are joined.")
    ] = SelectLines.COLUMNS,
    row_ohm: RowOhm = 1.0,
    column_ohm: ColumnOhm = 1.0,
    engine: Engine = EngineName.NODAL,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also run the other engine and report the difference.")
    ] = False,
    seed: Seed = SEED,
) -> None:
    """Write one cell of an array: voltage, current and disturb of every other one.

    A filament grows with a positive pulse and dissolves with a negative one. The cells
    hold random states of 0.5 to 15 uS at small voltages, the selected one 20 uS.
    """
    refuse_idle(context, {"select_lines": "--select-volt"} if select_volt is None else {})
    place = (rows // 2, cols // 2) if selected is None else selected
    g = np.random.default_rng(seed).uniform(0.5e-6, 15e-6, (rows, cols))
    if 0 <= place[0] < rows and 0 <= place[1] < cols:
        g[place] = 20e-6
    device = PcmCell.sebastian2017() if cell_kind is CellKind.PCM else FilamentCell()
    access = select_volt is not None
    cell: PcmCell | FilamentCell | OneT1R = device
    if select_volt is not None:
        cell = OneT1R(device=device, gate_volt=select_volt, transistor=Transistor.nmos45())
    given: dict[str, Any] = {
        "selected": place,
        "pulse": Pulse(volt=pulse_volt, width_second=pulse_second, load_ohm=driver_ohm),
        "wires": Wires(row_ohm=row_ohm, column_ohm=column_ohm),
        "cell": cell,
        "scheme": scheme.value,
        "select_lines": select_lines.value if access else None,
    }
    with progress_bar() as bar:
        found = half_select(
            g,
            **given,
            engine=engine.value,
            progress=lambda share: bar.reach("write", round(100 * share), 100),
        )
        other = None
        if compare:
            others = [name for name in ("nodal", "spice") if name != engine.value]
            other = half_select(g, **given, engine=others[0])
    draw_write(found, out / "maps.png")
    numbers = _summary(found, other)
    write_json(out / "summary.json", {"version": __version__, "seed": seed, **numbers})
    page = out / "index.html"
    report.write_page(
        page,
        title="Write of one cell",
        lead=f"A pulse of {pulse_volt:g} V for {engineering(pulse_second, 's')} on one of"
        f" {rows} x {cols} {'PCM' if cell_kind is CellKind.PCM else 'ReRAM'} cells;"
        f" {_SCHEMES[scheme]}.",
        key_numbers=_key_numbers(numbers["figures"]),
        sections=[
            report.Section(
                title="Peak voltage, peak current and change of every cell",
                paragraphs=[f"Solved by {found.write.engine}."],
                figures=[
                    report.Figure(
                        path=out / "maps.png", caption="The square marks the selected cell."
                    )
                ],
                tables=[
                    report.Table(
                        columns=["quantity", "value"],
                        rows=_rows(numbers["figures"]),
                    )
                ],
            )
        ],
        footer=made_by(f"seed {seed}"),
    )
    console = SafeConsole()
    for name, value in _rows(numbers["figures"]):
        console.print(f"{name}: {value}", soft_wrap=True, highlight=False)
    console.print(f"maps and page: {page}", soft_wrap=True, highlight=False)


def _rows(figures: Mapping[str, float]) -> list[list[str]]:
    """Return name and value of each figure, the unit after the value."""
    rows = []
    for name, value in figures.items():
        quantity, _, unit = name.removesuffix("]").partition(" [")
        text = f"{100.0 * value:.3g} %"
        if unit:
            text = f"{value:.1f} {unit}" if " " in unit else engineering(value, unit)
        rows.append([quantity, text])
    return rows


def _key_numbers(figures: Mapping[str, float]) -> dict[str, str]:
    rows = dict(_rows(figures))
    named = ("conductance of the cell after", "peak current of the cell")
    return {name: rows[name] for name in (*named, "largest disturb of another cell")}


def _summary(found: HalfSelect, other: HalfSelect | None) -> dict[str, Any]:
    """Return the figures of a write as plain data."""
    disturb = np.abs(found.disturb)
    rest = disturb[np.isfinite(disturb)]
    figures = {
        "conductance of the cell before [S]": float(found.before[found.selected]),
        "conductance of the cell after [S]": float(found.after[found.selected]),
        "peak voltage of the cell [V]": float(found.peak_volt[found.selected]),
        "peak current of the cell [A]": float(found.peak_ampere[found.selected]),
        "peak temperature of the cell [degree Celsius]": float(found.peak_celsius[found.selected]),
        "largest disturb of another cell": float(rest.max()) if rest.size else 0.0,
        "energy of all drivers [J]": found.energy_joule,
    }
    if other is not None:
        apart = np.abs(found.write.after_metre - other.write.after_metre)
        figures["largest difference of a state between engines [m]"] = float(apart.max())
    return {
        "figures": figures,
        "selected": list(found.selected),
        "engine": found.write.engine,
        "before_siemens": found.before.tolist(),
        "after_siemens": found.after.tolist(),
        "peak_volt": found.peak_volt.tolist(),
        "peak_ampere": found.peak_ampere.tolist(),
        "peak_celsius": found.peak_celsius.tolist(),
    }
