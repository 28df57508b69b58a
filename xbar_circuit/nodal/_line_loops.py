"""Solving an array's wires line by line: the loops of `line_reads`, compiled, and in NumPy.

All word lines are tridiagonal systems side by side, and so are all bit lines: elimination along the
line (L. H. Thomas, 1949) with pivots that are sums of conductances, so every factor is right
relative to itself. Sums over cells are made in pieces of a fixed size, in a fixed order: the number
of threads changes nothing.

Notation: d (rows, cols) [S] are the devices; g the conductance of a segment, `first` and `last`
those of the ends of a line [S]; ``pivot`` holds reciprocal pivots [ohm].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal import _compiled as compiled

__all__ = ["COLUMNS", "ROWS", "Loops", "loops", "missing"]

ROWS = 4
"""Word lines in one piece."""
COLUMNS = 128
"""Bit lines in one piece."""

_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


class Loops(NamedTuple):
    """The passes over the array.

    factor_rows(d, g, first, last, pivot, start, stop), factor_columns(...)
        Reciprocal pivots of the word or bit lines from `start` to `stop`.
    rows(d, pivot, g, right, w, u, start, stop)
        Solve ``(L_r + d) u = right + d w`` for some word lines.
    apply(d, pivot, gr, column, z, beta, old, new, image, sums, start, stop)
        ``new = z + beta old``, ``image = S new`` and their product per piece, for some word lines;
        ``column`` holds g, first and last of the bit lines.
    descend(pivot, g, alpha, p, image, x, r, z, sums, start, stop)
        ``x += alpha p``, ``r -= alpha image``, ``z = (L_c + d)^-1 r`` and r z per piece, for some
        bit lines.
    check(d, row, column, volts, u, w, sums)
        Sums over each column (4, cols) [A]: by how much Kirchhoff's law fails at its row nodes and
        at its column nodes, the rounding of these currents counted, and the cells' currents, signed
        and absolute; ``row`` and ``column`` hold g, first and last of both kinds of lines.
    """

    factor_rows: Callable[..., None]
    factor_columns: Callable[..., None]
    rows: Callable[..., None]
    apply: Callable[..., None]
    descend: Callable[..., None]
    check: Callable[..., None]


# ruff: noqa: PLR0917 - compiled functions take their arguments by position


def _factor_rows(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    count = d.shape[1]
    for i in range(start, stop):
        ground = first
        for j in range(count):
            ground += d[i, j]
            each = 1.0 / (ground + (g if j + 1 < count else last))
            pivot[i, j] = each
            ground *= g * each


def _factor_columns(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    count = d.shape[0]
    ground = np.full(stop - start, first)
    for i in range(count):
        ahead = g if i + 1 < count else last
        for j in range(start, stop):
            total = ground[j - start] + d[i, j]
            each = 1.0 / (total + ahead)
            pivot[i, j] = each
            ground[j - start] = total * g * each


def _rows(d: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int) -> None:
    count = d.shape[1]
    for i in range(start, stop):
        before = 0.0
        for j in range(count):
            before = (right[i, j] + d[i, j] * w[i, j] + g * before) * pivot[i, j]
            u[i, j] = before
        for j in range(count - 2, -1, -1):
            before = u[i, j] + g * pivot[i, j] * before
            u[i, j] = before


def _apply(
    d: Any,
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
    rows, count = d.shape
    gc, first, last = column
    line = np.empty((4, count))
    for top in range(start, stop, 4):
        held = min(4, stop - top)
        for k in range(held):
            i = top + k
            for j in range(count):
                new[i, j] = z[i, j] + beta * old[i, j]
                line[k, j] = d[i, j] * new[i, j]
        for k in range(held, 4):
            line[k] = 0.0
        a, b, c, e = top, min(top + 1, rows - 1), min(top + 2, rows - 1), min(top + 3, rows - 1)
        y0 = y1 = y2 = y3 = 0.0
        for j in range(count):
            y0 = (line[0, j] + gr * y0) * pivot[a, j]
            y1 = (line[1, j] + gr * y1) * pivot[b, j]
            y2 = (line[2, j] + gr * y2) * pivot[c, j]
            y3 = (line[3, j] + gr * y3) * pivot[e, j]
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        for j in range(count - 2, -1, -1):
            y0 = line[0, j] + gr * pivot[a, j] * y0
            y1 = line[1, j] + gr * pivot[b, j] * y1
            y2 = line[2, j] + gr * pivot[c, j] * y2
            y3 = line[3, j] + gr * pivot[e, j] * y3
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        total = 0.0
        for k in range(held):
            i = top + k
            above, below = (gc if i > 0 else 0.0), (gc if i + 1 < rows else 0.0)
            ends = (first if i == 0 else 0.0) + (last if i + 1 == rows else 0.0)
            up, down = max(i - 1, 0), min(i + 1, rows - 1)
            for j in range(count):
                own = new[i, j]
                one = z[up, j] + beta * old[up, j]
                two = z[down, j] + beta * old[down, j]
                value = above * (own - one) + below * (own - two) + ends * own
                value += d[i, j] * (own - line[k, j])
                image[i, j] = value
            part = 0.0
            for j in range(count):
                part += new[i, j] * image[i, j]
            total += part
        sums[top // 4] = total


def _descend(
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
    rows = pivot.shape[0]
    before, product = np.empty(128), np.empty(128)
    for left in range(start, stop, 128):
        count = min(128, stop - left)
        before[:] = 0.0
        for i in range(rows):
            for k in range(count):
                j = left + k
                x[i, j] += alpha * p[i, j]
                rest = r[i, j] - alpha * image[i, j]
                r[i, j] = rest
                value = (rest + g * before[k]) * pivot[i, j]
                before[k] = value
                z[i, j] = value
        for k in range(count):
            product[k] = r[rows - 1, left + k] * z[rows - 1, left + k]
        for i in range(rows - 2, -1, -1):
            for k in range(count):
                j = left + k
                value = z[i, j] + g * pivot[i, j] * before[k]
                before[k] = value
                z[i, j] = value
                product[k] += r[i, j] * value
        total = 0.0
        for k in range(count):
            total += product[k]
        sums[left // 128] = total


def _check(d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any, sums: Any) -> None:
    rows, cols = d.shape
    gr, left, right = row
    gc, top, bottom = column
    sums[:] = 0.0
    for i in range(rows):
        above, below = (gc if i > 0 else 0.0), (gc if i + 1 < rows else 0.0)
        ends = (top if i == 0 else 0.0) + (bottom if i + 1 == rows else 0.0)
        up, down = max(i - 1, 0), min(i + 1, rows - 1)
        for j in range(cols):
            own, cell = w[i, j], d[i, j] * (u[i, j] - w[i, j])
            one, two, three = above * (own - w[up, j]), below * (own - w[down, j]), ends * own
            size = abs(one) + abs(two) + abs(three) + abs(cell)
            sums[1, j] += abs(one + two + three - cell) + _ROUNDING * size
            sums[2, j] += cell
            sums[3, j] += abs(cell)
            own = u[i, j]
            before, after = (gr if j > 0 else 0.0), (gr if j + 1 < cols else 0.0)
            held = (left if j == 0 else 0.0) + (right if j + 1 == cols else 0.0)
            one = before * (own - u[i, max(j - 1, 0)])
            two = after * (own - u[i, min(j + 1, cols - 1)])
            three = held * (own - volts[i])
            size = abs(one) + abs(two) + abs(three) + abs(cell)
            sums[0, j] += abs(one + two + three + cell) + _ROUNDING * size


# The same in NumPy: along the lines step by step, all lines of a piece side by side.


def _rows_numpy(
    d: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int
) -> None:
    own = slice(start, stop)
    part = (right[own] + d[own] * w[own]).T
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


def _factor_rows_numpy(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    turned = np.empty(d.shape[::-1])
    _factor_columns_numpy(np.ascontiguousarray(d.T), g, first, last, turned, start, stop)
    pivot[start:stop] = turned[:, start:stop].T


def _factor_columns_numpy(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    own = slice(start, stop)
    ground = np.full(stop - start, first)
    for i in range(len(d)):
        total = ground + d[i, own]
        pivot[i, own] = 1.0 / (total + (g if i + 1 < len(d) else last))
        ground = total * g * pivot[i, own]


def _apply_numpy(
    d: Any,
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
    own, rows = slice(start, stop), len(d)
    gc, first, last = column
    near = slice(max(start - 1, 0), min(stop + 1, rows))
    every = z[near] + beta * old[near]
    offset = start - near.start
    p = every[offset : offset + stop - start]
    new[own] = p
    line = _along((d[own] * p).T, np.ascontiguousarray(pivot[own].T), gr).T
    value = d[own] * (p - line)
    steps = gc * (every[1:] - every[:-1])
    above = steps[offset - 1 : offset - 1 + len(p)] if offset else steps[: len(p) - 1]
    value[len(p) - len(above) :] += above
    below = steps[offset : offset + len(p)]
    value[: len(below)] -= below
    if start == 0:
        value[0] += first * p[0]
    if stop == rows:
        value[-1] += last * p[-1]
    image[own] = value
    product = np.einsum("ij,ij->i", p, value)
    for top in range(start, stop, ROWS):
        sums[top // ROWS] = product[top - start : min(top + ROWS, stop) - start].sum()


def _descend_numpy(
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
    own = slice(start, stop)
    x[:, own] += alpha * p[:, own]
    r[:, own] -= alpha * image[:, own]
    z[:, own] = _along(r[:, own], pivot[:, own], g)
    for left in range(start, stop, COLUMNS):
        part = slice(left, min(left + COLUMNS, stop))
        sums[left // COLUMNS] = np.einsum("ij,ij->", r[:, part], z[:, part])


def _check_numpy(d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any, sums: Any) -> None:
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
    cell = d * (u - w)
    error, size = _line_error(u.T, volts, row)
    in_rows = np.abs(error.T + cell) + _ROUNDING * (size.T + np.abs(cell))
    error, size = _line_error(w, np.zeros(w.shape[1]), column)
    return in_rows, np.abs(error - cell) + _ROUNDING * (size + np.abs(cell))


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


@cache
def loops(*, plain: bool = False) -> Loops:
    """Return the compiled passes, or NumPy's where numba is missing or if asked for."""
    wanted = (_factor_rows, _factor_columns, _rows, _apply, _descend, _check)
    found = [None if plain else compiled.compile_loops(function) for function in wanted]
    if any(function is None for function in found):
        return Loops(
            _factor_rows_numpy,
            _factor_columns_numpy,
            _rows_numpy,
            _apply_numpy,
            _descend_numpy,
            _check_numpy,
        )
    return Loops(*(function for function in found if function is not None))
