"""Figures of the IR drop study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import NullLocator, ScalarFormatter

from xbar_circuit.plots.style import COLOURS, decimal_ticks, figure, save, whole_ticks
from xbar_circuit.studies.array.ir_drop import IrDropReport

__all__ = ["draw_ir_drop", "draw_ir_drop_map"]

_AXES = (
    ("size", "rows and columns", True),
    ("segment_ohm", "wire resistance per segment [ohm]", True),
    ("read_volt", "read voltage [V]", False),
)


def draw_ir_drop(report: IrDropReport, path: Path) -> Path:
    """Draw rms and worst error over size, wire resistance and read voltage; return `path`.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    cells = list(dict.fromkeys(point.cell for point in report.points))
    swept = [one for one in _AXES if len({getattr(p, one[0]) for p in report.points}) > 1]
    shown = swept or list(_AXES[:1])
    width = 11.0 if len(shown) == len(_AXES) else 1.5 + 4.0 * len(shown)
    with figure(1, len(shown), width=width, height=4.2, sharey=True) as (page, axes):
        for ax, (over, label, logarithmic) in zip(axes, shown, strict=True):
            for k, cell in enumerate(cells):
                points = [p for p in report.sweep(cell, over) if p.worst > 0.0]
                x = [getattr(point, over) for point in points]
                (line,) = ax.plot(
                    x,
                    [100.0 * p.rms for p in points],
                    "os^Dv"[k % 5] + "-",
                    markersize=7 - min(k, 4),
                    linewidth=max(4.0 - 1.2 * k, 1.0),  # where curves agree, both are seen
                    alpha=0.85,
                    label=cell,
                )
                ax.plot(x, [100.0 * p.worst for p in points], ":", color=line.get_color())
            if logarithmic:
                ax.set_xscale("log")
            ax.set_yscale("log")
            decimal_ticks(ax.yaxis)
            ticks = sorted({getattr(p, over) for c in cells for p in report.sweep(c, over)})
            ax.set_xticks([tick for tick in ticks if tick > 0.0 or not logarithmic])
            ax.xaxis.set_major_formatter(ScalarFormatter())
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xlabel(label)
        axes[0].set_ylabel("error of an output [% of full scale]")
        axes[0].legend(title="solid: rms, dotted: worst")
        size, ohm, volt = report.base
        page.suptitle(f"IR drop around {size} x {size}, {ohm:g} ohm, {volt:g} V")
        save(page, path)
    return path


def draw_ir_drop_map(report: IrDropReport, path: Path) -> Path:
    """Draw, cell by cell, the voltage that each cross-point loses and each bit line's error.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    count = len(report.maps)
    with figure(count, 2, width=10.5, height=3.6 * count) as (page, axes):
        # the label of the colour bar keeps clear of the next panel
        page.set_layout_engine("constrained", wspace=0.08)
        for k, (cell, found) in enumerate(report.maps.items()):
            losses, errors = axes[2 * k], axes[2 * k + 1]
            picture = losses.imshow(
                1e3 * found.loss_volt, aspect="auto", cmap="viridis", interpolation="nearest"
            )
            page.colorbar(picture, ax=losses, label="voltage lost on the wires [mV]")
            losses.grid(visible=False)
            whole_ticks(losses.xaxis, losses.yaxis)
            whole_ticks(errors.xaxis)
            losses.set(title=cell, xlabel="bit line (column)", ylabel="word line (row)")
            columns = np.arange(found.column_error.size)
            errors.bar(columns, 100.0 * found.column_error, width=0.8, color=COLOURS[0])
            errors.set(
                title="Current of each bit line",
                xlabel="bit line (column)",
                ylabel="rms error [% of full scale]",
            )
        size, ohm, volt = report.base
        page.suptitle(f"{size} x {size} array, {ohm:g} ohm per segment, {volt:g} V, mean of inputs")
        save(page, path)
    return path
