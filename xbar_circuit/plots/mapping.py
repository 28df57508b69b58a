"""Where a network's weights are: all tiles as a floor plan, and the conductances of the first."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf
from pathlib import Path

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch, Rectangle

from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.plots.style import COLOURS, figure, save

__all__ = ["draw_floorplan", "draw_tiles"]

_MOST_TILES = 42
_MOST_NAMES = 24
_SMALLEST_LETTERS = 5.0  # a floor plan of more tiles has its colours only
_EDGE = "#9aa7b2"


def draw_floorplan(mapping: Mapping, path: Path, copies: MappingOf[str, int]) -> None:
    """Draw every tile to scale: its used part in the colour of its layer, copies pale."""
    a = mapping.accelerator
    places = [
        (k, plan.accelerator, tile.shape, copy)
        for k, plan in enumerate(mapping.layers)
        for copy in range(copies[plan.name])
        for tile in plan.tiles
    ]
    columns = math.ceil(math.sqrt(2.2 * len(places)))
    lines = -(-len(places) // columns)
    frames, used, colours = [], [], []
    for place, (layer, own, (rows, cols), copy) in enumerate(places):
        x, y = 1.15 * (place % columns), -1.15 * (place // columns)
        frames.append(Rectangle((x, y), 1.0, 1.0))
        used.append(Rectangle((x, y), cols / own.cols, rows / own.rows))
        colours.append(to_rgba(COLOURS[layer % 6], 0.35 if copy else 1.0))
    many = len(mapping.layers) > _MOST_NAMES
    names = 0.0 if many else 0.3 + 0.2 * math.ceil(len(mapping.layers) / 6)
    height = min(12.0, 10.0 * lines / columns + 0.4 + names)
    with figure(width=10.0, height=max(2.2, height)) as (page, (axes,)):
        axes.set_axis_off()
        axes.add_collection(PatchCollection(used, facecolors=colours, edgecolors="none"))
        axes.add_collection(
            PatchCollection(frames, facecolors="none", edgecolors=_EDGE, linewidths=0.6)
        )
        axes.set_xlim(-0.1, 1.15 * columns)
        axes.set_ylim(-1.15 * (lines - 1) - 0.1, 1.1)
        axes.set_aspect("equal")
        size = min(9.0, 130.0 / columns)
        if size >= _SMALLEST_LETTERS:
            for place, (layer, _, (rows, cols), copy) in enumerate(places):
                name = mapping.layers[layer].name[-14:] + (f", copy {copy + 1}" if copy else "")
                axes.text(
                    1.15 * (place % columns) + 0.04,
                    -1.15 * (place // columns) + 0.96,
                    f"{place}: {name}\n{rows} x {cols}",
                    fontsize=size,
                    va="top",
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
                )
        handles = [
            Patch(color=COLOURS[k % 6], label=plan.name[-22:])
            for k, plan in enumerate(mapping.layers)
        ]
        if not many:
            page.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=8)
        total = f"{len(places)} tiles of {a.rows} x {a.cols}"
        axes.set_title(f"{total}, layer by layer; {100 * mapping.utilisation:.0f} % of cells used")
        save(page, path)


def draw_tiles(mapping: Mapping, path: Path) -> None:
    """Draw the conductances of the first tiles; what is blank is not used."""
    a = mapping.accelerator
    every = [(plan.name, tile) for plan in mapping.layers for tile in plan.tiles]
    tiles = every[:_MOST_TILES]
    columns = min(len(tiles), 7)
    lines = -(-len(tiles) // columns)
    rows, cols = (
        max((getattr(plan.accelerator, side) for plan in mapping.layers), default=getattr(a, side))
        for side in ("rows", "cols")
    )
    step = max(1, max(rows, cols) // 128)
    with figure(lines, columns, width=10.0, height=1.75 * lines + 0.5) as (page, panels):
        for axes in panels:
            axes.set_axis_off()
        picture = None
        for axes, (name, tile) in zip(panels, tiles, strict=False):
            canvas = np.full((rows, cols), np.nan)
            height, width = tile.shape
            canvas[rows - height :, :width] = tile.target
            axes.set_axis_on()
            axes.grid(visible=False)
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set_visible(True)
                spine.set_color(_EDGE)
            picture = axes.imshow(
                1e6 * canvas[::-step][::-1, ::step],
                cmap="viridis",
                vmin=0.0,
                vmax=1e6 * a.synapse.g_max_siemens,
                interpolation="nearest",
                aspect="auto",
            )
            (top, bottom), (left, right) = tile.rows, tile.cols
            axes.set_title(name[-15:], fontsize=9, fontweight="normal")
            axes.set_ylabel(f"in {top}-{bottom - 1}", fontsize=8)
            axes.set_xlabel(f"out {left}-{right - 1}", fontsize=8)
        if picture is not None:
            page.colorbar(picture, ax=panels, label="conductance [uS]", shrink=0.9, aspect=30)
        if len(every) > len(tiles):
            page.suptitle(f"The first {len(tiles)} of {len(every)} tiles", fontsize=10)
        save(page, path)
