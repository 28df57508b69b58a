"""``xbar export``: an array of one's own as a subcircuit for another simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xbar_circuit._checks import choice
from xbar_circuit._files import write_text
from xbar_circuit._matrix_files import load_matrix
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.tile import EXPORT_FORMATS, export_array
from xbar_circuit.wires import Terminals, Wires

__all__ = ["export"]

_ENDINGS = {"ngspice": "cir", "vacask": "sim", "spectre": "scs", "hspice": "sp", "xyce": "cir"}


def export(
    conductance: Annotated[
        Path,
        typer.Argument(help="Conductances [S], rows x columns: .csv, .npy or .parquet."),
    ],
    *,
    language: Annotated[
        str, typer.Option("--format", help=f"Simulator: {', '.join(EXPORT_FORMATS)}.")
    ] = "ngspice",
    body: Annotated[
        str, typer.Option(help="full: every wire and device; macromodel: reduced to its ports.")
    ] = "full",
    name: Annotated[str, typer.Option(help="Name of the subcircuit.")] = "crossbar",
    row_ohm: Annotated[float, typer.Option(help="Word-line resistance per segment [ohm].")] = 1.0,
    column_ohm: Annotated[float, typer.Option(help="Bit-line resistance per segment [ohm].")] = 1.0,
    row_farad: Annotated[float, typer.Option(help="Word-line capacitance per segment [F].")] = 0.0,
    column_farad: Annotated[
        float, typer.Option(help="Bit-line capacitance per segment [F].")
    ] = 0.0,
    left_ohm: Annotated[float, typer.Option(help="Resistance of the drivers [ohm].")] = 0.0,
    bottom_ohm: Annotated[
        float, typer.Option(help="Resistance of the sense terminals [ohm].")
    ] = 0.0,
    unit_siemens: Annotated[
        float, typer.Option(help="What one unit in the file is [S]; 1e-6 for microsiemens.")
    ] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder for the file.")] = Path("out/export"),
) -> None:
    """Write an array as a subcircuit with named ports, for a testbench of your own."""
    choice("--format", language, EXPORT_FORMATS)
    crossbar = Crossbar(
        conductance=load_matrix(conductance) * unit_siemens,
        wires=Wires(
            row_ohm=row_ohm,
            column_ohm=column_ohm,
            row_farad=row_farad,
            column_farad=column_farad,
        ),
        terminals=Terminals(left_ohm=left_ohm, bottom_ohm=bottom_ohm),
    )
    path = out / f"{name}.{_ENDINGS[language]}"
    write_text(path, export_array(crossbar, name=name, language=language, body=body))
    Console().print(
        f"{crossbar.rows} x {crossbar.cols}, {body}, for {language}: written to {path}",
        highlight=False,
    )
