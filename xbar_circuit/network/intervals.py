"""What was counted or averaged over samples, with its 95 % confidence interval.

The intervals say how far the value would move if other samples of the same kind were taken. They
say nothing of other chips: the spread over chips is another number, from several chips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from xbar_circuit._checks import FloatArray

__all__ = [
    "CONFIDENCE",
    "Estimate",
    "chips_intervals",
    "half_width",
    "mean_of",
    "paired_difference",
    "proportion",
    "ratio",
    "share_ends",
]

#: Of every interval.
CONFIDENCE = 0.95

_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 95 % confidence interval over samples.

    Parameters
    ----------
    value
        Of these samples.
    low, high
        Ends of the interval; NaN where the samples say none, such as a mean of one sample.
    samples
        How many.
    method
        What the interval is: ``"Wilson"``, for example.
    """

    value: float
    low: float
    high: float
    samples: int
    method: str

    def mapped(self, function: Callable[[float], float]) -> Estimate:
        """Return the estimate of a monotonic function of the value.

        Parameters
        ----------
        function
            Rising or falling.

        Returns
        -------
        Estimate
            The function of the value and of both ends, the lower end first.

        >>> error = proportion([True] * 9 + [False]).mapped(lambda share: 1.0 - share)
        >>> round(error.value, 3), round(error.low, 3), round(error.high, 3)
        (0.1, 0.018, 0.404)
        """
        ends = sorted((function(self.low), function(self.high)), key=lambda x: (math.isnan(x), x))
        return Estimate(
            value=function(self.value),
            low=ends[0],
            high=ends[1],
            samples=self.samples,
            method=self.method,
        )

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            ``value``, ``confidence_95`` (low, high), ``samples`` and ``interval``, the method's
            name; None where a number is not finite.
        """
        low, high = (end if math.isfinite(end) else None for end in (self.low, self.high))
        return {
            "value": self.value if math.isfinite(self.value) else None,
            "confidence_95": [low, high],
            "samples": self.samples,
            "interval": self.method,
        }


def proportion(hits: ArrayLike) -> Estimate:
    """Return the share of hits with its score interval.

    Wilson, J. Am. Stat. Assoc. 22, 209 (1927): it stays within 0 and 1 and is no point where all or
    none are hits.

    Parameters
    ----------
    hits
        (n,) of True and False.

    Returns
    -------
    Estimate
        The share, from 0 to 1, with its 95 % confidence interval.

    >>> found = proportion([True] * 15 + [False] * 133)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0624, 0.1605)
    """
    found = np.asarray(hits, dtype=bool).ravel()
    count = int(found.sum())
    interval = stats.binomtest(count, found.size).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(
        value=count / found.size,
        low=float(interval.low),
        high=float(interval.high),
        samples=found.size,
        method="Wilson",
    )


def share_ends(shares: ArrayLike, samples: int) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the score intervals of shares that are known, as `proportion` has them.

    Parameters
    ----------
    shares
        Of any shape, from 0 to 1.
    samples
        What each of them was counted over.

    Returns
    -------
    tuple
        Lower and upper ends, of the shape of `shares`.

    >>> low, high = share_ends([15 / 148], 148)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0624, 0.1605)
    """
    p = np.asarray(shares, dtype=np.float64)
    z2 = _Z**2 / samples
    middle = (p + z2 / 2) / (1.0 + z2)
    reach = np.sqrt(np.maximum(p * (1.0 - p), 0.0) * z2 + z2**2 / 4) / (1.0 + z2)
    return np.minimum(np.maximum(middle - reach, 0.0), p), np.maximum(
        np.minimum(middle + reach, 1.0), p
    )


def half_width(values: ArrayLike) -> FloatArray:
    """Return half of the 95 % interval of a mean over the first axis: Student's, NaN for one value.

    Parameters
    ----------
    values
        (chips, ...), one of each chip.
    """
    found = np.asarray(values, dtype=np.float64)
    count = len(found)
    if count == 1:
        return np.full(found.shape[1:], np.nan)
    spread = found.std(axis=0, ddof=1) / math.sqrt(count)
    return np.asarray(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1) * spread)


def chips_intervals(by_chip: Sequence[float], samples: int) -> dict[str, object]:
    """Return the intervals of a mean share of chips as plain data; None is no number.

    Parameters
    ----------
    by_chip
        Share of each chip, from 0 to 1.
    samples
        What each of them was counted over.

    Returns
    -------
    dict
        The mean of the chips' own intervals over samples, and half of the interval over chips.
    """
    half = float(half_width(by_chip))
    return {
        "confidence_95_over_samples": [float(e.mean()) for e in share_ends(by_chip, samples)],
        "confidence_95_half_width_over_chips": None if math.isnan(half) else half,
    }


def ratio(above: ArrayLike, below: ArrayLike, *, positive: bool = False) -> Estimate:
    """Return ``sum(above) / sum(below)`` with an interval for samples that bring parts of both.

    The variance of the ratio estimator, ``n / (n - 1) * sum((a - r b)**2) / sum(b)**2`` (Cochran,
    Sampling Techniques, 3rd ed., 1977, eq. 6.13), and Student's t: samples are drawn as a whole, so
    the positions in a sequence need not be independent of each other. With equal `below` it is the
    interval of a mean.

    Parameters
    ----------
    above, below
        (n,) of each sample.
    positive
        Whether the interval is one of the ratio's logarithm, for ratios over decades.
    """
    a, b = (np.asarray(one, dtype=np.float64).ravel() for one in (above, below))
    total, count = float(b.sum()), a.size
    value = float(a.sum()) / total if total > 0.0 else math.nan
    if count < 2 or not math.isfinite(value):
        return Estimate(value=value, low=math.nan, high=math.nan, samples=count, method="none")
    error = math.sqrt(count / (count - 1) * float(((a - value * b) ** 2).sum())) / total
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * error
    if positive and value > 0.0:
        low, high = value * math.exp(-reach / value), value * math.exp(min(reach / value, 700.0))
        return Estimate(value=value, low=low, high=high, samples=count, method="ratio, logarithm")
    return Estimate(
        value=value, low=value - reach, high=value + reach, samples=count, method="ratio"
    )


def mean_of(values: ArrayLike) -> Estimate:
    """Return a mean with Student's interval; see `ratio`."""
    found = np.asarray(values, dtype=np.float64).ravel()
    one = ratio(found, np.ones_like(found))
    return Estimate(
        value=one.value, low=one.low, high=one.high, samples=one.samples, method="Student"
    )


def paired_difference(found: ArrayLike, reference: ArrayLike) -> Estimate:
    """Return the difference of two shares of hits on the same samples.

    The adjusted Wald interval of Bonett and Price, J. Educ. Behav. Stat. 37, 479 (2012): with one
    more sample of either disagreement, so that it is no point where the two agree on all.

    Parameters
    ----------
    found, reference
        (n,) of True and False, for the same samples.

    Returns
    -------
    Estimate
        The difference, from -1 to 1, with its 95 % confidence interval.

    >>> paired_difference([True, True], [True, True]).high > 0.0
    True
    """
    a, b = (np.asarray(one, dtype=bool).ravel() for one in (found, reference))
    n = a.size
    gained, lost = int((a & ~b).sum()), int((~a & b).sum())
    up, down = (gained + 1.0) / (n + 2.0), (lost + 1.0) / (n + 2.0)
    reach = _Z * math.sqrt((up + down - (up - down) ** 2) / (n + 2.0))
    middle = up - down
    return Estimate(
        value=(gained - lost) / n,
        low=max(-1.0, middle - reach),
        high=min(1.0, middle + reach),
        samples=n,
        method="Bonett-Price",
    )


def grouped(count: int, most: int = 20) -> list[NDArray[np.intp]]:
    """Return samples in at most so many groups of nearly equal size, evenly spread."""
    return [np.arange(k, count, min(count, most)) for k in range(min(count, most))]
