"""Patches reduced from their cells to their ports, compiled; imported only where numba is.

The rounds of joints are those of `_leaves`, gone through depth first: cells are taken in the order
of the joints, and whenever both partners of a joint are there they are joined, as a binary counter
carries. So a patch stays in the processor's cache from its cells to its ports.

A network is a packed triangle: row p of N nodes holds its branches to the nodes after it. Taking
out a node adds ``g_p g_q / sum(g)`` to the branch between each two of its neighbours (star-mesh),
and once the first m nodes are gone, what is left is the tail of the array. Networks of few ports
are joined `LANES` blocks side by side, one number of each block next to the other; larger ones
block by block, each row receiving four stars in one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._compiler import jit

__all__ = ["LANES", "reduce_patches"]

LANES = 16

_TINY = float(np.finfo(np.float64).tiny)

# ruff: noqa: PLR0917 - compiled functions take their arguments by position


@jit
def _lay_lanes(partner: Any, ports: int, place: Any, table: Any, nodes: int) -> None:
    """Add a partner's branches (branches, lanes) to the joined network's."""
    source = 0
    for a in range(ports):
        for b in range(a + 1, ports):
            low, high = min(place[a], place[b]), max(place[a], place[b])
            given = partner[source]
            taken = table[low * nodes - low * (low + 3) // 2 - 1 + high]
            for lane in range(len(taken)):
                taken[lane] += given[lane]
            source += 1


@jit
def _take_out_lanes(table: Any, nodes: int, inner: int, share: Any, arm: Any) -> None:
    """Take the first `inner` nodes out of networks side by side."""
    own = 0  # where the node's branches start
    for k in range(inner):
        count = nodes - 1 - k
        share[:] = 0.0
        for q in range(own, own + count):
            arms = table[q]
            for lane in range(len(share)):
                share[lane] += arms[lane]
        for lane in range(len(share)):
            share[lane] = 1.0 / max(share[lane], _TINY)
        target = own + count
        for p in range(own, own + count):
            arms = table[p]
            for lane in range(len(arm)):
                arm[lane] = arms[lane] * share[lane]
            for q in range(p + 1, own + count):
                arms, taken = table[q], table[target]
                for lane in range(len(taken)):
                    taken[lane] += arm[lane] * arms[lane]
                target += 1
        own += count


@jit
def _lay(partner: Any, ports: int, runs: Any, table: Any, nodes: int) -> None:
    """Add a partner's branches to the joined network's; `runs` : (runs, 3) from, to, how many."""
    for r in range(len(runs)):
        first, goal, length = runs[r]
        for s in range(r, len(runs)):
            first2, goal2, length2 = runs[s]
            for i in range(length):
                a, p = first + i, goal + i
                row = a * ports - a * (a + 3) // 2 - 1
                begin = i + 1 if s == r else 0
                if goal2 >= goal:
                    target = p * nodes - p * (p + 3) // 2 - 1 + goal2
                    source = row + first2
                    given = partner[source + begin : source + length2]
                    taken = table[target + begin : target + length2]
                    for j in range(len(given)):
                        taken[j] += given[j]
                else:
                    for j in range(length2):
                        q = goal2 + j
                        table[q * nodes - q * (q + 3) // 2 - 1 + p] += partner[row + first2 + j]


@jit
def _take_out(table: Any, nodes: int, inner: int, share: Any) -> None:
    """Take the first `inner` nodes out of a network, row by row."""
    for p in range(nodes - 1):
        start = p * nodes - p * (p + 3) // 2 - 1  # + q is the branch to node q
        row = table[start + p + 1 : start + nodes]
        count = nodes - 1 - p
        taken = min(p, inner)
        k = 0
        while k + 4 <= taken:
            at1 = k * nodes - k * (k + 3) // 2 - 1
            at2 = (k + 1) * nodes - (k + 1) * (k + 4) // 2 - 1
            at3 = (k + 2) * nodes - (k + 2) * (k + 5) // 2 - 1
            at4 = (k + 3) * nodes - (k + 3) * (k + 6) // 2 - 1
            arm1, arm2 = table[at1 + p] * share[k], table[at2 + p] * share[k + 1]
            arm3, arm4 = table[at3 + p] * share[k + 2], table[at4 + p] * share[k + 3]
            one, two = table[at1 + p + 1 : at1 + nodes], table[at2 + p + 1 : at2 + nodes]
            three, four = table[at3 + p + 1 : at3 + nodes], table[at4 + p + 1 : at4 + nodes]
            for q in range(count):
                row[q] += (arm1 * one[q] + arm2 * two[q]) + (arm3 * three[q] + arm4 * four[q])
            k += 4
        while k < taken:
            at1 = k * nodes - k * (k + 3) // 2 - 1
            arm1 = table[at1 + p] * share[k]
            one = table[at1 + p + 1 : at1 + nodes]
            for q in range(count):
                row[q] += arm1 * one[q]
            k += 1
        if p < inner:
            sum1 = sum2 = sum3 = sum4 = 0.0
            whole = count - count % 4
            for q in range(0, whole, 4):
                sum1 += row[q]
                sum2 += row[q + 1]
                sum3 += row[q + 2]
                sum4 += row[q + 3]
            for q in range(whole, count):
                sum1 += row[q]
            share[p] = 1.0 / max((sum1 + sum2) + (sum3 + sum4), _TINY)


@jit
def _spot(number: int, across: Any, first: int, last: int) -> tuple[int, int]:
    """Return row and column of a block among those that rounds from `first` to `last` join."""
    i = j = 0
    down = right = 1
    for step in range(first, last):
        bit = number >> (step - first) & 1
        if across[step]:
            j += bit * right
            right *= 2
        else:
            i += bit * down
            down *= 2
    return i, j


@jit
def _unpack(packed: Any, matrix: Any) -> None:
    """Write a packed triangle into both halves of a matrix."""
    size = len(matrix)
    for low in range(0, size, 8):
        high = min(low + 8, size)
        for low2 in range(low, size, 8):
            high2 = min(low2 + 8, size)
            for p in range(low, high):
                start = p * size - p * (p + 3) // 2 - 1
                for q in range(max(low2, p + 1), high2):
                    matrix[p, q] = packed[start + q]
                    matrix[q, p] = packed[start + q]


@jit
def _side_by_side(
    siemens: Any,
    cell: Any,
    across: Any,
    inner: Any,
    ports: Any,
    place: Any,
    spots: Any,
    sizes: Any,
    tables: Any,
    shares: Any,
    done: Any,
) -> None:
    """Reduce LANES blocks to their ports.

    `spots` : (3, LANES) patch, first row and first column of each; `tables` : (branches, LANES)
    room for two networks a round; `shares` : (2, LANES) room; `done` : (LANES, branches) the
    result.
    """
    rounds = len(sizes) - 1
    share, arm = shares[0], shares[1]
    patch, top, left = spots[0], spots[1], spots[2]
    own_ports = ports[0]
    for k in range(1 << rounds):
        i, j = _spot(k, across, 0, rounds)
        begin = sizes[0, 2 + (k & 1)]
        own = tables[begin : begin + sizes[0, 0]]
        own[:] = 0.0
        for kind in range(3):
            low = (cell[0], 0, cell[0] + 1)[kind]
            high = (cell[1], cell[0], cell[1])[kind]
            if low == high:  # an ideal wire has no segment
                continue
            goal = own[low * own_ports - low * (low + 3) // 2 - 1 + high]
            for lane in range(len(goal)):
                goal[lane] = siemens[kind, patch[lane], top[lane] + i, left[lane] + j]
        step = 0
        while step < rounds and k >> step & 1:
            begin = sizes[step + 1, 2 + (k >> (step + 1) & 1)]
            table = tables[begin : begin + sizes[step + 1, 1]]
            table[:] = 0.0
            nodes = inner[step] + ports[step + 1]
            for half in range(2):
                end = sizes[step, 2 + half] + sizes[step, 1]
                partner = tables[end - sizes[step, 0] : end]
                _lay_lanes(partner, ports[step], place[step, half], table, nodes)
            _take_out_lanes(table, nodes, inner[step], share, arm)
            step += 1
    end = sizes[rounds, 2] + sizes[rounds, 1]
    found = tables[end - sizes[rounds, 0] : end]
    for lane in range(len(done)):
        result = done[lane]
        for q in range(len(result)):
            result[q] = found[q, lane]


@jit
def _one_by_one(
    blocks: Any,
    first: int,
    inner: Any,
    ports: Any,
    run_count: Any,
    runs: Any,
    sizes: Any,
    tables: Any,
    share: Any,
) -> Any:
    """Join the blocks of a patch (blocks, branches) from round `first` on; return its network."""
    rounds = len(inner)
    for k in range(len(blocks)):
        step = first
        while step < rounds and k >> (step - first) & 1:
            begin = sizes[step + 1, 2 + (k >> (step + 1 - first) & 1)]
            table = tables[begin : begin + sizes[step + 1, 1]]
            table[:] = 0.0
            nodes = inner[step] + ports[step + 1]
            for half in range(2):
                if step == first:
                    partner = blocks[k - 1 + half]
                else:
                    end = sizes[step, 2 + half] + sizes[step, 1]
                    partner = tables[end - sizes[step, 0] : end]
                where = runs[step, half, : run_count[step, half]]
                _lay(partner, ports[step], where, table, nodes)
            _take_out(table, nodes, inner[step], share)
            step += 1
    if len(blocks) == 1:
        return blocks[0]
    end = sizes[rounds, 2] + sizes[rounds, 1]
    return tables[end - sizes[rounds, 0] : end]


@jit
def reduce_patches(
    siemens: Any,
    cell: Any,
    across: Any,
    inner: Any,
    ports: Any,
    place: Any,
    run_count: Any,
    runs: Any,
    side_by_side: int,
    out: Any,
) -> None:
    """Reduce patches to their ports.

    Parameters
    ----------
    siemens
        Of each cell's device, of the segment to its left and of the one above it (3, patches, rows,
        cols) [S].
    cell
        Number of a cell's row node and of its column node among its ports.
    across, inner, ports
        Of each round: whether neighbours in a row join, how many nodes are taken out, and (rounds +
        1) how many ports there are before each.
    place, run_count, runs
        Where the ports of each partner go: (rounds, 2, ports), and as runs.
    side_by_side
        How many rounds blocks are taken side by side.
    out
        The networks (patches, ports, ports) [S], symmetric, with zeros on the diagonal.
    """
    rounds = len(inner)
    blocks = 1 << (rounds - side_by_side)
    height = width = 1
    # branches of a network without and with its inner nodes, and where both partners' start
    sizes = np.empty((rounds + 1, 4), dtype=np.int64)
    used = 0
    for step in range(rounds + 1):
        nodes = ports[step] + (inner[step - 1] if step else 0)
        sizes[step, 0] = ports[step] * (ports[step] - 1) // 2
        sizes[step, 1] = nodes * (nodes - 1) // 2
        sizes[step, 2], sizes[step, 3] = used, used + sizes[step, 1]
        used += 2 * sizes[step, 1]
        if step < side_by_side and across[step]:
            width *= 2
        elif step < side_by_side:
            height *= 2
        if step == side_by_side:
            lanes = np.empty((used, LANES))
            used = 0
    tables = np.empty(used)
    together = max(1, LANES // blocks)  # patches
    done = np.empty((-(-together * blocks // LANES) * LANES, sizes[side_by_side, 0]))
    share = np.empty(ports.max())
    shares = np.empty((2, LANES))
    spots = np.empty((3, LANES), dtype=np.int64)
    patches = siemens.shape[1]
    for start in range(0, patches, together):
        count = min(together, patches - start) * blocks
        for group in range(0, count, LANES):
            for lane in range(LANES):
                block = min(group + lane, count - 1)
                spots[0, lane] = start + block // blocks
                i, j = _spot(block % blocks, across, side_by_side, rounds)
                spots[1, lane], spots[2, lane] = i * height, j * width
            goal = done[group : group + LANES]
            given = (siemens, cell, across, inner, ports, place)
            _side_by_side(*given, spots, sizes[: side_by_side + 1], lanes, shares, goal)
        for k in range(count // blocks):
            own = done[k * blocks : (k + 1) * blocks]
            later = (inner, ports, run_count, runs, sizes, tables, share)
            _unpack(_one_by_one(own, side_by_side, *later), out[start + k])
