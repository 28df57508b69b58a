"""One walk over a network's nodes, independent of what multiplies.

Samples of a network that stacks are one array; those of any other walk side by side, each digital
operator for each of them, each matrix for all their vectors together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network._multiplier import (
    DigitalMultiplier,
    Graph,
    InBlocks,
    Multiplier,
    Preparing,
)
from xbar_circuit.network._plan import plan
from xbar_circuit.network.node import INPUT, Node
from xbar_circuit.network.operators import Array, MatrixOperator, RecurrentOperator
from xbar_circuit.network.operators._following import Following

__all__ = ["walk"]


def walk(
    network: Graph,
    images: Array | Feeds,
    multiplier: Multiplier,
    *,
    seen: Callable[[Node, list[Any], list[Any]], object] | None = None,
) -> dict[str, list[Any]]:
    """Run samples through the network and return its outputs by name.

    Values that no later node reads are dropped on the way.

    Parameters
    ----------
    network
        What to run.
    images
        The inputs, or the array of the one input ``(n, *input_shape)``.
    multiplier
        Computes the matrix products.
    seen
        Called with every node and its inputs and outputs, of the first sample or of all that are
        stacked.

    Returns
    -------
    dict
        Of each output of the network a list: one array for all samples where they are stacked, else
        one for each.
    """
    feeds = images if isinstance(images, Feeds) else Feeds(arrays={INPUT: images})
    steps = network.plan if seen is None else plan(network.nodes, network.outputs, together=False)
    values: dict[str, list[Any]] = {
        name: [array] if network.stacks else list(array) for name, array in feeds.arrays.items()
    }
    for step in steps:
        inputs = [values[name] for name in step.node.inputs]
        outputs = _visit(step.node, inputs, multiplier, step.following)
        if seen is not None:
            seen(step.node, [value[0] for value in inputs], [value[0] for value in outputs])
        found = zip(step.outputs, outputs, strict=True)
        values |= {name: value for name, value in found if name}
        for name in step.dropped:
            values.pop(name, None)
    return {name: values[name] for name in network.outputs}


def _visit(
    node: Node,
    inputs: list[list[Any]],
    multiplier: Multiplier,
    finish: Following | None = None,
) -> list[list[Any]]:
    """Return a node's outputs, each for all samples."""
    operator = node.operator
    if isinstance(operator, MatrixOperator):
        x, sizes = _together(inputs[0], axis=0)
        found = _matrix_output(node.name, operator, x, multiplier, finish)
        return [_split(found, sizes, axis=0)]
    if isinstance(operator, RecurrentOperator):
        return _visit_recurrent(node, operator, inputs, multiplier)
    several = [operator.apply(*sample) for sample in zip(*inputs, strict=True)]
    if node.more_outputs:
        return [list(one) for one in zip(*several, strict=True)]
    return [several]


def _matrix_output(
    name: str,
    operator: MatrixOperator,
    inputs: Array,
    multiplier: Multiplier,
    finish: Following | None,
) -> Array:
    """Return a matrix node's output, its vectors in blocks where the multiplier can."""
    if isinstance(multiplier, DigitalMultiplier):
        whole = multiplier.whole(name, operator)
        if whole is not None:
            return whole(inputs, finish)
    seen = multiplier.encode(name, inputs)
    product = multiplier.block(name) if isinstance(multiplier, InBlocks) else None
    if product is not None:
        return operator.through(product, seen, finish)
    output = operator.fold(multiplier.multiply(name, operator.unfold(seen)), seen)
    return output if finish is None else finish.whole(output)


def _visit_recurrent(
    node: Node, operator: RecurrentOperator, inputs: list[list[Any]], multiplier: Multiplier
) -> list[list[Any]]:
    """Unroll a recurrent node: all samples are one batch, along the batch's axis."""
    joined = [_together(value, axis=_batch_axis(value[0])) for value in inputs]
    given = [array for array, _ in joined]

    def product(layer: str, vectors: Array, step: int) -> Array:
        name = f"{node.name}.{layer}"
        seen = multiplier.encode(name, vectors)
        products: Array = multiplier.multiply(name, seen[:, None], step=step)[:, 0]
        return products

    if isinstance(multiplier, Preparing):
        matrices = {name: dense.matrices[0] for name, dense in operator.layers.items()}
        kept: dict[str, list[Array]] = {}

        def exact(layer: str, vectors: Array, step: int) -> Array:  # noqa: ARG001
            kept.setdefault(layer, []).append(vectors)
            return np.asarray(np.matmul(vectors, matrices[layer]))

        operator.unroll(exact, *given)
        for layer, vectors in kept.items():
            multiplier.prepare(f"{node.name}.{layer}", np.concatenate(vectors))
    sizes = joined[0][1]
    found = operator.unroll(product, *given)[: len(node.outputs)]
    return [_split(array, sizes, axis=array.ndim - 2) for array in found]


def _batch_axis(array: Array) -> int:
    """Return the batch's axis of lengths (batch,), or of states and sequences (..., batch, n)."""
    return max(0, array.ndim - 2)


def _together(samples: list[Any], *, axis: int) -> tuple[Any, list[int]]:
    """Join the samples along an axis; return their sizes along it too."""
    if len(samples) == 1:
        return samples[0], []
    return np.concatenate(samples, axis=axis), [sample.shape[axis] for sample in samples]


def _split(array: Array, sizes: list[int], *, axis: int) -> list[Array]:
    """Undo `_together`."""
    if not sizes:
        return [array]
    return np.split(array, np.cumsum(sizes)[:-1], axis=axis)
