"""The figure of one network on several read-outs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots._confidence import percent_bars
from xbar_circuit.plots.style import COLOURS, DASHED, figure, save
from xbar_circuit.studies.network.readouts import ReadoutComparison

__all__ = ["draw_readouts"]


def draw_readouts(found: ReadoutComparison, path: Path) -> None:
    """Draw accuracy, energy by component and latency, one bar a read-out."""
    names = [row.name for row in found.rows]
    place = np.arange(len(names))
    with figure(1, 3, width=11.0, height=0.5 * len(names) + 2.0, sharey=True) as (
        page,
        (left, middle, right),
    ):
        shares = [row.accuracy for row in found.rows]
        left.barh(
            place,
            100 * np.array(shares),
            color=COLOURS[0],
            xerr=percent_bars(shares, found.images),
            error_kw={"capsize": 2.0},
        )
        left.axvline(100 * found.digital_accuracy, **DASHED, label="digital accuracy")
        left.set_yticks(place, names)
        left.invert_yaxis()
        left.set_xlabel("accuracy [%]")
        left.set_title("Accuracy, 95 % intervals")
        begin = np.zeros(len(names))
        for k, component in enumerate(found.rows[0].cost.joule):
            joule = np.array([1e9 * row.cost.joule[component] for row in found.rows])
            colour = COLOURS[k % len(COLOURS)]
            middle.barh(place, joule, left=begin, label=component, color=colour)
            begin += joule
        middle.set_xlabel("energy of an inference [nJ]")
        handles, labels = middle.get_legend_handles_labels()
        digital, name = left.get_legend_handles_labels()
        page.legend(
            [*digital, *handles], [*name, *labels], fontsize=8, ncols=7, loc="outside lower center"
        )
        right.barh(place, [1e6 * row.cost.latency_second for row in found.rows], color=COLOURS[2])
        right.set_xlabel("latency [us]")
        save(page, path)
