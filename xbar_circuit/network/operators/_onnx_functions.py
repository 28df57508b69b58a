"""ONNX operators that a line of NumPy computes: what ONNX's reference gives, without its walk.

The equations are those of https://onnx.ai/onnx/operators; tests hold each function against the
reference, over types, ranks, axes and broadcasts. A form that is not here is left to the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators._onnx_resize import resize_function

__all__ = ["KINDS", "Form", "Function", "function_of"]

#: Of a node's inputs in their order, None for one that is left out.
Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form in which a node has an operator.

    Parameters
    ----------
    node
        The node.
    attributes
        By name, as Python values.
    constants
        Inputs that are constant, by position.
    opset
        Version of the default operator set.
    """

    node: Any
    attributes: Mapping[str, Any]
    constants: Mapping[int, NDArray[Any]]
    opset: int

    def get(self, name: str, default: Any) -> Any:
        """Return an attribute or its default."""
        return self.attributes.get(name, default)

    def numbers(self, name: str, position: int) -> tuple[int, ...] | None:
        """Return whole numbers of an attribute, or of a constant input in later versions.

        None where there are none.

        Raises
        ------
        MovingError
            They depend on the network's inputs.
        """
        if name in self.attributes:
            return tuple(int(n) for n in self.attributes[name])
        if position >= len(self.node.input) or not self.node.input[position]:
            return None
        if position not in self.constants:
            raise MovingError(name)
        return tuple(int(n) for n in np.ravel(self.constants[position]))


class MovingError(Exception):
    """A setting of an operator that depends on the network's inputs."""


def function_of(form: Form) -> Function | None:
    """Return what computes a node's outputs from its inputs, or None: then the reference does."""
    kind = form.node.op_type
    if form.node.domain not in {"", "ai.onnx"} or kind not in KINDS or "" in form.node.output:
        return None
    try:
        return KINDS[kind](form)
    except MovingError:
        return None


def _plain(function: Function) -> Callable[[Form], Function]:
    return lambda _: function


def _pow(base: Any, power: Any) -> Any:
    if (
        power.size == 1
        and power.ndim <= base.ndim
        and power.flat[0] == 2
        and base.dtype.kind == "f"
    ):
        return base * base
    return np.power(base, power).astype(base.dtype, copy=False)


def _quotient(one: Any, other: Any) -> Any:
    if one.dtype.kind in "iu":  # towards zero
        whole, rest = np.divmod(one, other)
        return whole + ((rest != 0) & ((one < 0) ^ (other < 0))).astype(whole.dtype)
    return np.divide(one, other)


def _all(function: Function) -> Callable[[Form], Function]:
    """Return an operator of any number of inputs."""

    def many(first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return lambda _: many


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


def _reduction(function: Function) -> Callable[[Form], Function]:
    """Return an operator that reduces some axes, all of them where none are named."""

    def reduction(form: Form) -> Function:
        axes = form.numbers("axes", 1) or None
        keep = bool(form.get("keepdims", 1))
        if axes is None and form.get("noop_with_empty_axes", 0):
            axes = ()

        def reduce(data: Any, *_: Any) -> Any:
            return function(data, axis=axes, keepdims=keep).astype(data.dtype, copy=False)

        return reduce

    return reduction


def _length(data: Any, **options: Any) -> Any:
    return np.sqrt(np.sum(np.square(data), **options))


def _softmax(form: Form) -> Function | None:
    if form.opset < 13:
        return None
    axis, logarithm = form.get("axis", -1), form.node.op_type == "LogSoftmax"

    def softmax(data: Any) -> Any:
        shifted = data - data.max(axis=axis, keepdims=True)
        powers = np.exp(shifted)
        total = powers.sum(axis=axis, keepdims=True)
        return shifted - np.log(total) if logarithm else np.divide(powers, total, out=powers)

    return softmax


def _layer_normalisation(form: Form) -> Function | None:
    if len(form.node.output) > 1 or form.get("stash_type", 1) != 1:
        return None
    first, epsilon = form.get("axis", -1), np.float32(form.get("epsilon", 1e-5))

    def normalised(data: Any, scale: Any, bias: Any = None) -> Any:
        axes = tuple(range(first % data.ndim, data.ndim))
        away = data - data.mean(axis=axes, keepdims=True)
        variance = np.mean(away * away, axis=axes, keepdims=True)
        away *= 1.0 / np.sqrt(variance + epsilon)
        away = away * scale
        return away if bias is None else away + bias

    return normalised


def _einsum(form: Form) -> Function:
    equation = form.attributes["equation"].decode()
    return lambda *factors: np.einsum(equation, *factors)


def _along(value: Any, data: Any, axis: int) -> Any:
    """Return one number for all, or one for each place along an axis, to broadcast."""
    if value.size == 1:
        return value.reshape(())
    return value.reshape([-1 if k == axis % data.ndim else 1 for k in range(data.ndim)])


_WHOLE = {"int8": (-128, 127), "uint8": (0, 255)}


def _quantise(form: Form) -> Function | None:
    zero = form.constants.get(2)
    whole = zero is not None and zero.dtype.name in _WHOLE and zero.ndim < 2
    if not whole or form.get("block_size", 0) or form.get("precision", 0):
        return None
    assert zero is not None  # noqa: S101  (for the type checker)
    axis, kind = form.get("axis", 1), zero.dtype
    low, high = _WHOLE[kind.name]

    def quantised(data: Any, step: Any, zero: Any) -> Any:
        places = np.rint(data / _along(step, data, axis)).astype(np.int32)
        places += _along(zero, data, axis)
        return np.clip(places, low, high).astype(kind)

    return quantised


def _dequantise(form: Form) -> Function | None:
    if form.get("block_size", 0) or form.get("output_dtype", 0):
        return None
    axis = form.get("axis", 1)

    def real(codes: Any, step: Any, zero: Any = None) -> Any:
        values = codes.astype(np.float32)
        if zero is not None:
            values -= _along(zero, codes, axis)
        return (values * _along(step, codes, axis)).astype(step.dtype, copy=False)

    fixed = form.constants.get(1)
    plain = fixed is None or fixed.ndim < 2
    return real if plain else None


#: What makes the function of each operator.
KINDS: Mapping[str, Callable[[Form], Function | None]] = {
    "Abs": _plain(np.abs),
    "Add": _plain(np.add),
    "And": _plain(np.logical_and),
    "Ceil": _plain(np.ceil),
    "Concat": _concat,
    "Cos": _plain(np.cos),
    "DequantizeLinear": _dequantise,
    "Div": _plain(_quotient),
    "Einsum": _einsum,
    "Equal": _plain(np.equal),
    "Exp": _plain(np.exp),
    "Expand": _expand,
    "Flatten": _flatten,
    "Floor": _plain(np.floor),
    "Gather": _gather,
    "Greater": _plain(np.greater),
    "GreaterOrEqual": _plain(np.greater_equal),
    "LayerNormalization": _layer_normalisation,
    "Less": _plain(np.less),
    "LessOrEqual": _plain(np.less_equal),
    "Log": _plain(np.log),
    "LogSoftmax": _softmax,
    "MatMul": _plain(np.matmul),
    "Max": _all(np.maximum),
    "Min": _all(np.minimum),
    "Mul": _plain(np.multiply),
    "Neg": _plain(np.negative),
    "Not": _plain(np.logical_not),
    "Or": _plain(np.logical_or),
    "Pow": _plain(_pow),
    "QuantizeLinear": _quantise,
    "ReduceL2": _reduction(_length),
    "ReduceMax": _reduction(np.max),
    "ReduceMean": _reduction(np.mean),
    "ReduceMin": _reduction(np.min),
    "ReduceProd": _reduction(np.prod),
    "ReduceSum": _reduction(np.sum),
    "Reshape": _reshape,
    "Resize": resize_function,
    "Round": _plain(np.round),
    "Sign": _plain(np.sign),
    "Sin": _plain(np.sin),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _plain(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _plain(np.subtract),
    "Sum": _all(np.add),
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _plain(np.where),
}
