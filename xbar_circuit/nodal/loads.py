"""Nonlinear circuits at the columns of a reduced array: amplifiers that clip, diodes, clamps.

With its drivers attached, the reduced array is a Norton source at the columns,
``I = V T - v Y``: T the transfer matrix, Y the admittance that the columns show. A load that draws
``i(v)`` from each column settles where both are equal. Newton's method finds it on the columns
alone, a dense system of their number, for each input; a step that raises the error is halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ConvergenceError, ShapeError
from xbar_circuit.nodal.ports import PortModel
from xbar_circuit.nodal.threads import threads
from xbar_circuit.wires import Terminals

__all__ = ["Load", "LoadedColumns", "operate"]

Load = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

_SMALLEST_STEP = 2.0**-30
_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedColumns:
    """Where the columns settle with their loads.

    column_current : into the loads (batch, cols) [A].
    column_voltage : at the loads (batch, cols) [V].
    residual : largest error of Kirchhoff's law, relative to the largest column current (batch,).
    iterations : Newton steps (batch,).
    """

    column_current: FloatArray
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
        Largest number of Newton steps an input.

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
    bar = model.crossbar
    clean = checks.read_volts("volts", volts, bar.rows)
    allowed = checks.number("tolerance", tolerance, "1", above=True, maximum=1e-3)
    most = checks.count("steps", steps)
    held = model.held(bar.terminals if terminals is None else terminals)
    source = clean @ held[: bar.rows, bar.rows :]
    between = held[bar.rows :, bar.rows :]
    admittance = np.diag(held[:, bar.rows :].sum(axis=0)) - between
    shape = (len(clean), bar.cols)
    current, voltage = np.full(shape, np.nan), np.full(shape, np.nan)
    residual = np.full(len(clean), np.nan)
    iterations = np.zeros(len(clean), dtype=np.int64)
    with threads():
        for k, short in enumerate(source):
            found = _settle(short, admittance, load, allowed, most)
            iterations[k] = found[3]
            if found[2] <= allowed:
                current[k], voltage[k], residual[k] = found[:3]
    answer = LoadedColumns(
        column_current=current, column_voltage=voltage, residual=residual, iterations=iterations
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


def _settle(
    short: FloatArray, admittance: FloatArray, load: Load, tolerance: float, steps: int
) -> tuple[FloatArray, FloatArray, float, int]:
    """Return (currents, voltages, relative error, steps) of one input."""
    voltage = np.zeros_like(short)
    current, slope = _ask(load, voltage)
    error = short - current
    size = float(np.abs(error).max())
    step = 0
    while True:
        peak = max(float(np.abs(current).max()), _ROUNDING * float(np.abs(short).max()))
        slack = _ROUNDING * float(np.abs(admittance @ np.abs(voltage)).max())
        relative = max(size - slack, 0.0) / peak if peak > 0.0 else 0.0
        if relative <= tolerance or step == steps:
            return current, voltage, relative, step
        change = np.linalg.solve(admittance + np.diag(slope), error)
        fraction = 1.0
        while fraction >= _SMALLEST_STEP:
            trial = voltage + fraction * change
            current, slope = _ask(load, trial)
            error = short - admittance @ trial - current
            size, before = float(np.abs(error).max()), size
            if size < before:
                break
            size, fraction = before, 0.5 * fraction
        else:
            return current, voltage, np.inf, step
        voltage, step = trial, step + 1


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
