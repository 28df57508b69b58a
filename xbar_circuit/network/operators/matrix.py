"""Convolutions and dense layers: the operators that tiles of a crossbar take over."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.operators._products import Product
from xbar_circuit.network.operators._windows import Windows, add_bias, blocks, last_to_second
from xbar_circuit.network.operators.protocol import Array, MatrixOperator, PreparedMatrix

__all__ = ["Convolution", "Dense", "TransposedConvolution", "pad_axes"]

Pads = tuple[tuple[int, int], ...]
Finish = Callable[[Array], Array] | None


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

    def prepared(self) -> PreparedMatrix:
        """Return what computes the output digitally."""

        def product(inputs: Array, finish: Finish = None) -> Array:
            found = self.unfold(inputs)[:, 0] @ self.weight
            found += self.bias
            output: Array = found if finish is None else finish(found)
            return output.reshape(*inputs.shape[:-1], -1)

        return product

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
        padded, counts = self._padded(inputs)
        patches = np.empty((len(inputs), math.prod(counts), self._length), dtype=inputs.dtype)
        self._windows.gatherer(padded)(slice(0, len(padded)), patches)
        return patches.reshape(-1, self.groups, self._length // self.groups)

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the feature maps (batch, out_channels, *positions), channels last in memory."""
        size = tuple(n + sum(p) for n, p in zip(inputs.shape[2:], self.padding, strict=True))
        maps = products.reshape(len(inputs), *self._windows.counts(size), -1) + self.bias
        return last_to_second(maps)

    def through(
        self, product: Callable[[Array], Array], inputs: Array, finish: Finish = None
    ) -> Array:
        """Return the feature maps, from somebody's products of blocks of the patches."""
        return self._in_blocks(product, inputs, finish, by_pixel=False)

    def prepared(self) -> PreparedMatrix:
        """Return what computes the feature maps digitally."""
        if self.groups == 1:
            pixels = np.moveaxis(self.weight, 1, -1).reshape(len(self.weight), -1)
            by_pixel = np.ascontiguousarray(pixels.T)
            return lambda inputs, finish=None: self._in_blocks(
                Product(by_pixel), inputs, finish, by_pixel=True
            )
        if self.weight.shape[:2] != (self.groups, 1):
            return MatrixOperator.prepared(self)
        otherwise = MatrixOperator.prepared(self)
        kernels = np.ascontiguousarray(self.weight.reshape(self.groups, -1).T)

        def each_channel(inputs: Array, finish: Finish = None) -> Array:
            padded, _ = self._padded(inputs)
            found = self._windows.each_channel(padded, kernels, self.bias)
            if found is None:
                return otherwise(inputs, finish)
            return found if finish is None else finish(found)

        return each_channel

    def _in_blocks(
        self, product: Callable[[Array], Array], inputs: Array, finish: Finish, *, by_pixel: bool
    ) -> Array:
        padded, counts = self._padded(inputs)
        gather = self._windows.gatherer(padded, by_pixel=by_pixel)
        windows, channels = math.prod(counts), len(self.weight)
        maps = np.empty((len(inputs), windows, channels), dtype=np.float32)
        room: Array | None = None
        for part in blocks(len(inputs), 4 * windows * (self._length + channels)):
            if room is None:
                room = np.empty((part.stop, windows, self._length), dtype=inputs.dtype)
            patches = room[: part.stop - part.start]
            gather(part, patches)
            found = product(patches.reshape(-1, self.groups, self._length // self.groups))
            block = maps[part].reshape(-1, channels)
            add_bias(found.reshape(-1, channels), self.bias, block)
            if finish is not None:  # while the block is in the cache
                finish(block)
        return last_to_second(maps.reshape(len(inputs), *counts, channels))

    @property
    def _windows(self) -> Windows:
        return Windows(kernel=self.weight.shape[2:], stride=self.stride, dilation=self.dilation)

    @property
    def _length(self) -> int:
        """Of a patch of all channels."""
        return self.groups * math.prod(self.weight.shape[1:])

    def _padded(self, inputs: Array) -> tuple[Array, tuple[int, ...]]:
        """Return the inputs with their padding, and how many positions each axis has."""
        axes, windows = len(self.stride), self._windows
        channels = self.weight.shape[1] * self.groups
        padded = pad_axes(inputs, ((0, 0), (0, 0), *self.padding), 0.0)
        if (
            inputs.ndim != axes + 2
            or inputs.shape[1] != channels
            or any(have < need for have, need in zip(padded.shape[2:], windows.reach, strict=True))
        ):
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, {channels}, ...) with {axes} spatial axes of at least"
                f" {windows.reach} after padding",
                remedy="check the layer before this convolution",
            )
        return padded, windows.counts(padded.shape[2:])

    def with_matrices(self, matrices: NDArray[Any]) -> Convolution:
        """Return the layer with other weights (groups, in / groups * kernel, out / groups)."""
        weight = matrices.transpose(0, 2, 1).reshape(self.weight.shape)
        return replace(self, weight=weight.astype(np.float32))


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
    padded = np.full_like(array, value, shape=shape)  # channels stay last where they are
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
