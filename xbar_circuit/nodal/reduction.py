"""The exact reduction of linear arrays to their ports.

The array is cut into patches, all patches are reduced side by side, and neighbours are joined two
by two until one block is left, whose ports are the ends of the wires that something outside
connects to. The joints of an n x n array take O(n^3) operations, nearly all of them in matrix
products: A. George, SIAM J. Numer. Anal. 10, 345, 1973 (nested dissection). What is not connected
outside is taken out as soon as it is met.

Going back down with the voltages of the ports gives the voltage of every node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.nodal.blocks import Block, Joint, merge
from xbar_circuit.nodal.layout import Axis, Cut, cut_axis
from xbar_circuit.nodal.leaves import LeafShape, LeafWeights, leaf_voltages, reduce_leaves

__all__ = ["Ends", "Reduction", "reduce_array"]

IntArray = NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max
_CELLS_AT_ONCE = 16384


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Resistance from the last cell of the wires to each port [ohm]; None is no port."""

    left: float | None
    right: float | None
    top: float | None
    bottom: float | None


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: where it lies and where it stands among the patches of its shape."""

    rows: Cut
    cols: Cut
    shape: LeafShape
    place: int


@dataclass(frozen=True, slots=True)
class Node:
    """A joint in the tree, with what going back down needs."""

    joint: Joint
    weights: FloatArray
    children: tuple[Tree, Tree]


Tree = Node | Patch | None


class Plan:
    """Everything about the reduction that does not depend on the conductances of the devices."""

    def __init__(self, shape: tuple[int, int], row_ohm: float, column_ohm: float, ends: Ends):
        rows, cols = shape
        self.row_axis = cut_axis(cols, row_ohm, ends.left, ends.right)
        self.column_axis = cut_axis(rows, column_ohm, ends.top, ends.bottom)
        self.rows, self.cols = rows, cols
        self.offset = rows * self.row_axis.boundaries
        self.patches: list[list[Patch]] = []
        self.groups: dict[LeafShape, list[Patch]] = {}
        for r in self.column_axis.cuts:
            line = []
            for c in self.row_axis.cuts:
                leaf = LeafShape(
                    rows=r.size, cols=c.size, ideal_rows=c.ideal, ideal_columns=r.ideal
                )
                group = self.groups.setdefault(leaf, [])
                patch = Patch(r, c, leaf, len(group))
                group.append(patch)
                line.append(patch)
            self.patches.append(line)
        self.needed = self._needed()

    def row_numbers(self, boundary: int, rows: IntArray | None = None) -> IntArray:
        """Return the node numbers of rows at a boundary."""
        i = np.arange(self.rows) if rows is None else rows
        return boundary * self.rows + i

    def column_numbers(self, boundary: int, cols: IntArray | None = None) -> IntArray:
        """Return the node numbers of columns at a boundary."""
        j = np.arange(self.cols) if cols is None else cols
        return self.offset + boundary * self.cols + j

    def ports(self, patch: Patch) -> tuple[IntArray, IntArray]:
        """Return the node numbers of a patch's ports and where they stand in its network."""
        i = np.arange(patch.rows.start, patch.rows.stop)
        j = np.arange(patch.cols.start, patch.cols.stop)
        c, r = patch.cols, patch.rows
        numbers = [self.row_numbers(k, i) for k in dict.fromkeys((c.first, c.last))]
        numbers += [self.column_numbers(k, j) for k in dict.fromkeys((r.first, r.last))]
        real_row = np.arange(r.size) >= r.dummies
        real_column = np.arange(c.size) >= c.dummies
        real = [real_row] * (1 if c.ideal else 2) + [real_column] * (1 if r.ideal else 2)
        return np.concatenate(numbers), np.flatnonzero(np.concatenate(real))

    def edges(self, patch: Patch) -> Iterator[Block]:
        """Return the end resistances that join a patch at the edge of the array."""
        i = np.arange(patch.rows.start, patch.rows.stop)
        j = np.arange(patch.cols.start, patch.cols.stop)
        for axis, cut, numbers, wires in (
            (self.row_axis, patch.cols, self.row_numbers, i),
            (self.column_axis, patch.rows, self.column_numbers, j),
        ):
            for boundary, outside, ohm in _ends(axis, cut):
                near, far = numbers(boundary, wires), numbers(outside, wires)
                order = np.argsort(np.concatenate([near, far]))
                count = len(wires)
                network = np.zeros((1, 2 * count, 2 * count))
                k = np.arange(count)
                network[0, k, k + count] = network[0, k + count, k] = 1.0 / ohm
                yield Block(
                    ports=np.concatenate([near, far])[order],
                    uses=np.ones(2 * count, dtype=np.int64),
                    network=network[:, order][:, :, order],
                )

    def _needed(self) -> IntArray:
        needed = np.zeros(self.offset + self.cols * self.column_axis.boundaries, dtype=np.int64)
        for line in self.patches:
            for patch in line:
                needed[self.ports(patch)[0]] += 1
                for block in self.edges(patch):
                    needed[block.ports] += 1
        for axis, numbers in (
            (self.row_axis, self.row_numbers),
            (self.column_axis, self.column_numbers),
        ):
            for boundary in (axis.first, axis.last):
                if boundary is not None:
                    needed[numbers(boundary)] = _NEVER
        return needed


def _ends(axis: Axis, cut: Cut) -> Iterator[tuple[int, int, float]]:
    """Return (boundary, outer boundary, ohm) of the end resistances at a slice of an axis."""
    if cut.start == 0 and axis.first is not None and axis.first_ohm is not None:
        yield cut.first, axis.first, axis.first_ohm
    if cut.stop == axis.cells and axis.last is not None and axis.last_ohm is not None:
        yield cut.last, axis.last, axis.last_ohm


class Reduction:
    """Arrays reduced to their ports.

    Attributes
    ----------
    network
        Branch conductances between the ports (tiles, ports, ports) [S].
    left, right, top, bottom
        Where the ports of each side stand in the network, or None where a side has none. Sides of
        ideal wires may share their ports.
    """

    def __init__(self, plan: Plan, device: FloatArray, root: Block, tree: Tree) -> None:
        self._plan, self._device, self._tree = plan, device, tree
        self.network = root.network
        self._ports = root.ports
        rows, columns = plan.row_axis, plan.column_axis
        self.left = self._side(rows.first, plan.row_numbers)
        self.right = self._side(rows.last, plan.row_numbers)
        self.top = self._side(columns.first, plan.column_numbers)
        self.bottom = self._side(columns.last, plan.column_numbers)

    def _side(self, boundary: int | None, numbers: object) -> IntArray | None:
        if boundary is None or not callable(numbers):
            return None
        where: IntArray = np.searchsorted(self._ports, numbers(boundary))
        return where

    def voltages(self, ports: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all row and column node voltages (tiles, vectors, rows, cols) [V].

        `ports` : voltages of the ports (tiles, vectors, ports) [V]. Only if the reduction was
        made with weights.
        """
        plan = self._plan
        tiles, vectors, _ = ports.shape
        found: dict[LeafShape, FloatArray] = {}
        for shape, group in plan.groups.items():
            size = len(shape.ports(shape.rows, shape.cols))
            found[shape] = np.zeros((tiles, len(group), vectors, size))
        self._descend(self._tree, self._ports, ports, found)
        row = np.empty((tiles, vectors, plan.rows, plan.cols))
        column = np.empty_like(row)
        for shape, group in plan.groups.items():
            for start, stop, _, weights in _leaves(plan, self._device, shape, weights=True):
                part = found[shape].reshape(-1, vectors, found[shape].shape[-1])[start:stop]
                inside = leaf_voltages(shape, weights, part)
                for k in range(start, stop):
                    tile, place = divmod(k, len(group))
                    r, c = group[place].rows, group[place].cols
                    for whole, patch in zip((row, column), inside, strict=True):
                        real = patch[k - start, :, r.dummies :, c.dummies :]
                        whole[tile, :, r.start : r.stop, c.start : c.stop] = real
        return row, column

    def _descend(
        self, tree: Tree, ports: IntArray, volts: FloatArray, found: dict[LeafShape, FloatArray]
    ) -> None:
        """Hand the voltages of a block's ports down to its patches."""
        if tree is None:
            return
        if isinstance(tree, Patch):
            where = self._plan.ports(tree)[1]
            found[tree.shape][:, tree.place][:, :, where] = volts
            return
        joint = tree.joint
        inner = np.matmul(volts, tree.weights.transpose(0, 2, 1))
        for half, child in zip(joint.halves, tree.children, strict=True):
            size = sum(run[0].stop - run[0].start for runs in half for run in runs)
            part = np.empty((*volts.shape[:2], size))
            for runs, source in ((half.inner, inner), (half.ports, volts)):
                for own, where in runs:
                    part[..., own] = source[..., where]
            self._descend(child, ports, part, found)


def reduce_array(
    device: FloatArray, row_ohm: float, column_ohm: float, ends: Ends, *, weights: bool
) -> Reduction:
    """Reduce arrays of linear devices (tiles, rows, cols) [S] to the ports at their ends.

    `weights` : whether node voltages will be asked for.
    """
    _, rows, cols = device.shape
    plan = Plan((rows, cols), row_ohm, column_ohm, ends)
    networks: dict[LeafShape, FloatArray] = {}
    for shape, group in plan.groups.items():
        parts = [part for *_, part, _ in _leaves(plan, device, shape, weights=False)]
        whole = np.concatenate(parts)
        networks[shape] = whole.reshape(len(device), len(group), *whole.shape[1:])
    root, tree = _reduce(
        plan,
        networks,
        (0, len(plan.patches), 0, len(plan.patches[0])),
        weights=weights,
    )
    return Reduction(plan, device, root, tree)


def _leaves(
    plan: Plan, device: FloatArray, shape: LeafShape, *, weights: bool
) -> Iterator[tuple[int, int, FloatArray, LeafWeights]]:
    """Reduce the patches of one shape, some at a time: (first, last, networks, weights)."""
    group = plan.groups[shape]
    tiles = len(device)
    step = max(1, _CELLS_AT_ONCE // (shape.rows * shape.cols))
    for start in range(0, tiles * len(group), step):
        stop = min(start + step, tiles * len(group))
        siemens = np.zeros((3, stop - start, shape.rows, shape.cols))
        for k in range(start, stop):
            tile, place = divmod(k, len(group))
            r, c = group[place].rows, group[place].cols
            own = siemens[:, k - start]
            real = own[:, r.dummies :, c.dummies :]
            real[0] = device[tile, r.start : r.stop, c.start : c.stop]
            own[1, r.dummies :, :] = c.segments(plan.row_axis.segment_ohm)
            own[2, :, c.dummies :] = r.segments(plan.column_axis.segment_ohm)[:, np.newaxis]
        network, kept = reduce_leaves(shape, *siemens, weights=weights)
        yield start, stop, network, kept


def _reduce(
    plan: Plan,
    networks: dict[LeafShape, FloatArray],
    area: tuple[int, int, int, int],
    *,
    weights: bool,
) -> tuple[Block, Tree]:
    """Reduce the patches of an area (rows from, to, columns from, to)."""
    top, bottom, left, right = area
    if bottom - top == 1 and right - left == 1:
        return _patch(plan, networks, plan.patches[top][left], weights=weights)
    if bottom - top >= right - left:
        middle = (top + bottom) // 2
        areas = (top, middle, left, right), (middle, bottom, left, right)
    else:
        middle = (left + right) // 2
        areas = (top, bottom, left, middle), (top, bottom, middle, right)
    first, one = _reduce(plan, networks, areas[0], weights=weights)
    second, other = _reduce(plan, networks, areas[1], weights=weights)
    block, joint, shares = merge(first, second, plan.needed, weights=weights)
    return block, Node(joint, shares, (one, other)) if weights else None


def _patch(
    plan: Plan, networks: dict[LeafShape, FloatArray], patch: Patch, *, weights: bool
) -> tuple[Block, Tree]:
    """Return a patch as a block, with the ends of the array that it touches."""
    ports, where = plan.ports(patch)
    network = networks[patch.shape][:, patch.place]
    if len(where) < network.shape[1]:
        network = network[:, where][:, :, where]
    tiles = len(network)
    block = Block(ports=ports, uses=np.ones(len(ports), dtype=np.int64), network=network)
    tree: Tree = patch if weights else None
    edges = list(plan.edges(patch))
    if not edges and (plan.needed[ports] == 1).any():
        none = np.zeros(0, dtype=np.int64)
        edges = [Block(ports=none, uses=none, network=np.zeros((tiles, 0, 0)))]
    for edge in edges:
        own = np.broadcast_to(edge.network, (tiles, *edge.network.shape[1:]))
        added = Block(ports=edge.ports, uses=edge.uses, network=own)
        block, joint, shares = merge(block, added, plan.needed, weights=weights)
        tree = Node(joint, shares, (tree, None)) if weights else None
    return block, tree
