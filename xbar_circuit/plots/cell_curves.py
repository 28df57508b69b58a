"""The figure of published cells: current over voltage, state by state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.device.cell_curves import CellCurves

__all__ = ["draw_cell_curves"]


def draw_cell_curves(curves: Sequence[CellCurves], path: Path) -> None:
    """Draw one panel a cell: lines are the fast engine's, dots are ngspice's."""
    columns = min(2, len(curves))
    rows = -(-len(curves) // columns)
    with figure(rows, columns, width=6.2 * columns, height=3.6 * rows) as (page, axes):
        panels = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        for panel, one in zip(panels, curves, strict=False):
            for k, state in enumerate(one.states):
                colour = COLOURS[k % len(COLOURS)]
                size, dots = (
                    np.where(one.volts == 0.0, np.nan, np.abs(part[:, k]))
                    for part in (one.currents, one.spice_currents)
                )
                panel.semilogy(one.volts, size, color=colour, label=f"{state:.3g}")
                panel.semilogy(one.volts, dots, ".", color=colour)
            gate = not one.preset.cell.loads_row
            panel.set_xlabel("gate voltage [V]" if gate else "voltage of the cell [V]")
            panel.set_ylabel("magnitude of the current [A]")
            panel.set_title(one.preset.name)
            panel.legend(
                title=one.preset.state,
                fontsize=8,
                title_fontsize=8,
                loc="center left",
                bbox_to_anchor=(1.0, 0.5),
            )
        for panel in panels[len(curves) :]:
            panel.set_visible(False)
        save(page, path)
