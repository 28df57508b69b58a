"""The current of a unit cell as a table: the fast engine's form of a transistor's equations.

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
from xbar_circuit.cells import _spline
from xbar_circuit.cells.table_axis import TableAxis
from xbar_circuit.devices import CellResponse
from xbar_circuit.errors import ParameterError

__all__ = ["CurrentTable", "TableQuality"]

_CHUNK_VALUES = 1 << 18  # what a chunk of cells keeps in the processor's cache
_MOST_PLANES = 1 << 23  # values of all cells' own tables together, 64 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuality:
    """How well a table reproduces currents that it was not made from.

    held_out_points : how many currents were simulated half-way between the knots.
    worst, rms : their error, relative to the largest current of a device of that conductance;
        `worst` is at least the error of the map from conductances to states, where there is one.
    least_slope : smallest slope of the current over the driving voltage, over the conductance, on a
        grid twice as fine as the table in each direction. Where the cell conducts it is above 0, so
        the current is monotone; a cell that is off may miss 0 by rounding, at most by 1e-9.
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
        Supply voltage where the row is a gate [V]; None where the row supplies the current.
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

    __reduce__ = checks.as_fields

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
        """Smallest and largest conductance of the table [S]."""
        return math.exp(self.log_axis.start), math.exp(self.log_axis.stop)

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current and its slopes from the table.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.

        Raises
        ------
        ParameterError
            A conductance other than 0 lies outside the table.
        """
        shape = np.broadcast_shapes(
            np.shape(row_volt), np.shape(column_volt), np.shape(conductance)
        )
        level, weight = self._levels(np.asarray(conductance))
        # the conductance's own axes are the last ones; those before them are the batch
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
            response = self._compiled(np.broadcast_to(conductance, own), row, column, level, weight)
            current, row_slope, column_slope = response.reshape(3, *shape)
            return CellResponse(current=current, row_slope=row_slope, column_slope=column_slope)
        z = np.empty((3, *flat))
        planes = self._planes(np.asarray(conductance), level, weight)
        chunk = max(1, _CHUNK_VALUES // (8 * batch)) if batch else 1
        for start in range(0, cells, chunk):
            part = slice(start, start + chunk)
            z[:, :, part] = _spline.evaluate(
                self.coefficients,
                (self.row_axis, self.column_axis),
                (row[:, part], column[:, part]),
                (level[part], weight[:, part]),
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
        """Whether all node voltages lie on the table.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Returns
        -------
        bool
            False if one lies outside, where :meth:`respond` answers but a solution may not lie.
        """
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
        return level, _spline.weights(fraction)

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
        out = np.empty((3, *row.shape))
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
            out,
        )
        return out
