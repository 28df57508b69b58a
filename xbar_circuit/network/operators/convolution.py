"""The convolution: a matrix product of every patch of the input with the kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ShapeError
from xbar_circuit.network.operators._following import Following
from xbar_circuit.network.operators._products import Product
from xbar_circuit.network.operators._weights import Pads, freeze_weights, pad_axes
from xbar_circuit.network.operators._windows import (
    Windows,
    blocks,
    channels_last,
    last_to_second,
    second_to_last,
)
from xbar_circuit.network.operators.protocol import Array, MatrixOperator, PreparedMatrix

__all__ = ["Convolution"]


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

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        freeze_weights(self, ("weight", "bias"))
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
        """Return the patches.

        Parameters
        ----------
        inputs
            (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch * positions, groups, in / groups * kernel).

        Raises
        ------
        ShapeError
            Other channels or axes, or fewer pixels than the kernel has.
        """
        padded, counts = self._padded(inputs)
        patches = np.empty((len(inputs), math.prod(counts), self._length), dtype=inputs.dtype)
        self._windows.gatherer(padded)(slice(0, len(padded)), patches)
        return patches.reshape(-1, self.groups, self._length // self.groups)

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the feature maps from the products of the patches.

        Parameters
        ----------
        products
            (batch * positions, groups, out / groups).
        inputs
            The input that was unfolded.

        Returns
        -------
        array
            (batch, out_channels, ``*positions``), channels last in memory.
        """
        size = tuple(n + sum(p) for n, p in zip(inputs.shape[2:], self.padding, strict=True))
        maps = products.reshape(len(inputs), *self._windows.counts(size), -1) + self.bias
        return last_to_second(maps)

    def through(
        self, product: Callable[[Array], Array], inputs: Array, finish: Following | None = None
    ) -> Array:
        """Return the feature maps from products that the caller computes, block by block.

        Parameters
        ----------
        product, inputs, finish
            As for `MatrixOperator.through`.

        Returns
        -------
        array
            (batch, out_channels, ``*positions``), channels last in memory.

        Raises
        ------
        ShapeError
            Other channels or axes, or fewer pixels than the kernel has.
        """
        return self._in_blocks(product, inputs, finish, by_pixel=False)

    def prepared(self) -> PreparedMatrix:
        """Return what computes the feature maps digitally.

        Returns
        -------
        PreparedMatrix
            Takes (batch, channels, ``*sizes``), returns (batch, out_channels, ``*positions``).
        """
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

        def each_channel(inputs: Array, finish: Following | None = None) -> Array:
            padded, _ = self._padded(inputs)
            found = self._windows.each_channel(padded, kernels, self.bias)
            if found is None:
                return otherwise(inputs, finish)
            return found if finish is None else finish.whole(found)

        return each_channel

    def _in_blocks(
        self,
        product: Callable[[Array], Array],
        inputs: Array,
        finish: Following | None,
        *,
        by_pixel: bool,
    ) -> Array:
        padded, counts = self._padded(inputs)
        moving = not (by_pixel and self._pointwise and channels_last(padded))
        gather = self._windows.gatherer(padded, by_pixel=by_pixel) if moving else None
        windows, channels = math.prod(counts), len(self.weight)
        finish = Following() if finish is None else finish
        end = finish.of_blocks(counts, self.bias)
        maps = np.empty((len(inputs), *finish.counts(counts), channels), dtype=np.float32)
        room: Array | None = None
        for part in blocks(len(inputs), 4 * windows * (self._length + channels)):
            if gather is None:  # the patches are the pixels as they lie
                patches = second_to_last(padded[part]).reshape(-1, windows, self._length)
            else:
                if room is None:
                    room = np.empty((part.stop, windows, self._length), dtype=inputs.dtype)
                patches = room[: part.stop - part.start]
                gather(part, patches)
            found = product(patches.reshape(-1, self.groups, self._length // self.groups))
            found = np.ascontiguousarray(found.reshape(len(patches), *counts, channels))
            end(found, maps[part])  # still in the cache
        return last_to_second(maps)

    @property
    def _windows(self) -> Windows:
        return Windows(kernel=self.weight.shape[2:], stride=self.stride, dilation=self.dilation)

    @property
    def _pointwise(self) -> bool:
        """Whether every pixel is a patch of its own."""
        return math.prod(self.weight.shape[2:]) * math.prod(self.stride) == 1

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
        """Return the layer with other weights.

        Parameters
        ----------
        matrices
            (groups, in / groups * kernel, out / groups).

        Returns
        -------
        Convolution
            With the same bias and settings.
        """
        weight = matrices.transpose(0, 2, 1).reshape(self.weight.shape)
        return replace(self, weight=weight.astype(np.float32))
