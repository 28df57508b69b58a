"""Blocks of an array and how two neighbours become one.

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

__all__ = ["Block", "Half", "Joint", "join", "join_networks", "merge"]

IntArray = NDArray[np.int64]
Runs = list[tuple[slice, slice]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the array reduced to its ports.

    ports : numbers of the ports, increasing.
    uses : how many elementary blocks inside touch each port.
    network : branch conductances between the ports (tiles, ports, ports) [S].
    """

    ports: IntArray
    uses: IntArray
    network: FloatArray


class Half(NamedTuple):
    """Where the ports of one partner of a joint go, as runs (source, destination)."""

    inner: Runs
    ports: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How two blocks join.

    inner : numbers of the nodes taken out.
    ports, uses : what is left, as in `Block`.
    halves : where each partner's ports go, among `inner` and among `ports`.
    """

    inner: IntArray
    ports: IntArray
    uses: IntArray
    halves: tuple[Half, Half]


def join(
    first: tuple[IntArray, IntArray], second: tuple[IntArray, IntArray], needed: IntArray
) -> Joint:
    """Plan the joint of two blocks given as (ports, uses).

    `needed` : how many elementary blocks use each node in the whole array, by node number; more
    than there are where something outside connects to the node, so that it is never taken out.
    """
    every = np.union1d(first[0], second[0])
    uses = np.zeros(len(every), dtype=np.int64)
    for ports, count in (first, second):
        uses[np.searchsorted(every, ports)] += count
    done = uses == needed[every]
    inner, ports = every[done], every[~done]

    def half(own: IntArray) -> Half:
        gone = np.isin(own, inner)
        return Half(
            _runs(np.flatnonzero(gone), np.searchsorted(inner, own[gone])),
            _runs(np.flatnonzero(~gone), np.searchsorted(ports, own[~gone])),
        )

    return Joint(
        inner=inner, ports=ports, uses=uses[~done], halves=(half(first[0]), half(second[0]))
    )


def _runs(source: IntArray, destination: IntArray) -> Runs:
    """Return the pairs (source, destination) as slices, one for each contiguous stretch."""
    if len(source) == 0:
        return []
    cuts = np.flatnonzero((np.diff(source) != 1) | (np.diff(destination) != 1)) + 1
    starts = [0, *cuts.tolist()]
    stops = [*cuts.tolist(), len(source)]
    return [
        (
            slice(int(source[a]), int(source[a]) + b - a),
            slice(int(destination[a]), int(destination[a]) + b - a),
        )
        for a, b in zip(starts, stops, strict=True)
    ]


def join_networks(
    joint: Joint, partners: tuple[FloatArray, FloatArray], *, weights: bool
) -> tuple[FloatArray, FloatArray]:
    """Join networks (batch, ports, ports) and take out what is done.

    Returns the joined networks and the weights of the nodes taken out (batch, inner, ports),
    which are empty if not asked for.
    """
    batch = len(partners[0])
    m, n = len(joint.inner), len(joint.ports)
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


def merge(
    first: Block, second: Block, needed: IntArray, *, weights: bool
) -> tuple[Block, Joint, FloatArray]:
    """Join two blocks and take out what is done; return the block, the joint and its weights."""
    joint = join((first.ports, first.uses), (second.ports, second.uses), needed)
    network, shares = join_networks(joint, (first.network, second.network), weights=weights)
    return Block(ports=joint.ports, uses=joint.uses, network=network), joint, shares
