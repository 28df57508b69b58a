"""Figure of a write: what every cell of the array sees, and what it does to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.plots.style import figure, save, whole_ticks
from xbar_circuit.studies.array.half_select import HalfSelect

__all__ = ["draw_write"]


def draw_write(found: HalfSelect, path: Path) -> Path:
    """Draw maps of peak voltage, peak current, and change of conductance; return `path`.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    change = found.after / np.where(found.before > 0.0, found.before, np.nan) - 1.0
    reach = max(float(np.nanmax(np.abs(found.disturb), initial=0.0)), 1e-3)
    maps: tuple[tuple[str, Any, str, dict[str, Any]], ...] = (
        ("Voltage", found.peak_volt, "peak voltage [V]", {"cmap": "viridis"}),
        ("Current", 1e6 * found.peak_ampere, "peak current [uA]", {"cmap": "viridis"}),
        (
            "Disturb",
            100.0 * change,
            "change of conductance [%]",
            {"cmap": "RdBu", "vmin": -100.0 * reach, "vmax": 100.0 * reach},
        ),
    )
    with figure(1, 3, width=13.0, height=4.2) as (page, axes):
        for ax, (title, values, label, look) in zip(axes, maps, strict=True):
            picture = ax.imshow(values, aspect="auto", interpolation="nearest", **look)
            page.colorbar(picture, ax=ax, label=label)
            ax.grid(visible=False)
            whole_ticks(ax.xaxis, ax.yaxis)
            row, column = found.selected
            ax.plot(column, row, "ks", markerfacecolor="none", markersize=9)
            ax.set(title=title, xlabel="bit line (column)", ylabel="word line (row)")
        rows, cols = found.before.shape
        page.suptitle(f"Write of one cell (square) of {rows} x {cols}")
        save(page, path)
    return path
