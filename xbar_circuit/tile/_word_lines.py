"""What a driver does to the array, fast: pulses as times, limited buffers as a small Newton.

A linear array is a superposition, so the mean current of pulses is the current of their mean
voltages, exactly: no charge stays on the wires' capacitance. Nonlinear cells are read once for
every set of word lines that are on together, and the currents are weighted by the times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.peripherals.drivers import Driver, WordLineBuffer, WordLines

__all__ = ["FastArray", "buffered_volt", "mean_of_pulses"]

_ROUNDS = 60
_TOLERANCE = 1e-9  # of the buffer's current against the row's, relative to the largest


class FastArray:
    """An array with its read-outs' resistance in its terminals, and a driver before it.

    Parameters
    ----------
    crossbar
        The array; its terminals carry all resistances but those of limited buffers.
    driver
        Driver of every word line.
    window_second
        Time over which currents are averaged [s].
    input_volt
        Voltage of all columns without a current, over the reference [V]. It is a shift of all the
        inputs: no current of the array flows to ground.
    """

    def __init__(
        self, crossbar: Crossbar, driver: Driver, *, window_second: float, input_volt: float
    ) -> None:
        self._prepared = nodal.prepare(crossbar)
        self._transfer = self._prepared.transfer() if crossbar.cell.linear else None
        self._rows = crossbar.rows
        limited = isinstance(driver, WordLineBuffer) and driver.limited
        self._buffer = driver if limited and isinstance(driver, WordLineBuffer) else None
        self._window = window_second
        self._shift = input_volt

    def column_current(self, read: WordLines) -> FloatArray:
        """Return the mean currents into the read-outs (batch, cols) [A]."""
        if self._transfer is not None and self._buffer is None:
            return (read.mean_volt(self._window) - self._shift) @ self._transfer
        return mean_of_pulses(read, self._window, self._of_levels)

    def small_signal(self) -> FloatArray:
        """Return the transfer (rows, cols) [S], of nonlinear cells their slopes at zero."""
        if self._transfer is not None:
            return self._transfer
        small = 1e-3
        return self._prepared.read(small * np.eye(self._rows)).column_current / small

    @cached_property
    def _admittance(self) -> FloatArray:
        """Row currents over row voltages, of the linear array or of its cells' slopes at zero."""
        small = 1e-3
        return self._prepared.read(small * np.eye(self._rows)).row_current / small

    def _of_levels(self, volts: FloatArray) -> FloatArray:
        """Return the column currents of constant row voltages (batch, cols) [A]."""
        shifted = volts - self._shift
        if self._buffer is not None:
            shifted = buffered_volt(shifted, self._buffer, self._admittance, self._row_current)
        if self._transfer is not None:
            return shifted @ self._transfer
        return self._prepared.read(shifted).column_current

    def _row_current(self, volts: FloatArray) -> FloatArray:
        if self._transfer is not None:
            return volts @ self._admittance
        return self._prepared.read(volts).row_current


def mean_of_pulses(
    read: WordLines, window_second: float, current: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Return the mean column currents of pulses over a window (batch, cols) [A].

    Parameters
    ----------
    read
        Signals of the word lines.
    window_second
        Length of the window [s].
    current
        Column currents (n, cols) of constant row voltages (n, rows).
    """
    if read.second is None:
        return current(read.volt)
    on = np.minimum(read.on_second(window_second), window_second)
    means = []
    for volt, second in zip(read.volt, on, strict=True):
        ends = np.unique(np.append(second, (0.0, window_second)))
        levels = np.where(second > ends[:-1, None], volt, 0.0)
        means.append(np.diff(ends) / window_second @ current(levels))
    return np.array(means)


def buffered_volt(
    volts: FloatArray,
    buffer: WordLineBuffer,
    admittance: FloatArray,
    row_current: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Return the voltages behind buffers of limited current (batch, rows) [V].

    Newton's method on ``I_buffer(V_set - V) = I_row(V)``, with the rows' admittance matrix as the
    array's slope; for linear cells it is exact.

    Parameters
    ----------
    volts
        Voltages that the buffers are set to (batch, rows) [V].
    buffer
        Their law.
    admittance
        Row currents over row voltages (rows, rows) [S].
    row_current
        Row currents (n, rows) of row voltages (n, rows).

    Raises
    ------
    ConvergenceError
        It did not settle.
    """
    start = np.eye(len(admittance)) + buffer.output_ohm * admittance
    node_volt: FloatArray = np.ascontiguousarray(np.linalg.solve(start, volts.T).T)
    scale = 1.0
    for _ in range(_ROUNDS):
        drawn = row_current(node_volt)
        given = buffer.ampere(volts - node_volt)
        off = given - drawn
        scale = max(float(np.abs(given).max()), float(np.abs(drawn).max()), 1e-30)
        if float(np.abs(off).max()) <= _TOLERANCE * scale:
            return node_volt
        slopes = buffer.siemens(volts - node_volt)
        matrix = admittance[None] + slopes[:, :, None] * np.eye(len(admittance))
        node_volt = node_volt + np.linalg.solve(matrix, off[:, :, None])[:, :, 0]
    raise ConvergenceError(
        f"word-line buffers: got an error of {float(np.abs(off).max()) / scale:.2g} of the largest"
        f" current after {_ROUNDS} rounds, expected at most {_TOLERANCE:g}; raise limit_ampere, or"
        " use engine='spice'"
    )
