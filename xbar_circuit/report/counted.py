"""What was counted, in words: a share with its interval over samples, and over chips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xbar_circuit.network.intervals import half_width, share_ends

__all__ = ["chips_words", "counted_words", "share_words"]


def share_words(by_chip: Sequence[float], samples: int, *, digits: int = 2) -> str:
    """Return a mean share of chips in percent, with its 95 % interval over the samples.

    Parameters
    ----------
    by_chip
        Of each chip, from 0 to 1.
    samples
        What each of them was counted over.
    digits
        After the point.

    >>> share_words([0.9], 1000)
    '90.00 % (87.98 to 91.71)'
    """
    low, high = (100 * float(end.mean()) for end in share_ends(by_chip, samples))
    value = 100 * float(np.mean(by_chip))
    return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"


def chips_words(by_chip: Sequence[float]) -> str:
    """Return half of the 95 % interval of the mean over the chips, in percent points.

    >>> chips_words([0.9]), chips_words([0.89, 0.9, 0.91])
    ('one chip', '+/- 2.48')
    """
    half = 100 * float(half_width(by_chip))
    return "one chip" if np.isnan(half) else f"+/- {half:.2f}"


def counted_words(share: float, samples: int) -> str:
    """Return how sure shares near this one are, for the caption of a table of many.

    >>> counted_words(0.9, 1000)
    '95 % interval of 90.0 % over 1,000 images: 88.0 to 91.7 %.'
    """
    low, high = (100 * float(end) for end in share_ends(share, samples))
    value = f"{100 * share:.1f} % over {samples:,} images"
    return f"95 % interval of {value}: {low:.1f} to {high:.1f} %."
