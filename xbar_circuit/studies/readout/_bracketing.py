"""A converter's thresholds in ngspice, bracketed by its fast model.

A conversion of a transistor circuit takes a good part of a second, so a bisection of the whole
range at every threshold takes hours. The fast model knows where a threshold must lie, but for what
it leaves out: an offset, a gain, bits that weigh otherwise. These are fitted to the thresholds that
are known already, few at first, and tell where to look for the rest: from a guess the search steps
outwards until it has the threshold between two inputs, and bisects. Every guess is judged by the
circuit itself; a wrong one costs conversions, never accuracy. The codes are looked for in eight
parts, each a few times the one before, so that most guesses rest on many thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["Bracketed", "bracketed", "critical_codes"]

_FARTHEST = 0.5  # of the range, beyond both ends
_STIFF = 1e-3  # pull of a bit's weight towards the fast model's, against one threshold
_STIFF_PAIR = 1e-2  # and of what two bits add together


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracketed:
    """What the search found.

    thresholds : (levels - 1,) in the converter's unit; NaN where it was not looked for, or where no
        input reaches the code.
    looked_for : codes whose threshold was looked for.
    predicted : all of them, by the fast model and what was fitted.
    resolution : width of each bracket at the end.
    conversions : how many were spent.
    monotonic : whether among these a larger input never gave a smaller code.
    """

    thresholds: FloatArray
    looked_for: CodeArray
    predicted: FloatArray
    resolution: float
    conversions: int
    monotonic: bool


def critical_codes(levels: int) -> CodeArray:
    """Return the codes whose thresholds tell most: the ends, the eighths and their neighbours.

    The largest errors of a binary search lie where its large weights change.
    """
    eighths = np.unique(np.arange(1, 8) * levels // 8)
    near = (eighths[:, None] + np.array([-1, 0, 1])).ravel()
    codes = np.unique(np.concatenate([[1, levels - 1], near]))
    return codes[(codes >= 1) & (codes <= levels - 1)]


def bracketed(
    convert: Callable[[FloatArray], CodeArray],
    fast: FloatArray,
    *,
    lsb: float,
    codes: CodeArray | None = None,
    resolution_lsb: float = 1.0 / 16.0,
) -> Bracketed:
    """Find thresholds of a converter without noise.

    Parameters
    ----------
    convert
        The circuit: inputs (n,) -> codes.
    fast
        The fast model's thresholds (levels - 1,); NaN is unknown.
    lsb
        Ideal width of a code [V or A].
    codes
        Whose thresholds are looked for; None is all.
    resolution_lsb
        Width of the bracket at which the search ends.
    """
    levels = fast.size + 1
    every = np.arange(1, levels)
    ideal = np.interp(every, every[np.isfinite(fast)], fast[np.isfinite(fast)])
    wanted = every if codes is None else np.unique(codes)
    search = _Search(convert, lsb=lsb, span=lsb * levels, resolution=resolution_lsb * lsb)
    found = np.full(levels - 1, np.nan)
    guess, step = ideal, lsb
    done = np.zeros(0, dtype=np.int64)
    eighths = np.arange(1, 8) * levels // 8  # a bent curve is known by these, their neighbours too
    few = (wanted[[0, wanted.size // 2, -1]], eighths[1::2], eighths, critical_codes(levels))
    for stage in (*few, wanted[::5], wanted[::3], wanted[::2], wanted):
        part = np.setdiff1d(np.intersect1d(stage, wanted), done)
        if part.size:
            found[part - 1] = search.thresholds(part, guess[part - 1], step)
            done = np.union1d(done, part)
        guess, left = _predicted(ideal, found, lsb)
        step = max(search.resolution, min(0.7 * left, 0.5 * lsb))
    return Bracketed(
        thresholds=found,
        looked_for=wanted,
        predicted=guess,
        resolution=search.resolution,
        conversions=len(search.inputs),
        monotonic=search.monotonic(),
    )


class _Search:
    """Brackets of thresholds, narrowed round by round; every round is one call of the circuit."""

    def __init__(
        self,
        convert: Callable[[FloatArray], CodeArray],
        *,
        lsb: float,
        span: float,
        resolution: float,
    ) -> None:
        self._convert = convert
        self._lsb = lsb
        self._farthest = _FARTHEST * span
        self.resolution = resolution
        self.inputs: list[float] = []
        self.answers: list[int] = []

    def thresholds(self, codes: CodeArray, guess: FloatArray, step: float) -> FloatArray:
        """Return the thresholds of these codes; NaN beyond the farthest input."""
        below = np.full(codes.size, -np.inf)  # largest known input that gives less than the code
        above = np.full(codes.size, np.inf)
        reach = np.full(codes.size, step)
        trial = guess.copy()
        open_ = np.ones(codes.size, dtype=bool)
        while open_.any():
            answer = self._ask(trial[open_])
            yes = answer >= codes[open_]
            place = np.flatnonzero(open_)
            # a code that is off by whole codes tells how far to step
            off = np.where(yes, answer - codes[open_], codes[open_] - 1 - answer)
            reach[place] = np.maximum(reach[place], off * self._lsb)
            above[place[yes]] = trial[place[yes]]
            below[place[~yes]] = trial[place[~yes]]
            between = np.isfinite(below) & np.isfinite(above)
            trial = np.where(
                between,
                0.5 * (below + above),
                np.where(np.isfinite(above), above - reach, below + reach),
            )
            reach = np.where(between, reach, 2.0 * reach)
            # a rounding above the resolution is as good as there
            open_ = ~between | (above - below > 1.001 * self.resolution)
            open_ &= np.abs(trial - guess) <= self._farthest
        with np.errstate(invalid="ignore"):
            middle: FloatArray = 0.5 * (below + above)
        return np.where(np.isfinite(middle), middle, np.nan)

    def _ask(self, values: FloatArray) -> CodeArray:
        codes = self._convert(values)
        self.inputs += values.tolist()
        self.answers += codes.tolist()
        return codes

    def monotonic(self) -> bool:
        """Return whether a larger input never gave a smaller code."""
        order = np.argsort(self.inputs, kind="stable")
        return bool((np.diff(np.array(self.answers)[order]) >= 0).all())


def _predicted(ideal: FloatArray, found: FloatArray, lsb: float) -> tuple[FloatArray, float]:
    """Return all thresholds by a curve and weights of bits, and their error [V or A].

    The curve is of third degree. Bits have weights alone and in pairs: what a comparator decides
    shifts with what it decided before. Least squares with a pull of the weights to the fast
    model's, so that few thresholds do not decide many weights. The error is the rms of each known
    threshold predicted without it
    (Allen, Technometrics 16, 125, 1974).
    """
    known = np.isfinite(found)
    if known.sum() < 2:
        shift = float(np.nanmean(found - ideal)) if known.any() else 0.0
        return ideal + shift, lsb
    features, pull = _features(ideal.size)
    rows = np.vstack([features[known], np.diag(pull)])
    sides = np.concatenate([((found - ideal) / lsb)[known], np.zeros(pull.size)])
    weights = np.linalg.lstsq(rows, sides, rcond=None)[0]
    predicted: FloatArray = ideal + lsb * (features @ weights)
    orthogonal = np.linalg.qr(rows)[0][: known.sum()]
    leverage = np.minimum((orthogonal**2).sum(axis=1), 1.0 - 1e-3)
    without = (predicted - found)[known] / (1.0 - leverage)
    return predicted, float(np.sqrt(np.mean(without**2)))


def _features(count: int) -> tuple[FloatArray, NDArray[np.float64]]:
    """Return what may be wrong at each threshold (count, features), and each one's pull to zero."""
    codes = np.arange(1, count + 1)
    bits = [((codes >> b) & 1).astype(np.float64) for b in range(int(count).bit_length())]
    pairs = [bits[a] * bits[b] for a in range(len(bits)) for b in range(a)]
    along = codes / (count + 1.0)
    curve = [along**2, along**3]
    features = np.stack([np.ones(count), along, *curve, *bits, *pairs], axis=1)
    pulls = (np.zeros(2), np.full(2 + len(bits), _STIFF), np.full(len(pairs), _STIFF_PAIR))
    return features, np.sqrt(np.concatenate(pulls))
