"""How an array is cut into patches, and the numbers of the nodes where the patches meet.

Rows and columns are cut into patches of up to 16 cells. A patch owns the segments to the left of
and above its cells; the segment or terminal before the very first cell is its end. Odd sizes are
filled up with dummy rows and columns: a dummy cell has no device, and the one segment it is put
into becomes two of half the resistance, so nothing changes. A row that is held at its left end
without any resistance starts with a strip of one column whose left and right are one node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray

__all__ = ["Axis", "Cut", "cut_axis"]

IntArray = NDArray[np.int64]

_PATCH = 16
_WASTE = 1.25


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
        """How many dummy cells stand in front."""
        return self.size - (self.stop - self.start)

    def segments(self, ohm: FloatArray) -> FloatArray:
        """Return the conductances [S] before each cell, dummies first, of `ohm` before each cell.

        (size,), from the array's whole (cells,).
        """
        own = ohm[self.start : self.stop]
        pieces = np.concatenate([np.repeat(own[:1], self.dummies), own])
        pieces[: self.dummies + 1] /= self.dummies + 1
        with np.errstate(divide="ignore"):
            siemens: FloatArray = 1.0 / pieces
        return siemens


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Wires along one axis: where they are cut and what their ends are.

    cells : how many cells a wire passes.
    cuts : the slices.
    segment_ohm : resistance before each cell, the first being the end before (cells,) [ohm].
    first, last : number of the boundary that the outside connects to at each end, or None.
    last_ohm : what lies between the last cell and the last boundary [ohm]; None if nothing does.
    """

    cells: int
    cuts: tuple[Cut, ...]
    segment_ohm: FloatArray
    first: int | None
    last: int | None
    first_ohm: float | None
    last_ohm: float | None

    @property
    def boundaries(self) -> int:
        """How many numbers the boundaries may take."""
        return len(self.cuts) + 3


def cut_axis(
    cells: int, segment_ohm: float, first_ohm: float | None, last_ohm: float | None
) -> Axis:
    """Cut an axis whose ends are reached through `first_ohm`, `last_ohm`; None is not connected."""
    ideal = segment_ohm == 0.0
    strip = not ideal and first_ohm == 0.0
    begin = 1 if strip else 0
    rest = cells - begin
    size = _patch_size(rest)
    count = -(-rest // size)
    edges = begin + np.round(np.linspace(0, rest, count + 1)).astype(int)
    cuts = [Cut(start=0, stop=1, size=1, ideal=True, first=0, last=0)] if strip else []
    for k in range(count):
        first, last = (0, 0) if ideal else (k, k + 1)
        cuts.append(
            Cut(
                start=int(edges[k]),
                stop=int(edges[k + 1]),
                size=size,
                ideal=ideal,
                first=first,
                last=last,
            )
        )
    end = cuts[-1].last
    before = segment_ohm if first_ohm is None or first_ohm == 0.0 or ideal else first_ohm
    ohm = np.full(cells, float(segment_ohm))
    ohm[0] = before
    outer_first = first_ohm if ideal and first_ohm != 0.0 else None
    outer_last = last_ohm if last_ohm != 0.0 else None
    return Axis(
        cells=cells,
        cuts=tuple(cuts),
        segment_ohm=ohm,
        first=None if first_ohm is None else (end + 1 if outer_first is not None else 0),
        last=None if last_ohm is None else (end + 2 if outer_last is not None else end),
        first_ohm=outer_first,
        last_ohm=outer_last,
    )


def _patch_size(cells: int) -> int:
    """Return the largest power of two up to 16 that needs few dummies."""
    for size in (_PATCH, _PATCH // 2, _PATCH // 4, 2):
        if -(-cells // size) * size <= _WASTE * cells:
            return size
    return 1
