"""``xbar characterize column``: a column end to end, on a read-out that is ready to use."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from xbar_circuit._files import write_json
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.plots.periphery import draw_column
from xbar_circuit.report.periphery import column_rows, write_column
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies import characterize_column
from xbar_circuit.tile import chain

__all__ = ["measure_column"]


def measure_column(
    kind: str,
    *,
    rows: int,
    cols: int,
    bits: int,
    engine: str,
    array: str,
    products: int,
    programmed: bool,
    noise: bool,
    seed: int,
    out: Path,
) -> tuple[list[tuple[str, str]], str, Path]:
    """Measure, write JSON, figure and page; return the table, the report's name and the page."""
    rng = np.random.default_rng(seed)
    tile = chain(kind, rows=rows, cols=cols, bits=bits, rng=rng)
    target = tile.crossbar.conductance
    if programmed:
        actual = PcmStatistics.joshi2020().program(target, rng=rng).at(0.0)
        tile = dataclasses.replace(
            tile, crossbar=dataclasses.replace(tile.crossbar, conductance=actual)
        )
    with progress_bar(transient=True) as bar:
        report = characterize_column(
            tile,
            column=cols // 2,
            rng=rng,
            products=products,
            noise=noise,
            target=target,
            engine=engine,
            array=array,
            folder=out / "decks",
            progress=lambda done: bar.add("products in ngspice", done, products),
            name=f"{kind}, column {cols // 2} of {rows} x {cols}",
        )
    picture = out / "characterize.png"
    draw_column(report, picture)
    footer = made_by("27 C", f"{products} products", f"seed {seed}")
    page = write_column(report, out, picture=picture, footer=footer)
    content = {"name": report.name, **report.to_dict(), "provenance": footer}
    write_json(out / "summary.json", content)
    return column_rows(report), report.name, page
