"""How every figure looks, and how it is written.

Figures are made without any global state of matplotlib: no pyplot, no backend, no rcParams that
outlive the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xbar_circuit._files import replacing

__all__ = ["COLOURS", "figure", "save"]

#: Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), in order of use.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=list(COLOURS)),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.color": "#d9e0e6",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


@contextmanager
def figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 4.0, **options: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a figure and its axes, row by row, in the project's style.

    Parameters
    ----------
    rows, columns
        Panels.
    width, height
        Size [inch].
    options
        Passed to ``Figure.subplots``, such as ``sharex=True``.

    >>> with figure(1, 2) as (page, (left, right)):
    ...     _ = left.plot([0, 1], [0, 1])
    """
    with mpl.rc_context(_STYLE):
        page = Figure(figsize=(width, height))
        grid = page.subplots(rows, columns, squeeze=False, **options)
        yield page, list(grid.ravel())


def save(page: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        page.savefig(temporary, format="png", dpi=150)
