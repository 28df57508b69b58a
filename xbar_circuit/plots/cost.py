"""Figures of an inference's cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.accelerator._layer_cost import COMPONENTS
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.architecture import PUBLISHED
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.units import engineering

__all__ = ["draw_chips", "draw_cost"]

_MOST_LAYERS = 24


def draw_cost(cost: Cost, path: Path) -> None:
    """Draw the energy of the dearest layers by component, and the time of their stages."""
    dearest = sorted(cost.layers, key=lambda layer: -sum(layer.joule.values()))[:_MOST_LAYERS]
    layers = [layer for layer in cost.layers if layer in dearest]
    names = [
        layer.load.name + (f" (x {layer.replicas})" if layer.replicas > 1 else "")
        for layer in layers
    ]
    place = np.arange(len(layers))
    height = 2.0 + 0.32 * len(layers)
    with figure(1, 2, width=10.0, height=height, sharey=True, width_ratios=[2, 1]) as (page, axes):
        left, right = axes
        start = np.zeros(len(layers))
        for colour, component in zip(COLOURS, COMPONENTS, strict=False):
            values = np.array([1e9 * layer.joule[component] for layer in layers])
            left.barh(place, values, left=start, color=colour, label=component)
            start += values
        left.set_yticks(place, names)
        left.set_ylabel("layer")
        left.invert_yaxis()
        left.set_xlim(left=0.0)
        left.set_xlabel("energy of an inference [nJ]")
        left.set_title(f"{engineering(cost.total_joule, 'J')} in all")
        right.barh(place, [1e6 * layer.second for layer in layers], color=COLOURS[0])
        right.set_xlabel("time of the stage [us]")
        page.legend(
            *left.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=7
        )
        right.set_title(f"{engineering(cost.latency_second, 's')} latency")
        save(page, path)


def draw_chips(cost: Cost, path: Path) -> None:
    """Draw efficiency compared with published chips."""
    rows = [(chip.name, chip.tops_per_watt, COLOURS[5]) for chip in PUBLISHED if chip.tops_per_watt]
    rows.append(("one full tile, this model", cost.full_tile["tops_per_watt"], COLOURS[0]))
    rows.append(("this inference", cost.tops_per_watt, COLOURS[1]))
    place = np.arange(len(rows))
    with figure(width=7.5, height=3.2) as (page, (axes,)):
        values = [value for _, value, _ in rows]
        bars = axes.barh(place, values, color=[colour for _, _, colour in rows])
        axes.bar_label(bars, [f"{value:.3g}" for value in values], padding=3, fontsize=9)
        axes.set_yticks(place, [name for name, _, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel("efficiency [TOPS/W], two operations for a multiply-accumulate")
        axes.set_title("Compared with published chips")
        axes.margins(x=0.12)
        save(page, path)
