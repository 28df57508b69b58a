"""The passes of `_line_loops`, compiled by numba; imported only where it is installed.

Word lines are gone along eight at a time, so that the processor need not wait for each product of a
recurrence; bit lines all side by side, in blocks whose fields stay in the processor's cache on the
way back. Loops over a row are kept apart where they share no number: with more than a few arrays
in one loop the compiler gives up on vectors. No fast-math: the numbers are those of the lines as
written, on any processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit.nodal._compiled import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_EIGHT = 8  # word lines side by side; the unit of `_line_loops.row_pivot_like`
_BLOCK = 64  # bit lines in one piece
_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


@jit
def factor_rows(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Compile `Loops.factor_rows`."""
    count = d.shape[1]
    for top in range(start, stop, _EIGHT):
        block = pivot[top // _EIGHT]
        for k in range(_EIGHT):
            line = d[min(top + k, stop - 1)]
            for j in range(count):
                block[j, k] = line[j]
        ground = np.full(_EIGHT, first)
        for j in range(count):
            ahead = g if j + 1 < count else last
            own = block[j]
            for k in range(_EIGHT):
                total = ground[k] + own[k]
                each = 1.0 / (total + ahead)
                own[k] = each
                ground[k] = total * (g * each)


@jit
def factor_columns(
    d: Any, g: float, first: float, last: float, pivot: Any, start: int, stop: int
) -> None:
    """Compile `Loops.factor_columns`."""
    count = d.shape[0]
    ground = np.full(stop - start, first)
    for i in range(count):
        ahead = g if i + 1 < count else last
        line, out = d[i, start:stop], pivot[i, start:stop]
        for k in range(stop - start):
            total = ground[k] + line[k]
            each = 1.0 / (total + ahead)
            out[k] = each
            ground[k] = total * (g * each)


@jit
def _along_rows(line: Any, pivot: Any, g: float) -> None:
    """Solve eight word lines in place: right sides and reciprocal pivots (cells, 8)."""
    count = len(line)
    y0 = y1 = y2 = y3 = y4 = y5 = y6 = y7 = 0.0
    for j in range(count):
        own, each = line[j], pivot[j]
        y0 = own[0] * each[0] + (g * each[0]) * y0
        y1 = own[1] * each[1] + (g * each[1]) * y1
        y2 = own[2] * each[2] + (g * each[2]) * y2
        y3 = own[3] * each[3] + (g * each[3]) * y3
        y4 = own[4] * each[4] + (g * each[4]) * y4
        y5 = own[5] * each[5] + (g * each[5]) * y5
        y6 = own[6] * each[6] + (g * each[6]) * y6
        y7 = own[7] * each[7] + (g * each[7]) * y7
        own[0], own[1], own[2], own[3] = y0, y1, y2, y3
        own[4], own[5], own[6], own[7] = y4, y5, y6, y7
    for j in range(count - 2, -1, -1):
        own, each = line[j], pivot[j]
        y0 = own[0] + (g * each[0]) * y0
        y1 = own[1] + (g * each[1]) * y1
        y2 = own[2] + (g * each[2]) * y2
        y3 = own[3] + (g * each[3]) * y3
        y4 = own[4] + (g * each[4]) * y4
        y5 = own[5] + (g * each[5]) * y5
        y6 = own[6] + (g * each[6]) * y6
        y7 = own[7] + (g * each[7]) * y7
        own[0], own[1], own[2], own[3] = y0, y1, y2, y3
        own[4], own[5], own[6], own[7] = y4, y5, y6, y7


@jit
def rows(b: Any, pivot: Any, g: float, right: Any, w: Any, u: Any, start: int, stop: int) -> None:
    """Compile `Loops.rows`."""
    count = b.shape[1]
    line = np.zeros((count, _EIGHT))
    for top in range(start, stop, _EIGHT):
        held = min(_EIGHT, stop - top)
        for k in range(held):
            given, own, below = right[top + k], b[top + k], w[top + k]
            for j in range(count):
                line[j, k] = given[j] + own[j] * below[j]
        _along_rows(line, pivot[top // _EIGHT], g)
        for k in range(held):
            found = u[top + k]
            for j in range(count):
                found[j] = line[j, k]


@jit
def _add(target: Any, factor: float, source: Any, count: int) -> None:
    for j in range(count):
        target[j] += factor * source[j]


@jit
def _renew(z: Any, beta: float, p: Any, count: int) -> None:
    for j in range(count):
        p[j] = z[j] + beta * p[j]


@jit
def _ahead(z: Any, beta: float, p: Any, out: Any, count: int) -> None:
    for j in range(count):
        out[j] = z[j] + beta * p[j]


@jit
def _times(one: Any, two: Any, out: Any, count: int) -> None:
    for j in range(count):
        out[j] = one[j] * two[j]


@jit
def _segments(own: Any, before: Any, after: Any, given: Any, image: Any, count: int) -> None:
    above, below, ends = given
    for j in range(count):
        image[j] = above * (own[j] - before[j]) + below * (own[j] - after[j]) + ends * own[j]


@jit
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
    """Compile `Loops.apply`."""
    lines, count = b.shape
    gc, first, last = column
    line = np.zeros((count, _EIGHT))
    before, after, cells = np.empty(count), np.empty(count), np.empty(count)
    before[:] = edges[0]
    for top in range(start, stop, _EIGHT):
        held = min(_EIGHT, stop - top)
        for k in range(held):
            i = top + k
            if alpha != 0.0:
                _add(x[i], alpha, p[i], count)
            _renew(z[i], beta, p[i], count)
            _times(b[i], p[i], cells, count)
            for j in range(count):
                line[j, k] = cells[j]
        if top + held < stop:
            _ahead(z[top + held], beta, p[top + held], after, count)
        else:
            after[:] = edges[1]
        _along_rows(line, pivot[top // _EIGHT], g)
        cells[:] = 0.0
        for k in range(held):
            i = top + k
            above, below = (gc if i > 0 else 0.0), (gc if i + 1 < lines else 0.0)
            ends = (first if i == 0 else 0.0) + (last if i + 1 == lines else 0.0)
            own, image = p[i], z[i]
            up = p[i - 1] if k else before
            down = p[i + 1] if k + 1 < held else after
            _segments(own, up, down, (above, below, ends), image, count)
            enters, leaves = a[i], b[i]
            for j in range(count):
                image[j] += leaves[j] * own[j] - enters[j] * line[j, k]
            for j in range(count):
                cells[j] += own[j] * image[j]
        before[:] = p[top + held - 1, :count]
        total = 0.0
        for j in range(count):
            total += cells[j]
        sums[top // _EIGHT] = total


@jit
def _down(r: Any, pivot: Any, g: float, y: Any, z: Any, product: Any) -> None:
    for k in range(len(y)):
        right = r[k] + g * y[k]
        y[k] = right * pivot[k]
        product[k] += right * y[k]
    for k in range(len(y)):
        z[k] = y[k]


@jit
def _up(pivot: Any, g: float, y: Any, z: Any) -> None:
    for k in range(len(y)):
        y[k] = z[k] + g * pivot[k] * y[k]
    for k in range(len(y)):
        z[k] = y[k]


@jit
def descend(
    pivot: Any, g: float, alpha: float, r: Any, z: Any, sums: Any, start: int, stop: int
) -> None:
    """Compile `Loops.descend`."""
    lines = len(pivot)
    for left in range(start, stop, _BLOCK):
        right = min(left + _BLOCK, stop)
        y, product = np.zeros(right - left), np.zeros(right - left)
        for i in range(lines):
            rest, own = r[i, left:right], z[i, left:right]
            if alpha != 0.0:
                _add(rest, -alpha, own, right - left)
            _down(rest, pivot[i, left:right], g, y, own, product)
        for i in range(lines - 2, -1, -1):
            _up(pivot[i, left:right], g, y, z[i, left:right])
        total = 0.0
        for k in range(right - left):
            total += product[k]
        sums[left // _BLOCK] = total


@jit
def _two_sum(one: float, two: float) -> Any:
    """Return a sum and its rounding error, exactly (D. E. Knuth, TAOCP 2, 4.2.2)."""
    total = one + two
    part = total - one
    return total, (one - (total - part)) + (two - part)


@jit
def _currents(d: Any, u: Any, w: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = d[j] * (u[j] - w[j])


@jit
def row_errors(
    d: Any, row: Any, volts: Any, u: Any, w: Any, missed: Any, rounded: Any, start: int, stop: int
) -> None:
    """Compile `Loops.row_errors`."""
    count = d.shape[1]
    g, first, last = row
    turned = first == 0.0
    near, far = (last, first) if turned else (first, last)
    lead, ohm = 1.0 / near, 1.0 / g
    whole = lead + (count - 1) * ohm + 1.0 / far if far > 0.0 else np.inf
    current = np.empty(count)
    for i in range(start, stop):
        _currents(d[i], u[i], w[i], current)
        total, rest, moment, behind, size = 0.0, 0.0, 0.0, 0.0, 0.0
        for s in range(count):
            own = current[count - 1 - s if turned else s]
            total, error = _two_sum(total, own)
            rest += error
            if far > 0.0:
                arm = (lead + s * ohm) * own
                moment, error = _two_sum(moment, arm)
                behind += error
                size += abs(arm)
        through, beyond = _two_sum(total, rest - (moment + behind) / whole)
        size /= whole
        drop, small = (through + beyond) * lead, 0.0
        largest = (abs(through) + size) * lead
        for s in range(count):
            j = count - 1 - s if turned else s
            if s > 0:
                drop, error = _two_sum(drop, (through + beyond) * ohm)
                small += error
                largest += (abs(through) + size) * ohm
            missed[i, j] = current[j] - d[i, j] * (volts[i] - (drop + small))
            through, error = _two_sum(through, -current[j])
            beyond += error
        rounded[i] = _ROUNDING * (abs(volts[i]) + largest)


@jit
def column_errors(
    d: Any, column: Any, u: Any, w: Any, missed: Any, rounded: Any, sums: Any, start: int, stop: int
) -> None:
    """Compile `Loops.column_errors`."""
    lines, many = len(d), stop - start
    g, first, last = column
    turned = first == 0.0
    near, far = (last, first) if turned else (first, last)
    lead, ohm = 1.0 / near, 1.0 / g
    whole = lead + (lines - 1) * ohm + 1.0 / far if far > 0.0 else np.inf
    current, size, most = np.empty(many), np.zeros(many), np.empty(many)
    through, beyond = np.zeros(many), np.zeros(many)
    moment, behind = np.zeros(many), np.zeros(many)
    for s in range(lines):
        i = lines - 1 - s if turned else s
        arm = lead + s * ohm
        _currents(d[i, start:stop], u[i, start:stop], w[i, start:stop], current)
        for k in range(many):
            through[k], error = _two_sum(through[k], current[k])
            beyond[k] += error
        if far > 0.0:
            for k in range(many):
                moment[k], error = _two_sum(moment[k], arm * current[k])
                behind[k] += error
                size[k] += abs(arm * current[k])
    for k in range(many):
        size[k] /= whole
        through[k], beyond[k] = _two_sum(through[k], beyond[k] - (moment[k] + behind[k]) / whole)
        moment[k], behind[k] = (through[k] + beyond[k]) * lead, 0.0  # from here on the rise [V]
        most[k] = (abs(through[k]) + size[k]) * lead
    sums[:, start:stop] = 0.0
    for s in range(lines):
        i = lines - 1 - s if turned else s
        own, device, rounding = missed[i, start:stop], d[i, start:stop], rounded[i]
        _currents(device, u[i, start:stop], w[i, start:stop], current)
        if s > 0:
            for k in range(many):
                moment[k], error = _two_sum(moment[k], (through[k] + beyond[k]) * ohm)
                behind[k] += error
                most[k] += (abs(through[k]) + size[k]) * ohm
        for k in range(many):
            away = abs(own[k] + device[k] * (moment[k] + behind[k]))
            uncertain = device[k] * (rounding + _ROUNDING * most[k]) + _ROUNDING * abs(current[k])
            own[k] = away + uncertain
        for k in range(many):
            through[k], error = _two_sum(through[k], -current[k])
            beyond[k] += error
        for k in range(many):
            sums[0, start + k] += own[k]
            sums[1, start + k] += current[k]
            sums[2, start + k] += abs(current[k])
