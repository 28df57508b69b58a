"""Solving an array by taking its nodes out line by line, without ever subtracting.

Cells are straight lines here: their current into the column is ``a u - b w`` with slopes a, b >= 0
[S] to the row and the column node, and currents may be injected into every node. The matrix of such
a network is an M-matrix whose *columns* add up to what leaks to the held nodes, whether or not a
and b are equal. Its diagonal is never formed by subtraction but summed up from the branches, in
every Schur complement anew (the algorithm of Grassmann, Taksar and Heyman, Oper. Res. 33, 1107,
1985; for M-matrices with leaks: A. S. Alfa, J. Xue and Q. Ye, Math. Comp. 71, 217, 2002). So every
voltage that an input or an injected current causes is right relative to itself, however far apart
the conductances lie.

One kind of wires (the longer ones' number is what the work grows with) is taken out all side by
side; the other kind then from one end to the other, a line of nodes at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit._uneven import Segments, segment_ohm
from xbar_circuit.crossbar import Crossbar

__all__ = ["Elimination", "Solution"]

_LEAK = 0.05  # so much of a block's conductances must leave it for it to be inverted at once
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Solution:
    """Voltages at every cell's nodes and the column currents, last axis: right-hand sides.

    row, column : (samples, rows, cols, vectors) [V].
    current : into the sense terminals (samples, cols, vectors) [A].
    """

    row: FloatArray
    column: FloatArray
    current: FloatArray


@dataclass(frozen=True, slots=True)
class _Wire:
    """The wires of a kind, seen from their cells; all have the same nodes.

    node : number of each cell's node, -1 where it is held (cells,).
    chain : branches between neighbouring nodes (wires, nodes - 1) [S].
    terminal : branches from each node to what is held (wires, nodes) [S].
    """

    node: NDArray[np.int64]
    chain: FloatArray
    terminal: FloatArray

    @property
    def count(self) -> int:
        """How many nodes it has."""
        return int(self.terminal.shape[1])

    @classmethod
    def of(cls, shape: tuple[int, int], segment: Any, first: Any, last: Any) -> _Wire:
        """Return the wires with the end conductances `first` and `last` [S], infinite if held.

        `shape` : (wires, cells); `segment` : resistances between cells, one or (wires, cells - 1).
        """
        wires, cells = shape
        is_held = [bool(np.isinf(end).any()) for end in (first, last)]
        if segment == 0.0:
            if any(is_held):
                return cls.held(shape)
            both = np.full((wires, 1), first + last)
            return cls(np.zeros(cells, dtype=np.int64), np.zeros((wires, 0)), both)
        siemens = 1.0 / segment_ohm("wires", segment, (wires, cells - 1))
        begin, end = int(is_held[0]), cells - int(is_held[1])
        count = max(end - begin, 0)
        node = np.full(cells, -1)
        node[begin:end] = np.arange(count)
        terminal = np.zeros((wires, count))
        if count:
            terminal[:, 0] += siemens[:, 0] if begin else first
            terminal[:, -1] += siemens[:, -1] if end < cells else last
        return cls(node, siemens[:, begin : begin + max(count - 1, 0)], terminal)

    @classmethod
    def held(cls, shape: tuple[int, int]) -> _Wire:
        """Return wires whose cells are all held."""
        wires, cells = shape
        return cls(np.full(cells, -1), np.zeros((wires, 0)), np.zeros((wires, 0)))


class Elimination:
    """The factors of an array whose cells are straight lines.

    Parameters
    ----------
    crossbar
        Gives the wires and terminals.
    row_slope, column_slope
        Slopes a and b of each cell (samples, rows, cols) [S], at least 0, 0 where it is open.
    row_leak, column_leak
        Admittances from each cell's row and column node to 0 V [S]; imaginary for capacitances.
    """

    def __init__(
        self,
        crossbar: Crossbar,
        row_slope: FloatArray,
        column_slope: FloatArray,
        *,
        row_leak: complex = 0.0,
        column_leak: complex = 0.0,
    ) -> None:
        rows, cols = crossbar.shape
        wires, ends = crossbar.wires, crossbar.terminals
        left, right = end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm)
        self._top, self._bottom = end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm)
        across: Any = wires.column_ohm
        self._ideal_columns = bool(across == 0.0)
        if not self._ideal_columns and rows == 1:
            across = 1.0  # there is no segment
        elif not self._ideal_columns:
            across = segment_ohm("wires.column_ohm", across, (rows - 1, cols))
            self._column_segment = 1.0 / across  # (rows - 1, cols)
            across = Segments("wires.column_ohm", across.T)
        self._row_slope = row_slope
        row = _Wire.of((rows, cols), wires.row_ohm, left, right)
        if not crossbar.cell.loads_row:
            row = _Wire.held((rows, cols))
        column = _Wire.of((cols, rows), across, self._top, self._bottom)
        # the wires taken out side by side are those that leave the shorter lines
        self._swap = cols > rows
        leaks = (column_leak, row_leak) if self._swap else (row_leak, column_leak)
        self._kind = np.result_type(np.float64, *leaks)
        if self._swap:
            self._first, self._second = column, row
            self._a, self._b = column_slope.swapaxes(1, 2), row_slope.swapaxes(1, 2)
        else:
            self._first, self._second = row, column
            self._a, self._b = row_slope, column_slope
        self._factor(*leaks)

    def _factor(self, first_leak: complex, second_leak: complex) -> None:
        """Take out the first wires side by side, then the lines of the second ones."""
        a, b, first, second = self._a, self._b, self._first, self._second
        samples, wires, cells = a.shape
        free = first.node >= 0
        self._free, self._node = free, first.node[free]
        outside = first.terminal + first_leak * np.bincount(self._node, minlength=first.count)
        leak = self._onto_nodes(a[..., np.newaxis])[..., 0] + outside
        inside = np.zeros((samples, wires, first.count, first.count))
        k = np.arange(first.count - 1)
        inside[:, :, k, k + 1] = inside[:, :, k + 1, k] = first.chain
        self._inverse = _inverse(
            inside.reshape(samples * wires, first.count, first.count),
            leak.reshape(samples * wires, first.count),
        ).reshape(samples, wires, first.count, first.count)
        # what the first wires carry between the second wires' nodes of a line, and to the held ones
        self._lost = b.astype(self._kind)
        through = (outside[:, np.newaxis] @ self._inverse)[:, :, 0, self._node]
        self._lost[:, :, free] = through * b[:, :, free]
        self._lines: list[FloatArray] = []
        network = np.zeros((samples, cells, cells), dtype=self._kind)
        lost = np.zeros((samples, cells), dtype=self._kind)
        for line in range(second.count):
            for wire in np.flatnonzero(second.node == line).tolist():
                network += self._mesh(wire)
                lost += self._lost[:, wire] + second_leak
            lost += second.terminal[:, line]
            last = line + 1 == second.count
            ahead = np.zeros(cells) if last else second.chain[:, line]
            network.reshape(samples, -1)[:, :: cells + 1] = 0.0
            inverse = _inverse(network, lost + ahead)
            self._lines.append(inverse)
            lost = ahead * (lost[:, np.newaxis] @ inverse)[:, 0]
            network = ahead[:, np.newaxis] * inverse * ahead

    def _mesh(self, wire: int) -> FloatArray:
        """Return the branches that one first wire makes between the second ones, any diagonal."""
        a, b, free, node = self._a[:, wire], self._b[:, wire], self._free, self._node
        mesh = np.zeros((len(a), len(free), len(free)), dtype=self._kind)
        within = self._inverse[:, wire][:, node[:, np.newaxis], node]
        within = a[:, free, np.newaxis] * within * b[:, np.newaxis, free]
        mesh[:, np.flatnonzero(free)[:, np.newaxis], np.flatnonzero(free)] = within
        return mesh

    def solve(
        self,
        volts: FloatArray,
        row_current: FloatArray | None = None,
        column_current: FloatArray | None = None,
    ) -> Solution:
        """Return the answer to drivers' voltages and currents injected into the nodes.

        Parameters
        ----------
        volts
            (samples, rows, vectors) [V]; samples may be 1.
        row_current, column_current
            Into the row and the column node of each cell (samples, rows, cols, vectors) [A]; None
            is nothing. What goes into a held column node adds to its current.

        Returns
        -------
        Solution
            Node voltages (samples, rows, cols, vectors) [V] and column currents (samples, cols,
            vectors) [A].
        """
        samples, rows, cols = self._row_slope.shape
        shape = (samples, rows, cols, volts.shape[-1])
        given = [
            np.zeros(shape, dtype=self._kind) if part is None else part
            for part in (row_current, column_current)
        ]
        held = [
            np.broadcast_to(volts[:, :, np.newaxis], shape),
            np.zeros(shape),
        ]
        if self._swap:
            parts = self._solve(*(part.swapaxes(1, 2) for part in (*given[::-1], *held[::-1])))
            column, row = (part.swapaxes(1, 2) for part in parts)
        else:
            row, column = self._solve(*given, *held)
        return Solution(row, column, self._into_senses(row, column, given[1]))

    def _solve(
        self,
        into_first: FloatArray,
        into_second: FloatArray,
        first_volt: FloatArray,
        second_volt: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Return the voltages of the first and second wires' nodes at every cell.

        All (samples, first wires, second wires, vectors); the voltages given are those that a held
        node of the wire has.
        """
        first, second, free, node = self._first, self._second, self._free, self._node
        a, b = self._a[..., np.newaxis], self._b[..., np.newaxis]
        inject = self._onto_nodes(into_first)
        inject = inject + first.terminal[..., np.newaxis] * first_volt[:, :, :1]
        is_held = second.node < 0
        if is_held.any():
            inject = inject.astype(self._kind)
            inject[:, is_held] += self._onto_nodes(b[:, is_held] * second_volt[:, is_held])
        own = self._inverse @ inject
        given = np.array(into_second, dtype=self._kind)
        given[:, :, free] += a[:, :, free] * own[:, :, node]
        given[:, :, ~free] += (a * first_volt)[:, :, ~free]
        line_volt = self._second_lines(given, second_volt)
        second_full = np.array(second_volt, dtype=self._kind)
        second_full[:, ~is_held] = line_volt[:, second.node[~is_held]]
        drive = self._onto_nodes(b * second_full)
        drive[:, is_held] = 0.0
        own = own + self._inverse @ drive
        first_full = np.array(first_volt, dtype=self._kind)
        first_full[:, :, free] = own[:, :, node]
        return first_full, second_full

    def _onto_nodes(self, cells: FloatArray) -> FloatArray:
        """Add up what goes into each node of first wires, from (samples, wires, cells, vectors)."""
        if self._first.count == len(self._node):
            return cells[:, :, self._free]
        return np.asarray(cells.sum(axis=2, keepdims=True))

    def _second_lines(self, given: FloatArray, held_volt: FloatArray) -> FloatArray:
        """Return the voltages of the second wires' nodes (samples, lines, cells, vectors)."""
        second = self._second
        samples, _, cells, vectors = given.shape
        inject = np.zeros((samples, second.count, cells, vectors), dtype=self._kind)
        carried = np.zeros((samples, cells, vectors), dtype=self._kind)
        for line, inverse in enumerate(self._lines):
            wires = np.flatnonzero(second.node == line)
            carried = carried + given[:, wires].sum(axis=1)
            carried += second.terminal[:, line, np.newaxis] * held_volt[:, 0]
            inject[:, line] = carried
            if line + 1 < second.count:
                carried = second.chain[:, line, np.newaxis] * (inverse @ carried)
        volt = np.zeros_like(inject)
        for line in reversed(range(second.count)):
            own = inject[:, line]
            if line + 1 < second.count:
                own = own + second.chain[:, line, np.newaxis] * volt[:, line + 1]
            volt[:, line] = self._lines[line] @ own
        return volt

    def _into_senses(self, row: FloatArray, column: FloatArray, into: FloatArray) -> FloatArray:
        """Return the column currents (samples, cols, vectors), sums over what reaches the ends."""
        rows = row.shape[1]
        cells = self._row_slope[..., np.newaxis] * row + into
        held = [bool(np.isinf(end).any()) for end in (self._top, self._bottom)]
        if self._ideal_columns:
            if any(held):
                return np.asarray(cells.sum(axis=1))
            return np.asarray((self._top + self._bottom) * column[:, 0])
        total = np.zeros((len(row), *row.shape[2:]), dtype=self._kind)
        if rows == 1 and any(held):  # one node, held once or twice
            return np.asarray(cells[:, 0])
        for end, near, segment, siemens, is_held in (
            (0, 1, 0, self._top, held[0]),
            (rows - 1, rows - 2, -1, self._bottom, held[1]),
        ):
            if is_held:
                total += (
                    cells[:, end] + self._column_segment[segment][:, np.newaxis] * column[:, near]
                )
            elif np.any(siemens > 0.0):
                total += np.reshape(siemens, (-1, 1)) * column[:, end]
        return total


def _inverse(inside: FloatArray, leak: FloatArray) -> FloatArray:
    """Return ``(diag(d) - C)^-1`` for networks C (batch, nodes, nodes), every entry right.

    ``d`` are the sums of the columns of C and of `leak` (batch, nodes): what flows out of a node
    per volt. The diagonal of C is 0.
    """
    batch, size = leak.shape
    if size == 0:
        return np.zeros((batch, 0, 0))
    total = inside.sum(axis=1) + leak
    total = np.where(total != 0.0, total, 1.0)
    if size == 1:
        return np.asarray(1.0 / total)[..., np.newaxis]
    if size <= _BLOCK and bool((np.abs(leak) >= _LEAK * np.abs(total)).all()):
        matrix = np.negative(inside, dtype=total.dtype)
        k = np.arange(size)
        matrix[:, k, k] = total
        return np.asarray(np.linalg.inv(matrix))
    half = size // 2
    one, other = slice(0, half), slice(half, size)
    forth, back = inside[:, other, one], inside[:, one, other]
    first = _inverse(inside[:, one, one], leak[:, one] + forth.sum(axis=1))
    through, weights = forth @ first, first @ back
    between = inside[:, other, other] + through @ back
    k = np.arange(size - half)
    between[:, k, k] = 0.0
    lost = (leak[:, np.newaxis, one] @ weights)[:, 0]
    second = _inverse(between, leak[:, other] + lost)
    result = np.empty((batch, size, size), dtype=second.dtype)
    result[:, other, other] = second
    result[:, other, one] = second @ through
    result[:, one, other] = weights @ second
    result[:, one, one] = first + result[:, one, other] @ through
    return result
