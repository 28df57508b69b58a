"""What a node of a network computes: the two kinds of operator.

A plain `Operator` maps arrays to an array and stays digital on an accelerator. A `MatrixOperator`
is a matrix product in disguise: it unfolds its input into vectors, somebody multiplies them by its
matrices (NumPy, or tiles of a crossbar), and it folds the products, with the bias, into its output.
That seam is the only place where the analog hardware enters a network.

Arrays are float32 with the batch first and the channels second, as in ONNX.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "MatrixOperator", "Operator"]

Array = NDArray[np.float32]


@runtime_checkable
class Operator(Protocol):
    """A digital operator: an immutable description that can be applied."""

    def apply(self, *inputs: Array) -> Array:
        """Return the output; every array has the batch first."""
        ...


@runtime_checkable
class MatrixOperator(Protocol):
    """An operator whose work is ``vectors @ matrices``, group by group."""

    @property
    def matrices(self) -> Array:
        """The weights (groups, rows, cols), dimensionless."""
        ...

    def unfold(self, inputs: Array) -> Array:
        """Return the vectors to multiply (vectors, groups, rows)."""
        ...

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the output from the products (vectors, groups, cols), with the bias added."""
        ...
