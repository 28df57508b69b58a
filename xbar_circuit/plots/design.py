"""The design space: accuracy against energy, one point for each design."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.design import Design

__all__ = ["draw_design"]

_MARKERS = "os^Dv<>P"


def draw_design(designs: Sequence[Design], path: Path) -> None:
    """Draw accuracy over energy: colour is the tile size, marker the converter width."""
    sizes = sorted({design.tile for design in designs})
    widths = sorted({design.bits for design in designs})
    with figure(width=8.0, height=4.6) as (page, (axes,)):
        best = 0.0
        front = []
        for design in sorted(designs, key=lambda d: (d.joule, -d.accuracy)):
            if design.accuracy > best:
                best = design.accuracy
                front.append(design)
        axes.step(
            [1e9 * design.joule for design in front],
            [100 * design.accuracy for design in front],
            where="post",
            color="#9aa7b2",
            linewidth=1.0,
            label="best so far",
        )
        for design in designs:
            axes.plot(
                1e9 * design.joule,
                100 * design.accuracy,
                _MARKERS[widths.index(design.bits) % len(_MARKERS)],
                color=COLOURS[sizes.index(design.tile) % len(COLOURS)],
                markersize=4.0 + 2.5 * np.log2(design.devices),
            )
        for k, size in enumerate(sizes):
            axes.plot([], [], "o", color=COLOURS[k % len(COLOURS)], label=f"{size} x {size}")
        for k, width in enumerate(widths):
            marker = _MARKERS[k % len(_MARKERS)]
            axes.plot([], [], marker, color="#9aa7b2", label=f"{width} bit")
        axes.set_xscale("log")
        axes.set_xlabel("energy of an image [nJ]")
        axes.set_ylabel("accuracy [%]")
        axes.set_title("Tiles, converters and devices (a larger marker has more devices a cell)")
        axes.legend(fontsize=8, ncols=2, loc="lower right")
        save(page, path)
