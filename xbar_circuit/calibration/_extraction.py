"""Currents of a unit cell from ngspice, over a grid of voltages and conductances, in one sweep.

The deck holds one cell for each column voltage and conductance. All share the row's node, which a
``.dc`` sweep steps; each has a source of its own at its column's node, whose current is the cell's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import TabulatedCell
from xbar_circuit.netlist import SpiceOptions
from xbar_circuit.units import spice_number

__all__ = ["Currents", "cell_deck", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Currents:
    """What a measurement gives.

    current : into the columns, (conductances, rows, columns) [A].
    leakage : row current less all column currents, (rows,) [A]; where the row is a gate, what it
        draws.
    """

    current: FloatArray
    leakage: FloatArray


def cell_deck(
    cell: TabulatedCell, column_volt: FloatArray, conductance: FloatArray, options: SpiceOptions
) -> str:
    """Return the deck of one cell for each conductance [S] and column voltage [V]."""
    names = [f"cell_{k}_{j}" for k in range(len(conductance)) for j in range(len(column_volt))]
    columns = [f"col_{name}" for name in names]
    lines = [
        "currents of a unit cell",
        options.line(),
        cell.spice_preamble(),
        "Vrow row 0 DC 0",
        *cell.spice_elements(
            names, ["row"] * len(names), columns, np.repeat(conductance, len(column_volt)).tolist()
        ),
        *(
            f"V{column} {column} 0 DC {spice_number(volt)}"
            for column, volt in zip(columns, np.tile(column_volt, len(conductance)), strict=True)
        ),
    ]
    return "\n".join(lines) + "\n"


def measure(
    cell: TabulatedCell,
    row_volt: FloatArray,
    column_volt: FloatArray,
    conductance: FloatArray,
    *,
    options: SpiceOptions,
    time_limit_second: float | None,
) -> Currents:
    """Return the cell's currents on a grid.

    Parameters
    ----------
    row_volt
        Uniformly spaced [V], at least 2.
    column_volt, conductance
        The other axes of the grid [V], [S].
    options
        Tolerances of the simulator.
    time_limit_second
        Time allowed to the whole sweep [s].

    Raises
    ------
    ModelFileError, ConvergenceError, SimulatorError, SimulatorNotFoundError
        As in :func:`xbar_circuit.spice.run`.
    """
    step = float(row_volt[1] - row_volt[0])
    sources = [
        f"i(Vcol_cell_{k}_{j})" for k in range(len(conductance)) for j in range(len(column_volt))
    ]
    answer = spice.run(
        cell_deck(cell, column_volt, conductance, options),
        spice.Dc(
            source="Vrow",
            start=float(row_volt[0]),
            stop=float(row_volt[-1]) + 0.01 * step,
            step=step,
        ),
        vectors=["i(Vrow)", *sources],
        time_limit_second=time_limit_second,
        **cell.run_settings(),
    )
    into_columns = np.stack([answer[name] for name in sources])
    given = -answer["i(Vrow)"]
    current = into_columns.reshape(len(conductance), len(column_volt), len(row_volt))
    leakage = given - into_columns.sum(axis=0) if cell.loads_row else given
    return Currents(current=current.swapaxes(1, 2), leakage=leakage)
