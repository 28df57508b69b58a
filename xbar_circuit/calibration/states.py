"""Measure which conductance each state of a cell of one's own has."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TypeVar

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OwnCell, StateMap
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist import SpiceOptions

__all__ = ["with_states"]

CellT = TypeVar("CellT", bound=OwnCell)

_FIRST = 9
_MOST = 513


def with_states(
    cell: CellT,
    *,
    tolerance: float = 1e-4,
    options: SpiceOptions | None = None,
    time_limit_second: float | None = 600.0,
) -> CellT:
    """Return the cell with its map from states to conductances.

    All states of a first grid are simulated at the read voltage, and the grid is halved until the
    conductances half-way between, simulated and not used, are right to `tolerance`. What ngspice
    then simulates for a conductance is the state itself; the map decides what that state is called.
    Its error is part of what a table made with it states (`TableQuality.worst`), since the table
    interpolates the currents over the conductance.

    Parameters
    ----------
    cell
        With `states` and without a table.
    tolerance
        Largest relative error of a conductance between two states of the map.
    options
        Tolerances of the simulator; reference grade by default.
    time_limit_second
        Time allowed to each run of the simulator [s].

    Returns
    -------
    CellT
        The same cell with its map.

    Raises
    ------
    ParameterError
        The cell has no states, has a supply for a gate that does not feed at 0 V, conducts nothing
        or against the voltage at its read voltage, or its conductance turns back.
    ConvergenceError
        The tolerance was not reached with 513 states.
    ModelFileError, SimulatorError, SimulatorNotFoundError
        The simulator, or one of its models, failed.
    """
    if not isinstance(cell, OwnCell) or cell.states is None:
        raise ParameterError.about(
            "cell",
            got=repr(cell),
            expected="a cell of one's own with states=(smallest, largest)",
            remedy="a cell whose state is the conductance itself needs no map",
        )
    checks.number("tolerance", tolerance, "1", above=True, maximum=0.1)
    options = options or SpiceOptions()
    points = _FIRST
    known = np.linspace(*cell.states, points)
    siemens = _measured(cell, known, options, time_limit_second)
    while True:
        middles = known[:-1] + 0.5 * np.diff(known)
        truth = _measured(cell, middles, options, time_limit_second)
        measured = StateMap(states=tuple(known), conductances=tuple(siemens))
        worst = float(np.abs(measured.conductance(middles) / truth - 1.0).max())
        if worst <= tolerance:
            measured = replace(measured, worst=worst)
            return replace(cell, state_map=measured, table=None)
        if 2 * points - 1 > _MOST:
            raise ConvergenceError(
                f"tolerance: got {tolerance:g}, reached {worst:.1e} with {points} states, expected"
                " a smooth dependence: narrow states= or allow a larger tolerance"
            )
        known, siemens = _merged(known, middles), _merged(siemens, truth)
        points = len(known)


def _merged(first: FloatArray, between: FloatArray) -> FloatArray:
    pairs = itertools.zip_longest(first.tolist(), between.tolist())
    return np.array([value for pair in pairs for value in pair if value is not None])


def _measured(
    cell: OwnCell, states: FloatArray, options: SpiceOptions, seconds: float | None
) -> FloatArray:
    """Return I/V at the read voltage for each state [S]."""
    names = [f"cell_{k}" for k in range(len(states))]
    columns = [f"col_{name}" for name in names]
    lines = [
        "conductance of the states of a cell",
        options.line(),
        cell.spice_preamble(),
        "Vrow row 0 DC 0",
        *cell.state_elements(names, ["row"] * len(names), columns, states.tolist()),
        *(f"V{column} {column} 0 DC 0" for column in columns),
    ]
    volt = cell.read_volt
    answer = spice.run(
        "\n".join(lines) + "\n",
        spice.Dc(source="Vrow", start=0.0, stop=1.001 * volt, step=volt),
        vectors=[f"i(V{column})" for column in columns],
        time_limit_second=seconds,
        **cell.run_settings(),
    )
    siemens = np.array([float(answer[f"i(V{column})"][1]) for column in columns])
    siemens /= volt if cell.drive_volt is None else cell.drive_volt
    if not (siemens > 0.0).all():
        k = int(np.argmin(siemens))
        raise ParameterError.about(
            "cell",
            got=f"I/V of {siemens[k]:.3g} S with {cell.state} = {states[k]:g} at {volt:g} V",
            expected="a passive cell that conducts at its read voltage",
            remedy="check row and column, read_volt, and the ports that are held",
        )
    return siemens
