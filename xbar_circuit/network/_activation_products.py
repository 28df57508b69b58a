"""Products of activations with each other: digital multiply-accumulates that no tile takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xbar_circuit.network.operators import MatMul, MatrixOperator, OnnxOperator, RecurrentOperator

__all__ = ["activation_macs", "multiplies_activations"]

_KINDS = frozenset(
    {"Attention", "Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul", "MatMulInteger"}
)


def multiplies_activations(operator: object) -> bool:
    """Return whether a digital operator multiplies matrices, of which none is a constant weight."""
    if isinstance(operator, MatMul):
        return True
    return isinstance(operator, OnnxOperator) and operator.kind in _KINDS


def activation_macs(operator: object, inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    """Return the multiply-accumulates of a digital operator; 0 for what multiplies no matrices.

    Parameters
    ----------
    operator
        Of a node.
    inputs, outputs
        Its arrays. Of `Attention` both products count, of others the one product.
    """
    if isinstance(operator, MatrixOperator | RecurrentOperator) or not multiplies_activations(
        operator
    ):
        return 0
    kind = operator.kind if isinstance(operator, OnnxOperator) else "MatMul"
    sizes = [np.shape(value) for value in inputs]
    if kind == "Attention":
        steps = sizes[1][-2] if len(sizes) > 1 else sizes[0][-2]
        return 2 * int(np.size(inputs[0])) * int(steps)
    if kind in {"Conv", "ConvTranspose"}:
        return int(np.size(inputs[0] if kind == "ConvTranspose" else outputs[0])) * int(
            np.prod(sizes[-1][1:])
        )
    return int(np.size(outputs[0])) * int(sizes[0][-1] if sizes[0] else 1)
