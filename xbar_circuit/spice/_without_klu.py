"""Operating points that KLU spoils: found by Kirchhoff's law, solved again by SPARSE 1.3.

ngspice calls a point converged when Newton's last step is small. Where KLU factors a matrix badly,
its steps are small and wrong alike, and the answer is far from a solution: 4 x 5 cells of a PCM
device and a transistor of cmos45.lib with other pscbe1 and pscbe2 at 85 C, KCL broken by half of
the largest current, no word from ngspice 46. Cells whose law the fast engine knows exactly are
judged by their error bound; a table is too coarse for that, but tells such an answer from a
solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import current_residual
from xbar_circuit.cells.tabulated import TabulatedCell, cell_parts
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell
from xbar_circuit.errors import ConvergenceError

__all__ = ["redo_without_klu"]

_DOUBTFUL = 0.05  # of the largest branch current: no table is as wrong as this
_EQUAL = 1e-6  # two solvers' answers: then it is the table that is wrong

Fields = dict[str, FloatArray]


def redo_without_klu(
    crossbar: Crossbar,
    batch: FloatArray,
    solved: Fields,
    sweep: Callable[[FloatArray], Mapping[str, FloatArray]],
    *,
    failed: NDArray[np.bool_],
) -> dict[int, ConvergenceError]:
    """Solve again what breaks Kirchhoff's law, and put it into `solved`.

    Parameters
    ----------
    crossbar
        Its cells have tables, or their currents were measured.
    batch
        Inputs (batch, rows) [V].
    solved
        Currents and node voltages by name, from KLU; changed in place.
    sweep
        Solves inputs with SPARSE 1.3.
    failed
        Samples without an answer (batch,), left alone.

    Returns
    -------
    dict
        What went wrong, by sample, where no solver has an answer that can be believed.
    """
    if not _has_law(crossbar.cell) and "device" not in solved:
        return {}
    doubtful = np.flatnonzero(~(_residual(crossbar, batch, solved) <= _DOUBTFUL) & ~failed)
    wrong: dict[int, ConvergenceError] = {}
    for sample in doubtful.tolist():
        one = batch[sample : sample + 1]
        try:
            found = sweep(one)
        except ConvergenceError as error:
            wrong[sample] = error
            continue
        before = solved["column_current"][sample].copy()
        for name, values in found.items():
            solved[name][sample] = values[0]
        largest = np.abs(before).max()
        same = np.abs(found["column_current"][0] - before).max() <= _EQUAL * largest
        residual = float(_residual(crossbar, one, dict(found))[0])
        if residual > _DOUBTFUL and not same:
            wrong[sample] = ConvergenceError(
                f"ngspice's answer breaks Kirchhoff's current law by {residual:.2g} of the largest"
                " current, with KLU and with SPARSE 1.3"
            )
    return wrong


def _has_law(cell: Cell) -> bool:
    """Whether the cell's current can be told from its voltages."""
    return all(
        part.table is not None for part in cell_parts(cell) if isinstance(part, TabulatedCell)
    )


def _residual(crossbar: Crossbar, batch: FloatArray, solved: Fields) -> FloatArray:
    """Return the largest KCL error of each sample, relative to its largest current (batch,)."""
    row, column = solved["row"], solved["column"]
    current = solved.get("device")
    if current is None:
        law = crossbar.cell.respond(row, column, crossbar.conductance).current
        current = np.where(crossbar.conductance > 0.0, law, 0.0)
    return current_residual(
        crossbar,
        batch,
        row_voltage=row,
        column_voltage=column,
        device_current=current,
        column_current=solved["column_current"],
    )
