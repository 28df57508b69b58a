"""Conjugate gradients for many right-hand sides, each with its own convergence.

M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952), with a preconditioner. A
sample leaves the batch as soon as ``||r|| <= tolerance * ||b||``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray

__all__ = ["AnyFloat", "Operator", "conjugate_gradients"]

AnyFloat = NDArray[Any]  # of single or double precision
Operator = Callable[[AnyFloat, NDArray[np.int64]], AnyFloat]


def conjugate_gradients(
    operator: Operator,
    right: AnyFloat,
    tolerance: FloatArray,
    *,
    precondition: Operator | None = None,
    limit: int,
) -> tuple[AnyFloat, NDArray[np.int64]]:
    """Solve ``operator(x) = right`` for each sample.

    Parameters
    ----------
    operator
        Symmetric positive definite; given fields (active, rows, cols) and the numbers of the
        samples that they belong to.
    right
        Right-hand sides (batch, rows, cols).
    tolerance
        Of each sample (batch,), relative to its right-hand side.
    precondition
        An approximate inverse, symmetric positive definite; None for none.
    limit
        Largest number of iterations.

    Returns
    -------
    solution
        (batch, rows, cols); the best reached where the limit struck.
    iterations
        Of each sample (batch,).
    """
    solution = np.zeros_like(right)
    iterations = np.zeros(len(right), dtype=np.int64)
    goal = tolerance * np.sqrt(_dot(right, right))
    active = np.flatnonzero(goal > 0.0)
    residual = right[active]
    x = np.zeros_like(residual)
    step = residual if precondition is None else precondition(residual, active)
    direction = step.copy()
    gamma = _dot(residual, step)
    for _ in range(limit):
        if active.size == 0:
            break
        image = operator(direction, active)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            alpha = (gamma / _dot(direction, image))[:, np.newaxis, np.newaxis]
            x += alpha * direction
            image *= alpha
            residual -= image
            size = np.sqrt(_dot(residual, residual))
        iterations[active] += 1
        going = size > goal[active]
        if not going.all():
            done = ~going
            solution[active[done]] = x[done]
            active, gamma = active[going], gamma[going]
            x, residual, direction = x[going], residual[going], direction[going]
            if active.size == 0:
                break
        step = residual if precondition is None else precondition(residual, active)
        fresh = _dot(residual, step)
        with np.errstate(invalid="ignore", divide="ignore"):
            beta = (fresh / gamma)[:, np.newaxis, np.newaxis]
        direction *= beta
        direction += step
        gamma = fresh
    solution[active] = x
    return solution, iterations


def _dot(a: AnyFloat, b: AnyFloat) -> AnyFloat:
    return np.asarray(np.einsum("bij,bij->b", a, b))
