"""The figure of a search for a placement."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.network.placement import PlacementReport

__all__ = ["draw_placement"]


def draw_placement(found: PlacementReport, path: Path) -> None:
    """Draw accuracy over energy of the placements, and energy and latency of the chosen one."""
    chosen = (
        ("all on tiles", found.analog),
        ("chosen", found.chosen),
        ("all digital", found.everything),
    )
    with figure(1, 2, width=10.5, height=3.8) as (page, (left, right)):
        single = list(found.alone.values())
        left.plot(
            [1e9 * one.cost.total_joule for one in single],
            [100 * one.accuracy for one in single],
            "o",
            color=COLOURS[5],
            label="one layer digital",
        )
        left.plot(
            [1e9 * one.cost.total_joule for one in found.path],
            [100 * one.accuracy for one in found.path],
            "o-",
            color=COLOURS[0],
            label="one layer after the other",
        )
        left.plot(
            [1e9 * found.chosen.cost.total_joule],
            [100 * found.chosen.accuracy],
            "s",
            color=COLOURS[1],
            markersize=9,
            label="chosen",
        )
        left.axhline(100 * found.wanted, color=COLOURS[6], linewidth=1.0, linestyle="--")
        left.set_xscale("log")
        left.set_xlabel("energy of an inference [nJ]")
        left.set_ylabel("accuracy [%]")
        left.set_title("Dashed: what was asked for")
        left.legend(fontsize=8)
        place = np.arange(len(chosen))
        joule = [1e9 * one.cost.total_joule for _, one in chosen]
        second = [1e6 * one.cost.latency_second for _, one in chosen]
        right.bar(place - 0.2, joule, 0.4, color=COLOURS[0], label="energy [nJ]")
        right.bar(place + 0.2, second, 0.4, color=COLOURS[2], label="latency [us]")
        right.set_yscale("log")
        right.set_xticks(place, [name for name, _ in chosen])
        right.set_title("What it costs")
        right.legend(fontsize=8)
        save(page, path)
