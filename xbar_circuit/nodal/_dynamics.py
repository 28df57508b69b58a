"""The array as a dynamic system: conductances, capacitances, drivers and what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._grid import Grid, laplacian
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.waveform import Waveform

__all__ = ["DynamicSolution", "Dynamics", "Record"]


class DynamicSolution(Protocol):
    """What a method leaves: outputs at any time and over any span; see `Dynamics.outputs`."""

    @property
    def time_second(self) -> FloatArray:
        """The times that the method reports (points,) [s]."""
        ...

    @property
    def work(self) -> str:
        """What was done, for people."""
        ...

    def outputs(self, time: FloatArray) -> FloatArray:
        """Return the outputs at some times (times, outputs)."""
        ...

    def moments(self, begin: FloatArray, length: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ``int y dt`` and ``int t y dt`` over straight parts of the inputs.

        Of the outputs (spans, outputs); t counts from the beginning of each span.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """What a transient leaves: voltages and currents over time, as in `TransientResult`."""

    time_second: FloatArray
    column_current: FloatArray
    row_current: FloatArray
    row_voltage: FloatArray
    column_voltage: FloatArray


class Dynamics:
    """``C dv/dt = drive V(t) - own v`` for the unknown nodes, and the currents at the held ones.

    Attributes
    ----------
    unknowns
        How many unknown voltages there are.
    own, drive
        Conductances among the unknowns and from the drivers [S].
    mass
        Capacitances of the unknowns (unknowns,) [F].
    currents
        Which outputs are the currents of the drivers and of the columns.
    """

    def __init__(
        self, crossbar: Crossbar, waveform: Waveform, watch: Sequence[tuple[int, int]]
    ) -> None:
        grid = Grid.of(crossbar)
        self.waveform = waveform
        self._rows = crossbar.rows
        self.unknowns = n = grid.unknowns
        devices = (grid.row_node, grid.column_node, slopes(crossbar))
        whole = laplacian([*grid.branches, devices], grid.size)
        capacitance = np.zeros(grid.size)
        np.add.at(capacitance, grid.row_node, crossbar.wires.row_farad)
        np.add.at(capacitance, grid.column_node, crossbar.wires.column_farad)
        self.mass = capacitance[:n]
        self._driver_farad = capacitance[n : n + crossbar.rows]
        self.own = sparse.csc_array(whole[:n, :n]) + _alone(whole, n)
        self.drive = sparse.csr_array(-whole[:n, n : n + crossbar.rows])
        self._held = sparse.csr_array(whole[n:])
        self._differences = _scaled_differences([*grid.branches, devices], n)
        self._watched = _watched_nodes(grid, watch)
        self.currents = slice(0, crossbar.rows), slice(crossbar.rows, sum(crossbar.shape))

    def outputs(self, basis: FloatArray | None) -> FloatArray | sparse.csr_array:
        """Return what the states add to the outputs (outputs, states): see `record`.

        `basis` : (unknowns, states), or None where the states are the unknowns' voltages.
        """
        n = self.unknowns
        watched = np.concatenate(self._watched)
        free = np.flatnonzero(watched < n)
        pick = sparse.csr_array(
            (np.ones(len(free)), (free, watched[free])), shape=(len(watched), n)
        )
        matrix = sparse.csr_array(sparse.vstack([self._held[:, :n], pick]))
        return matrix if basis is None else np.asarray(matrix @ basis)

    def direct(self, volts: FloatArray) -> FloatArray:
        """Return what the drivers' voltages add to the held currents (points, rows + cols) [A]."""
        n = self.unknowns
        result: FloatArray = volts @ self._held[:, n : n + self._rows].T
        return result

    def conductance(self, basis: FloatArray) -> FloatArray:
        """Return ``basis.T @ own @ basis`` as a sum of powers in the branches (states, states) [S].

        Squares of voltage differences: where a wire of nanoohms makes two nodes one, the assembled
        matrix would round its 1e9 S against all else, while the squared difference is next to 0.
        """
        parts = self._differences @ basis
        result: FloatArray = parts.T @ parts
        return result

    def driver_siemens(self) -> FloatArray:
        """Return the sum of the conductances at each driver (rows,) [S]."""
        result: FloatArray = np.asarray(abs(self._held[: self._rows, : self.unknowns]).sum(axis=1))
        return result.ravel()

    def settled_current(self, voltage: FloatArray, volts: FloatArray) -> FloatArray:
        """Return the column currents at rest (cols,) [A] for unknown and drivers' voltages."""
        n = self.unknowns
        held = self._held[self._rows :]
        current: FloatArray = held[:, :n] @ voltage + held[:, n : n + self._rows] @ volts
        return -current

    def record(self, time: FloatArray, output: FloatArray) -> Record:
        """Return the record for outputs ``states @ outputs(basis).T`` (points, outputs)."""
        volts, slope = self.waveform.at(time), self.waveform.slope_after(time)
        n, rows = self.unknowns, self._rows
        held = output[:, : self._held.shape[0]] + self.direct(volts)
        watched = output[:, self._held.shape[0] :].copy()
        nodes = np.concatenate(self._watched)
        driven = (nodes >= n) & (nodes < n + rows)
        watched[:, driven] = volts[:, nodes[driven] - n]
        half = len(self._watched[0])
        return Record(
            time_second=time,
            column_current=-held[:, rows:],
            row_current=held[:, :rows] + self._driver_farad * slope,
            row_voltage=watched[:, :half],
            column_voltage=watched[:, half:],
        )

    def energy(self, solution: DynamicSolution, stop: float) -> FloatArray:
        """Return what each row's drivers deliver until `stop` (rows,) [J].

        ``int V I dt`` with V straight in each span, ``V = a + b t``: ``a int I dt + b int t I dt``.
        The capacitance at a driver's own node takes ``C (V_end**2 - V_begin**2) / 2``.
        """
        begin, length = self.waveform.spans(stop)
        start, slope = self.waveform.at(begin), self.waveform.slope_after(begin)
        integral, moment = (part[:, : self._rows] for part in solution.moments(begin, length))
        h = length[:, np.newaxis]
        own = self.direct(start)[:, : self._rows], self.direct(slope)[:, : self._rows]
        integral = integral + own[0] * h + own[1] * h**2 / 2.0
        moment = moment + own[0] * h**2 / 2.0 + own[1] * h**3 / 3.0
        ends = self.waveform.at(np.array([0.0, stop]))
        stored = 0.5 * self._driver_farad * (ends[1] ** 2 - ends[0] ** 2)
        result: FloatArray = (start * integral + slope * moment).sum(axis=0) + stored
        return result


def _alone(whole: sparse.csr_array, unknowns: int) -> sparse.csc_array:
    """Return 1 S to ground at each unknown that nothing joins to what is held.

    Cut off by broken wires, it carries no charge at the beginning and never gets any: it stays at
    0 V, and without this its voltage would be unknown.
    """
    joined = whole.copy()
    joined.eliminate_zeros()
    _, part = connected_components(joined, directed=False)
    cut = ~np.isin(part[:unknowns], part[unknowns:])
    return sparse.csc_array(sparse.diags_array(cut.astype(np.float64)))


def _scaled_differences(
    branches: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]], unknowns: int
) -> sparse.csr_array:
    """Return the map to ``sqrt(g) (v_a - v_b)`` of every branch; held nodes are at 0 V."""
    first, second, siemens = (
        np.concatenate([np.broadcast_to(one[k], np.shape(one[0])).ravel() for one in branches])
        for k in range(3)
    )
    root = np.sqrt(siemens)
    every = np.arange(len(root))
    here, there = (first < unknowns) & (root > 0.0), (second < unknowns) & (root > 0.0)
    return sparse.csr_array(
        (
            np.concatenate([root[here], -root[there]]),
            (
                np.concatenate([every[here], every[there]]),
                np.concatenate([first[here], second[there]]),
            ),
        ),
        shape=(len(root), unknowns),
    )


def _watched_nodes(
    grid: Grid, watch: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the row and column nodes of some cells.

    Raises
    ------
    ParameterError
        A cell lies outside the array.
    """
    cells = np.array(watch, dtype=np.int64).reshape(-1, 2)
    if ((cells < 0) | (cells >= grid.row_node.shape)).any():
        raise ParameterError.about(
            "watch",
            got=list(watch),
            expected=f"cells (row, column) within {grid.row_node.shape}",
            remedy="count from 0",
        )
    return grid.row_node[cells[:, 0], cells[:, 1]], grid.column_node[cells[:, 0], cells[:, 1]]
