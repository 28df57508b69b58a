"""ONNX files: constants are folded, shapes followed by a sample, and each node translated.

What the wanted outputs do not need is left out, and the names of all other nodes are checked
first, so that an unsupported operator is refused before any work. Then the graph is
walked once with a sample, which tells every shape; what depends on weights and shapes only
is computed on the way (by ONNX's own reference), what depends on the inputs becomes a node: of
the fast path where there is one, else of the reference. `simplify` then folds batch normalisations.

Format and operators: https://onnx.ai/onnx/operators (opset 7 and later). Needs the extra
``[onnx]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from xbar_circuit._loading import reading
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers._onnx_file import OnnxFile, read_onnx, references
from xbar_circuit.network.importers._onnx_sizes import choices_of_sizes, is_declared
from xbar_circuit.network.importers._onnx_walker import Walker, unsupported
from xbar_circuit.network.importers._simplify import fold_affine
from xbar_circuit.network.importers._stacking import stacks

__all__ = ["declared_onnx_shape", "from_onnx"]


def from_onnx(
    source: Path | str | bytes,
    *,
    input_shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    output: str | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Network:
    """Read a network from an ONNX file or its bytes.

    Parameters
    ----------
    source
        The file, or its content.
    input_shape
        Shape of one sample of the first input without the batch, where the file leaves it open; or
        whole shapes by the names of inputs. What is open and not given takes the first of some
        usual sizes that fits; a run with other sizes makes the network of these.
    output
        Which tensor to compute; any name in the graph will do. None computes all outputs.
    constants
        Inputs to replace by constants, such as a sampling rate, by name: what depends on them alone
        is computed once.

    Returns
    -------
    Network
        The network; `Network.run` computes it in NumPy.

    Raises
    ------
    ModelFileError
        ``onnx`` is not installed; the file is missing or damaged, or of an opset before 7; a size
        is open, not given, and none that is usual fits; or a node is not supported, with its name
        and operator.
    """
    with _reading(source):
        file = read_onnx(source, output=output, constants=constants)
        _refuse_unsupported(file)
        problem: ModelFileError | None = None
        for shapes in choices_of_sizes(file, input_shape):
            try:
                return _Origin(file=file).made(shapes)
            except ModelFileError as error:
                problem = problem or error
        assert problem is not None  # noqa: S101  (for the type checker)
        raise problem


def declared_onnx_shape(
    source: Path | str | bytes,
    *,
    output: str | None = None,
    constants: Mapping[str, Any] | None = None,
) -> tuple[int | None, ...]:
    """Return the shape of one sample as an ONNX file declares it, None where it is left open.

    Raises
    ------
    ModelFileError
        As `from_onnx`.
    """
    with _reading(source):
        return read_onnx(source, output=output, constants=constants).declared_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Makes the network of a file for inputs of any sizes that it declares."""

    file: OnnxFile
    _last: dict[tuple[Any, ...], Network] = field(default_factory=dict, repr=False, compare=False)

    def network(self, shapes: Mapping[str, tuple[int, ...]]) -> Network | None:
        """Return the network for inputs of whole shapes; None where the file declares others.

        The last one is kept: a network often runs with the same sizes again.
        """
        if not is_declared(self.file, shapes):
            return None
        key = tuple(sorted(shapes.items()))
        found = self._last.get(key)
        if found is None:
            found = self.made(shapes)
            self._last.clear()
            self._last[key] = found
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(_Origin, file=self.file), ()

    def made(self, shapes: Mapping[str, tuple[int, ...]]) -> Network:
        """Return the network for inputs of whole shapes."""
        walker = Walker(self.file, shapes)
        last: dict[str, int] = {}  # where each name is read for the last time
        for k, node in enumerate(self.file.nodes):
            last |= dict.fromkeys(references(node), k)
        last |= dict.fromkeys(self.file.outputs, len(self.file.nodes))
        ends = sorted(last, key=last.__getitem__, reverse=True)
        needed = set(ends)
        for k, node in enumerate(self.file.nodes):
            walker.visit(node)
            while ends and last[ends[-1]] <= k:
                needed.discard(ends.pop())
            walker.forget(needed)
        network = fold_affine(walker.network())
        network = network if walker.decides else stacks(network)
        if any(isinstance(size, str) for item in self.file.inputs for size in item.sizes):
            network = replace(network)
            object.__setattr__(network, "origin", self)  # changes of the network lose it
        return network


def _reading(source: Path | str | bytes) -> AbstractContextManager[None]:
    """Name the file in whatever goes wrong."""
    return reading(
        f"{source!r:.200}", argument="source", expected="an ONNX file", remedy="export it again"
    )


def unknown_operators(source: Path | str | bytes) -> dict[str, int]:
    """Return the types of unsupported operators in an ONNX file, and how many of each.

    Raises
    ------
    ModelFileError
        As `from_onnx`, but for the operators.
    """
    with _reading(source):
        file = read_onnx(source)
        return dict(Counter(_kind(node) for node in _unknown(file)))


def _unknown(file: OnnxFile) -> list[Any]:
    return [unknown for node in file.nodes for unknown in unsupported(node, file.opsets)]


def _kind(node: Any) -> str:
    return node.op_type if node.domain in {"", "ai.onnx"} else f"{node.domain}.{node.op_type}"


def _refuse_unsupported(file: OnnxFile) -> None:
    """Refuse unsupported operators."""
    wrong = [f"{node.name or node.output[0]!r} ({_kind(node)})" for node in _unknown(file)]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelFileError(
            f"{file.where}: got unsupported node {', '.join(wrong[:5])}{more}, expected operators"
            " that ONNX's reference implementation knows, without random numbers; replace it before"
            " the export, or run that part elsewhere"
        )
