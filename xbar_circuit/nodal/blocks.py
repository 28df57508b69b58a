"""How two blocks of an array become one.

A block is a rectangle of cells seen from its ports: the wire nodes that it shares with other blocks
or that something outside connects to. Joining two blocks adds their branch conductances on the
ports they share; ports that nothing else uses any more are then taken out. What joins what depends
on the nodes' numbers only, so it is planned once (`Joint`) for all blocks of one shape and all
tiles of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.nodal.star_mesh import eliminate, take_out

__all__ = ["Half", "Joint", "Ports", "join", "join_networks"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How two blocks join.

    inner : how many nodes are taken out.
    ports : what is left.
    halves : where each partner's ports go, among the inner nodes and among `ports`.
    """

    inner: int
    ports: Ports
    halves: tuple[Half, Half]


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
    joint: Joint, partners: tuple[FloatArray, FloatArray], *, weights: bool
) -> tuple[FloatArray, FloatArray]:
    """Join networks (batch, ports, ports) and take out what is done.

    Returns the joined networks and the weights of the nodes taken out (batch, inner, ports),
    which are empty if not asked for.
    """
    batch = len(partners[0])
    m, n = joint.inner, len(joint.ports.numbers)
    kept = _overlay(joint, partners, "ports", "ports", (batch, n, n))
    if m == 0:
        return kept, np.empty((batch, 0, n))
    inside = _overlay(joint, partners, "inner", "inner", (batch, m, m))
    across = _overlay(joint, partners, "inner", "ports", (batch, m, n))
    shares = take_out(inside, across, kept, weights=weights)
    if shares is not None:
        return kept, shares
    whole = np.empty((batch, m + n, m + n))
    whole[:, :m, :m] = inside
    whole[:, :m, m:] = across
    whole[:, m:, :m] = across.transpose(0, 2, 1)
    whole[:, m:, m:] = kept
    return eliminate(whole, m)


def _overlay(
    joint: Joint,
    partners: tuple[FloatArray, FloatArray],
    row: str,
    column: str,
    shape: tuple[int, ...],
) -> FloatArray:
    """Add both partners' branches between two groups of nodes, ``"inner"`` or ``"ports"``."""
    network = np.zeros(shape)
    for half, partner in zip(joint.halves, partners, strict=True):
        for source, destination in getattr(half, row):
            for source2, destination2 in getattr(half, column):
                network[:, destination, destination2] += partner[:, source, source2]
    return network
