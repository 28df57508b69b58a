"""Bars that say how sure a share is that was counted over samples."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit._checks import FloatArray
from xbar_circuit.network.intervals import share_ends

__all__ = ["percent_bars", "within_percent"]


def percent_bars(shares: Iterable[float], samples: int) -> FloatArray:
    """Return the lengths of error bars below and above shares that are drawn in percent.

    Parameters
    ----------
    shares
        (n,) from 0 to 1; means over chips count as if of one chip.
    samples
        What they were counted over, such as test images.

    Returns
    -------
    numpy.ndarray
        (2, n) of the 95 % Wilson interval, for `matplotlib.axes.Axes.errorbar`.

    >>> percent_bars([0.5], 100).round(1).tolist()
    [[9.6], [9.6]]
    """
    values = np.array(list(shares), dtype=np.float64)
    low, high = share_ends(values, samples)
    return 100.0 * np.stack([values - low, high - values])


def within_percent(mean: ArrayLike, reach: ArrayLike) -> FloatArray:
    """Return error bars that end at 0 % and 100 %, where the interval of a mean goes beyond.

    Parameters
    ----------
    mean
        (n,) of a score from 0 to 100.
    reach
        (n,) half widths, or (2, n) lengths below and above; not finite counts as no bar.

    Returns
    -------
    numpy.ndarray
        (2, n), for `matplotlib.axes.Axes.errorbar`.

    >>> within_percent([98.0, 50.0], [12.7, 1.0]).tolist()
    [[12.7, 1.0], [2.0, 1.0]]
    """
    middle = np.asarray(mean, dtype=np.float64)
    lengths = np.nan_to_num(np.asarray(reach, dtype=np.float64), posinf=0.0, neginf=0.0)
    below, above = np.broadcast_to(lengths, (2, middle.size))
    return np.stack(
        [
            np.minimum(below, np.maximum(middle, 0.0)),
            np.minimum(above, np.maximum(100.0 - middle, 0.0)),
        ]
    )
