"""Bars that say how sure a share is that was counted over samples."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.network.intervals import proportion

__all__ = ["percent_bars"]


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
    ends = []
    for share in shares:
        found = proportion(np.arange(samples) < round(share * samples))
        ends.append((max(found.value - found.low, 0.0), max(found.high - found.value, 0.0)))
    return 100.0 * np.array(ends, dtype=np.float64).reshape(-1, 2).T
