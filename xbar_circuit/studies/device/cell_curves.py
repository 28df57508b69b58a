"""Current over voltage of a published cell, by its law and in ngspice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit import nodal, spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import CellPreset
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.wires import Wires

__all__ = ["CellCurves", "cell_curves"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCurves:
    """Curves of a cell.

    Parameters
    ----------
    preset
        The cell.
    volts
        Of the word line [V], (voltages,).
    states
        In the state's own unit, (states,).
    currents, spice_currents
        Into a bit line at 0 V, by the fast engine and by ngspice [A], (voltages, states).
    """

    preset: CellPreset
    volts: FloatArray
    states: FloatArray
    currents: FloatArray
    spice_currents: FloatArray

    @property
    def worst_relative_difference(self) -> float:
        """Largest difference of both, each relative to the largest current of its state."""
        full = np.abs(self.spice_currents).max(axis=0)
        return float((np.abs(self.currents - self.spice_currents) / full).max())


def cell_curves(preset: CellPreset, *, states: int = 5, points: int = 25) -> CellCurves:
    """Read single cells of several states at many voltages in both engines.

    Parameters
    ----------
    preset
        The cell. Two-terminal ones are swept from -0.5 to 0.5 V, gates 0.2 V
        about where their conductance is defined.
    states
        How many, evenly over the range.
    points
        How many voltages.

    Raises
    ------
    ParameterError
        Fewer than two states or voltages.
    SimulatorNotFoundError, SimulatorError, ConvergenceError
        From ngspice.
    """
    checks.count("states", states, minimum=2)
    checks.count("points", points, minimum=2)
    grid = np.linspace(*preset.states, states)
    xbar = Crossbar(
        conductance=preset.conductance(grid)[np.newaxis],
        wires=Wires(row_ohm=0.0, column_ohm=0.0),
        cell=preset.cell,
    )
    gate = getattr(preset.cell, "read_volt", 0.0)
    low, high = (-0.5, 0.5) if preset.cell.loads_row else (gate - 0.2, gate + 0.2)
    volts = np.linspace(low, high, points)
    return CellCurves(
        preset=preset,
        volts=volts,
        states=grid,
        currents=nodal.read(xbar, volts[:, np.newaxis]).column_current,
        spice_currents=spice.read(xbar, volts[:, np.newaxis]).column_current,
    )
