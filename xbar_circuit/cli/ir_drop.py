"""``xbar ir-drop``: what the wires of an array cost."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__, calibration
from xbar_circuit._files import write_json
from xbar_circuit.cells import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    GateInput,
    MultiDevice,
    OneT1R,
    Synapse,
    TransistorCell,
)
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh, Transistor
from xbar_circuit.errors import ParameterError
from xbar_circuit.plots.ir_drop import draw_ir_drop
from xbar_circuit.report.ir_drop import ir_drop_summary, write_ir_drop_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.array.ir_drop import IrDropReport, measure_ir_drop

__all__ = ["ir_drop"]


class CellName(StrEnum):
    """What ``--cell`` understands."""

    OHMIC = "1r"
    SINH = "sinh"
    PCM = "pcm"
    SELECTED = "1t1r"
    GATE = "gate-input"
    PAIR = "2t2r"
    MULTI = "multi-device"
    SLICES = "bit-slices"
    EIGHT = "8t4r"


class DeviceName(StrEnum):
    """What ``--device`` understands."""

    OHMIC = "ohmic"
    SINH = "sinh"
    PCM = "pcm"


_DEVICES: dict[DeviceName, Cell] = {
    DeviceName.OHMIC: Ohmic(),
    DeviceName.SINH: Sinh(v0_volt=0.3),
    DeviceName.PCM: PcmCell.sebastian2017(),
}
_COMMON_VOLT = 0.4  # of the 8T4R cell, between rails at 0.2 and 0.6 V
_READ_VOLTS = [0.1, 0.2, 0.4]
_SIGNED_VOLTS = [0.1, 0.15, 0.2]  # as far as those rails reach
_GATE_VOLTS = [0.6, 0.8, 1.0]


def ir_drop(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/ir-drop"),
    cell: Annotated[
        list[CellName] | None,
        typer.Option(help="Cell or synapse; may be repeated. Default: 1r and 1t1r."),
    ] = None,
    device: Annotated[
        DeviceName, typer.Option(help="Device of the cells that have a transistor.")
    ] = DeviceName.OHMIC,
    size: Annotated[
        list[int] | None, typer.Option(min=1, max=1024, help="Rows and columns; may be repeated.")
    ] = None,
    ohm: Annotated[
        list[float] | None, typer.Option(min=0.0, help="Wire segment [ohm]; may be repeated.")
    ] = None,
    volt: Annotated[
        list[float] | None,
        typer.Option(help="Read voltage, of gate-input the gate's [V]; may be repeated."),
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
    geometry_unit: Annotated[
        float, typer.Option(help="What the library counts W and L in [m]; 1e-6 for micrometres.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")] = 0,
) -> None:
    """Sweep array size, wire resistance and read voltage, for one cell or several."""
    console = Console()
    names = list(dict.fromkeys(cell or [CellName.OHMIC, CellName.SELECTED]))
    volts = volt or _default_volts(names)
    transistor = Transistor(
        model=model,
        width_metre=width_um * 1e-6,
        length_metre=length_um * 1e-6,
        library=library or Transistor.nmos45().library,
        section=section,
        geometry_unit_metre=geometry_unit,
    )
    made = _made(
        names,
        OneT1R(transistor=transistor, device=_DEVICES[device], gate_volt=gate_volt),
        supply_volt=supply_volt,
        conductances=(g_min, g_max),
    )
    with progress_bar() as bar:
        bar.reach("tables", 0, None)
        ready = {name.value: _ready(made[name], max(volts), (g_min, g_max)) for name in names}
        report = measure_ir_drop(
            ready,
            sizes=size or [32, 64, 128],
            segment_ohm=ohm or [0.35, 1.0, 5.0],
            read_volt=volts,
            conductances=(g_min, g_max),
            inputs=inputs,
            rng=np.random.default_rng(seed),
            progress=bar.reach,
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


def _default_volts(names: list[CellName]) -> list[float]:
    """Return the read voltages where none are given [V]."""
    if CellName.GATE not in names:
        return _SIGNED_VOLTS if CellName.EIGHT in names else _READ_VOLTS
    if len(names) > 1:
        raise ParameterError.about(
            "--cell",
            got=", ".join(name.value for name in names),
            expected="gate-input alone: its inputs are gate voltages, those of the others are not",
            remedy="run it by itself, or give --volt for all of them",
        )
    return _GATE_VOLTS


def _made(
    names: list[CellName],
    selected: OneT1R,
    *,
    supply_volt: float,
    conductances: tuple[float, float],
) -> dict[CellName, Cell | Synapse]:
    """Return the cells and synapses by name; `selected` is what stands in the synapses."""
    low, high = conductances
    made: dict[CellName, Cell | Synapse] = {}
    for name in names:
        match name:
            case CellName.OHMIC:
                made[name] = _DEVICES[DeviceName.OHMIC]
            case CellName.SINH | CellName.PCM:
                made[name] = _DEVICES[DeviceName(name.value)]
            case CellName.SELECTED:
                made[name] = selected
            case CellName.GATE:
                made[name] = GateInput(
                    transistor=selected.transistor, device=selected.device, supply_volt=supply_volt
                )
            case CellName.PAIR:
                made[name] = DifferentialPair(g_min_siemens=low, g_max_siemens=high, cell=selected)
            case CellName.MULTI:
                made[name] = MultiDevice(g_min_siemens=low, g_max_siemens=high, cell=selected)
            case CellName.SLICES:
                made[name] = BitSlices(g_min_siemens=low, g_max_siemens=high, cell=selected)
            case CellName.EIGHT:
                shifted = replace(
                    selected,
                    transistor=replace(selected.transistor, parallel=2),
                    common_volt=_COMMON_VOLT,
                    gate_volt=selected.gate_volt + _COMMON_VOLT,
                )
                made[name] = EightT4R(g_min_siemens=low, g_max_siemens=high, cell=shifted)
    return made


def _ready(cell: Cell | Synapse, volt: float, conductances: tuple[float, float]) -> Cell | Synapse:
    """Return the cell or synapse with its table, if it needs one."""
    if isinstance(cell, Synapse):
        lowest = -volt if min(cell.drive) < 0.0 else 0.0
        return replace(cell, cell=_tabulated(cell.cell, (lowest, volt), conductances))
    return _tabulated(cell, (0.0, volt), conductances)


def _tabulated(cell: Cell, volts: tuple[float, float], conductances: tuple[float, float]) -> Cell:
    if not isinstance(cell, TransistorCell):
        return cell
    tolerance = 1e-4 if cell.loads_row else 1e-3
    return calibration.tabulate(cell, volts=volts, conductances=conductances, tolerance=tolerance)


def _tell(console: Console, report: IrDropReport) -> None:
    table = Table(title="Error of the outputs, of full scale")
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
