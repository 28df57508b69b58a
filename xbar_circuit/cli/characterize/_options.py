"""Options that several parts of ``xbar characterize`` share, and what they all end with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

__all__ = [
    "Accept",
    "Bias",
    "Bits",
    "Celsius",
    "Cols",
    "Compatibility",
    "Corner",
    "Engine",
    "KitSamples",
    "Models",
    "Osdi",
    "Out",
    "Ports",
    "Rows",
    "Samples",
    "Seed",
    "Subckt",
    "Supplies",
    "Vary",
    "Workers",
    "tell",
]

Out = Annotated[Path, typer.Option(help="Folder for JSON, PNG, HTML and the decks.")]
Bits = Annotated[int, typer.Option(min=1, max=32, help="Of the converter, or of the settling.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")]
Rows = Annotated[int, typer.Option(min=1, help="Of the array.")]
Cols = Annotated[int, typer.Option(min=1, help="Of the array.")]
Engine = Annotated[str, typer.Option(help="fast or spice.")]
Samples = Annotated[int, typer.Option(min=1, help="More than one is a Monte Carlo study.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes of a Monte Carlo study; 2.")]
Celsius = Annotated[
    list[float] | None, typer.Option(help="Temperature; may be repeated, the first is nominal.")
]
Corner = Annotated[
    list[str] | None, typer.Option(help="Section of the model library; may be repeated.")
]
Vary = Annotated[
    str, typer.Option(help="Mismatch: PARAMETER=SIGMA,... ; our circuits have theirs.")
]
KitSamples = Annotated[
    int, typer.Option(min=0, help="Samples of the model library's own Monte Carlo.")
]
Subckt = Annotated[str, typer.Option("--subcircuit", help="FILE:NAME of your own circuit.")]
Ports = Annotated[str, typer.Option(help="plus=inp,minus=inn,out=vout")]
Supplies = Annotated[str, typer.Option(help="vdd=1.1,vss=0")]
Models = Annotated[
    list[str] | None,
    typer.Option(help="Transistor library: FILE or FILE:CORNER; may be repeated."),
]
Bias = Annotated[str, typer.Option(help="Currents into ports: ibias=20u")]
Osdi = Annotated[
    list[str] | None,
    typer.Option(help="Verilog-A model of your circuit, .va or .osdi; may be repeated."),
]
Compatibility = Annotated[
    str, typer.Option(help="Dialect of your files, ngspice's ngbehavior: hsa, psa, lta.")
]
Accept = Annotated[
    str, typer.Option(help="Settings in your files that may hold for the deck: scale,gmin")
]


def tell(console: Console, name: str, rows: list[tuple[str, str]], page: Path) -> None:
    """Print the table of a report, and where its page is."""
    shown = Table("figure of merit", "value", title=name)
    for what, value in rows:
        shown.add_row(what, value)
    console.print(shown)
    console.print(f"written to {page}", highlight=False)
