"""Cells of one's own in the verbs: measured in ngspice as far as a verb needs."""

from __future__ import annotations

from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration.ready import own_part, with_maps
from xbar_circuit.devices import Cell
from xbar_circuit.errors import ParameterError

__all__ = ["stated"]


def stated(cell: Cell, matrix: FloatArray, *, states: bool, named: str) -> tuple[Cell, FloatArray]:
    """Return the cell with the map of its states, and the conductances of an array [S].

    Parameters
    ----------
    cell
        Any; one of one's own is measured in ngspice.
    matrix
        Conductances [S] or, with `states`, states in their own unit, (rows, cols).
    states
        Which of both.
    named
        As which the cell was given, for messages.

    Raises
    ------
    ParameterError
        States of a cell that has none, or one that is out of range.
    SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    cell = with_maps(cell)
    if not states:
        return cell, matrix
    own = own_part(cell)
    if own is None:
        raise ParameterError.about(
            "--states", got=named, expected="a cell of your own with states", remedy="leave it out"
        )
    return cell, own.conductance(matrix)
