"""Names of a torch module's layers in the ONNX file that torch makes of it.

The exporter names tensors by scopes and an operator, such as "/features/features.0/Conv_output_0",
or by a number at the end of the graph. A layer is called here as ``named_modules`` calls it, so
that one name means one layer for `from_torch` and for `xbar_circuit.torch.convert`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["WHOLE", "named_after_modules"]

#: Name of a network that is one layer.
WHOLE = "layer"

_PRODUCTS = {"Conv", "ConvTranspose", "GRU", "Gemm", "LSTM", "MatMul", "RNN"}
_LAYERS = {
    *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"),
    *("ConvTranspose3d", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"),
}
_AGAIN = re.compile(r"_\d+$")


def named_after_modules(content: bytes, module: Any) -> bytes:
    """Return an ONNX file whose products are named after the modules that they came from.

    A module that is called several times gives its name to the first product, and ``name:2`` and so
    on to the others. What came from no linear, convolutional or recurrent module keeps its name; so
    does all of an exported program, whose trace has no scopes.

    Parameters
    ----------
    content
        The file, from torch's exporter.
    module
        What was exported.
    """
    import onnx  # noqa: PLC0415  an optional dependency

    model = onnx.load_from_string(content)
    taken = {name for node in _nodes(model.graph) for name in (*node.input, *node.output)}
    names: dict[str, str] = {}
    for node in model.graph.node:
        own = _layer(module, node) if node.op_type in _PRODUCTS else None
        if own is None:
            continue
        free = (own, *(f"{own}:{count}" for count in range(2, len(model.graph.node) + 2)))
        name = next(one for one in free if one not in taken)
        taken.add(name)
        names[node.output[0]] = node.name = name
    for node in _nodes(model.graph):
        for tensors in (node.input, node.output):
            for k, tensor in enumerate(tensors):
                tensors[k] = names.get(tensor, tensor)
    for value in (*model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)
    written: bytes = model.SerializeToString()
    return written


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield all nodes of a graph, and those of the graphs in them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _layer(module: Any, node: Any) -> str | None:
    """Return the name of the layer that a product came from, or None where it is no layer.

    By the name of its weight, which an exported program keeps; else by the scopes of its name. The
    scope of a child is its name, or a path of lists before it, of which the parent may hold the
    beginning already; a number is added at a second call.
    """
    parts = dict(module.named_modules())
    for tensor in node.input:
        own, _, last = tensor.rpartition(".")
        if last == "weight" and _kind(parts.get(own)) in _LAYERS:
            return own or WHOLE
    path = ""
    for scope in node.name.split("/")[1:-1]:
        once = _AGAIN.sub("", scope)
        ends = (scope, scope.rpartition(".")[2], once, once.rpartition(".")[2])
        paths = (f"{path}.{end}".lstrip(".") for end in ends)
        known = next((one for one in paths if one in parts), None)
        if known is None:
            return None
        path = known
    return (path or WHOLE) if _kind(parts[path]) in _LAYERS else None


def _kind(part: Any) -> str:
    """Return the name of a module's class, of a scripted one the class that it was."""
    return str(getattr(part, "original_name", type(part).__name__))
