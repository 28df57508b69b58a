"""Any cell made ready for the engines: what they need to be measured is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit.calibration.states import with_states
from xbar_circuit.calibration.tabulate import tabulate
from xbar_circuit.cells import MemoryTransistor, OneS1R, OwnCell, TabulatedCell
from xbar_circuit.devices import Cell, IvTable

__all__ = ["own_part", "reach", "ready", "with_maps"]


def own_part(cell: Cell) -> OwnCell | None:
    """Return the cell, or the device of a 1S1R cell, if it is one of one's own; else None."""
    part = cell.device if isinstance(cell, OneS1R) else cell
    return part if isinstance(part, OwnCell) else None


def reach(cell: Cell) -> tuple[float, float] | None:
    """Return the least and the largest conductance that its states have [S]; None: no such end."""
    part = cell.device if isinstance(cell, OneS1R) else cell
    if isinstance(part, IvTable | MemoryTransistor):
        return part.range_siemens
    if isinstance(part, OwnCell) and part.states is not None:
        return part.known_states().range_siemens
    return None


def with_maps(cell: Cell) -> Cell:
    """Return the cell whose parts of one's own know which conductance each state has.

    Raises
    ------
    ParameterError, ConvergenceError, SimulatorError, SimulatorNotFoundError
        As :func:`xbar_circuit.calibration.with_states`.
    """
    if isinstance(cell, OneS1R):
        return replace(cell, device=with_maps(cell.device), selector=with_maps(cell.selector))
    if isinstance(cell, OwnCell) and cell.states is not None and cell.state_map is None:
        return with_states(cell)
    return cell


def ready(cell: Cell, *, volts: ArrayLike, conductances: ArrayLike | None = None) -> Cell:
    """Return the cell with every table that the fast engine needs of it.

    A cell that has its table, and one that is a law, comes back as it is.

    Parameters
    ----------
    cell
        Any cell.
    volts
        Inputs that it will see [V].
    conductances
        Range of its devices [S]; None is all that its states reach.

    Raises
    ------
    ParameterError, ConvergenceError, SimulatorError, SimulatorNotFoundError
        As :func:`xbar_circuit.calibration.tabulate`.
    """
    cell = with_maps(cell)
    if isinstance(cell, OneS1R):
        own = np.array([cell.selector_siemens])
        return replace(
            cell,
            device=ready(cell.device, volts=volts, conductances=conductances),
            selector=ready(cell.selector, volts=volts, conductances=own),
        )
    if isinstance(cell, TabulatedCell) and cell.table is None:
        return tabulate(cell, volts=volts, conductances=conductances)
    return cell
