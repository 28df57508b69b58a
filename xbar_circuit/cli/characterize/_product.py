"""``xbar characterize product``: what a matrix-vector product of a whole tile costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.table import Table

from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.plots.product import draw_product
from xbar_circuit.report.product import PRODUCT_COLUMNS, product_rows, write_product
from xbar_circuit.studies import characterize_product
from xbar_circuit.tile import CHAINS, chain, hermes_like

__all__ = ["PRESET", "measure_product"]

PRESET = "hermes"


def measure_product(
    kind: str, *, rows: int, cols: int, bits: int, seed: int, out: Path, console: SafeConsole
) -> None:
    """Measure, write JSON, figure and page, and tell the table.

    `kind` is ``"hermes"``, the 256 x 256 preset of `rows` x `cols` weights, or a read-out.
    """
    choice("chain", kind, (*CHAINS, PRESET))
    rng = np.random.default_rng(seed)
    if kind == PRESET:
        tile = hermes_like(rng=rng, rows=rows, outputs=cols)
    else:
        tile = chain(kind, rows=rows, cols=cols, bits=bits, rng=rng)
    with SafeConsole(stderr=True).status("products"):
        report = characterize_product(
            tile,
            rng=rng,
            rest=kind == PRESET,
            folder=out / "decks",
            name=f"{kind}, {rows} x {cols}",
        )
    picture = out / "characterize.png"
    draw_product(report, picture)
    footer = made_by(f"seed {seed}")
    page = write_product(report, out, picture=picture, footer=footer)
    write_json(out / "summary.json", report.to_dict() | {"provenance": footer})
    table = Table(*PRODUCT_COLUMNS, title=f"a product of {report.name}")
    for row in product_rows(report):
        table.add_row(*row)
    console.print(table)
    for line in report.assumptions:
        console.print(f"- {line}", style="dim", highlight=False)
    console.print(f"written to {page}", highlight=False)
