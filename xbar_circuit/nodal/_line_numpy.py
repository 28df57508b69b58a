"""The loops of `line_loops` in NumPy, for platforms without numba.

Along the lines step by step, all lines of a piece side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_ROWS, _COLUMNS = 8, 64
_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


def rows(b: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int) -> None:
    """Do what `Loops.rows` says."""
    own = slice(start, stop)
    part = (right[own] + b[own] * w[own]).T
    u[own] = _along(part, _of_rows(pivot, start, stop), g).T


def _of_rows(pivot: Any, start: int, stop: int) -> Any:
    """Return the reciprocal pivots of some word lines (cols, lines)."""
    own = pivot[start // _ROWS : -(-stop // _ROWS)]
    return np.moveaxis(own, 1, 0).reshape(pivot.shape[1], -1)[:, : stop - start]


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
    for top in range(start, stop, _ROWS):
        held = min(_ROWS, stop - top)
        pivot[top // _ROWS, :, :held] = turned[:, top : top + held]


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
    g: float,
    column: Any,
    alpha: float,
    beta: float,
    x: Any,
    p: Any,
    z: Any,
    edges: Any,
    sums: Any,
    start: int,
    stop: int,
) -> None:
    """Do what `Loops.apply` says."""
    own, count = slice(start, stop), b.shape[1]
    gc, first, last = column
    old, image = p[own, :count], z[own, :count]
    if alpha != 0.0:
        x[own, :count] += alpha * old
    new = image + beta * old
    p[own, :count] = new
    line = _along((b[own] * new).T, _of_rows(pivot, start, stop), g).T
    steps = gc * np.diff(np.vstack([edges[:1], new, edges[1:]]), axis=0)
    if start == 0:
        steps[0] = first * new[0]
    if stop == len(b):
        steps[-1] = -last * new[-1]
    value = steps[:-1] - steps[1:] + (b[own] * new - a[own] * line)
    image[...] = value
    product = np.einsum("ij,ij->i", new, value)
    for top in range(start, stop, _ROWS):
        sums[top // _ROWS] = product[top - start : min(top + _ROWS, stop) - start].sum()


def descend(
    pivot: Any, g: float, alpha: float, r: Any, z: Any, sums: Any, start: int, stop: int
) -> None:
    """Do what `Loops.descend` says."""
    own = slice(start, stop)
    if alpha != 0.0:
        r[:, own] -= alpha * z[:, own]
    z[:, own] = _along(r[:, own], pivot[:, own], g)
    for left in range(start, stop, _COLUMNS):
        part = slice(left, min(left + _COLUMNS, stop))
        sums[left // _COLUMNS] = np.einsum("ij,ij->", r[:, part], z[:, part])


def row_errors(
    d: Any, row: Any, volts: Any, u: Any, w: Any, missed: Any, rounded: Any, start: int, stop: int
) -> None:
    """Do what `Loops.row_errors` says."""
    own = slice(start, stop)
    f = d[own] * (u[own] - w[own])
    drop, size = _drop(f.T, row)
    missed[own] = f - d[own] * (volts[own, np.newaxis] - drop.T)
    rounded[own] = _ROUNDING * (np.abs(volts[own]) + size.max(axis=0))


def column_errors(
    d: Any, column: Any, u: Any, w: Any, missed: Any, rounded: Any, sums: Any, start: int, stop: int
) -> None:
    """Do what `Loops.column_errors` says."""
    own = slice(start, stop)
    device = d[:, own]
    f = device * (u[:, own] - w[:, own])
    rise, size = _drop(f, column)
    uncertain = device * (rounded[:, np.newaxis] + _ROUNDING * size) + _ROUNDING * np.abs(f)
    missed[:, own] = np.abs(missed[:, own] + device * rise) + uncertain
    for k, field in enumerate((missed[:, own], f, np.abs(f))):
        sums[k, own] = field.sum(axis=0)


def _drop(f: Any, line: Any) -> tuple[Any, Any]:
    """Return the drops that currents into lines along the first axis cause, and their sizes [V].

    Sums run in twice the precision.
    """
    g, first, last = line
    if first == 0.0:
        drop, size = _drop(f[::-1], (g, last, 0.0))
        return drop[::-1], size[::-1]
    ohm = 1.0 / first + np.arange(len(f)) / g
    through = _sum((*f, np.zeros_like(f[0])))[-1]
    extra = 0.0
    if last > 0.0:
        arms = ohm[:, np.newaxis] * f
        whole = ohm[-1] + 1.0 / last
        extra = np.abs(arms).sum(axis=0) / whole
        moment = _sum((*arms, np.zeros_like(f[0])))[-1]
        through = _plus(through, -(moment[0] + moment[1]) / whole)
    steps, sizes = [], []
    for k, own in enumerate(f):
        each = 1.0 / g if k else 1.0 / first
        steps.append((through[0] + through[1]) * each)
        sizes.append((np.abs(through[0]) + extra) * each)
        through = _plus(through, -own)
    return np.array([high + low for high, low in _sum(steps)]), np.cumsum(sizes, axis=0)


def _plus(total: Any, other: Any) -> tuple[Any, Any]:
    """Return a number in two parts and another one added: Knuth's exact sum."""
    high = total[0] + other
    part = high - total[0]
    return high, total[1] + ((total[0] - (high - part)) + (other - part))


def _sum(terms: Any) -> list[tuple[Any, Any]]:
    """Return the sums of the first terms, each in two parts."""
    sums, total = [], (np.zeros_like(terms[0]), np.zeros_like(terms[0]))
    for term in terms:
        total = _plus(total, term)
        sums.append(total)
    return sums


def imbalance(
    d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any
) -> tuple[FloatArray, FloatArray]:
    """Return what leaves each row node and each column node (rows, cols) [A]."""
    cell = d * (u - w)
    in_rows = _line_error(u.T, volts, row).T + cell
    return in_rows, _line_error(w, np.zeros(w.shape[1]), column) - cell


def _line_error(v: Any, volts: Any, line: Any) -> Any:
    """Return what leaves the nodes of lines along the first axis [A]."""
    g, first, last = line
    error = np.zeros(v.shape)
    steps = g * (v[1:] - v[:-1])
    error[1:] += steps
    error[:-1] -= steps
    for end, siemens in ((0, first), (-1, last)):
        error[end] += siemens * (v[end] - volts)
    return error
