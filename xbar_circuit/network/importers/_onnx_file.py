"""What an ONNX file holds, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._loading import PLAIN_BYTES, check_size
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.importers._onnx_external import check_external_data

__all__ = ["OnnxFile", "OnnxInput", "read_onnx", "references"]

_OLDEST = 7  # operators broadcast as in NumPy since then


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxInput:
    """An input of a graph as the file describes it.

    name : in the file.
    sizes : of every axis; a text where it is open: its name, or "?".
    kind : name of the NumPy type, floating point always as float32.
    """

    name: str
    sizes: tuple[int | str, ...]
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnnxFile:
    """The part of a graph that the wanted outputs need.

    where, name : of the file, for messages and reports.
    nodes : in the file's order.
    constants : initialisers by name.
    inputs : those that are needed, in the file's order.
    outputs : names of the tensors to compute.
    opsets : version by domain.
    ir : version of the format.
    """

    where: str
    name: str
    nodes: tuple[Any, ...]
    constants: Mapping[str, NDArray[Any]]
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    opsets: Mapping[str, int]
    ir: int

    @property
    def opset(self) -> int:
        """Version of the default operator set."""
        return self.opsets.get("", self.opsets.get("ai.onnx", 1))

    @property
    def declared_shape(self) -> tuple[int | None, ...]:
        """Shape of one sample of the first input, None where the file leaves it open."""
        return tuple(size if isinstance(size, int) else None for size in self.inputs[0].sizes[1:])


def read_onnx(
    source: Path | str | bytes,
    *,
    output: str | None = None,
    constants: Mapping[str, NDArray[Any]] | None = None,
) -> OnnxFile:
    """Read a file and keep what its outputs need.

    Parameters
    ----------
    source, output
        As `from_onnx`.
    constants
        Inputs that are none any more, by name.

    Raises
    ------
    ModelFileError
        As `from_onnx`, but for the operators.
    """
    from onnx import helper, numpy_helper  # noqa: PLC0415  (an extra)

    model = _load(source)
    graph = model.graph
    where = "the bytes" if isinstance(source, bytes) else str(source)
    fixed = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for item in graph.sparse_initializer:
        fixed[item.values.name] = _dense(item)
    for name, value in (constants or {}).items():
        declared = next((i for i in graph.input if i.name == name), None)
        if declared is None:
            raise ModelFileError(
                f"{where}: got constants of {name!r}, expected names of inputs, of"
                f" {', '.join(repr(i.name) for i in graph.input)}; correct the name"
            )
        kind = helper.tensor_dtype_to_np_dtype(declared.type.tensor_type.elem_type)
        fixed[name] = np.asarray(value, dtype=kind)
    wanted = _outputs(graph, output, where)
    nodes, used = _needed(graph, wanted)
    inputs = tuple(_input(i, where) for i in graph.input if i.name not in fixed and i.name in used)
    if not inputs:
        raise ModelFileError(
            f"{where}: got an output {', '.join(map(repr, wanted))} that depends on no input,"
            " expected a network; choose another output, or export the network again"
        )
    file = OnnxFile(
        where=where,
        name="ONNX" if where == "the bytes" else Path(where).name,
        nodes=nodes,
        constants=fixed,
        inputs=inputs,
        outputs=wanted,
        opsets={item.domain: item.version for item in model.opset_import},
        ir=model.ir_version,
    )
    if file.opset < _OLDEST:
        raise ModelFileError(
            f"{where}: got opset {file.opset}, expected {_OLDEST} or later; convert it with"
            " onnx.version_converter.convert_version(model, 13)"
        )
    return file


def _input(item: Any, where: str) -> OnnxInput:
    from onnx import helper  # noqa: PLC0415  (an extra)

    if not item.type.HasField("tensor_type"):
        raise ModelFileError(
            f"{where}: got the input {item.name!r} that is no tensor, expected tensors; export the"
            " network without sequences and optional inputs"
        )
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type))
    whole = kind.kind in "iub"
    sizes: list[int | str] = [
        dim.dim_value if dim.dim_value > 0 else (dim.dim_param or "?")
        for dim in item.type.tensor_type.shape.dim
    ]
    return OnnxInput(name=item.name, sizes=tuple(sizes), kind=kind.name if whole else "float32")


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
            model = onnx.load_model_from_string(source)
            check_external_data(model, None)
        else:
            check_size("a file", Path(source).stat().st_size, PLAIN_BYTES)
            model = onnx.load(str(source), load_external_data=False)
            folder = Path(source).resolve().parent
            if check_external_data(model, folder):
                onnx.load_external_data_for_model(model, str(folder))
                check_external_data(model, None)
        if model.functions:
            from onnx.inliner import inline_local_functions  # noqa: PLC0415

            model = inline_local_functions(model)
    except Exception as error:
        raise ModelFileError(
            f"source: got {source!r:.200} ({error}), expected an ONNX file; export it again"
        ) from error
    if not model.graph.node or not model.graph.output:
        raise ModelFileError(
            f"source: got {source!r:.200} without nodes or outputs, expected an ONNX network;"
            " export it again"
        )
    return model


def _dense(item: Any) -> NDArray[Any]:
    """Return a sparse tensor with its zeros."""
    from onnx import numpy_helper  # noqa: PLC0415  (an extra)

    shape = tuple(item.dims)
    values, places = numpy_helper.to_array(item.values), numpy_helper.to_array(item.indices)
    check_size("a sparse tensor", 8 * int(np.prod(shape, dtype=object)), PLAIN_BYTES)
    full = np.zeros(shape, dtype=values.dtype)
    if places.ndim == 1:
        full.ravel()[places] = values
    else:
        full[tuple(places.T)] = values
    return full


def _outputs(graph: Any, wanted: str | None, where: str) -> tuple[str, ...]:
    """Return the names of the tensors to compute."""
    offered = [item.name for item in graph.output]
    if wanted is None:
        return tuple(offered)
    if wanted in {name for node in graph.node for name in node.output}:
        return (wanted,)
    raise ModelFileError(
        f"{where}: got the output {wanted!r}, expected one of {', '.join(map(repr, offered))} or of"
        " the tensors inside; choose it with output=..."
    )


def _needed(graph: Any, outputs: Sequence[str]) -> tuple[tuple[Any, ...], set[str]]:
    """Return the nodes that outputs need, and the names that they read."""
    used = set(outputs)
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(references(node))
    return tuple(reversed(kept)), used


def references(node: Any) -> set[str]:
    """Return every name of the graph around it that a node reads, also in its subgraphs."""
    found = {name for name in node.input if name}
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            own = {item.name for item in (*graph.input, *graph.initializer)}
            inner = {item.name for item in graph.output}
            for part in graph.node:
                inner |= references(part)
                own.update(part.output)
            found |= inner - own
    return found
