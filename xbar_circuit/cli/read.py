"""``xbar read``: the currents and voltages of an array of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from xbar_circuit import Crossbar, Terminals, Wires
from xbar_circuit import _checks as checks
from xbar_circuit import read as read_array
from xbar_circuit._checks import FloatArray
from xbar_circuit._files import write_json
from xbar_circuit._matrix_files import load_matrix
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.calibration.ready import ready
from xbar_circuit.cells import OwnCell
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    BottomOhm,
    ColumnOhm,
    Conductance,
    DeviceLaw,
    Engine,
    EngineName,
    LawVolt,
    LeftOhm,
    Out,
    RowOhm,
    States,
    UnitSiemens,
    device_law,
    draws,
)
from xbar_circuit.cli._own_cells import stated
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.cli._words import LARGEST_LIKELY
from xbar_circuit.errors import ShapeError
from xbar_circuit.report.read import (
    error_text,
    mean_loss,
    read_summary,
    write_read_page,
    write_read_tables,
)
from xbar_circuit.result import ReadResult
from xbar_circuit.units import engineering

__all__ = ["read"]


_COMPARED = (EngineName.NODAL, EngineName.SPICE)


@draws("svg")
@one_shot
def read(
    context: typer.Context,
    conductance: Conductance,
    *,
    volts: Annotated[
        Path | None,
        typer.Option(
            help="Input voltages [V], a line for each vector; default: 0.2 V on all rows."
        ),
    ] = None,
    row_ohm: RowOhm = 1.0,
    column_ohm: ColumnOhm = 1.0,
    left_ohm: LeftOhm = 0.0,
    bottom_ohm: BottomOhm = 0.0,
    right_ohm: Annotated[
        float | None,
        typer.Option(help="Resistance of further drivers at the right [ohm]. Default: none."),
    ] = None,
    top_ohm: Annotated[
        float | None,
        typer.Option(help="Resistance of further sense terminals at the top [ohm]. Default: none."),
    ] = None,
    device: DeviceLaw = "ohmic",
    states: States = False,
    v0_volt: LawVolt = 0.3,
    unit_siemens: UnitSiemens = 1.0,
    engine: Engine = EngineName.NODAL,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Also run the other engine and report the difference."),
    ] = False,
    out: Out = Path("out/read"),
) -> None:
    """Read an array of your own: column currents, node voltages, segment currents, maps."""
    refuse_idle(context, {} if device == "sinh" else {"v0_volt": "--device-law sinh"})
    console, warn = SafeConsole(), SafeConsole(stderr=True)
    unit = checks.number("unit_siemens", unit_siemens, "S", above=True)
    matrix = load_matrix(conductance) * unit
    inputs = np.full((1, len(matrix)), 0.2) if volts is None else _inputs(volts, len(matrix))
    law = device_law(device, v0_volt=v0_volt)
    with warn.status("measuring your cell in ngspice"):
        law, matrix = stated(law, matrix, states=states, named=device)
        if engine is EngineName.NODAL or compare:
            law = ready(law, volts=inputs, conductances=matrix)
    crossbar = Crossbar(
        conductance=matrix,
        wires=Wires(row_ohm=row_ohm, column_ohm=column_ohm),
        terminals=Terminals(
            left_ohm=left_ohm, right_ohm=right_ohm, bottom_ohm=bottom_ohm, top_ohm=top_ohm
        ),
        cell=law,
    )
    for word in _doubts(crossbar.conductance, inputs):
        warn.print(f"warning: {word}", style="yellow", highlight=False, soft_wrap=True)
    with warn.status(f"solving {crossbar.rows} x {crossbar.cols}"):
        result = read_array(crossbar, inputs, engine=engine.value)
        others = [name for name in _COMPARED if name is not engine] if compare else []
        comparison = {name.value: _difference(result, name) for name in others}
    picture = out / "maps.png"
    result.plot(path=picture)
    write_json(out / "summary.json", read_summary(result, comparison))
    write_read_tables(result, out)
    page = write_read_page(
        result,
        out,
        picture=picture,
        comparison=comparison,
        footer=made_by(),
    )
    peak = engineering(float(np.abs(result.column_current).max()), "A", 6)
    loss = mean_loss(result)
    vectors = f"{len(inputs)} input vector{'s' if len(inputs) > 1 else ''}"
    for line in (
        f"{crossbar.rows} x {crossbar.cols} array, {vectors}; error bound {error_text(result)}",
        f"largest column current: {peak}",
        *([] if loss is None else [f"mean current lost to wires: {100 * loss:.3g} %"]),
        *(
            f"largest difference from {name}: {value:.1e} of the largest current"
            for name, value in comparison.items()
        ),
    ):
        console.print(line, highlight=False, soft_wrap=True)
    if isinstance(law, OwnCell) and law.table is not None:
        console.print(f"table of your cell: {law.table.quality}", highlight=False)
    console.print(f"page, tables and maps: {page}", soft_wrap=True, highlight=False)


def _difference(result: ReadResult, engine: EngineName) -> float:
    """Return the largest difference of another engine's currents, relative to the largest."""
    other = read_array(result.crossbar, result.volts, engine=engine.value)
    scale = float(np.abs(result.column_current).max()) or 1.0
    return float(np.abs(other.column_current - result.column_current).max()) / scale


def _inputs(path: Path, rows: int) -> FloatArray:
    """Return the input vectors (batch, rows); a single column of the right length is one vector."""
    values = load_matrix(path)
    if values.shape[1] == rows:
        return values
    if values.shape == (rows, 1):
        return values.T
    remedy = "write a line for each input vector, with one voltage for each row of the array"
    if values.shape[0] == rows:
        remedy = "the file has a column for each vector: transpose it"
    raise ShapeError.about(
        "--volts",
        got=f"{values.shape[0]} lines of {values.shape[1]} values in {path}",
        expected=f"lines of {rows} values, as the array has {rows} rows",
        remedy=remedy,
    )


def _doubts(conductance: FloatArray, volts: FloatArray) -> list[str]:
    """Name values that are legal and probably not meant."""
    doubts = []
    steps = np.diff(conductance[:, 0])
    if len(steps) > 1 and (steps == 1.0).all():
        doubts.append("the first column counts the rows; if it is no conductance, take it out")
    largest = float(conductance.max())
    if largest > LARGEST_LIKELY:
        meant = (
            "if the file holds resistances, give their reciprocals"
            if largest > 1e3
            else "if it holds microsiemens, give --unit-siemens 1e-6"
        )
        doubts.append(f"conductances up to {engineering(largest, 'S')}; {meant}")
    if float(np.abs(volts).max()) > 10.0:
        doubts.append(
            f"inputs up to {engineering(float(np.abs(volts).max()), 'V')}; volts are meant"
        )
    return doubts
