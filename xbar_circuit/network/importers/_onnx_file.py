"""What an ONNX file holds, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from xbar_circuit._loading import PLAIN_BYTES, check_size
from xbar_circuit.errors import ModelFileError

__all__ = ["OnnxFile", "read_onnx"]

_OLDEST = 7  # operators broadcast as in NumPy since then


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnnxFile:
    """The part of a graph that one output needs.

    where, name : of the file, for messages and reports.
    nodes : in the file's order.
    constants : initialisers by name.
    image : the one input, as the file describes it.
    output : name of the tensor to compute.
    opsets : version by domain.
    """

    where: str
    name: str
    nodes: tuple[Any, ...]
    constants: Mapping[str, NDArray[Any]]
    image: Any
    output: str
    opsets: Mapping[str, int]

    @property
    def opset(self) -> int:
        """Version of the default operator set."""
        return self.opsets.get("", self.opsets.get("ai.onnx", 1))

    @property
    def declared_shape(self) -> tuple[int | None, ...]:
        """Shape of one sample, None where the file leaves it open."""
        return self._sizes()[1:]

    def sample_shape(self, wanted: Sequence[int] | None) -> tuple[int, tuple[int, ...]]:
        """Return the batch that the file insists on (or 1), and the shape of one sample.

        Raises
        ------
        ModelFileError
            A size is open and not given, or given and another in the file.
        """
        batch, *declared = self._sizes()
        shape = tuple(declared) if wanted is None else tuple(wanted)
        fits = len(shape) == len(declared) and all(
            have is None or want is None or have == want
            for have, want in zip(declared, shape, strict=True)
        )
        if not declared or not fits or any(size is None or size < 1 for size in shape):
            got = [dim.dim_value or dim.dim_param or "?" for dim in self._dims()]
            given = "" if wanted is None else f" and input_shape={tuple(wanted)}"
            raise ModelFileError(
                f"{self.where}: got input {self.image.name!r} of shape {got}{given}, expected sizes"
                " after the batch that are fixed, or given where the file leaves them open; pass"
                " input_shape=(channels, height, width), or in the layout that the file has"
            )
        return batch or 1, tuple(int(size) for size in shape if size is not None)

    def _dims(self) -> list[Any]:
        return list(self.image.type.tensor_type.shape.dim)

    def _sizes(self) -> tuple[int | None, ...]:
        return tuple(dim.dim_value if dim.dim_value > 0 else None for dim in self._dims())


def read_onnx(source: Path | str | bytes, *, output: str | None = None) -> OnnxFile:
    """Read a file and keep what one output needs.

    Raises
    ------
    ModelFileError
        As `from_onnx`, but for the operators.
    """
    from onnx import numpy_helper  # noqa: PLC0415  (an extra)

    model = _load(source)
    graph = model.graph
    where = "the bytes" if isinstance(source, bytes) else str(source)
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    wanted = _output(graph, output, where)
    nodes, used = _needed(graph, wanted)
    images = [i for i in graph.input if i.name not in constants and i.name in used]
    if len(images) != 1:
        raise ModelFileError(
            f"{where}: got inputs {[i.name for i in images]} for the output {wanted!r}, expected"
            " one; make the others constants, or choose an output that needs one input alone"
        )
    file = OnnxFile(
        where=where,
        name="ONNX" if where == "the bytes" else Path(where).name,
        nodes=nodes,
        constants=constants,
        image=images[0],
        output=wanted,
        opsets={item.domain: item.version for item in model.opset_import},
    )
    if file.opset < _OLDEST:
        raise ModelFileError(
            f"{where}: got opset {file.opset}, expected {_OLDEST} or later; convert it with"
            " onnx.version_converter.convert_version(model, 13)"
        )
    return file


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
        else:
            check_size("a file", Path(source).stat().st_size, PLAIN_BYTES)
            model = onnx.load(str(source))
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


def _output(graph: Any, wanted: str | None, where: str) -> str:
    """Return the name of the tensor to compute."""
    offered = [item.name for item in graph.output]
    if wanted is None and len(offered) == 1:
        return str(offered[0])
    if wanted is not None and wanted in {name for node in graph.node for name in node.output}:
        return wanted
    raise ModelFileError(
        f"{where}: got {'no output' if wanted is None else f'the output {wanted!r}'}, expected one"
        f" of {', '.join(map(repr, offered))} or of the tensors inside; choose it with output=..."
    )


def _needed(graph: Any, output: str) -> tuple[tuple[Any, ...], set[str]]:
    """Return the nodes that an output needs, and the names that they read."""
    used = {output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
            for attribute in node.attribute:  # a subgraph reads names of the graph around it
                used.update(name for inner in attribute.g.node for name in inner.input)
    return tuple(reversed(kept)), used
