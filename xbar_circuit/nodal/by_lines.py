"""One read of a big linear array: its word lines eliminated, conjugate gradients on the bit lines.

What the columns' nodes see is symmetric and positive definite. Preconditioned by the bit lines
alone, conjugate gradients need few iterations, and one costs two tridiagonal solves, O(n^2); see
`line_loops`.

Then the answer is put to the test: the cells' currents are made to flow through the wires, and each
cell is asked what it would carry at the voltages that they cause. Where it misses e, a source of e
is as good as connected across it, which bounds the error of the answer. What enters a column's node
reaches its sense terminal at most whole, or goes back into the row, no more than the column's node
rises times the device; what enters a row raises it by at most ``K_r e`` (see `Lines`), as if no
cell drained it, and each column by that times its largest device. (Kirchhoff's law at each node,
from the voltages as they are, says less: in a long wire of little resistance already the last digit
of a voltage is a current that counts.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit.certificate import SUM_ERROR, TOLERANCE, certified, certify
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal import _line_loops as line_loops
from xbar_circuit.nodal import _line_numpy as line_numpy
from xbar_circuit.nodal._line_loops import Line
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.hierarchical import Hierarchical, slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult
from xbar_circuit.wires import Terminals, Wires

__all__ = ["ByLines", "PreparedByLines", "estimated_second", "suits"]

_COARSE = 1e-5  # how closely the response to what is missing is solved for
_SHARED = 1 << 17  # cells from which the threads share one sample


class _Kind(NamedTuple):
    """What arrays of one shape with the same wires and terminals share.

    row, column : conductances of the lines.
    lines : the closed form of the wires, None where a wire or an end has no resistance.
    highest : how far a bit line's node rises at most with a unit current into it [ohm].
    """

    row: Line
    column: Line
    lines: Lines | None
    highest: float


@lru_cache(maxsize=64)
def _kind(shape: tuple[int, int], wires: Wires, ends: Terminals) -> _Kind:
    """Return what arrays of a kind share."""
    left, right = end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm)
    top, bottom = end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm)
    row = np.inf if wires.row_ohm == 0.0 else 1.0 / wires.row_ohm
    column = np.inf if wires.column_ohm == 0.0 else 1.0 / wires.column_ohm
    if not np.isfinite((row, left, right, column, top, bottom)).all():
        return _Kind((row, left, right), (column, top, bottom), None, np.nan)
    lines = Lines.between(shape, wires, ends)
    highest = float(lines.column.matrix_diagonal.max())
    return _Kind((row, left, right), (column, top, bottom), lines, highest)


def _kind_of(crossbar: Crossbar) -> _Kind:
    return _kind(crossbar.shape, crossbar.wires, crossbar.terminals)


def suits(crossbar: Crossbar) -> bool:
    """Return whether the method knows this kind of array: linear, and every wire and end has ohms.

    A wire of 0 ohm has no line to eliminate along, and a node tied to a driver no equation.
    """
    cell = crossbar.cell
    return cell.linear and cell.loads_row and _kind_of(crossbar).lines is not None


def estimated_second(crossbar: Crossbar) -> float:
    """Return about how long one sample takes on one core [s], from the wires' severity."""
    rows, cols = crossbar.shape
    wires = crossbar.wires
    mean = float(crossbar.conductance.mean())
    severity = mean * (wires.row_ohm * cols**2 + wires.column_ohm * rows**2) / 2.0
    return 1e-5 + 1e-8 * rows * cols * (3.0 + 1.2 * float(np.sqrt(severity)))


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
        """Return the array ready for reads; nothing is factorised before the first.

        Parameters
        ----------
        crossbar
            The array: linear cells that load their row, wires and ends with resistance.

        Returns
        -------
        PreparedByLines
            The array, ready for many reads.

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
        kind = _kind_of(crossbar)
        self._row, self._column, self._highest = kind.row, kind.column, kind.highest
        self._lines: Lines = kind.lines  # type: ignore[assignment]  # it suits

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def transfer(self) -> FloatArray:
        """Return the transfer matrix, found by a read for each row; see `Prepared.transfer`.

        Returns
        -------
        array
            (rows, cols) [S].
        """
        return self.read(np.eye(self._crossbar.rows)).column_current

    @cached_property
    def _factors(self) -> tuple[FloatArray, FloatArray]:
        """Reciprocal pivots of the word lines and of the bit lines (rows, cols) [ohm]."""
        device = self._device
        given = (line_loops.loops(), device, device, self._row, self._column)
        with threads() as count:
            return line_loops.factors(*given, count=count)

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Node voltages and currents, each sample by conjugate gradients; a sample that cannot be
            certified is solved by `Hierarchical` instead.
        """
        bar = self._crossbar
        clean = checks.read_volts("volts", volts, bar.rows)
        row, column = np.empty((2, len(clean), *bar.shape))
        columns = (len(clean), bar.cols)
        current, error, scale = np.empty(columns), np.empty(columns), np.empty(columns)
        iterations = np.zeros(len(clean), dtype=np.int64)
        big = self._device.size >= _SHARED
        if big:
            _ = self._factors

        def one(k: int, within: int = 1) -> None:
            iterations[k] = self._solve(self._drive(clean[k]), None, row[k], column[k], within)
            current[k], error[k], scale[k] = self._certain(clean[k], row[k], column[k], within)
            if not (error[k] <= TOLERANCE * scale[k]).all():
                self._refine(clean[k], row[k], column[k], within)
                current[k], error[k], scale[k] = self._certain(clean[k], row[k], column[k], within)

        if len(clean) == 1 and not big:
            one(0)
        else:
            with threads() as count:
                if big and len(clean) < 2 * count:
                    for k in range(len(clean)):
                        one(k, count)
                else:
                    spread(one, range(len(clean)), count)
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
        device, wires = self._device, (self._row, self._column)
        given = (line_loops.loops(), device, wires, volts, u, w)
        missed, (into, signed, size) = line_loops.errors(*given, count=count)
        most = device.max(axis=0)
        returned = np.minimum(1.0, most * self._highest)
        rise = self._lines.row.drop_along(into + returned * into)
        error = 2.0 * (into + most * rise) + SUM_ERROR * size
        scale = np.abs(signed)
        if not (error <= TOLERANCE * scale).all():
            error = self._response(missed, count) + SUM_ERROR * size
        if not (error <= TOLERANCE * scale).all() and volts.min() < 0.0 < volts.max():
            one, two = np.empty((2, *device.shape))
            self._solve(self._drive(np.abs(volts)), None, one, two, count)
            scale = np.maximum(scale, 0.5 * (device * (one - two)).sum(axis=0))
        return signed, error, scale

    def _refine(self, volts: FloatArray, u: FloatArray, w: FloatArray, count: int) -> None:
        """Solve for what is left of Kirchhoff's law and take it off, in place.

        In big arrays the residual that the iteration carries along drifts from the true one.
        """
        parts = line_numpy.imbalance(self._device, self._row, self._column, volts, u, w)
        one, two = np.empty((2, *self._device.shape))
        into = [np.negative(part) for part in parts]
        self._solve(into[0], into[1], one, two, count, tolerance=_COARSE)
        u += one
        w += two

    def _response(self, missed: FloatArray, count: int) -> FloatArray:
        """Return what the columns carry when what each cell misses is fed in at both ends [A]."""
        one, two = np.empty((2, *self._device.shape))
        self._solve(missed, missed, one, two, count, tolerance=_COARSE)
        carried = np.abs(self._device * (one - two)) + missed
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
        sink = np.zeros_like(drive) if sink is None else sink
        fall = self._method.tolerance if tolerance is None else tolerance
        wires, limit = (self._row, self._column), self._method.iterations
        given = (device, device, *wires, drive, sink, u, w, fall, limit)
        if device.size < _SHARED:
            return passes.solve(*given)
        return line_loops.conjugate(passes, *given, count=count, pivots=self._factors)
