"""The array as a graph: which wire nodes exist, which are held, and what joins them.

Every cross-point has a node on its row wire and one on its column wire. A wire of 0 ohm is one node
whatever its length. A node that a lead and terminal of 0 ohm tie to a voltage is *held*: it is a
known voltage, not an unknown. No small resistance ever stands for a short circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit._uneven import Segments, segment_ohm
from xbar_circuit.crossbar import Crossbar

__all__ = ["Branches", "Grid", "laplacian"]

IntArray = NDArray[np.int64]
Branches = list[tuple[IntArray, IntArray, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Numbered nodes of a crossbar and the conductances of its wires.

    The unknowns come first (0 to `unknowns` - 1), then the held voltages: the drivers of the rows
    (`unknowns` + i), then the virtual ground of each column (`unknowns` + rows + j). Build it with
    :meth:`of`.

    row_node, column_node : number of the node at each cell (rows, cols).
    wires : conductance matrix of wires, leads and terminals between unknowns [S].
    drive : what the driver of each row injects per volt (unknowns, rows) [S].
    unknowns : how many unknown voltages there are.
    branches : the wires one by one, as (from, to, siemens).
    """

    row_node: IntArray
    column_node: IntArray
    wires: sparse.csr_array
    drive: sparse.csr_array
    unknowns: int
    branches: Branches

    @classmethod
    def of(cls, crossbar: Crossbar) -> Grid:
        """Return the numbered nodes and assembled wires of `crossbar`."""
        rows, cols = crossbar.shape
        wires, ends = crossbar.wires, crossbar.terminals
        left, right = end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm)
        top, bottom = end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm)
        row_raw, row_held, row_count = _number(rows, cols, wires.row_ohm, left, right)
        column_raw, column_held, column_count = _number(cols, rows, wires.column_ohm, top, bottom)
        column_raw = column_raw + row_count
        held = np.concatenate([row_held, column_held])
        unknowns = int((~held).sum())
        ground = unknowns + rows
        number = np.empty(row_count + column_count, dtype=np.int64)
        number[~held] = np.arange(unknowns)
        owner = np.repeat(np.arange(rows), row_count // rows)
        number[:row_count][row_held] = unknowns + owner[row_held]
        sense = ground + np.arange(cols)
        owner = np.repeat(np.arange(cols), column_count // cols)
        number[row_count:][column_held] = sense[owner[column_held]]
        row_node, column_node = number[row_raw], number[column_raw].T
        drivers = unknowns + np.arange(rows)
        across: Any = wires.column_ohm
        if isinstance(across, Segments):  # (cols, rows - 1), along its wires
            across = Segments("wires.column_ohm", np.atleast_2d(across.ohm).T)
        branches = [
            *_chain(row_node, wires.row_ohm, left, right, drivers),
            *_chain(column_node.T, across, top, bottom, sense),
        ]
        size = ground + cols
        matrix = laplacian(branches, size)
        return cls(
            row_node=row_node,
            column_node=column_node,
            wires=sparse.csr_array(matrix[:unknowns, :unknowns]),
            drive=sparse.csr_array(-matrix[:unknowns, unknowns : unknowns + rows]),
            unknowns=unknowns,
            branches=branches,
        )

    @property
    def size(self) -> int:
        """How many nodes there are, held ones included."""
        return self.unknowns + sum(self.row_node.shape)

    def everywhere(self, unknown_volt: FloatArray, volts: FloatArray) -> FloatArray:
        """Return the voltage of every node (batch, size) [V], held ones included."""
        ground = np.zeros((volts.shape[0], self.column_node.shape[1]))
        return np.concatenate([unknown_volt, volts, ground], axis=1)


def laplacian(branches: list[tuple[IntArray, IntArray, FloatArray]], size: int) -> sparse.csr_array:
    """Return the conductance matrix of two-terminal branches ``(from, to, siemens)``."""
    if not branches:
        return sparse.csr_array((size, size))
    start = np.concatenate([branch[0].ravel() for branch in branches])
    stop = np.concatenate([branch[1].ravel() for branch in branches])
    siemens = np.concatenate([branch[2].ravel() for branch in branches])
    row = np.concatenate([start, stop, start, stop])
    column = np.concatenate([start, stop, stop, start])
    value = np.concatenate([siemens, siemens, -siemens, -siemens])
    return sparse.csr_array(sparse.coo_array((value, (row, column)), shape=(size, size)))


def _number(
    count: int, length: int, segment: Any, first: Any, last: Any
) -> tuple[IntArray, NDArray[np.bool_], int]:
    """Return (numbers, held, how many) for the nodes of `count` wires of `length` cells."""
    is_held = [bool(np.isinf(end).any()) for end in (first, last)]
    if segment == 0.0:
        raw = np.broadcast_to(np.arange(count)[:, np.newaxis], (count, length))
        return raw, np.full(count, any(is_held)), count
    raw = np.arange(count * length).reshape(count, length)
    held = np.zeros((count, length), dtype=bool)
    held[:, 0] |= is_held[0]
    held[:, -1] |= is_held[1]
    return raw, held.ravel(), count * length


def _chain(node: IntArray, segment: Any, first: Any, last: Any, terminal: IntArray) -> Branches:
    """Return the branches of wires that lie along the last axis, with their ends.

    A broken segment and an open end are branches of 0 S.
    """
    branches: Branches = []
    if segment != 0.0:
        start, stop = node[:, :-1], node[:, 1:]
        branches.append((start, stop, 1.0 / segment_ohm("wires", segment, start.shape)))
    for position, siemens in ((0, first), (-1, last)):
        if np.isfinite(siemens).all():
            each = np.broadcast_to(siemens, terminal.shape)
            branches.append((node[:, position], terminal, each))
    return branches
