"""What wire-aware programming recovers, over wire resistance."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.network.intervals import half_width
from xbar_circuit.plots._confidence import percent_bars, within_percent
from xbar_circuit.plots.style import COLOURS, DASHED, figure, save
from xbar_circuit.studies.network.recovery import Recovery

__all__ = ["draw_recovery"]


def draw_recovery(recovery: Recovery, path: Path) -> None:
    """Draw accuracy, error of the weights, and remaining signal; 0 ohm is at the left.

    A single resistance is no axis: its numbers are bars, one for each way of programming.
    """
    if len(recovery.points) == 1:
        _draw_one(recovery, path)
        return
    ohms = np.array([point.ohm for point in recovery.points])
    positive = ohms[ohms > 0.0]
    least = positive.min() if positive.size else 1.0
    shown = np.where(ohms > 0.0, ohms, least / 3.0)

    def column(name: str) -> np.ndarray:
        return np.array([getattr(point, name) for point in recovery.points])

    with figure(1, 3, width=12.5, height=3.7, sharex=True) as (page, (left, middle, right)):
        for name, label, colour in (
            ("mapped", "as mapped", COLOURS[1]),
            ("aware", "wire-aware", COLOURS[0]),
        ):
            mean, bars = 100 * column(name), _bars(recovery, name)
            left.errorbar(shown, mean, bars, fmt="o-", capsize=3, color=colour, label=label)
            wired = ohms > 0.0  # without wires there is no error to draw
            error = column(f"error_{name}")[wired]
            middle.plot(shown[wired], error, "o-", color=colour, label=label)
        left.axhline(100 * recovery.digital_accuracy, **DASHED, label="digital")
        left.set_ylabel("accuracy [%]")
        left.set_title(_title(recovery))
        left.legend(loc="lower left")
        middle.set_yscale("log")
        middle.margins(y=0.25)
        middle.legend(loc="best")
        middle.set_ylabel("relative error of the weights [1]")
        middle.set_title("Error of the weights")
        right.plot(shown, column("signal"), "o-", color=COLOURS[0], label="mean column")
        right.plot(shown, column("least_signal"), "o:", color=COLOURS[0], label="weakest column")
        right.set_ylim(0.0, 1.05)
        right.set_ylabel("scale of a column's signal [1]")
        right.set_title("Signal kept by wire-aware programming")
        right.legend(loc="lower left")
        for axes in (left, middle, right):
            axes.set_xscale("log")
            axes.set_xlabel("resistance of a wire segment [ohm]")
            axes.set_xticks(shown, [f"{ohm:g}" for ohm in ohms])
            axes.minorticks_off()
        wired = ohms > 0.0
        middle.set_xticks(shown[wired], [f"{ohm:g}" for ohm in ohms[wired]])
        save(page, path)


def _bars(recovery: Recovery, name: str) -> FloatArray:
    """Return bars in percent (2, points): over the chips, or over the images of one chip."""
    chips = np.array([getattr(point, f"{name}_by_chip") for point in recovery.points])
    mean = chips.mean(axis=1)
    if chips.shape[1] == 1:
        return percent_bars(mean, recovery.images)
    return within_percent(100 * mean, 100 * half_width(chips.T))


def _title(recovery: Recovery) -> str:
    chips = len(recovery.points[0].mapped_by_chip)
    over = f"{recovery.images:,} images" if chips == 1 else f"{chips} chips"
    return f"Accuracy, 95 % intervals over {over}"


def _draw_one(recovery: Recovery, path: Path) -> None:
    """Draw one resistance: two bars a panel."""
    (point,) = recovery.points
    both = ["as mapped", "wire-aware"]
    with figure(1, 3, width=10.5, height=3.6) as (page, (left, middle, right)):
        left.bar(
            both,
            [100 * point.mapped, 100 * point.aware],
            yerr=np.hstack([_bars(recovery, name) for name in ("mapped", "aware")]),
            capsize=3,
            width=0.6,
            color=[COLOURS[1], COLOURS[0]],
        )
        left.axhline(100 * recovery.digital_accuracy, **DASHED, label="digital")
        left.set_ylabel("accuracy [%]")
        left.set_title(_title(recovery), fontsize=9)
        left.legend(loc="lower left")
        errors = [point.error_mapped, point.error_aware]
        bars = middle.bar(both, errors, width=0.6, color=[COLOURS[1], COLOURS[0]])
        middle.bar_label(bars, fmt="%.2g", padding=2)
        middle.set_ylabel("relative error of the weights [1]")
        middle.set_title("Error of the weights")
        columns = ["mean column", "weakest column"]
        right.bar(columns, [point.signal, point.least_signal], width=0.6, color=COLOURS[0])
        right.set_ylim(0.0, 1.05)
        right.set_ylabel("scale of a column's signal [1]")
        right.set_title("Signal kept")
        for axes in (left, middle, right):
            axes.grid(visible=False, axis="x")
        page.suptitle(f"Wire-aware programming at {point.ohm:g} ohm per segment")
        save(page, path)
