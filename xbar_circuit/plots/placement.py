"""The figure of a search for a placement."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots._confidence import percent_bars
from xbar_circuit.plots.style import COLOURS, DASHED, decimal_ticks, figure, name_single, save
from xbar_circuit.studies.network.placement import PlacementReport

__all__ = ["draw_placement"]


def draw_placement(found: PlacementReport, path: Path) -> None:
    """Draw accuracy over energy of the placements, and energy and latency of the chosen one."""
    chosen = (
        ("all on tiles", found.analog),
        ("chosen", found.chosen),
        ("all digital", found.everything),
    )
    with figure(1, 3, width=12.5, height=3.8, width_ratios=[2, 1, 1]) as (page, axes):
        left, energy, latency = axes
        single = list(found.alone.values())
        left.errorbar(
            [1e9 * one.cost.total_joule for one in single],
            [100 * one.accuracy for one in single],
            percent_bars((one.accuracy for one in single), found.images),
            fmt="o",
            capsize=2,
            elinewidth=0.8,
            color=COLOURS[5],
            label="one layer digital",
        )
        steps = len(found.path) > 1
        left.plot(
            [1e9 * one.cost.total_joule for one in found.path],
            [100 * one.accuracy for one in found.path],
            "o-",
            color=COLOURS[0],
            label="one more layer digital at each step" if steps else "all layers on tiles",
        )
        left.plot(
            [1e9 * found.chosen.cost.total_joule],
            [100 * found.chosen.accuracy],
            "s",
            color=COLOURS[1],
            markersize=9,
            label="chosen",
        )
        left.axhline(100 * found.wanted, **DASHED, label="required")
        left.set_xscale("log")
        decimal_ticks(left.xaxis)
        placed = (*single, *found.path, found.chosen)
        name_single(left.xaxis, (1e9 * one.cost.total_joule for one in placed))
        left.set_xlabel("energy of an inference [nJ]")
        left.set_ylabel("accuracy [%]")
        left.set_title(f"Placements, 95 % intervals over {found.images:,} images")
        left.legend(fontsize=8)
        place = np.arange(len(chosen))
        joule = [1e9 * one.cost.total_joule for _, one in chosen]
        second = [1e6 * one.cost.latency_second for _, one in chosen]
        for panel, values, label, colour in (
            (energy, joule, "energy of an inference [nJ]", COLOURS[0]),
            (latency, second, "latency of an inference [us]", COLOURS[2]),
        ):
            panel.bar(place, values, 0.7, color=colour)
            panel.set_xticks(place, [name.replace(" ", "\n", 1) for name, _ in chosen])
            panel.set_ylabel(label)
        energy.set_title("Energy")
        latency.set_title("Latency")
        save(page, path)
