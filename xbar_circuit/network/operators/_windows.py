"""Windows over the spatial axes of maps (batch, channels, *axes), channels last in memory or not.

What convolutions and poolings share: compiled loops where numba is installed, NumPy's views else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _compiler

__all__ = [
    "Windows",
    "blocks",
    "channels_last",
    "last_to_second",
    "second_to_last",
    "window_kernels",
]

Floats = NDArray[np.float32]
Places = NDArray[np.uint64]
Sizes = tuple[int, ...]

#: Runs of fewer numbers are taken one by one.
_SHORT = 8

#: What the vectors and products of one block may take, so that they stay in the cache [byte].
_BLOCK_BYTES = 2**20


def blocks(samples: int, sample_bytes: int) -> Iterator[slice]:
    """Yield the samples in blocks, by what the vectors and products of one take [byte]."""
    step = max(1, _BLOCK_BYTES // max(1, sample_bytes))
    for first in range(0, samples, step):
        yield slice(first, min(first + step, samples))


def last_to_second(maps: Floats) -> Floats:
    """Return maps (batch, *axes, channels) as (batch, channels, *axes), without moving them."""
    return maps.transpose(0, maps.ndim - 1, *range(1, maps.ndim - 1))


def channels_last(maps: Floats) -> bool:
    """Return whether maps (batch, channels, *axes) have their channels last in memory."""
    return maps.ndim > 2 and second_to_last(maps).flags.c_contiguous


def second_to_last(maps: Floats) -> Floats:
    """Return maps (batch, channels, *axes) as (batch, *axes, channels), without moving them."""
    return maps.transpose(0, *range(2, maps.ndim), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How a kernel moves over maps that have their padding.

    Parameters
    ----------
    kernel, stride, dilation
        Of each axis.
    """

    kernel: Sizes
    stride: Sizes
    dilation: Sizes

    @property
    def reach(self) -> Sizes:
        """Pixels that the dilated kernel spans along each axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def counts(self, size: Sizes) -> Sizes:
        """Return how many windows fit along each axis of maps of a size."""
        return tuple(
            (n - r) // s + 1 for n, r, s in zip(size, self.reach, self.stride, strict=True)
        )

    def gatherer(
        self, padded: Floats, *, by_pixel: bool = False
    ) -> Callable[[slice, Floats], None]:
        """Return what fills in the patches (n, windows, channels * kernel) of some samples.

        It takes the samples, as a slice, and the contiguous array to fill in.

        Parameters
        ----------
        padded
            Maps with their padding.
        by_pixel
            Channels are last in a patch; else first, as in a weight.
        """
        kernels = window_kernels()
        if kernels is None or padded.dtype != np.float32:
            return lambda part, out: self._copy(padded[part], out, by_pixel=by_pixel)
        counts, channels = self.counts(padded.shape[2:]), padded.shape[1]
        if by_pixel and channels >= _SHORT and not channels_last(padded):  # copied once, not often
            padded = last_to_second(np.ascontiguousarray(second_to_last(padded)))
        flat, steps = _memory(padded)
        starts, offsets, length = _all_places(self, counts, steps, channels, by_pixel)
        each, neighbours = np.uint64(steps[0]), np.uint64(length)

        def fill(part: slice, out: Floats) -> None:
            kernels.gather(flat[part.start * steps[0] :], each, starts, offsets, neighbours, out)

        return fill

    def _copy(self, padded: Floats, out: Floats, *, by_pixel: bool) -> None:
        """Do what `gatherer` does without compiled loops."""
        axes = tuple(range(2, padded.ndim))
        views = np.lib.stride_tricks.sliding_window_view(padded, self.reach, axis=axes)
        steps = tuple(slice(None, None, s) for s in self.stride)
        holes = tuple(slice(None, None, d) for d in self.dilation)
        views = views[(slice(None), slice(None), *steps, *holes)]
        pixels = tuple(range(padded.ndim, 2 * padded.ndim - 2))
        views = views.transpose((0, *axes, *((*pixels, 1) if by_pixel else (1, *pixels))))
        out.reshape(views.shape)[:] = views

    def largest(self, padded: Floats) -> Floats | None:
        """Return the largest of each window (batch, channels, *counts), or None without numba."""
        kernels = window_kernels()
        if kernels is None or padded.dtype != np.float32:
            return None
        counts = self.counts(padded.shape[2:])
        flat, steps = _memory(padded)
        starts, offsets = _window_offsets(self, counts, steps)
        found = np.empty((len(padded), len(starts), padded.shape[1]), dtype=np.float32)
        kernels.largest(flat, np.uint64(steps[0]), np.uint64(steps[1]), starts, offsets, found)
        return last_to_second(found.reshape(len(padded), *counts, -1))

    def each_channel(self, padded: Floats, weight: Floats, bias: Floats) -> Floats | None:
        """Return the maps of one kernel a channel, or None without numba.

        Parameters
        ----------
        padded
            Maps with their padding.
        weight
            (pixels, channels), contiguous.
        bias
            (channels,).
        """
        kernels = window_kernels()
        if kernels is None or padded.dtype != np.float32:
            return None
        counts = self.counts(padded.shape[2:])
        last = np.ascontiguousarray(second_to_last(padded))
        flat, steps = _memory(last_to_second(last))
        starts, offsets = _window_offsets(self, counts, steps)
        found = np.empty((len(padded), len(starts), padded.shape[1]), dtype=np.float32)
        kernels.each_channel(flat, np.uint64(steps[0]), starts, offsets, weight, bias, found)
        return last_to_second(found.reshape(len(padded), *counts, -1))


def window_kernels() -> ModuleType | None:
    """Return the compiled loops, or None without numba."""
    if not _compiler.available():
        return None
    from xbar_circuit.network.operators import _window_kernels  # noqa: PLC0415 - numba compiles

    return _window_kernels


def _memory(maps: Floats) -> tuple[Floats, Sizes]:
    """Return the memory of maps, and the numbers from one sample, channel, ... to the next."""
    last = second_to_last(maps)
    if last.flags.c_contiguous:
        channels = maps.shape[1]
        inner = [channels * math.prod(maps.shape[k + 1 :]) for k in range(2, maps.ndim)]
        return last.reshape(-1), (math.prod(maps.shape[1:]), 1, *inner)
    maps = np.ascontiguousarray(maps)
    return maps.reshape(-1), tuple(math.prod(maps.shape[k + 1 :]) for k in range(maps.ndim))


@lru_cache(maxsize=256)
def _all_places(
    windows: Windows,
    counts: Sizes,
    steps: Sizes,
    channels: int,
    by_pixel: bool,  # noqa: FBT001 - a key
) -> tuple[Places, Places, int]:
    """Return `_window_offsets` with the channels of every pixel, and how many are adjacent."""
    starts, offsets = _window_offsets(windows, counts, steps)
    each = np.arange(channels, dtype=np.uint64) * np.uint64(steps[1])
    if not by_pixel:
        return starts, np.add.outer(each, offsets).ravel(), 1
    adjacent = steps[-1] == channels and windows.dilation[-1] == 1
    if steps[1] == 1 and adjacent and channels >= _SHORT:
        return starts, offsets[:: windows.kernel[-1]], channels * windows.kernel[-1]  # pixels too
    if steps[1] == 1:
        return starts, offsets, channels
    return starts, np.add.outer(offsets, each).ravel(), 1


@lru_cache(maxsize=256)
def _window_offsets(windows: Windows, counts: Sizes, steps: Sizes) -> tuple[Places, Places]:
    """Return where windows start, and where their pixels lie from there, of one channel."""

    def all_of(numbers: Sizes, apart: Sizes) -> Places:
        found = np.zeros(1, dtype=np.uint64)
        for count, far, step in zip(numbers, apart, steps[2:], strict=True):
            found = np.add.outer(found, np.arange(count, dtype=np.uint64) * np.uint64(far * step))
        return found.reshape(math.prod(numbers))

    return all_of(counts, windows.stride), all_of(windows.kernel, windows.dilation)
