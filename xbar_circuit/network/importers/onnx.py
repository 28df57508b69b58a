"""ONNX files: constants are folded, shapes followed by a sample, and each node translated.

The names of all nodes are checked first, so that an operator which nobody supports is refused
before any work. Then the graph is walked once with a sample of zeros, which tells every shape;
what depends on weights and shapes only is computed on the way (by ONNX's own reference), what
depends on the image becomes a node. `simplify` then folds batch normalisations.

Format and operators: https://onnx.ai/onnx/operators (opset 7 and later). Needs the extra
``[onnx]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError, XbarError
from xbar_circuit.network.execution import apply_digitally
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.importers.onnx_operators import SAME, TRANSLATORS, OnnxNode
from xbar_circuit.network.importers.simplify import fold_affine
from xbar_circuit.network.operators import Array

__all__ = ["from_onnx"]

Constants = dict[str, NDArray[Any]]


def from_onnx(source: Path | str | bytes, *, input_shape: Sequence[int] | None = None) -> Network:
    """Read a network from an ONNX file or its bytes.

    Parameters
    ----------
    source
        The file, or its content.
    input_shape
        Shape of one sample without the batch, where the file leaves it open.

    Raises
    ------
    ModelFileError
        ``onnx`` is not installed; the file is missing or damaged; it has several inputs or outputs;
        or a node is not supported, with its name and operator.
    """
    model = _load(source)
    graph = model.graph
    where = "the bytes" if isinstance(source, bytes) else str(source)
    constants = _initializers(graph)
    images = [i for i in graph.input if i.name not in constants]
    if len(images) != 1 or len(graph.output) != 1:
        raise ModelFileError(
            f"{where}: got inputs {[i.name for i in images]} and {len(graph.output)} outputs,"
            " expected one of each; cut the graph with onnx.utils.extract_model"
        )
    _refuse_unsupported(graph, constants, where)
    shape = tuple(input_shape or _input_shape(images[0], where))
    walker = _Walker(model, constants, images[0].name, shape, where)
    for node in graph.node:
        walker.visit(node)
    return fold_affine(walker.network(graph.output[0].name, shape, where))


def _load(source: Path | str | bytes) -> Any:
    try:
        import onnx  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            "onnx: got no such package, expected it to read ONNX files;"
            " pip install 'xbar_circuit[onnx]'"
        ) from error
    try:
        if isinstance(source, bytes):
            return onnx.load_model_from_string(source)
        return onnx.load(str(source))
    except Exception as error:
        raise ModelFileError(
            f"source: got {source!r:.200} ({error}), expected an ONNX file; export it again"
        ) from error


def _initializers(graph: Any) -> Constants:
    from onnx import numpy_helper  # noqa: PLC0415  (an extra)

    return {item.name: numpy_helper.to_array(item) for item in graph.initializer}


def _input_shape(image: Any, where: str) -> tuple[int, ...]:
    """Return the sample's shape without the batch."""
    sizes = [d.dim_value for d in image.type.tensor_type.shape.dim]
    if len(sizes) < 2 or min(sizes[1:]) < 1:
        raise ModelFileError(
            f"{where}: got input {image.name!r} of shape {sizes}, expected fixed sizes after the"
            " batch; pass input_shape=(channels, height, width)"
        )
    return tuple(sizes[1:])


def _refuse_unsupported(graph: Any, constants: Constants, where: str) -> None:
    """Refuse operators that nobody translates, unless they work on constants alone."""
    fixed = {*constants, ""}
    wrong = []
    for node in graph.node:
        if node.op_type == "Shape" or all(name in fixed for name in node.input):
            fixed.update(node.output)
        elif node.op_type not in TRANSLATORS and node.op_type not in SAME:
            wrong.append(f"{node.name or node.output[0]!r} ({node.op_type})")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelFileError(
            f"{where}: got unsupported node {', '.join(wrong[:5])}{more}, expected one of"
            f" {', '.join(sorted({*TRANSLATORS, *SAME}))}; replace it before the export, or run"
            " that part elsewhere"
        )


class _Walker:
    """One walk over the graph with a sample of batch 1."""

    def __init__(
        self, model: Any, constants: Constants, image: str, shape: tuple[int, ...], where: str
    ) -> None:
        self.nodes: list[Node] = []
        self._constants = constants
        self._opsets = {item.domain: item.version for item in model.opset_import}
        self._alias = {image: INPUT}
        self._samples: dict[str, Array] = {INPUT: np.zeros((1, *shape), dtype=np.float32)}
        self._where = where

    def visit(self, node: Any) -> None:
        """Fold a node, or translate it."""
        if all(name in self._constants for name in node.input if name):
            self._fold(node)
        elif node.op_type == "Shape":
            sample = self._samples[self._alias[node.input[0]]]
            self._constants[node.output[0]] = np.array(sample.shape, dtype=np.int64)
        elif node.op_type in SAME:
            self._alias[node.output[0]] = self._alias[node.input[0]]
        else:
            self._translate(node)

    def network(self, output: str, shape: tuple[int, ...], where: str) -> Network:
        """Return what was translated, up to the output."""
        if output not in self._alias:
            raise ModelFileError(
                f"{where}: got an output {output!r} that does not depend on the image, expected"
                " a network; export it again"
            )
        needed = {self._alias[output]}
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
        nodes = [node for node in self.nodes if node.name in needed]
        last = next(k for k, node in enumerate(nodes) if node.name == self._alias[output])
        source = "ONNX" if where == "the bytes" else Path(where).name
        return Network(nodes=tuple(nodes[: last + 1]), input_shape=shape, source=source)

    def _fold(self, node: Any) -> None:
        """Compute a node of constants with ONNX's own reference."""
        from onnx import helper  # noqa: PLC0415  (an extra)
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

        given = {name: self._constants[name] for name in node.input if name}
        told = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in given.items()
        ]
        results = [helper.make_empty_tensor_value_info(name) for name in node.output]
        opsets = [helper.make_opsetid(*item) for item in self._opsets.items()]
        model = helper.make_model(
            helper.make_graph([node], "constants", told, results), opset_imports=opsets
        )
        found = ReferenceEvaluator(model).run(None, given)
        self._constants.update(zip(node.output, map(np.asarray, found), strict=False))

    def _translate(self, node: Any) -> None:
        name = node.output[0]
        moving = [self._alias[n] for n in node.input if n and n not in self._constants]
        told = OnnxNode(
            name=node.name or name,
            kind=node.op_type,
            attributes=_attributes(node),
            constants={
                k: self._constants[n] for k, n in enumerate(node.input) if n in self._constants
            },
            samples=tuple(self._samples[n] for n in moving),
            opset=self._opsets.get("", 0),
        )
        try:
            operator = TRANSLATORS[node.op_type](told)
            self._samples[name] = apply_digitally(operator, *told.samples)
        except (XbarError, KeyError, ValueError, IndexError, TypeError) as error:
            raise ModelFileError(
                f"{self._where}: got node {told.name!r} ({told.kind}) with {error}, expected an"
                " operator as ONNX describes it, in a form that this package supports; simplify"
                " the graph before the export"
            ) from error
        self.nodes.append(Node(name=name, operator=operator, inputs=tuple(moving)))
        self._alias[name] = name


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper  # noqa: PLC0415  (an extra)

    return {item.name: helper.get_attribute_value(item) for item in node.attribute}
