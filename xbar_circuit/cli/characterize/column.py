"""``xbar characterize column``: a column from driver to code, its error split by cause."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit._checks import choice
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import (
    SEED,
    Array,
    Bits,
    Cols,
    Engine,
    EngineName,
    Out,
    Products,
    Rows,
    Seed,
    draws,
    in_spice,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._column import measure_column
from xbar_circuit.cli.characterize._honoured import refuse_ignored
from xbar_circuit.cli.characterize._options import tell
from xbar_circuit.tile import CHAINS

__all__ = ["column"]

_HONOURED = ("rows", "cols", "bits", "engine", "products", "programmed", "noise", "seed")


@draws()
@resumes
def column(
    context: typer.Context,
    circuit: Annotated[str, typer.Argument(help=f"Read-out: {', '.join(CHAINS)}.")] = "sar",
    *,
    out: Out = Path("out/characterize/column"),
    rows: Rows = 64,
    cols: Cols = 1,
    bits: Bits = 8,
    engine: Engine = EngineName.SPICE,
    array: Array = "full",
    products: Products = 48,
    programmed: Annotated[
        bool, typer.Option(help="Program the devices with the errors of PCM.")
    ] = True,
    noise: Annotated[
        bool, typer.Option(help="Draw the noise of the converter's decisions.")
    ] = False,
    seed: Seed = SEED,
) -> None:
    """Measure a column end to end: its error by driver, device, wire, amplifier and converter."""
    choice("circuit", circuit, tuple(CHAINS))
    spice = in_spice(engine)
    arrays = ("array",) if spice else ()
    refuse_ignored(context, f"a column with --engine {engine.value}", (*_HONOURED, *arrays))
    console = SafeConsole()
    table, name, page = measure_column(
        circuit,
        rows=rows,
        cols=cols,
        bits=bits,
        engine="spice" if spice else "fast",
        array=array,
        products=products,
        programmed=programmed,
        noise=noise,
        seed=seed,
        out=out,
    )
    tell(console, name, table, page)
