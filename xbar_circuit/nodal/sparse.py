"""The sparse direct method: one LU factorisation of the whole array, then one solve an input.

The plainest exact method, and the one the others are measured against. The conductance matrix of
an array is a symmetric M-matrix, so minimum-degree ordering on its own graph with diagonal pivots
is stable and fills in least (X. S. Li, ACM Trans. Math. Softw. 31, 302, 2005: SuperLU's symmetric
mode). One step of iterative refinement follows each solve.

Conductances far apart lose their digits in the diagonal before any factorisation sees them. So the
bound on the error (`wire_bound`) decides, and what is not certain is solved anew by `Direct`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, Cells, certified, wire_bound
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal._grid import Grid
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.direct import Direct, Solved
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["Factors", "PreparedSparse", "SparseDirect", "factorise", "with_cells"]

_CHUNK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseDirect:
    """SuperLU on the whole array of a linear crossbar, any wires and terminals.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> float(xc.nodal.read(xbar, [1.3], method=SparseDirect()).column_current[0, 0])
    0.1
    """

    def prepare(self, crossbar: Crossbar) -> PreparedSparse:
        """Factorise the array's nodal equations.

        Parameters
        ----------
        crossbar
            The array, of linear cells.

        Returns
        -------
        PreparedSparse
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            The cells are not linear.
        """
        refuse_nonlinear(crossbar, "nodal.SparseDirect")
        return PreparedSparse(crossbar)


class PreparedSparse:
    """A linear crossbar with its LU factors."""

    def __init__(self, crossbar: Crossbar) -> None:
        self._crossbar = crossbar
        self._grid = Grid.of(crossbar)
        self._lines = Lines.of(crossbar)
        slope = slopes(crossbar)
        self._matrix, self._drive = with_cells(
            self._grid, slope, -slope, loads_row=crossbar.cell.loads_row
        )

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    @cached_property
    def _factors(self) -> Factors | None:
        return factorise(self._matrix)

    def _solve(self, volts: FloatArray) -> FloatArray:
        """Return the unknown voltages (batch, unknowns) [V], NaN where they cannot be found."""
        drive = self._drive @ volts.T
        try:
            factors = self._factors
        except RuntimeError:  # a conductance was lost in rounding
            return np.full((volts.shape[0], drive.shape[0]), np.nan)
        if factors is None:
            return np.zeros((volts.shape[0], 0))
        solution = factors.solve(drive)
        solution += factors.solve(drive - self._matrix @ solution)
        return np.ascontiguousarray(solution.T)

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Node voltages and currents; a sample that cannot be certified is solved by `Direct`
            instead.
        """
        bar = self._crossbar
        clean = checks.read_volts("volts", volts, bar.rows)
        solved = Solved.empty(bar, len(clean))
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, len(clean), _CHUNK):
                self._some(clean[start : start + _CHUNK], solved, slice(start, start + _CHUNK))
        unsure = np.flatnonzero(~solved.converged)
        if unsure.size:
            solved.replace(unsure, Direct().prepare(bar).solve(clean[unsure]))
        return certified(
            ReadResult(
                crossbar=bar,
                volts=clean,
                column_current=solved.current,
                column_current_error=solved.error,
                nodes=NodeVoltages(row=solved.row, column=solved.column),
                engine="nodal: sparse direct",
            ),
            scale=solved.scale,
        )

    def _some(self, volts: FloatArray, solved: Solved, part: slice) -> None:
        """Solve some samples, in place; what is not certain has not converged."""
        bar, grid, device = self._crossbar, self._grid, slopes(self._crossbar)
        every = grid.everywhere(self._solve(volts), volts)
        row, column = every[:, grid.row_node], every[:, grid.column_node]
        current = device * (row - column)
        whole = np.broadcast_to(volts[:, :, np.newaxis], current.shape)
        drop = whole - self._lines.drop(current, loads_row=bar.cell.loads_row)
        again = device * drop
        slope = np.broadcast_to(device, current.shape)
        solved.row[part], solved.column[part] = row, column
        solved.current[part] = current.sum(axis=1)
        solved.error[part], solved.scale[part] = wire_bound(
            bar, volts, Cells(again, again - current, drop, slope, slope)
        )
        sure = solved.error[part] <= TOLERANCE * solved.scale[part]
        solved.converged[part] = sure.all(axis=1)

    def transfer(self) -> FloatArray:
        """Return the transfer matrix, found by a read for each row; see `Prepared.transfer`.

        Returns
        -------
        array
            (rows, cols) [S].
        """
        unit = np.eye(self._crossbar.rows)
        return np.concatenate(
            [
                self.read(unit[start : start + _CHUNK]).column_current
                for start in range(0, len(unit), _CHUNK)
            ]
        )


def with_cells(
    grid: Grid, row_slope: FloatArray, column_slope: FloatArray, *, loads_row: bool
) -> tuple[sparse.csc_array, sparse.csr_array]:
    """Return the Jacobian of the unknowns' KCL and the drive, with cells of the given slopes [S].

    `row_slope`, `column_slope` : derivatives of each cell's current (rows, cols), 0 where open.
    """
    row, column = grid.row_node.ravel(), grid.column_node.ravel()
    to_row, to_column = row_slope.ravel(), column_slope.ravel()
    equation = [column, column]
    unknown = [row, column]
    value = [-to_row, -to_column]
    if loads_row:
        equation += [row, row]
        unknown += [row, column]
        value += [to_row, to_column]
    n, rows = grid.unknowns, grid.row_node.shape[0]
    size = grid.size
    where = (np.concatenate(equation), np.concatenate(unknown))
    cells = sparse.csr_array(sparse.coo_array((np.concatenate(value), where), shape=(size, size)))
    matrix = sparse.csc_array(grid.wires + cells[:n, :n])
    drive = sparse.csr_array(grid.drive - cells[:n, n : n + rows])
    return matrix, drive


class Factors:
    """LU factors of a sparse matrix, real or complex."""

    def __init__(self, factors: SuperLU) -> None:
        self._factors = factors

    def solve(self, right: NDArray[Any]) -> NDArray[Any]:
        """Return the solution of the factorised equations.

        Parameters
        ----------
        right
            Right-hand sides (unknowns,) or (unknowns, vectors).

        Returns
        -------
        array
            Of the same shape.
        """
        with threads():
            return np.asarray(self._factors.solve(right))


def factorise(matrix: sparse.csc_array) -> Factors | None:
    """Return the LU factors, or None where there is nothing to solve.

    Raises
    ------
    RuntimeError
        The matrix is singular: a node without any connection.
    """
    if matrix.shape[0] == 0:
        return None
    with threads():
        factors = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.01,
            options={"SymmetricMode": True},
        )
    return Factors(factors)
