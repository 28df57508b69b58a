"""``xbar export``: an array of one's own as a subcircuit for another simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit import __version__
from xbar_circuit._checks import choice, number
from xbar_circuit._files import write_json
from xbar_circuit._matrix_files import load_matrix
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._options import (
    Array,
    BottomOhm,
    ColumnOhm,
    Conductance,
    DeviceLaw,
    LawVolt,
    LeftOhm,
    Out,
    RowOhm,
    States,
    UnitSiemens,
    device_law,
)
from xbar_circuit.cli._own_cells import stated
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.tile import EXPORT_FORMATS, export_array
from xbar_circuit.wires import Terminals, Wires

__all__ = ["export"]

_ENDINGS = {"ngspice": "cir", "vacask": "sim", "spectre": "scs", "hspice": "sp", "xyce": "cir"}


@one_shot
def export(
    context: typer.Context,
    conductance: Conductance,
    *,
    language: Annotated[
        str, typer.Option("--language", help=f"Simulator: {', '.join(EXPORT_FORMATS)}.")
    ] = "ngspice",
    array: Array = "full",
    name: Annotated[str, typer.Option(help="Name of the subcircuit.")] = "crossbar",
    row_ohm: RowOhm = 1.0,
    column_ohm: ColumnOhm = 1.0,
    row_farad: Annotated[float, typer.Option(help="Word-line capacitance per segment [F].")] = 0.0,
    column_farad: Annotated[
        float, typer.Option(help="Bit-line capacitance per segment [F].")
    ] = 0.0,
    left_ohm: LeftOhm = 0.0,
    bottom_ohm: BottomOhm = 0.0,
    device: DeviceLaw = "ohmic",
    states: States = False,
    v0_volt: LawVolt = 0.3,
    unit_siemens: UnitSiemens = 1.0,
    out: Out = Path("out/export"),
) -> None:
    """Write an array as a subcircuit with named ports, for a testbench of your own."""
    refuse_idle(context, {} if device == "sinh" else {"v0_volt": "--device-law sinh"})
    choice("--language", language, EXPORT_FORMATS)
    unit = number("unit_siemens", unit_siemens, "S", above=True)
    cell, matrix = stated(
        device_law(device, v0_volt=v0_volt),
        load_matrix(conductance) * unit,
        states=states,
        named=device,
    )
    crossbar = Crossbar(
        conductance=matrix,
        wires=Wires(
            row_ohm=row_ohm,
            column_ohm=column_ohm,
            row_farad=row_farad,
            column_farad=column_farad,
        ),
        terminals=Terminals(left_ohm=left_ohm, bottom_ohm=bottom_ohm),
        cell=cell,
    )
    path = out / f"{name}.{_ENDINGS[language]}"
    write_deck(path, export_array(crossbar, name=name, language=language, body=array))
    write_json(
        out / "summary.json",
        {
            "version": __version__,
            "file": path.name,
            "subcircuit": name,
            "language": language,
            "array": array,
            "rows": crossbar.rows,
            "cols": crossbar.cols,
        },
    )
    SafeConsole().print(
        f"{crossbar.rows} x {crossbar.cols}, {array}, for {language}: written to {path}",
        highlight=False,
    )
