"""How an array is cut into patches, and the numbers of the nodes where the patches meet.

Rows and columns are cut into patches of up to 32 cells. A patch owns the segments to the left of
and above its cells; the segment or terminal before the very first cell is its end. Odd sizes are
filled up with dummy rows and columns: a dummy cell has no device, and the one segment it is put
into becomes two of half the resistance, so nothing changes. A row that is held at its left end
without any resistance starts with a strip of one column whose left and right are one node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray

__all__ = ["Axis", "Cut", "cut_axis", "patch_size"]

IntArray = NDArray[np.int64]

_PATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One slice of an axis: its cells and boundaries.

    start, stop : the cells.
    size : the cells with dummies, a power of two.
    ideal : whether its wires along this axis are one node.
    first, last : numbers of its two boundaries, equal if `ideal`.
    """

    start: int
    stop: int
    size: int
    ideal: bool
    first: int
    last: int

    @property
    def dummies(self) -> int:
        """Number of dummy cells in front."""
        return self.size - (self.stop - self.start)

    def segments(self, ohm: FloatArray) -> FloatArray:
        """Return the conductances [S] before each cell, dummies first (size,).

        `ohm` : the resistances before each cell of the whole axis (cells,) [ohm].
        """
        pieces = np.empty(self.size)
        pieces[self.dummies :] = ohm[self.start : self.stop]
        pieces[: self.dummies + 1] = ohm[self.start] / (self.dummies + 1)
        return np.divide(1.0, pieces, out=np.zeros(self.size), where=pieces > 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Wires along one axis: where they are cut and what their ends are.

    cells : how many cells a wire passes.
    cuts : the slices.
    leading : whether the resistance of the first end stands before the first cell.
    first, last : number of the boundary that the outside connects to at each end, or None.
    first_wire, last_wire : whether a resistance lies between the wire's own boundary and that one.
    """

    cells: int
    cuts: tuple[Cut, ...]
    leading: bool
    first: int | None
    last: int | None
    first_wire: bool
    last_wire: bool

    @property
    def boundaries(self) -> int:
        """How many numbers the boundaries may take."""
        return len(self.cuts) + 3

    def before(self, segment_ohm: float, first_ohm: float | None) -> FloatArray:
        """Return the resistance before each cell (cells,) [ohm]."""
        ohm = np.full(self.cells, segment_ohm, dtype=np.float64)
        if self.leading and first_ohm is not None:
            ohm[0] = first_ohm
        return ohm


def cut_axis(
    cells: int,
    *,
    ideal: bool,
    first_ohm: float | None,
    last_ohm: float | None,
    halves: bool = False,
) -> Axis:
    """Cut an axis whose ends are reached through `first_ohm`, `last_ohm`; None is not connected.

    Only whether the resistances are None or 0 matters here. `halves` : cut once in the middle
    instead of into small patches, for machines that do large patches best.
    """
    strip = not ideal and first_ohm == 0.0
    begin = 1 if strip else 0
    rest = cells - begin
    size = _half_size(rest) if halves else patch_size(rest)
    count = -(-rest // size)
    edges = begin + np.round(np.linspace(0, rest, count + 1)).astype(int)
    cuts = [Cut(start=0, stop=1, size=1, ideal=True, first=0, last=0)] if strip else []
    for k in range(count):
        first, last = (0, 0) if ideal else (k, k + 1)
        start, stop = int(edges[k]), int(edges[k + 1])
        cuts.append(Cut(start=start, stop=stop, size=size, ideal=ideal, first=first, last=last))
    end = cuts[-1].last
    first_wire = ideal and first_ohm is not None and first_ohm > 0.0
    last_wire = last_ohm is not None and last_ohm > 0.0
    return Axis(
        cells=cells,
        cuts=tuple(cuts),
        leading=not ideal and not strip,
        first=None if first_ohm is None else end + 1 if first_wire else 0,
        last=None if last_ohm is None else end + 2 if last_wire else end,
        first_wire=first_wire,
        last_wire=last_wire,
    )


def _half_size(cells: int) -> int:
    """Return the smallest power of two that holds half of the cells."""
    return 1 << max(0, -(-cells // 2) - 1).bit_length()


def patch_size(cells: int) -> int:
    """Return the smallest power of two that holds all cells, up to the largest patch.

    A joint more costs more than dummies do.
    """
    return min(_PATCH, 1 << (cells - 1).bit_length())
