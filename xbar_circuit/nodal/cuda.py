"""The loops of `compiled` for a CUDA card, compiled by NVIDIA's run-time compiler.

One block of threads holds one or a few matrices in shared memory. Where the compiler is not there,
the same is done by whole-batch operations of the array library, in many more passes over memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from xbar_circuit.backend import Array, contiguous, empty

__all__ = ["LARGEST", "sweep"]

LARGEST = 64
"""Matrices of up to so many nodes are inverted in shared memory."""

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
"""


@cache
def _torch_kernel() -> Any:
    """Return the kernel for torch's arrays, or None."""
    import torch  # noqa: PLC0415 - an optional library

    compile_kernel = getattr(torch.cuda, "_compile_kernel", None)
    if compile_kernel is None:
        return None
    try:
        return compile_kernel(_SOURCE, "sweep")
    except (RuntimeError, OSError):  # no run-time compiler beside this torch
        return None


@cache
def _cupy_kernel() -> Any:
    """Return the kernel for CuPy's arrays."""
    import cupy  # noqa: PLC0415 - an optional library

    return cupy.RawKernel(_SOURCE, "sweep")


def _launcher(array: Array) -> Callable[..., None] | None:
    """Return what starts the kernel on the card that an array lives on, or None."""
    if type(array).__module__.startswith("cupy"):
        kernel = _cupy_kernel()
        return lambda grid, block, args, memory: kernel(grid, block, args, shared_mem=memory)
    if type(array).__module__.startswith("torch") and array.is_cuda:
        kernel = _torch_kernel()
        if kernel is not None:
            return lambda grid, block, args, memory: kernel(
                grid=grid, block=block, args=list(args), shared_mem=memory
            )
    return None


def sweep(branches: Array, leak: Array) -> Array | None:
    """Return the inverses of small M-matrices node by node, see `m_matrix.inverse`.

    None where the arrays are not on a CUDA card or nothing can compile for it.
    """
    launch = _launcher(branches)
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
