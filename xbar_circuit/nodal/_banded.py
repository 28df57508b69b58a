"""Small linear arrays, node by node: star-mesh elimination in a band, compiled.

Nodes are taken out one after the other, line by line: the branches ``g_a`` of a star become
branches ``g_a g_b / sum(g)`` between its neighbours (A. Rosen, J. IEE 62, 916, 1924). Nothing is
subtracted, so every conductance is right relative to itself, however far apart they lie. A node's
neighbours lie at most two lines ahead: its branches to nodes that are still there are kept as a
band, those to drivers and sense terminals beside it. Once all nodes are gone, the branches between
drivers and senses are the transfer matrix; the stars that were taken out, gone through backwards,
give the voltages.

Lines are the word lines, or the bit lines where these are shorter to go along; wires across them
join their cells. Either may have ends of 0 ohm or no resistance at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Layout", "Stars", "can_eliminate", "estimated_second", "few", "layout"]

IntArray = NDArray[np.int64]


_FEW = 4


def few(cells: int) -> bool:
    """Return whether so few cells are not worth half a second of loading the compiler."""
    return cells <= _FEW


def can_eliminate(cells: int) -> bool:
    """Return whether an array of so many cells can be eliminated node by node in good time."""
    return few(cells) or compiled.available()


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the nodes of an array lie in the band, and what the wires between them conduct.

    turned : whether lines are bit lines.
    lines, cells : number of lines, and of cells of each.
    nodes, band : number of nodes, and how far apart neighbours are at most.
    along, across : node of each cell (lines, cells) on its line and on the wire across it, or -1 -
        its terminal.
    start : of each node's branches (nodes + 1,).
    place : how far ahead these lead (branches,), or to -1 - terminal.
    source : number of the device that they are (branches,), or -1 - that of a wire's branch.
    siemens : of the wires' branches [S].
    between : line's and other terminal, and number, of the devices between two of these.
    """

    turned: bool
    lines: int
    cells: int
    nodes: int
    band: int
    along: IntArray
    across: IntArray
    start: IntArray
    place: IntArray
    source: IntArray
    siemens: FloatArray
    between: IntArray


@lru_cache(maxsize=64)
def layout(shape: tuple[int, int], wires: Wires, ends: Terminals) -> Layout:
    """Return the layout of arrays of a kind."""
    rows, cols = shape
    row = (wires.row_ohm, *end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm))
    column = (wires.column_ohm, *end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm))
    ideal = wires.row_ohm == 0.0, wires.column_ohm == 0.0
    turned = cols > rows if ideal[0] == ideal[1] else ideal[1]
    own, other = (column, row) if turned else (row, column)
    lines, cells = (cols, rows) if turned else (rows, cols)
    along_nodes, along_branches = _wire(cells, *own)
    across_nodes, across_branches = _wire(lines, *other)
    flip = other[1] > 0.0 and other[2] == 0.0  # held ends last: terminals come in late
    order = range(lines)[::-1] if flip else range(lines)
    along, across = np.empty((lines, cells), np.int64), np.empty((lines, cells), np.int64)
    last = {int(across_nodes[k]): k for k in order}  # when all of a wire's line has come
    base, starts, count = {}, {}, 0
    for k in order:
        starts[k] = count
        along[k] = np.where(along_nodes < 0, -1 - k, along_nodes + count)
        count += int(along_nodes.max(initial=-1)) + 1
        level = int(across_nodes[k])
        if level >= 0 and last[level] == k:
            base[level] = count
            count += cells
    for k in range(lines):
        level = int(across_nodes[k])
        terminals = -1 - lines - np.arange(cells)
        across[k] = terminals if level < 0 else base[level] + np.arange(cells)
    branches: list[tuple[int, int, float]] = []
    for k in range(lines):
        for one, two, siemens in along_branches:
            end = -1 - k if two < 0 else starts[k] + two
            branches.append((starts[k] + one, end, siemens))
    for j in range(cells):
        for one, two, siemens in across_branches:
            branches.append((base[one] + j, -1 - lines - j if two < 0 else base[two] + j, siemens))
    found: list[tuple[int, int, int]] = []  # node, other node or -1 - terminal, source
    between: list[tuple[int, int, int]] = []
    found += [
        (min(a, b) if b >= 0 else a, max(a, b) if b >= 0 else b, -1 - n)
        for n, (a, b, _) in enumerate(branches)
    ]
    for k in range(lines):
        for j in range(cells):
            low, high = sorted((int(along[k, j]), int(across[k, j])))
            device = k * cells + j
            if high < 0:
                between.append((-1 - int(along[k, j]), -1 - int(across[k, j]) - lines, device))
            else:
                found.append((low, high, device) if low >= 0 else (high, low, device))
    found.sort()
    node, goal, source = np.array(found, dtype=np.int64).reshape(-1, 3).T
    ahead = np.where(goal < 0, goal, goal - node)
    return Layout(
        turned=turned,
        lines=lines,
        cells=cells,
        nodes=count,
        band=int(ahead.max(initial=0)),
        along=along,
        across=across,
        start=np.searchsorted(node, np.arange(count + 1)),
        place=np.ascontiguousarray(ahead),
        source=np.ascontiguousarray(source),
        siemens=np.array([b[2] for b in branches], dtype=np.float64),
        between=np.array(between, dtype=np.int64).reshape(-1, 3),
    )


def _wire(
    cells: int, ohm: float, first: float, last: float
) -> tuple[IntArray, list[tuple[int, int, float]]]:
    """Return the node of each cell of a wire, -1 where it is held, and the wire's branches.

    Branches (node, node or -1 for what holds the wire, siemens).
    """
    if ohm == 0.0:
        if np.isinf(first) or np.isinf(last):
            return np.full(cells, -1), []
        return np.zeros(cells, np.int64), [(0, -1, first + last)]
    begin, end = int(np.isinf(first)), cells - int(np.isinf(last))
    node = np.full(cells, -1)
    node[begin:end] = np.arange(max(end - begin, 0))
    if end <= begin:
        return node, []
    branches = [(k, k + 1, 1.0 / ohm) for k in range(end - begin - 1)]
    branches.append((0, -1, 1.0 / ohm if begin else first))
    branches.append((end - begin - 1, -1, 1.0 / ohm if end < cells else last))
    return node, [branch for branch in branches if branch[2] > 0.0]


def estimated_second(rows: int, cols: int) -> float:
    """Return about how long the transfer matrix takes on one core [s], as measured."""
    long, short = max(rows, cols), min(rows, cols)
    along = 7e-8 + 6e-10 * long + short * (1.53e-8 + 8.3e-11 * long + 2.5e-10 * short)
    return 2e-5 + long * short * along


# ruff: noqa: PLR0917 - compiled functions take their arguments by position


def _eliminate(
    device: Any,
    start: Any,
    place: Any,
    source: Any,
    siemens: Any,
    between: Any,
    near: Any,
    far: Any,
    inverse: Any,
    transfer: Any,
) -> None:
    tiles, lines, cells = transfer.shape
    nodes = len(inverse)
    room, width = near.shape  # rows that are kept, in turn; a row ends with zeros
    ends = far.shape[1]
    band = min(width - 9, nodes)
    reach = np.zeros((room, 2), dtype=np.int64)  # terminals met, from and to
    for tile in range(tiles):
        transfer[tile] = 0.0
        for k in range(len(between)):
            transfer[tile, between[k, 0], between[k, 1]] += device[tile, between[k, 2]]
        for k in range(-band, nodes):
            fresh = k + band
            if fresh < nodes:
                row, beside = near[fresh % room], far[fresh % room]
                row[:] = 0.0
                beside[:] = 0.0
                low, high = ends, 0
                for each in range(start[fresh], start[fresh + 1]):
                    where, what = place[each], source[each]
                    value = siemens[-1 - what] if what < 0 else device[tile, what]
                    if where < 0:
                        beside[-1 - where] += value
                        low, high = min(low, -1 - where), max(high, -where)
                    else:
                        row[where] += value
                reach[fresh % room, 0], reach[fresh % room, 1] = low, high
            if k < 0:
                continue
            own = k % room
            row, beside = near[own], far[own]
            low, high = reach[own]
            low -= low % 8
            high = min(ends, (high + 7) // 8 * 8)
            stop = min(width - 8, nodes - k)
            while stop > 1 and row[stop - 1] == 0.0:
                stop -= 1
            one = two = three = four = 0.0
            for at in range(1, stop, 4):
                one += row[at]
                two += row[at + 1]
                three += row[at + 2]
                four += row[at + 3]
            for at in range(low, high, 4):
                one += beside[at]
                two += beside[at + 1]
                three += beside[at + 2]
                four += beside[at + 3]
            total = (one + two) + (three + four)
            share = 1.0 / total if total > 0.0 else 0.0
            inverse[k] = share
            for p in range(1, stop):
                arm = row[p] * share
                if arm == 0.0:
                    continue
                other = (k + p) % room
                other_row, other_beside = near[other], far[other]
                ahead, target = row[p + 1 : stop], other_row[1 : stop - p]
                for q in range(len(ahead)):
                    target[q] += arm * ahead[q]
                if high > low:
                    ahead, target = beside[low:high], other_beside[low:high]
                    for q in range(len(ahead)):
                        target[q] += arm * ahead[q]
                    reach[other, 0] = min(reach[other, 0], low)
                    reach[other, 1] = max(reach[other, 1], high)
            low2, high2 = max(low, lines), min(high, lines + cells)
            for p in range(low, min(high, lines)):
                arm = beside[p] * share
                if arm > 0.0:
                    for q in range(low2, high2):
                        transfer[tile, p, q - lines] += arm * beside[q]


def _substitute(
    along: Any, across: Any, near: Any, far: Any, inverse: Any, held: Any, one: Any, two: Any
) -> None:
    nodes = len(inverse)
    width = near.shape[1] - 8
    lines, cells = along.shape
    volt = np.empty(nodes)
    for b in range(len(held)):
        for k in range(nodes - 1, -1, -1):
            total = 0.0
            for a in range(held.shape[1]):
                total += far[k, a] * held[b, a]
            for p in range(1, min(width, nodes - k)):
                total += near[k, p] * volt[k + p]
            volt[k] = total * inverse[k]
        for i in range(lines):
            for j in range(cells):
                own, other = along[i, j], across[i, j]
                one[b, i, j] = volt[own] if own >= 0 else held[b, -1 - own]
                two[b, i, j] = volt[other] if other >= 0 else held[b, -1 - other]


@cache
def _compiled() -> tuple[Callable[..., None], Callable[..., None]]:
    """Return the compiled elimination and substitution; numba is there."""
    return compiled.jit(_eliminate), compiled.jit(_substitute)


class Stars:
    """Arrays whose nodes were taken out one by one.

    Parameters
    ----------
    plan
        Their layout.
    device
        Conductances (tiles, rows, cols) [S].

    Attributes
    ----------
    transfer
        Transfer matrices (tiles, rows, cols) [S].
    """

    def __init__(self, plan: Layout, device: FloatArray, *, keep: bool = True) -> None:
        eliminate = _eliminate if few(device.size) else _compiled()[0]
        self._plan = plan
        room = plan.nodes if keep else min(plan.nodes, plan.band + 1)
        self._kept = (  # branches to nodes, to terminals, and one over the sum of both
            np.empty((room, plan.band + 9)),
            np.empty((room, -(-(plan.lines + plan.cells) // 8) * 8)),
            np.empty(plan.nodes),
        )
        turned = plan.turned
        own = np.ascontiguousarray(device.swapaxes(1, 2) if turned else device)
        found = np.empty(own.shape)
        given = (own.reshape(len(own), -1), plan.start, plan.place, plan.source, plan.siemens)
        with np.errstate(over="ignore", invalid="ignore"):  # as compiled loops do
            eliminate(*given, plan.between, *self._kept, found)
        self.transfer = np.ascontiguousarray(found.swapaxes(1, 2)) if turned else found

    def voltages(self, volts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return row and column voltages (batch, rows, cols) [V] of the last tile.

        `volts` : (batch, rows) [V].
        """
        plan = self._plan
        held = np.zeros((len(volts), plan.lines + plan.cells))
        if plan.turned:
            held[:, plan.lines :] = volts
        else:
            held[:, : plan.lines] = volts
        one, two = np.empty((2, len(volts), plan.lines, plan.cells))
        substitute = _substitute if few(one.size) else _compiled()[1]
        with np.errstate(over="ignore", invalid="ignore"):
            substitute(plan.along, plan.across, *self._kept, held, one, two)
        return (two.swapaxes(1, 2), one.swapaxes(1, 2)) if plan.turned else (one, two)
