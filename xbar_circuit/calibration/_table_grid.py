"""The grid of a cell's table: its three axes, how they begin and how they are refined."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import TableAxis, TabulatedCell
from xbar_circuit.errors import ParameterError

__all__ = ["TableGrid", "first_grid"]

_FIRST = 9  # knots of an axis
_TO_SUPPLY = 0.9  # of the supply, as far as a column may rise: drain and source change places there
_SWEPT_RANGE = 0.02  # relative half width of the axis of a single conductance


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGrid:
    """The three axes of a table, and the voltages that it is for: an axis may reach further."""

    row: TableAxis
    column: TableAxis
    conductance: TableAxis
    rows: tuple[float, float]
    columns: tuple[float, float]

    def finer(self, names: list[str]) -> TableGrid:
        """Return it with twice the intervals along some axes."""
        finer = {name: replace(axis, points=2 * axis.points - 1) for name, axis in self.axes(names)}
        return TableGrid(
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


def first_grid(cell: TabulatedCell, volts: ArrayLike, conductances: ArrayLike) -> TableGrid:
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
        return TableGrid(
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
    return TableGrid(
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
