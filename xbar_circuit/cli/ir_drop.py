"""``xbar ir-drop``: what the wires of an array cost."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from xbar_circuit import calibration
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cells import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    GateInput,
    MultiDevice,
    OneT1R,
    Synapse,
    TabulatedCell,
)
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    DeviceLaw,
    Library,
    Out,
    Seed,
    SegmentOhm,
    device_law,
    draws,
    single_library,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.devices import Cell, Transistor
from xbar_circuit.errors import ParameterError
from xbar_circuit.plots.ir_drop import draw_ir_drop, draw_ir_drop_map
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


_COMMON_VOLT = 0.4  # of the 8T4R cell, between rails at 0.2 and 0.6 V
_READ_VOLTS = [0.1, 0.2, 0.4]
_SIGNED_VOLTS = [0.1, 0.15, 0.2]  # as far as those rails reach
_GATE_VOLTS = [0.6, 0.8, 1.0]
_OF_TRANSISTORS = (
    *("device", "library", "transistor"),
    *("width_metre", "length_metre", "geometry_unit_metre"),
)


@draws()
@resumes
def ir_drop(
    context: typer.Context,
    *,
    out: Out = Path("out/ir-drop"),
    cell: Annotated[
        list[CellName] | None,
        typer.Option(help="Cell or synapse; repeat for several. Default: 1r and 1t1r."),
    ] = None,
    device: DeviceLaw = "ohmic",
    size: Annotated[
        list[int] | None,
        typer.Option(min=1, max=1024, help="Rows and columns of the array; repeat for several."),
    ] = None,
    segment_ohm: SegmentOhm = None,
    read_volt: Annotated[
        list[float] | None,
        typer.Option(help="Read voltage, or gate voltage of gate-input [V]; repeat for several."),
    ] = None,
    g_min_siemens: Annotated[float, typer.Option(help="Smallest conductance [S].")] = 1e-6,
    g_max_siemens: Annotated[float, typer.Option(help="Largest conductance [S].")] = 25e-6,
    gate_volt: Annotated[float, typer.Option(help="Gate voltage of the 1T1R cell [V].")] = 1.0,
    supply_volt: Annotated[float, typer.Option(help="Supply of the gate-input cell [V].")] = 0.2,
    inputs: Annotated[
        int, typer.Option(min=1, max=10_000, help="Number of input vectors at each point.")
    ] = 16,
    library: Library = None,
    transistor: Annotated[
        str, typer.Option(help="Transistor of the library: a model or a subcircuit.")
    ] = "nmos45",
    width_metre: Annotated[float, typer.Option(help="Width of the transistor [m].")] = 0.5e-6,
    length_metre: Annotated[float, typer.Option(help="Length of the transistor [m].")] = 0.05e-6,
    geometry_unit_metre: Annotated[
        float, typer.Option(help="Unit of W and L in the library [m]; 1e-6 for micrometres.")
    ] = 1.0,
    seed: Seed = SEED,
) -> None:
    """Sweep array size, wire resistance and read voltage, for one cell or several.

    Points are kept in the folder: the same command resumes an interrupted run.
    """
    console = SafeConsole()
    names = list(dict.fromkeys(cell or [CellName.OHMIC, CellName.SELECTED]))
    refuse_idle(context, _idle(names))
    volts = read_volt or _default_volts(names)
    file, section = single_library(library)
    switch = Transistor(
        model=transistor,
        width_metre=width_metre,
        length_metre=length_metre,
        library=file or Transistor.nmos45().library,
        section=section,
        geometry_unit_metre=geometry_unit_metre,
    )
    made = _made(
        names,
        OneT1R(transistor=switch, device=device_law(device), gate_volt=gate_volt),
        supply_volt=supply_volt,
        conductances=(g_min_siemens, g_max_siemens),
    )
    with progress_bar() as bar:
        bar.reach("tables", 0, None)
        ready = {
            name.value: _ready(made[name], max(volts), (g_min_siemens, g_max_siemens))
            for name in names
        }
        report = measure_ir_drop(
            ready,
            sizes=size or [32, 64, 128],
            segment_ohm=segment_ohm or [0.35, 1.0, 5.0],
            read_volt=volts,
            conductances=(g_min_siemens, g_max_siemens),
            inputs=inputs,
            rng=np.random.default_rng(seed),
            folder=out / "kept",
            progress=bar.reach,
        )
    picture = draw_ir_drop(report, out / "ir_drop.png")
    maps = draw_ir_drop_map(report, out / "ir_drop_map.png")
    write_json(out / "summary.json", ir_drop_summary(report))
    page = write_ir_drop_page(
        report,
        out,
        picture=picture,
        maps=maps,
        footer=made_by(),
    )
    _tell(console, report)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _idle(names: list[CellName]) -> dict[str, str]:
    """Return the options that none of these cells looks at, and the cells that do."""
    bare = {CellName.OHMIC, CellName.SINH, CellName.PCM}
    idle: dict[str, str] = {}
    if bare.issuperset(names):
        idle = dict.fromkeys(_OF_TRANSISTORS, "--cell 1t1r or another with transistors")
    if (bare | {CellName.GATE}).issuperset(names):
        idle["gate_volt"] = "--cell 1t1r or a synapse"
    if CellName.GATE not in names:
        idle["supply_volt"] = "--cell gate-input"
    return idle


def _default_volts(names: list[CellName]) -> list[float]:
    """Return the read voltages where none are given [V]."""
    if CellName.GATE not in names:
        return _SIGNED_VOLTS if CellName.EIGHT in names else _READ_VOLTS
    if len(names) > 1:
        raise ParameterError.about(
            "--cell",
            got=", ".join(name.value for name in names),
            expected="gate-input alone: its inputs are gate voltages, those of the others are not",
            remedy="run it by itself, or give --read-volt for all of them",
        )
    return _GATE_VOLTS


def _made(
    names: list[CellName],
    selected: OneT1R,
    *,
    supply_volt: float,
    conductances: tuple[float, float],
) -> dict[CellName, Cell | Synapse]:
    """Return the cells and synapses by name; `selected` is the cell in the synapses."""
    low, high = conductances
    made: dict[CellName, Cell | Synapse] = {}
    for name in names:
        match name:
            case CellName.OHMIC:
                made[name] = device_law("ohmic")
            case CellName.SINH | CellName.PCM:
                made[name] = device_law(name.value)
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
    if not isinstance(cell, TabulatedCell):
        return cell
    tolerance = 1e-4 if cell.loads_row else 1e-3
    return calibration.tabulate(cell, volts=volts, conductances=conductances, tolerance=tolerance)


def _tell(console: SafeConsole, report: IrDropReport) -> None:
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
