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

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.nodal.conjugate import AnyFloat, Operator, conjugate_gradients
from xbar_circuit.nodal.lines import Lines

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

    @cached_property
    def _single(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The matrices K_r and K_c in single precision."""
        row, column = self.lines.row.matrix, self.lines.column.matrix
        return row.astype(np.float32), column.astype(np.float32)

    def solve(
        self,
        root: FloatArray,
        right: FloatArray,
        forcing: FloatArray,
        *,
        exact: NDArray[np.bool_],
    ) -> FloatArray:
        """Return y for fields (batch, rows, cols), to the relative accuracies `forcing` (batch,).

        `exact` : which samples must not be solved in single precision (batch,). What is done with a
        sample does not depend on the others.
        """
        lines = self.lines
        mean = np.einsum("bij,bij->b", root, root) / root[0].size
        stiff = mean * (lines.column.largest + (lines.row.largest if self._loads_row else 0.0))
        bad = stiff > _MILD
        exact = exact | (forcing < _COARSE) | (stiff > _STIFF)
        if root[0].size < _LARGE or lines.long:
            exact = np.ones_like(exact)
        kind = 2 * exact + bad
        if (kind == kind[0]).all():
            return self._alike(root, right, forcing, mean, exact=exact[0], bad=bad[0])
        solution = np.empty_like(right)
        for own in np.unique(kind):
            k = np.flatnonzero(kind == own)
            solution[k] = self._alike(
                root[k], right[k], forcing[k], mean[k], exact=exact[k[0]], bad=bad[k[0]]
            )
        return solution

    def _alike(
        self,
        root: FloatArray,
        right: FloatArray,
        forcing: FloatArray,
        mean: FloatArray,
        *,
        exact: np.bool_,
        bad: np.bool_,
    ) -> FloatArray:
        """Solve samples that are treated alike."""
        precondition = self._preconditioner(mean) if bad else None
        if exact:
            return self._conjugate(self._drop, root, right, forcing, precondition)
        size = np.abs(right).max(axis=(1, 2), keepdims=True)
        size[size == 0.0] = 1.0
        solution = self._conjugate(
            self._coarse_drop,
            root.astype(np.float32),
            (right / size).astype(np.float32),
            forcing,
            precondition,
        )
        return np.asarray(solution * size)

    def _drop(self, current: FloatArray) -> FloatArray:
        return self.lines.drop(current, loads_row=self._loads_row)

    def _coarse_drop(self, current: AnyFloat) -> AnyFloat:
        row, column = self._single
        total = np.matmul(column, current)
        if self._loads_row:
            total += current @ row
        return np.asarray(total)

    def _conjugate(
        self,
        drop: Callable[[Any], Any],
        root: AnyFloat,
        right: AnyFloat,
        forcing: FloatArray,
        precondition: Operator | None,
    ) -> AnyFloat:
        def operator(y: AnyFloat, which: IntArray) -> AnyFloat:
            own = root if len(which) == len(root) else root[which]
            image: AnyFloat = drop(own * y)
            image *= own
            image += y
            return image

        solution, _ = conjugate_gradients(
            operator, right, forcing, precondition=precondition, limit=self._limit
        )
        return np.asarray(solution)

    def _preconditioner(self, mean: FloatArray) -> Operator:
        """Return ``(1 + D Z)^-1`` with one mean D for each sample."""
        column_ohm, column = self.lines.column.modes
        row_ohm, row = self.lines.row.modes
        total = column_ohm[:, np.newaxis] + (row_ohm if self._loads_row else 0.0)
        weight = 1.0 / (1.0 + mean[:, np.newaxis, np.newaxis] * total)

        def precondition(y: AnyFloat, which: IntArray) -> AnyFloat:
            kind = y.dtype
            left, right = column.astype(kind, copy=False), row.astype(kind, copy=False)
            modes = np.matmul(left.T, y) @ right
            modes *= weight[which]
            return np.asarray(np.matmul(left, modes) @ right.T)

        return precondition
