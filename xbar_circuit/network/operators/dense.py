"""The dense layer: one matrix product for every vector of the last axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ShapeError
from xbar_circuit.network.operators._following import Following
from xbar_circuit.network.operators._weights import freeze_weights
from xbar_circuit.network.operators.protocol import Array, MatrixOperator, PreparedMatrix

__all__ = ["Dense"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense(MatrixOperator):
    """``y = x @ weight + bias`` over the last axis.

    Parameters
    ----------
    weight
        (inputs, outputs).
    bias
        (outputs,).
    """

    weight: Array
    bias: Array

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        freeze_weights(self, ("weight", "bias"))
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[1:]:
            raise ShapeError.about(
                "weight, bias",
                got=f"shapes {self.weight.shape} and {self.bias.shape}",
                expected="(inputs, outputs) and (outputs,)",
                remedy="transpose the weight or give one bias for each output",
            )

    @property
    def matrices(self) -> Array:
        """The weight as one group (1, inputs, outputs)."""
        return self.weight[None]

    def unfold(self, inputs: Array) -> Array:
        """Return every vector of the last axis.

        Parameters
        ----------
        inputs
            (batch, ..., inputs).

        Returns
        -------
        array
            (vectors, 1, inputs).

        Raises
        ------
        ShapeError
            No batch axis, or another number of features.
        """
        if inputs.ndim < 2 or inputs.shape[-1] != self.weight.shape[0]:
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, ..., {self.weight.shape[0]})",
                remedy="flatten the features before a dense layer",
            )
        return inputs.reshape(-1, 1, inputs.shape[-1])

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return products plus bias in the input's leading shape.

        Parameters
        ----------
        products
            (vectors, 1, outputs).
        inputs
            The input that was unfolded.

        Returns
        -------
        array
            (batch, ..., outputs).
        """
        return (products[:, 0] + self.bias).reshape(*inputs.shape[:-1], -1)

    def prepared(self) -> PreparedMatrix:
        """Return what computes the output digitally.

        Returns
        -------
        PreparedMatrix
            Takes (batch, ..., inputs), returns (batch, ..., outputs).
        """

        def product(inputs: Array, finish: Following | None = None) -> Array:
            found = self.unfold(inputs)[:, 0] @ self.weight
            found += self.bias
            output: Array = found.reshape(*inputs.shape[:-1], -1)
            return output if finish is None else finish.whole(output)

        return product

    def with_matrices(self, matrices: NDArray[Any]) -> Dense:
        """Return the layer with another weight.

        Parameters
        ----------
        matrices
            (1, inputs, outputs).

        Returns
        -------
        Dense
            With the same bias.
        """
        return replace(self, weight=matrices[0].astype(np.float32))
