"""The dense method: the currents of all devices from one small matrix.

The wires are known in closed form (`Lines`), so the currents f of linear cells obey

    ``f = D (V - Z f)``,   ``Z i = K_c i + i K_r``,

one equation a cell. Up to a hundred cells or so, writing this matrix down and solving it takes less
time than any cleverness. What is not certain (`wire_bound`) is solved anew by `Direct`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lapack

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, Cells, certified, wire_bound
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.direct import Direct
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["DenseDirect", "PreparedDense"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseDirect:
    """One dense matrix of rows * cols equations; best for the smallest linear arrays.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> float(xc.nodal.read(xbar, [1.3], method=DenseDirect()).column_current[0, 0])
    0.1
    """

    def prepare(self, crossbar: Crossbar) -> PreparedDense:
        """Return the array ready for reads; see :class:`PreparedDense`.

        Raises
        ------
        ParameterError
            The cells are not linear.
        """
        refuse_nonlinear(crossbar, "nodal.DenseDirect")
        return PreparedDense(crossbar)


class PreparedDense:
    """A small linear crossbar as one matrix."""

    def __init__(self, crossbar: Crossbar) -> None:
        self._crossbar = crossbar
        self._lines = Lines.of(crossbar)

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    @cached_property
    def _factors(self) -> tuple[FloatArray, NDArray[np.int32]]:
        """LU factors and pivots of ``1 + D Z``."""
        rows, cols = self._crossbar.shape
        matrix = np.zeros((rows, cols, rows, cols))
        across, along = np.arange(cols), np.arange(rows)
        matrix[:, across, :, across] = self._lines.column.matrix
        if self._crossbar.cell.loads_row:
            matrix[along, :, along, :] += self._lines.row.matrix
        matrix *= slopes(self._crossbar)[:, :, np.newaxis, np.newaxis]
        matrix.reshape(-1)[:: rows * cols + 1] += 1.0
        factors, pivots, _ = lapack.dgetrf(matrix.reshape(rows * cols, -1))
        return factors, pivots

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs (batch, rows) or (rows,) [V]; see `Prepared.read`."""
        bar, lines = self._crossbar, self._lines
        clean = checks.read_volts("volts", volts, bar.rows)
        cells = bar.conductance.size
        device = slopes(bar)
        through = np.multiply(clean[:, :, np.newaxis], device, order="C")
        with threads(), np.errstate(over="ignore", invalid="ignore"):
            factors, pivots = self._factors
            for sample in through.reshape(len(clean), cells):
                sample[:] = lapack.dgetrs(factors, pivots, sample)[0]
            row = np.array(np.broadcast_to(clean[:, :, np.newaxis], through.shape))
            if bar.cell.loads_row:
                row -= lines.row.drop_along(through)
            column = lines.column.drop_across(through)
            drop = row - column
            current = device * drop
            slope = np.broadcast_to(device, current.shape)
            error, scale = wire_bound(
                bar, clean, Cells(current, current - through, drop, slope, slope)
            )
        total = current.sum(axis=1)
        unsure = np.flatnonzero(~(error <= TOLERANCE * scale).all(axis=1))
        if unsure.size:
            other = Direct().prepare(bar).solve(clean[unsure])
            row[unsure], column[unsure], total[unsure] = other.row, other.column, other.current
            error[unsure], scale[unsure] = other.error, other.scale
        return certified(
            ReadResult(
                crossbar=bar,
                volts=clean,
                column_current=total,
                column_current_error=error,
                nodes=NodeVoltages(row=row, column=column),
                engine="nodal: dense",
            ),
            scale=scale,
        )

    def transfer(self) -> FloatArray:
        """Return the transfer matrix (rows, cols) [S]; see `Prepared.transfer`."""
        return self.read(np.eye(self._crossbar.rows)).column_current
