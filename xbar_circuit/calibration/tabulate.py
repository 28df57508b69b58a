"""From a unit cell to its table: choose the grid, measure, fit, and try it where it was not fitted.

Each axis starts coarse and is refined until the currents half-way between its knots, simulated for
this purpose and never fitted, come out within a share of the tolerance; then the whole table is
tried at the middles of all its boxes at once. That held-out error stays with the table.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit._files import cache_folder
from xbar_circuit.calibration import _cache as cache
from xbar_circuit.calibration._extraction import Currents, measure
from xbar_circuit.calibration.states import with_states
from xbar_circuit.cells import (
    CurrentTable,
    OwnCell,
    TableAxis,
    TableQuality,
    TabulatedCell,
    TransistorCell,
)
from xbar_circuit.cells.table import spline_coefficients
from xbar_circuit.cells.tabulated import check_kind
from xbar_circuit.devices import CellResponse
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist import SpiceOptions

__all__ = ["tabulate"]

CellT = TypeVar("CellT", bound=TabulatedCell)

_FORMAT = 4  # of the table; another one makes every cached file a stranger
_FIRST = 9  # knots of an axis
_MOST = {"row": 257, "column": 129, "conductance": 65}
_SHARE = 1.0 / 3.0  # of the tolerance, for one axis alone
_SMALLEST = 1e-9  # of full scale: currents below it only need to be small
_OFF = 1e-3  # of the largest bare device's current: smaller ones are a cell switched off
_TO_SUPPLY = 0.9  # of the supply, as far as a column may rise: drain and source change places there
_DEVICE_ALONE = 1e-7  # a cell that conducts less than its bare device by more than rounding
_NEGLECTED = 1e-3  # of full scale: a larger leakage is a third terminal that the table has not
_FLAT = 1e-9  # of the device's conductance: as far as the current of a cell that is off may fall
_OWN_FLAT = 1e-2  # the same of a cell of one's own, of the tolerance: nothing is known of its law
_SWEPT_RANGE = 0.02  # relative half width of the axis of a single conductance


def tabulate(
    cell: CellT,
    *,
    volts: ArrayLike,
    conductances: ArrayLike | None = None,
    celsius: Sequence[float] = (),
    tolerance: float = 1e-4,
    options: SpiceOptions | None = None,
    folder: Path | None = None,
    refresh: bool = False,
    time_limit_second: float | None = 600.0,
    progress: Callable[[str], None] | None = None,
) -> CellT:
    """Return the cell with the current table that the fast engine uses.

    Parameters
    ----------
    cell
        A unit cell with a transistor, or a cell of one's own. For a cell with states, the map
        from states to conductances is made first, see :func:`xbar_circuit.calibration.with_states`.
    volts
        Input voltages, or just the smallest and the largest [V]. All node voltages of an
        array lie between these and 0.
    conductances
        Conductances of its devices, or just the smallest and the largest [S]; zeros are ignored.
        None: the whole range of its states.
    celsius
        Further temperatures of its transistors at which a table is made [degree Celsius], for
        ``cell.at_celsius``.
    tolerance
        Held-out error to reach, relative to the largest current of a device of each conductance,
        or to a thousandth of what the most conductive device has without its transistor.
    options
        Tolerances of the simulator; reference grade by default. The temperature is the cell's own,
        if it has one.
    folder
        Where tables are kept; this user's cache by default.
    refresh
        Extract again even if the table is there.
    time_limit_second
        Time allowed to each sweep of the simulator [s].
    progress
        Called with a line of text before each sweep.

    Raises
    ------
    ParameterError
        A range is not finite, there is no conductance above 0, or the cell leaks more by its gate
        or bulk than two terminals can describe.
    ConvergenceError
        The tolerance was not reached with the largest grid, or the table is not monotone.
    ModelFileError, SimulatorError, SimulatorNotFoundError
        From the simulator.
    OSError
        The folder cannot be written.
    """
    if not isinstance(cell, TabulatedCell):
        raise ParameterError.about(
            "cell",
            got=repr(cell),
            expected="a unit cell with a transistor or of one's own, such as xc.cells.OneT1R()",
            remedy="bare device laws need no table",
        )
    tolerance = checks.number("tolerance", tolerance, "1", above=True, maximum=1e-2)
    if isinstance(cell, OwnCell) and cell.states is not None and cell.state_map is None:
        limit = time_limit_second
        cell = with_states(cell, tolerance=tolerance, options=options, time_limit_second=limit)
    grid = _first_grid(cell, volts, _range(cell) if conductances is None else conductances)
    if celsius:
        check_kind("cell", cell, TransistorCell, "xc.cells.OneT1R(); others have one temperature")
        own = partial(
            tabulate,
            volts=volts,
            conductances=conductances,
            tolerance=tolerance,
            options=options,
            folder=folder,
            refresh=refresh,
            time_limit_second=time_limit_second,
            progress=progress,
        )
        bare: Any = cell
        warm = [
            (float(at), own(replace(bare, table=None, tables=(), kelvin=at + ZERO_CELSIUS_KELVIN)))
            for at in celsius
        ]
        known: CellT = replace(own(bare), tables=tuple((at, one.known_table()) for at, one in warm))
        return known
    options = (options or SpiceOptions()).for_cell(cell)
    home = cache_folder() if folder is None else Path(folder)
    key = _key(cell, grid, tolerance, options)
    table = None if refresh else cache.load(key, home)
    if table is None:
        said = progress or (lambda line: None)  # noqa: ARG005  nobody listens
        bench = _Bench(cell, options, time_limit_second, said)
        table = bench.table(grid, tolerance, key)
        cache.store(table, home)
    return replace(cell, table=table)


def _range(cell: TabulatedCell) -> ArrayLike:
    """Return the conductances that the states of a cell reach [S]."""
    if isinstance(cell, OwnCell) and cell.state_map is not None:
        return cell.state_map.range_siemens
    raise ParameterError.about(
        "conductances",
        got=None,
        expected="the smallest and the largest [S]",
        remedy="only a cell with states knows them itself",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The three axes of a table, and the voltages that it is for: an axis may reach further."""

    row: TableAxis
    column: TableAxis
    conductance: TableAxis
    rows: tuple[float, float]
    columns: tuple[float, float]

    def finer(self, names: list[str]) -> _Grid:
        """Return it with twice the intervals along some axes."""
        finer = {name: replace(axis, points=2 * axis.points - 1) for name, axis in self.axes(names)}
        return _Grid(
            row=finer.get("row", self.row),
            column=finer.get("column", self.column),
            conductance=finer.get("conductance", self.conductance),
            rows=self.rows,
            columns=self.columns,
        )

    def axes(self, names: list[str]) -> list[tuple[str, TableAxis]]:
        return [(name, getattr(self, name)) for name in names]

    def points(self, *, between: tuple[str, ...] = ()) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (rows, columns, conductances), the middles along the axes named by `between`."""
        row, column, log = (
            axis.middles if name in between else axis.values
            for name, axis in self.axes(["row", "column", "conductance"])
        )
        return row, column, np.exp(log)


def _first_grid(cell: TabulatedCell, volts: ArrayLike, conductances: ArrayLike) -> _Grid:
    g = checks.non_negative("conductances", conductances, "S").ravel()
    g = g[g > 0.0]
    if g.size == 0:
        raise ParameterError.about(
            "conductances", got="none", expected="at least one above 0 [S]", remedy="give the range"
        )
    v = np.asarray(volts, dtype=np.float64).ravel()
    if v.size == 0 or not np.isfinite(v).all() or not v.any():
        raise ParameterError.about(
            "volts", got=repr(volts), expected="finite voltages, not all 0", remedy="give the range"
        )
    low, high = math.log(g.min()), math.log(g.max())
    if high - low < 2.0 * _SWEPT_RANGE:
        low, high = low - _SWEPT_RANGE, high + _SWEPT_RANGE
    rows = (min(float(v.min()), 0.0), max(float(v.max()), 0.0))
    if cell.drive_volt is None:
        return _Grid(
            row=_beside(*rows),
            column=_axis(*rows),
            conductance=_axis(low, high),
            rows=rows,
            columns=rows,
        )
    if cell.drive_volt == 0.0:
        raise ParameterError.about(
            "supply_volt",
            got=cell.drive_volt,
            expected="a supply that differs from the columns' 0 V",
            remedy="raise supply_volt above common_volt",
        )
    far = _TO_SUPPLY * cell.drive_volt
    columns = (min(0.0, far), max(0.0, far))
    return _Grid(
        row=_axis(*rows),
        column=_axis(*columns),
        conductance=_axis(low, high),
        rows=rows,
        columns=columns,
    )


def _axis(low: float, high: float) -> TableAxis:
    return TableAxis(start=low, stop=high, points=_FIRST)


def _beside(low: float, high: float) -> TableAxis:
    """Return an axis whose knots, however often halved, stay a third of a step from low and high.

    So no knot lies where the driving voltage is 0, and z would be 0/0.
    """
    step = (high - low) / (_FIRST - 1)
    return TableAxis(start=low - step / 3.0, stop=high + 2.0 * step / 3.0, points=_FIRST + 1)


def _key(cell: TabulatedCell, grid: _Grid, tolerance: float, options: SpiceOptions) -> str:
    """Return the digest of all that a table depends on."""
    content = {
        "format": _FORMAT,
        "cell": cell.fingerprint,
        "grid": asdict(grid),
        "tolerance": tolerance,
        "options": asdict(options),
        "simulator": spice.simulator().version,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Bench:
    """A cell on the bench: everything a measurement needs."""

    cell: TabulatedCell
    options: SpiceOptions
    time_limit_second: float | None
    said: Callable[[str], None]

    def table(self, grid: _Grid, tolerance: float, key: str) -> CurrentTable:
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
        flat = _OWN_FLAT * tolerance if isinstance(self.cell, OwnCell) else _FLAT
        if quality.least_slope < -flat:
            raise ConvergenceError(
                f"cell: got a current that falls by {-quality.least_slope:.1e} of the device's"
                " conductance as its voltage rises, expected one that rises; narrow the ranges, or"
                " look at the cell's device and models"
            )
        return replace(table, quality=quality)

    def _measure(self, grid: _Grid, between: tuple[str, ...] = ()) -> Currents:
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

    def _fit(self, grid: _Grid, key: str) -> tuple[CurrentTable, Currents]:
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

    def _errors(self, table: CurrentTable, grid: _Grid, between: tuple[str, ...]) -> FloatArray:
        """Return the errors at the middles along some axes, relative to full scale."""
        measured = self._measure(grid, between)
        rows, columns, conductances = grid.points(between=between)
        got = _on_grid(table, rows, columns, conductances).current
        off = _OFF * conductances.max() * np.abs(_pull(self.cell, rows, columns)).max()
        full = np.maximum(_full_scale(measured.current), off)[:, np.newaxis, np.newaxis]
        meant = np.ix_(_within(rows, grid.rows), _within(columns, grid.columns))
        return np.asarray((got - measured.current) / full)[:, meant[0], meant[1]]

    def _coarse_axes(self, table: CurrentTable, grid: _Grid, tolerance: float) -> list[str]:
        return [
            name
            for name in ("row", "column", "conductance")
            if np.abs(self._errors(table, grid, (name,))).max() > tolerance
        ]

    def _quality(self, table: CurrentTable, grid: _Grid, measured: Currents) -> TableQuality:
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
            worst=float(np.abs(errors).max()),
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
