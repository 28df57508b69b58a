"""Linear transients: how the array settles when its drivers move.

With the capacitances C at the nodes, the conductances Y and the drivers' voltages V(t),

    ``C dv/dt = drive V(t) - Y v``,

solved by a reduced-order model that is exact in time (`ReducedOrder`), or by implicit steps
(`TrBdf2`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, certify
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal._dynamics import Dynamics, DynamicSolution, Record
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.reduced_order import ReducedOrder
from xbar_circuit.nodal.solve import transfer
from xbar_circuit.nodal.sparse import factorise
from xbar_circuit.nodal.stepping import TrBdf2
from xbar_circuit.nodal.waveform import Waveform

__all__ = ["TransientResult", "transient"]

_NEVER = 1e30  # s: every mode has settled
_ROUNDING = 2.0 * float(np.finfo(np.float64).eps)  # error of a node voltage over the largest drive
_NOTHING_AMPERE = 1e-15  # rounding of a driver's current that no circuit notices; chosen
_STATIC = 0.1  # how closely the settled currents must be right, relative to the tolerance
_SMALLEST = 1e-9  # columns whose settled current is judged, relative to the largest
_BISECTIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransientResult:
    """Waveforms of a transient.

    The waveforms are given at times that suit a plot; a straight line between two of them misses a
    fast edge by half a per cent of the largest current and more. `at` evaluates the solution
    itself at any time.

    time_second : times (points,) [s].
    column_current : into the sense terminals (points, cols) [A].
    row_current : from the drivers (points, rows) [A].
    row_voltage, column_voltage : at the watched cells (points, watched) [V].
    energy_joule : delivered by each row's drivers (rows,) [J]; the integral of the solution, not
        of the points.
    method : the method used, for display.
    """

    time_second: FloatArray
    column_current: FloatArray
    row_current: FloatArray
    row_voltage: FloatArray
    column_voltage: FloatArray
    energy_joule: FloatArray
    method: str
    _evaluate: Callable[[FloatArray], Record]

    def at(self, time_second: ArrayLike) -> TransientResult:
        """Return the same transient at other times.

        Parameters
        ----------
        time_second
            Times (points,) from 0 to the last of this result [s].

        Returns
        -------
        TransientResult
            Currents and voltages of the solution itself at these times; energies stay as they are.

        Raises
        ------
        ShapeError, ParameterError
            Not a row of finite times in that range.

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0, row_farad=1e-15, column_farad=1e-15)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
        >>> wave = xc.nodal.Waveform.pulse([0.2], width_second=2e-9, edge_second=1e-10)
        >>> result = xc.nodal.transient(xbar, wave, stop_second=3e-9)
        >>> (result.at([5e-11, 1e-9]).column_current * 1e6).round(2).tolist()  # microamperes
        [[1.0, 2.0], [2.0, 4.0]]
        """
        time = checks.real("time_second", time_second)
        if time.ndim != 1 or not time.size:
            raise ShapeError.about(
                "time_second",
                got=f"shape {time.shape}",
                expected="times (points,)",
                remedy="give a row of times",
            )
        last = float(self.time_second[-1])
        if not ((time >= 0.0) & (time <= last * (1.0 + 1e-12))).all():
            raise ParameterError.about(
                "time_second",
                got=f"{time.min():g} to {time.max():g} s",
                expected=f"times from 0 to {last:g} s",
                remedy="follow the transient for longer: stop_second",
            )
        found = self._evaluate(np.minimum(time, last))
        return replace(
            self,
            time_second=found.time_second,
            column_current=found.column_current,
            row_current=found.row_current,
            row_voltage=found.row_voltage,
            column_voltage=found.column_voltage,
        )

    def settling_second(self, error: float = 1e-3, *, after: float = 0.0) -> FloatArray:
        """Return when each column stays within `error` of its last value.

        The crossing is sought in the solution itself.

        Parameters
        ----------
        error
            Half of the band, relative to the last value of the column.
        after
            Since when the time is counted, such as the edge of the input [s].

        Returns
        -------
        array
            (cols,) [s]; 0 for a column that never leaves the band after `after`.

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0, row_farad=1e-15, column_farad=1e-15)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
        >>> wave = xc.nodal.Waveform(time_second=[0.0, 1e-10], volts=[[0.0], [0.2]])
        >>> result = xc.nodal.transient(xbar, wave, stop_second=1e-9)
        >>> (result.settling_second() * 1e12).round(1).tolist()  # picoseconds
        [99.9, 99.9]
        """
        last = self.column_current[-1]
        band = error * np.abs(last)
        outside = (np.abs(self.column_current - last) > band) & (self.time_second >= after)[
            :, np.newaxis
        ]
        result = np.zeros(len(last))
        columns = np.flatnonzero(outside.any(axis=0))
        if not columns.size:
            return result
        k = len(outside) - 1 - outside[::-1, columns].argmax(axis=0)
        low, high = self.time_second[k], self.time_second[np.minimum(k + 1, len(outside) - 1)]
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            current = self._evaluate(middle).column_current[np.arange(columns.size), columns]
            far = np.abs(current - last[columns]) > band[columns]
            low, high = np.where(far, middle, low), np.where(far, high, middle)
        result[columns] = high - after
        return result


def transient(
    crossbar: Crossbar,
    waveform: Waveform,
    *,
    stop_second: float,
    tolerance: float = 1e-5,
    watch: Sequence[tuple[int, int]] = (),
    method: ReducedOrder | TrBdf2 | None = None,
) -> TransientResult:
    """Simulate the transient of a linear crossbar, from rest, for given driver waveforms.

    Parameters
    ----------
    crossbar
        An array with wire capacitance.
    waveform
        The drivers' voltages; at 0 s the array has settled to the first of them.
    stop_second
        End time [s].
    tolerance
        `TrBdf2`: largest error of a step in any node voltage, relative to the largest driver
        voltage, and in the currents of drivers and of columns, relative to the largest of each.
        `ReducedOrder`: change of those currents, relative to the same, by a larger model.
    watch
        Cells (row, column) whose node voltages are kept.
    method
        `ReducedOrder` or `TrBdf2`; None takes the first, and the second where the first fails.

    Returns
    -------
    TransientResult
        Times (steps,) [s], currents into the sense terminals (steps, cols) [A] and out of the
        drivers (steps, rows) [A], voltages of the watched cells (steps, watched) [V], energy [J].

    Raises
    ------
    ParameterError
        The cells are not linear, there is no capacitance, or a setting is out of range.
    ShapeError
        The waveform has not one voltage for each row.
    ConvergenceError
        The method failed; the message says what to try. Or the matrix of the array has
        lost digits: its settled currents are not those of `nodal.transfer`.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0, row_farad=1e-15, column_farad=1e-15)
    >>> xbar = xc.Crossbar(conductance=np.full((2, 3), 1e-5), wires=wires)
    >>> step = Waveform(time_second=[0.0, 1e-12], volts=[[0.0, 0.0], [0.2, 0.1]])
    >>> transient(xbar, step, stop_second=1e-10).column_current[-1].shape
    (3,)
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    checks.instance("waveform", waveform, Waveform, example="xc.nodal.Waveform.pulse(...)")
    refuse_nonlinear(crossbar, "nodal.transient")
    stop = checks.number("stop_second", stop_second, "s", above=True)
    allowed = checks.number("tolerance", tolerance, "1", above=True, maximum=0.1)
    wires = crossbar.wires
    if wires.row_farad == 0.0 and wires.column_farad == 0.0:
        raise ParameterError.about(
            "wires.row_farad, wires.column_farad",
            got="0 for both",
            expected="a capacitance > 0 [F]",
            remedy="without capacitance the array settles at once: use nodal.read",
        )
    if waveform.volts.shape[1] != crossbar.rows:
        raise ShapeError.about(
            "waveform",
            got=f"{waveform.volts.shape[1]} drivers",
            expected=f"{crossbar.rows}, one for each row",
            remedy="give one column of voltages for each row",
        )
    system = Dynamics(crossbar, waveform, watch)
    _certify_static(crossbar, system, allowed)
    try:
        solution: DynamicSolution = (method or ReducedOrder()).follow(system, stop, allowed)
        if not isinstance(method, TrBdf2):
            _certify_settled(crossbar, system, solution, allowed)
    except ConvergenceError:
        if method is not None:
            raise
        _certify_digits(system, _settled_currents(crossbar, system)[0], allowed)
        solution = TrBdf2().follow(system, stop, allowed)

    def evaluate(time: FloatArray) -> Record:
        return system.record(time, solution.outputs(time))

    record = evaluate(solution.time_second)
    _certify_digits(system, record.row_current, allowed)
    currents = np.concatenate([record.column_current, record.row_current], axis=1)
    if certify(currents, None, tolerance=TOLERANCE).size:
        raise ConvergenceError(
            "transient: got currents that are not finite, expected finite ones; lower the voltages"
            " or the slopes of the edges"
        )
    return TransientResult(
        time_second=record.time_second,
        column_current=record.column_current,
        row_current=record.row_current,
        row_voltage=record.row_voltage,
        column_voltage=record.column_voltage,
        energy_joule=system.energy(solution, stop),
        method=solution.work,
        _evaluate=evaluate,
    )


def _settled_currents(crossbar: Crossbar, system: Dynamics) -> tuple[FloatArray, FloatArray]:
    """Return the currents of drivers and columns if every corner lasted (points, each) [A]."""
    gain = transfer(crossbar)
    volts = system.waveform.volts
    return volts * gain.sum(axis=1), volts @ gain


def _certify_settled(
    crossbar: Crossbar, system: Dynamics, solution: DynamicSolution, tolerance: float
) -> None:
    """Refuse a reduced model that does not settle to the column currents of `nodal.transfer`.

    After the last corner it is a sum of decaying exponentials, so its end is known. Modes that lost
    the digits of small conductances show there.

    Raises
    ------
    ConvergenceError
        They differ by more than the tolerance, relative to the largest current of a corner.
    """
    never = np.array([_NEVER])
    found = system.record(never, solution.outputs(never)).column_current
    wanted = _settled_currents(crossbar, system)[1]
    apart = np.abs(found - wanted[-1:])
    scale = np.full_like(apart, np.abs(wanted).max())
    if certify(found, (apart, scale), tolerance=tolerance).size:
        raise ConvergenceError(
            "transient: got a reduced model that does not settle to the currents of nodal.transfer,"
            f" expected them within {tolerance:g}; use method=nodal.TrBdf2()"
        )


def _certify_digits(system: Dynamics, row_current: FloatArray, tolerance: float) -> None:
    """Refuse an array whose drivers' currents drown in the rounding of its node voltages.

    A driver's current is ``g (V - v)`` of its lead; v is known to rounding of the largest voltage,
    which no node exceeds. Sense terminals are at 0 V, so nothing cancels there.

    Raises
    ------
    ConvergenceError
        The rounding is above the tolerance, relative to the largest driver current.
    """
    volt = np.abs(system.waveform.volts).max()
    lost = _ROUNDING * volt * system.driver_siemens().max()
    largest = np.abs(row_current).max()
    if lost > max(tolerance * largest, _NOTHING_AMPERE):
        raise ConvergenceError(
            f"transient: got drivers' currents of {largest:.3g} A with rounding of {lost:.3g} A,"
            f" expected it within {tolerance:g} of them; the drivers' leads conduct far better than"
            " the array: use 0 for an ideal wire and None for an open end"
        )


def _certify_static(crossbar: Crossbar, system: Dynamics, tolerance: float) -> None:
    """Refuse an array whose assembled matrix does not give its settled currents.

    A transient factorises this matrix, which loses the digits of conductances far below others;
    the reduction does not. The currents that one volt at all drivers settles to tell both apart.

    Raises
    ------
    ConvergenceError
        They differ by more than a tenth of the transient's own tolerance.
    """
    ones = np.ones(crossbar.rows)
    scale = transfer(crossbar).sum(axis=0)
    try:
        factors = factorise(system.own)
        settled = np.zeros(0) if factors is None else factors.solve(system.drive @ ones)
        current = system.settled_current(settled, ones)
    except RuntimeError:  # a singular matrix: SuperLU's word for lost conductances
        current = np.full(crossbar.cols, np.nan)
    apart = np.abs(current - scale)[np.newaxis]
    shares = (apart, np.maximum(scale, _SMALLEST * scale.max())[np.newaxis])
    if certify(current[np.newaxis], shares, tolerance=_STATIC * tolerance).size:
        raise ConvergenceError(
            "transient: got a matrix that has lost the digits of its smallest conductances,"
            f" expected settled currents within {_STATIC * tolerance:g} of those of nodal.transfer;"
            " resistances lie too far apart: use 0 for an ideal wire and None for an open end"
        )
