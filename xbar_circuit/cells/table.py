"""The current of a unit cell as a table: the fast engine's stand-in for a transistor's equations.

The table holds one number over the row voltage, the column voltage and the device's conductance g.
With u the voltage that drives the cell (row less column; supply less column where the row is a
gate), it is what the transistor takes, as the logarithm of its share,

    w = ln(g * u / I - 1),   so   I = g * u / (1 + exp(w)),

which for an ohmic device is the transistor's resistance in units of 1/g: nearly constant where it
is a good switch, nearly linear in the gate voltage where it is off, and never abrupt between. Where
a device conducts more than g * u (field-assisted conduction), or near it for other reasons than the
transistor's (a warm or aged device), it is instead

    z = ln(g * u / I),       so   I = g * u * exp(-z).

Either way a coarse grid is accurate and the current is exactly 0 where u = 0. The number is a
tensor product of cubic B-splines on uniform knots (de Boor, A Practical Guide to Splines, 1978)
with not-a-knot ends, so current and slopes are continuous, and the slopes are exactly those of the
current. Outside its voltages it stays at its value on the border: Newton's method may pass there,
but a solution may not lie there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit import _compiler
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices import CellResponse
from xbar_circuit.errors import ParameterError

__all__ = ["CurrentTable", "TableAxis", "TableQuality", "spline_coefficients"]

_CHUNK_VALUES = 1 << 18  # what a chunk of cells keeps in the processor's cache
_MOST_PLANES = 1 << 23  # values of all cells' own tables together, 64 MB
_NOT_A_KNOT = (-1.0, 4.0, -6.0, 4.0, -1.0)  # the fourth difference is 0: exact for cubics
_EDGE = 1e-9  # rounding allowed at the ends of an axis, in steps


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAxis:
    """Uniform knots from `start` to `stop`, both included, at least 5."""

    start: float
    stop: float
    points: int

    def __post_init__(self) -> None:
        checks.count("points", self.points, minimum=5)
        if not self.stop > self.start:
            raise ParameterError.about(
                "stop", got=self.stop, expected=f"above {self.start:g}", remedy="widen the range"
            )

    @property
    def step(self) -> float:
        """Distance between two knots."""
        return (self.stop - self.start) / (self.points - 1)

    @property
    def values(self) -> FloatArray:
        """All knots (points,)."""
        return np.linspace(self.start, self.stop, self.points)

    @property
    def middles(self) -> FloatArray:
        """The places half-way between knots (points - 1,), where a spline errs most."""
        return self.values[:-1] + 0.5 * self.step

    def locate(self, where: FloatArray) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.bool_]]:
        """Return (interval, fraction within it, whether on the axis); beyond it: its end."""
        place = (where - self.start) / self.step
        inside = (place >= -_EDGE) & (place <= self.points - 1 + _EDGE)
        place = np.clip(place, 0.0, self.points - 1)
        index = np.minimum(place.astype(np.int64), self.points - 2)
        return index, place - index, inside


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuality:
    """How well a table reproduces currents that it was not made from.

    held_out_points : how many currents were simulated half-way between the knots.
    worst, rms : their error, relative to the largest current of a device of that conductance.
    least_slope : smallest slope of the current over the driving voltage, over the conductance, on
        a grid twice as fine as the table in each direction. Where the cell conducts it is above 0,
        so the current is monotone; a cell that is off may miss 0 by rounding, at most by 1e-9.
    neglected : largest current that leaves by another terminal than the table has (gate or bulk
        leakage), relative to the largest current.
    """

    held_out_points: int
    worst: float
    rms: float
    least_slope: float
    neglected: float

    def __str__(self) -> str:
        return (
            f"held-out error {self.worst:.1e} of full scale at worst, {self.rms:.1e} rms"
            f" ({self.held_out_points} currents); neglected leakage {self.neglected:.1e}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CurrentTable:
    """Current and slopes of one kind of cell over both node voltages and the conductance.

    Made by :func:`xbar_circuit.calibration.tabulate`; two tables are equal when their keys are.

    Parameters
    ----------
    row_axis, column_axis
        Voltages of the row's and the column's node [V].
    log_axis
        Natural logarithm of the device's conductance in siemens.
    coefficients
        B-spline coefficients of w or z, two more along each axis than it has knots, ordered
        (conductance, row, column).
    saturating
        Whether they are of w rather than z.
    supply_volt
        What drives the current where the row is a gate [V]; None where the row does.
    quality
        Held-out error.
    subject
        Fingerprint of the cell whose current this is.
    key
        Digest of everything that the table depends on.
    """

    row_axis: TableAxis
    column_axis: TableAxis
    log_axis: TableAxis
    coefficients: FloatArray
    saturating: bool
    supply_volt: float | None
    quality: TableQuality
    subject: str
    key: str
    _memo: list[tuple[FloatArray, FloatArray]] = field(init=False, default_factory=list)
    _placed: list[tuple[FloatArray, NDArray[np.int64], FloatArray]] = field(
        init=False, default_factory=list
    )
    _knots: FloatArray = field(init=False)  # the coefficients, conductances side by side

    def __post_init__(self) -> None:
        axes = (self.log_axis, self.row_axis, self.column_axis)
        array = np.array(self.coefficients, dtype=np.float64)
        if array.shape != tuple(axis.points + 2 for axis in axes) or not np.isfinite(array).all():
            raise ParameterError.about(
                "coefficients",
                got=f"shape {array.shape}",
                expected=f"finite, shape {tuple(axis.points + 2 for axis in axes)}",
                remedy="make the table with xc.calibration.tabulate()",
            )
        array.flags.writeable = False
        object.__setattr__(self, "coefficients", array)
        object.__setattr__(self, "_knots", np.ascontiguousarray(np.moveaxis(array, 0, 2)))

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, CurrentTable) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        low, high = self.conductances
        rows, columns, levels = (
            axis.points for axis in (self.row_axis, self.column_axis, self.log_axis)
        )
        return (
            f"<table {self.key[:8]}: {rows} x {columns} voltages,"
            f" {levels} conductances {low:.3g} to {high:.3g} S; {self.quality}>"
        )

    @property
    def conductances(self) -> tuple[float, float]:
        """Smallest and largest conductance [S]."""
        return math.exp(self.log_axis.start), math.exp(self.log_axis.stop)

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return current [A] and slopes [S]; the arguments broadcast, 0 S is an open device.

        Raises
        ------
        ParameterError
            A conductance lies outside the table.
        """
        shape = np.broadcast_shapes(
            np.shape(row_volt), np.shape(column_volt), np.shape(conductance)
        )
        level, weight = self._levels(np.asarray(conductance))
        # the conductance's own axes are the last ones; what stands before them is the batch
        own = shape[len(shape) - np.ndim(conductance) :]
        if np.shape(conductance) != own:
            level = np.broadcast_to(level, own)
            weight = np.broadcast_to(weight, (4, *own))
        cells = math.prod(own)
        batch = math.prod(shape) // cells if cells else 0
        flat = (batch, cells)
        row = np.broadcast_to(row_volt, shape).reshape(flat)
        column = np.broadcast_to(column_volt, shape).reshape(flat)
        level, weight = level.ravel(), weight.reshape(4, -1)
        if _compiler.available():
            found = self._compiled(np.broadcast_to(conductance, own), row, column, level, weight)
            current, row_slope, column_slope = found.reshape(3, *shape)
            return CellResponse(current=current, row_slope=row_slope, column_slope=column_slope)
        z = np.empty((3, *flat))
        planes = self._planes(np.asarray(conductance), level, weight)
        chunk = max(1, _CHUNK_VALUES // (8 * batch)) if batch else 1
        for start in range(0, cells, chunk):
            part = slice(start, start + chunk)
            z[:, :, part] = self._evaluate(
                row[:, part],
                column[:, part],
                level[part],
                weight[:, part],
                (planes, start),
            )
        z = z.reshape(3, *shape)
        pull = (row_volt if self.supply_volt is None else self.supply_volt) - column_volt
        if self.saturating:
            with np.errstate(over="ignore"):
                share = 1.0 / (1.0 + np.exp(z[0]))
            chord = conductance * share
            z[1:] *= 1.0 - share  # dz = dw * exp(w) / (1 + exp(w))
        else:
            chord = conductance * np.exp(-z[0])
        by_row = 0.0 if self.supply_volt is not None else 1.0
        return CellResponse(
            current=chord * pull,
            row_slope=chord * (by_row - pull * z[1]),
            column_slope=chord * (-1.0 - pull * z[2]),
        )

    def covers(self, row_volt: FloatArray, column_volt: FloatArray) -> bool:
        """Whether all these voltages lie on the table."""
        return bool(
            self.row_axis.locate(row_volt)[2].all()
            and self.column_axis.locate(column_volt)[2].all()
        )

    def _levels(self, conductance: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        """Return interval and B-spline weights (4, ...) along the conductance axis.

        They are kept for the conductances of a crossbar, which never change and are read often.
        """
        for known, level, weight in self._placed[:1]:  # a copy: other threads may replace it
            if known is conductance:
                return level, weight
        level, weight = self._place(conductance)
        if not conductance.flags.writeable:
            self._placed[:] = [(conductance, level, weight)]
        return level, weight

    def _place(self, conductance: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        there = conductance > 0.0
        middle = 0.5 * (self.log_axis.start + self.log_axis.stop)
        place = np.log(np.where(there, conductance, math.exp(middle)))
        level, fraction, inside = self.log_axis.locate(place)
        if not inside.all():
            low, high = self.conductances
            wrong = conductance[~inside].flat[0]
            raise ParameterError.about(
                "conductance",
                got=f"{wrong} S",
                expected=f"{low:.6g} to {high:.6g} S, the range of the cell's table",
                remedy="make the table for these conductances:"
                " xc.calibration.tabulate(cell, volts=..., conductances=...)",
            )
        return level, _weights(fraction)

    def _planes(
        self, conductance: FloatArray, level: NDArray[np.int64], weight: FloatArray
    ) -> FloatArray | None:
        """Return each cell's own table over the voltages (values, cells); None if too large.

        It is kept for the conductances of a crossbar, which never change and are read many times.
        Neighbours on a word line mostly want the same knots: so they lie side by side.
        """
        levels, rows, columns = self.coefficients.shape
        if conductance.flags.writeable or len(level) * rows * columns > _MOST_PLANES:
            return None
        for known, planes in self._memo[:1]:  # a copy: other threads may replace it
            if known is conductance:
                return planes
        coefficients = self.coefficients.reshape(levels, rows * columns)
        planes = np.zeros((rows * columns, len(level)))
        for k in range(4):
            planes += weight[k] * coefficients[level + k].T
        self._memo[:] = [(conductance, planes)]
        return planes

    def _compiled(
        self,
        conductance: FloatArray,
        row: FloatArray,
        column: FloatArray,
        level: NDArray[np.int64],
        weight: FloatArray,
    ) -> FloatArray:
        """Return current and slopes (3, batch, cells) from compiled loops."""
        from xbar_circuit.cells import _table_kernel  # noqa: PLC0415 - it imports numba

        one, two = self.row_axis, self.column_axis
        found = np.empty((3, *row.shape))
        _table_kernel.respond(
            self._knots,
            np.ascontiguousarray(conductance, dtype=np.float64).ravel(),
            np.ascontiguousarray(level),
            np.ascontiguousarray(weight.T),
            np.ascontiguousarray(row, dtype=np.float64),
            np.ascontiguousarray(column, dtype=np.float64),
            (one.start, one.step, float(one.points)),
            (two.start, two.step, float(two.points)),
            self.saturating,
            math.nan if self.supply_volt is None else self.supply_volt,
            found,
        )
        return found

    def _evaluate(
        self,
        row: FloatArray,
        column: FloatArray,
        level: NDArray[np.int64],
        weight: FloatArray,
        own: tuple[FloatArray | None, int],
    ) -> FloatArray:
        """Return w or z and its slopes over row and column voltage, (3, batch, cells).

        `own` holds the cells' own tables, if there are any, and where in them these cells begin.
        """
        planes, first = own
        rows, columns = self.coefficients.shape[1:]
        i, x, on_row = self.row_axis.locate(row)
        j, y, on_column = self.column_axis.locate(column)
        taps: list[tuple[NDArray[np.int64], FloatArray | None]]
        if planes is None:
            values, stride = self.coefficients.ravel(), 1
            taps = [((level + k) * (rows * columns), weight[k]) for k in range(4)]
        else:
            values, stride = planes.ravel(), planes.shape[1]
            taps = [(np.arange(first, first + len(level)), None)]
        along_row, row_rise = _weights(x), _weight_slopes(x)
        along_column, column_rise = _weights(y), _weight_slopes(y)
        place = (i * columns + j) * stride
        z = np.zeros((3, *row.shape))
        value, product, sums, slopes = (np.empty(row.shape) for _ in range(4))
        for offset, share in taps:
            for a in range(4):
                here = place + (offset + a * columns * stride)
                for b in range(4):
                    values.take(here, out=value, mode="clip")  # never out of range: no check
                    here += stride
                    if b == 0:
                        np.multiply(along_column[0], value, out=sums)
                        np.multiply(column_rise[0], value, out=slopes)
                    else:
                        sums += np.multiply(along_column[b], value, out=product)
                        slopes += np.multiply(column_rise[b], value, out=product)
                if share is not None:
                    sums *= share
                    slopes *= share
                z[0] += np.multiply(along_row[a], sums, out=product)
                z[1] += np.multiply(row_rise[a], sums, out=product)
                z[2] += np.multiply(along_row[a], slopes, out=product)
        z[1] *= on_row / self.row_axis.step
        z[2] *= on_column / self.column_axis.step
        return z


def _weights(t: FloatArray) -> FloatArray:
    """Return the four uniform cubic B-splines that are not 0 at fraction t of an interval."""
    s, t2 = 1.0 - t, t * t
    s2 = s * s
    weights = np.empty((4, *t.shape))
    np.multiply(s2, s / 6.0, out=weights[0, ...])
    np.subtract(2.0 / 3.0, t2 * (1.0 - 0.5 * t), out=weights[1, ...])
    np.subtract(2.0 / 3.0, s2 * (1.0 - 0.5 * s), out=weights[2, ...])
    np.multiply(t2, t / 6.0, out=weights[3, ...])
    return weights


def _weight_slopes(t: FloatArray) -> FloatArray:
    """Return the derivatives of :func:`_weights` over t."""
    s = 1.0 - t
    slopes = np.empty((4, *t.shape))
    np.multiply(s, -0.5 * s, out=slopes[0, ...])
    np.multiply(t, 1.5 * t - 2.0, out=slopes[1, ...])
    np.multiply(s, 2.0 - 1.5 * s, out=slopes[2, ...])
    np.multiply(t, 0.5 * t, out=slopes[3, ...])
    return slopes


def spline_coefficients(values: FloatArray, *, axes: int | None = None) -> FloatArray:
    """Return the B-spline coefficients that interpolate `values`, two more along each axis.

    With `axes` only the first so many axes are splines.

    The two conditions that interpolation leaves open are not-a-knot: the third derivative does not
    jump at the second knot from each end.

    >>> (spline_coefficients(np.arange(5.0) ** 3).round(9) + 0.0).tolist()
    [0.0, 0.0, 0.0, 6.0, 24.0, 60.0, 120.0]
    """
    result = np.asarray(values, dtype=np.float64)
    for axis in range(result.ndim if axes is None else axes):
        points = result.shape[axis]
        matrix = np.zeros((points + 2, points + 2))
        for row in range(points):
            matrix[row, row : row + 3] = 1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0
        matrix[points, :5] = matrix[points + 1, -5:] = _NOT_A_KNOT
        ends = np.zeros((2, *result.shape[:axis], *result.shape[axis + 1 :]))
        target = np.concatenate([np.moveaxis(result, axis, 0), ends])
        solved = np.linalg.solve(matrix, target.reshape(points + 2, -1)).reshape(target.shape)
        result = np.moveaxis(solved, 0, axis)
    return result
