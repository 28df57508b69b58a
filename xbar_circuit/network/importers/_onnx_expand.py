"""Nodes with weights in a form that no tile has: written as several nodes, of which one has them.

A product with the weights first becomes one with the weights last between two transpositions, one
with a stack of matrices one product for each of them, ``name[0]``, ``name[1]`` and so on, a `Gemm`
one that the fast path has, and integer products products of floating point numbers between
what makes them integers. These are exact but for rounding; a rounded output may fall on the other
side of a tie. Of onnxruntime's own domain those are written so that its quantizer makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.network.importers._onnx_node import attributes

__all__ = ["EXPANSIONS", "Context"]

_MOST_MATRICES = 1024  # of a stack; a larger one is left to the reference


class Context:
    """What an expansion knows of its node.

    Parameters
    ----------
    node
        The node.
    constants
        Its inputs that are constant, by name.
    samples
        Its other inputs by name, for a sample.
    opset
        Version of the default operator set.
    """

    def __init__(
        self,
        node: Any,
        constants: Mapping[str, NDArray[Any]],
        samples: Mapping[str, NDArray[Any]],
        opset: int,
    ) -> None:
        self.node, self.constants, self.samples, self.opset = node, constants, samples, opset
        self.options = attributes(node)
        self.made: list[Any] = []

    def input(self, place: int) -> str:
        """Return the name of an input; empty where it is left out."""
        return str(self.node.input[place]) if place < len(self.node.input) else ""

    def rank(self, name: str) -> int:
        """Return the rank of an input."""
        value = self.constants.get(name, self.samples.get(name))
        return 0 if value is None else int(np.ndim(value))

    def add(self, kind: str, inputs: list[str], output: str = "", **options: Any) -> str:
        """Write a node, and return the name of its output."""
        from onnx import helper  # noqa: PLC0415  (an extra)

        name = output or f"{self.node.output[0]}:{len(self.made)}"
        self.made.append(helper.make_node(kind, inputs, [name], **options))
        return name

    def constant(self, value: Any) -> str:
        """Write a constant, and return its name."""
        from onnx import numpy_helper  # noqa: PLC0415  (an extra)

        return self.add("Constant", [], value=numpy_helper.from_array(np.asarray(value)))


def _gemm(c: Context) -> None:
    a, b, bias = c.input(0), c.input(1), c.input(2)
    if b not in c.constants and a not in c.constants:
        return
    alpha, beta = np.float32(c.options.get("alpha", 1.0)), np.float32(c.options.get("beta", 1.0))
    if c.options.get("transA", 0):
        a = c.add("Transpose", [a], perm=[1, 0])
    if c.options.get("transB", 0):
        b = c.add("Transpose", [b], perm=[1, 0])
    if alpha != 1.0:
        if c.input(1) in c.constants:
            b = c.add("Mul", [b, c.constant(alpha)])
        else:
            a = c.add("Mul", [a, c.constant(alpha)])
    end = str(c.node.output[0])
    if not bias:
        c.add("MatMul", [a, b], end)
        return
    product = c.add("MatMul", [a, b])
    if beta != 1.0:
        bias = c.add("Mul", [bias, c.constant(beta)])
    c.add("Add", [product, bias], end)


def _matmul(c: Context) -> None:
    a, b = c.input(0), c.input(1)
    end = str(c.node.output[0])
    if a in c.constants and c.rank(a) >= 2 and c.rank(b) >= 2:  # (W x) is (x' W')'
        x = c.add("Transpose", [b], perm=_turned(c.rank(b)))
        w = c.add("Transpose", [a], perm=_turned(c.rank(a)))
        rank = max(c.rank(a), c.rank(b))
        c.add("Transpose", [c.add("MatMul", [x, w])], end, perm=_turned(rank))
    elif b in c.constants and c.rank(b) > 2 and c.rank(a) >= 2:
        _stacked(c, a, c.constants[b], end)
    elif b in c.constants and c.rank(b) == 1 and c.rank(a) >= 2:
        column = c.constant(np.reshape(c.constants[b], (-1, 1)))
        _without_axis(c, c.add("MatMul", [a, column]), -1, end)
    elif b in c.constants and c.rank(b) == 2 and c.rank(a) == 1:
        _without_axis(c, c.add("MatMul", [_row(c, a), b]), 0, end)


def _turned(rank: int) -> list[int]:
    """Return the order of axes with the last two exchanged."""
    return [*range(rank - 2), rank - 1, rank - 2]


def _stacked(c: Context, x: str, weights: NDArray[Any], end: str) -> None:
    """Write a product with a stack of matrices as one product for each, put together again."""
    lead = weights.shape[:-2]
    if not 0 < math.prod(lead) <= _MOST_MATRICES:
        return
    shape = (1,) * (weights.ndim - c.rank(x)) + c.samples[x].shape
    if len(shape) > c.rank(x):
        x = c.add("Reshape", [x, c.constant(np.array(shape))])
    first = len(shape) - weights.ndim  # axis of the stack's first one

    def product(place: tuple[int, ...]) -> str:
        axes = [first + k for k in range(len(lead)) if shape[first + k] > 1 and lead[k] > 1]
        own = x
        for axis in axes:
            chosen = c.constant(np.array([place[axis - first]]))
            own = c.add("Gather", [own, chosen], axis=axis)
        count = int(np.ravel_multi_index(place, lead))
        return c.add("MatMul", [own, c.constant(weights[place])], f"{end}[{count}]")

    def together(place: tuple[int, ...], name: str = "") -> str:
        if len(place) == len(lead):
            return product(place)
        parts = [together((*place, k)) for k in range(lead[len(place)])]
        return c.add("Concat", parts, name, axis=first + len(place))

    together((), end)


def _row(c: Context, name: str) -> str:
    return c.add("Reshape", [name, c.constant(np.array([1, -1]))])


def _without_axis(c: Context, name: str, axis: int, end: str) -> None:
    if c.opset >= 13:
        c.add("Squeeze", [name, c.constant(np.array([axis]))], end)
    else:
        c.add("Squeeze", [name], end, axes=[axis])


def _dequantised(c: Context, x: str, scale: str, zero: str, axis: int | None = None) -> str:
    options: dict[str, Any] = {} if axis is None or c.rank(scale) == 0 else {"axis": axis}
    return c.add("DequantizeLinear", [name for name in (x, scale, zero) if name], **options)


def _quantised_conv(c: Context) -> None:
    x = _dequantised(c, c.input(0), c.input(1), c.input(2))
    w = _dequantised(c, c.input(3), c.input(4), c.input(5), axis=0)
    inputs = [x, w]
    if c.input(8):
        step = c.add("Mul", [c.input(1), c.input(4)])
        inputs.append(c.add("Mul", [c.add("Cast", [c.input(8)], to=1), step]))
    y = c.add("Conv", inputs, **_passed(c))
    c.add("QuantizeLinear", [y, c.input(6), c.input(7)], str(c.node.output[0]))


def _quantised_matmul(c: Context) -> None:
    a = _dequantised(c, c.input(0), c.input(1), c.input(2))
    b = _dequantised(c, c.input(3), c.input(4), c.input(5), axis=max(0, c.rank(c.input(3)) - 1))
    y = c.add("MatMul", [a, b])
    c.add("QuantizeLinear", [y, c.input(6), c.input(7)], str(c.node.output[0]))


def _integer(c: Context) -> None:
    """Write `MatMulInteger` and `ConvInteger`: whole numbers up to 2**24 are exact in float32."""
    named = []
    for place, zero in ((0, c.input(2)), (1, c.input(3))):
        value = c.add("Cast", [c.input(place)], to=1)
        if zero:
            value = c.add("Sub", [value, _spread(c, zero, place)])
        named.append(value)
    kind = c.node.op_type.removesuffix("Integer")
    y = c.add(kind, named, **(_passed(c) if kind == "Conv" else {}))
    c.add("Cast", [c.add("Round", [y])], str(c.node.output[0]), to=6)


def _spread(c: Context, zero: str, place: int) -> str:
    """Return the zero points as floats, with axes to fit rows of A and filters of a convolution."""
    value = c.add("Cast", [zero], to=1)
    if c.rank(zero) == 1 and zero in c.constants and c.constants[zero].size > 1:
        if c.node.op_type == "ConvInteger":
            shape = (-1, *(1,) * (c.rank(c.input(1)) - 1))
            return c.add("Reshape", [value, c.constant(np.array(shape))])
        if place == 0:
            return c.add("Reshape", [value, c.constant(np.array([-1, 1]))])
    return value


def _passed(c: Context) -> dict[str, Any]:
    return dict(c.options)


def _quantised_gemm(c: Context) -> None:
    """Write onnxruntime's `QGemm`; its output is floating point where it has no scale."""
    b_axis = 0 if c.options.get("transB", 0) else 1
    inputs = [
        _dequantised(c, c.input(0), c.input(1), c.input(2)),
        _dequantised(c, c.input(3), c.input(4), c.input(5), axis=b_axis),
    ]
    if c.input(6):
        step = c.add("Mul", [c.input(1), c.input(4)])
        if c.options.get("alpha", 1.0) != 1.0:
            step = c.add("Mul", [step, c.constant(np.float32(c.options["alpha"]))])
        inputs.append(c.add("Mul", [c.add("Cast", [c.input(6)], to=1), step]))
    end = str(c.node.output[0])
    if not c.input(7):
        c.add("Gemm", inputs, end, **_passed(c))
        return
    y = c.add("Gemm", inputs, **_passed(c))
    c.add("QuantizeLinear", [y, c.input(7), c.input(8)], end)


def _quantised_inputs(kind: str, count: int) -> Callable[[Context], None]:
    """Return what writes onnxruntime's operator of `count` quantised inputs and its own scale."""

    def write(c: Context) -> None:
        options = _passed(c)
        if options.pop("channels_last", 0):
            return
        options.pop("opset", None)
        inputs = [
            _dequantised(c, c.input(3 * k), c.input(3 * k + 1), c.input(3 * k + 2))
            for k in range(count)
        ]
        y = c.add(kind, inputs, **options)
        ends = [name for name in (c.input(3 * count), c.input(3 * count + 1)) if name]
        c.add("QuantizeLinear", [y, *ends], str(c.node.output[0]))

    return write


def _quantised_concat(c: Context) -> None:
    """Write onnxruntime's `QLinearConcat`: its own scale first, then one of each input."""
    inputs = [
        _dequantised(c, c.input(k), c.input(k + 1), c.input(k + 2))
        for k in range(2, len(c.node.input), 3)
    ]
    y = c.add("Concat", inputs, **_passed(c))
    c.add("QuantizeLinear", [y, c.input(0), c.input(1)], str(c.node.output[0]))


#: What each operator is written as; nothing where no form of it has weights.
EXPANSIONS: Mapping[str, Callable[[Context], None]] = {
    "ConvInteger": _integer,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "MatMulInteger": _integer,
    "QLinearConv": _quantised_conv,
    "QLinearMatMul": _quantised_matmul,
    "com.microsoft.QGemm": _quantised_gemm,
    "com.microsoft.QLinearAdd": _quantised_inputs("Add", 2),
    "com.microsoft.QLinearAveragePool": _quantised_inputs("AveragePool", 1),
    "com.microsoft.QLinearConcat": _quantised_concat,
    "com.microsoft.QLinearGlobalAveragePool": _quantised_inputs("GlobalAveragePool", 1),
    "com.microsoft.QLinearLeakyRelu": _quantised_inputs("LeakyRelu", 1),
    "com.microsoft.QLinearMul": _quantised_inputs("Mul", 2),
    "com.microsoft.QLinearSigmoid": _quantised_inputs("Sigmoid", 1),
}
