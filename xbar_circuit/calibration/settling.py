"""Settling as poles: a step response becomes a sum of decaying exponentials.

The poles come from the matrix pencil (Hua and Sarkar, IEEE Trans. Acoust., Speech, Signal Process.
38, 814, 1990): the singular value decomposition of a Hankel matrix of the evenly sampled error
gives their number and place without a starting guess; the weights follow by least squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = ["Settling", "fit_settling"]

_SAMPLES = 400
_KEEP = 1e-4  # singular values below this share of the largest are noise
_MOST = 4  # poles


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Decay of a step: ``error(t) / step = sum(weight * exp(pole * t))``.

    poles : pairs of (real, imaginary) part [1/s]; real parts are negative.
    weights : pairs of (real, imaginary) part, dimensionless.
    worst : largest error of this sum on the samples that it was not fitted to, over the step.
    """

    poles: tuple[tuple[float, float], ...]
    weights: tuple[tuple[float, float], ...]
    worst: float

    def remaining(self, second: float | FloatArray) -> FloatArray:
        """Return the fraction of a step that remains after a time.

        Parameters
        ----------
        second
            Time after the step [s], any shape.

        Returns
        -------
        FloatArray
            Fraction, dimensionless, of the shape of `second`.
        """
        poles = np.array([complex(*pair) for pair in self.poles])
        weights = np.array([complex(*pair) for pair in self.weights])
        time = np.asarray(second, dtype=np.float64)[..., np.newaxis]
        result: FloatArray = np.real(np.exp(poles * time) @ weights)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return the poles as plain JSON.

        Returns
        -------
        dict
            Field -> value.
        """
        return {"poles": self.poles, "weights": self.weights, "worst": self.worst}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Settling:
        """Return what :meth:`to_dict` wrote.

        Parameters
        ----------
        content
            Field -> value.

        Returns
        -------
        Settling
            The same poles.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is something else.
        """
        poles, weights = (
            tuple((float(a), float(b)) for a, b in content[name]) for name in ("poles", "weights")
        )
        return cls(poles=poles, weights=weights, worst=float(content["worst"]))


def fit_settling(seconds: FloatArray, response: FloatArray) -> Settling:
    """Fit poles to a step response.

    Parameters
    ----------
    seconds
        Times after the step, rising (n,) [s]; unevenly spaced as a simulator gives them.
    response
        The output (n,), which has settled at the end.

    Returns
    -------
    Settling
        Poles (real, imaginary) [1/s] and their weights, and the largest error of the fit relative
        to the step.

    Raises
    ------
    ParameterError
        It does not move, or has not settled.

    >>> import numpy as np
    >>> seconds = np.linspace(0.0, 5e-9, 200)
    >>> settling = fit_settling(seconds, 1.0 - np.exp(-seconds / 0.5e-9))
    >>> settling.worst < 1e-3, round(float(settling.remaining(1e-9)), 3)
    (True, 0.135)
    """
    change = float(response[0] - response[-1])
    if change == 0.0:
        raise ParameterError.about(
            "response", got="no step", expected="an output that moves", remedy="step the input"
        )
    error = (response - response[-1]) / change
    alive = np.flatnonzero(np.abs(error) > 1e-3)
    end = min(int(alive[-1]) + 2, seconds.size - 1)
    if end > 0.9 * seconds.size and seconds[end] > 0.9 * seconds[-1]:
        raise ParameterError.about(
            "response",
            got="an output that still moves at its end",
            expected="a settled output",
            remedy="give it more time",
        )
    span = float(seconds[end] - seconds[0])
    time = np.linspace(0.0, span, 2 * _SAMPLES)
    evenly = np.interp(seconds[0] + time, seconds, error)
    fitted, held = evenly[::2], evenly[1::2]
    step = float(time[2] - time[0])
    poles = np.log(_pencil(fitted).astype(np.complex128)) / step
    poles = poles[poles.real < 0.0]
    if poles.size == 0:
        raise ParameterError.about(
            "response",
            got="no decaying part",
            expected="an output that settles",
            remedy="look at its stability",
        )
    basis = np.exp(np.outer(time[::2], poles))
    weights = np.linalg.lstsq(basis, fitted.astype(np.complex128), rcond=None)[0]
    rest = held - np.real(np.exp(np.outer(time[1::2], poles)) @ weights)
    order = np.argsort(-poles.real)  # the slowest first
    return Settling(
        poles=tuple((float(p.real), float(p.imag)) for p in poles[order]),
        weights=tuple((float(w.real), float(w.imag)) for w in weights[order]),
        worst=float(np.abs(rest).max()),
    )


def _pencil(samples: FloatArray) -> FloatArray:
    """Return the factors from one sample to the next."""
    half = samples.size // 2
    hankel = np.lib.stride_tricks.sliding_window_view(samples, half)
    _, sizes, right = np.linalg.svd(hankel, full_matrices=False)
    count = int(np.clip((sizes > _KEEP * sizes[0]).sum(), 1, _MOST))
    modes = right[:count].T
    factors: FloatArray = np.linalg.eigvals(np.linalg.pinv(modes[:-1]) @ modes[1:])
    return factors
