"""Times of the engines over the size of the array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xbar_circuit.plots.style import figure, save
from xbar_circuit.studies.array.speed import EngineTiming

__all__ = ["speed_figure"]


def speed_figure(timings: Sequence[EngineTiming], path: Path) -> None:
    """Draw time over size, one panel for one input and one for the transfer matrix."""
    with figure(1, 2, width=9.0, height=4.0, sharey=True) as (page, axes):
        for panel, task in zip(axes, ("one input", "transfer"), strict=True):
            own = [timing for timing in timings if timing.task == task]
            for method in dict.fromkeys(timing.method for timing in own):
                line = [timing for timing in own if timing.method == method]
                panel.loglog(
                    [timing.size for timing in line],
                    [timing.second for timing in line],
                    marker="o",
                    label=method,
                )
            panel.set_title(
                {"one input": "One input, all node voltages"}.get(task, "Transfer matrix")
            )
            panel.set_xlabel("rows and columns of the array")
            sizes = sorted({timing.size for timing in timings})
            panel.set_xticks(sizes, [str(size) for size in sizes])
            panel.minorticks_off()
            panel.legend()
        axes[0].set_ylabel("time [s]")
        save(page, path)
