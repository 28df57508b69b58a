"""ONNX files: constants are folded, shapes followed by a sample, and each node translated.

What the wanted output does not need is left out, and the names of all other nodes are checked
first, so that an operator which nobody supports is refused before any work. Then the graph is
walked once with a sample of zeros, which tells every shape; what depends on weights and shapes only
is computed on the way (by ONNX's own reference), what depends on the image becomes a node.
`simplify` then folds batch normalisations.

Format and operators: https://onnx.ai/onnx/operators (opset 7 and later). Needs the extra
``[onnx]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._loading import reading
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.execution import apply_digitally
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.importers._onnx_file import OnnxFile, read_onnx
from xbar_circuit.network.importers._onnx_node import OnnxNode, attributes
from xbar_circuit.network.importers._onnx_operators import SEVERAL, TRANSLATORS
from xbar_circuit.network.importers._onnx_sizes import check_growth, check_padding, check_sample
from xbar_circuit.network.importers._simplify import fold_affine
from xbar_circuit.network.operators import Array

__all__ = ["declared_onnx_shape", "from_onnx"]

#: Operators that change nothing at inference.
_SAME = frozenset({"Cast", "Dropout", "Identity"})


def from_onnx(
    source: Path | str | bytes,
    *,
    input_shape: Sequence[int] | None = None,
    output: str | None = None,
) -> Network:
    """Read a network from an ONNX file or its bytes.

    Parameters
    ----------
    source
        The file, or its content.
    input_shape
        Shape of one sample without the batch, where the file leaves it open.
    output
        Which tensor to compute, of a file with several outputs; any name in the graph will do.

    Raises
    ------
    ModelFileError
        ``onnx`` is not installed; the file is missing or damaged, of an opset before 7, or with
        several inputs; it has several outputs and none is chosen; its shape is open and not given;
        or a node is not supported, with its name and operator.
    """
    with _reading(source):
        file = read_onnx(source, output=output)
        _refuse_unsupported(file)
        batch, shape = file.sample_shape(input_shape)
        walker = _Walker(file, batch, shape)
        for node in file.nodes:
            walker.visit(node)
        return fold_affine(walker.network(shape))


def declared_onnx_shape(
    source: Path | str | bytes, *, output: str | None = None
) -> tuple[int | None, ...]:
    """Return the shape of one sample as an ONNX file declares it, None where it is left open.

    Raises
    ------
    ModelFileError
        As `from_onnx`.
    """
    with _reading(source):
        return read_onnx(source, output=output).declared_shape


def _reading(source: Path | str | bytes) -> AbstractContextManager[None]:
    """Name the file in whatever goes wrong."""
    return reading(
        f"{source!r:.200}", argument="source", expected="an ONNX file", remedy="export it again"
    )


def _refuse_unsupported(file: OnnxFile) -> None:
    """Refuse operators that nobody translates, unless they work on constants alone."""
    fixed = {*file.constants, ""}
    wrong = []
    for node in file.nodes:
        foreign = node.domain not in {"", "ai.onnx"}
        opaque = (
            foreign
            or node.op_type.startswith("Random")
            or any(a.HasField("g") for a in node.attribute)
        )
        if not opaque and (node.op_type == "Shape" or all(name in fixed for name in node.input)):
            fixed.update(node.output)
        elif opaque or (node.op_type not in TRANSLATORS and node.op_type not in _SAME):
            kind = f"{node.domain}.{node.op_type}" if foreign else node.op_type
            wrong.append(f"{node.name or node.output[0]!r} ({kind})")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelFileError(
            f"{file.where}: got unsupported node {', '.join(wrong[:5])}{more}, expected one of"
            f" {', '.join(sorted({*TRANSLATORS, *_SAME}))}; replace it before the export, or run"
            " that part elsewhere"
        )


class _Walker:
    """One walk over the graph with one sample, or a batch of the size that the file insists on."""

    def __init__(self, file: OnnxFile, batch: int, shape: tuple[int, ...]) -> None:
        self.nodes: list[Node] = []
        self._file = file
        self._constants = dict(file.constants)
        self._alias = {file.image.name: INPUT}
        check_sample((batch, *shape))
        self._samples: dict[str, Array] = {INPUT: np.zeros((batch, *shape), dtype=np.float32)}

    def visit(self, node: Any) -> None:
        """Fold a node, or translate it."""
        unknown = [n for n in node.input if n and n not in self._constants and n not in self._alias]
        if unknown:
            raise self._about(node, f"the input {unknown[0]!r}, which no node before it computes")
        if all(name in self._constants for name in node.input if name):
            self._fold(node)
        elif node.op_type == "Shape":
            told = attributes(node)
            size = self._samples[self._alias[node.input[0]]].shape
            part = size[told.get("start", 0) : told.get("end")]
            self._constants[node.output[0]] = np.array(part, dtype=np.int64)
        elif node.op_type in _SAME:
            self._pass(node)
        else:
            self._translate(node)

    def network(self, shape: tuple[int, ...]) -> Network:
        """Return what was translated, up to the output."""
        output = self._file.output
        if output not in self._alias:
            raise ModelFileError(
                f"{self._file.where}: got an output {output!r} that does not depend on the image,"
                " expected a network; export it again"
            )
        needed = {self._alias[output]}
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
        nodes = tuple(node for node in self.nodes if node.name in needed)
        return Network(
            nodes=nodes,
            input_shape=shape,
            source=self._file.name,
            input_name=self._file.image.name,
        )

    def _about(self, node: Any, problem: str) -> ModelFileError:
        return ModelFileError(
            f"{self._file.where}: got node {node.name or node.output[0]!r} ({node.op_type}) with"
            f" {problem}, expected an operator as ONNX describes it, in a form that this package"
            " supports; simplify the graph before the export"
        )

    def _pass(self, node: Any) -> None:
        from onnx import TensorProto  # noqa: PLC0415  (an extra)

        floats = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
        if node.op_type == "Cast" and attributes(node)["to"] not in floats:
            raise self._about(node, "a type that is not floating point")
        training = node.input[2] if len(node.input) > 2 else ""
        if node.op_type == "Dropout" and bool(self._constants.get(training, False)):
            raise self._about(node, "training_mode, which draws random numbers")
        self._alias[node.output[0]] = self._alias[node.input[0]]

    def _fold(self, node: Any) -> None:
        """Compute a node of constants with ONNX's own reference."""
        from onnx import helper  # noqa: PLC0415  (an extra)
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

        given = {name: self._constants[name] for name in node.input if name}
        try:
            check_growth(node.op_type, [self._constants.get(name) for name in node.input])
        except ValueError as error:
            raise self._about(node, str(error)) from error
        told = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in given.items()
        ]
        results = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
        opsets = [helper.make_opsetid(*item) for item in self._file.opsets.items()]
        try:
            model = helper.make_model(
                helper.make_graph([node], "constants", told, results), opset_imports=opsets
            )
            found = ReferenceEvaluator(model).run(None, given)
        except Exception as error:
            raise self._about(node, f"constants that cannot be computed ({error})") from error
        names = [name for name in node.output if name]
        self._constants.update(zip(names, map(np.asarray, found), strict=False))

    def _translate(self, node: Any) -> None:
        name = node.output[0]
        moving = [self._alias[n] for n in node.input if n and n not in self._constants]
        constants: dict[int, NDArray[Any]] = {
            k: self._constants[n] for k, n in enumerate(node.input) if n in self._constants
        }
        told = OnnxNode(
            name=node.name or name,
            kind=node.op_type,
            attributes=attributes(node),
            constants=constants,
            samples=tuple(self._samples[n] for n in moving),
            opset=self._file.opset,
        )
        try:
            if len({sample.ndim for sample in told.samples}) > 1:
                raise ValueError("inputs of different ranks, which would mix the images of a batch")
            check_padding(told)
            with np.errstate(invalid="raise", divide="raise"):
                operator = TRANSLATORS[node.op_type](told)
            if len(moving) > 1 and node.op_type not in SEVERAL:
                raise ValueError("several inputs that depend on the image")
            sample = apply_digitally(operator, *told.samples)
            if len(sample) != len(told.samples[0]):
                raise ValueError(f"an output of shape {sample.shape}, which mixes the batch")
        except Exception as error:  # damaged files reach every corner of the translators
            raise self._about(node, str(error) or type(error).__name__) from error
        self._samples[name] = sample
        self.nodes.append(Node(name=name, operator=operator, inputs=tuple(moving)))
        self._alias[name] = name
