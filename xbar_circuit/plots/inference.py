"""Figures of a network on an accelerator: over time, and by imperfection."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.accelerator.budget import Budget
from xbar_circuit.plots._confidence import within_percent
from xbar_circuit.plots.style import COLOURS, DASHED, figure, name_single, save
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.units import duration

__all__ = ["draw_budget", "draw_temperature", "draw_time"]


def draw_time(evaluation: Evaluation, path: Path) -> None:
    """Draw the first metric over the age of the chip, with its confidence intervals.

    The bars are over the samples of one chip, or over the chips where there are several.
    """
    times = np.array(evaluation.settings.seconds)
    shown = np.maximum(times, 1.0)
    scores, label = evaluation.main, _label(evaluation)
    factor = 100.0 if scores.metric.unit == "%" else 1.0
    chips = len(scores.value)
    with figure(width=7.0, height=3.6) as (page, (axes,)):
        for row in scores.value:
            axes.plot(shown, factor * row, ".", color=COLOURS[5], markersize=5)
        reach = np.stack([scores.half_width] * 2)
        if chips == 1:
            reach = np.abs(scores.over_samples.T - scores.mean)
        bars = factor * np.nan_to_num(reach, posinf=0.0, neginf=0.0)
        if scores.metric.unit == "%":
            bars = within_percent(factor * scores.mean, bars)
        axes.errorbar(
            shown, factor * scores.mean, yerr=bars, fmt="o-", capsize=4, label="on the accelerator"
        )
        title = (
            "One chip, 95 % interval over the samples"
            if chips == 1
            else (f"Mean of {chips} chips, 95 % interval over the chips")
        )
        if scores.metric.name != "snr":  # the digital run against itself is no line
            axes.axhline(factor * scores.digital.value, **DASHED, label="digital")
        axes.set_xlabel("time after programming")
        if len(times) > 1:
            axes.set_xscale("log")
            axes.set_xlabel("time after programming [s]")
        else:  # one age is a category, no axis of numbers
            axes.set_xticks(shown, [duration(float(times[0]))])
            axes.set_xlim(0.0, 2.0 * shown[0])
        axes.set_ylabel(label)
        axes.set_title(title)
        axes.legend()
        save(page, path)


def _label(evaluation: Evaluation) -> str:
    metric = evaluation.main.metric
    return f"{metric.name} [{metric.unit}]" if metric.unit else metric.name


def draw_temperature(evaluation: Evaluation, path: Path) -> None:
    """Draw the first metric over the arrays' temperature, programmed at the statistics' own."""
    degrees = sorted(evaluation.by_celsius)
    scores = evaluation.main
    factor = 100.0 if scores.metric.unit == "%" else 1.0
    with figure(width=7.0, height=3.6) as (page, (axes,)):
        for k, (colour, label) in enumerate(
            ((COLOURS[1], "no compensation"), (COLOURS[0], "one factor per tile"))
        ):
            found = [evaluation.by_celsius[degree][k] for degree in degrees]
            values = factor * np.array([one.value for one in found])
            ends = factor * np.array([(one.low, one.high) for one in found]).T
            bars = np.nan_to_num(np.abs(ends - values), posinf=0.0)
            axes.errorbar(degrees, values, bars, fmt="o-", capsize=3, color=colour, label=label)
        if scores.metric.name != "snr":
            axes.axhline(factor * scores.digital.value, **DASHED, label="digital")
        name_single(axes.xaxis, degrees)
        axes.set_xlabel("temperature of the arrays [degree Celsius]")
        axes.set_ylabel(_label(evaluation))
        axes.set_title("Programmed once, read at others; 95 % intervals over samples")
        axes.legend()
        save(page, path)


def draw_budget(budget: Budget, path: Path) -> None:
    """Draw the signal-to-error ratio of each layer and the accuracy for each imperfection."""
    with figure(1, 2, width=10.5, height=0.42 * len(budget.effects) + 1.6, sharey=True) as (
        page,
        (left, right),
    ):
        place = np.arange(len(budget.effects))
        shown = np.clip(budget.ratio_db, 0.0, 80.0)
        picture = left.imshow(shown, aspect="auto", cmap="cividis", vmin=0.0, vmax=60.0)
        page.colorbar(picture, ax=left, label="signal to error [dB]")
        left.grid(visible=False)
        many = len(budget.layers) > 8
        left.set_xticks(
            np.arange(len(budget.layers)), budget.layers, rotation=90 if many else 0, fontsize=8
        )
        left.set_yticks(place, budget.effects)
        if not many:
            for (row, column), value in np.ndenumerate(budget.ratio_db):
                left.text(
                    column,
                    row,
                    f"{value:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="black" if value > 35.0 else "white",  # legible on its shade
                )
        left.set_title("Signal to error of each layer")
        left.set_xlabel("layer")
        loss, low, high = 100 * np.nan_to_num(budget.change.T)
        right.barh(
            place,
            loss,
            xerr=np.abs([low - loss, high - loss]),
            color=np.where(loss < 0.0, COLOURS[1], COLOURS[0]).tolist(),
            error_kw={"elinewidth": 1.0, "capsize": 2.0},
        )
        right.plot(loss, place, "o", color=COLOURS[6], markersize=3)  # a change of 0 is no bar
        right.axvline(0.0, color=COLOURS[6], linewidth=0.8)
        right.set_title(f"Accuracy, 95 % intervals over {budget.samples:,} samples")
        right.set_xlabel("change of accuracy [points]")
        save(page, path)
