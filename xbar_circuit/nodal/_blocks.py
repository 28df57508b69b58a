"""How two blocks of an array become one.

A block is a rectangle of cells seen from its ports: the wire nodes that it shares with other blocks
or that something outside connects to. Joining two blocks adds their branch conductances on the
ports they share; ports that nothing else uses any more are then taken out. What joins what depends
on the nodes' numbers only, so it is planned once (`Joint`) for all blocks of one shape and all
tiles of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import Array, empty, is_numpy, namespace, pick, zeros
from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal._m_matrix import inverse

__all__ = ["Half", "Joint", "Ports", "join", "join_between", "join_networks", "kernels"]

IntArray = NDArray[np.int64]
Runs = list[tuple[slice, slice]]


class Ports(NamedTuple):
    """The ports of a block.

    numbers : of the nodes, increasing.
    uses : how many elementary blocks inside touch each of them.
    """

    numbers: IntArray
    uses: IntArray


class Half(NamedTuple):
    """Where the ports of one partner of a joint go, as runs (source, destination)."""

    inner: Runs
    ports: Runs


@dataclass(frozen=True, kw_only=True)
class Joint:
    """How two blocks join.

    inner : how many nodes are taken out.
    ports : what is left.
    halves : where each partner's ports go, among the inner nodes and among `ports`.
    """

    inner: int
    ports: Ports
    halves: tuple[Half, Half]

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """Where the ports of each of two equal partners go (2, ports), inner nodes first."""
        own = sum(run[0].stop - run[0].start for runs in self.halves[0] for run in runs)
        place = np.empty((2, own), dtype=np.int32)
        for number, half in enumerate(self.halves):
            for runs, offset in ((half.inner, 0), (half.ports, self.inner)):
                for source, where in runs:
                    place[number, source] = np.arange(where.start, where.stop) + offset
        return place

    @cached_property
    def runs(self) -> tuple[IntArray, IntArray]:
        """Runs of each partner's ports (runs, 3): from where, to where, inner nodes first, long."""
        found = []
        for half in self.halves:
            lines = [
                (source.start, where.start + offset, where.stop - where.start)
                for group, offset in ((half.inner, 0), (half.ports, self.inner))
                for source, where in group
            ]
            found.append(np.array(lines, dtype=np.int64).reshape(-1, 3))
        return found[0], found[1]


def join(first: Ports, second: Ports, needed: IntArray) -> Joint:
    """Plan the joint of two blocks.

    `needed` : how many elementary blocks use each node in the whole array, by node number; more
    than there are where something outside connects to the node, so that it is never taken out.
    """
    numbers = np.concatenate([first.numbers, second.numbers])
    every, place = np.unique(numbers, return_inverse=True)
    uses = np.zeros(len(every), dtype=np.int64)
    split = len(first.numbers)
    uses[place[:split]] = first.uses
    uses[place[split:]] += second.uses
    done = uses == needed[every]
    inner = int(np.count_nonzero(done))
    rank = np.where(done, np.cumsum(done), np.cumsum(~done) + inner) - 1
    return Joint(
        inner=inner,
        ports=Ports(every[~done], uses[~done]),
        halves=(_half(rank[place[:split]], inner), _half(rank[place[split:]], inner)),
    )


def _half(rank: IntArray, inner: int) -> Half:
    """Return the runs of one partner, whose port k goes to ``rank[k]``, inner nodes first."""
    half = Half([], [])
    cuts = (np.flatnonzero((rank[1:] != rank[:-1] + 1) | (rank[1:] == inner)) + 1).tolist()
    for start, stop in zip([0, *cuts], [*cuts, len(rank)], strict=True):
        if stop > start:
            first = int(rank[start])
            runs, offset = (half.inner, 0) if first < inner else (half.ports, inner)
            where = slice(first - offset, first - offset + stop - start)
            runs.append((slice(start, stop), where))
    return half


def join_networks(
    joint: Joint, partners: tuple[Array, Array], *, weights: bool
) -> tuple[Array, Array]:
    """Join networks (..., ports, ports) and take out what is done.

    Returns the joined networks and the weights of the nodes taken out (..., inner, ports), which
    mean nothing if not asked for. The diagonals of networks mean nothing.
    """
    grid = tuple(partners[0].shape[:-2])
    m, n = joint.inner, len(joint.ports.numbers)
    if m == 0:
        kept = zeros(partners[0], (*grid, n, n))
        _overlay(kept, joint, partners, "ports", "ports")
        return kept, empty(kept, (*grid, 0, n))
    xp = namespace(partners[0])
    inside, across = _inner(joint, partners)
    shares = xp.matmul(inverse(inside, xp.sum(across, axis=-1)), across)
    kept = xp.matmul(across.swapaxes(1, 2), shares).reshape(*grid, n, n)
    _overlay(kept, joint, partners, "ports", "ports")
    return kept, shares.reshape(*grid, m, n) if weights else shares


def join_between(
    joint: Joint, partners: tuple[Array, Array], first: IntArray, second: IntArray
) -> Array:
    """Join networks (batch, ports, ports); return the branches between some ports and others.

    `first`, `second` : ports of the joined network without any in common. The result is (batch,
    first, second), as cut out of that of `join_networks` but for less work.
    """
    batch = len(partners[0])
    m, n = joint.inner, len(joint.ports.numbers)
    if m:
        xp = namespace(partners[0])
        inside, across = _inner(joint, partners)
        shares = xp.matmul(inverse(inside, xp.sum(across, axis=-1)), pick(across, second, -1))
        carried = xp.matmul(pick(across, first, -1).swapaxes(1, 2), shares)
    else:
        carried = zeros(partners[0], (batch, len(first), len(second)))
    place = np.full((2, n), -1)
    place[0, first], place[1, second] = np.arange(len(first)), np.arange(len(second))
    for half, partner in zip(joint.halves, partners, strict=True):
        own = np.full((2, partner.shape[1]), -1)
        for source, where in half.ports:
            own[:, source] = place[:, where]
        for source, where in _runs(own[0]):
            for source2, where2 in _runs(own[1]):
                carried[:, where, where2] += partner[:, source, source2]
    return carried


def _runs(place: IntArray) -> Runs:
    """Return runs (source, destination) of a map in which -1 goes nowhere."""
    source = np.flatnonzero(place >= 0)
    target = place[source]
    cuts = np.flatnonzero((np.diff(source) != 1) | (np.diff(target) != 1)) + 1
    pairs = zip(np.split(source, cuts), np.split(target, cuts), strict=True)
    return [
        (slice(int(s[0]), int(s[-1]) + 1), slice(int(t[0]), int(t[-1]) + 1))
        for s, t in pairs
        if len(s)
    ]


@cache
def kernels() -> Any:
    """Return the compiled loops, None where numba is missing."""
    if not compiled.available():
        return None
    return import_module("xbar_circuit.nodal._block_kernels")


def _grid_of_3(networks: FloatArray) -> FloatArray:
    """Return networks (..., ports, ports) with three axes in front, as a view."""
    return networks[(np.newaxis,) * (5 - networks.ndim)]


def _inner(joint: Joint, partners: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the branches among the inner nodes and from them to the ports, (batch, inner, ...)."""
    grid = tuple(partners[0].shape[:-2])
    m, n = joint.inner, len(joint.ports.numbers)
    inside = zeros(partners[0], (*grid, m, m))
    across = zeros(partners[0], (*grid, m, n))
    compiled_loops = kernels() if is_numpy(partners[0]) else None
    if compiled_loops is not None:
        for partner, runs in zip(partners, joint.runs, strict=True):
            compiled_loops.lay_inner(
                _grid_of_3(partner), runs, m, _grid_of_3(inside), _grid_of_3(across)
            )
        return inside.reshape(-1, m, m), across.reshape(-1, m, n)
    _overlay(inside, joint, partners, "inner", "inner")
    _overlay(across, joint, partners, "inner", "ports")
    return inside.reshape(-1, m, m), across.reshape(-1, m, n)


def _overlay(
    network: Array,
    joint: Joint,
    partners: tuple[Array, Array],
    row: str,
    column: str,
) -> None:
    """Add both partners' branches between two groups of nodes, ``"inner"`` or ``"ports"``."""
    compiled_loops = kernels() if is_numpy(network) and row == column == "ports" else None
    if compiled_loops is not None:
        for partner, runs in zip(partners, joint.runs, strict=True):
            compiled_loops.lay_ports(_grid_of_3(partner), runs, joint.inner, _grid_of_3(network))
        return
    for half, partner in zip(joint.halves, partners, strict=True):
        for source, destination in getattr(half, row):
            for source2, destination2 in getattr(half, column):
                network[..., destination, destination2] += partner[..., source, source2]
