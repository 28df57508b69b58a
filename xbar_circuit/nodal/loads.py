"""Nonlinear circuits at the columns of a reduced array: amplifiers that clip, diodes, clamps.

With its drivers attached, the reduced array is a Norton source at the columns,
``I = V T - v Y``: T the transfer matrix, Y the admittance that the columns show. A load that draws
``i(v)`` from each column settles where both are equal. Newton's method finds it on the columns
alone, a dense system of their number, for each input; a step that raises the error is halved.

The system is an M-matrix as long as no load has a negative slope: its inverse Z is made without
subtracting, and the currents r that Kirchhoff's law leaves over bound the error of the column
currents, ``|r| + |slope| Z |r|``; they are followed from step to step, not taken from differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError, ShapeError
from xbar_circuit.nodal._m_matrix import inverse
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.ports import PortModel
from xbar_circuit.wires import Terminals

__all__ = ["Load", "LoadedColumns", "operate"]

Load = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

_SMALLEST_STEP = 2.0**-30
_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedColumns:
    """Operating point of the columns with their loads.

    column_current : into the loads (batch, cols) [A].
    column_current_error : a bound on its error (batch, cols) [A].
    column_voltage : at the loads (batch, cols) [V].
    residual : largest error bound relative to the largest column current (batch,).
    iterations : Newton steps (batch,).
    """

    column_current: FloatArray
    column_current_error: FloatArray
    column_voltage: FloatArray
    residual: FloatArray
    iterations: NDArray[np.int64]


def operate(
    model: PortModel,
    volts: ArrayLike,
    load: Load,
    *,
    terminals: Terminals | None = None,
    tolerance: float = 1e-10,
    steps: int = 100,
) -> LoadedColumns:
    """Solve a reduced array whose columns end in nonlinear loads.

    Parameters
    ----------
    model
        The array, reduced to its drivers and sense ends at least.
    volts
        Inputs (batch, rows) or (rows,) [V].
    load
        Gives, for voltages at the columns (cols,) [V], the currents that flow into the loads [A]
        and their slopes [S], both (cols,).
    terminals
        As in `PortModel.transfer`; the sense terminals lie between the columns and their loads, a
        column that is sensed at both ends has one load. None takes those of the crossbar.
    tolerance
        Current error to reach, relative to the largest column current.
    steps
        Largest number of Newton steps per input.

    Returns
    -------
    LoadedColumns
        Current [A] and voltage [V] of each column's load.

    Raises
    ------
    ParameterError
        A terminal connects to a side that is not among the ports, or a setting is out of range.
    ShapeError
        The inputs do not fit, or the load gives other than (cols,).
    ConvergenceError
        Some inputs did not converge; the answer it carries holds the others.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> def resistor(v):
    ...     return v / 7.0, np.full_like(v, 1 / 7.0)
    >>> operate(xc.nodal.reduce(xbar), [1.0], resistor).column_current.round(12).tolist()
    [[0.05]]
    """
    checks.instance("model", model, PortModel, example="xc.nodal.reduce(xbar)")
    bar = model.crossbar
    clean = checks.read_volts("volts", volts, bar.rows)
    allowed = checks.number("tolerance", tolerance, "1", above=True, maximum=1e-3)
    most = checks.count("steps", steps)
    held = model.held(bar.terminals if terminals is None else terminals)
    source = clean @ held[: bar.rows, bar.rows :]
    between = held[bar.rows :, bar.rows :]
    leak = held[: bar.rows, bar.rows :].sum(axis=0)
    columns = _Columns(between, leak, load, allowed, most)
    shape = (len(clean), bar.cols)
    current, error, voltage = (np.full(shape, np.nan) for _ in range(3))
    residual = np.full(len(clean), np.nan)
    iterations = np.zeros(len(clean), dtype=np.int64)
    with threads():
        for k, short in enumerate(source):
            found = columns.settle(short)
            iterations[k] = found.steps
            if found.relative <= allowed:  # the exit: what is NaN or infinite is not
                current[k], error[k] = found.current, found.error
                voltage[k], residual[k] = found.voltage, found.relative
    answer = LoadedColumns(
        column_current=current,
        column_current_error=error,
        column_voltage=voltage,
        residual=residual,
        iterations=iterations,
    )
    failed = np.flatnonzero(np.isnan(residual)).tolist()
    if failed:
        raise ConvergenceError(
            f"load: got {len(failed)} of {len(clean)} inputs that did not settle (inputs"
            f" {failed[:8]}{'...' if len(failed) > 8 else ''}), expected a current error within"
            " the tolerance; check that the slopes are those of the currents, or allow more steps",
            failed=failed,
            result=answer,
        )
    return answer


@dataclass(frozen=True, slots=True)
class _Settled:
    """Where one input stands."""

    voltage: FloatArray
    current: FloatArray
    error: FloatArray
    relative: float
    steps: int


class _Columns:
    """The columns of a reduced array and their loads.

    `between` : branches between the columns (cols, cols) [S]; `leak` : from each to the drivers.
    """

    def __init__(
        self, between: FloatArray, leak: FloatArray, load: Load, tolerance: float, steps: int
    ) -> None:
        self._between, self._leak, self._load = between, leak, load
        self._tolerance, self._steps = tolerance, steps

    def settle(self, short: FloatArray) -> _Settled:
        """Follow one input from 0 V; `short` are its short-circuit currents (cols,) [A]."""
        voltage = np.zeros_like(short)
        current, slope = _ask(self._load, voltage)
        left = short - current
        floor = _ROUNDING * float(np.abs(short).max())
        step = 0
        while True:
            if not all(np.isfinite(part).all() for part in (current, slope, left)):
                return _Settled(voltage, current, np.full_like(short, np.inf), np.inf, step)
            impedance = self._impedance(slope)
            reach, size = np.abs(impedance), np.abs(left)
            drive = np.abs(short) + np.abs(current - slope * voltage)
            error = size + np.abs(slope) * (reach @ size)
            error += _ROUNDING * np.abs(slope) * (reach @ drive + np.abs(voltage))
            peak = max(float(np.abs(current).max()), floor)
            relative = float(error.max()) / peak if peak > 0.0 else float(error.max())
            if relative <= self._tolerance or step == self._steps:
                return _Settled(voltage, current, error, relative, step)
            change = impedance @ left
            fraction = 1.0
            while fraction >= _SMALLEST_STEP:
                trial = voltage + fraction * change
                found, steep = _ask(self._load, trial)
                missed = found - (current + slope * (fraction * change))
                after = (1.0 - fraction) * left - missed  # no conductance is subtracted
                if float(np.abs(after).max()) < float(size.max()):
                    break
                fraction *= 0.5
            else:
                return _Settled(voltage, current, error, np.inf, step)
            voltage, current, slope, left, step = trial, found, steep, after, step + 1

    def _impedance(self, slope: FloatArray) -> FloatArray:
        """Return the impedances Z of the columns with their loads (cols, cols) [ohm]."""
        if bool((slope >= 0.0).all()):
            leak = (self._leak + slope)[np.newaxis]
            return np.asarray(inverse(self._between[np.newaxis], leak)[0])
        matrix = np.diag(self._leak + slope + self._between.sum(axis=1)) - self._between
        try:
            return np.asarray(np.linalg.inv(matrix))
        except np.linalg.LinAlgError:
            return np.full_like(matrix, np.nan)


def _ask(load: Load, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the load's currents and slopes.

    Raises
    ------
    ShapeError
        They have another shape than the voltages.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        current, slope = (np.asarray(part, dtype=np.float64) for part in load(voltage))
    if current.shape != voltage.shape or slope.shape != voltage.shape:
        raise ShapeError.about(
            "load",
            got=f"currents and slopes of shapes {current.shape} and {slope.shape}",
            expected=f"both {voltage.shape}, one for each column",
            remedy="return two arrays like the voltages",
        )
    return current, slope
