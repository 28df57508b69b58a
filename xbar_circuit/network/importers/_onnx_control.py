"""`If`, `Loop` and `Scan` whose decisions are known: their bodies' nodes, one after another.

Of an `If` that depends on the data both branches, and after them the choice between their outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.importers._onnx_node import attributes

__all__ = ["CONTROL", "chosen_later", "unrolled"]

CONTROL = frozenset({"If", "Loop", "Scan"})

_MOST_STEPS = 1000

Known = Callable[[str], NDArray[Any] | None]


def unrolled(node: Any, known: Known, samples: Mapping[str, Any]) -> Iterator[Any] | None:
    """Return nodes that do what a control node does; None where that is not decided yet.

    Parameters
    ----------
    node
        `If`, `Loop` or `Scan`.
    known
        Returns the value of a constant by name, or None; asked again after every step.
    samples
        Other inputs by name, for their sizes.
    """
    options = attributes(node)
    if node.op_type == "If":
        decided = known(node.input[0])
        if decided is None:
            return None
        branch = options["then_branch" if bool(np.ravel(decided)[0]) else "else_branch"]
        return _branch(node, branch)
    if node.op_type == "Loop":
        count = known(node.input[0]) if node.input[0] else np.array(_MOST_STEPS + 1)
        start = known(node.input[1]) if len(node.input) > 1 and node.input[1] else np.ones(1, bool)
        if count is None or start is None:
            return None
        return _loop(
            node, options["body"], int(np.ravel(count)[0]), known, bool(np.ravel(start)[0])
        )
    return _scan(node, options, samples)


def chosen_later(
    node: Any, sample_of: Callable[[str], NDArray[Any] | None]
) -> Generator[Any, None, None]:
    """Yield the nodes of both branches of an `If`, and those that choose between their outputs.

    Parameters
    ----------
    node
        The `If`.
    sample_of
        Returns an array of the value of a name, for its shape and type; None where it is none.

    Raises
    ------
    ValueError
        The branches' outputs have other shapes or types.
    """
    options = attributes(node)
    results = []
    for name in ("then_branch", "else_branch"):
        renamed = yield from _body(options[name], f"{node.output[0]}:{name}:", {})
        results.append([renamed(item.name) for item in options[name].output])
    for yes, no, outer in zip(*results, node.output, strict=True):
        one, other = sample_of(yes), sample_of(no)
        if one is None or other is None or (one.shape, one.dtype) != (other.shape, other.dtype):
            raise ValueError("branches of other shapes")
        if outer:
            yield _node("Where", [node.input[0], yes, no], outer)


def _branch(node: Any, graph: Any) -> Iterator[Any]:
    renamed = yield from _body(graph, f"{node.output[0]}:", {})
    for inner, outer in zip(graph.output, node.output, strict=True):
        if outer:
            yield _node("Identity", [renamed(inner.name)], outer)


def _loop(node: Any, body: Any, count: int, known: Known, go: bool) -> Iterator[Any]:  # noqa: FBT001
    carried = list(node.input[2:])
    scanned: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
    step = 0
    while go and step < count:
        if step >= _MOST_STEPS:
            raise ValueError(f"more than {_MOST_STEPS} steps")
        start = f"{node.output[0]}:{step}:"
        yield _constant(f"{start}step", np.array(step))
        yield _constant(f"{start}go", np.array(1, dtype=bool))
        given = dict(
            zip(
                (item.name for item in body.input),
                (f"{start}step", f"{start}go", *carried),
                strict=True,
            )
        )
        renamed = yield from _body(body, start, given)
        results = [renamed(item.name) for item in body.output]
        decided = known(results[0])
        if decided is None:
            raise ValueError("a condition that depends on the data")
        go = bool(np.ravel(decided)[0])
        carried = results[1 : 1 + len(carried)]
        for place, name in zip(scanned, results[1 + len(carried) :], strict=True):
            place.append(name)
        step += 1
    yield from _results(node, carried, scanned, start=f"{node.output[0]}:")


def _scan(
    node: Any, options: Mapping[str, Any], samples: Mapping[str, Any]
) -> Iterator[Any] | None:
    """Return the steps of a Scan along the first axis, forward; None for other ones."""
    body, scans = options["body"], options["num_scan_inputs"]
    plain = not any(any(options.get(name, ())) for name in options if name.startswith("scan_"))
    inputs = list(node.input)
    first = inputs[len(inputs) - scans :]
    if not plain or not scans or first[0] not in samples:
        return None
    return _scan_steps(node, body, inputs[: len(inputs) - scans], first, len(samples[first[0]]))


def _scan_steps(
    node: Any, body: Any, carried: list[str], sequences: list[str], count: int
) -> Iterator[Any]:
    if count > _MOST_STEPS:
        raise ValueError(f"more than {_MOST_STEPS} steps")
    scanned: list[list[str]] = [[] for _ in body.output[len(carried) :]]
    for step in range(count):
        start = f"{node.output[0] or node.output[-1]}:{step}:"
        yield _constant(f"{start}step", np.array(step))
        for sequence in sequences:
            yield _node("Gather", [sequence, f"{start}step"], f"{start}{sequence}:item", axis=0)
        items = [f"{start}{sequence}:item" for sequence in sequences]
        names = (item.name for item in body.input)
        given = dict(zip(names, (*carried, *items), strict=True))
        renamed = yield from _body(body, start, given)
        results = [renamed(item.name) for item in body.output]
        carried = results[: len(carried)]
        for place, name in zip(scanned, results[len(carried) :], strict=True):
            place.append(name)
    yield from _results(node, carried, scanned, start=f"{node.output[0] or node.output[-1]}:")


def _results(
    node: Any, carried: list[str], scanned: list[list[str]], *, start: str
) -> Iterator[Any]:
    yield _constant(f"{start}axis", np.array([0]))
    for name, outer in zip(carried, node.output, strict=False):
        if outer:
            yield _node("Identity", [name], outer)
    for names, outer in zip(scanned, node.output[len(carried) :], strict=False):
        if not outer:
            continue
        if not names:
            raise ValueError("no step, and with it an empty output")
        for name in names:
            yield _node("Unsqueeze", [name, f"{start}axis"], f"{outer}:{name}")
        yield _node("Concat", [f"{outer}:{name}" for name in names], outer, axis=0)


def _body(
    graph: Any, start: str, given: Mapping[str, str]
) -> Generator[Any, None, Callable[[str], str]]:
    """Yield a subgraph's nodes with names of their own, and return how names became others."""
    from onnx import NodeProto, numpy_helper  # noqa: PLC0415  (an extra)

    inner = dict(given)
    for item in graph.initializer:
        inner[item.name] = f"{start}{item.name}"
        yield _constant(inner[item.name], numpy_helper.to_array(item))
    for node in graph.node:
        inner |= {name: f"{start}{name}" for name in node.output if name}
        copy = NodeProto()
        copy.CopyFrom(node)
        _rename(copy, inner)
        yield copy
    return lambda name: inner.get(name, name)


def _rename(node: Any, names: Mapping[str, str]) -> None:
    """Rename what a node, and the subgraphs in it, read and what it writes."""
    for place in (node.input, node.output):
        changed = [names.get(name, name) for name in place]
        del place[:]
        place.extend(changed)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            own = {n for inner in graph.node for n in inner.output}
            own |= {item.name for item in (*graph.input, *graph.initializer)}
            outer = {name: new for name, new in names.items() if name not in own}
            for inner in graph.node:
                _rename(inner, outer)
            for item in graph.output:
                item.name = outer.get(item.name, item.name)


def _node(kind: str, inputs: list[str], output: str, **options: Any) -> Any:
    from onnx import helper  # noqa: PLC0415  (an extra)

    return helper.make_node(kind, inputs, [output], **options)


def _constant(name: str, value: NDArray[Any]) -> Any:
    from onnx import helper, numpy_helper  # noqa: PLC0415  (an extra)

    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
