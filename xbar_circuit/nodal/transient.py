"""Linear transients: how the array settles when its drivers move.

With the capacitances C at the nodes, the conductances Y and the drivers' voltages V(t),

    ``C dv/dt = drive V(t) - Y v``,

solved by a reduced-order model that is exact in time (`ReducedOrder`), or by implicit steps
(`TrBdf2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal.dynamics import Dynamics
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.reduced_order import ReducedOrder
from xbar_circuit.nodal.stepping import TrBdf2
from xbar_circuit.nodal.waveform import Waveform

__all__ = ["TransientResult", "transient"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransientResult:
    """Waveforms of a transient.

    time_second : times (points,) [s].
    column_current : into the sense terminals (points, cols) [A].
    row_current : from the drivers (points, rows) [A].
    row_voltage, column_voltage : at the watched cells (points, watched) [V].
    energy_joule : delivered by each row's drivers (rows,) [J].
    method : what solved it, for people.
    """

    time_second: FloatArray
    column_current: FloatArray
    row_current: FloatArray
    row_voltage: FloatArray
    column_voltage: FloatArray
    energy_joule: FloatArray
    method: str

    def settling_second(self, error: float = 1e-3, *, after: float = 0.0) -> FloatArray:
        """Return when each column stays within `error` of its last value (cols,) [s].

        Relative to the last value of the column, counted from `after` [s], interpolated between
        the points; 0 for a column that never leaves the band.
        """
        last = self.column_current[-1]
        far = np.abs(self.column_current - last) - error * np.abs(last)
        result = np.zeros(far.shape[1])
        for column, gap in enumerate(far.T):
            outside = np.flatnonzero((gap > 0.0) & (self.time_second >= after))
            if outside.size:
                k = outside[-1]
                share = gap[k] / (gap[k] - gap[k + 1])
                step = self.time_second[k + 1] - self.time_second[k]
                result[column] = self.time_second[k] + share * step - after
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
    """Follow a linear crossbar from rest through its drivers' waveforms.

    Parameters
    ----------
    crossbar
        An array with wire capacitance.
    waveform
        The drivers' voltages; at 0 s the array has settled to the first of them.
    stop_second
        When to stop [s].
    tolerance
        `TrBdf2`: largest error of a step in any node voltage, relative to the largest driver
        voltage. `ReducedOrder`: change of the currents, relative to the largest, by a larger model.
    watch
        Cells (row, column) whose node voltages are kept.
    method
        `ReducedOrder` or `TrBdf2`; None takes the first, and the second where the first fails.

    Raises
    ------
    ParameterError
        The cells are not linear, there is no capacitance, or a setting is out of range.
    ShapeError
        The waveform has not one voltage for each row.
    ConvergenceError
        The method did not get there; the message says what to try.
    """
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
    try:
        record, work = (method or ReducedOrder()).follow(system, stop, allowed)
    except ConvergenceError:
        if method is not None:
            raise
        record, work = TrBdf2().follow(system, stop, allowed)
    power = record.row_current * np.array([waveform.at(t) for t in record.time_second])
    step = np.diff(record.time_second)[:, np.newaxis]
    return TransientResult(
        time_second=record.time_second,
        column_current=record.column_current,
        row_current=record.row_current,
        row_voltage=record.row_voltage,
        column_voltage=record.column_voltage,
        energy_joule=0.5 * (step * (power[1:] + power[:-1])).sum(axis=0),
        method=work,
    )
