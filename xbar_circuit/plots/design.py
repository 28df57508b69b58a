"""The design space: a metric against energy, one point for each design."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from xbar_circuit.network.metrics import find_metric
from xbar_circuit.plots.style import COLOURS, figure, name_single, save
from xbar_circuit.studies.sweep.design import Design, best_designs

__all__ = ["draw_design"]

_LOG_SPAN = 3.0  # energies that span more are drawn logarithmically
_MARKERS = "os^Dv<>P"


def draw_design(designs: Sequence[Design], path: Path) -> None:
    """Draw the metric over energy: colour is the tile size, marker the converter width."""
    sizes = sorted({design.tile for design in designs})
    widths = sorted({design.bits for design in designs})
    metric = find_metric(designs[0].metric)
    factor = 100 if metric.unit == "%" else 1
    with figure(width=9.0, height=4.6) as (page, (axes,)):
        front = best_designs(designs)
        axes.step(
            [1e9 * design.joule for design in front],
            [factor * design.score for design in front],
            where="post",
            color="#9aa7b2",
            linewidth=1.0,
            label="nothing beats these",
        )
        for design in designs:
            ends = [design.score - design.low, design.high - design.score]
            axes.errorbar(
                1e9 * design.joule,
                factor * design.score,
                [[max(0.0, factor * end)] for end in ends],
                color="#c9d1d8",
                linewidth=0.8,
            )
            axes.plot(
                1e9 * design.joule,
                factor * design.score,
                _MARKERS[widths.index(design.bits) % len(_MARKERS)],
                color=COLOURS[sizes.index(design.tile) % len(COLOURS)],
                markersize=4.0 + 2.5 * np.log2(design.devices),
            )
        for k, size in enumerate(sizes):
            axes.plot([], [], "o", color=COLOURS[k % len(COLOURS)], label=f"{size} x {size}")
        for k, width in enumerate(widths):
            marker = _MARKERS[k % len(_MARKERS)]
            axes.plot([], [], marker, color="#9aa7b2", label=f"{width} bit")
        energies = [1e9 * design.joule for design in designs]
        if max(energies) > _LOG_SPAN * min(energies):
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        name_single(axes.xaxis, energies)
        axes.set_xlabel("energy of an image [nJ]")
        axes.set_ylabel(f"{metric.name} [{metric.unit}]" if metric.unit else metric.name)
        axes.set_title("Tiles, converters and devices (a larger marker has more devices per cell)")
        page.legend(*axes.get_legend_handles_labels(), fontsize=8, loc="outside right upper")
        save(page, path)
