"""The walk over an ONNX graph with one sample: what is known is folded, the rest becomes nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.execution import apply_digitally
from xbar_circuit.network.graph import INPUT, Network, Node, Port
from xbar_circuit.network.importers._onnx_control import CONTROL, chosen_later, unrolled
from xbar_circuit.network.importers._onnx_expand import EXPANSIONS, Context
from xbar_circuit.network.importers._onnx_file import OnnxFile, references
from xbar_circuit.network.importers._onnx_node import OnnxNode, UnsuitedError, attributes
from xbar_circuit.network.importers._onnx_operators import FINAL, SEVERAL, TRANSLATORS
from xbar_circuit.network.importers._onnx_recurrent import RECURRENT, recurrent_operator
from xbar_circuit.network.importers._onnx_reference import compute, is_known, reference_operator
from xbar_circuit.network.importers._onnx_sizes import check_growth, check_padding, check_sample
from xbar_circuit.network.importers._onnx_weights import weights_in
from xbar_circuit.network.operators import Cast, Constant, MatrixOperator, Operator
from xbar_circuit.network.operators.protocol import RecurrentOperator

__all__ = ["Walker", "unsupported"]

#: Operators that change nothing at inference.
_SAME = frozenset({"Dropout", "Identity"})
_PLAIN_DOMAINS = frozenset({"", "ai.onnx"})


def unsupported(node: Any, opsets: Mapping[str, int]) -> Iterator[Any]:
    """Yield the node, or those in its subgraphs, that are unsupported."""
    plain = node.domain in _PLAIN_DOMAINS
    if plain and node.op_type in CONTROL:
        for attribute in node.attribute:
            for inner in attribute.g.node:
                yield from unsupported(inner, opsets)
        return
    own = {*TRANSLATORS, *_SAME, *RECURRENT, *EXPANSIONS, "Cast", "Shape", "Size"}
    expanded = f"{node.domain}.{node.op_type}" in EXPANSIONS
    if not (plain and node.op_type in own) and not expanded and not is_known(node, opsets):
        yield node


class Walker:
    """One walk over a graph.

    Parameters
    ----------
    file
        The graph.
    shapes
        Of every input, with the batch, by name.

    Attributes
    ----------
    decides
        Whether the data of a sample decide what is computed, so that samples cannot be stacked.
    """

    def __init__(self, file: OnnxFile, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.nodes: list[Node] = []
        self.decides = False
        self._file, self._shapes = file, shapes
        self._constants: dict[str, Any] = dict(file.constants)
        self._alias: dict[str, str] = {}
        self._samples: dict[str, Any] = {}
        self._held: set[str] = set()  # whose samples were not forgotten
        self._steps: dict[str, int] = {}
        rng = np.random.default_rng(0)
        for k, item in enumerate(file.inputs):
            check_sample(shapes[item.name])
            value = INPUT if k == 0 else f"{INPUT}:{item.name}"
            self._alias[item.name] = value
            if item.kind == "float32":
                sample = rng.standard_normal(shapes[item.name], dtype=np.float32)
            else:
                sample = np.zeros(shapes[item.name], dtype=item.kind)
            self._samples[value] = sample

    def visit(self, node: Any) -> None:
        """Fold a node, or translate it."""
        reads = references(node)
        unknown = sorted(n for n in reads if n not in self._constants and n not in self._alias)
        if unknown:
            raise self._about(node, f"the input {unknown[0]!r}, which no node before it computes")
        try:
            with np.errstate(all="ignore"):
                self._take(node, reads)
        except ModelFileError:
            raise
        except Exception as error:  # damaged files reach every corner of the translators
            raise self._about(node, str(error) or type(error).__name__) from error

    def forget(self, needed: Collection[str]) -> None:
        """Leave only the shapes of samples that no later node reads.

        Parameters
        ----------
        needed
            Names that later nodes read, or that are outputs.
        """
        live = {self._alias[name] for name in needed if name in self._alias}
        for value in self._held - live:
            sample = self._samples[value]
            if isinstance(sample, np.ndarray) and sample.dtype.kind in "fiub":
                empty = np.broadcast_to(np.zeros((), sample.dtype), sample.shape)
                self._samples[value] = empty
        self._held &= live

    def network(self) -> Network:
        """Return what was translated, up to the outputs."""
        outputs = []
        for name in self._file.outputs:
            if name in self._constants:
                self._keep(name)
            if name not in self._alias:
                raise ModelFileError(
                    f"{self._file.where}: got an output {name!r} that no node computes, expected a"
                    " network; export it again"
                )
            outputs.append(self._alias[name])
        needed = set(outputs)
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs):
                needed.update(node.inputs)
        nodes = tuple(node for node in self.nodes if needed.intersection(node.outputs))
        first, *others = self._file.inputs
        return Network(
            nodes=nodes,
            input_shape=tuple(self._shapes[first.name]),
            source=self._file.name,
            input_name=first.name,
            input_kind=first.kind,
            more_inputs=tuple(
                Port(
                    name=item.name,
                    value=self._alias[item.name],
                    shape=tuple(self._shapes[item.name]),
                    kind=item.kind,
                )
                for item in others
            ),
            outputs=tuple(outputs),
            stacks=False,
        )

    def _about(self, node: Any, problem: str) -> ModelFileError:
        return ModelFileError(
            f"{self._file.where}: got node {node.name or _first(node)!r} ({node.op_type}) with"
            f" {problem}, expected an operator as ONNX describes it, in a form that this package"
            " supports; simplify the graph before the export"
        )

    def _take(self, node: Any, reads: set[str]) -> None:
        kind = node.op_type if node.domain in _PLAIN_DOMAINS else f"{node.domain}.{node.op_type}"
        if all(name in self._constants for name in reads):
            self._fold(node, reads)
        elif kind in {"Shape", "Size"}:
            self._measure(node)
        elif kind in _SAME:
            self._pass(node)
        elif kind == "Cast":
            self._cast(node)
        elif (
            (kind in CONTROL and self._unroll(node))
            or (kind in RECURRENT and self._recur(node))
            or (kind in TRANSLATORS and self._translate(node))
            or (kind in EXPANSIONS and self._expand(node, kind))
        ):
            return
        else:
            self._refer(node, reads)

    def _fold(self, node: Any, reads: set[str]) -> None:
        """Compute a node of constants with ONNX's own reference."""
        given = {name: self._constants[name] for name in sorted(reads)}
        check_growth(node.op_type, [self._constants.get(name) for name in node.input])
        try:
            self._constants.update(compute(node, given, self._file.opsets))
        except Exception as error:
            raise ValueError(f"constants that cannot be computed ({error})") from error

    def _measure(self, node: Any) -> None:
        """Compute the shape or the size of a sample."""
        described = attributes(node)
        size = self._samples[self._alias[node.input[0]]].shape
        if node.op_type == "Shape":
            found = np.array(size[described.get("start", 0) : described.get("end")], dtype=np.int64)
        else:
            found = np.array(np.prod(size, dtype=np.int64))
        self._constants[node.output[0]] = found

    def _pass(self, node: Any) -> None:
        training = node.input[2] if len(node.input) > 2 else ""
        if node.op_type == "Dropout" and bool(self._constants.get(training, False)):
            raise ValueError("training_mode, which draws random numbers")
        self._alias[node.output[0]] = self._alias[node.input[0]]

    def _cast(self, node: Any) -> None:
        from onnx import helper  # noqa: PLC0415  (an extra)

        kind = np.dtype(helper.tensor_dtype_to_np_dtype(attributes(node)["to"]))
        wide = kind.kind == "f" or kind.name == "bfloat16"
        value = self._alias[node.input[0]]
        if wide and self._samples[value].dtype.kind == "f":
            self._alias[node.output[0]] = value
            return
        name = "float32" if wide else kind.name
        self._add(node, Cast(kind=name), [value])

    def _unroll(self, node: Any) -> bool:
        """Put the nodes of decided control flow in its place."""
        moving = {n: self._samples[self._alias[n]] for n in node.input if n in self._alias}
        try:
            steps = unrolled(node, self._constants.get, moving)
            if steps is None and node.op_type != "Scan":
                self.decides = True
                if node.op_type == "If" and weights_in([node], self._constant_shape):
                    steps = chosen_later(node, self._sample)
            if steps is None:
                return False
            for step in steps:
                self.visit(step)
        except (ValueError, KeyError):
            return False
        return True

    def _constant_shape(self, name: str) -> tuple[int, ...] | None:
        value = self._constants.get(name)
        return value.shape if isinstance(value, np.ndarray) else None

    def _sample(self, name: str) -> NDArray[Any] | None:
        value = self._constants.get(name, self._samples.get(self._alias.get(name, "")))
        return value if isinstance(value, np.ndarray) else None

    def _recur(self, node: Any) -> bool:
        sequence = node.input[0]
        if sequence not in self._alias:
            return False
        constants = {n: self._constants[n] for n in node.input if n in self._constants}
        sample = self._samples[self._alias[sequence]]
        try:
            operator, layout = recurrent_operator(node, constants, sample)
        except UnsuitedError:
            return False
        inputs = [self._value(name) for name in (sequence, *layout.extra)]
        if layout.batch_first:
            names = [
                name if what == "lengths" else self._transposed(name, (1, 0, 2))
                for what, name in zip(("sequence", *operator.takes), inputs, strict=True)
            ]
            inputs = names
        start = node.name or _first(node)
        count = 3 if operator.kind == "LSTM" else 2
        written = [*node.output, "", "", ""][:count]
        inner = [
            name if name and not layout.batch_first else f"{start}:{k}"
            for k, name in enumerate(written)
        ]
        self._put(inner, operator, inputs)
        if layout.batch_first:
            for k, name in enumerate(written):
                if name:
                    order = (2, 0, 1, 3) if k == 0 else (1, 0, 2)
                    self._alias[name] = self._transposed(inner[k], order, f"{name}:turned")
        return True

    def _transposed(self, value: str, order: tuple[int, ...], name: str = "") -> str:
        from xbar_circuit.network.operators import Transpose  # noqa: PLC0415

        name = name or f"{value}:turned"
        if name not in self._samples:
            self._put([name], Transpose(order=order), [value], checked=False)
        return name

    def _translate(self, node: Any) -> bool:
        """Add a node of the fast path, if there is one of this form."""
        described, moving = self._described(node)
        suited = all(_is_float(s) for s in described.samples) and len(_named(node)) == 1
        # where the ranks differ, the batch of one may meet another axis of the other
        ranks = {np.ndim(s) for s in described.samples}
        suited = suited and (len(ranks) == 1 or node.op_type == "MatMul")
        if not suited or (len(moving) > 1 and node.op_type not in SEVERAL):
            return False
        check_padding(described)
        try:
            if node.op_type in FINAL:
                with np.errstate(invalid="raise", divide="raise"):
                    operator = TRANSLATORS[node.op_type](described)
            else:
                operator = TRANSLATORS[node.op_type](described)
            sample = apply_digitally(operator, *described.samples)
        except UnsuitedError:
            return False
        except Exception:  # the reference computes it instead, unless none knows it
            if node.op_type in FINAL:
                raise
            return False
        self._samples[_first(node)] = sample
        self._held.add(_first(node))
        self.nodes.append(Node(name=_first(node), operator=operator, inputs=tuple(moving)))
        self._alias[_first(node)] = _first(node)
        return True

    def _described(self, node: Any) -> tuple[OnnxNode, list[str]]:
        """Return what is known of a node, and the names of the values that it reads."""
        moving = [self._alias[n] for n in node.input if n and n not in self._constants]
        constants: dict[int, NDArray[Any]] = {
            k: self._constants[n] for k, n in enumerate(node.input) if n in self._constants
        }
        described = OnnxNode(
            name=node.name or _first(node),
            kind=node.op_type,
            attributes=attributes(node),
            constants=constants,
            samples=tuple(self._samples[n] for n in moving),
            opset=self._file.opset,
        )
        return described, moving

    def _expand(self, node: Any, kind: str) -> bool:
        """Put several nodes in place of one."""
        constants = {n: self._constants[n] for n in node.input if n in self._constants}
        samples = {n: self._samples[self._alias[n]] for n in node.input if n in self._alias}
        context = Context(node, constants, samples, self._file.opset)
        EXPANSIONS[kind](context)
        for made in context.made:
            self.visit(made)
        return bool(context.made)

    def _refer(self, node: Any, reads: set[str]) -> None:
        """Add a node that the reference computes."""
        given = [
            self._constants.get(n, self._samples.get(self._alias.get(n, ""))) for n in node.input
        ]
        check_growth(node.op_type, given)
        check_padding(self._described(node)[0])
        lists = [n for n in reads if isinstance(self._constants.get(n), list)]
        for name in lists:
            self._keep(name)
        moving = sorted(
            name for name in reads if name in self._alias and name not in self._constants
        )
        constants = {n: self._constants[n] for n in reads if n in self._constants}
        samples = {name: self._samples[self._alias[name]] for name in moving}
        operator = reference_operator(node, constants, samples, self._file.opsets)
        self._put(_named(node), operator, [self._alias[name] for name in moving])

    def _add(self, node: Any, operator: Operator | MatrixOperator, inputs: list[str]) -> None:
        self._put(_named(node), operator, inputs)

    def _put(
        self,
        outputs: list[str],
        operator: Operator | MatrixOperator | RecurrentOperator,
        inputs: list[str],
        *,
        checked: bool = True,
    ) -> None:
        """Add a node and compute its sample."""
        found = apply_digitally(operator, *(self._samples[name] for name in inputs))
        several = found if isinstance(found, tuple) else (found,)
        name, *more = outputs
        self.nodes.append(
            Node(name=name, operator=operator, inputs=tuple(inputs), more_outputs=tuple(more))
        )
        for output, value in zip(outputs, several, strict=True):
            self._samples[output] = value
            if not output.endswith(":constant"):
                self._held.add(output)
            if checked:
                self._alias[output] = output

    def _value(self, name: str) -> str:
        """Return the value of a name, which becomes a node where it is a constant."""
        if name in self._constants:
            self._keep(name)
        return self._alias[name]

    def _keep(self, name: str) -> None:
        """Make a node of a constant."""
        value = f"{name}:constant"
        if value not in self._samples:
            self._put([value], Constant(value=np.asarray(self._constants[name])), [INPUT])
        self._alias[name] = value


def _named(node: Any) -> list[str]:
    """Return the names of a node's outputs that are not left out."""
    return [name for name in node.output if name]


def _first(node: Any) -> str:
    return next(iter(_named(node)), "")


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float32
