"""Pooling: a window that moves over the spatial axes and keeps its largest or its mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np

from xbar_circuit.errors import ShapeError
from xbar_circuit.network.operators._weights import Pads, pad_axes
from xbar_circuit.network.operators._windows import Windows
from xbar_circuit.network.operators.protocol import Array

__all__ = ["AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LocalResponse", "MaxPool", "Mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool:
    """The largest value of each window; padding never wins.

    Parameters
    ----------
    kernel, stride, dilation
        One value for each spatial axis.
    padding
        Before and after each spatial axis.
    round_up
        Whether a last, incomplete window counts (ONNX ``ceil_mode``).
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pads
    dilation: tuple[int, ...]
    round_up: bool = False

    def apply(self, *inputs: Array) -> Array:
        """Return the largest value of each window.

        Parameters
        ----------
        inputs
            One array (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch, channels, ``*windows``).

        Raises
        ------
        ShapeError
            Other spatial axes than the kernel's, or fewer pixels than a window has.
        """
        x = inputs[0]
        padding = _whole(self, x) if self.round_up else self.padding
        padded = pad_axes(x, ((0, 0), (0, 0), *padding), -math.inf)
        sizes = self.counts(padded.shape[2:])
        result = self._windows.largest(padded)
        if result is not None:
            return result
        offsets = _offsets(self.kernel, self.dilation)
        parts = [padded[_window(offset, self.stride, sizes)] for offset in offsets]
        return reduce(np.maximum, parts[1:], parts[0].copy(order="K"))

    @property
    def inside(self) -> bool:
        """Whether every window lies within the maps."""
        return not self.round_up and not any(map(any, self.padding))

    def counts(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many windows fit along each axis of maps that have their padding.

        Parameters
        ----------
        size
            Of the maps along their spatial axes, with the padding.

        Returns
        -------
        tuple of int
            Windows along each axis.

        Raises
        ------
        ShapeError
            Other axes than those of the window, or no window fits.
        """
        return _counts(self._windows, size)

    @property
    def _windows(self) -> Windows:
        return Windows(kernel=self.kernel, stride=self.stride, dilation=self.dilation)


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePool:
    """The mean of each window.

    Parameters
    ----------
    kernel, stride, dilation, padding, round_up
        As for `MaxPool`.
    count_padding
        Whether zeros of the padding count as pixels.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pads
    dilation: tuple[int, ...]
    round_up: bool = False
    count_padding: bool = False

    def apply(self, *inputs: Array) -> Array:
        """Return the mean of each window.

        Parameters
        ----------
        inputs
            One array (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch, channels, ``*windows``), float32.

        Raises
        ------
        ShapeError
            Other spatial axes than the kernel's, or fewer pixels than a window has.
        """
        x = inputs[0]
        padding = _whole(self, x) if self.round_up else self.padding
        padded = pad_axes(x, ((0, 0), (0, 0), *padding), 0.0)
        counted = np.ones((1, 1, *x.shape[2:]), dtype=np.float32)
        if self.count_padding:  # the incomplete last window never counts what hangs over
            counted = pad_axes(counted, ((0, 0), (0, 0), *self.padding), 1.0)
            hang = tuple(
                (0, new[1] - old[1]) for new, old in zip(padding, self.padding, strict=True)
            )
            counted = pad_axes(counted, ((0, 0), (0, 0), *hang), 0.0)
        else:
            counted = pad_axes(counted, ((0, 0), (0, 0), *padding), 0.0)
        windows = Windows(kernel=self.kernel, stride=self.stride, dilation=self.dilation)
        offsets, sizes = _offsets(self.kernel, self.dilation), _counts(windows, padded.shape[2:])
        total = np.zeros((*x.shape[:2], *sizes), dtype=np.float32)
        pixels = np.zeros((1, 1, *sizes), dtype=np.float32)
        for offset in offsets:
            window = _window(offset, self.stride, sizes)
            total += padded[window]
            pixels += counted[window]
        return np.asarray(total / pixels, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalAveragePool:
    """The mean of each channel; the spatial axes shrink to 1."""

    def apply(self, *inputs: Array) -> Array:
        """Return the mean of each channel.

        Parameters
        ----------
        inputs
            One array (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch, channels, 1, ...), float32, with as many axes as the input.
        """
        axes = tuple(range(2, inputs[0].ndim))
        return np.asarray(inputs[0].mean(axis=axes, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean over some axes, which shrink to 1 or go away; the batch is axis 0, and stays."""

    axes: tuple[int, ...]
    keep_axes: bool = True

    def apply(self, *inputs: Array) -> Array:
        """Return the mean over `axes`.

        Parameters
        ----------
        inputs
            One array (batch, ...).

        Returns
        -------
        array
            Float32; the axes have size 1, or are gone.
        """
        return np.asarray(inputs[0].mean(axis=self.axes, keepdims=self.keep_axes), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResponse:
    """``x / (bias + alpha / size * sum of squares of neighbouring channels)**beta`` (``LRN``).

    Parameters
    ----------
    size
        Channels of the sum, the own one in their middle.
    alpha, beta, bias
        Numbers of the equation.
    """

    size: int
    alpha: float
    beta: float
    bias: float

    def apply(self, *inputs: Array) -> Array:
        """Return the normalised maps.

        Parameters
        ----------
        inputs
            One array (batch, channels, ``*sizes``).

        Returns
        -------
        array
            Of the same shape, float32.
        """
        x = inputs[0]
        before = (self.size - 1) // 2
        around = ((0, 0), (before, self.size - 1 - before), *((0, 0),) * (x.ndim - 2))
        squares = np.pad(x * x, around)
        channels = x.shape[1]
        total = squares[:, :channels].copy()
        for k in range(1, self.size):
            total += squares[:, k : k + channels]
        scale = np.float32(self.bias) + np.float32(self.alpha / self.size) * total
        return np.asarray(x / scale ** np.float32(self.beta), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalMaxPool:
    """The largest value of each channel; the spatial axes shrink to 1."""

    def apply(self, *inputs: Array) -> Array:
        """Return the largest value of each channel.

        Parameters
        ----------
        inputs
            One array (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch, channels, 1, ...), float32, with as many axes as the input.
        """
        axes = tuple(range(2, inputs[0].ndim))
        return np.asarray(inputs[0].max(axis=axes, keepdims=True), dtype=np.float32)


def _whole(pool: MaxPool | AveragePool, x: Array) -> Pads:
    """Return padding that lets the last window hang over the edge but start inside."""
    whole = []
    for size, k, s, d, (before, after) in zip(
        x.shape[2:], pool.kernel, pool.stride, pool.dilation, pool.padding, strict=True
    ):
        reach = (k - 1) * d + 1
        count = -(-(size + before + after - reach) // s) + 1
        if (count - 1) * s >= size + before:
            count -= 1
        whole.append((before, max(after, (count - 1) * s + reach - size - before)))
    return tuple(whole)


def _counts(windows: Windows, size: tuple[int, ...]) -> tuple[int, ...]:
    """Return the number of windows along each axis of maps that have their padding."""
    if len(size) != len(windows.kernel):
        raise ShapeError.about(
            "inputs",
            got=f"{len(size)} spatial axes",
            expected=f"{len(windows.kernel)} spatial axes after batch and channels",
            remedy="check the layer before this pooling",
        )
    counts = windows.counts(size)
    if min(counts) < 1:
        raise ShapeError.about(
            "inputs",
            got=f"spatial axes of {size} after padding",
            expected=f"at least {windows.reach} along the spatial axes",
            remedy="pool over a smaller window",
        )
    return counts


def _offsets(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the first pixel of every kernel position."""
    return [
        tuple(int(k * d) for k, d in zip(step, dilation, strict=True))
        for step in np.ndindex(*kernel)
    ]


def _window(
    offset: tuple[int, ...], stride: tuple[int, ...], sizes: tuple[int, ...]
) -> tuple[slice, ...]:
    spatial = (
        slice(o, o + (n - 1) * s + 1, s) for o, s, n in zip(offset, stride, sizes, strict=True)
    )
    return (slice(None), slice(None), *spatial)
