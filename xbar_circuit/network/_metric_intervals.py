"""Intervals of metrics that are no mean over samples: an area under a curve, and a jackknife."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logit

from xbar_circuit.errors import ParameterError
from xbar_circuit.network.intervals import CONFIDENCE, Estimate, grouped

__all__ = ["delong", "jackknife", "placements"]

_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


def placements(
    scores: NDArray[np.float64], own: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each sample of the class, the share of others below it; and the reverse."""
    ranks = stats.rankdata(scores)
    inside, outside = stats.rankdata(scores[own]), stats.rankdata(scores[~own])
    return (ranks[own] - inside) / outside.size, 1.0 - (ranks[~own] - outside) / inside.size


def delong(scores: NDArray[np.float64], own: NDArray[np.bool_]) -> Estimate:
    """Return the area under the curve with its interval.

    The variance of DeLong, DeLong and Clarke-Pearson, Biometrics 44, 837 (1988), by midranks (Sun
    and Xu, IEEE Signal Process. Lett. 21, 1389, 2014), on the logit scale, which stays in 0 to 1.
    """
    if not 0 < own.sum() < own.size:
        raise ParameterError.about(
            "metric",
            got="auc with labels of one class",
            expected="samples of both classes",
            remedy="take more samples",
        )
    above, below = placements(scores, own)
    value, low, high = float(above.mean()), math.nan, math.nan
    if min(above.size, below.size) > 1 and 0.0 < value < 1.0:
        variance = above.var(ddof=1) / above.size + below.var(ddof=1) / below.size
        reach = _Z * math.sqrt(variance) / (value * (1.0 - value))
        low, high = (float(expit(logit(value) + sign * reach)) for sign in (-1.0, 1.0))
    return Estimate(value=value, low=low, high=high, samples=own.size, method="DeLong, logit")


def jackknife(function: Callable[[NDArray[np.intp]], float], whole: NDArray[np.intp]) -> Estimate:
    """Return a function of samples with the interval of its delete-a-group jackknife.

    ``(g - 1) / g * sum((v_k - mean)**2)`` over the values without each of g = 20 groups, and
    Student's t (Kott, J. Off. Stat. 17, 521, 2001).
    """
    value, low, high = float(function(whole)), math.nan, math.nan
    groups = grouped(whole.size)
    if len(groups) > 1 and math.isfinite(value):
        left = np.array([function(np.setdiff1d(whole, group)) for group in groups])
        count = len(groups)
        error = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
        reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * error
        low, high = value - reach, value + reach
    return Estimate(
        value=value, low=low, high=high, samples=whole.size, method="jackknife of 20 groups"
    )
