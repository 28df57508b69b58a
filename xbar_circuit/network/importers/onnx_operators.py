"""One function for each ONNX operator: its attributes and constants to an operator of ours.

The default values are those of https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.operators import (
    Add,
    Affine,
    Array,
    AveragePool,
    Clip,
    Concat,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    MatrixOperator,
    MaxPool,
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
)

__all__ = ["SAME", "TRANSLATORS", "OnnxNode"]

#: Operators that change nothing at inference.
SAME = frozenset({"Cast", "Dropout", "Identity"})

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxNode:
    """What a translator is told of a node.

    name, kind : of the node.
    attributes : by name, as Python values.
    constants : inputs that do not depend on the image, by position.
    samples : the other inputs, for one sample of zeros.
    opset : version of the default operator set.
    """

    name: str
    kind: str
    attributes: Mapping[str, Any]
    constants: Mapping[int, NDArray[Any]]
    samples: tuple[Array, ...]
    opset: int

    def get(self, attribute: str, default: Any) -> Any:
        """Return an attribute or its default."""
        return self.attributes.get(attribute, default)

    def constant(self, position: int, what: str) -> NDArray[Any]:
        """Return a constant input, or say which one is missing."""
        if position not in self.constants:
            raise ValueError(f"no constant {what}")
        return self.constants[position]

    def sample_constant(self, position: int) -> Array:
        """Return a constant operand without the batch axis."""
        value = np.asarray(self.constants[position], dtype=np.float32)
        if value.ndim == self.samples[0].ndim:
            if value.shape[0] != 1:
                raise ValueError(f"a constant that differs along the batch, shape {value.shape}")
            value = value[0]
        return value


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


def _gemm(node: OnnxNode) -> MatrixOperator:
    if node.get("transA", 0):
        raise ValueError("transA = 1, which would mix the images of a batch")
    weight = node.constant(1, "B") * np.float32(node.get("alpha", 1.0))
    weight = weight.T if node.get("transB", 0) else weight
    bias: Array = node.constants.get(2, np.zeros(1, np.float32)) * np.float32(node.get("beta", 1.0))
    return Dense(weight=weight, bias=np.broadcast_to(bias.ravel(), weight.shape[1:]))


def _matmul(node: OnnxNode) -> MatrixOperator:
    weight = node.constant(1, "second factor")
    if weight.ndim != 2:
        raise ValueError(f"a second factor of shape {weight.shape}; only matrices are weights")
    return Dense(weight=weight, bias=np.zeros(weight.shape[1], np.float32))


def _batch_normalisation(node: OnnxNode) -> Operator:
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
        raise ValueError("constants among several inputs")
    one = np.ones(1, np.float32)
    shift: Any = sum(node.sample_constant(k) for k in node.constants)
    return Affine(scale=one, shift=shift)


def _difference(node: OnnxNode) -> Operator:
    if len(node.constants) != 1:
        raise ValueError("no constant operand")
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
        raise ValueError("axis 0, which would mix the images of a batch")
    return Softmax(axis=axis if node.opset >= 13 else tuple(range(axis, axes)))


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
    if chosen != list(range(2, axes)):
        raise ValueError(f"axes {chosen}, not all spatial ones")
    return GlobalAveragePool(keep_axes=bool(node.get("keepdims", 1)))


def _flatten(node: OnnxNode) -> Operator:
    if node.get("axis", 1) % node.samples[0].ndim != 1:
        raise ValueError("an axis other than 1")
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
            chosen = {int(axis) % sample.ndim for axis in given.ravel()}
            wanted = [n for k, n in enumerate(wanted) if k not in chosen]
        else:
            for axis in sorted(int(a) % (sample.ndim + given.size) for a in given.ravel()):
                wanted.insert(axis, 1)
    shape = sample.reshape(wanted).shape
    if not shape or shape[0] != 1:
        raise ValueError(f"shape {wanted}, which does not keep the batch first")
    return Reshape(shape=shape[1:])


def _transpose(node: OnnxNode) -> Operator:
    order = tuple(node.get("perm", range(node.samples[0].ndim)[::-1]))
    if order[0] != 0:
        raise ValueError(f"order {order}, which does not keep the batch first")
    return Transpose(order=order)


def _pad(node: OnnxNode) -> Operator:
    axes = node.samples[0].ndim
    mode = node.get("mode", b"constant").decode()
    pads = [int(n) for n in node.constants.get(1, np.array(node.get("pads", [])))]
    if mode != "constant" or len(pads) != 2 * axes or pads[0] or pads[axes] or min(pads) < 0:
        raise ValueError(f"mode {mode!r}, pads {pads}; only constant borders around a sample")
    value = node.constants.get(2, node.get("value", 0.0))
    return Pad(padding=tuple(zip(pads[1:axes], pads[axes + 1 :], strict=True)), value=float(value))


def _concat(node: OnnxNode) -> Operator:
    axis = node.attributes["axis"] % node.samples[0].ndim
    if axis == 0 or node.constants:
        raise ValueError(f"axis {axis} and {len(node.constants)} constants among the inputs")
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
    "Div": _quotient,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _: GlobalAveragePool(),
    "GlobalMaxPool": lambda _: GlobalMaxPool(),
    "HardSigmoid": lambda node: HardSigmoid(
        slope=node.get("alpha", 0.2), offset=node.get("beta", 0.5)
    ),
    "HardSwish": lambda _: HardSwish(),
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
