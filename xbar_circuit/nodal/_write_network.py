"""The wires and drivers of a write as a sparse network, whose cells change from step to step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, gmres

from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import segment_ohm
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.nodal._grid import Grid, laplacian
from xbar_circuit.nodal.sparse import Factors, factorise
from xbar_circuit.peripherals.drivers.write_lines import WriteLines
from xbar_circuit.wires import Terminals

__all__ = ["WriteNetwork"]

_ALWAYS = 8_000  # unknowns: up to here a new factorisation costs less than it spares
_EXACT = 1e-10  # of a linear solve, relative; the steps' own errors are 1e-3
_ITERATIONS = 12  # of GMRES, before the matrix is factorised anew


class WriteNetwork:
    """``G z + E I = D s``: the currents that leave the nodes, and those that drivers inject.

    Attributes
    ----------
    unknowns
        How many nodes there are.
    row, column
        Node of each live cell on its word and bit line (cells,).
    factorisations
        How many there were.
    """

    def __init__(self, crossbar: Crossbar, lines: WriteLines) -> None:
        wires = crossbar.wires
        # with 1 ohm at the ends, no node is held; the ends proper are put in below
        ends = Terminals(left_ohm=1.0, bottom_ohm=1.0)
        grid = Grid.of(replace(crossbar, terminals=ends))
        self.unknowns = n = grid.unknowns
        there = crossbar.conductance > 0.0
        self.row, self.column = grid.row_node[there], grid.column_node[there]
        inner = [part for part in grid.branches if not (part[1] >= n).any()]
        self._ends = np.concatenate([grid.row_node[:, 0], grid.column_node[-1]])
        leads = (
            segment_ohm("wires.row_lead_ohm", wires.row_lead, lines.row_ohm.shape),
            segment_ohm("wires.column_lead_ohm", wires.column_lead, lines.column_ohm.shape),
        )
        ohm = np.concatenate([lines.row_ohm + leads[0], lines.column_ohm + leads[1]])
        if (ohm == 0.0).any():
            raise ParameterError.about(
                "lines",
                got="a line that is held without any resistance",
                expected="a driver or a lead above 0 ohm for each line",
                remedy="give the pulse a load_ohm, or the wires a lead",
            )
        self._end_siemens = 1.0 / ohm
        outer = sparse.csr_array((self._end_siemens, (self._ends, self._ends)), shape=(n, n))
        self._wires = sparse.csr_array(laplacian(inner, n) + outer)
        self._matrix = self._wires
        self._factors: Factors | None = None
        self._fresh = False
        self.factorisations = 0
        first = np.concatenate([self.row, self.row, self.column, self.column])
        second = np.concatenate([self.row, self.column, self.row, self.column])
        self._places = first, second

    def inject(self, drive: FloatArray) -> FloatArray:
        """Return what the drivers' voltages inject into the nodes (unknowns,) [A]."""
        into = np.bincount(self._ends, self._end_siemens * drive, minlength=self.unknowns)
        return np.asarray(into, dtype=np.float64)

    def collect(self, current: FloatArray) -> FloatArray:
        """Return what the cells' currents take from the nodes (unknowns,) [A]."""
        n = self.unknowns
        leaving = np.bincount(self.row, current, minlength=n)
        return np.asarray(leaving - np.bincount(self.column, current, minlength=n))

    def imbalance(self, z: FloatArray, current: FloatArray, drive: FloatArray) -> FloatArray:
        """Return what flows into each node and does not leave it (unknowns,) [A]."""
        return np.asarray(self.inject(drive) - self._wires @ z - self.collect(current))

    def driver_ampere(self, z: FloatArray, drive: FloatArray) -> FloatArray:
        """Return the currents of the drivers, word lines first (rows + cols,) [A]."""
        return np.asarray(self._end_siemens * (drive - z[self._ends]))

    def load(self, a: FloatArray, b: FloatArray) -> None:
        """Put straight lines ``a u - b w`` in place of the live cells; slopes (cells,) [S]."""
        value = np.concatenate([a, -b, -a, b])
        shape = (self.unknowns, self.unknowns)
        cells = sparse.csr_array(sparse.coo_array((value, self._places), shape=shape))
        self._matrix = sparse.csr_array(self._wires + cells)
        self._fresh = False
        if self.unknowns <= _ALWAYS or self._factors is None:
            self._factor()

    def _factor(self) -> Factors:
        """Factorise the present matrix; return its factors.

        Raises
        ------
        ConvergenceError
            It is singular.
        """
        try:
            factors = factorise(sparse.csc_array(self._matrix))
        except RuntimeError:
            raise ConvergenceError(
                "write: got a singular network, expected every line to be driven or loaded;"
                " a floating line whose devices are all open has no voltage"
            ) from None
        if factors is None:
            raise ConvergenceError("write: got no unknown node, expected at least one")
        self._factors, self._fresh = factors, True
        self.factorisations += 1
        return factors

    def solve(self, right: FloatArray) -> NDArray[np.float64]:
        """Return the voltages for injected currents (unknowns,)."""
        factors = self._factors
        if factors is None:
            factors = self._factor()
        elif not self._fresh:
            shape = (self.unknowns, self.unknowns)
            found, failed = gmres(
                self._matrix,
                right,
                x0=factors.solve(right),
                rtol=_EXACT,
                atol=0.0,
                restart=_ITERATIONS,
                maxiter=1,
                M=LinearOperator(shape, matvec=factors.solve, dtype=np.float64),
            )
            if not failed:
                return np.asarray(found)
            factors = self._factor()
        return factors.solve(right)
