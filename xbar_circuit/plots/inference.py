"""Figures of a network on an accelerator: over time, and by imperfection."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.accelerator.budget import Budget
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.network.inference import Evaluation

__all__ = ["draw_budget", "draw_temperature", "draw_time"]


def draw_time(evaluation: Evaluation, path: Path) -> None:
    """Draw accuracy over the age of the chip, with its confidence interval."""
    times = np.array(evaluation.settings.seconds)
    shown = np.maximum(times, 1.0)
    with figure(width=7.0, height=3.6) as (page, (axes,)):
        for row in evaluation.accuracy:
            axes.plot(shown, 100 * row, ".", color=COLOURS[5], markersize=5)
        axes.errorbar(
            shown, 100 * evaluation.mean, yerr=100 * evaluation.half_width, fmt="o-", capsize=4
        )
        axes.axhline(
            100 * evaluation.digital_accuracy, color=COLOURS[6], linewidth=1.0, linestyle="--"
        )
        if len(times) > 1:
            axes.set_xscale("log")
        axes.set_xlabel("time after programming [s]")
        axes.set_ylabel("accuracy [%]")
        chips = len(evaluation.accuracy)
        words = "One chip" if chips == 1 else f"{chips} chips, mean and 95 % interval"
        axes.set_title(f"{words}; dashed: digital")
        save(page, path)


def draw_temperature(evaluation: Evaluation, path: Path) -> None:
    """Draw accuracy over the temperature of the arrays, programmed at the statistics' own."""
    degrees = sorted(evaluation.by_celsius)
    with figure(width=7.0, height=3.6) as (page, (axes,)):
        for k, (colour, label) in enumerate(
            ((COLOURS[1], "no compensation"), (COLOURS[0], "one factor a tile"))
        ):
            values = [100 * evaluation.by_celsius[degree][k] for degree in degrees]
            axes.plot(degrees, values, "o-", color=colour, label=label)
        axes.axhline(
            100 * evaluation.digital_accuracy, color=COLOURS[6], linewidth=1.0, linestyle="--"
        )
        axes.set_xlabel("temperature of the arrays [degree Celsius]")
        axes.set_ylabel("accuracy [%]")
        axes.set_title("Programmed once, read at other temperatures; dashed: digital")
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
        picture = left.imshow(shown, aspect="auto", cmap="RdYlGn", vmin=0.0, vmax=60.0)
        page.colorbar(picture, ax=left, label="dB")
        left.grid(visible=False)
        many = len(budget.layers) > 8
        left.set_xticks(
            np.arange(len(budget.layers)), budget.layers, rotation=90 if many else 0, fontsize=8
        )
        left.set_yticks(place, budget.effects)
        if not many:
            for (row, column), value in np.ndenumerate(budget.ratio_db):
                left.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8)
        left.set_title("Signal to error of each layer")
        loss = 100 * (budget.accuracy - budget.digital_accuracy)
        right.barh(place, loss, color=np.where(loss < 0.0, COLOURS[1], COLOURS[2]).tolist())
        right.set_title("Accuracy")
        right.set_xlabel("change of accuracy [points]")
        save(page, path)
