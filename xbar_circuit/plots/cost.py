"""Figures of energy: by layer and component, and accuracy against energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.network.cost import COMPONENTS, Cost
from xbar_circuit.plots.style import COLOURS, figure, save

__all__ = ["draw_cost"]

_MOST_LAYERS = 24


def draw_cost(cost: Cost, path: Path) -> None:
    """Draw the energy of each layer by component, and the time that each layer takes."""
    layers = sorted(cost.layers, key=lambda layer: -sum(layer.joule.values()))[:_MOST_LAYERS]
    layers = [layer for layer in cost.layers if layer in layers]
    place = np.arange(len(layers))
    with figure(1, 2, width=10.0, height=3.8) as (page, (left, right)):
        bottom = np.zeros(len(layers))
        for part, colour in zip(COMPONENTS, COLOURS, strict=False):
            values = np.array([layer.joule[part] for layer in layers]) * 1e9
            left.bar(place, values, bottom=bottom, label=part, color=colour)
            bottom += values
        left.set_ylabel("energy of an image [nJ]")
        left.set_title("Energy")
        left.legend(fontsize=8)
        right.bar(place, [1e6 * layer.latency_seconds for layer in layers], color=COLOURS[0])
        right.set_ylabel("time of an image [us]")
        right.set_title("Time; the slowest layer sets the pace")
        names = [
            layer.name[-16:] + (f"\nx {layer.copies}" if layer.copies > 1 else "")
            for layer in layers
        ]
        for axes in (left, right):
            axes.set_xticks(place, names, rotation=90 if len(layers) > 8 else 0, fontsize=8)
        save(page, path)
