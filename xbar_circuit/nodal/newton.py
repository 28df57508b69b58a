"""Newton's method with the exact Jacobian, each step solved by the sparse direct method.

Each sample is solved alone. From the solution of the array at zero bias, each step solves
``J(v) dv = -F(v)``, F being the KCL errors of the unknown nodes, and is halved until the excess
``max_n(|F_n| - r_n)`` falls. A sample has converged when

    ``|F_n| <= tolerance * max branch current + r_n`` at every node n,

``r_n`` being what the rounding of the node voltages alone causes, 8 eps times the sum of the
absolute currents ``|V| / R`` at the node: the same allowance as in the result's own residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from xbar_circuit import checks
from xbar_circuit.cells import TransistorCell
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.nodal.grid import Grid
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.sparse import factorise, with_cells
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["Newton", "PreparedNewton", "answer", "column_current"]

_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)
_SMALLEST_STEP = 2.0**-20


@dataclass(frozen=True, slots=True, kw_only=True)
class Newton:
    """Newton with sparse direct steps: slow, sure, for any cell, wires and terminals.

    Parameters
    ----------
    tolerance
        KCL error to reach, relative to the largest branch current.
    steps
        Largest number of Newton steps a sample.

    Raises
    ------
    ParameterError
        A setting is out of range.
    """

    tolerance: float = 1e-12
    steps: int = 200

    def __post_init__(self) -> None:
        tolerance = checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)
        object.__setattr__(self, "tolerance", tolerance)
        object.__setattr__(self, "steps", checks.count("steps", self.steps))

    def prepare(self, crossbar: Crossbar) -> PreparedNewton:
        """Return the numbered array; see :class:`PreparedNewton`."""
        return PreparedNewton(crossbar, self)


class PreparedNewton:
    """A crossbar of any cells, ready for Newton's method."""

    def __init__(self, crossbar: Crossbar, method: Newton) -> None:
        self._crossbar = crossbar
        self._method = method
        self._grid = Grid.of(crossbar)

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs (batch, rows) or (rows,) [V]; see `Prepared.read`."""
        clean = checks.read_volts("volts", volts, self._crossbar.rows)
        voltage = np.empty((len(clean), self._grid.unknowns))
        iterations = np.zeros(len(clean), dtype=np.int64)
        converged = np.zeros(len(clean), dtype=bool)
        for k, sample in enumerate(clean):
            voltage[k], iterations[k], converged[k] = self._solve(sample)
        every = self._grid.everywhere(voltage, clean)
        nodes = NodeVoltages(
            row=every[:, self._grid.row_node], column=every[:, self._grid.column_node]
        )
        return answer(
            self._crossbar,
            clean,
            nodes,
            column_current(self._crossbar, nodes),
            engine="nodal: Newton, sparse direct",
            iterations=iterations,
            converged=converged,
        )

    def transfer(self) -> FloatArray:
        """Refuse: a nonlinear array has no transfer matrix."""
        refuse_nonlinear(self._crossbar, "transfer()")
        unit = np.eye(self._crossbar.rows)
        return self.read(unit).column_current

    def _start(self, volts: FloatArray) -> FloatArray:
        """Return the solution of the array at zero bias (unknowns,) [V]."""
        bar = self._crossbar
        slope = bar.cell.zero_bias_conductance(bar.conductance)
        slope = np.where(bar.conductance > 0.0, slope, 0.0)
        matrix, drive = with_cells(self._grid, slope, -slope, loads_row=bar.cell.loads_row)
        factors = factorise(matrix)
        return np.zeros(0) if factors is None else factors.solve(drive @ volts)

    def _kcl(
        self, voltage: FloatArray, volts: FloatArray
    ) -> tuple[FloatArray, float, FloatArray, FloatArray]:
        """Return (KCL errors, largest branch current, row slopes, column slopes) of one sample."""
        grid, bar = self._grid, self._crossbar
        every = grid.everywhere(voltage[np.newaxis], volts[np.newaxis])[0]
        with np.errstate(over="ignore", invalid="ignore"):
            response = bar.cell.respond(
                every[grid.row_node], every[grid.column_node], bar.conductance
            )
        there = bar.conductance > 0.0
        current = np.where(there, response.current, 0.0)
        into = np.zeros(grid.size)
        np.add.at(into, grid.column_node.ravel(), -current.ravel())
        if bar.cell.loads_row:
            np.add.at(into, grid.row_node.ravel(), current.ravel())
        error = grid.wires @ voltage - grid.drive @ volts + into[: grid.unknowns]
        peak = max(
            float(np.abs(current).max()),
            float(np.abs(current.sum(axis=0)).max()),
            float(np.abs(current.sum(axis=1)).max()),
        )
        row_slope = np.where(there, response.row_slope, 0.0)
        column_slope = np.where(there, response.column_slope, 0.0)
        return error, peak, row_slope, column_slope

    def _excess(self, error: FloatArray, voltage: FloatArray, volts: FloatArray) -> float:
        """Return the largest KCL error beyond what rounding of the voltages can cause [A]."""
        size = abs(self._grid.wires) @ np.abs(voltage) + abs(self._grid.drive) @ np.abs(volts)
        excess = np.abs(error) - _ROUNDING * size
        return float(excess.max()) if np.isfinite(excess).all() else np.inf

    def _solve(self, volts: FloatArray) -> tuple[FloatArray, int, bool]:
        """Return (unknown voltages, steps, converged) of one sample."""
        voltage = self._start(volts)
        if voltage.size == 0:
            return voltage, 0, True
        error, peak, row_slope, column_slope = self._kcl(voltage, volts)
        loads_row = self._crossbar.cell.loads_row
        for step in range(self._method.steps):
            excess = self._excess(error, voltage, volts)
            if excess <= self._method.tolerance * peak < np.inf:
                return voltage, step, True
            matrix, _ = with_cells(self._grid, row_slope, column_slope, loads_row=loads_row)
            change = _step(matrix, error)
            if not np.isfinite(change).all():
                return voltage, step, False
            fraction = 1.0
            while True:
                trial = voltage + fraction * change
                new_error, peak, row_slope, column_slope = self._kcl(trial, volts)
                new_excess = self._excess(new_error, trial, volts)
                if new_excess < excess or fraction < _SMALLEST_STEP:
                    break
                fraction *= 0.5
            voltage, error = trial, new_error
            if not np.isfinite(new_excess):
                return voltage, step + 1, False
        return voltage, self._method.steps, False


def _step(matrix: sparse.csc_array, error: FloatArray) -> FloatArray:
    """Return the Newton step; NaN where overflowed slopes make the Jacobian singular."""
    try:
        factors = factorise(matrix)
    except RuntimeError:
        return np.full_like(error, np.nan)
    return np.zeros(0) if factors is None else factors.solve(-error)


def column_current(crossbar: Crossbar, nodes: NodeVoltages) -> FloatArray:
    """Return the sum of each column's device currents at the node voltages (batch, cols) [A]."""
    with np.errstate(over="ignore", invalid="ignore"):  # where a sample has not converged
        response = crossbar.cell.respond(nodes.row, nodes.column, crossbar.conductance)
        current = np.where(crossbar.conductance > 0.0, response.current, 0.0)
    return np.asarray(current.sum(axis=1))


def answer(
    crossbar: Crossbar,
    volts: FloatArray,
    nodes: NodeVoltages,
    current: FloatArray,
    *,
    engine: str,
    iterations: np.ndarray[tuple[int], np.dtype[np.int64]],
    converged: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> ReadResult:
    """Return the result of a nonlinear read, or raise it inside a ``ConvergenceError``.

    `current` holds the column currents (batch, cols) [A]; those of failed samples become NaN.

    Raises
    ------
    ConvergenceError
        Not all samples converged; the failed ones are NaN in the result it carries.
    ParameterError
        A solution lies outside the table of the cells.
    """
    failed = ~converged
    _refuse_beyond_table(crossbar, nodes, converged)
    for field in (nodes.row, nodes.column):
        field[failed] = np.nan
    current[failed] = np.nan
    result = ReadResult(
        crossbar=crossbar,
        volts=volts,
        column_current=current,
        nodes=nodes,
        engine=engine,
        iterations=iterations,
        converged=converged,
    )
    if failed.any():
        which = np.flatnonzero(failed).tolist()
        raise ConvergenceError(
            f"volts: got {len(which)} of {len(volts)} samples that did not converge"
            f" (samples {which[:8]}{'...' if len(which) > 8 else ''}), expected a KCL error within"
            " the tolerance; lower the read voltages, or allow more steps with"
            " method=nodal.Newton(steps=...)",
            failed=which,
            result=result,
        )
    return result


def _refuse_beyond_table(
    crossbar: Crossbar, nodes: NodeVoltages, converged: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> None:
    """Raise if cells that are a table were solved at voltages that it does not hold."""
    cell = crossbar.cell
    if not isinstance(cell, TransistorCell):
        return
    if not cell.covers(nodes.row[converged], nodes.column[converged]):
        row, column = cell.known_table().row_axis, cell.known_table().column_axis
        raise ParameterError.about(
            "volts",
            got="a solution outside the cell's table",
            expected=f"word lines within {row.start:.4g} to {row.stop:.4g} V and bit lines within"
            f" {column.start:.4g} to {column.stop:.4g} V",
            remedy="make the table for these voltages: xc.calibration.tabulate(cell, volts=...)",
        )
