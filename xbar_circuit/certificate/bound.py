"""Bounds on the error of column currents.

What is made of sums and products of one sign only is right relative to itself: `SUM_ERROR`. Where
an answer was found by iteration or with subtractions, the current e by which each cell misses its
own law bounds the error (`wire_bound`): a current e in parallel with a cell reaches the sense
terminals of column j in the ratio of what one volt there would put across the cell, all else at
0 V. Across a cell of the column itself that is at most 1. Row i sees the column through one cell
only, and is held through its wire: it rises by at most ``a R`` with R the largest resistance
between a cell's row node and the driver, and no other column rises higher than the highest row.

The full scale of a column is the sum of |V| times the transfer. Of what its cells carry together,
|I|, a part flows back into rows of lower voltage. A wire of resistance R and terminal of R_s that
cells of conductance B drain lets no less than ``1 / (cosh y + B R_s sinh(y) / y)``, ``y^2 = B R``,
of a current at its far end arrive, and half of |I| at least flows into it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import Array, backend_of, namespace, take
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.wires import Terminals, Wires

__all__ = ["SUM_ERROR", "TOLERANCE", "Cells", "wire_bound"]

TOLERANCE = 1e-9
"""Largest error of a column current that leaves an engine, relative to the column's full scale."""

_EPS = float(np.finfo(np.float64).eps)

SUM_ERROR = 4096.0 * _EPS
"""Relative error of sums and products of one sign, as eliminations and reductions are made of.

9e-13; the largest seen in 10,000 random arrays is 6e-14.
"""

_ROUNDING = 4.0 * _EPS


@dataclass(frozen=True, slots=True)
class Cells:
    """What cells carry at the node voltages that their wires have with other currents.

    current : (batch, rows, cols) [A].
    missed : how much more that is than what the wires carry [A].
    drop : voltage across each cell [V].
    row_slope, column_slope : slopes a and b of the current there, at least 0 [S].
    """

    current: Array
    missed: Array
    drop: Array
    row_slope: Array
    column_slope: Array

    def only(self, which: NDArray[np.int64]) -> Cells:
        """Return some samples.

        Parameters
        ----------
        which
            Indices of the samples (some,).

        Returns
        -------
        Cells
            The same quantities (some, rows, cols).
        """
        return Cells(*(take(getattr(self, field.name), which) for field in fields(self)))

    def secant(self) -> Array:
        """Return the resistors that would carry the same currents at the same voltages.

        Returns
        -------
        array
            Conductances (batch, rows, cols) [S], no larger than `column_slope`; the slope itself
            where there is no voltage, or the current flows against it.
        """
        xp = namespace(self.current)
        nothing = self.drop == 0.0
        secant = self.current / xp.where(nothing, xp.ones_like(self.drop), self.drop)
        plain = nothing | (secant <= 0.0) | (secant > self.column_slope)
        return xp.where(plain, self.column_slope, secant)


def wire_bound(crossbar: Crossbar, volts: Array, cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Return a bound on the error of the column currents, and their full scale from below.

    Parameters
    ----------
    crossbar, volts
        The array and its inputs (batch, rows) [V].
    cells
        Of any array library. The column currents meant are the sums of what they carry.

    Returns
    -------
    bound, scale
        (batch, cols) [A].
    """
    xp = namespace(cells.current)
    get = backend_of(cells.current).get
    row, column = _reaches(crossbar)
    size = xp.abs(cells.current)
    columns = xp.sum(size, axis=1)
    noise = xp.abs(volts)
    if crossbar.cell.loads_row:
        noise = noise + row.single * xp.sum(size, axis=2)
    slope = cells.row_slope
    if cells.column_slope is not slope:
        slope = xp.maximum(slope, cells.column_slope)
    # the voltages' rounding, seen through the cells
    rounding = xp.matmul(noise[:, np.newaxis], slope)[:, 0]
    rounding = rounding + column.single * columns * xp.sum(slope, axis=1)
    own = xp.sum(xp.abs(cells.missed), axis=1) + _ROUNDING * rounding
    bound = 2.0 * own + _ROUNDING * columns
    if crossbar.cell.loads_row:
        share = xp.max(cells.row_slope, axis=1) * row.nearest
        share = xp.where(share < 1.0, share, xp.ones_like(share))
        bound = bound + 2.0 * share * xp.sum(own, axis=1)[:, np.newaxis]
    error = np.array(get(bound))
    signed = np.abs(get(xp.sum(cells.current, axis=1)))
    if bool((error <= TOLERANCE * signed).all()):
        return error, signed
    drain = get(xp.sum(cells.secant(), axis=1))
    return error, np.maximum(signed, 0.5 * get(columns) / column.drained(drain))


@lru_cache(maxsize=64)
def _known_reaches(shape: tuple[int, int], wires: Wires, ends: Terminals) -> tuple[_Reach, _Reach]:
    """Return the reach of rows and columns."""
    rows, cols = shape
    return (
        _Reach.of(cols, wires.row_ohm, wires.row_lead, ends.left_ohm, ends.right_ohm),
        _Reach.of(rows, wires.column_ohm, wires.column_lead, ends.top_ohm, ends.bottom_ohm),
    )


def _reaches(crossbar: Crossbar) -> tuple[_Reach, _Reach]:
    return _known_reaches(crossbar.shape, crossbar.wires, crossbar.terminals)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far a wire's nodes may lie from what holds them [ohm].

    nearest : the largest resistance with both ends.
    single : the same through the first connected end alone, as the closed form of wires adds up.
    wire, end : segments and terminal of the end that is nearer for most.
    """

    nearest: float
    single: float
    wire: float
    end: float

    @classmethod
    def of(
        cls, cells: int, segment: float, lead: float, first: float | None, last: float | None
    ) -> _Reach:
        """Return the reach of a wire with these ends."""
        length = segment * (cells - 1)
        if first is None or last is None:
            end = (first or 0.0) + (last or 0.0) + lead
            return cls(end + length, end + length, length, end)
        k = np.arange(cells)
        one, other = first + lead + segment * k, last + lead + segment * k[::-1]
        both = one + other
        parallel = np.divide(one * other, both, out=np.zeros(cells), where=both > 0.0)
        return cls(float(parallel.max()), float(one[-1]), length, min(first, last) + lead)

    def drained(self, siemens: FloatArray) -> FloatArray:
        """Return how much of a current at the far end is needed for 1 to arrive at the near one."""
        y = np.sqrt(np.maximum(siemens * self.wire, 1e-30))
        with np.errstate(over="ignore"):
            return np.asarray(np.cosh(y) + siemens * self.end * np.sinh(y) / y)
