"""Tiny networks as lists of branches: the first rounds of the reduction.

A cell has three branches, a pair of cells six, and a matrix that is mostly zeros would cost more
than its entries. So blocks of up to eight cells are kept as one array a branch, and a node is taken
out by the star-mesh formula itself: branches ``g_a`` and ``g_b`` of the star become one of
``g_a g_b / sum(g)`` between a and b.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from xbar_circuit._backend import Array, at_least, contiguous, namespace, zeros
from xbar_circuit.nodal._blocks import Joint

__all__ = ["StarBranches", "Weights", "as_matrix", "from_cells", "join_branches", "star_voltages"]

StarBranches = dict[tuple[int, int], Array]
Weights = list[dict[int, Array]]

_TINY = 1e-300  # what a node without branches is divided by


def from_cells(
    device: Array,
    row_segment: Array | None,
    column_segment: Array | None,
) -> StarBranches:
    """Return cells as branches between ports (left,) right, (top,) bottom.

    Conductances [S] of any one shape; None where left and right (top and bottom) are one port.
    """
    row = 0 if row_segment is None else 1
    column = row + (1 if column_segment is None else 2)
    branches: StarBranches = {(row, column): device}
    if row_segment is not None:
        branches[0, row] = row_segment
    if column_segment is not None:
        branches[row + 1, column] = column_segment
    return branches


def join_branches(
    joint: Joint, partners: tuple[StarBranches, StarBranches]
) -> tuple[StarBranches, Weights]:
    """Join networks and take out the joint's inner nodes, which are numbered in front.

    Returns the joined networks, numbered as the joint's ports, and for each inner node its weights
    on the nodes after it (inner nodes first, then ports).
    """
    inner = joint.inner
    star: dict[int, dict[int, Array]] = {}
    for half, branches in zip(joint.halves, partners, strict=True):
        place: dict[int, int] = {}
        for runs, offset in ((half.inner, 0), (half.ports, inner)):
            for source, destination in runs:
                place.update(
                    zip(
                        range(source.start, source.stop),
                        range(destination.start + offset, destination.stop + offset),
                        strict=True,
                    )
                )
        for (a, b), siemens in branches.items():
            low, high = sorted((place[a], place[b]))
            arms = star.setdefault(low, {})
            arms[high] = arms[high] + siemens if high in arms else siemens
    weights: Weights = []
    for node in range(inner):
        arms = star.pop(node)
        total = reduce(add, arms.values())
        inverse = 1.0 / at_least(total, _TINY)
        share = {a: g * inverse for a, g in arms.items()}
        weights.append(share)
        order = sorted(arms)
        for k, a in enumerate(order):
            for b in order[k + 1 :]:
                added = share[a] * arms[b]
                other = star.setdefault(a, {})
                other[b] = other[b] + added if b in other else added
    joined = {
        (a - inner, b - inner): siemens for a, arms in star.items() for b, siemens in arms.items()
    }
    return joined, weights


def as_matrix(branches: StarBranches, ports: int) -> Array:
    """Return networks on a grid (rows, cols, patches) as (patches, rows, cols, ports, ports)."""
    rows, cols, patches = next(iter(branches.values())).shape
    first = next(iter(branches.values()))
    matrix = zeros(first, (ports, ports, rows, cols, patches))
    for (a, b), siemens in branches.items():
        matrix[a, b] = siemens
        matrix[b, a] = siemens
    return contiguous(namespace(first).permute_dims(matrix, (4, 2, 3, 0, 1)))


def star_voltages(weights: Weights, every: Array) -> None:
    """Fill in, in place, the inner voltages of `every` (..., inner + ports) from its ports [V]."""
    for node in reversed(range(len(weights))):
        every[..., node] = 0.0
        for other, share in weights[node].items():
            every[..., node] += share * every[..., other]
