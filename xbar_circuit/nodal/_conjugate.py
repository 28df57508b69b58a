"""Conjugate gradients for many right-hand sides, each with its own convergence.

M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952), with a preconditioner. A
sample leaves the batch as soon as ``||r|| <= tolerance * ||b||``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import (
    Array,
    add_product,
    backend_of,
    dots,
    fma,
    norms,
    put_samples,
    take,
    zeros,
)
from xbar_circuit._checks import FloatArray

__all__ = ["AnyFloat", "Operator", "conjugate_gradients"]

AnyFloat = Array  # of single or double precision, anywhere
_CROWD = 0.75  # samples are sorted out when no more than this share of them still goes on
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
    place = backend_of(right)
    xp = place.xp
    solution = zeros(right, right.shape)
    iterations = np.zeros(len(right), dtype=np.int64)
    goal = place.get(norms(right)) * tolerance
    active = np.flatnonzero(goal > 0.0)
    residual = xp.asarray(take(right, active), copy=True)
    x = zeros(residual, residual.shape)
    going = np.ones(len(active), dtype=bool)
    step = residual if precondition is None else precondition(residual, active)
    direction = xp.asarray(step, copy=True)
    gamma = dots(residual, step)
    for _ in range(limit):
        if active.size == 0:
            break
        image = operator(direction, active)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            alpha = (gamma / dots(direction, image))[:, np.newaxis, np.newaxis]
            alpha = _still(alpha, going)
            add_product(x, alpha, direction)
            add_product(residual, -alpha, image)
            length = norms(residual)
            size = place.get(length)
        iterations[active[going]] += 1
        going &= size > goal[active]
        if np.count_nonzero(going) <= _CROWD * len(going):
            put_samples(solution, active[~going], take(x, ~going))
            active, gamma, length = active[going], take(gamma, going), take(length, going)
            x, residual, direction = (take(a, going) for a in (x, residual, direction))
            going = going[going]
            if active.size == 0:
                break
        if precondition is None:
            step, fresh = residual, length * length
        else:
            step = precondition(residual, active)
            fresh = dots(residual, step)
        with np.errstate(invalid="ignore", divide="ignore"):
            beta = _still((fresh / gamma)[:, np.newaxis, np.newaxis], going)
        direction = fma(step, beta, direction)
        gamma = fresh
    put_samples(solution, active, x)
    return solution, iterations


def _still(factor: Array, going: NDArray[np.bool_]) -> Array:
    """Return the factors (active, 1, 1), 0 for samples that are done and only wait for others."""
    if going.all():
        return factor
    place = backend_of(factor)
    mask = place.flags(going)[:, np.newaxis, np.newaxis]
    return place.xp.where(mask, factor, place.xp.zeros_like(factor))
