"""Solving an array's wires line by line: the loops of `ByLines` and of Newton's steps.

All word lines are tridiagonal systems side by side, and so are all bit lines: elimination along the
line (L. H. Thomas, 1949) with pivots that are sums of conductances, so every factor is right
relative to itself. Cells are straight lines ``I = a u - b w`` with slopes a and b, equal if they
are resistors. With L_r and L_c the conductance matrices of the word and bit lines, the columns'
nodes see

    ``S w = s + a (L_r + a)^-1 r``,   ``S = L_c + b - a (L_r + a)^-1 b``,

r and s being the currents into the row and the column nodes. Where a = b, S is symmetric and
positive definite, and conjugate gradients solve it (M. R. Hestenes and E. Stiefel, J. Res. Natl.
Bur. Stand. 49, 409, 1952), where not, BiCGSTAB (H. A. van der Vorst, SIAM J. Sci. Stat. Comput. 13,
631, 1992); both preconditioned by the bit lines alone, ``(L_c + b)^-1``.

Sums over cells are made in pieces of a fixed size, in a fixed order: the number of threads changes
nothing. The loops are compiled (`_line_passes`, `_line_solvers`); where numba is missing, they are
those of NumPy (`_line_numpy`).

Notation: g is the conductance of a segment, `first` and `last` those of the ends of a line [S];
``row`` and ``column`` hold all three of the word and of the bit lines; ``pivot`` holds reciprocal
pivots [ohm].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal import _line_numpy as line_numpy
from xbar_circuit.nodal._threads import crew

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

__all__ = ["Line", "Loops", "conjugate", "errors", "factors", "loops"]

Line = tuple[float, float, float]

_ROWS = 8  # word lines in one piece
_COLUMNS = 64  # bit lines in one piece
_STAGNANT = 1e-20  # of the first residual's energy: from here on it may be rounding that rules


class Loops(NamedTuple):
    """The passes over the array, all fields (rows, cols).

    factor_rows(a, g, first, last, pivot, start, stop), factor_columns(b, ...)
        Reciprocal pivots of the word or bit lines from `start` to `stop`.
    rows(b, pivot, g, right, w, u, start, stop)
        Solve ``(L_r + a) u = right + b w`` for some word lines.
    apply(a, b, pivot, g, column, alpha, beta, x, p, z, edges, sums, start, stop)
        ``x += alpha p``, ``p = z + beta p`` and then ``z = S p`` in place, and ``p S p`` per piece,
        for some word lines; `edges` (2, cols) : the new p of the lines before and after them.
    descend(pivot, g, alpha, r, z, sums, start, stop)
        ``r -= alpha z``, then ``z = (L_c + b)^-1 r`` in place and r z per piece, for some bit
        lines. Fields may be wider than the lines: rows whose distance is a power of two fall onto
        the same places of the processor's cache.
    row_errors(d, row, volts, u, w, missed, rounded, start, stop)
        With the cell currents ``f = d (u - w)``, what the word lines' voltages by f leave of it,
        ``missed = f - d u(f)`` [A], and how far u(f) may be rounded, `rounded` (rows,) [V].
    column_errors(d, column, u, w, missed, rounded, sums, start, stop)
        Then all that f misses of the currents that its own voltages drive,
        ``missed = |f - d (u(f) - w(f))|`` with the rounding, and the sums over each column (3,
        cols) [A] of it, of f and of the sizes of f. Sums along the wires are made in twice the
        precision: the drop of a voltage is as exact as the voltages are.
    solve(a, b, row, column, into_rows, into_columns, u, w, tolerance, limit)
        Fill in u and w [V] for currents into the nodes [A], where a = b; returns the number of
        iterations. They end when ``r' (L_c + b)^-1 r`` has fallen by the square of the tolerance,
        no longer falls, or at the limit.
    solve_unequal(...)
        The same where a and b differ; ends when the residual has fallen by the tolerance.
    steps(a, b, equal, row, column, excess, tolerance, limit, change)
        Newton's step of many samples (samples, rows, cols): by how much the cells' currents change
        [A] so that what they carry beyond the wires, `excess`, vanishes.
    column_steps(b, column, excess, change)
        The same for cells that do not load their rows; exact.
    row_drops(f, row, volts, u), column_drops(f, column, w)
        The node voltages that cell currents f cause (samples, rows, cols) [V].
    """

    factor_rows: Callable[..., None]
    factor_columns: Callable[..., None]
    rows: Callable[..., None]
    apply: Callable[..., None]
    descend: Callable[..., None]
    row_errors: Callable[..., None]
    column_errors: Callable[..., None]
    solve: Callable[..., int]
    solve_unequal: Callable[..., int]
    steps: Callable[..., None]
    column_steps: Callable[..., None]
    row_drops: Callable[..., None]
    column_drops: Callable[..., None]


@cache
def loops(*, plain: bool = False) -> Loops:
    """Return the compiled passes, or NumPy's where numba is missing or if asked for."""
    if plain or not compiled.available():
        own: dict[str, Any] = {
            "solve": _solve_plain,
            "solve_unequal": _unequal_plain,
            "steps": _steps_plain,
        }
        passes: dict[str, Any] = {n: getattr(line_numpy, n) for n in Loops._fields if n not in own}
        return Loops(**passes, **own)
    from xbar_circuit.nodal import _line_passes, _line_solvers  # noqa: PLC0415 - they import numba

    return Loops(
        *(getattr(_line_passes, n, None) or getattr(_line_solvers, n) for n in Loops._fields)
    )


def conjugate(
    passes: Loops,
    a: FloatArray,
    b: FloatArray,
    row: Line,
    column: Line,
    into_rows: FloatArray,
    into_columns: FloatArray,
    u: FloatArray,
    w: FloatArray,
    tolerance: float,
    limit: int,
    *,
    count: int = 1,
    pivots: tuple[FloatArray, FloatArray] | None = None,
) -> int:
    """Do what `Loops.solve` says, pass by pass, each shared out to `count` threads.

    `pivots` : of the word and of the bit lines, if they are known.
    """
    lines, cols = b.shape
    row_pivot, column_pivot = (
        factors(passes, a, b, row, column, count=count) if pivots is None else pivots
    )
    residual, z, p = (_wide(lines, cols) for _ in range(3))
    sums = np.zeros(-(-lines // _ROWS)), np.zeros(-(-cols // _COLUMNS))
    row_pieces, column_pieces = _pieces(lines, _ROWS, count), _pieces(cols, _COLUMNS, count)

    def rows(start: int, stop: int) -> None:
        passes.rows(b, row_pivot, row[0], into_rows, w, u, start, stop)

    def begin(start: int, stop: int) -> None:
        rows(start, stop)
        own = residual[start:stop, :cols]
        np.multiply(a[start:stop], u[start:stop], out=own)
        own += into_columns[start:stop]

    def apply(start: int, stop: int) -> None:
        own = edges[:, row_pieces.index((start, stop))]
        given = (a, b, row_pivot, row[0], column, alpha, beta, w, p, z, own, sums[0])
        passes.apply(*given, start, stop)

    def descend(start: int, stop: int) -> None:
        passes.descend(column_pivot, column[0], alpha, residual, z, sums[1], start, stop)

    def end(start: int, stop: int) -> None:
        w[start:stop] += alpha * p[start:stop, :cols]
        rows(start, stop)

    alpha, beta, steps = 0.0, 0.0, 0
    w[...] = 0.0
    edges = np.zeros((2, len(row_pieces), cols))
    with crew(count) as share:

        def over(pieces: list[tuple[int, int]], work: Callable[[int, int], None]) -> None:
            share(lambda piece: work(*piece), pieces)

        over(row_pieces, begin)
        over(column_pieces, descend)
        gamma = float(sums[1].sum())
        fall = tolerance**2
        goal, lowest = fall * gamma, gamma
        while gamma > goal and steps < limit:
            steps += 1
            for k, (_, stop) in enumerate(row_pieces[:-1]):
                edges[1, k] = z[stop, :cols] + beta * p[stop, :cols]
                edges[0, k + 1] = z[stop - 1, :cols] + beta * p[stop - 1, :cols]
            over(row_pieces, apply)
            alpha = gamma / float(sums[0].sum())
            over(column_pieces, descend)
            fresh = float(sums[1].sum())
            beta, gamma = fresh / gamma, fresh
            if gamma < lowest:
                lowest = gamma
            elif gamma < _STAGNANT * goal / fall:
                break  # rounding: it no longer falls
        over(row_pieces, end)
    return steps


def factors(
    passes: Loops, a: FloatArray, b: FloatArray, row: Line, column: Line, *, count: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Return the reciprocal pivots of the word lines and of the bit lines [ohm].

    As the passes want them: those of eight word lines side by side (rows / 8, cols, 8).
    """
    lines, cols = b.shape
    row_pivot = np.empty((-(-lines // _ROWS), cols, _ROWS))
    column_pivot = _wide(lines, cols)
    with crew(count) as share:
        share(
            lambda piece: passes.factor_rows(a, *row, row_pivot, *piece),
            _pieces(lines, _ROWS, count),
        )
        share(
            lambda piece: passes.factor_columns(b, *column, column_pivot, *piece),
            _pieces(cols, _COLUMNS, count),
        )
    return row_pivot, column_pivot


def errors(
    passes: Loops,
    d: FloatArray,
    wires: tuple[Line, Line],
    volts: FloatArray,
    u: FloatArray,
    w: FloatArray,
    *,
    count: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Return what `Loops.row_errors` and `Loops.column_errors` find: `missed` and the sums."""
    lines, cols = d.shape
    missed, rounded, sums = np.empty(d.shape), np.empty(lines), np.empty((3, cols))
    with crew(count) as share:
        share(
            lambda piece: passes.row_errors(d, wires[0], volts, u, w, missed, rounded, *piece),
            _pieces(lines, _ROWS, count),
        )
        share(
            lambda piece: passes.column_errors(d, wires[1], u, w, missed, rounded, sums, *piece),
            _pieces(cols, _COLUMNS, count),
        )
    return missed, sums


def _wide(lines: int, cols: int) -> FloatArray:
    """Return zeros whose rows lie an odd number of cache lines apart: see `Loops.descend`."""
    return np.zeros((lines, 8 * (-(-cols // 8) | 1)))


def _solve_plain(*given: Any) -> int:
    return conjugate(loops(plain=True), *given)


def _unequal_plain(
    a: FloatArray,
    b: FloatArray,
    row: Line,
    column: Line,
    into_rows: FloatArray,
    into_columns: FloatArray,
    u: FloatArray,
    w: FloatArray,
    tolerance: float,
    limit: int,
) -> int:
    passes = loops(plain=True)
    row_pivot, column_pivot = factors(passes, a, b, row, column)
    lines, cols = b.shape
    unused, edges = np.zeros(lines + cols), np.zeros((2, cols))

    def rows(w: FloatArray) -> None:
        passes.rows(b, row_pivot, row[0], into_rows, w, u, 0, lines)

    def through(r: FloatArray) -> tuple[FloatArray, FloatArray]:
        z, image = np.zeros((2, lines, cols))
        passes.descend(column_pivot, column[0], 0.0, r, image, unused, 0, cols)
        given = (a, b, row_pivot, row[0], column, 0.0, 0.0, w, z, image, edges, unused)
        passes.apply(*given, 0, lines)
        return z, image

    p, v = np.zeros((2, lines, cols))
    w[...] = 0.0
    rows(w)
    r = into_columns + a * u
    shadow = np.array(r)
    size = float((r * r).sum())
    goal = tolerance * tolerance * size
    rho, alpha, omega, steps = 1.0, 1.0, 1.0, 0
    while size > goal and steps < limit:
        steps += 1
        fresh = float((shadow * r).sum())
        p = r + fresh / rho * (alpha / omega) * (p - omega * v)
        rho = fresh
        z, v = through(p)
        alpha = rho / float((shadow * v).sum())
        w += alpha * z
        r -= alpha * v
        z, image = through(r)
        square = float((image * image).sum())
        omega = float((image * r).sum()) / square if square > 0.0 else 0.0
        w += omega * z
        r -= omega * image
        size = float((r * r).sum())
    rows(w)
    return steps


def _steps_plain(
    a: FloatArray,
    b: FloatArray,
    equal: bool,  # noqa: FBT001 - see above
    row: Line,
    column: Line,
    excess: FloatArray,
    tolerance: FloatArray,
    limit: int,
    change: FloatArray,
) -> None:
    solve = _solve_plain if equal else _unequal_plain
    u, w = np.empty((2, *a.shape[1:]))
    for k in range(len(a)):
        solve(a[k], b[k], row, column, -excess[k], excess[k], u, w, float(tolerance[k]), limit)
        change[k] = excess[k] + a[k] * u - b[k] * w


def _pieces(size: int, unit: int, count: int) -> list[tuple[int, int]]:
    """Cut a range into `count` pieces of whole units."""
    units = -(-size // unit)
    edges = [min(size, unit * (units * k // count)) for k in range(count + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]
