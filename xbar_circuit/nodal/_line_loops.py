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
nothing. The loops are compiled (`line_kernels`) or, where numba is missing, NumPy's (`line_numpy`).

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

__all__ = ["Line", "Loops", "conjugate", "factors", "loops"]

Line = tuple[float, float, float]

_ROWS = 4  # word lines in one piece
_COLUMNS = 128  # bit lines in one piece
_STAGNANT = 1e-20  # of the first residual's energy: from here on it may be rounding that rules


class Loops(NamedTuple):
    """The passes over the array, all fields (rows, cols).

    factor_rows(a, g, first, last, pivot, start, stop), factor_columns(b, ...)
        Reciprocal pivots of the word or bit lines from `start` to `stop`.
    rows(b, pivot, g, right, w, u, start, stop)
        Solve ``(L_r + a) u = right + b w`` for some word lines.
    apply(a, b, pivot, g, column, z, beta, old, new, image, sums, start, stop)
        ``new = z + beta old``, ``image = S new`` and their product per piece, for some word lines.
    descend(pivot, g, alpha, p, image, x, r, z, sums, start, stop)
        ``x += alpha p``, ``r -= alpha image``, ``z = (L_c + b)^-1 r`` and r z per piece, for some
        bit lines.
    check(d, row, column, volts, u, w, sums)
        Sums over each column (4, cols) [A], for resistors d: by how much Kirchhoff's law fails at
        its row nodes and at its column nodes, the rounding of these currents counted, and the
        cells' currents, signed and absolute.
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
    check: Callable[..., None]
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
    from xbar_circuit.nodal import _line_kernels as line_kernels  # noqa: PLC0415 - it imports numba

    return Loops(*(getattr(line_kernels, name) for name in Loops._fields))


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
    row_pivot, column_pivot = factors(passes, a, b, row, column) if pivots is None else pivots
    x, residual, z, image, old, new = np.zeros((6, lines, cols))
    sums = np.zeros(-(-lines // _ROWS)), np.zeros(-(-cols // _COLUMNS))
    row_pieces, column_pieces = _pieces(lines, _ROWS, count), _pieces(cols, _COLUMNS, count)

    def rows(start: int, stop: int) -> None:
        passes.rows(b, row_pivot, row[0], into_rows, x, u, start, stop)

    def apply(start: int, stop: int) -> None:
        passes.apply(
            a, b, row_pivot, row[0], column, z, beta, old, new, image, sums[0], start, stop
        )

    def descend(start: int, stop: int) -> None:
        passes.descend(
            column_pivot, column[0], alpha, new, image, x, residual, z, sums[1], start, stop
        )

    alpha, beta, steps = 0.0, 0.0, 0
    with crew(count) as share:

        def over(pieces: list[tuple[int, int]], work: Callable[[int, int], None]) -> None:
            share(lambda piece: work(*piece), pieces)

        over(row_pieces, rows)
        np.multiply(a, u, out=residual)
        residual += into_columns
        over(column_pieces, descend)
        gamma = float(sums[1].sum())
        fall = tolerance**2
        goal, lowest = fall * gamma, gamma
        while gamma > goal and steps < limit:
            steps += 1
            over(row_pieces, apply)
            alpha = gamma / float(sums[0].sum())
            over(column_pieces, descend)
            fresh = float(sums[1].sum())
            beta, gamma = fresh / gamma, fresh
            old, new = new, old
            if gamma < lowest:
                lowest = gamma
            elif gamma < _STAGNANT * goal / fall:
                break  # rounding: it no longer falls
        w[...] = x
        over(row_pieces, rows)
    return steps


def factors(
    passes: Loops, a: FloatArray, b: FloatArray, row: Line, column: Line
) -> tuple[FloatArray, FloatArray]:
    """Return the reciprocal pivots of the word lines and of the bit lines (rows, cols) [ohm]."""
    row_pivot, column_pivot = np.empty_like(a), np.empty_like(b)
    passes.factor_rows(a, *row, row_pivot, 0, len(a))
    passes.factor_columns(b, *column, column_pivot, 0, b.shape[1])
    return row_pivot, column_pivot


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
    none, new, unused = np.zeros_like(b), np.empty_like(b), np.zeros(lines + cols)

    def rows(w: FloatArray) -> None:
        passes.rows(b, row_pivot, row[0], into_rows, w, u, 0, lines)

    def through(r: FloatArray) -> tuple[FloatArray, FloatArray]:
        z, image = np.empty_like(b), np.empty_like(b)
        nothing = np.zeros_like(b)
        passes.descend(
            column_pivot, column[0], 0.0, none, none, nothing, np.array(r), z, unused, 0, cols
        )
        passes.apply(a, b, row_pivot, row[0], column, z, 0.0, none, new, image, unused, 0, lines)
        return z, image

    x, p, v = np.zeros((3, lines, cols))
    rows(x)
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
        x += alpha * z
        r -= alpha * v
        z, image = through(r)
        square = float((image * image).sum())
        omega = float((image * r).sum()) / square if square > 0.0 else 0.0
        x += omega * z
        r -= omega * image
        size = float((r * r).sum())
    w[...] = x
    rows(x)
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
