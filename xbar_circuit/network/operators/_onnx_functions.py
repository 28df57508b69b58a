"""ONNX operators that a line of NumPy computes: what ONNX's reference gives, without its walk.

The equations are those of https://onnx.ai/onnx/operators; tests hold each function against the
reference, over types, ranks, axes and broadcasts. A form that is not here is left to the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xbar_circuit.network.operators._onnx_form import Form, Function, MovingError
from xbar_circuit.network.operators._onnx_moves import MOVES
from xbar_circuit.network.operators._onnx_resize import resize_function

__all__ = ["KINDS", "function_of"]


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
    **MOVES,
    "Abs": _plain(np.abs),
    "Add": _plain(np.add),
    "And": _plain(np.logical_and),
    "Ceil": _plain(np.ceil),
    "Cos": _plain(np.cos),
    "DequantizeLinear": _dequantise,
    "Div": _plain(_quotient),
    "Einsum": _einsum,
    "Equal": _plain(np.equal),
    "Exp": _plain(np.exp),
    "Floor": _plain(np.floor),
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
    "Resize": resize_function,
    "Round": _plain(np.round),
    "Sign": _plain(np.sign),
    "Sin": _plain(np.sin),
    "Softmax": _softmax,
    "Sqrt": _plain(np.sqrt),
    "Sub": _plain(np.subtract),
    "Sum": _all(np.add),
    "Where": _plain(np.where),
}
