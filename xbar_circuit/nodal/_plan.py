"""The plan of a reduction: all that does not depend on any resistance.

Which patches there are, in what order neighbours join and which nodes are taken out at each joint
follows from the array's shape, from which wires are ideal and from which ends are connected. One
plan serves every array and tile of that kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.nodal._blocks import Joint, Ports, join
from xbar_circuit.nodal._layout import Axis, Cut, cut_axis
from xbar_circuit.nodal._leaves import LeafShape

__all__ = ["EndWires", "Ends", "Joined", "Patch", "Plan", "Tree", "make_plan"]

IntArray = NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Resistance from the last cell of the wires to each port [ohm]; None is no port."""

    left: float | None
    right: float | None
    top: float | None
    bottom: float | None


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: where it lies, and its place among the patches of its shape.

    index : its number among the parts of the plan.
    real : where the ports of its real cells stand among those of the shape.
    """

    index: int
    rows: Cut
    cols: Cut
    shape: LeafShape
    place: int
    ports: Ports
    real: IntArray


@dataclass(frozen=True, slots=True)
class EndWires:
    """The resistances at one end of some wires: ``left``, ``right``, ``top`` or ``bottom``."""

    index: int
    side: str
    wires: int
    ports: Ports


@dataclass(frozen=True, slots=True)
class Joined:
    """Two parts and how they join."""

    index: int
    joint: Joint
    first: Tree
    second: Tree

    @property
    def ports(self) -> Ports:
        """What is left of both."""
        return self.joint.ports


Tree = Joined | Patch | EndWires


class Plan:
    """Patches, their order, and the places of the ports at the end.

    Attributes
    ----------
    groups
        The patches of each shape.
    tree
        The order in which they join.
    left, right, top, bottom
        Where the ports of each side stand among the tree's; None where a side has none.
    """

    def __init__(self, rows: int, cols: int, row_axis: Axis, column_axis: Axis) -> None:
        self.rows, self.cols = rows, cols
        self.row_axis, self.column_axis = row_axis, column_axis
        self._offset = rows * row_axis.boundaries
        self._parts = 0
        self.groups: dict[LeafShape, list[Patch]] = {}
        grid = [[self._patch(r, c) for c in row_axis.cuts] for r in column_axis.cuts]
        needed = self._needed(grid)
        self.tree = self._join(grid, needed, (0, len(grid), 0, len(grid[0])))
        self.left = self._side(row_axis.first, self._row_numbers(np.arange(rows)))
        self.right = self._side(row_axis.last, self._row_numbers(np.arange(rows)))
        self.top = self._side(column_axis.first, self._column_numbers(np.arange(cols)))
        self.bottom = self._side(column_axis.last, self._column_numbers(np.arange(cols)))

    def _number(self) -> int:
        """Return the number of the next part: it holds in other processes too."""
        self._parts += 1
        return self._parts

    def _row_numbers(self, rows: IntArray) -> _Numbers:
        return _Numbers(0, self.rows, rows)

    def _column_numbers(self, cols: IntArray) -> _Numbers:
        return _Numbers(self._offset, self.cols, cols)

    def _side(self, boundary: int | None, numbers: _Numbers) -> IntArray | None:
        if boundary is None:
            return None
        return np.searchsorted(self.tree.ports.numbers, numbers.at(boundary))

    def _patch(self, r: Cut, c: Cut) -> Patch:
        """Return the patch of some rows and columns, entered in its group."""
        shape = LeafShape(rows=r.size, cols=c.size, ideal_rows=c.ideal, ideal_columns=r.ideal)
        group = self.groups.setdefault(shape, [])
        row_numbers = self._row_numbers(np.arange(r.start, r.stop))
        column_numbers = self._column_numbers(np.arange(c.start, c.stop))
        numbers = [row_numbers.at(k) for k in dict.fromkeys((c.first, c.last))]
        numbers += [column_numbers.at(k) for k in dict.fromkeys((r.first, r.last))]
        rows = np.arange(r.size) >= r.dummies
        columns = np.arange(c.size) >= c.dummies
        real = [rows] * (1 if c.ideal else 2) + [columns] * (1 if r.ideal else 2)
        every = np.concatenate(numbers)
        patch = Patch(
            index=self._number(),
            rows=r,
            cols=c,
            shape=shape,
            place=len(group),
            ports=Ports(every, np.ones_like(every)),
            real=np.flatnonzero(np.concatenate(real)),
        )
        group.append(patch)
        return patch

    def _end_wires(self, patch: Patch) -> Iterator[EndWires]:
        """Return the end resistances that a patch at the edge of the array touches."""
        rows = self._row_numbers(np.arange(patch.rows.start, patch.rows.stop))
        columns = self._column_numbers(np.arange(patch.cols.start, patch.cols.stop))
        for axis, cut, numbers, sides in (
            (self.row_axis, patch.cols, rows, ("left", "right")),
            (self.column_axis, patch.rows, columns, ("top", "bottom")),
        ):
            wires = len(numbers.wires)
            ones = np.ones(2 * wires, dtype=np.int64)
            for at_edge, own, outside, side in (
                (cut.start == 0 and axis.first_wire, cut.first, axis.first, sides[0]),
                (cut.stop == axis.cells and axis.last_wire, cut.last, axis.last, sides[1]),
            ):
                if at_edge and outside is not None:
                    both = np.concatenate([numbers.at(own), numbers.at(outside)])
                    yield EndWires(
                        index=self._number(), side=side, wires=wires, ports=Ports(both, ones)
                    )

    def _needed(self, grid: list[list[Patch]]) -> IntArray:
        """Return how often each node is used; never reached where the outside uses it too."""
        needed = np.zeros(self._offset + self.cols * self.column_axis.boundaries, dtype=np.int64)
        for line in grid:
            for patch in line:
                needed[patch.ports.numbers] += 1
                for wires in self._end_wires(patch):
                    needed[wires.ports.numbers] += 1
        for axis, numbers in (
            (self.row_axis, self._row_numbers(np.arange(self.rows))),
            (self.column_axis, self._column_numbers(np.arange(self.cols))),
        ):
            for boundary in (axis.first, axis.last):
                if boundary is not None:
                    needed[numbers.at(boundary)] = _NEVER
        return needed

    def _join(
        self, grid: list[list[Patch]], needed: IntArray, area: tuple[int, int, int, int]
    ) -> Tree:
        """Plan the joints of an area of patches (rows from, to, columns from, to)."""
        top, bottom, left, right = area
        if bottom - top == 1 and right - left == 1:
            return self._at_edge(grid[top][left], needed)
        if bottom - top >= right - left:
            middle = (top + bottom) // 2
            areas = (top, middle, left, right), (middle, bottom, left, right)
        else:
            middle = (left + right) // 2
            areas = (top, bottom, left, middle), (top, bottom, middle, right)
        first, second = (self._join(grid, needed, part) for part in areas)
        return Joined(self._number(), join(first.ports, second.ports, needed), first, second)

    def _at_edge(self, patch: Patch, needed: IntArray) -> Tree:
        """Join a patch with its end resistances; drop the ports that nothing connects to."""
        tree: Tree = patch
        wires = list(self._end_wires(patch))
        if not wires and (needed[patch.ports.numbers] == 1).any():
            wires = [
                EndWires(index=self._number(), side="left", wires=0, ports=Ports(_NONE, _NONE))
            ]
        for end in wires:
            tree = Joined(self._number(), join(tree.ports, end.ports, needed), tree, end)
        return tree


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Node numbers of some wires at any boundary."""

    offset: int
    count: int
    wires: IntArray

    def at(self, boundary: int) -> IntArray:
        """Return the numbers at a boundary."""
        return self.offset + boundary * self.count + self.wires


def make_plan(
    rows: int, cols: int, row_ohm: float, column_ohm: float, ends: Ends, *, quarters: bool = False
) -> Plan:
    """Return the plan for arrays of this kind.

    `quarters` : four large patches instead of many small ones.
    """
    return _plan(
        rows,
        cols,
        quarters,
        row_ohm == 0.0,
        column_ohm == 0.0,
        *(None if ohm is None else float(ohm > 0.0) for ohm in (ends.left, ends.right)),
        *(None if ohm is None else float(ohm > 0.0) for ohm in (ends.top, ends.bottom)),
    )


@lru_cache(maxsize=16)
def _plan(  # noqa: PLR0917 - a memo of a pure function takes its key by position
    rows: int,
    cols: int,
    quarters: bool,  # noqa: FBT001 - see above
    ideal_rows: bool,  # noqa: FBT001 - see above
    ideal_columns: bool,  # noqa: FBT001 - see above
    left: float | None,
    right: float | None,
    top: float | None,
    bottom: float | None,
) -> Plan:
    row_axis = cut_axis(cols, ideal=ideal_rows, first_ohm=left, last_ohm=right, halves=quarters)
    column_axis = cut_axis(
        rows, ideal=ideal_columns, first_ohm=top, last_ohm=bottom, halves=quarters
    )
    return Plan(rows, cols, row_axis, column_axis)
