"""The cells of an array that is written: their states, currents and slopes, of each kind of cell.

A cell has states y and carries a current I from its word to its bit line, at u and w volts:

    ``y' = f(y, u, w)``,   ``I = h(y, u, w)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import FilamentCell, PcmCell
from xbar_circuit.devices import filament as filament_law
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm.dynamics import KELVIN_PER_UNIT, METER_PER_UNIT, rates
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.drivers.write_lines import WriteLines

__all__ = ["Slopes", "WrittenCells", "written_cells"]

_INCREMENT = 1e-6  # of a finite difference; states and volts are of the order of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """Rates and currents of the cells at a point, and what they change with.

    rates : f (cells, states).
    rate_by_state : (cells, states, states). rate_by_row, rate_by_column : (cells, states).
    current_by_state : (cells, states). a, b : slopes of the current to u and, negative, w [S].
    """

    rates: FloatArray
    rate_by_state: FloatArray
    rate_by_row: FloatArray
    rate_by_column: FloatArray
    current_by_state: FloatArray
    a: FloatArray
    b: FloatArray


class WrittenCells(Protocol):
    """The live cells of an array.

    start : states before the pulse (cells, states).
    absolute : what error of each state does not matter (states,).
    heat : which state is the heat.
    """

    start: FloatArray
    absolute: FloatArray
    heat: int

    def current(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        """Return the currents (cells,) [A] for states (cells, states) and node voltages [V]."""
        ...

    def rates(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        """Return the rates (cells, states)."""
        ...

    def slopes(self, y: FloatArray, up: FloatArray, down: FloatArray) -> Slopes:
        """Return rates and slopes."""
        ...

    def metre(self, y: FloatArray) -> FloatArray:
        """Return the state that the array keeps (cells,) [m]."""
        ...

    def celsius(self, heat: FloatArray) -> FloatArray:
        """Return the temperatures [degree Celsius] of values of the heat's state."""
        ...


def written_cells(
    crossbar: Crossbar, lines: WriteLines, access: tuple[OneT1R, OneT1R] | None
) -> WrittenCells:
    """Return the live cells of an array.

    Parameters
    ----------
    crossbar, lines, access
        As in :func:`xbar_circuit.nodal.write`.

    Raises
    ------
    ParameterError
        The cells have no write law here, or a cell with a transistor has no table.
    """
    cell = crossbar.cell
    if isinstance(cell, FilamentCell):
        return _Filaments(cell, crossbar.conductance[crossbar.conductance > 0.0])
    device = cell.device if isinstance(cell, OneT1R) else cell
    if isinstance(device, PcmCell):
        return _Pcm(device, crossbar, _heaters(device, crossbar, lines, access))
    with_transistor = isinstance(device, FilamentCell)
    raise ParameterError.about(
        "crossbar.cell",
        got=repr(cell),
        expected="a cell with a write law: PcmCell, OneT1R(device=PcmCell...), FilamentCell",
        remedy="xc.spice.write takes a FilamentCell with a transistor"
        if with_transistor
        else "give the crossbar xc.devices.PcmCell.sebastian2017()",
    )


Heaters = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


def _heaters(
    device: PcmCell, crossbar: Crossbar, lines: WriteLines, access: tuple[OneT1R, OneT1R] | None
) -> Heaters:
    """Return the current of live cells and its slopes to both ends, less GST, by voltages there."""
    siemens = 1.0 / device.series_ohm
    there = crossbar.conductance > 0.0
    if not isinstance(crossbar.cell, OneT1R):
        every = np.full(int(there.sum()), siemens)
        return lambda up, down: (siemens * (up - down), every, every)
    if access is None or any(one.table is None for one in access):
        raise ParameterError.about(
            "access",
            got=repr(access),
            expected="tables of the transistor with the heater, gate on and gate off",
            remedy="access=xc.calibration.write_access(crossbar.cell, volt=...)",
        )
    gates = np.ones(crossbar.shape, dtype=bool) if lines.gates is None else lines.gates
    on = gates[there]

    def current(up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = np.empty((3, on.size))
        for which, cell in ((on, access[0]), (~on, access[1])):
            part = cell.respond(up[which], down[which], np.full(int(which.sum()), siemens))
            found[:, which] = part.current, part.row_slope, -part.column_slope
        return found[0], found[1], found[2]

    return current


class _Pcm:
    """PCM cells: the GST's voltage is a state, the current is the heater's."""

    def __init__(self, cell: PcmCell, crossbar: Crossbar, heaters: Heaters) -> None:
        self._p, self._heaters = cell.numbers, heaters
        live = crossbar.conductance[crossbar.conductance > 0.0]
        self.start = np.zeros((live.size, 5))
        if live.size:
            self.start[:, 3] = cell.stored_thickness(live) / METER_PER_UNIT
        self.start[:, 4] = self._p.log_age
        # of V, 1000 K, 1, 10 nm and 1, as one cell's
        self.absolute = np.array([1e-3, 1e-4, 1e-3, 1e-4, 1e-3])
        self.heat = 1
        self._nudges = _nudges(5)

    def current(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        return self._heaters(up - y[:, 0], down)[0]

    def rates(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        return rates(self._p, y, self.current(y, up, down))

    def slopes(self, y: FloatArray, up: FloatArray, down: FloatArray) -> Slopes:
        current, a, b = self._heaters(up - y[:, 0], down)
        fan = rates(self._p, y + self._nudges, current)
        by_state = np.moveaxis((fan[1:] - fan[0]) / _INCREMENT, 0, -1)
        by_state[:, 0, 0] -= a / self._p.c_par  # the current falls as the GST's voltage rises
        one = np.zeros_like(y)
        one[:, 0] = 1.0
        return Slopes(
            rates=fan[0],
            rate_by_state=by_state,
            rate_by_row=one * (a / self._p.c_par)[:, np.newaxis],
            rate_by_column=-one * (b / self._p.c_par)[:, np.newaxis],
            current_by_state=-one * a[:, np.newaxis],
            a=a,
            b=b,
        )

    def metre(self, y: FloatArray) -> FloatArray:
        return np.maximum(y[:, 3], 0.0) * METER_PER_UNIT

    def celsius(self, heat: FloatArray) -> FloatArray:
        risen = law.heated(self._p, KELVIN_PER_UNIT * heat)
        return np.asarray(self._p.t_amb + risen - ZERO_CELSIUS_KELVIN)


class _Filaments:
    """Filaments in an oxide: the voltage across a cell is that between its lines."""

    def __init__(self, cell: FilamentCell, conductance: FloatArray) -> None:
        self._cell = cell
        self.start = np.zeros((conductance.size, 2))
        if conductance.size:
            self.start[:, 0] = cell.length(conductance) / filament_law.METRE_PER_UNIT
        self.absolute = np.array([1e-5, 1e-4])  # of nm and 1000 K
        self.heat = 1
        self._nudges = _nudges(2)

    def current(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        return self._cell.written_current(y, up - down)

    def rates(self, y: FloatArray, up: FloatArray, down: FloatArray) -> FloatArray:
        return self._cell.rates(y, up - down)

    def slopes(self, y: FloatArray, up: FloatArray, down: FloatArray) -> Slopes:
        cell, volt = self._cell, up - down
        around = y + self._nudges
        fan, through = cell.rates(around, volt), cell.written_current(around, volt)
        by_volt = (cell.rates(y, volt + _INCREMENT) - fan[0]) / _INCREMENT
        siemens = (
            cell.written_current(y, volt + _INCREMENT) - cell.written_current(y, volt - _INCREMENT)
        ) / (2.0 * _INCREMENT)
        return Slopes(
            rates=fan[0],
            rate_by_state=np.moveaxis((fan[1:] - fan[0]) / _INCREMENT, 0, -1),
            rate_by_row=by_volt,
            rate_by_column=-by_volt,
            current_by_state=((through[1:] - through[0]) / _INCREMENT).T,
            a=siemens,
            b=siemens,
        )

    def metre(self, y: FloatArray) -> FloatArray:
        cell = self._cell
        length = y[:, 0] * filament_law.METRE_PER_UNIT
        return np.clip(length, cell.shortest_metre, cell.longest_metre)

    def celsius(self, heat: FloatArray) -> FloatArray:
        return np.asarray(self._cell.ambient_celsius + filament_law.KELVIN_PER_UNIT * heat)


def _nudges(states: int) -> FloatArray:
    return np.vstack([np.zeros(states), _INCREMENT * np.eye(states)])[:, np.newaxis]
