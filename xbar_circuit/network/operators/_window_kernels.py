"""Windows that move over maps, by compiled loops; imported only where numba is installed.

Maps lie in memory as ``flat``, a sample every `of_sample` numbers; a window begins at `starts` and
takes what lies at `offsets` from there, so that any layout and number of axes will do. Places are
unsigned: numba would look for negative ones at every access, and not use vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._compiler import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position


@jit
def gather(flat: Any, of_sample: Any, starts: Any, offsets: Any, length: Any, patches: Any) -> None:
    """Fill in the patches (samples, windows, numbers), `length` neighbours at every offset."""
    for n in range(patches.shape[0]):
        for i in range(len(starts)):
            base = np.uint64(n) * of_sample + starts[i]
            patch = patches[n, i]
            if length == 1:
                for k in range(np.uint64(len(offsets))):
                    patch[k] = flat[base + offsets[k]]
                continue
            place: Any = np.uint64(0)
            for r in range(np.uint64(len(offsets))):
                first = base + offsets[r]
                for c in range(length):
                    patch[place + c] = flat[first + c]
                place += length


@jit
def largest(
    flat: Any, of_sample: Any, of_channel: Any, starts: Any, offsets: Any, found: Any
) -> None:
    """Fill in the largest of each window and channel (samples, windows, channels).

    What is not a number wins.
    """
    channels = np.uint64(found.shape[2])
    for n in range(found.shape[0]):
        for i in range(found.shape[1]):
            base = np.uint64(n) * of_sample + starts[i]
            best = found[n, i]
            best[:] = -np.inf
            for k in range(len(offsets)):
                first = base + offsets[k]
                if of_channel == 1:
                    for c in range(channels):
                        new = flat[first + c]
                        best[c] = new if new > best[c] or np.isnan(new) else best[c]
                else:
                    for c in range(channels):
                        new = flat[first + c * of_channel]
                        best[c] = new if new > best[c] or np.isnan(new) else best[c]


@jit
def finish(products: Any, bias: Any, low: Any, high: Any, out: Any) -> None:
    """Fill in ``min(max(products + bias, low), high)`` of products (n, channels).

    What is not a number stays so.
    """
    channels = np.uint64(len(bias))
    for n in range(len(products)):
        own, total = products[n], out[n]
        for c in range(channels):
            value = own[c] + bias[c]
            value = low if value < low else value
            total[c] = high if value > high else value


@jit
def _larger(one: Any, two: Any, out: Any) -> None:
    """Fill in the larger of two lines; what is not a number wins."""
    for k in range(np.uint64(len(out))):
        first, second = one[k], two[k]
        out[k] = first if first > second or np.isnan(first) else second


@jit
def finish_pooled(
    products: Any,
    kernel: Any,
    stride: Any,
    dilation: Any,
    bias: Any,
    low: Any,
    high: Any,
    out: Any,
) -> None:
    """Do `finish` to the largest of each window of products (n, height, width, channels).

    Along the first axis first, whole lines at once. What is not a number wins, and stays so.
    """
    _, height, width, _ = products.shape
    channels = np.uint64(products.shape[3])
    line = np.empty(np.uint64(width) * channels, dtype=products.dtype)
    lines = products.reshape(-1, width * products.shape[3])
    for n in range(out.shape[0]):
        for i in range(out.shape[1]):
            top = n * height + i * stride[0]
            best = lines[top]
            for k in range(1, kernel[0]):
                _larger(best, lines[top + k * dilation[0]], line)
                best = line
            for j in range(out.shape[2]):
                total = out[n, i, j]
                first = np.uint64(j * stride[1]) * channels
                for c in range(channels):
                    total[c] = best[first + c]
                for k in range(1, kernel[1]):
                    other = first + np.uint64(k * dilation[1]) * channels
                    for c in range(channels):
                        one, two = total[c], best[other + c]
                        total[c] = one if one > two or np.isnan(one) else two
                for c in range(channels):
                    value = total[c] + bias[c]
                    value = low if value < low else value
                    total[c] = high if value > high else value


@jit
def each_channel(
    flat: Any, of_sample: Any, starts: Any, offsets: Any, weight: Any, bias: Any, found: Any
) -> None:
    """Fill in maps (samples, windows, channels) of one kernel (pixels, channels) a channel.

    Channels are neighbours in memory.
    """
    channels = np.uint64(len(bias))
    for n in range(found.shape[0]):
        for i in range(found.shape[1]):
            base = np.uint64(n) * of_sample + starts[i]
            total = found[n, i]
            for c in range(channels):
                total[c] = bias[c]
            for k in range(0, len(offsets) - 2, 3):  # three at once: less goes through `total`
                one, two, three = base + offsets[k], base + offsets[k + 1], base + offsets[k + 2]
                first, second, third = weight[k], weight[k + 1], weight[k + 2]
                for c in range(channels):
                    total[c] += (
                        flat[one + c] * first[c]
                        + flat[two + c] * second[c]
                        + flat[three + c] * third[c]
                    )
            for k in range(len(offsets) - len(offsets) % 3, len(offsets)):
                one, first = base + offsets[k], weight[k]
                for c in range(channels):
                    total[c] += flat[one + c] * first[c]
