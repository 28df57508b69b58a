"""One read of a big linear array: its word lines eliminated, conjugate gradients on the bit lines.

With L_r and L_c the conductance matrices of the word and bit lines and D the devices, what the
columns' nodes see is

    ``S w = D (L_r + D)^-1 b``,   ``S = L_c + D - D (L_r + D)^-1 D``,

b being what the drivers feed in. S is symmetric and positive definite. Preconditioned by the bit
lines alone, ``(L_c + D)^-1``, conjugate gradients need few iterations (M. R. Hestenes and
E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409, 1952), and one costs two tridiagonal solves, O(n^2).
They stop when ``r' (L_c + D)^-1 r`` has fallen by the square of the tolerance, or no longer falls.

Then Kirchhoff's law is put to the test at every node: where it fails by e, a current e is as good
as injected, which bounds the error of the answer. What enters a column's node reaches its sense
terminal at most whole, or goes back into the row, no more than the column's node rises times the
device; what enters a row raises it by at most ``K_r e`` (see `Lines`), as if no cell drained it,
and each column by that times its largest device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit.certificate import SUM_ERROR, TOLERANCE, certified, certify
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal import _line_loops as line_loops
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.hierarchical import Hierarchical, slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["ByLines", "PreparedByLines", "estimated_second", "suits"]

_COARSE = 1e-5  # how closely the response to what is missing is solved for
_STAGNANT = 1e-20  # of the first residual's energy: from here on it may be rounding that rules
_SHARED = 1 << 17  # cells from which the threads share one sample


def suits(crossbar: Crossbar) -> bool:
    """Return whether the method knows this kind of array: linear, and every wire and end has ohms.

    A wire of 0 ohm has no line to eliminate along, and a node tied to a driver no equation.
    """
    if not (crossbar.cell.linear and crossbar.cell.loads_row):
        return False
    wires, ends = crossbar.wires, crossbar.terminals
    siemens = (
        *end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm),
        *end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm),
    )
    return wires.row_ohm > 0.0 and wires.column_ohm > 0.0 and bool(np.isfinite(siemens).all())


def estimated_second(crossbar: Crossbar) -> float:
    """Return about how long one sample takes on one core [s], from the wires' severity."""
    rows, cols = crossbar.shape
    wires = crossbar.wires
    mean = float(slopes(crossbar).mean())
    severity = mean * (wires.row_ohm * cols**2 + wires.column_ohm * rows**2) / 2.0
    return 1e-8 * rows * cols * (7.0 + 2.2 * float(np.sqrt(severity)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLines:
    """Conjugate gradients between the lines: best for one or a few reads of a big linear array.

    Parameters
    ----------
    tolerance
        Fall of the residual's energy norm at which to stop.
    iterations
        Largest number of iterations.

    Raises
    ------
    ParameterError
        A setting is out of range.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> xc.nodal.read(xbar, [1.3], method=ByLines()).column_current.round(12).tolist()
    [[0.1]]
    """

    tolerance: float = 1e-14
    iterations: int = 400

    def __post_init__(self) -> None:
        tolerance = checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)
        object.__setattr__(self, "tolerance", tolerance)
        object.__setattr__(self, "iterations", checks.count("iterations", self.iterations))

    def prepare(self, crossbar: Crossbar) -> PreparedByLines:
        """Return the array ready for reads; see :class:`PreparedByLines`.

        Raises
        ------
        ParameterError
            The cells are not linear or do not load their row, or a wire or an end has 0 ohm.
        """
        refuse_nonlinear(crossbar, "nodal.ByLines")
        if not suits(crossbar):
            raise ParameterError.about(
                "crossbar",
                got="a wire or an end of 0 ohm, or cells that do not load their row",
                expected="wires, leads and terminals with resistance for nodal.ByLines",
                remedy="use nodal.Hierarchical()",
            )
        return PreparedByLines(crossbar, self)


class PreparedByLines:
    """A linear crossbar with the factors of its lines."""

    def __init__(self, crossbar: Crossbar, method: ByLines) -> None:
        self._crossbar, self._method = crossbar, method
        self._device = np.ascontiguousarray(slopes(crossbar))
        wires, ends = crossbar.wires, crossbar.terminals
        self._row = (
            1.0 / wires.row_ohm,
            *end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm),
        )
        self._column = (
            1.0 / wires.column_ohm,
            *end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm),
        )

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def transfer(self) -> FloatArray:
        """Return the transfer matrix (rows, cols) [S], one read a row; see `Prepared.transfer`."""
        return self.read(np.eye(self._crossbar.rows)).column_current

    @cached_property
    def _lines(self) -> Lines:
        """The closed form of the wires."""
        return Lines.of(self._crossbar)

    @cached_property
    def _factors(self) -> tuple[FloatArray, FloatArray]:
        """Reciprocal pivots of the word lines and of the bit lines (rows, cols) [ohm]."""
        device, passes = self._device, line_loops.loops()
        rows, cols = device.shape
        row, column = np.empty_like(device), np.empty_like(device)
        passes.factor_rows(device, *self._row, row, 0, rows)
        passes.factor_columns(device, *self._column, column, 0, cols)
        return row, column

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs (batch, rows) or (rows,) [V]; see `Prepared.read`."""
        bar = self._crossbar
        clean = checks.read_volts("volts", volts, bar.rows)
        row, column = np.empty((2, len(clean), *bar.shape))
        columns = (len(clean), bar.cols)
        current, error, scale = np.empty(columns), np.empty(columns), np.empty(columns)
        iterations = np.zeros(len(clean), dtype=np.int64)
        with threads() as count:
            _ = self._factors
            within = count if self._device.size >= _SHARED and len(clean) < 2 * count else 1

            def one(k: int) -> None:
                iterations[k] = self._solve(self._drive(clean[k]), None, row[k], column[k], within)
                current[k], error[k], scale[k] = self._certain(clean[k], row[k], column[k], within)

            spread(one, range(len(clean)), 1 if within > 1 else count)
        bad = certify(current, (error, scale), tolerance=TOLERANCE)
        if bad.size:
            exact = Hierarchical().prepare(bar).read(clean[bad])
            row[bad], column[bad] = exact.row_voltage, exact.column_voltage
            current[bad], error[bad] = exact.column_current, exact.column_current_error
            scale[bad] = np.inf  # certified already
        result = ReadResult(
            crossbar=bar,
            volts=clean,
            column_current=current,
            nodes=NodeVoltages(row=row, column=column),
            engine="nodal: conjugate gradients by lines",
            iterations=iterations,
            column_current_error=error,
        )
        return certified(result, scale=scale)

    def _certain(
        self, volts: FloatArray, u: FloatArray, w: FloatArray, count: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the column currents, the bound on their error and their full scale (cols,) [A]."""
        device, sums = self._device, np.empty((4, self._crossbar.cols))
        line_loops.loops().check(device, self._row, self._column, volts, u, w, sums)
        into_rows, into_columns, signed, size = sums
        most = device.max(axis=0)
        columns = self._lines.column
        returned = np.minimum(1.0, most * float(columns.matrix_diagonal.max()))
        rise = self._lines.row.drop_along(into_rows + returned * into_columns)
        error = 2.0 * (into_columns + most * rise) + SUM_ERROR * size
        scale = np.abs(signed)
        if not (error <= TOLERANCE * scale).all():
            error = self._response(volts, u, w, count) + SUM_ERROR * size
        if not (error <= TOLERANCE * scale).all() and volts.min() < 0.0 < volts.max():
            one, two = np.empty((2, *device.shape))
            self._solve(self._drive(np.abs(volts)), None, one, two, count)
            scale = np.maximum(scale, 0.5 * (device * (one - two)).sum(axis=0))
        return signed, error, scale

    def _response(self, volts: FloatArray, u: FloatArray, w: FloatArray, count: int) -> FloatArray:
        """Return what the columns carry when what is missing at every node is fed in [A]."""
        missed = line_loops.missing(self._device, self._row, self._column, volts, u, w)
        one, two = np.empty((2, *self._device.shape))
        self._solve(*missed, one, two, count, tolerance=_COARSE)
        carried = np.abs(self._device * (one - two)) + missed[1]
        return np.asarray(2.0 * carried.sum(axis=0))

    def _drive(self, volts: FloatArray) -> FloatArray:
        """Return what the drivers feed into the word lines' nodes (rows, cols) [A]."""
        _, left, right = self._row
        drive = np.zeros(self._device.shape)
        drive[:, 0] += left * volts
        drive[:, -1] += right * volts
        return drive

    def _solve(
        self,
        drive: FloatArray,
        sink: FloatArray | None,
        u: FloatArray,
        w: FloatArray,
        count: int,
        *,
        tolerance: float | None = None,
    ) -> int:
        """Solve for currents into row and column nodes; fill in u and w (rows, cols) [V].

        Returns the number of iterations.
        """
        device, passes = self._device, line_loops.loops()
        rows, cols = device.shape
        g = self._row[0]
        row_pivot, column_pivot = self._factors
        x, residual, z, image, old, new = np.zeros((6, rows, cols))
        sums = np.zeros(-(-rows // line_loops.ROWS)), np.zeros(-(-cols // line_loops.COLUMNS))
        row_pieces = _pieces(rows, line_loops.ROWS, count)
        column_pieces = _pieces(cols, line_loops.COLUMNS, count)

        def over(pieces: list[tuple[int, int]], work: Callable[[int, int], None]) -> None:
            spread(lambda piece: work(*piece), pieces, count)

        def by_rows(start: int, stop: int) -> None:
            passes.rows(device, row_pivot, g, drive, x, u, start, stop)

        def apply(start: int, stop: int) -> None:
            passes.apply(
                device,
                row_pivot,
                g,
                self._column,
                z,
                beta,
                old,
                new,
                image,
                sums[0],
                start,
                stop,
            )

        def descend(start: int, stop: int) -> None:
            passes.descend(
                column_pivot,
                self._column[0],
                alpha,
                new,
                image,
                x,
                residual,
                z,
                sums[1],
                start,
                stop,
            )

        over(row_pieces, by_rows)
        np.multiply(device, u, out=residual)
        if sink is not None:
            residual += sink
        alpha, beta, steps = 0.0, 0.0, 0
        over(column_pieces, descend)
        gamma = float(sums[1].sum())
        fall = (self._method.tolerance if tolerance is None else tolerance) ** 2
        goal, lowest = fall * gamma, gamma
        while gamma > goal and steps < self._method.iterations:
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
        over(row_pieces, by_rows)
        return steps


def _pieces(size: int, unit: int, count: int) -> list[tuple[int, int]]:
    """Cut a range into `count` pieces of whole units."""
    units = -(-size // unit)
    edges = [min(size, unit * (units * k // count)) for k in range(count + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]
