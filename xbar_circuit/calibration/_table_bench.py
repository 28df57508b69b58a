"""The bench on which a cell's table is measured, fitted, and tried where it was not fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration._extraction import Currents, measure
from xbar_circuit.calibration._table_grid import TableGrid
from xbar_circuit.cells import CurrentTable, OwnCell, TableQuality, TabulatedCell
from xbar_circuit.cells._spline import spline_coefficients
from xbar_circuit.devices import CellResponse
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist import SpiceOptions

__all__ = ["TableBench"]

_MOST = {"row": 257, "column": 129, "conductance": 65}
_SHARE = 1.0 / 3.0  # of the tolerance, for one axis alone
_SMALLEST = 1e-9  # of full scale: currents below it only need to be small
_OFF = 1e-3  # of the largest bare device's current: smaller ones are a cell switched off
_DEVICE_ALONE = 1e-7  # a cell that conducts less than its bare device by more than rounding
_NEGLECTED = 1e-3  # of full scale: a larger leakage is a third terminal that the table has not
_FLAT = 1e-9  # of the device's conductance: as far as the current of a cell that is off may fall
_OWN_FLAT = 1e-2  # the same of a cell of one's own, of the tolerance: nothing is known of its law


@dataclass(frozen=True, slots=True)
class TableBench:
    """A cell on the bench: everything a measurement needs."""

    cell: TabulatedCell
    options: SpiceOptions
    time_limit_second: float | None
    said: Callable[[str], None]
    most_fall: float = _FLAT

    def table(self, grid: TableGrid, tolerance: float, key: str) -> CurrentTable:
        """Refine until the held-out error is within the tolerance."""
        while True:
            table, measured = self._fit(grid, key)
            coarse = self._coarse_axes(table, grid, tolerance * _SHARE)
            if not coarse:
                break
            stuck = [n for n, axis in grid.axes(coarse) if 2 * axis.points - 1 > _MOST[n]]
            if stuck:
                raise ConvergenceError(
                    f"tolerance: got {tolerance:g}, not reached with {_MOST} knots along"
                    f" {' and '.join(stuck)}; expected a smooth current: narrow the ranges or"
                    " allow a larger tolerance"
                )
            grid = grid.finer(coarse)
        quality = self._quality(table, grid, measured)
        flat = _OWN_FLAT * tolerance if isinstance(self.cell, OwnCell) else self.most_fall
        if quality.least_slope < -flat:
            raise ConvergenceError(
                f"cell: got a current that falls by {-quality.least_slope:.1e} of the device's"
                " conductance as its voltage rises, expected one that rises; narrow the ranges, or"
                " look at the cell's device and models"
            )
        return replace(table, quality=quality)

    def _measure(self, grid: TableGrid, between: tuple[str, ...] = ()) -> Currents:
        rows, columns, conductances = grid.points(between=between)
        self.said(f"{len(rows)} x {len(columns)} voltages, {len(conductances)} conductances")
        return measure(
            self.cell,
            rows,
            columns,
            conductances,
            options=self.options,
            time_limit_second=self.time_limit_second,
        )

    def _fit(self, grid: TableGrid, key: str) -> tuple[CurrentTable, Currents]:
        measured = self._measure(grid)
        self._neglected(measured)
        rows, columns, conductances = grid.points()
        pull = _pull(self.cell, rows, columns)
        chord = measured.current / pull / conductances[:, np.newaxis, np.newaxis]
        full = _full_scale(measured.current) / conductances
        least = _SMALLEST * (full / np.abs(pull).max())[:, np.newaxis, np.newaxis]
        wrong = chord < -least
        if wrong.any():
            k, i, j = (int(place) for place in np.argwhere(wrong)[0])
            raise ConvergenceError(
                f"cell: got {measured.current[k, i, j]:.3g} A against a driving voltage of"
                f" {pull[i, j]:.3g} V at row {rows[i]:.3g} V, column {columns[j]:.3g} V,"
                f" {conductances[k]:.3g} S, expected a passive cell; check bulk_volt, common_volt"
                " and the models"
            )
        z = -np.log(np.maximum(chord, least))
        saturating = bool((z > _DEVICE_ALONE).all()) and _is_smoother(np.log(np.expm1(z)), z)
        table = CurrentTable(
            row_axis=grid.row,
            column_axis=grid.column,
            log_axis=grid.conductance,
            coefficients=spline_coefficients(np.log(np.expm1(z)) if saturating else z),
            saturating=saturating,
            supply_volt=self.cell.drive_volt,
            quality=TableQuality(
                held_out_points=0, worst=np.inf, rms=np.inf, least_slope=0.0, neglected=0.0
            ),
            subject=self.cell.fingerprint,
            key=key,
        )
        return table, measured

    def _errors(self, table: CurrentTable, grid: TableGrid, between: tuple[str, ...]) -> FloatArray:
        """Return the errors at the middles along some axes, relative to full scale."""
        measured = self._measure(grid, between)
        rows, columns, conductances = grid.points(between=between)
        got = _on_grid(table, rows, columns, conductances).current
        off = _OFF * conductances.max() * np.abs(_pull(self.cell, rows, columns)).max()
        full = np.maximum(_full_scale(measured.current), off)[:, np.newaxis, np.newaxis]
        meant = np.ix_(_within(rows, grid.rows), _within(columns, grid.columns))
        return np.asarray((got - measured.current) / full)[:, meant[0], meant[1]]

    def _coarse_axes(self, table: CurrentTable, grid: TableGrid, tolerance: float) -> list[str]:
        return [
            name
            for name in ("row", "column", "conductance")
            if np.abs(self._errors(table, grid, (name,))).max() > tolerance
        ]

    def _quality(self, table: CurrentTable, grid: TableGrid, measured: Currents) -> TableQuality:
        errors = self._errors(table, grid, ("row", "column", "conductance"))
        fine = grid.finer(["row", "column", "conductance"])
        response = _on_grid(table, *fine.points())
        conductances = np.exp(fine.conductance.values)[:, np.newaxis, np.newaxis]
        slopes = [response.row_slope / conductances, -response.column_slope / conductances]
        sign = 1.0
        if self.cell.drive_volt is not None:  # a p-channel gate turns the current down
            sign = np.sign(np.sum(slopes[0])) * np.sign(self.cell.drive_volt)
            slopes[0] = slopes[0] * sign * np.sign(_pull(self.cell, *fine.points()[:2]))
        return TableQuality(
            held_out_points=errors.size,
            worst=max(float(np.abs(errors).max()), _map_error(self.cell)),
            rms=float(np.sqrt(np.mean(errors**2))),
            least_slope=float(min(slope.min() for slope in slopes)),
            neglected=self._neglected(measured),
        )

    def _neglected(self, measured: Currents) -> float:
        share = float(np.abs(measured.leakage).max() / np.abs(measured.current).max())
        if share > _NEGLECTED:
            raise ParameterError.about(
                "cell",
                got=f"a gate or bulk current of {share:.1e} of full scale",
                expected=f"at most {_NEGLECTED:g}, a cell with two terminals",
                remedy="check bulk_volt and common_volt, or narrow the range of the voltages",
            )
        return share


def _map_error(cell: TabulatedCell) -> float:
    """Return the error of the map of states, which lies between its states, not half-way of knots.

    A conductance there means a state a little off, whose current the table does not have.
    """
    parts = (cell, getattr(cell, "device", None))
    maps = [part.state_map for part in parts if isinstance(part, OwnCell) and part.state_map]
    return max((known.worst for known in maps if np.isfinite(known.worst)), default=0.0)


def _is_smoother(w: FloatArray, z: FloatArray) -> bool:
    """Whether every second knot along the conductance gives the others better by w than by z.

    A device that hardly conducts less than its g for want of the transistor, and then less because
    it has aged, makes w = ln(exp(z) - 1) steep where z comes near 0.
    """
    truth = np.exp(-z[1::2])
    by_w = 1.0 / (1.0 + np.exp(_between(w[::2])))
    by_z = np.exp(-_between(z[::2]))
    return bool(np.abs(by_w - truth).max() < np.abs(by_z - truth).max())


def _between(values: FloatArray) -> FloatArray:
    """Return the spline through `values` half-way between them along the first axis."""
    c = spline_coefficients(values, axes=1)
    return np.asarray((c[:-3] + 23.0 * (c[1:-2] + c[2:-1]) + c[3:]) / 48.0)


def _pull(cell: TabulatedCell, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Return what drives the current (rows, columns) [V]."""
    if cell.drive_volt is None:
        return rows[:, np.newaxis] - columns
    return np.broadcast_to(cell.drive_volt - columns, (len(rows), len(columns)))


def _within(volts: FloatArray, ends: tuple[float, float]) -> NDArray[np.bool_]:
    slack = 1e-9 * (ends[1] - ends[0])
    return (volts >= ends[0] - slack) & (volts <= ends[1] + slack)


def _full_scale(current: FloatArray) -> FloatArray:
    """Return the largest current of each conductance (conductances,) [A]."""
    return np.asarray(np.abs(current).max(axis=(1, 2)))


def _on_grid(
    table: CurrentTable, rows: FloatArray, columns: FloatArray, conductances: FloatArray
) -> CellResponse:
    return table.respond(rows[:, np.newaxis], columns, conductances[:, np.newaxis, np.newaxis])
