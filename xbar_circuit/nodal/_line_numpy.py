"""The loops of `line_loops` in NumPy, for platforms without numba.

Along the lines step by step, all lines of a piece side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_ROWS, _COLUMNS = 4, 128
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


def rows(b: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int) -> None:
    """Do what `Loops.rows` says."""
    own = slice(start, stop)
    part = (right[own] + b[own] * w[own]).T
    each = np.ascontiguousarray(pivot[own].T)
    u[own] = _along(part, each, g).T


def _along(right: Any, pivot: Any, g: float) -> Any:
    """Solve for lines along the first axis."""
    y = np.empty(right.shape)
    y[0] = right[0] * pivot[0]
    for j in range(1, len(y)):
        y[j] = (right[j] + g * y[j - 1]) * pivot[j]
    for j in range(len(y) - 2, -1, -1):
        y[j] += g * pivot[j] * y[j + 1]
    return y


def column_steps(b: Any, column: Any, excess: Any, change: Any) -> None:
    """Do what `Loops.column_steps` says."""
    for k in range(len(b)):
        pivot = np.empty(b.shape[1:])
        factor_columns(b[k], column[0], column[1], column[2], pivot, 0, b.shape[2])
        change[k] = excess[k] - b[k] * _along(excess[k], pivot, column[0])


def row_drops(f: Any, row: Any, volts: Any, u: Any) -> None:
    """Do what `Loops.row_drops` says."""
    drop = np.empty((f.shape[2], len(f), f.shape[1]))
    column_drops(
        np.moveaxis(f, 2, 0)[np.newaxis].reshape(1, f.shape[2], -1),
        row,
        drop.reshape(1, f.shape[2], -1),
    )
    u[...] = volts[:, :, np.newaxis] - np.moveaxis(drop, 0, 2)


def column_drops(f: Any, column: Any, w: Any) -> None:
    """Do what `Loops.column_drops` says."""
    lines = f.shape[1]
    pivot = np.empty((lines, 1))
    factor_columns(np.zeros((lines, 1)), column[0], column[1], column[2], pivot, 0, 1)
    for k in range(len(f)):
        w[k] = _along(f[k], pivot, column[0])


def factor_rows(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Do what `Loops.factor_rows` says."""
    turned = np.empty(d.shape[::-1])
    factor_columns(np.ascontiguousarray(d.T), g, first, last, turned, start, stop)
    pivot[start:stop] = turned[:, start:stop].T


def factor_columns(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Do what `Loops.factor_columns` says."""
    own = slice(start, stop)
    ground = np.full(stop - start, first)
    for i in range(len(d)):
        total = ground + d[i, own]
        pivot[i, own] = 1.0 / (total + (g if i + 1 < len(d) else last))
        ground = total * g * pivot[i, own]


def apply(
    a: Any,
    b: Any,
    pivot: Any,
    gr: float,
    column: Any,
    z: Any,
    beta: float,
    old: Any,
    new: Any,
    image: Any,
    sums: Any,
    start: int,
    stop: int,
) -> None:
    """Do what `Loops.apply` says."""
    own, count = slice(start, stop), len(b)
    gc, first, last = column
    near = slice(max(start - 1, 0), min(stop + 1, count))
    every = z[near] + beta * old[near]
    offset = start - near.start
    p = every[offset : offset + stop - start]
    new[own] = p
    line = _along((b[own] * p).T, np.ascontiguousarray(pivot[own].T), gr).T
    value = b[own] * p - a[own] * line
    steps = gc * (every[1:] - every[:-1])
    above = steps[offset - 1 : offset - 1 + len(p)] if offset else steps[: len(p) - 1]
    value[len(p) - len(above) :] += above
    below = steps[offset : offset + len(p)]
    value[: len(below)] -= below
    if start == 0:
        value[0] += first * p[0]
    if stop == count:
        value[-1] += last * p[-1]
    image[own] = value
    product = np.einsum("ij,ij->i", p, value)
    for top in range(start, stop, _ROWS):
        sums[top // _ROWS] = product[top - start : min(top + _ROWS, stop) - start].sum()


def descend(
    pivot: Any,
    g: float,
    alpha: float,
    p: Any,
    image: Any,
    x: Any,
    r: Any,
    z: Any,
    sums: Any,
    start: int,
    stop: int,
) -> None:
    """Do what `Loops.descend` says."""
    own = slice(start, stop)
    x[:, own] += alpha * p[:, own]
    r[:, own] -= alpha * image[:, own]
    z[:, own] = _along(r[:, own], pivot[:, own], g)
    for left in range(start, stop, _COLUMNS):
        part = slice(left, min(left + _COLUMNS, stop))
        sums[left // _COLUMNS] = np.einsum("ij,ij->", r[:, part], z[:, part])


def check(d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any, sums: Any) -> None:
    """Do what `Loops.check` says."""
    cell = d * (u - w)
    for k, missed in enumerate(missing(d, row, column, volts, u, w)):
        sums[k] = missed.sum(axis=0)
    sums[2], sums[3] = cell.sum(axis=0), np.abs(cell).sum(axis=0)


def missing(
    d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any
) -> tuple[FloatArray, FloatArray]:
    """Return by how much Kirchhoff's law fails at each row node and column node (rows, cols) [A].

    As in `Loops.check`, cell by cell.
    """
    (in_rows, row_size), (in_columns, column_size) = imbalance(d, row, column, volts, u, w)
    return np.abs(in_rows) + _ROUNDING * row_size, np.abs(in_columns) + _ROUNDING * column_size


def imbalance(
    d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Return what leaves each row and column node, and the sum of its sizes (rows, cols) [A]."""
    cell = d * (u - w)
    error, size = _line_error(u.T, volts, row)
    in_rows = error.T + cell, size.T + np.abs(cell)
    error, size = _line_error(w, np.zeros(w.shape[1]), column)
    return in_rows, (error - cell, size + np.abs(cell))


def _line_error(v: Any, volts: Any, line: Any) -> tuple[Any, Any]:
    """Return what leaves the nodes of lines along the first axis, and the sum of its sizes [A].

    The difference of two voltages is a number as exact as they are: what rounds is the current.
    """
    g, first, last = line
    error, size = np.zeros((2, *v.shape))
    steps = g * (v[1:] - v[:-1])
    error[1:] += steps
    error[:-1] -= steps
    steps = np.abs(steps)
    size[1:] += steps
    size[:-1] += steps
    for end, siemens in ((0, first), (-1, last)):
        out = siemens * (v[end] - volts)
        error[end] += out
        size[end] += np.abs(out)
    return error, size
