"""The linear systems of Newton's steps: wires in closed form, cells as straight lines.

With the roots R of the cells' slopes, ``(1 + R Z R) y = r`` is symmetric positive definite; Z are
the wires, ``Z i = K_c i + i K_r`` (see `Lines`). Conjugate gradients solve it, preconditioned where
the wires are bad by the same with one mean slope, which the eigenvectors of K_r and K_c
diagonalise.

A step needs few digits, and Newton's own residual, in double precision, judges what it gets: so
well conditioned systems of arrays that are not small are solved in single precision, twice as
fast.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import (
    Array,
    backend_of,
    contiguous,
    dots,
    fma,
    is_numpy,
    namespace,
    put_samples,
    take,
    zeros,
)
from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal._conjugate import Operator, conjugate_gradients
from xbar_circuit.nodal._lines import Lines

__all__ = ["Corrections"]

IntArray = NDArray[np.int64]

_MILD = 6.0
_STIFF = 1e3
_LARGE = 1024
_COARSE = 3e-5  # what single precision can be trusted with


class Corrections:
    """Solver for the steps of all samples of one array.

    Parameters
    ----------
    lines
        The wires.
    loads_row
        Whether the cells' currents flow through the rows.
    limit
        Largest number of iterations a step.
    """

    def __init__(self, lines: Lines, *, loads_row: bool, limit: int) -> None:
        self.lines, self._loads_row, self._limit = lines, loads_row, limit

    def solve(
        self,
        root: Array,
        right: Array,
        forcing: FloatArray,
        *,
        exact: NDArray[np.bool_],
    ) -> Array:
        """Return y for fields (batch, rows, cols), to the relative accuracies `forcing` (batch,).

        `exact` : which samples must not be solved in single precision (batch,). What is done with a
        sample does not depend on the others.
        """
        lines = self.lines
        cells = math.prod(root.shape[1:])
        mean = backend_of(root).get(dots(root, root)) / cells
        stiff = mean * (lines.column.largest + (lines.row.largest if self._loads_row else 0.0))
        bad = stiff > _MILD
        exact = exact | (forcing < _COARSE) | (stiff > _STIFF)
        if cells < _LARGE or (lines.long and is_numpy(root)):
            exact = np.ones_like(exact)
        kind = 2 * exact + bad
        if (kind == kind[0]).all():
            return self._alike(root, right, forcing, mean, exact=exact[0], bad=bad[0])
        solution = zeros(right, right.shape)
        for own in np.unique(kind):
            k = np.flatnonzero(kind == own)
            part = self._alike(
                take(root, k), take(right, k), forcing[k], mean[k], exact=exact[k[0]], bad=bad[k[0]]
            )
            put_samples(solution, k, part)
        return solution

    def _alike(
        self,
        root: Array,
        right: Array,
        forcing: FloatArray,
        mean: FloatArray,
        *,
        exact: np.bool_,
        bad: np.bool_,
    ) -> Array:
        """Solve samples that are treated alike."""
        xp = namespace(root)
        if exact:
            precondition = self._preconditioner(mean, root) if bad else None
            return self._conjugate(root, right, forcing, precondition)
        size = xp.max(xp.abs(right), axis=(1, 2), keepdims=True)
        size = xp.where(size == 0.0, xp.ones_like(size), size)
        root = xp.astype(root, xp.float32)
        precondition = self._preconditioner(mean, root) if bad else None
        right = xp.astype(right / size, xp.float32)
        return self._conjugate(root, right, forcing, precondition) * size

    def _conjugate(
        self, root: Array, right: Array, forcing: FloatArray, precondition: Operator | None
    ) -> Array:
        def operator(y: Array, which: IntArray) -> Array:
            own = root if len(which) == len(root) else take(root, which)
            return fma(y, own, self.lines.drop(own * y, loads_row=self._loads_row))

        solution, _ = conjugate_gradients(
            operator, right, forcing, precondition=precondition, limit=self._limit
        )
        return solution

    def _preconditioner(self, mean: FloatArray, like: Array) -> Operator:
        """Return ``(1 + D Z)^-1`` with one mean D for each sample."""
        column_ohm, column = self.lines.column.modes
        row_ohm, row = self.lines.row.modes
        total = column_ohm[:, np.newaxis] + (row_ohm if self._loads_row else 0.0)
        place = backend_of(like)
        xp = place.xp

        def put(values: FloatArray) -> Array:
            return xp.asarray(values, dtype=like.dtype, device=place.device)

        left, right = put(column), put(row)
        left_t, right_t = contiguous(left.T), contiguous(right.T)
        weight = 1.0 / (1.0 + put(mean)[:, np.newaxis, np.newaxis] * put(total))

        def precondition(y: Array, which: IntArray) -> Array:
            modes = xp.matmul(xp.matmul(left_t, y), right)
            modes *= weight if len(which) == len(weight) else take(weight, which)
            return xp.matmul(xp.matmul(left, modes), right_t)

        return precondition
