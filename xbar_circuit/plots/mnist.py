"""Figures of the MNIST study: over time compared with aihwkit, and over wires."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots._confidence import within_percent
from xbar_circuit.plots.style import COLOURS, DASHED, figure, save
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.studies.network.mnist import (
    AIHWKIT,
    BY_COLUMN,
    REFERENCE,
    SEGMENT_OHM,
    UNCOMPENSATED,
    Mnist,
)
from xbar_circuit.units import duration

__all__ = ["draw_ages", "draw_wires"]


def draw_ages(study: Mnist, path: Path) -> None:
    """Draw accuracy over age: the three drift compensations, and the published points."""
    with figure(1, 2, width=10.5, height=3.9) as (page, (left, right)):
        for axes in (left, right):
            curves = [
                ("global compensation", study.evaluations[REFERENCE], COLOURS[0], "o-"),
                ("by column", study.evaluations[BY_COLUMN], COLOURS[2], "s--"),
                ("none", study.evaluations[UNCOMPENSATED], COLOURS[1], "v:"),
            ]
            if REFERENCE in study.plain:
                plain = study.plain[REFERENCE]
                curves.append(("global, plain training", plain, COLOURS[3], "d-"))
            for label, found, colour, style in curves:
                axes.errorbar(
                    found.settings.seconds,
                    100 * found.mean,
                    yerr=within_percent(100 * found.mean, 100 * found.half_width),
                    fmt=style,
                    color=colour,
                    capsize=3,
                    markersize=4,
                    label=label,
                )
            axes.plot(
                list(AIHWKIT),
                [100 * value for value in AIHWKIT.values()],
                "*",
                color=COLOURS[6],
                markersize=11,
                label="aihwkit",
            )
            ages = study.evaluations[REFERENCE].settings.seconds
            axes.set_xscale("log")
            axes.set_xticks(ages, [duration(age) for age in ages])
            axes.minorticks_off()
            axes.set_xlabel("time after programming")
        kept = [v for name, e in study.rows() if UNCOMPENSATED not in name for v in e.mean]
        low = min(*kept, *AIHWKIT.values())
        right.set_ylim(100 * low - 0.25, 100 * max(kept) + 0.25)
        left.set_ylabel("accuracy [%]")
        right.set_ylabel("accuracy [%]")
        left.set_title("All")
        right.set_title("The upper end")
        left.legend(fontsize=8)
        save(page, path)


def draw_wires(study: Mnist, path: Path) -> None:
    """Draw accuracy over wire resistance, with and without wire-aware programming."""
    ages = tuple(AIHWKIT)
    with figure(1, len(ages), width=9.0, height=3.4, sharey=True) as (page, panels):
        for axes, age in zip(panels, ages, strict=True):
            for label, suffix, colour, style in (
                ("plain programming", "", COLOURS[1], "o-"),
                ("wire-aware", ", wire-aware", COLOURS[0], "s-"),
            ):
                found = [study.evaluations[f"{ohm:g} ohm{suffix}"] for ohm in SEGMENT_OHM]
                points = [study.evaluations[REFERENCE], *found]
                means = [100 * point.at(age) for point in points]
                axes.errorbar(
                    [0.0, *SEGMENT_OHM],
                    means,
                    yerr=within_percent(means, [100 * _half(point, age) for point in points]),
                    fmt=style,
                    color=colour,
                    capsize=3,
                    label=label,
                )
            digital = 100 * study.evaluations[REFERENCE].digital_accuracy
            axes.axhline(digital, **DASHED, label="digital")
            axes.set_xlabel("wire resistance of a segment [ohm]")
            axes.set_title(f"{duration(age)} after programming", fontsize=10)
        panels[0].set_ylabel("accuracy [%]")
        panels[0].legend(fontsize=8)
        save(page, path)


def _half(found: Evaluation, age: float) -> float:
    return float(np.asarray(found.half_width)[found.settings.seconds.index(age)])
