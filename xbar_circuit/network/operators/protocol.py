"""What a node of a network computes: the three kinds of operator.

A plain `Operator` maps arrays to an array, or to several, and stays digital on an accelerator. A
`MatrixOperator` is a matrix product in disguise: it unfolds its input into vectors, a multiplier
(NumPy, or tiles of a crossbar) multiplies them by its matrices, and it folds the products, with the
bias, into its output. A `RecurrentOperator` multiplies by several matrices, some of them again at
every step of a sequence. These two seams are the only places where the analog hardware enters a
network.

Arrays are float32 with the batch first and the channels second, as in ONNX, unless a graph has
them otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators._products import multiply

if TYPE_CHECKING:
    from xbar_circuit.network.operators._following import Following

__all__ = [
    "AnyOperator",
    "Array",
    "MatrixOperator",
    "Operator",
    "PreparedMatrix",
    "Product",
    "RecurrentOperator",
]

Array = NDArray[np.float32]

#: Multiplies vectors (n, rows) by a layer's matrix at a step: ``product(layer, vectors, step)``.
Product = Callable[[str, Array, int], Array]


class PreparedMatrix(Protocol):
    """Computes the output of a `MatrixOperator` digitally."""

    def __call__(self, inputs: Array, finish: Following | None = None) -> Array:
        """Return the output, finished by the operators that follow."""
        ...


@runtime_checkable
class Operator(Protocol):
    """A digital operator: an immutable description that can be applied."""

    def apply(self, *inputs: Array) -> Any:
        """Return the output, or a tuple of several.

        Parameters
        ----------
        inputs
            The arrays that the node reads, in order, each with the batch first.

        Returns
        -------
        array or tuple of arrays
            New arrays, or one of the inputs itself.
        """
        ...


class MatrixOperator(ABC):
    """An operator whose work is ``vectors @ matrices``, group by group."""

    __slots__ = ()

    @property
    @abstractmethod
    def matrices(self) -> Array:
        """The weights (groups, rows, cols), dimensionless."""

    @abstractmethod
    def unfold(self, inputs: Array) -> Array:
        """Return the vectors to multiply.

        Parameters
        ----------
        inputs
            The input of the node, (batch, ...).

        Returns
        -------
        array
            (vectors, groups, rows).
        """

    @abstractmethod
    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the output from the products, with the bias added.

        Parameters
        ----------
        products
            (vectors, groups, cols).
        inputs
            The input that was unfolded; its shape says where each vector comes from.

        Returns
        -------
        array
            The output of the node, (batch, ...).
        """

    def through(
        self,
        product: Callable[[Array], Array],
        inputs: Array,
        finish: Following | None = None,
    ) -> Array:
        """Return the output from products that the caller computes, all at once or block by block.

        Parameters
        ----------
        product
            Multiplies vectors (n, groups, rows); what it returns is used up before the next call.
        inputs
            What to unfold.
        finish
            What follows, done to the output or to blocks of it.

        Returns
        -------
        array
            The output of the node, (batch, ...).
        """
        output = self.fold(product(self.unfold(inputs)), inputs)
        return output if finish is None else finish.whole(output)

    def prepared(self) -> PreparedMatrix:
        """Return what computes the output of inputs digitally, prepared for many of them.

        Returns
        -------
        PreparedMatrix
            Takes the inputs, and a `finish` as `through` does; returns the output.
        """
        matrices = self.matrices
        return lambda inputs, finish=None: self.through(
            lambda vectors: multiply(vectors, matrices), inputs, finish
        )

    @abstractmethod
    def with_matrices(self, matrices: NDArray[Any]) -> MatrixOperator:
        """Return the operator with other weights.

        Parameters
        ----------
        matrices
            (groups, rows, cols), as `matrices`.

        Returns
        -------
        MatrixOperator
            With the same bias and settings.
        """


class RecurrentOperator(ABC):
    """An operator that multiplies by several matrices, step by step."""

    __slots__ = ()

    @property
    @abstractmethod
    def layers(self) -> Mapping[str, MatrixOperator]:
        """What it multiplies by: a dense operator by the name of each matrix."""

    @abstractmethod
    def unroll(self, product: Product, *inputs: Array) -> tuple[Array, ...]:
        """Return the outputs from products that the caller computes.

        Parameters
        ----------
        product
            ``product(layer, vectors, step)`` multiplies vectors (n, rows) by a layer's matrix.
        inputs
            The arrays that the node reads.

        Returns
        -------
        tuple of arrays
            All outputs of the node.
        """

    @abstractmethod
    def with_layers(self, matrices: Mapping[str, NDArray[Any]]) -> RecurrentOperator:
        """Return the operator with other weights of some layers.

        Parameters
        ----------
        matrices
            (rows, cols) by the name of the layer, as in `layers`.

        Returns
        -------
        RecurrentOperator
            With the same biases and settings.
        """


#: What a node may compute.
AnyOperator = Operator | MatrixOperator | RecurrentOperator
