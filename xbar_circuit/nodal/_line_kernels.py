"""The loops of `line_loops`, compiled by numba; imported only where it is installed.

Word lines are gone along four at a time, so that the processor need not wait for each product of a
recurrence; bit lines all side by side. No fast-math: the numbers are those of the lines as written,
on any processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit.nodal._compiled import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)
_STAGNANT = 1e-20  # of the first residual's energy: from here on it may be rounding that rules


@jit
def factor_rows(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Compile `Loops.factor_rows`."""
    count = d.shape[1]
    for top in range(start, stop, 4):
        a = top
        b, c, e = min(top + 1, stop - 1), min(top + 2, stop - 1), min(top + 3, stop - 1)
        g0 = g1 = g2 = g3 = first
        for j in range(count):
            ahead = g if j + 1 < count else last
            g0 += d[a, j]
            g1 += d[b, j]
            g2 += d[c, j]
            g3 += d[e, j]
            p0, p1 = 1.0 / (g0 + ahead), 1.0 / (g1 + ahead)
            p2, p3 = 1.0 / (g2 + ahead), 1.0 / (g3 + ahead)
            pivot[a, j], pivot[b, j], pivot[c, j], pivot[e, j] = p0, p1, p2, p3
            g0 *= g * p0
            g1 *= g * p1
            g2 *= g * p2
            g3 *= g * p3


@jit
def factor_columns(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Compile `Loops.factor_columns`."""
    count = d.shape[0]
    ground = np.full(stop - start, first)
    for i in range(count):
        ahead = g if i + 1 < count else last
        for k in range(stop - start):
            total = ground[k] + d[i, start + k]
            each = 1.0 / (total + ahead)
            pivot[i, start + k] = each
            ground[k] = total * g * each


@jit
def rows(b: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int) -> None:
    """Compile `Loops.rows`."""
    count = b.shape[1]
    line = np.empty((4, count))
    for top in range(start, stop, 4):
        held = min(4, stop - top)
        for k in range(4):
            i = min(top + k, stop - 1)
            for j in range(count):
                line[k, j] = right[i, j] + b[i, j] * w[i, j]
        one, two = top, min(top + 1, stop - 1)
        three, four = min(top + 2, stop - 1), min(top + 3, stop - 1)
        y0 = y1 = y2 = y3 = 0.0
        for j in range(count):
            y0 = (line[0, j] + g * y0) * pivot[one, j]
            y1 = (line[1, j] + g * y1) * pivot[two, j]
            y2 = (line[2, j] + g * y2) * pivot[three, j]
            y3 = (line[3, j] + g * y3) * pivot[four, j]
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        for j in range(count - 2, -1, -1):
            y0 = line[0, j] + g * pivot[one, j] * y0
            y1 = line[1, j] + g * pivot[two, j] * y1
            y2 = line[2, j] + g * pivot[three, j] * y2
            y3 = line[3, j] + g * pivot[four, j] * y3
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        for k in range(held):
            u[top + k] = line[k]


@jit
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
    """Compile `Loops.apply`."""
    rows_, count = b.shape
    gc, first, last = column
    line = np.empty((4, count))
    for top in range(start, stop, 4):
        held = min(4, stop - top)
        for k in range(4):
            i = min(top + k, stop - 1)
            for j in range(count):
                value = z[i, j] + beta * old[i, j]
                new[i, j] = value
                line[k, j] = b[i, j] * value
        one, two = top, min(top + 1, stop - 1)
        three, four = min(top + 2, stop - 1), min(top + 3, stop - 1)
        y0 = y1 = y2 = y3 = 0.0
        for j in range(count):
            y0 = (line[0, j] + gr * y0) * pivot[one, j]
            y1 = (line[1, j] + gr * y1) * pivot[two, j]
            y2 = (line[2, j] + gr * y2) * pivot[three, j]
            y3 = (line[3, j] + gr * y3) * pivot[four, j]
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        for j in range(count - 2, -1, -1):
            y0 = line[0, j] + gr * pivot[one, j] * y0
            y1 = line[1, j] + gr * pivot[two, j] * y1
            y2 = line[2, j] + gr * pivot[three, j] * y2
            y3 = line[3, j] + gr * pivot[four, j] * y3
            line[0, j], line[1, j], line[2, j], line[3, j] = y0, y1, y2, y3
        total = 0.0
        for k in range(held):
            i = top + k
            above, below = (gc if i > 0 else 0.0), (gc if i + 1 < rows_ else 0.0)
            ends = (first if i == 0 else 0.0) + (last if i + 1 == rows_ else 0.0)
            up, down = max(i - 1, 0), min(i + 1, rows_ - 1)
            for j in range(count):
                own = new[i, j]
                before = z[up, j] + beta * old[up, j]
                after = z[down, j] + beta * old[down, j]
                value = above * (own - before) + below * (own - after) + ends * own
                image[i, j] = value + (b[i, j] * own - a[i, j] * line[k, j])
            p0 = p1 = p2 = p3 = 0.0
            whole = count - count % 4
            for j in range(0, whole, 4):
                p0 += new[i, j] * image[i, j]
                p1 += new[i, j + 1] * image[i, j + 1]
                p2 += new[i, j + 2] * image[i, j + 2]
                p3 += new[i, j + 3] * image[i, j + 3]
            for j in range(whole, count):
                p0 += new[i, j] * image[i, j]
            total += (p0 + p1) + (p2 + p3)
        sums[top // 4] = total


@jit
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
    """Compile `Loops.descend`."""
    rows_ = pivot.shape[0]
    before, product = np.empty(128), np.empty(128)
    for left in range(start, stop, 128):
        count = min(128, stop - left)
        before[:] = 0.0
        for i in range(rows_):
            for k in range(count):
                j = left + k
                x[i, j] += alpha * p[i, j]
                rest = r[i, j] - alpha * image[i, j]
                r[i, j] = rest
                value = (rest + g * before[k]) * pivot[i, j]
                before[k] = value
                z[i, j] = value
        for k in range(count):
            product[k] = r[rows_ - 1, left + k] * z[rows_ - 1, left + k]
        for i in range(rows_ - 2, -1, -1):
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


@jit
def check(d: Any, row: Any, column: Any, volts: Any, u: Any, w: Any, sums: Any) -> None:
    """Compile `Loops.check`."""
    rows_, cols = d.shape
    gr, left, right = row
    gc, top, bottom = column
    sums[:] = 0.0
    for i in range(rows_):
        above, below = (gc if i > 0 else 0.0), (gc if i + 1 < rows_ else 0.0)
        ends = (top if i == 0 else 0.0) + (bottom if i + 1 == rows_ else 0.0)
        up, down = max(i - 1, 0), min(i + 1, rows_ - 1)
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
    g = row[0]
    row_pivot, column_pivot = np.empty((lines, cols)), np.empty((lines, cols))
    factor_rows(a, g, row[1], row[2], row_pivot, 0, lines)
    factor_columns(b, column[0], column[1], column[2], column_pivot, 0, cols)
    x, r, z = np.zeros((lines, cols)), np.empty((lines, cols)), np.empty((lines, cols))
    image, old, new = np.zeros((lines, cols)), np.zeros((lines, cols)), np.zeros((lines, cols))
    by_rows, by_columns = np.zeros((lines + 3) // 4), np.zeros((cols + 127) // 128)
    rows(b, row_pivot, g, into_rows, x, u, 0, lines)
    for i in range(lines):
        for j in range(cols):
            r[i, j] = into_columns[i, j] + a[i, j] * u[i, j]
    descend(column_pivot, column[0], 0.0, new, image, x, r, z, by_columns, 0, cols)
    gamma = by_columns.sum()
    fall = tolerance * tolerance
    goal, lowest = fall * gamma, gamma
    beta, steps = 0.0, 0
    while gamma > goal and steps < limit:
        steps += 1
        apply(a, b, row_pivot, g, column, z, beta, old, new, image, by_rows, 0, lines)
        alpha = gamma / by_rows.sum()
        descend(column_pivot, column[0], alpha, new, image, x, r, z, by_columns, 0, cols)
        fresh = by_columns.sum()
        beta, gamma = fresh / gamma, fresh
        old, new = new, old
        if gamma < lowest:
            lowest = gamma
        elif gamma < _STAGNANT * goal / fall:
            break  # rounding: it no longer falls
    w[:] = x
    rows(b, row_pivot, g, into_rows, x, u, 0, lines)
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
    g = row[0]
    row_pivot, column_pivot = np.empty((lines, cols)), np.empty((lines, cols))
    factor_rows(a, g, row[1], row[2], row_pivot, 0, lines)
    factor_columns(b, column[0], column[1], column[2], column_pivot, 0, cols)
    x, r, z = np.zeros((lines, cols)), np.empty((lines, cols)), np.empty((lines, cols))
    p, v = np.zeros((lines, cols)), np.zeros((lines, cols))
    t, none = np.empty((lines, cols)), np.zeros((lines, cols))
    by_rows, by_columns = np.zeros((lines + 3) // 4), np.zeros((cols + 127) // 128)
    rows(b, row_pivot, g, into_rows, x, u, 0, lines)
    size = 0.0
    for i in range(lines):
        for j in range(cols):
            r[i, j] = into_columns[i, j] + a[i, j] * u[i, j]
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
        # z = (L_c + b)^-1 p, v = S z; the scratch y of `apply` is z itself
        descend(column_pivot, column[0], 0.0, none, none, none, p, z, by_columns, 0, cols)
        apply(a, b, row_pivot, g, column, z, 0.0, none, t, v, by_rows, 0, lines)
        product = 0.0
        for i in range(lines):
            for j in range(cols):
                product += shadow[i, j] * v[i, j]
        alpha = rho / product
        for i in range(lines):
            for j in range(cols):
                x[i, j] += alpha * z[i, j]
                r[i, j] -= alpha * v[i, j]
        descend(column_pivot, column[0], 0.0, none, none, none, r, z, by_columns, 0, cols)
        image = np.empty((lines, cols))
        apply(a, b, row_pivot, g, column, z, 0.0, none, t, image, by_rows, 0, lines)
        cross, square = 0.0, 0.0
        for i in range(lines):
            for j in range(cols):
                cross += image[i, j] * r[i, j]
                square += image[i, j] * image[i, j]
        omega = cross / square if square > 0.0 else 0.0
        size = 0.0
        for i in range(lines):
            for j in range(cols):
                x[i, j] += omega * z[i, j]
                r[i, j] -= omega * image[i, j]
                size += r[i, j] * r[i, j]
    w[:] = x
    rows(b, row_pivot, g, into_rows, x, u, 0, lines)
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
