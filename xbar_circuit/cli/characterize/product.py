"""``xbar characterize product``: energy and time of a whole tile's product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit._checks import choice
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import (
    SEED,
    Bits,
    Cols,
    Out,
    Rows,
    Seed,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._honoured import refuse_ignored
from xbar_circuit.cli.characterize._product import PRESET, measure_product
from xbar_circuit.tile import CHAINS

__all__ = ["product"]


@draws()
@resumes
def product(
    context: typer.Context,
    circuit: Annotated[
        str, typer.Argument(help=f"hermes, the 256 x 256 preset, or {', '.join(CHAINS)}.")
    ] = PRESET,
    *,
    out: Out = Path("out/characterize/product"),
    rows: Rows = 256,
    cols: Cols = 256,
    bits: Bits = 8,
    seed: Seed = SEED,
) -> None:
    """Measure what a matrix-vector product costs, by component, compared with the HERMES core."""
    choice("circuit", circuit, (*CHAINS, PRESET))
    widths = () if circuit == PRESET else ("bits",)
    refuse_ignored(context, circuit, ("rows", "cols", "seed", *widths))
    measure_product(
        circuit, rows=rows, cols=cols, bits=bits, seed=seed, out=out, console=SafeConsole()
    )
