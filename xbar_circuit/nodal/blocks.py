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
from xbar_circuit.nodal.star_mesh import carry, clear_diagonal, eliminate, take_out

__all__ = ["Half", "Joint", "Ports", "join", "join_between", "join_networks"]

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
    """Join networks (..., ports, ports) and take out what is done.

    Returns the joined networks and the weights of the nodes taken out (..., inner, ports), which
    mean nothing if not asked for.
    """
    grid = partners[0].shape[:-2]
    m, n = joint.inner, len(joint.ports.numbers)
    if m == 0:
        kept = np.zeros((*grid, n, n))
        _overlay(kept, joint, partners, "ports", "ports")
        return kept, np.empty((*grid, 0, n))
    inside, across = _inner(joint, partners)
    flat = inside.reshape(-1, m, m), across.reshape(-1, m, n)
    found = take_out(*flat, weights=weights)
    if found is None:
        kept, shares = eliminate(_whole(joint, partners, *flat), m)
    else:
        kept, shares = found
        _overlay(kept.reshape(*grid, n, n), joint, partners, "ports", "ports")
        clear_diagonal(kept)
    return kept.reshape(*grid, n, n), shares.reshape(*grid, m, n) if weights else shares


def join_between(
    joint: Joint, partners: tuple[FloatArray, FloatArray], first: IntArray, second: IntArray
) -> FloatArray:
    """Join networks (batch, ports, ports); return the branches between some ports and others.

    `first`, `second` : ports of the joined network without any in common. The result is (batch,
    first, second), as cut out of that of `join_networks` but for less work.
    """
    batch = len(partners[0])
    m, n = joint.inner, len(joint.ports.numbers)
    if m:
        inside, across = _inner(joint, partners)
        carried = carry(inside, across, first, second)
        if carried is None:
            whole = eliminate(_whole(joint, partners, inside, across), m)[0]
            return whole[:, first[:, np.newaxis], second]
    else:
        carried = np.zeros((batch, len(first), len(second)))
    place = np.full((2, n), -1)
    place[0, first], place[1, second] = np.arange(len(first)), np.arange(len(second))
    for half, partner in zip(joint.halves, partners, strict=True):
        own = np.full((2, partner.shape[1]), -1)
        for source, where in half.ports:
            own[:, source] = place[:, where]
        rows, columns = np.flatnonzero(own[0] >= 0), np.flatnonzero(own[1] >= 0)
        if len(rows) and len(columns):
            into = (slice(None), own[0, rows][:, np.newaxis], own[1, columns])
            carried[into] += partner[:, rows[:, np.newaxis], columns]
    return carried


def _inner(joint: Joint, partners: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the branches among the inner nodes and from them to the ports."""
    grid = partners[0].shape[:-2]
    m, n = joint.inner, len(joint.ports.numbers)
    inside, across = np.zeros((*grid, m, m)), np.zeros((*grid, m, n))
    _overlay(inside, joint, partners, "inner", "inner")
    _overlay(across, joint, partners, "inner", "ports")
    return inside, across


def _whole(
    joint: Joint,
    partners: tuple[FloatArray, FloatArray],
    inside: FloatArray,
    across: FloatArray,
) -> FloatArray:
    """Return both partners' branches in one matrix (batch, inner + ports, inner + ports)."""
    m, n = joint.inner, len(joint.ports.numbers)
    whole = np.zeros((len(inside), m + n, m + n))
    whole[:, :m, :m] = inside
    whole[:, :m, m:] = across
    whole[:, m:, :m] = across.transpose(0, 2, 1)
    kept = whole[:, m:, m:].reshape(*partners[0].shape[:-2], n, n)
    _overlay(kept, joint, partners, "ports", "ports")
    whole[:, m:, m:] = kept.reshape(-1, n, n)
    return whole


def _overlay(
    network: FloatArray,
    joint: Joint,
    partners: tuple[FloatArray, FloatArray],
    row: str,
    column: str,
) -> None:
    """Add both partners' branches between two groups of nodes, ``"inner"`` or ``"ports"``."""
    for half, partner in zip(joint.halves, partners, strict=True):
        for source, destination in getattr(half, row):
            for source2, destination2 in getattr(half, column):
                network[..., destination, destination2] += partner[..., source, source2]
