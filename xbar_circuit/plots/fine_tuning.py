"""The loss of a fine-tuning, and the accuracy of its chips beside the untouched ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.network.fine_tuning import FineTuning

__all__ = ["draw_fine_tuning"]


def draw_fine_tuning(study: FineTuning, path: Path) -> None:
    """Draw both; a dot is a chip, the dashed line the digital network."""
    with figure(1, 2, width=9.5, height=3.6) as (page, (left, right)):
        left.semilogy(np.arange(1, len(study.losses) + 1), study.losses, color=COLOURS[0])
        left.set_title("Loss of each step [nat]")
        left.set_xlabel("step")
        for k, (way, values) in enumerate(study.accuracy.items()):
            accuracies = 100.0 * np.array(values)
            right.plot(np.full(len(values), k), accuracies, "o", color=COLOURS[k], label=way)
        right.axhline(100.0 * study.digital, color=COLOURS[6], linestyle="--", linewidth=1.0)
        right.set_xticks(range(len(study.accuracy)), [w.replace(" ", "\n") for w in study.accuracy])
        right.set_xlim(-0.5, len(study.accuracy) - 0.5)
        right.set_title("Accuracy [%]; dashed: digital")
        save(page, path)
