"""A stiff integrator for many small systems at once: Rodas3 with one common, adaptive step.

Rodas3 is a Rosenbrock method of order 3 with four stages, stiffly accurate and L-stable: each step
solves linear systems with one matrix and no Newton iteration, so a cell that snaps on cannot stop
it. Sandu et al., Atmospheric Environment 31, 3459 (1997), in the form of Hairer and Wanner,
"Solving Ordinary Differential Equations II", section IV.7.

The systems share their steps: the error of a step is that of its worst system. The Jacobians are
finite differences, evaluated for all systems in one call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError

__all__ = ["integrate"]

_INCREMENT = 1e-6  # of a finite difference; states are of the order of 1
_GROW, _SHRINK, _SAFETY = 5.0, 0.2, 0.9  # of the step: the usual choices (Hairer and Wanner)
_MOST_STEPS = 200_000  # far more than any pulse took


def integrate(
    rate: Callable[[float, FloatArray], FloatArray],
    rate_of_time: Callable[[float], FloatArray],
    state: FloatArray,
    span: tuple[float, float],
    *,
    absolute: FloatArray,
    relative: float,
    first_step: float,
) -> Iterator[tuple[float, FloatArray]]:
    """Yield (time, state) after each accepted step; the last one is at the end of `span`.

    Parameters
    ----------
    rate
        ``rate(t, y)``: derivatives of the states, any leading shape, states along the last axis.
    rate_of_time
        Partial derivative of `rate` over time, shape of `state`.
    state
        Initial states (systems, n).
    span
        First and last time [s].
    absolute, relative
        Tolerances: an error below ``absolute + relative*|y|`` in each state is accepted.
    first_step
        Size of the first step to try [s].

    Raises
    ------
    ConvergenceError
        The step has shrunk below what the clock can tell, or there are too many steps.
    """
    t, end = span
    y, h, n = state, min(first_step, end - t), state.shape[-1]
    nudges = np.vstack([np.zeros(n), _INCREMENT * np.eye(n)])[:, np.newaxis, :]
    for _ in range(_MOST_STEPS):
        rates = rate(t, y + nudges)
        f, jacobian = rates[0], np.moveaxis((rates[1:] - rates[0]) / _INCREMENT, 0, -1)
        drift = rate_of_time(t)
        while True:
            h = min(h, end - t)
            with np.errstate(over="ignore", invalid="ignore"):  # a step too long is not taken
                new, wrong = _stages(rate, t, y, h, f, drift, jacobian)
                allowed = absolute + relative * np.maximum(np.abs(y), np.abs(new))
                error = float(np.max(np.abs(wrong) / allowed))
            if math.isfinite(error) and error <= 1.0:
                break
            h *= _step_factor(error)
            if t + h <= t:
                raise ConvergenceError(
                    f"the integrator's step fell to {h:g} s at t = {t:g} s; loosen `relative`"
                    " or look for a parameter that makes a state jump"
                )
        t, y = (end, new) if h >= end - t else (t + h, new)
        yield t, y
        if t >= end:
            return
        h *= _step_factor(error)
    raise ConvergenceError(
        f"{_MOST_STEPS} steps reached only t = {t:g} s of {end:g} s; split the waveform"
    )


def _stages(  # noqa: PLR0917 - a step, and what is known at its start
    rate: Callable[[float, FloatArray], FloatArray],
    t: float,
    y: FloatArray,
    h: float,
    f: FloatArray,
    drift: FloatArray,
    jacobian: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the states after a step of `h`, and its error."""
    matrix = np.eye(y.shape[-1]) / (0.5 * h) - jacobian
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    u1 = _apply(inverse, f + 0.5 * h * drift)
    u2 = _apply(inverse, f + (4.0 / h) * u1 + 1.5 * h * drift)
    u3 = _apply(inverse, rate(t + h, y + 2.0 * u1) + (u1 - u2) / h)
    u4 = _apply(inverse, rate(t + h, y + 2.0 * u1 + u3) + (u1 - u2 - (8.0 / 3.0) * u3) / h)
    return y + 2.0 * u1 + u3 + u4, u4


def _apply(inverse: FloatArray, vector: FloatArray) -> FloatArray:
    product: FloatArray = np.einsum("...ij,...j->...i", inverse, vector)
    return product


def _step_factor(error: float) -> float:
    if not math.isfinite(error):
        return _SHRINK
    factor: float = _SAFETY * max(error, 1e-12) ** (-1.0 / 3.0)
    return min(_GROW, max(_SHRINK, factor))
