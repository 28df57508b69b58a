"""The loops of `compiled` for a CUDA card, compiled by NVIDIA's run-time compiler.

One block of threads holds one or a few matrices in shared memory. Where the compiler is not there,
the same is done by whole-batch operations of the array library, in many more passes over memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import Array, backend_of, contiguous, empty

__all__ = ["join", "sweep"]

_MEMORY = 48 << 10  # bytes of shared memory that every card gives a block

_SOURCE = r"""
extern "C" __global__ void sweep(const double* branches, const double* leak, double* out,
                                 int batch, int size, int matrix_stride, int row_stride)
{
    extern __shared__ double memory[];
    int pitch = size + 1;
    double* table = memory + threadIdx.z * (size * pitch + 2 * size + 1);
    double* arms = table + size * pitch;
    double* rest = arms + size;
    double* total = rest + size;
    long long b = (long long)blockIdx.x * blockDim.z + threadIdx.z;
    bool own = b < batch;
    int x = threadIdx.x, y = threadIdx.y;
    if (own) {
        const double* from = branches + b * matrix_stride;
        for (int i = y; i < size; i += blockDim.y)
            for (int j = x; j < size; j += blockDim.x)
                table[i * pitch + j] = from[(long long)i * row_stride + j];
        if (y == 0)
            for (int j = x; j < size; j += blockDim.x) rest[j] = leak[b * size + j];
    }
    __syncthreads();
    for (int k = 0; k < size; ++k) {
        if (own && y == blockDim.y - 1)
            for (int j = x; j < size; j += blockDim.x)
                arms[j] = j == k ? 1.0 : table[k * pitch + j];
        if (own && y == 0) {
            if (blockDim.x == 32) {
                double sum = 0.0;
                for (int j = k + 1 + x; j < size; j += 32) sum += table[k * pitch + j];
                for (int step = 16; step > 0; step >>= 1)
                    sum += __shfl_down_sync(0xffffffffu, sum, step);
                if (x == 0) total[0] = sum + rest[k];
            } else if (x == 0) {
                double sum = rest[k];
                for (int j = k + 1; j < size; ++j) sum += table[k * pitch + j];
                total[0] = sum;
            }
        }
        __syncthreads();
        if (own) {
            double sum = total[0];
            double each = 1.0 / (sum > 2.2250738585072014e-308 ? sum : 2.2250738585072014e-308);
            for (int i = y; i < size; i += blockDim.y) {
                double factor = arms[i] * each;
                for (int j = x; j < size; j += blockDim.x) {
                    double before = i == k || j == k ? 0.0 : table[i * pitch + j];
                    table[i * pitch + j] = before + factor * arms[j];
                }
            }
            if (y == 0) {
                double through = rest[k] * each;
                for (int j = x; j < size; j += blockDim.x)
                    if (j > k) rest[j] += through * arms[j];
            }
        }
        __syncthreads();
    }
    if (own) {
        double* to = out + b * size * size;
        for (int i = y; i < size; i += blockDim.y)
            for (int j = x; j < size; j += blockDim.x) to[i * size + j] = table[i * pitch + j];
    }
}

/* Two blocks (own x own) become one (ports x ports) without their inner nodes. */
extern "C" __global__ void join(const double* pairs, const int* place, double* out, double* shares,
                                int each, int own, int inner, int ports)
{
    extern __shared__ double memory[];
    double* inside = memory;                 // inner x inner
    double* across = inside + inner * inner; // inner x ports
    double* weight = across + inner * ports; // the same
    double* arms = weight + inner * ports;
    double* rest = arms + inner;
    double* total = rest + inner;
    int* from = (int*)(total + 1);           // 2 x (inner + ports): whose port a node is, or -1
    int x = threadIdx.x, y = threadIdx.y, t = x + 32 * y, all = 32 * blockDim.y;
    int nodes = inner + ports;
    long long b = blockIdx.x;
    const double* block[2];
    for (int half = 0; half < 2; ++half)
        block[half] = pairs + ((b / each * 2 + half) * each + b % each) * own * own;
    for (int i = t; i < 2 * nodes; i += all) from[i] = -1;
    __syncthreads();
    for (int i = t; i < 2 * own; i += all) from[i / own * nodes + place[i]] = i % own;
    __syncthreads();
    for (int i = y; i < inner; i += blockDim.y)
        for (int j = x; j < nodes; j += 32) {
            double sum = 0.0;
            for (int half = 0; half < 2; ++half) {
                int p = from[half * nodes + i], q = from[half * nodes + j];
                if (p >= 0 && q >= 0) sum += block[half][p * own + q];
            }
            if (j < inner) inside[i * inner + j] = sum;
            else across[i * ports + j - inner] = sum;
        }
    __syncthreads();
    for (int i = t; i < inner; i += all) {
        double sum = 0.0;
        for (int j = 0; j < ports; ++j) sum += across[i * ports + j];
        rest[i] = sum;
    }
    __syncthreads();
    for (int k = 0; k < inner; ++k) {
        if (y == 1)
            for (int j = x; j < inner; j += 32) arms[j] = j == k ? 1.0 : inside[k * inner + j];
        if (t == 0) {
            double sum = rest[k];
            for (int j = k + 1; j < inner; ++j) sum += inside[k * inner + j];
            total[0] = 1.0 / (sum > 2.2250738585072014e-308 ? sum : 2.2250738585072014e-308);
        }
        __syncthreads();
        double each_siemens = total[0];
        for (int i = y; i < inner; i += blockDim.y)
            for (int j = x; j < inner; j += 32) {
                double before = i == k || j == k ? 0.0 : inside[i * inner + j];
                inside[i * inner + j] = before + arms[i] * each_siemens * arms[j];
            }
        if (y == 0)
            for (int j = x; j < inner; j += 32)
                if (j > k) rest[j] += rest[k] * each_siemens * arms[j];
        __syncthreads();
    }
    for (int i = y; i < inner; i += blockDim.y)
        for (int j = x; j < ports; j += 32) {
            double sum = 0.0;
            for (int k = 0; k < inner; ++k) sum += inside[i * inner + k] * across[k * ports + j];
            weight[i * ports + j] = sum;
            if (shares) shares[(b * inner + i) * ports + j] = sum;
        }
    __syncthreads();
    double* to = out + b * ports * ports;
    for (int i0 = y; i0 < ports; i0 += 4 * blockDim.y)
        for (int j0 = x; j0 < ports; j0 += 64) {
            double sum[4][2] = {{0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}};
            int second = j0 + 32 < ports ? j0 + 32 : j0;
            for (int k = 0; k < inner; ++k) {
                double left = weight[k * ports + j0], right = weight[k * ports + second];
#pragma unroll
                for (int r = 0; r < 4; ++r) {
                    int i = i0 + r * blockDim.y;
                    double arm = across[k * ports + (i < ports ? i : i0)];
                    sum[r][0] += arm * left;
                    sum[r][1] += arm * right;
                }
            }
#pragma unroll
            for (int r = 0; r < 4; ++r)
#pragma unroll
                for (int c = 0; c < 2; ++c) {
                    int i = i0 + r * blockDim.y, j = j0 + 32 * c;
                    if (i < ports && j < ports) {
                        double value = sum[r][c];
                        for (int half = 0; half < 2; ++half) {
                            int p = from[half * nodes + inner + i];
                            int q = from[half * nodes + inner + j];
                            if (p >= 0 && q >= 0) value += block[half][p * own + q];
                        }
                        to[i * ports + j] = value;
                    }
                }
        }
}
"""


@cache
def _torch_kernel(name: str) -> Any:
    """Return a kernel for torch's arrays, or None."""
    import torch  # noqa: PLC0415 - an optional library

    compile_kernel = getattr(torch.cuda, "_compile_kernel", None)
    if compile_kernel is None:
        return None
    try:
        return compile_kernel(_SOURCE, name)
    except (RuntimeError, OSError):  # this torch has no run-time compiler
        return None


@cache
def _cupy_kernel(name: str) -> Any:
    """Return a kernel for CuPy's arrays."""
    import cupy  # noqa: PLC0415 - an optional library

    return cupy.RawKernel(_SOURCE, name)


def _launcher(array: Array, name: str) -> Callable[..., None] | None:
    """Return what starts a kernel on the card that an array lives on, or None."""
    if type(array).__module__.startswith("cupy"):
        kernel = _cupy_kernel(name)
        return lambda grid, block, args, memory: kernel(grid, block, args, shared_mem=memory)
    if type(array).__module__.startswith("torch") and array.is_cuda:
        kernel = _torch_kernel(name)
        if kernel is not None:
            return lambda grid, block, args, memory: kernel(
                grid=grid, block=block, args=list(args), shared_mem=memory
            )
    return None


_PLACES: dict[tuple[int, str], tuple[NDArray[np.int32], Array]] = {}


def join(
    pairs: Array, place: NDArray[np.int32], inner: int, ports: int, *, weights: bool
) -> tuple[Array, Array] | None:
    """Join pairs of small blocks, see `blocks.join_networks`.

    Parameters
    ----------
    pairs
        The blocks (outer, 2, each, own ports, own ports), C-contiguous.
    place
        Where the ports of each partner go (2, own ports), inner nodes first; the same object for
        the same joint.
    inner, ports
        How many nodes are taken out and stay.
    weights
        Whether the weights of the nodes taken out are wanted.

    Returns
    -------
    network, weights
        (outer * each, ports, ports) and (outer * each, inner, ports), empty if not wanted. None
        where the arrays are not on a CUDA card, nothing can compile for it, or the joint is too
        large.
    """
    doubles = inner * (inner + 2 * ports + 2) + 1 + (inner + ports)
    launch = _launcher(pairs, "join") if 8 * doubles <= _MEMORY else None
    outer, _, each, own, _ = pairs.shape
    if launch is None or outer * each == 0:
        return None
    on_card = backend_of(pairs)
    key = (id(place), str(on_card.device))
    if key not in _PLACES:
        _PLACES[key] = place, on_card.xp.asarray(place, device=on_card.device)
    out = empty(pairs, (outer * each, ports, ports))
    shares = empty(pairs, (outer * each if weights else 0, inner, ports))
    given = (pairs, _PLACES[key][1], out, shares, each, own, inner, ports)
    launch((outer * each, 1, 1), (32, 8, 1), given, 8 * doubles)
    return out, shares


def sweep(branches: Array, leak: Array) -> Array | None:
    """Return the inverses of small M-matrices node by node, see `m_matrix.inverse`.

    None where the arrays are not on a CUDA card or nothing can compile for it.
    """
    launch = _launcher(branches, "sweep")
    batch, size, _ = branches.shape
    if launch is None or batch == 0:
        return None
    strides = branches.stride() if hasattr(branches, "stride") else None
    if strides is None or strides[2] != 1:
        branches = contiguous(branches)
        strides = (size * size, size, 1)
    leak = contiguous(leak)
    out = empty(branches, (batch, size, size))
    if size <= 8:
        block = (8, 8, 4)
    elif size <= 16:
        block = (16, 8, 2)
    else:
        block = (32, 8, 1) if size <= 32 else (32, 16, 1)
    grid = (-(-batch // block[2]), 1, 1)
    memory = 8 * block[2] * (size * (size + 1) + 2 * size + 1)
    launch(grid, block, (branches, leak, out, batch, size, strides[0], strides[1]), memory)
    return out
