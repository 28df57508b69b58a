"""The tables and the page of a mapping: which weights are on which tile."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._csv_text import csv_text
from xbar_circuit._files import write_text
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping, TilePlan
from xbar_circuit.report import Figure, Section, Table, write_page

__all__ = ["mapping_section", "mapping_summary", "write_mapping_csv", "write_mapping_page"]

_SHOWN = 60  # tiles in the table of the page; the CSV file has all

_TILE_COLUMNS = (
    *("tile", "layer", "inputs", "outputs", "groups", "rows", "columns", "weights"),
    *("utilisation", "largest_weight", "copies"),
)


def mapping_summary(mapping: Mapping, copies: MappingOf[str, int]) -> dict[str, Any]:
    """Return a mapping as plain data, layer by layer."""
    return {
        "tiles": mapping.tile_count,
        "tiles_with_copies": _tiles_with_copies(mapping, copies),
        "rows": mapping.accelerator.rows,
        "cols": mapping.accelerator.cols,
        "weights": mapping.network.weight_count,
        "utilisation": mapping.utilisation,
        "layers": [
            {
                "name": plan.name,
                "groups": plan.groups,
                "rows": plan.rows,
                "cols": plan.cols,
                "tiles": len(plan.tiles),
                "copies": copies[plan.name],
                "utilisation": plan.utilisation,
            }
            for plan in mapping.layers
        ],
    }


def mapping_section(mapping: Mapping, folder: Path, copies: MappingOf[str, int]) -> Section:
    """Return the section; ``floorplan.png`` and ``mapping.png`` must be in `folder`."""
    return Section(
        title="Tiles and their weights",
        tables=[_layers(mapping, copies), _tiles(mapping, copies)],
        figures=[
            Figure(
                path=folder / "floorplan.png",
                caption="All tiles, coloured by layer. The filled part holds weights;"
                " pale tiles are copies.",
            ),
            Figure(
                path=folder / "mapping.png",
                caption="Target conductances; drivers on the left, sense terminals at the bottom.",
            ),
        ],
    )


def write_mapping_page(
    mapping: Mapping, folder: Path, copies: MappingOf[str, int], *, footer: str
) -> Path:
    """Write ``index.html`` next to the figures in `folder` and return its path."""
    path = folder / "index.html"
    write_page(
        path,
        title=f"Mapping: {mapping.network.source or 'a network'}",
        lead=f"{mapping.network.weight_count:,} weights on {mapping.tile_count} tiles of"
        f" {mapping.accelerator.rows} x {mapping.accelerator.cols} cells.",
        key_numbers={
            "tiles": f"{mapping.tile_count:,}",
            "with copies": f"{_tiles_with_copies(mapping, copies):,}",
            "utilisation": _percent(mapping.utilisation),
        },
        sections=[mapping_section(mapping, folder, copies)],
        footer=footer,
    )
    return path


def write_mapping_csv(mapping: Mapping, path: Path, copies: MappingOf[str, int]) -> None:
    """Write one line for each tile, whole or not at all.

    Inputs and outputs count through all groups of the layer, from 0, ends included; rows and
    columns are used cells; ``largest_weight`` is the one that has the largest conductance.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    write_text(path, csv_text([_TILE_COLUMNS, *_rows(mapping, copies)]))


def _layers(mapping: Mapping, copies: MappingOf[str, int]) -> Table:
    a = mapping.accelerator
    rows = []
    for plan in mapping.layers:
        shapes = sorted({f"{tile.shape[0]} x {tile.shape[1]}" for tile in plan.tiles})
        shown = ", ".join(shapes[:3]) + (" ..." if len(shapes) > 3 else "")
        matrix = f"{plan.rows} x {plan.cols}" + (f", {plan.groups} groups" * (plan.groups > 1))
        count, use = str(len(plan.tiles)), _percent(plan.utilisation)
        rows.append([plan.name, matrix, count, str(copies[plan.name]), shown, use])
    return Table(
        columns=["layer", "matrix", "tiles", "copies", "used cells of a tile", "utilisation"],
        rows=rows,
        caption=f"{mapping.tile_count} tiles of {a.rows} x {a.cols} cells,"
        f" {_tiles_with_copies(mapping, copies)} with copies;"
        f" {_percent(mapping.utilisation)} of all cells hold a weight.",
    )


def _tiles(mapping: Mapping, copies: MappingOf[str, int]) -> Table:
    rows = _rows(mapping, copies)
    kept = [
        k for k, name in enumerate(_TILE_COLUMNS) if name != "groups" or any(r[k] for r in rows)
    ]
    more = "" if len(rows) <= _SHOWN else f"The first {_SHOWN} of {len(rows)} tiles; "
    return Table(
        columns=[_TILE_COLUMNS[k].replace("_", " ") for k in kept],
        rows=[[_short(_TILE_COLUMNS[k], row[k]) for k in kept] for row in rows[:_SHOWN]],
        caption=f"{more}{'inputs' if more else 'Inputs'} and outputs are numbered through all"
        " groups of the layer.",
    )


def _short(name: str, value: str | int) -> str:
    """Return an entry as the page shows it; the CSV file has all digits."""
    if name == "utilisation":
        return _percent(float(value))
    return f"{float(value):.3g}" if name == "largest_weight" else str(value)


def _rows(mapping: Mapping, copies: MappingOf[str, int]) -> list[list[str | int]]:
    rows: list[list[str | int]] = []
    for plan in mapping.layers:
        own = plan.accelerator
        cells, block = own.rows * own.cols, math.prod(own.block)
        for tile in plan.tiles:
            (top, bottom), (left, right) = tile.rows, tile.cols
            weights = _weights(plan, tile)
            use = weights * block / cells
            rows.append(
                [
                    len(rows),
                    plan.name,
                    f"{top}-{bottom - 1}",
                    f"{left}-{right - 1}",
                    f"{top // plan.rows}-{(bottom - 1) // plan.rows}" if plan.groups > 1 else "",
                    *tile.shape,
                    weights,
                    f"{use:.4f}",
                    f"{np.abs(tile.weights).max():.6g}",
                    copies[plan.name],
                ]
            )
    return rows


def _weights(plan: LayerPlan, tile: TilePlan) -> int:
    """Return the places of weights in a tile, without those between packed groups."""
    (top, bottom), (left, right) = tile.rows, tile.cols
    together = max(1, (bottom - top) // plan.rows)
    return (bottom - top) * (right - left) // together


def _tiles_with_copies(mapping: Mapping, copies: MappingOf[str, int]) -> int:
    return sum(len(plan.tiles) * copies[plan.name] for plan in mapping.layers)


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"
