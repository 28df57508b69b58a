"""ONNX operators that move numbers and compute nothing, each by a line of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xbar_circuit.network.operators._onnx_form import Form, Function

__all__ = ["MOVES"]


def _slice(form: Form) -> Function | None:
    starts, ends = form.numbers("starts", 1), form.numbers("ends", 2)
    axes, steps = form.numbers("axes", 3), form.numbers("steps", 4)
    if starts is None or ends is None:
        return None
    chosen = tuple(range(len(starts))) if axes is None else axes
    strides = (1,) * len(starts) if steps is None else steps
    cuts = dict(zip(chosen, map(slice, starts, ends, strides), strict=True))

    def cut(data: Any, *_: Any) -> Any:
        index = [slice(None)] * data.ndim
        for axis, part in cuts.items():
            index[axis] = part
        return data[tuple(index)]

    return cut


def _gather(form: Form) -> Function:
    axis = form.get("axis", 0)
    fixed = form.constants.get(1)
    if fixed is not None and fixed.ndim == 0:  # one of them: no copy
        place = int(fixed)
        return lambda data, _: data[(slice(None),) * (axis % data.ndim) + (place,)]
    return lambda data, indices: np.take(data, indices, axis=axis)


def _transpose(form: Form) -> Function:
    order = form.get("perm", None) or None
    return lambda data: np.transpose(data, order)


def _concat(form: Form) -> Function:
    axis = form.attributes["axis"]
    return lambda *parts: np.concatenate(parts, axis=axis)


def _unsqueeze(form: Form) -> Function | None:
    axes = form.numbers("axes", 1)
    return None if axes is None else lambda data, *_: np.expand_dims(data, axes)


def _squeeze(form: Form) -> Function:
    axes = form.numbers("axes", 1)
    return lambda data, *_: np.squeeze(data, axes)


def _reshape(form: Form) -> Function | None:
    shape = form.numbers("shape", 1)
    if shape is None:
        return None
    if form.get("allowzero", 0) or 0 not in shape:
        return lambda data, *_: np.reshape(data, shape)
    return lambda data, *_: np.reshape(
        data, [data.shape[k] if size == 0 else size for k, size in enumerate(shape)]
    )


def _flatten(form: Form) -> Function:
    axis = form.get("axis", 1)

    def flat(data: Any) -> Any:
        place = axis % data.ndim if axis < 0 else axis
        return data.reshape(int(np.prod(data.shape[:place], dtype=np.int64)), -1)

    return flat


def _expand(form: Form) -> Function | None:
    shape = form.numbers("shape", 1)
    if shape is None:
        return None
    return lambda data, *_: np.broadcast_to(data, np.broadcast_shapes(data.shape, shape))


def _split(form: Form) -> Function | None:
    axis, count = form.get("axis", 0), form.get("num_outputs", len(form.node.output))
    sizes = form.numbers("split", 1)

    def split(data: Any, *_: Any) -> Any:
        size = data.shape[axis]
        own = [-(-size // count)] * (count - 1) if sizes is None else sizes[:-1]
        parts = np.split(data, np.cumsum(own), axis=axis)
        return tuple(parts) if len(parts) > 1 else parts[0]

    return split


def _tile(form: Form) -> Function | None:
    repeats = form.numbers("repeats", 1)
    return None if repeats is None else lambda data, *_: np.tile(data, repeats)


#: What makes the function of each operator.
MOVES: Mapping[str, Callable[[Form], Function | None]] = {
    "Concat": _concat,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
