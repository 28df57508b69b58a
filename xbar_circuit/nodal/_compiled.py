"""Loops that numba compiles, each with the NumPy lines that stand in where numba is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._compiler import available, jit

__all__ = ["available", "compile_loops", "jit", "sweep"]

_TINY = float(np.finfo(np.float64).tiny)


def compile_loops(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return a function of loops compiled, or None where numba is missing."""
    return jit(function) if available() else None


def _sweep_loops(branches: Any, leak: Any, out: Any) -> None:
    batch, size, _ = branches.shape
    arms = np.empty(size)
    rest = np.empty(size)
    for b in range(batch):
        table = out[b]
        table[:] = branches[b]
        rest[:] = leak[b]
        for k in range(size):
            total = rest[k]
            for j in range(k + 1, size):
                total += table[k, j]
            each = 1.0 / max(total, _TINY)
            arms[:] = table[k]
            arms[k] = 1.0
            table[:, k] = 0.0
            table[k] = 0.0
            through = rest[k] * each
            for i in range(k + 1, size):
                rest[i] += through * arms[i]
            for i in range(size):
                factor = arms[i] * each
                if factor != 0.0:
                    for j in range(size):
                        table[i, j] += factor * arms[j]


@cache
def _sweep() -> Callable[..., Any] | None:
    return compile_loops(_sweep_loops)


def sweep(branches: FloatArray, leak: FloatArray) -> FloatArray | None:
    """Return the inverses of small M-matrices node by node, see `m_matrix.inverse`.

    None where numba is missing.
    """
    loops = _sweep()
    if loops is None:
        return None
    out = np.empty(branches.shape)
    loops(np.ascontiguousarray(branches), np.ascontiguousarray(leak), out)
    return out
