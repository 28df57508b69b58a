"""The solvers of `_line_loops` for one thread, compiled by numba, which is there.

The iterations stand here and, over whole fields, in `_line_loops`: one source for both would have
to be written in whole fields, whose sums and products numba makes in temporary arrays, or get the
passes as arguments, and such functions numba does not keep compiled; and 1 to 4 cells are solved by
NumPy's lines, without numba, where it is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit.nodal._compiled import jit
from xbar_circuit.nodal._line_passes import apply, descend, factor_columns, factor_rows, rows

# ruff: noqa: PLR0912, PLR0917 - compiled functions are long and take arguments by position

_EIGHT, _BLOCK = 8, 64  # as in `_line_passes`
_STAGNANT = 1e-20  # of the first residual's energy: from here on it may be rounding that rules


@jit
def _begin(a: Any, b: Any, row: Any, column: Any, into_rows: Any, into_columns: Any, u: Any) -> Any:
    """Return the reciprocal pivots of both kinds of lines and what the columns' nodes see [A].

    The columns start at 0 V.
    """
    lines, cols = b.shape
    row_pivot = np.empty(((lines + _EIGHT - 1) // _EIGHT, cols, _EIGHT))
    column_pivot, r = np.empty((lines, cols)), np.zeros((lines, cols))
    factor_rows(a, row[0], row[1], row[2], row_pivot, 0, lines)
    factor_columns(b, column[0], column[1], column[2], column_pivot, 0, cols)
    rows(b, row_pivot, row[0], into_rows, r, u, 0, lines)
    for i in range(lines):
        for j in range(cols):
            r[i, j] = into_columns[i, j] + a[i, j] * u[i, j]
    return row_pivot, column_pivot, r


@jit
def solve(
    a: Any,
    b: Any,
    row: Any,
    column: Any,
    into_rows: Any,
    into_columns: Any,
    u: Any,
    w: Any,
    tolerance: float,
    limit: int,
) -> int:
    """Compile `Loops.solve`."""
    lines, cols = b.shape
    row_pivot, column_pivot, r = _begin(a, b, row, column, into_rows, into_columns, u)
    p, z, edges = np.zeros((lines, cols)), np.zeros((lines, cols)), np.zeros((2, cols))
    by_rows, by_columns = np.zeros(len(row_pivot)), np.zeros((cols + _BLOCK - 1) // _BLOCK)
    w[:] = 0.0
    descend(column_pivot, column[0], 0.0, r, z, by_columns, 0, cols)
    gamma = by_columns.sum()
    fall = tolerance * tolerance
    goal, lowest = fall * gamma, gamma
    alpha, beta, steps = 0.0, 0.0, 0
    while gamma > goal and steps < limit:
        steps += 1
        apply(a, b, row_pivot, row[0], column, alpha, beta, w, p, z, edges, by_rows, 0, lines)
        alpha = gamma / by_rows.sum()
        descend(column_pivot, column[0], alpha, r, z, by_columns, 0, cols)
        fresh = by_columns.sum()
        beta, gamma = fresh / gamma, fresh
        if gamma < lowest:
            lowest = gamma
        elif gamma < _STAGNANT * goal / fall:
            break  # rounding: it no longer falls
    for i in range(lines):
        for j in range(cols):
            w[i, j] += alpha * p[i, j]
    rows(b, row_pivot, row[0], into_rows, w, u, 0, lines)
    return steps


@jit
def solve_unequal(
    a: Any,
    b: Any,
    row: Any,
    column: Any,
    into_rows: Any,
    into_columns: Any,
    u: Any,
    w: Any,
    tolerance: float,
    limit: int,
) -> int:
    """Compile `Loops.solve_unequal`."""
    lines, cols = b.shape
    row_pivot, column_pivot, r = _begin(a, b, row, column, into_rows, into_columns, u)
    p, v, z = np.zeros((lines, cols)), np.zeros((lines, cols)), np.zeros((lines, cols))
    t, edges = np.zeros((lines, cols)), np.zeros((2, cols))
    by_rows, by_columns = np.zeros(len(row_pivot)), np.zeros((cols + _BLOCK - 1) // _BLOCK)
    w[:] = 0.0
    size = 0.0
    for i in range(lines):
        for j in range(cols):
            size += r[i, j] * r[i, j]
    shadow = r.copy()
    goal = tolerance * tolerance * size
    rho, alpha, omega = 1.0, 1.0, 1.0
    steps = 0
    while size > goal and steps < limit:
        steps += 1
        fresh = 0.0
        for i in range(lines):
            for j in range(cols):
                fresh += shadow[i, j] * r[i, j]
        beta = fresh / rho * (alpha / omega)
        rho = fresh
        for i in range(lines):
            for j in range(cols):
                p[i, j] = r[i, j] + beta * (p[i, j] - omega * v[i, j])
        # z = (L_c + b)^-1 p and v = S z
        descend(column_pivot, column[0], 0.0, p, v, by_columns, 0, cols)
        apply(a, b, row_pivot, row[0], column, 0.0, 0.0, w, z, v, edges, by_rows, 0, lines)
        product = 0.0
        for i in range(lines):
            for j in range(cols):
                product += shadow[i, j] * v[i, j]
        alpha = rho / product
        for i in range(lines):
            for j in range(cols):
                w[i, j] += alpha * z[i, j]
                r[i, j] -= alpha * v[i, j]
        # the same for what is left: z = (L_c + b)^-1 r and t = S z
        descend(column_pivot, column[0], 0.0, r, t, by_columns, 0, cols)
        apply(a, b, row_pivot, row[0], column, 0.0, 0.0, w, z, t, edges, by_rows, 0, lines)
        cross, square = 0.0, 0.0
        for i in range(lines):
            for j in range(cols):
                cross += t[i, j] * r[i, j]
                square += t[i, j] * t[i, j]
        omega = cross / square if square > 0.0 else 0.0
        size = 0.0
        for i in range(lines):
            for j in range(cols):
                w[i, j] += omega * z[i, j]
                r[i, j] -= omega * t[i, j]
                size += r[i, j] * r[i, j]
    rows(b, row_pivot, row[0], into_rows, w, u, 0, lines)
    return steps


@jit
def steps(
    a: Any,
    b: Any,
    equal: bool,  # noqa: FBT001 - see above
    row: Any,
    column: Any,
    excess: Any,
    tolerance: Any,
    limit: int,
    change: Any,
) -> None:
    """Compile `Loops.steps`."""
    samples, lines, cols = a.shape
    u, w = np.empty((lines, cols)), np.empty((lines, cols))
    into = np.empty((lines, cols))
    for k in range(samples):
        for i in range(lines):
            for j in range(cols):
                into[i, j] = -excess[k, i, j]
        if equal:
            solve(a[k], a[k], row, column, into, excess[k], u, w, tolerance[k], limit)
        else:
            solve_unequal(a[k], b[k], row, column, into, excess[k], u, w, tolerance[k], limit)
        for i in range(lines):
            for j in range(cols):
                change[k, i, j] = excess[k, i, j] + a[k, i, j] * u[i, j] - b[k, i, j] * w[i, j]


@jit
def column_steps(b: Any, column: Any, excess: Any, change: Any) -> None:
    """Compile `Loops.column_steps`."""
    samples, lines, cols = b.shape
    g = column[0]
    pivot, w = np.empty((lines, cols)), np.empty((lines, cols))
    before = np.empty(cols)
    for k in range(samples):
        factor_columns(b[k], g, column[1], column[2], pivot, 0, cols)
        before[:] = 0.0
        for i in range(lines):
            for j in range(cols):
                before[j] = (excess[k, i, j] + g * before[j]) * pivot[i, j]
                w[i, j] = before[j]
        for i in range(lines - 2, -1, -1):
            for j in range(cols):
                before[j] = w[i, j] + g * pivot[i, j] * before[j]
                w[i, j] = before[j]
        for i in range(lines):
            for j in range(cols):
                change[k, i, j] = excess[k, i, j] - b[k, i, j] * w[i, j]


@jit
def row_drops(f: Any, row: Any, volts: Any, u: Any) -> None:
    """Compile `Loops.row_drops`."""
    samples, lines, cols = f.shape
    g, first, last = row
    pivot, back = np.empty(cols), np.empty(cols)
    ground = first
    for j in range(cols):
        pivot[j] = 1.0 / (ground + (g if j + 1 < cols else last))
        back[j] = g * pivot[j]
        ground *= back[j]
    line = np.empty((4, cols))
    for k in range(samples):
        for top in range(0, lines, 4):
            one, two = top, min(top + 1, lines - 1)
            three, four = min(top + 2, lines - 1), min(top + 3, lines - 1)
            y0 = y1 = y2 = y3 = 0.0
            for j in range(cols):
                y0 = (f[k, one, j] + g * y0) * pivot[j]
                y1 = (f[k, two, j] + g * y1) * pivot[j]
                y2 = (f[k, three, j] + g * y2) * pivot[j]
                y3 = (f[k, four, j] + g * y3) * pivot[j]
                line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
            y0 = y1 = y2 = y3 = 0.0
            for j in range(cols - 1, -1, -1):
                y0 = line[0, j] + back[j] * y0
                y1 = line[1, j] + back[j] * y1
                y2 = line[2, j] + back[j] * y2
                y3 = line[3, j] + back[j] * y3
                line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
            for n in range(min(4, lines - top)):
                for j in range(cols):
                    u[k, top + n, j] = volts[k, top + n] - line[n, j]


@jit
def column_drops(f: Any, column: Any, w: Any) -> None:
    """Compile `Loops.column_drops`."""
    samples, lines, cols = f.shape
    g, first, last = column
    pivot = np.empty(lines)
    ground = first
    for i in range(lines):
        pivot[i] = 1.0 / (ground + (g if i + 1 < lines else last))
        ground *= g * pivot[i]
    before = np.empty(cols)
    for k in range(samples):
        before[:] = 0.0
        for i in range(lines):
            for j in range(cols):
                before[j] = (f[k, i, j] + g * before[j]) * pivot[i]
                w[k, i, j] = before[j]
        for i in range(lines - 2, -1, -1):
            for j in range(cols):
                before[j] = w[k, i, j] + g * pivot[i] * before[j]
                w[k, i, j] = before[j]
