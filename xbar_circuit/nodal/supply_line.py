"""Gate-driven cells on supply lines with resistance: Newton's method on both wires' nodes.

Gates carry no current, so the unknowns are the nodes of the supply lines and of the bit lines. A
cell carries I(gate, s, c) from its supply node s to its column node c, with a = dI/ds and
b = -dI/dc, both never negative. The Jacobian ::

    [ L_s + a    -b     ]
    [  -a       L_c + b ]

(L: the conductances of the wires) is an M-matrix, as each of its columns sums to what leaves
through the terminals: its inverse has no negative entry, so that the currents r that Kirchhoff's
law leaves over bound the error of all voltages by ``inverse |r|`` to first order. A step that
raises the residual is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import segment_ohm
from xbar_circuit.cells import OnSupplyLine
from xbar_circuit.cells.memory_transistor import SUPPLY
from xbar_circuit.certificate import SUM_ERROR, certified
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist.names import column_nodes
from xbar_circuit.netlist.terminals import senses
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["PreparedSupplyLine", "SupplyLineNewton"]

_STEPS = 100
_HALVINGS = 40
_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLineNewton:
    """Newton on supply and bit lines, with sparse factors.

    Parameters
    ----------
    tolerance
        Change of the column currents to reach, relative to each.

    Raises
    ------
    ParameterError
        It is out of range.
    """

    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)

    def prepare(self, crossbar: Crossbar) -> PreparedSupplyLine:
        """Return the array ready for reads.

        Parameters
        ----------
        crossbar
            The array, whose cells are on a supply line, see `cells.OnSupplyLine`.

        Returns
        -------
        PreparedSupplyLine
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            Its cells are not on a supply line.
        """
        return PreparedSupplyLine(crossbar, self)


class PreparedSupplyLine:
    """A crossbar with supply lines, ready for reads."""

    def __init__(self, crossbar: Crossbar, method: SupplyLineNewton) -> None:
        cell = crossbar.cell
        if not isinstance(cell, OnSupplyLine):
            raise ParameterError.about(
                "cell",
                got=repr(cell),
                expected="cells on a supply line, xc.cells.OnSupplyLine",
                remedy="leave method= out",
            )
        self._crossbar, self._method, self._cell = crossbar, method, cell
        rows, cols = crossbar.shape
        supply, column = cell.supply_nodes(crossbar.shape), column_nodes(crossbar)
        held = {SUPPLY: cell.drive_volt}
        resistors = [(a, b, ohm) for _, a, b, ohm in cell.resistors(crossbar.shape)]
        if crossbar.wires.column_ohm != 0.0:
            ohm = segment_ohm("wires.column_ohm", crossbar.wires.column_ohm, (rows - 1, cols))
            resistors += [
                (column[i][j], column[i + 1][j], float(ohm[i, j]))
                for i in range(rows - 1)
                for j in range(cols)
                if np.isfinite(ohm[i, j])
            ]
        for end in senses(crossbar):
            held[end.source_node] = 0.0
            if (parts := end.resistor()) is not None:
                resistors.append((parts[1], parts[2], parts[3]))
        names = dict.fromkeys([n for line in (*supply, *column) for n in line])
        names |= dict.fromkeys([n for a, b, _ in resistors for n in (a, b)])
        number = {name: k for k, name in enumerate(names)}
        size = len(number)
        self._supply, self._column = (
            np.array([[number[name] for name in line] for line in nodes])
            for nodes in (supply, column)
        )
        first = np.array([number[one] for one, _, _ in resistors], dtype=np.int64)
        second = np.array([number[two] for _, two, _ in resistors], dtype=np.int64)
        siemens = np.array([1.0 / r[2] for r in resistors])
        self._wires = csc_matrix(
            coo_matrix(
                (
                    np.concatenate([siemens, siemens, -siemens, -siemens]),
                    (
                        np.concatenate([first, second, first, second]),
                        np.concatenate([first, second, second, first]),
                    ),
                ),
                shape=(size, size),
            )
        )
        self._branches = first, second, siemens
        self._start = np.zeros(size)
        self._start[np.unique(self._supply)] = cell.drive_volt
        fixed = np.zeros(size, dtype=bool)
        for name, volt in held.items():
            if name in number:
                fixed[number[name]], self._start[number[name]] = True, volt
        if cell.common_node in number:
            self._start[number[cell.common_node]] = cell.drive_volt
        self._free = np.flatnonzero(~fixed)
        self._there = crossbar.conductance > 0.0

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def transfer(self) -> NoReturn:
        """Refuse: cells on a supply line are nonlinear and have no transfer matrix.

        Raises
        ------
        ParameterError
            Always.
        """
        refuse_nonlinear(self._crossbar, "transfer()")
        raise AssertionError  # pragma: no cover  the cells are never linear

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            Voltages of the gates (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Voltages of supply and bit lines, device currents, and the number of iterations.

        Raises
        ------
        ConvergenceError
            Some samples have not converged; it carries the others' results.
        """
        bar = self._crossbar
        batch = checks.read_volts("volts", volts, bar.rows)
        whole = (len(batch), *bar.shape)
        supply, column, device = np.empty(whole), np.empty(whole), np.empty(whole)
        error = np.empty((len(batch), bar.cols))
        steps, good = np.zeros(len(batch), dtype=np.int64), np.zeros(len(batch), dtype=bool)
        for k, values in enumerate(batch):
            gates = np.broadcast_to(values[:, np.newaxis], bar.shape)
            at, steps[k], good[k], error[k] = self._solve(gates)
            supply[k], column[k] = at[self._supply], at[self._column]
            device[k] = self._cells(gates, at)[0]
        gates = np.broadcast_to(batch[:, :, np.newaxis], whole)
        if good.any():
            self._cell.refuse_beyond_supply(gates[good], supply[good], column[good])
        current = device.sum(axis=1)
        scale = np.abs(device).sum(axis=1)
        error += SUM_ERROR * scale
        for part in (supply, column, device, current, error):
            part[~good] = np.nan
        result = ReadResult(
            crossbar=bar,
            volts=batch,
            column_current=current,
            column_current_error=error,
            nodes=NodeVoltages(row=gates, column=column, device_current=device, supply=supply),
            engine="nodal: Newton on supply and bit lines",
            iterations=steps,
            converged=good,
        )
        if not good.all():
            failed = np.flatnonzero(~good).tolist()
            raise ConvergenceError(
                f"volts: got {len(failed)} of {len(batch)} samples that did not converge (samples"
                f" {failed[:8]}), expected a solution; lower the voltages",
                failed=failed,
                result=result,
            )
        return certified(result, scale=scale)

    def _cells(self, gates: FloatArray, at: FloatArray) -> tuple[FloatArray, ...]:
        """Return the cells' currents [A], a and b [S], 0 where open."""
        current, _, to_column, to_supply = self._cell.supplied(
            gates, at[self._supply], at[self._column], self._crossbar.conductance
        )
        parts = current, np.maximum(to_supply, 0.0), np.maximum(-to_column, 0.0)
        return tuple(np.where(self._there, part, 0.0) for part in parts)

    def _left_over(self, gates: FloatArray, at: FloatArray) -> tuple[FloatArray, Any]:
        """Return the current that each free node gives away [A], and the cells."""
        cells = self._cells(gates, at)
        first, second, siemens = self._branches
        flow = siemens * (at[first] - at[second])
        left: Any = np.bincount(first, flow, len(at)) - np.bincount(second, flow, len(at))
        np.add.at(left, self._supply, cells[0])
        np.subtract.at(left, self._column, cells[0])
        return left[self._free], cells

    def _solve(self, gates: FloatArray) -> tuple[FloatArray, int, bool, FloatArray]:
        """Return all voltages, the steps, whether they converged, and the columns' error bounds."""
        at = self._start.copy()
        left, cells = self._left_over(gates, at)
        before = np.full(self._crossbar.cols, np.nan)
        for step in range(1, _STEPS + 1):
            factors = self._factors(cells)
            move = np.zeros(len(at))
            if self._free.size:
                move[self._free] = factors.solve(-left)
            size, share = np.abs(left).sum(), 1.0
            for _ in range(_HALVINGS):
                new = at + share * move
                left_new, cells_new = self._left_over(gates, new)
                if np.abs(left_new).sum() <= size or share * np.abs(move).max() < 1e-13:
                    break
                share *= 0.5
            at, left, cells = new, left_new, cells_new
            current = cells[0].sum(axis=0)
            change = np.abs(current - before)
            before = current
            most = np.abs(cells[0]).sum(axis=0)
            if share == 1.0 and (change <= self._method.tolerance * most).all():
                return at, step, True, self._bound(at, left, cells) + change
        return at, _STEPS, False, np.full(self._crossbar.cols, np.nan)

    def _factors(self, cells: Any) -> Any:
        _, a, b = cells
        s, c = self._supply.ravel(), self._column.ravel()
        a, b = a.ravel(), b.ravel()
        size = self._wires.shape[0]
        own = coo_matrix(
            (
                np.concatenate([a, -b, -a, b]),
                (np.concatenate([s, s, c, c]), np.concatenate([s, c, s, c])),
            ),
            shape=(size, size),
        )
        whole = csc_matrix(self._wires + own)[self._free][:, self._free]
        return splu(csc_matrix(whole)) if self._free.size else None

    def _bound(self, at: FloatArray, left: FloatArray, cells: Any) -> FloatArray:
        """Return how far each column's current may be off for what Kirchhoff's law leaves over."""
        first, second, siemens = self._branches
        rounded = _ROUNDING * siemens * np.maximum(np.abs(at[first]), np.abs(at[second]))
        size = np.bincount(first, rounded, len(at)) + np.bincount(second, rounded, len(at))
        moved = np.zeros(len(at))
        if self._free.size:  # what is left over, and what its own rounding may hide of it
            rest = np.abs(left) + size[self._free]
            moved[self._free] = np.abs(self._factors(cells).solve(rest))
        _, a, b = cells
        rounding = _ROUNDING * (a * np.abs(at[self._supply]) + b * np.abs(at[self._column]))
        return np.asarray(
            (a * moved[self._supply] + b * moved[self._column] + rounding).sum(axis=0)
        )
