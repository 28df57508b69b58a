"""Two ways to find a converter's thresholds that must agree: servo and code density.

Threshold k is the input at which the code is k or more in half of all conversions. The **servo**
homes in on each threshold (IEEE Std 1241, section 4.7.2): a bisection that all thresholds share,
and, where the converter is noisy, a second pass that integrates the probability of the code over a
window around the first guess, which gives the mean and the spread of the threshold without assuming
a distribution. The **code density** converts evenly spread inputs and reads the thresholds off the
cumulative histogram (Doernberg, Lee and Hodges, IEEE J. Solid-State Circuits 19, 820, 1984).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["Convert", "ServoResult", "code_density", "servo"]

Convert = Callable[[FloatArray], CodeArray]

_WINDOW_POINTS = 33
_MARGIN = 0.5  # of the span, searched beyond both ends


@dataclass(frozen=True, slots=True, kw_only=True)
class ServoResult:
    """What the servo found.

    thresholds : (levels - 1,) in the converter's input unit; NaN where no input reaches the code.
    sigma : rms noise referred to the input, pooled over all thresholds.
    error : standard error of a threshold from the finite number of conversions.
    conversions : how many were spent.
    """

    thresholds: FloatArray
    sigma: float
    error: float
    conversions: int


def servo(
    convert: Convert,
    *,
    low: float,
    high: float,
    levels: int,
    steps: int,
    repeats: int,
) -> ServoResult:
    """Find every threshold of a converter by bisection.

    Parameters
    ----------
    convert
        Inputs (any shape) -> codes.
    low, high
        Input range; the search goes half a range beyond both ends.
    levels
        Number of codes.
    steps
        Bisections; the window shrinks to ``2 * (high - low) / 2**steps``.
    repeats
        Conversions at each point of the second pass; 0 leaves it out, for a converter without
        noise.
    """
    span, wanted = high - low, np.arange(1, levels)
    bottom = np.full(levels - 1, low - _MARGIN * span)
    top = np.full(levels - 1, high + _MARGIN * span)
    reachable = convert(np.array([low - _MARGIN * span, high + _MARGIN * span]))
    spent = 2
    for _ in range(steps):
        middle = 0.5 * (bottom + top)
        above = convert(middle) >= wanted
        top, bottom = np.where(above, middle, top), np.where(above, bottom, middle)
        spent += levels - 1
    found = 0.5 * (bottom + top)
    sigma, error = 0.0, 0.0
    if repeats > 0:
        found, sigma, error, used = _refine(convert, found, span / levels, wanted, repeats)
        spent += used
    lost = (wanted <= reachable[0]) | (wanted > reachable[1])
    return ServoResult(
        thresholds=np.where(lost, np.nan, found), sigma=sigma, error=error, conversions=spent
    )


def _refine(
    convert: Convert, guess: FloatArray, lsb: float, wanted: CodeArray, repeats: int
) -> tuple[FloatArray, float, float, int]:
    """Integrate P(code < k) over a window around each guess: mean and spread of the threshold.

    With P falling from 1 to 0 over the window [a, b], the mean is ``a + integral(P)`` and the
    second moment about a is ``2 * integral((x - a) * P)``.
    """
    half, spent = 1e-3 * lsb, 0
    while True:  # widen until all conversions at the ends are certain
        ends = guess[:, None, None] + half * np.array([-1.0, 1.0])[:, None] * np.ones(repeats)
        below = (convert(ends) < wanted[:, None, None]).mean(axis=-1)
        spent += ends.size
        if (below[:, 0] == 1.0).all() and (below[:, 1] == 0.0).all():
            break
        if half > 64.0 * lsb:
            break
        half *= 2.0
    if half <= 1e-3 * lsb:
        return guess, 0.0, 0.0, spent
    half *= 1.5
    offsets = half * (np.arange(_WINDOW_POINTS) + 0.5 - _WINDOW_POINTS / 2) * 2 / _WINDOW_POINTS
    points = guess[:, None, None] + offsets[:, None] * np.ones(repeats)
    chance = (convert(points) < wanted[:, None, None]).mean(axis=-1)
    spent += points.size
    step = offsets[1] - offsets[0]
    mean = chance.sum(axis=1) * step
    second = 2.0 * ((offsets + half) * chance).sum(axis=1) * step
    variance = float(
        np.mean(
            second - mean**2 + (chance * (1 - chance)).sum(axis=1) * step**2 / max(repeats - 1, 1)
        )
    )
    sigma = float(np.sqrt(max(variance, 0.0)))
    error = float(np.sqrt(np.mean((chance * (1.0 - chance)).sum(axis=1)) / repeats) * step)
    return guess - half + mean, sigma, error, spent


def code_density(
    convert: Convert, *, low: float, high: float, levels: int, per_code: int
) -> FloatArray:
    """Find every threshold from the histogram of evenly spread inputs.

    The inputs go an eighth of the range beyond both ends. The resolution is ``1 / per_code`` LSB.

    Returns
    -------
    FloatArray
        (levels - 1,), in the input unit; NaN where no input reaches the code.
    """
    span = high - low
    start, width = low - span / 8.0, span * 1.25
    count = int(np.ceil(levels * per_code * 1.25))
    inputs = start + width * (np.arange(count) + 0.5) / count
    histogram = np.bincount(convert(inputs), minlength=levels)
    cumulative = np.cumsum(histogram)[: levels - 1]
    thresholds = start + width * cumulative / count
    return np.where((cumulative == 0) | (cumulative == count), np.nan, thresholds)
