"""Bits per character over the age of the chip, and the energy of a character by component."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.accelerator._layer_cost import COMPONENTS
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.network.language import LanguageStudy

__all__ = ["draw_language"]

_MARKS = ("o-", "s--", "^:")


def draw_language(study: LanguageStudy, path: Path) -> None:
    """Draw both; dashed lines are the digital networks."""
    with figure(1, 2, width=11.0, height=4.2) as (page, (left, right)):
        ages = list(dict.fromkeys(point.age for point in study.points))
        placements = list(dict.fromkeys(point.placement for point in study.points))
        for k, (network, digital) in enumerate(study.digital.items()):
            colour = COLOURS[k]
            left.axhline(
                digital.value,
                color=colour,
                linestyle="-.",
                linewidth=1.0,
                label=f"{network.replace('_', '-')}, digital",
            )
            for mark, placement in zip(_MARKS, placements, strict=False):
                found = [study.point(network, placement, age).bits for age in ages]
                bits = [one.value for one in found]
                ends = np.array([(one.value - one.low, one.high - one.value) for one in found])
                bars = np.nan_to_num(ends).clip(min=0.0).T
                words = f"{network.replace('_', '-')}, {placement}"
                left.errorbar(
                    range(len(ages)),
                    bits,
                    bars,
                    fmt=mark,
                    color=colour,
                    label=words,
                    markersize=4,
                    capsize=2,
                )
        left.set_xticks(range(len(ages)), ages)
        left.set_ylabel("entropy per character [bit]")
        left.set_title("Bits per character, 95 % intervals")
        left.set_xlabel("time after programming")
        left.legend(fontsize=7, loc="upper left")
        bottom = np.zeros(len(study.costs))
        for colour, component in zip(COLOURS, COMPONENTS, strict=False):
            joules = np.array([1e6 * cost.joule[component] for cost in study.costs.values()])
            right.barh(
                range(len(joules)), joules, left=bottom.tolist(), color=colour, label=component
            )
            bottom += joules
        right.set_yticks(range(len(study.costs)), [p.replace(" ", "\n", 1) for p in study.costs])
        right.invert_yaxis()
        right.grid(visible=False, axis="y")
        right.set_xlabel("energy per character [uJ]")
        right.set_title("Energy by component")
        right.legend(fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16))
        save(page, path)
