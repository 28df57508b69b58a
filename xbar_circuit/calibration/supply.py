"""Tables of a gate-driven cell over the voltage of its supply line."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit.calibration.states import with_states
from xbar_circuit.calibration.tabulate import tabulate
from xbar_circuit.cells import GateInput, MemoryTransistor, OnSupplyLine
from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.cells.tabulated import check_kind

__all__ = ["tabulate_supply"]

_OF_STATES = ("tolerance", "options", "time_limit_second")


def tabulate_supply(
    cell: OnSupplyLine,
    *,
    volts: ArrayLike,
    conductances: ArrayLike | None = None,
    drop_volt: float,
    points: int = 5,
    **settings: Any,
) -> OnSupplyLine:
    """Return the cell with tables of its current at some voltages of its supply line.

    The voltages are Chebyshev's, from the supply down by `drop_volt`; between them the current is
    the polynomial through all of them.

    Parameters
    ----------
    cell
        A :class:`~xbar_circuit.cells.GateInput` or a cell of one's own on a supply line; where the
        latter has states, their map is made first, at the full supply. A
        :class:`~xbar_circuit.cells.MemoryTransistor` has a law and comes back as it is.
    volts, conductances, settings
        As for :func:`xbar_circuit.calibration.tabulate`.
    drop_volt
        Largest voltage that is lost on the line [V]; less than the supply has.
    points
        Number of tables.

    Returns
    -------
    OnSupplyLine
        The cell with its tables.

    Raises
    ------
    ParameterError
        As there, or the drop is as large as the supply.
    ConvergenceError, ModelFileError, SimulatorError, SimulatorNotFoundError
        As there.
    """
    check_kind("cell", cell, OnSupplyLine, "xc.cells.OnSupplyLine(cell=..., segment_ohm=1.0)")
    inner = cell.cell
    checks.count("points", points, minimum=2, maximum=20)
    most = 0.9 * abs(cell.drive_volt)
    drop = checks.number("drop_volt", drop_volt, "V", above=True, maximum=most)
    if isinstance(inner, MemoryTransistor):
        return cell
    if isinstance(inner, OwnCell) and inner.states is not None and inner.state_map is None:
        given = {name: settings[name] for name in _OF_STATES if name in settings}
        inner = with_states(inner, **given)
    sign = math.copysign(1.0, cell.drive_volt)
    tables = []
    for k in range(points):
        lost = 0.5 * drop * (1.0 - math.cos(math.pi * k / (points - 1)))
        volt = cell.drive_volt - sign * lost
        at = _fed_at(inner, volt)
        made = tabulate(at, volts=volts, conductances=conductances, **settings)
        tables.append((volt, made.known_table()))
    return replace(cell, cell=inner, tables=tuple(tables))


def _fed_at(cell: GateInput | OwnCell, volt: float) -> GateInput | OwnCell:
    """Return a cell with its supply at a voltage above the crossbar's 0 V."""
    if isinstance(cell, OwnCell):
        return cell.fed_at(volt)
    return replace(cell, supply_volt=volt + cell.common_volt, table=None, tables=())
