"""``xbar ir-drop``: what the wires of an array cost."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from xbar_circuit import __version__, calibration
from xbar_circuit.cells import GateInput, OneT1R, TransistorCell
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh, Transistor
from xbar_circuit.files import write_json
from xbar_circuit.plots.ir_drop import draw_ir_drop
from xbar_circuit.report.ir_drop import ir_drop_summary, write_ir_drop_page
from xbar_circuit.studies.ir_drop import IrDropReport, measure_ir_drop

__all__ = ["ir_drop"]


class CellName(StrEnum):
    """What ``--cell`` understands."""

    OHMIC = "1r"
    SINH = "sinh"
    PCM = "pcm"
    SELECTED = "1t1r"
    GATE = "gate-input"


def ir_drop(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/ir-drop"),
    cell: Annotated[
        list[CellName] | None,
        typer.Option(help="Cell; may be repeated. Default: 1r and 1t1r."),
    ] = None,
    size: Annotated[
        list[int] | None, typer.Option(min=1, max=1024, help="Rows and columns; may be repeated.")
    ] = None,
    ohm: Annotated[
        list[float] | None, typer.Option(min=0.0, help="Wire segment [ohm]; may be repeated.")
    ] = None,
    volt: Annotated[
        list[float] | None, typer.Option(help="Read voltage [V]; may be repeated.")
    ] = None,
    g_min: Annotated[float, typer.Option(help="Smallest conductance [S].")] = 1e-6,
    g_max: Annotated[float, typer.Option(help="Largest conductance [S].")] = 25e-6,
    gate_volt: Annotated[float, typer.Option(help="Select line of the 1T1R cell [V].")] = 1.0,
    supply_volt: Annotated[float, typer.Option(help="Supply of the gate-input cell [V].")] = 0.2,
    inputs: Annotated[int, typer.Option(min=1, max=10_000, help="Inputs a point.")] = 16,
    library: Annotated[Path | None, typer.Option(help="SPICE library of your own kit.")] = None,
    section: Annotated[str, typer.Option(help="Its section: the process corner.")] = "",
    model: Annotated[str, typer.Option(help="Its transistor: a model or a subcircuit.")] = "nmos45",
    width_um: Annotated[float, typer.Option(help="Width of the transistor [um].")] = 0.5,
    length_um: Annotated[float, typer.Option(help="Length of the transistor [um].")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")] = 0,
) -> None:
    """Sweep array size, wire resistance and read voltage, for one cell or several."""
    console = Console()
    names = cell or [CellName.OHMIC, CellName.SELECTED]
    volts = volt or [0.1, 0.2, 0.4]
    transistor = Transistor(
        model=model,
        width_meter=width_um * 1e-6,
        length_meter=length_um * 1e-6,
        library=library or Transistor.nmos45().library,
        section=section,
    )
    made: dict[CellName, Cell] = {
        CellName.OHMIC: Ohmic(),
        CellName.SINH: Sinh(v0_volt=0.3),
        CellName.PCM: PcmCell.sebastian2017(),
        CellName.SELECTED: OneT1R(transistor=transistor, gate_volt=gate_volt),
        CellName.GATE: GateInput(transistor=transistor, supply_volt=supply_volt),
    }
    with Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        task = bar.add_task("tables", total=None)
        ready = {
            name.value: _ready(made[name], max(volts), (g_min, g_max))
            for name in dict.fromkeys(names)
        }
        report = measure_ir_drop(
            ready,
            sizes=size or [32, 64, 128],
            segment_ohms=ohm or [0.35, 1.0, 5.0],
            read_volts=volts,
            conductances=(g_min, g_max),
            inputs=inputs,
            rng=np.random.default_rng(seed),
            progress=lambda what, done, total: bar.update(
                task, description=what, completed=done, total=total
            ),
        )
    picture = draw_ir_drop(report, out / "ir_drop.png")
    write_json(out / "summary.json", ir_drop_summary(report))
    page = write_ir_drop_page(
        report,
        out,
        picture=picture,
        footer=f"xbar_circuit {__version__}; made by: xbar ir-drop --seed {seed}"
        f" --inputs {inputs} " + " ".join(f"--cell {name.value}" for name in names),
    )
    _tell(console, report)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _ready(cell: Cell, volt: float, conductances: tuple[float, float]) -> Cell:
    """Return the cell with its table, if it needs one."""
    if not isinstance(cell, TransistorCell):
        return cell
    tolerance = 1e-4 if cell.loads_row else 1e-3
    return calibration.tabulate(
        cell, volts=(0.0, volt), conductances=conductances, tolerance=tolerance
    )


def _tell(console: Console, report: IrDropReport) -> None:
    table = Table(title="Error of the column currents, of full scale")
    for heading in ("cell", "size", "ohm", "V", "mean loss", "rms", "worst"):
        table.add_column(heading, justify="left" if heading == "cell" else "right")
    for p in report.points:
        shares = (f"{100 * share:.3f} %" for share in (p.mean_loss, p.rms, p.worst))
        table.add_row(p.cell, str(p.size), f"{p.segment_ohm:g}", f"{p.read_volt:g}", *shares)
    console.print(table)
    for c in report.checks:
        console.print(
            f"{c.cell}, {c.size} x {c.size}: ngspice differs by {c.error:.1e} of full scale,"
            f" takes {c.spice_second / c.nodal_second:.0f} times as long"
        )
    for name, text in report.tables.items():
        console.print(f"table of {name}: {text}", soft_wrap=True)
