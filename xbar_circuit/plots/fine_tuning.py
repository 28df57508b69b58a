"""The loss of a fine-tuning, and the accuracy of its chips compared with the untouched ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots._confidence import percent_bars
from xbar_circuit.plots.style import COLOURS, DASHED, decimal_ticks, figure, save
from xbar_circuit.studies.network.fine_tuning import FineTuning

__all__ = ["draw_fine_tuning"]


def draw_fine_tuning(study: FineTuning, path: Path) -> None:
    """Draw both; a dot is a chip, the dashed line the digital network."""
    with figure(1, 2, width=9.5, height=3.6) as (page, (left, right)):
        left.semilogy(np.arange(1, len(study.losses) + 1), study.losses, color=COLOURS[0])
        left.set_ylabel("loss [nat]")
        left.set_title("Loss of each step")
        decimal_ticks(left.yaxis)
        left.set_xlabel("step")
        for k, values in enumerate(study.accuracy.values()):
            accuracies = 100.0 * np.array(values)
            places = k + 0.08 * (np.arange(len(values)) - (len(values) - 1) / 2)
            bars = percent_bars(values, study.images)
            right.errorbar(places, accuracies, bars, fmt="o", capsize=2, color=COLOURS[k])
        right.axhline(100.0 * study.digital, **DASHED, label="digital")
        right.legend()
        right.set_xticks(range(len(study.accuracy)), [w.replace(" ", "\n") for w in study.accuracy])
        right.set_xlim(-0.5, len(study.accuracy) - 0.5)
        right.set_ylabel("accuracy [%]")
        right.set_title(f"Each chip, 95 % intervals over {study.images:,} images")
        save(page, path)
