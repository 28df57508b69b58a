"""How large the tensors of an ONNX file would become, found out before they are made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._loading import PLAIN_BYTES, check_size
from xbar_circuit.errors import ModelFileError
from xbar_circuit.network.importers._onnx_file import OnnxFile
from xbar_circuit.network.importers._onnx_node import OnnxNode

__all__ = ["check_growth", "check_padding", "check_sample", "choices_of_sizes", "is_declared"]

#: Sizes that are tried where a file leaves one open.
_USUAL = (32, 64, 224, 16, 8, 128, 256, 512, 576, 96, 48, 28, 4, 2, 1)


def choices_of_sizes(
    file: OnnxFile, given: Sequence[int] | Mapping[str, Sequence[int]] | None
) -> Iterator[dict[str, tuple[int, ...]]]:
    """Yield shapes of all inputs by name, with their batches, to be tried in this order.

    Axes of one name have one size; the first axis of an input is 1 where it is open.

    Parameters
    ----------
    file
        What declares them.
    given
        As `input_shape` of `from_onnx`.

    Raises
    ------
    ModelFileError
        What is given is not what the file declares.
    """
    sizes = _with_given(file, given)
    bound: dict[str, int] = {}
    for name, shape in sizes.items():
        declared = next(item for item in file.inputs if item.name == name).sizes
        bound |= {
            d: s
            for d, s in zip(declared, shape, strict=True)
            if isinstance(d, str) and isinstance(s, int) and d != "?"
        }
    for shape in sizes.values():
        if shape and isinstance(shape[0], str):
            bound.setdefault(shape[0], 1) if shape[0] != "?" else None
    first = file.inputs[0].name
    left = {name: _bound(shape, bound) for name, shape in sizes.items()}
    if all(isinstance(size, int) for shape in left.values() for size in shape):
        yield {name: tuple(map(int, shape)) for name, shape in left.items()}
        return
    several = len(left) > 1
    for usual in _USUAL:
        yield {name: _filled(shape, usual) for name, shape in left.items()}
        if several:
            yield {n: _filled(shape, usual if n == first else 1) for n, shape in left.items()}


def is_declared(file: OnnxFile, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether whole shapes are such as the file declares."""
    return all(
        len(item.sizes) == len(shapes[item.name])
        and all(
            isinstance(want, str) or want == have
            for want, have in zip(item.sizes, shapes[item.name], strict=True)
        )
        and min(shapes[item.name], default=1) > 0
        for item in file.inputs
    )


def _with_given(
    file: OnnxFile, given: Sequence[int] | Mapping[str, Sequence[int]] | None
) -> dict[str, tuple[int | str, ...]]:
    sizes = {item.name: item.sizes for item in file.inputs}
    if given is None:
        return sizes
    first = file.inputs[0]
    if isinstance(given, Mapping):
        wanted: dict[str, tuple[int | str, ...]] = {n: tuple(s) for n, s in given.items()}
    else:
        wanted = {first.name: (*first.sizes[:1], *given)}
    for name, shape in wanted.items():
        declared = sizes.get(name, ())
        fits = len(shape) == len(declared) and all(
            isinstance(have, str) or want == have
            for have, want in zip(declared, shape, strict=True)
        )
        if name not in sizes or not fits or any(isinstance(n, int) and n < 1 for n in shape):
            stated = shape if isinstance(given, Mapping) else tuple(given)
            raise ModelFileError(
                f"{file.where}: got input {name!r} of shape {list(declared)} and"
                f" input_shape={stated}, expected sizes after the batch that are fixed, or given"
                " where the file leaves them open; pass input_shape=(channels, height, width), or"
                " in the layout that the file has"
            )
        sizes[name] = tuple(shape)
    return sizes


def _bound(shape: tuple[int | str, ...], bound: Mapping[str, int]) -> tuple[int | str, ...]:
    named = [bound.get(size, size) if isinstance(size, str) else size for size in shape]
    if named and named[0] == "?":
        named[0] = 1
    return tuple(named)


def _filled(shape: tuple[int | str, ...], usual: int) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else usual for size in shape)


def check_sample(shape: Sequence[int]) -> None:
    """Refuse a tensor that no memory holds, before it is made.

    Raises
    ------
    ValueError
        In float32 it would be larger than `PLAIN_BYTES`.
    """
    check_size(f"a tensor of shape {tuple(shape)}", 4 * math.prod(shape), PLAIN_BYTES)


def check_growth(kind: str, given: Sequence[NDArray[Any] | None]) -> None:
    """Refuse constants that a few bytes of the file would expand to more than memory holds.

    Raises
    ------
    ValueError
        They would.
    """
    if any(isinstance(value, list) for value in given):  # a sequence, whose parts are there
        return
    values = [np.ravel(value) for value in given if value is not None]
    if len(values) != len(given) and kind not in {"Pad", "Resize", "Upsample"}:
        return
    if kind in {"ConstantOfShape", "Expand"}:
        check_sample([max(1, int(size)) for size in values[-1]])
    elif kind == "Tile":
        check_size("a tile", values[0].nbytes * math.prod(map(int, values[1])), PLAIN_BYTES)
    elif kind == "Range" and len(values) == 3:
        start, limit, step = (float(value[0]) for value in values)
        check_size("a range", int(8 * abs((limit - start) / step)), PLAIN_BYTES)
    elif kind in {"Pad", "Resize", "Upsample"} and len(values) > 1:
        numbers = [float(number) for value in values[1:] for number in value]
        grown = values[0].nbytes * math.prod(max(1.0, abs(number)) for number in numbers)
        check_size("a grown tensor", int(min(grown, 2.0**62)), PLAIN_BYTES)


def check_padding(node: OnnxNode) -> None:
    """Refuse padding that makes a sample larger than memory.

    Raises
    ------
    ValueError
        It would.
    """
    pads = node.attributes.get("pads") or (
        np.ravel(node.constants[1]).tolist() if node.kind == "Pad" and 1 in node.constants else []
    )
    for sample in node.samples:
        room, half = list(getattr(sample, "shape", ())), len(pads) // 2  # a sequence has none
        for axis in range(min(half, len(room))):
            room[-1 - axis] += abs(int(pads[half - 1 - axis])) + abs(int(pads[-1 - axis]))
        check_sample(room)
