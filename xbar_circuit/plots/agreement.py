"""Pictures of how far the two engines are apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.agreement import ReadOutcome
from xbar_circuit.plots.style import COLOURS, figure, save

__all__ = ["agreement_figure"]

_FLOOR = 1e-17  # what is drawn for a difference of exactly 0


def agreement_figure(outcomes: Sequence[ReadOutcome], path: Path) -> None:
    """Draw differences against tolerance, and time against size, as one PNG.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(1, 2, width=10.0, height=4.2) as (page, (left, right)):
        for colour, device in zip(
            COLOURS, sorted({outcome.case.device for outcome in outcomes}), strict=False
        ):
            chosen = [outcome for outcome in outcomes if outcome.case.device == device]
            cells = [outcome.case.crossbar.conductance.size for outcome in chosen]
            current = [outcome.difference.column_current for outcome in chosen]
            voltage = [outcome.difference.node_voltage for outcome in chosen]
            left.scatter(
                cells, np.maximum(current, _FLOOR), color=colour, s=22, label=f"{device}, currents"
            )
            left.scatter(
                cells,
                np.maximum(voltage, _FLOOR),
                color=colour,
                s=22,
                marker="x",
                label=f"{device}, voltages",
            )
            left.axhline(chosen[0].case.tolerance, color=colour, linestyle="--", linewidth=1)
            right.scatter(
                cells,
                [outcome.spice_second / outcome.nodal_second for outcome in chosen],
                color=colour,
                s=22,
                label=device,
            )
        left.set(
            xscale="log",
            yscale="log",
            xlabel="devices in the array",
            ylabel="worst relative difference",
            title="Nodal engine against ngspice (tolerance dashed)",
        )
        below: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
        left.legend(ncols=4, fontsize=8, columnspacing=1.0, handletextpad=0.2, **below)
        right.set(
            xscale="log",
            yscale="log",
            xlabel="devices in the array",
            ylabel="time of ngspice / of the nodal engine",
            title="The same reads, timed in one process",
        )
        right.axhline(1.0, color="black", linewidth=0.8)
        right.legend(ncols=4, fontsize=8, **below)
        save(page, path)
