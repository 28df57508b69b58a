"""The direct method: an elimination that never subtracts.

Best for small linear arrays, and right for any wires, terminals and conductances: what the other
methods fall back on. Compiled, node by node (`Stars`); line by line in NumPy (`Elimination`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import SUM_ERROR, Elimination
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._banded import Stars, can_eliminate, layout
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.hierarchical import multiplied, slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["Direct", "PreparedDirect", "Solved", "refuse_large"]

_BYTES_AT_ONCE = 1 << 28
_MOST_BYTES = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """Elimination line by line, linear cells.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> float(xc.nodal.read(xbar, [1.3], method=Direct()).column_current[0, 0])
    0.1
    """

    def prepare(self, crossbar: Crossbar) -> PreparedDirect:
        """Return the array ready for reads; it is eliminated at the first one.

        Parameters
        ----------
        crossbar
            The array, of linear cells.

        Returns
        -------
        PreparedDirect
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            The cells are not linear, or the factors of so large an array would take over 4 GiB.
        """
        refuse_nonlinear(crossbar, "nodal.Direct")
        refuse_large(crossbar, "nodal.Direct")
        return PreparedDirect(crossbar)


class PreparedDirect:
    """A linear crossbar with the factors of its elimination."""

    def __init__(self, crossbar: Crossbar) -> None:
        self._crossbar = crossbar

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    @cached_property
    def _factors(self) -> Elimination:
        device = slopes(self._crossbar)[np.newaxis]
        return Elimination(self._crossbar, device, device)

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Column currents from the transfer matrix; node voltages are solved for on first use.
        """
        clean = checks.read_volts("volts", volts, self._crossbar.rows)

        def nodes() -> NodeVoltages:
            solved = self.solve(clean)
            return NodeVoltages(row=solved.row, column=solved.column)

        return multiplied(
            self._crossbar, clean, self.transfer(), nodes=nodes, engine="nodal: direct elimination"
        )

    @property
    def _by_nodes(self) -> bool:
        """Whether the elimination goes node by node."""
        bar = self._crossbar
        apply = bar.cell.loads_row and not bar.wires.uneven
        return apply and can_eliminate(bar.conductance.size)

    @cached_property
    def _stars(self) -> Stars | None:
        """The elimination node by node, None where it does not apply: then it goes by lines."""
        bar = self._crossbar
        if not self._by_nodes:
            return None
        return Stars(layout(bar.shape, bar.wires, bar.terminals), slopes(bar)[np.newaxis])

    @cached_property
    def _transfer(self) -> FloatArray:
        bar = self._crossbar
        if self._by_nodes:
            known = self.__dict__.get("_stars")
            plan = layout(bar.shape, bar.wires, bar.terminals)
            stars = known or Stars(plan, slopes(bar)[np.newaxis], keep=False)
            whole: FloatArray = stars.transfer[0]
            return whole
        rows = bar.rows
        with threads(), np.errstate(over="ignore", invalid="ignore"):
            transfer = self._factors.solve(np.eye(rows)[np.newaxis]).current[0].T
        return np.ascontiguousarray(transfer)

    def transfer(self) -> FloatArray:
        """Return the transfer matrix; see `Prepared.transfer`.

        Returns
        -------
        array
            (rows, cols) [S], read-only.
        """
        self._transfer.flags.writeable = False
        return self._transfer

    def solve(self, volts: FloatArray) -> Solved:
        """Return node voltages and currents of every sample.

        Parameters
        ----------
        volts
            (batch, rows) [V], float64.

        Returns
        -------
        Solved
            Voltages (batch, rows, cols) [V] and currents (batch, cols) [A], all converged.
        """
        solved = Solved.empty(self._crossbar, len(volts))
        stars = self._stars if can_eliminate(solved.row.size) else None
        if stars is not None:
            solved.row, solved.column = stars.voltages(volts)
            solved.current, solved.scale = volts @ self.transfer(), np.abs(volts) @ self.transfer()
            solved.error = SUM_ERROR * solved.scale
            solved.converged[:] = True
            return solved
        step = max(1, _BYTES_AT_ONCE // (64 * self._crossbar.conductance.size))
        with threads(), np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(volts), step):
                part = slice(start, start + step)
                drive = volts[part]
                signed = bool((drive < 0.0).any())
                vectors = np.concatenate([drive, np.abs(drive)]) if signed else drive
                found = self._factors.solve(vectors.T[np.newaxis])
                count = len(drive)
                solved.row[part] = np.moveaxis(found.row[0, ..., :count], -1, 0)
                solved.column[part] = np.moveaxis(found.column[0, ..., :count], -1, 0)
                solved.current[part] = found.current[0, :, :count].T
                solved.scale[part] = found.current[0, :, -count:].T
        solved.error[:] = SUM_ERROR * solved.scale
        solved.converged[:] = True
        return solved


@dataclass(slots=True)
class Solved:
    """What a method found for a batch; the numbers of failed samples mean nothing.

    row, column : node voltages (batch, rows, cols) [V].
    current, error, scale : column currents, the bound on their error, their full scale
        (batch, cols) [A].
    iterations, converged : of each sample (batch,).
    """

    row: FloatArray
    column: FloatArray
    current: FloatArray
    error: FloatArray
    scale: FloatArray
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]

    @classmethod
    def empty(cls, crossbar: Crossbar, batch: int) -> Solved:
        """Return arrays for a batch, still without an answer.

        Parameters
        ----------
        crossbar
            Gives the number of rows and columns.
        batch
            How many samples.

        Returns
        -------
        Solved
            All values NaN, no sample converged.
        """
        cells, columns = (batch, *crossbar.shape), (batch, crossbar.cols)
        return cls(
            row=np.full(cells, np.nan),
            column=np.full(cells, np.nan),
            current=np.full(columns, np.nan),
            error=np.full(columns, np.nan),
            scale=np.full(columns, np.nan),
            iterations=np.zeros(batch, dtype=np.int64),
            converged=np.zeros(batch, dtype=bool),
        )

    def replace(self, samples: NDArray[np.int64], other: Solved) -> None:
        """Take some samples from another solution, in place; their iterations are added.

        Parameters
        ----------
        samples
            Indices of the samples (some,).
        other
            The solution of these samples alone, in the same order.
        """
        for name in ("row", "column", "current", "error", "scale", "converged"):
            getattr(self, name)[samples] = getattr(other, name)
        self.iterations[samples] += other.iterations


def factor_bytes(crossbar: Crossbar) -> int:
    """Return what the factors of one sample take [bytes]."""
    rows, cols = crossbar.shape
    return 16 * rows * cols * min(rows, cols)


def refuse_large(crossbar: Crossbar, asked: str) -> None:
    """Raise if the factors would not fit into 4 GiB.

    Raises
    ------
    ParameterError
        They would not.
    """
    rows, cols = crossbar.shape
    if factor_bytes(crossbar) > _MOST_BYTES:
        raise ParameterError.about(
            "crossbar",
            got=f"{rows} x {cols} cells",
            expected=f"at most 640 x 640 or so for {asked}, whose memory grows with the third power"
            " of the size",
            remedy="use nodal.Hierarchical() for linear cells, nodal.NewtonKrylov() for others",
        )
