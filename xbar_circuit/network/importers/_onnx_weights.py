"""Constant matrices that nodes multiply by, those of subgraphs included."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["hidden_weights", "weights_in"]

#: Operators that multiply by a matrix.
_MULTIPLYING = frozenset(
    {
        *("Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul", "MatMulInteger", "ConvInteger"),
        *("GRU", "LSTM", "RNN", "QLinearConv", "QLinearMatMul", "Attention", "DeformConv"),
    }
)
#: Operators whose output is as constant as their first input, and as large.
_PASSING = frozenset(
    {"Cast", "DequantizeLinear", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)

Shape = tuple[int, ...]


def weights_in(nodes: Iterable[Any], shape_of: Callable[[str], Shape | None]) -> int:
    """Return how many numbers the constant matrices have that nodes multiply by.

    Parameters
    ----------
    nodes
        Of a graph; their subgraphs are looked into.
    shape_of
        Returns the shape of a constant of the surrounding graph, None for other names.

    Returns
    -------
    int
        The numbers of all distinct constants of at least two axes.
    """

    def constant(name: str) -> tuple[str, Shape] | None:
        shape = shape_of(name)
        return None if shape is None else (name, shape)

    return sum(_found(nodes, constant, "").values())


def hidden_weights(content: bytes) -> int:
    """Return how many weights are in a model that ONNX's reference runs as one operator.

    Parameters
    ----------
    content
        Of the model, see `OnnxOperator`.
    """
    import onnx  # noqa: PLC0415  (an extra)

    graph = onnx.load_model_from_string(content).graph
    return weights_in(graph.node, _shapes(graph).get)


def _found(
    nodes: Iterable[Any], constant: Callable[[str], tuple[str, Shape] | None], where: str
) -> dict[str, int]:
    """Return the sizes of constants by a name of their own; `where` begins those of these nodes."""
    own: dict[str, tuple[str, Shape]] = {}  # name -> whose numbers they are, and their shape

    def known(name: str) -> tuple[str, Shape] | None:
        return own.get(name) or constant(name)

    found: dict[str, int] = {}
    for k, node in enumerate(nodes):
        for attribute in node.attribute:
            for m, graph in enumerate((attribute.g, *attribute.graphs)):
                place = f"{where}{k}.{attribute.name}.{m}."
                inner = _named(_shapes(graph), place)

                def there(
                    name: str, inner: Mapping[str, tuple[str, Shape]] = inner
                ) -> tuple[str, Shape] | None:
                    return inner.get(name) or known(name)

                found |= _found(graph.node, there, place)
        if node.op_type == "Constant" and node.attribute:
            shape = tuple(node.attribute[0].t.dims)
            own |= _named({node.output[0]: shape}, where)
        inputs = [known(name) for name in node.input]
        if node.op_type in _PASSING and inputs and inputs[0] is not None:
            own[node.output[0]] = inputs[0]
        if node.op_type in _MULTIPLYING:
            matrices = [one for one in inputs if one is not None and len(one[1]) > 1]
            found |= {name: math.prod(shape) for name, shape in matrices}
    return found


def _shapes(graph: Any) -> dict[str, Shape]:
    return {item.name: tuple(item.dims) for item in graph.initializer}


def _named(shapes: Mapping[str, Shape], where: str) -> dict[str, tuple[str, Shape]]:
    return {name: (where + name, shape) for name, shape in shapes.items()}
