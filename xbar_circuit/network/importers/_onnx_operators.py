"""One function for each ONNX operator: its attributes and constants to an operator of ours.

The default values are those of https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xbar_circuit.network.importers._onnx_node import OnnxNode, UnsuitedError
from xbar_circuit.network.importers._onnx_sizes import check_sample
from xbar_circuit.network.operators import (
    Add,
    Affine,
    Array,
    AveragePool,
    Clip,
    Concat,
    Convolution,
    Dense,
    Erf,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    LocalResponse,
    LogSoftmax,
    MatMul,
    MatrixOperator,
    MaxPool,
    Mean,
    Mul,
    Operator,
    Pad,
    Prelu,
    Relu,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
    Transpose,
    TransposedConvolution,
)
from xbar_circuit.network.operators.shape import PADDING_MODES

__all__ = ["FINAL", "SEVERAL", "TRANSLATORS"]

#: Operators that take several inputs which depend on the image.
SEVERAL = frozenset({"Add", "Concat", "MatMul", "Mul", "Sum"})

#: Operators with weights: what is wrong with them is refused, not left to the reference.
FINAL = frozenset({"BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul"})

Pairs = tuple[tuple[int, int], ...]


def _window(
    node: OnnxNode, kernel: tuple[int, ...]
) -> tuple[tuple[int, ...], Pairs, tuple[int, ...]]:
    """Return stride, padding and dilation of a convolution or pooling."""
    axes = len(kernel)
    stride = tuple(node.get("strides", [1] * axes))
    dilation = tuple(node.get("dilations", [1] * axes))
    automatic = node.get("auto_pad", b"NOTSET").decode()
    if automatic in {"NOTSET", "VALID"}:
        pads = [0] * 2 * axes if automatic == "VALID" else list(node.get("pads", [0] * 2 * axes))
        return stride, tuple(zip(pads[:axes], pads[axes:], strict=True)), dilation
    pairs = []
    for size, k, s, d in zip(node.samples[0].shape[2:], kernel, stride, dilation, strict=True):
        total = max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
        small, large = total // 2, total - total // 2
        pairs.append((small, large) if automatic == "SAME_UPPER" else (large, small))
    return stride, tuple(pairs), dilation


def _convolution(node: OnnxNode) -> MatrixOperator:
    weight = node.constant(1, "weight")
    stride, padding, dilation = _window(node, weight.shape[2:])
    return Convolution(
        weight=weight,
        bias=node.constants.get(2, np.zeros(len(weight), np.float32)),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=node.get("group", 1),
    )


def _transposed_convolution(node: OnnxNode) -> MatrixOperator:
    weight = node.constant(1, "weight")
    axes = weight.ndim - 2
    groups = node.get("group", 1)
    stride = tuple(node.get("strides", [1] * axes))
    dilation = tuple(node.get("dilations", [1] * axes))
    extra = list(node.get("output_padding", [0] * axes))
    automatic = node.get("auto_pad", b"NOTSET").decode()
    pads = list(node.get("pads", [0] * 2 * axes))
    wanted = node.get("output_shape", None)
    kernel = weight.shape[2:]
    if wanted is not None or automatic in {"SAME_UPPER", "SAME_LOWER"}:
        sizes = node.samples[0].shape[2:]
        ends = (
            list(wanted)[-axes:] if wanted else [n * s for n, s in zip(sizes, stride, strict=True)]
        )
        pads = [0] * 2 * axes
        for k in range(axes):
            whole = stride[k] * (sizes[k] - 1) + extra[k] + (kernel[k] - 1) * dilation[k] + 1
            total = whole - ends[k]
            small, large = total // 2, total - total // 2
            pads[k], pads[axes + k] = (
                (small, large) if automatic == "SAME_UPPER" else (large, small)
            )
    elif automatic == "VALID":
        pads = [0] * 2 * axes
    whole = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(node.samples[0].shape[2:], stride, kernel, dilation, strict=True)
    ]
    check_sample((len(node.samples[0]), weight.shape[1] * groups, *whole))
    return TransposedConvolution(
        weight=weight,
        bias=node.constants.get(2, np.zeros(weight.shape[1] * groups, np.float32)),
        stride=stride,
        cut=tuple((pads[k], pads[axes + k] - extra[k]) for k in range(axes)),
        dilation=dilation,
        groups=groups,
    )


def _gemm(node: OnnxNode) -> MatrixOperator:
    if node.get("transA", 0):
        raise UnsuitedError("transA = 1, which would mix the images of a batch")
    weight = node.constant(1, "B") * np.float32(node.get("alpha", 1.0))
    weight = weight.T if node.get("transB", 0) else weight
    bias: Array = node.constants.get(2, np.zeros(1, np.float32)) * np.float32(node.get("beta", 1.0))
    if bias.ndim == 2 and (bias != bias[:1]).any():
        raise UnsuitedError(f"a bias that differs along the batch, shape {bias.shape}")
    bias = bias[0] if bias.ndim == 2 else bias
    return Dense(weight=weight, bias=np.broadcast_to(bias, weight.shape[1:]))


def _matmul(node: OnnxNode) -> MatrixOperator | Operator:
    if not node.constants:
        return MatMul()
    weight = node.constant(1, "second factor")
    if node.samples[0].ndim < 2:
        raise UnsuitedError("a vector")
    while weight.ndim > 2 and weight.ndim <= node.samples[0].ndim and len(weight) == 1:
        weight = weight[0]
    if weight.ndim != 2:
        raise UnsuitedError(f"a second factor of shape {weight.shape}; only matrices are weights")
    return Dense(weight=weight, bias=np.zeros(weight.shape[1], np.float32))


def _batch_normalisation(node: OnnxNode) -> Operator:
    if node.get("training_mode", 0):
        raise ValueError("training_mode, whose result depends on the batch")
    scale, shift, mean, variance = (
        np.asarray(node.constant(k, "statistics"), np.float64) for k in (1, 2, 3, 4)
    )
    factor = scale / np.sqrt(variance + node.get("epsilon", 1e-5))
    shape = (-1,) + (1,) * (node.samples[0].ndim - 2)
    return Affine(
        scale=factor.reshape(shape).astype(np.float32),
        shift=(shift - mean * factor).reshape(shape).astype(np.float32),
    )


def _sum(node: OnnxNode) -> Operator:
    if not node.constants:
        return Add()
    if len(node.samples) > 1:
        raise UnsuitedError("constants among several inputs")
    one = np.ones(1, np.float32)
    shift: Any = sum(node.sample_constant(k) for k in node.constants)
    return Affine(scale=one, shift=shift)


def _difference(node: OnnxNode) -> Operator:
    if len(node.constants) != 1:
        raise UnsuitedError("no constant operand")
    position = next(iter(node.constants))
    value = node.sample_constant(position)
    sign = np.float32(1.0 if position == 1 else -1.0)
    return Affine(scale=sign.reshape(1), shift=-sign * value)


def _product(node: OnnxNode) -> Operator:
    if not node.constants:
        return Mul()
    value = node.sample_constant(next(iter(node.constants)))
    return Affine(scale=value, shift=np.zeros(1, np.float32))


def _quotient(node: OnnxNode) -> Operator:
    node.constant(1, "divisor")
    return Affine(scale=1.0 / node.sample_constant(1), shift=np.zeros(1, np.float32))


def _clip(node: OnnxNode) -> Operator:
    low = node.constants.get(1, node.get("min", -np.inf))
    high = node.constants.get(2, node.get("max", np.inf))
    return Clip(low=float(low), high=float(high))


def _softmax(node: OnnxNode) -> Operator:
    axes = node.samples[0].ndim
    axis = node.get("axis", -1 if node.opset >= 13 else 1) % axes
    if axis == 0:
        raise UnsuitedError("axis 0, which would mix the images of a batch")
    kind = Softmax if node.kind == "Softmax" else LogSoftmax
    return kind(axis=axis if node.opset >= 13 else tuple(range(axis, axes)))


def _pool(node: OnnxNode) -> Operator:
    kernel = tuple(node.attributes["kernel_shape"])
    stride, padding, dilation = _window(node, kernel)
    shared: dict[str, Any] = {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "round_up": bool(node.get("ceil_mode", 0)),
    }
    if node.kind == "MaxPool":
        return MaxPool(**shared)
    return AveragePool(**shared, count_padding=bool(node.get("count_include_pad", 0)))


def _mean(node: OnnxNode) -> Operator:
    axes = node.samples[0].ndim
    given = node.constants.get(1, np.array(node.get("axes", []), dtype=np.int64))
    chosen = sorted(int(axis) % axes for axis in given.ravel())
    if not chosen or 0 in chosen:
        raise UnsuitedError(f"axes {chosen or 'all'}, which would mix the images of a batch")
    return Mean(axes=tuple(chosen), keep_axes=bool(node.get("keepdims", 1)))


def _flatten(node: OnnxNode) -> Operator:
    if node.get("axis", 1) % node.samples[0].ndim != 1:
        raise UnsuitedError("an axis other than 1")
    return Flatten()


def _reshape(node: OnnxNode) -> Operator:
    sample = node.samples[0]
    if node.kind == "Reshape":
        wanted = [int(n) for n in node.constant(1, "shape")]
        if not node.get("allowzero", 0):
            wanted = [sample.shape[k] if n == 0 else n for k, n in enumerate(wanted)]
    else:
        given = node.constants.get(1, np.array(node.get("axes", []), dtype=np.int64))
        wanted = list(sample.shape)
        if node.kind == "Squeeze":
            ones = [axis for axis in range(1, sample.ndim) if sample.shape[axis] == 1]
            chosen = {int(axis) % sample.ndim for axis in (given.ravel() if given.size else ones)}
            if any(wanted[axis] != 1 for axis in chosen):
                raise ValueError(
                    f"axes {sorted(chosen)} of shape {sample.shape}, not all of size 1"
                )
            wanted = [n for k, n in enumerate(wanted) if k not in chosen]
        else:
            for axis in sorted(int(a) % (sample.ndim + given.size) for a in given.ravel()):
                wanted.insert(axis, 1)
    shape = sample.reshape(wanted).shape
    if not shape or shape[0] != len(sample):
        raise UnsuitedError(f"shape {wanted}, which does not keep the batch first")
    return Reshape(shape=shape[1:])


def _transpose(node: OnnxNode) -> Operator:
    order = tuple(node.get("perm", range(node.samples[0].ndim)[::-1]))
    if order[0] != 0:
        raise UnsuitedError(f"order {order}, which does not keep the batch first")
    return Transpose(order=order)


def _pad(node: OnnxNode) -> Operator:
    rank = node.samples[0].ndim
    mode = node.get("mode", b"constant").decode()
    given = [int(n) for n in node.constants.get(1, np.array(node.get("pads", [])))]
    chosen = [int(axis) % rank for axis in node.constants.get(3, np.arange(rank))]
    if len(given) != 2 * len(chosen) or mode not in PADDING_MODES:
        raise UnsuitedError(f"mode {mode!r} and pads {given} for the axes {chosen}")
    pairs = dict(
        zip(chosen, zip(given[: len(chosen)], given[len(chosen) :], strict=True), strict=True)
    )
    if any(pairs.get(0, (0, 0))):
        raise UnsuitedError(f"pads {given}, which would add images to a batch")
    value = node.constants.get(2, node.get("value", 0.0))
    return Pad(
        padding=tuple(pairs.get(axis, (0, 0)) for axis in range(1, rank)),
        value=float(np.ravel(value)[0]),
        mode=mode,
    )


def _concat(node: OnnxNode) -> Operator:
    axis = node.attributes["axis"] % node.samples[0].ndim
    if axis == 0 or node.constants:
        raise UnsuitedError(f"axis {axis} and {len(node.constants)} constants among the inputs")
    return Concat(axis=axis)


def _prelu(node: OnnxNode) -> Operator:
    node.constant(1, "slope")
    return Prelu(slope=node.sample_constant(1))


#: What becomes of each ONNX operator.
TRANSLATORS: Mapping[str, Callable[[OnnxNode], Operator | MatrixOperator]] = {
    "Add": _sum,
    "AveragePool": _pool,
    "BatchNormalization": _batch_normalisation,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Div": _quotient,
    "Erf": lambda _: Erf(),
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _: GlobalAveragePool(),
    "GlobalMaxPool": lambda _: GlobalMaxPool(),
    "HardSigmoid": lambda node: HardSigmoid(
        slope=node.get("alpha", 0.2), offset=node.get("beta", 0.5)
    ),
    "HardSwish": lambda _: HardSwish(),
    "LRN": lambda node: LocalResponse(
        size=node.attributes["size"],
        alpha=node.get("alpha", 1e-4),
        beta=node.get("beta", 0.75),
        bias=node.get("bias", 1.0),
    ),
    "LogSoftmax": _softmax,
    "LeakyRelu": lambda node: LeakyRelu(slope=node.get("alpha", 0.01)),
    "MatMul": _matmul,
    "MaxPool": _pool,
    "Mul": _product,
    "PRelu": _prelu,
    "Pad": _pad,
    "ReduceMean": _mean,
    "Relu": lambda _: Relu(),
    "Reshape": _reshape,
    "Sigmoid": lambda _: Sigmoid(),
    "Softmax": _softmax,
    "Squeeze": _reshape,
    "Sub": _difference,
    "Sum": _sum,
    "Tanh": lambda _: Tanh(),
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
