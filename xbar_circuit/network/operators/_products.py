"""Matrix products of vectors, group by group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._scratch import Scratch

__all__ = ["Product", "multiply"]

Floats = NDArray[np.float32]


class Product:
    """Multiplies blocks of vectors by one matrix; what it returns holds until its next call.

    Parameters
    ----------
    matrix
        (rows, cols).
    """

    def __init__(self, matrix: Floats) -> None:
        self._matrix, self._scratch = matrix, Scratch()

    def __call__(self, vectors: Floats) -> Floats:
        """Return the products (n, 1, cols) of vectors (n, 1, rows)."""
        room = self._scratch(len(vectors), self._matrix.shape[1])
        return np.matmul(vectors[:, 0], self._matrix, out=room)[:, None]


def multiply(vectors: Floats, matrices: Floats) -> Floats:
    """Multiply (vectors, groups, rows) by (groups, rows, cols)."""
    if len(matrices) == 1:
        products: Floats = (vectors[:, 0] @ matrices[0])[:, None]
    else:
        products = np.matmul(vectors.swapaxes(0, 1), matrices).swapaxes(0, 1)
    return products
