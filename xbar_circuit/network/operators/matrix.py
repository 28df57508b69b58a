"""Convolutions and dense layers: the operators that tiles of a crossbar take over."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.operators.protocol import Array, MatrixOperator

__all__ = ["Convolution", "Dense", "TransposedConvolution", "pad_axes"]

Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense(MatrixOperator):
    """``y = x @ weight + bias`` over the last axis.

    Parameters
    ----------
    weight
        (inputs, outputs).
    bias
        (outputs,).
    """

    weight: Array
    bias: Array

    def __post_init__(self) -> None:
        _freeze(self, ("weight", "bias"))
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[1:]:
            raise ShapeError.about(
                "weight, bias",
                got=f"shapes {self.weight.shape} and {self.bias.shape}",
                expected="(inputs, outputs) and (outputs,)",
                remedy="transpose the weight or give one bias for each output",
            )

    @property
    def matrices(self) -> Array:
        """The weight as one group (1, inputs, outputs)."""
        return self.weight[None]

    def unfold(self, inputs: Array) -> Array:
        """Return every last-axis vector (vectors, 1, inputs)."""
        if inputs.ndim < 2 or inputs.shape[-1] != self.weight.shape[0]:
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, ..., {self.weight.shape[0]})",
                remedy="flatten the features before a dense layer",
            )
        return inputs.reshape(-1, 1, inputs.shape[-1])

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return products plus bias in the input's leading shape."""
        return (products[:, 0] + self.bias).reshape(*inputs.shape[:-1], -1)

    def with_matrices(self, matrices: NDArray[Any]) -> Dense:
        """Return the layer with another weight (1, inputs, outputs)."""
        return replace(self, weight=matrices[0].astype(np.float32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Convolution(MatrixOperator):
    """A convolution over one to three axes (correlation, as in ONNX ``Conv``).

    Parameters
    ----------
    weight
        (out_channels, in_channels / groups, *kernel).
    bias
        (out_channels,).
    stride, dilation
        One step for each spatial axis.
    padding
        Zeros before and after each spatial axis.
    groups
        Channel groups; `in_channels` for a depthwise convolution.
    """

    weight: Array
    bias: Array
    stride: tuple[int, ...]
    padding: Pads
    dilation: tuple[int, ...]
    groups: int = 1

    def __post_init__(self) -> None:
        _freeze(self, ("weight", "bias"))
        axes = self.weight.ndim - 2
        if (
            axes not in (1, 2, 3)
            or self.bias.shape != self.weight.shape[:1]
            or {len(self.stride), len(self.padding), len(self.dilation)} != {axes}
            or min(self.stride + self.dilation + (self.groups,)) < 1
            or min(min(pair) for pair in self.padding) < 0
            or self.weight.shape[0] % self.groups
        ):
            raise ShapeError.about(
                "convolution",
                got=f"weight {self.weight.shape}, bias {self.bias.shape}, stride {self.stride},"
                f" padding {self.padding}, dilation {self.dilation}, groups {self.groups}",
                expected="weight (out, in / groups, *kernel) over one to three axes, one stride,"
                " dilation and padding pair >= 0 per axis, groups that divide out",
                remedy="check the attributes of the node",
            )

    @property
    def matrices(self) -> Array:
        """The weights as (groups, in / groups * kernel, out / groups)."""
        grouped = self.weight.reshape(self.groups, self.weight.shape[0] // self.groups, -1)
        return np.ascontiguousarray(grouped.transpose(0, 2, 1))

    def unfold(self, inputs: Array) -> Array:
        """Return the patches (batch * positions, groups, in / groups * kernel)."""
        axes = len(self.stride)
        channels = self.weight.shape[1] * self.groups
        reach = self._reach()
        padded = pad_axes(inputs, ((0, 0), (0, 0), *self.padding), 0.0)
        if (
            inputs.ndim != axes + 2
            or inputs.shape[1] != channels
            or any(have < need for have, need in zip(padded.shape[2:], reach, strict=True))
        ):
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, {channels}, ...) with {axes} spatial axes of at least {reach}"
                " after padding",
                remedy="check the layer before this convolution",
            )
        spatial = tuple(range(2, 2 + axes))
        windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=spatial)
        steps = tuple(slice(None, None, s) for s in self.stride)
        holes = tuple(slice(None, None, d) for d in self.dilation)
        windows = windows[(slice(None), slice(None), *steps, *holes)]
        order = (0, *spatial, 1, *range(2 + axes, 2 + 2 * axes))
        rows = math.prod(self.weight.shape[1:])
        return windows.transpose(order).reshape(-1, self.groups, rows)

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the feature maps (batch, out_channels, *positions)."""
        reach = self._reach()
        sizes = [
            (size + before + after - need) // step + 1
            for size, (before, after), need, step in zip(
                inputs.shape[2:], self.padding, reach, self.stride, strict=True
            )
        ]
        maps = products.reshape(len(inputs), *sizes, -1) + self.bias
        return np.ascontiguousarray(np.moveaxis(maps, -1, 1))

    def with_matrices(self, matrices: NDArray[Any]) -> Convolution:
        """Return the layer with other weights (groups, in / groups * kernel, out / groups)."""
        weight = matrices.transpose(0, 2, 1).reshape(self.weight.shape)
        return replace(self, weight=weight.astype(np.float32))

    def _reach(self) -> tuple[int, ...]:
        """Pixels that the dilated kernel spans along each axis."""
        return tuple(
            (k - 1) * d + 1 for k, d in zip(self.weight.shape[2:], self.dilation, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransposedConvolution(MatrixOperator):
    """A convolution backwards: every input pixel adds its kernel to the output (``ConvTranspose``).

    Parameters
    ----------
    weight
        (in_channels, out_channels / groups, *kernel).
    bias
        (out_channels,).
    stride, dilation
        One step for each spatial axis.
    cut
        Pixels cut off the sum before and after each spatial axis; negative ones are added as zeros.
    groups
        Channel groups.
    """

    weight: Array
    bias: Array
    stride: tuple[int, ...]
    cut: Pads
    dilation: tuple[int, ...]
    groups: int = 1

    def __post_init__(self) -> None:
        _freeze(self, ("weight", "bias"))
        axes = self.weight.ndim - 2
        if (
            axes not in (1, 2, 3)
            or {len(self.stride), len(self.cut), len(self.dilation)} != {axes}
            or min(self.stride + self.dilation + (self.groups,)) < 1
            or self.weight.shape[0] % self.groups
            or self.bias.shape != (self.weight.shape[1] * self.groups,)
        ):
            raise ShapeError.about(
                "weight, bias, stride, cut, dilation, groups",
                got=f"shapes {self.weight.shape} and {self.bias.shape}, stride {self.stride},"
                f" cut {self.cut}, dilation {self.dilation}, groups {self.groups}",
                expected="weight (in, out / groups, *kernel) over one to three axes, one stride,"
                " dilation and pair of cuts per axis, groups that divide the inputs",
                remedy="check the attributes of the node",
            )

    @property
    def matrices(self) -> Array:
        """The weights as (groups, in / groups, out / groups * kernel)."""
        grouped = self.weight.reshape(self.groups, self.weight.shape[0] // self.groups, -1)
        return np.ascontiguousarray(grouped)

    def unfold(self, inputs: Array) -> Array:
        """Return every pixel's channels (batch * positions, groups, in / groups)."""
        axes = len(self.stride)
        if inputs.ndim != axes + 2 or inputs.shape[1] != self.weight.shape[0]:
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, {self.weight.shape[0]}, ...) with {axes} spatial axes",
                remedy="check the layer before this convolution",
            )
        last = np.moveaxis(inputs, 1, -1)
        return last.reshape(-1, self.groups, self.weight.shape[0] // self.groups)

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the feature maps (batch, out_channels, *positions)."""
        kernel = self.weight.shape[2:]
        sizes = inputs.shape[2:]
        axes = len(sizes)
        channels = self.bias.size
        parts = products.reshape(len(inputs), *sizes, channels, *kernel)
        whole = [
            (n - 1) * s + (k - 1) * d + 1
            for n, k, s, d in zip(sizes, kernel, self.stride, self.dilation, strict=True)
        ]
        total = np.zeros((len(inputs), channels, *whole), dtype=np.float32)
        for offset in np.ndindex(*kernel):
            window = tuple(
                slice(o * d, o * d + (n - 1) * s + 1, s)
                for o, d, n, s in zip(offset, self.dilation, sizes, self.stride, strict=True)
            )
            part = parts[(slice(None),) * (axes + 2) + offset]
            total[(slice(None), slice(None), *window)] += np.moveaxis(part, -1, 1)
        kept = tuple(
            slice(max(0, before), size - max(0, after))
            for size, (before, after) in zip(whole, self.cut, strict=True)
        )
        grown = tuple((max(0, -before), max(0, -after)) for before, after in self.cut)
        cut = pad_axes(total[(slice(None), slice(None), *kept)], ((0, 0), (0, 0), *grown), 0.0)
        return np.ascontiguousarray(cut + self.bias.reshape(-1, *(1,) * axes))

    def with_matrices(self, matrices: NDArray[Any]) -> TransposedConvolution:
        """Return the layer with other weights (groups, in / groups, out / groups * kernel)."""
        return replace(self, weight=matrices.reshape(self.weight.shape).astype(np.float32))


def pad_axes(array: Array, pads: Pads, value: float) -> Array:
    """Pad with a constant, or return the array itself where there is nothing to pad."""
    if not any(before or after for before, after in pads):
        return array
    shape = [size + sum(pair) for size, pair in zip(array.shape, pads, strict=True)]
    padded = np.full(shape, value, dtype=array.dtype)
    inner = tuple(
        slice(before, before + size) for size, (before, _) in zip(array.shape, pads, strict=True)
    )
    padded[inner] = array
    return padded


def _freeze(operator: object, names: tuple[str, ...]) -> None:
    """Copy the weights of a frozen operator to read-only float32."""
    for name in names:
        array = np.array(getattr(operator, name), dtype=np.float32)
        if array.size == 0:
            raise ShapeError.about(
                name,
                got=f"shape {array.shape}",
                expected="at least one number",
                remedy="check the trained weights",
            )
        if not np.isfinite(array).all():
            raise ParameterError.about(
                name,
                got=f"{int((~np.isfinite(array)).sum())} entries that are not finite",
                expected="finite numbers",
                remedy="check the trained weights",
            )
        array.flags.writeable = False
        object.__setattr__(operator, name, array)
