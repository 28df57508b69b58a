"""The exact reduction of linear arrays to their ports.

The array is cut into patches, all patches are reduced side by side, and neighbours are joined two
by two until one block is left, whose ports are the ends of the wires that something outside
connects to. The joints of an n x n array take O(n^3) operations, nearly all of them in matrix
products: A. George, SIAM J. Numer. Anal. 10, 345, 1973 (nested dissection). What is not connected
outside is taken out as soon as it is met.

Going back down with the voltages of the ports gives the voltage of every node.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import (
    Array,
    contiguous,
    fill,
    is_numpy,
    namespace,
    pick,
    zeros,
)
from xbar_circuit._checks import FloatArray
from xbar_circuit.nodal._blocks import join_between, join_networks
from xbar_circuit.nodal._layout import patch_size
from xbar_circuit.nodal._leaves import LeafShape, LeafWeights, leaf_voltages, reduce_leaves
from xbar_circuit.nodal._plan import Ends, EndWires, Joined, Patch, Plan, Tree, make_plan
from xbar_circuit.nodal._threads import spread, threads

__all__ = [
    "Arrays",
    "Reduction",
    "distinct",
    "estimated_second",
    "reduce_arrays",
    "transfer_arrays",
]

IntArray = NDArray[np.int64]

_CELLS_AT_ONCE = 16384
_SPREAD_LEVELS = 3  # from so many joints below the root, threads share the work


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrays:
    """Linear arrays of one kind.

    device : conductances (tiles, rows, cols) [S].
    row_ohm, column_ohm : of a segment [ohm].
    ends : what lies between the wires' last cells and their ports.
    """

    device: FloatArray
    row_ohm: float
    column_ohm: float
    ends: Ends


class Reduction:
    """Arrays reduced to their ports.

    Attributes
    ----------
    network
        Branch conductances between the ports (tiles, ports, ports) [S].
    left, right, top, bottom
        Where the ports of each side are in the network, or None where a side has none. Sides of
        ideal wires may share their ports.
    """

    def __init__(
        self,
        arrays: Arrays,
        plan: Plan,
        network: FloatArray,
        *,
        shares: dict[int, FloatArray],
        parts: dict[int, FloatArray],
    ) -> None:
        self._arrays, self._plan, self._shares, self._parts = arrays, plan, shares, parts
        self.network = network
        self.left, self.right = plan.left, plan.right
        self.top, self.bottom = plan.top, plan.bottom

    def voltages(self, ports: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all row and column node voltages (tiles, vectors, rows, cols) [V].

        `ports` : voltages of the ports (tiles, vectors, ports) [V]. Only if the reduction was
        made with weights.
        """
        plan = self._plan
        tiles, vectors, _ = ports.shape
        found = {
            shape: np.zeros((tiles, len(group), vectors, shape.port_count))
            for shape, group in plan.groups.items()
        }
        self._descend(plan.tree, ports, found)
        row = np.empty((tiles, vectors, plan.rows, plan.cols))
        column = np.empty_like(row)
        for shape, group in plan.groups.items():
            flat = found[shape].reshape(-1, vectors, shape.port_count)
            for start, stop in _spans(self._arrays, shape, group):
                weights = _leaves(plan, self._arrays, shape, group, (start, stop), weights=True)[1]
                inside = leaf_voltages(shape, weights, flat[start:stop])
                for k in range(start, stop):
                    tile, place = divmod(k, len(group))
                    r, c = group[place].rows, group[place].cols
                    for whole, patch in zip((row, column), inside, strict=True):
                        real = patch[k - start, :, r.dummies :, c.dummies :]
                        whole[tile, :, r.start : r.stop, c.start : c.stop] = real
        return row, column

    def _descend(self, tree: Tree, volts: FloatArray, found: dict[LeafShape, FloatArray]) -> None:
        """Hand the voltages of a block's ports down to its patches."""
        if isinstance(tree, EndWires):
            return
        if isinstance(tree, Patch):
            found[tree.shape][:, tree.place][:, :, tree.real] = volts
            return
        inner = np.matmul(volts, self._shares[tree.index].transpose(0, 2, 1))
        for half, child in zip(tree.joint.halves, (tree.first, tree.second), strict=True):
            part = np.empty((*volts.shape[:2], len(child.ports.numbers)))
            for runs, source in ((half.inner, inner), (half.ports, volts)):
                for own, where in runs:
                    part[..., own] = source[..., where]
            self._descend(child, part, found)

    def updated(self, device: FloatArray) -> Reduction:
        """Return the reduction with other devices, joining anew only what has changed.

        `device` : (tiles, rows, cols) [S]. Only if the reduction was made with parts.
        """
        plan, arrays = self._plan, replace(self._arrays, device=device)
        changed = (device != self._arrays.device).any(axis=0)
        parts = dict(self._parts)
        fresh: dict[LeafShape, list[int]] = {}
        for shape, group in plan.groups.items():
            for patch in group:
                r, c = patch.rows, patch.cols
                if changed[r.start : r.stop, c.start : c.stop].any():
                    fresh.setdefault(shape, []).append(patch.place)
        _forget(
            plan.tree, parts, {plan.groups[s][k].index for s, own in fresh.items() for k in own}
        )
        with threads() as count:
            patches = _patches(plan, arrays, fresh, count)
            network = _reduce(plan.tree, arrays, patches, _Kept(shares=None, parts=parts))
            network = _without_diagonal(network)
        return Reduction(arrays, plan, network, shares={}, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a reduction keeps of its parts, by their index; None keeps nothing.

    shares : weights of the nodes taken out at each joint.
    parts : network of each part.
    """

    shares: dict[int, FloatArray] | None
    parts: dict[int, FloatArray] | None


def reduce_arrays(arrays: Arrays, *, weights: bool, parts: bool = False) -> Reduction:
    """Reduce arrays to the ports at their ends.

    `weights` : whether node voltages will be asked for; `parts` : whether devices will change.
    """
    _, rows, cols = arrays.device.shape
    plan = make_plan(rows, cols, arrays.row_ohm, arrays.column_ohm, arrays.ends)
    kept = _Kept(shares={} if weights else None, parts={} if parts else None)
    with threads() as count:
        patches = _every_patch(plan, arrays, count)
        done = _reduced_subtrees(plan.tree, arrays, patches, kept, count)
        network = _without_diagonal(_reduce(plan.tree, arrays, done, kept))
    return Reduction(arrays, plan, network, shares=kept.shares or {}, parts=kept.parts or {})


def _without_diagonal(network: Array) -> Array:
    """Return networks with a diagonal of 0: a node has no branch to itself."""
    network = namespace(network).asarray(network, copy=True)
    size = network.shape[-1]
    contiguous(network).reshape(-1, size * size)[:, :: size + 1] = 0.0
    return network


def transfer_arrays(arrays: Arrays) -> Array:
    """Return the transfer matrices (tiles, rows, cols) [S] of arrays whose ports are all held.

    The branches between drivers and senses of what `reduce_arrays` gives, for less work: the last
    joint leaves out all others, and arrays whose wires are held at their far ends only are seen
    from there, where an end resistance is a segment like any other.
    """
    ends = arrays.ends
    turned = [ends.top is None and bool(ends.bottom), ends.left is None and bool(ends.right)]
    axes = tuple(axis for axis, turn in zip((1, 2), turned, strict=True) if turn)
    if axes:
        if turned[0]:
            ends = replace(ends, top=ends.bottom, bottom=None)
        if turned[1]:
            ends = replace(ends, left=ends.right, right=None)
        flip = namespace(arrays.device).flip
        seen = replace(arrays, device=flip(arrays.device, axis=axes), ends=ends)
        return contiguous(flip(_transfer(seen), axis=axes))
    return _transfer(arrays)


def _transfer(arrays: Arrays) -> Array:
    _, rows, cols = arrays.device.shape
    quarters = not is_numpy(arrays.device)
    plan = make_plan(rows, cols, arrays.row_ohm, arrays.column_ohm, arrays.ends, quarters=quarters)
    drivers, senses = distinct(plan.left, plan.right), distinct(plan.top, plan.bottom)
    first, second = np.concatenate(drivers), np.concatenate(senses)
    kept = _Kept(shares=None, parts=None)
    with threads() as count:
        patches = _every_patch(plan, arrays, count)
        done = _reduced_subtrees(plan.tree, arrays, patches, kept, count)
        if isinstance(plan.tree, Joined):
            partners = tuple(
                _reduce(half, arrays, done, kept) for half in (plan.tree.first, plan.tree.second)
            )
            between = join_between(plan.tree.joint, (partners[0], partners[1]), first, second)
        else:
            whole = _reduce(plan.tree, arrays, done, kept)
            between = pick(pick(whole, first, 1), second, 2)
    if len(drivers) == len(senses) == 1:
        return contiguous(between)
    whole = between.reshape(len(between), len(drivers), rows, len(senses), cols)
    return namespace(whole).sum(whole, axis=(1, 3))


def estimated_second(rows: int, cols: int) -> float:
    """Return about how long a transfer matrix takes on one core [s], as measured."""
    sizes = patch_size(rows), patch_size(cols)
    patches = -(-rows // sizes[0]) * -(-cols // sizes[1])
    padded = patches * sizes[0] * sizes[1]
    return float(1.4e-4 + 1.3e-4 * patches + 3.3e-7 * padded + 1.3e-9 * (rows * cols) ** 1.5)


def distinct(one: IntArray | None, other: IntArray | None) -> list[IntArray]:
    """Return the ports of two sides, once if they are the same nodes."""
    if one is None or other is None:
        return [side for side in (one, other) if side is not None]
    return [one] if np.array_equal(one, other) else [one, other]


def _every_patch(plan: Plan, arrays: Arrays, count: int) -> dict[int, FloatArray]:
    """Return the networks of all patches, by index."""
    every = {shape: list(range(len(group))) for shape, group in plan.groups.items()}
    return _patches(plan, arrays, every, count)


def _patches(
    plan: Plan, arrays: Arrays, places: dict[LeafShape, list[int]], count: int
) -> dict[int, FloatArray]:
    """Return the networks of some patches (tiles, ports, ports) [S], by index."""
    found: dict[int, FloatArray] = {}
    tiles = len(arrays.device)
    for shape, own in places.items():
        some = [plan.groups[shape][k] for k in own]

        def network(
            span: tuple[int, int], shape: LeafShape = shape, some: list[Patch] = some
        ) -> FloatArray:
            return _leaves(plan, arrays, shape, some, span, weights=False)[0]

        networks = spread(network, _spans(arrays, shape, some), count)
        whole = np.concatenate(networks) if len(networks) > 1 else networks[0]
        whole = whole.reshape(tiles, len(own), *tuple(whole.shape[1:]))
        found.update({patch.index: whole[:, k] for k, patch in enumerate(some)})
    return found


def _reduced_subtrees(
    tree: Tree, arrays: Arrays, done: dict[int, FloatArray], kept: _Kept, count: int
) -> dict[int, FloatArray]:
    """Return the networks of patches and, where threads help, of the parts near the root."""
    if count <= 1 or not is_numpy(arrays.device) or arrays.device.size < _CELLS_AT_ONCE:
        return done
    levels = [[tree]]
    for _ in range(_SPREAD_LEVELS):
        below = [
            t for part in levels[-1] if isinstance(part, Joined) for t in (part.first, part.second)
        ]
        levels.append([part for part in below if isinstance(part, Joined)])
    done = dict(done)
    for level in reversed(levels[1:]):
        networks = spread(lambda part: _reduce(part, arrays, done, kept), level, count)
        done.update({part.index: network for part, network in zip(level, networks, strict=True)})
    return done


def _forget(tree: Tree, parts: dict[int, FloatArray], changed: set[int]) -> bool:
    """Remove from `parts` what holds a changed patch; return whether `tree` does."""
    if isinstance(tree, Patch):
        return tree.index in changed
    if isinstance(tree, EndWires):
        return False
    below = [_forget(child, parts, changed) for child in (tree.first, tree.second)]
    if any(below):
        parts.pop(tree.index, None)
    return any(below)


def _reduce(tree: Tree, arrays: Arrays, done: dict[int, FloatArray], kept: _Kept) -> FloatArray:
    """Return the network of a part of the plan (tiles, ports, ports) [S]; `done` holds some."""
    if kept.parts is not None and tree.index in kept.parts and tree.index not in done:
        return kept.parts[tree.index]
    if isinstance(tree, Joined) and tree.index in done:
        return done[tree.index]
    if isinstance(tree, Patch):
        network = done[tree.index]
        if len(tree.real) < tree.shape.port_count:
            network = pick(pick(network, tree.real, 1), tree.real, 2)
    elif isinstance(tree, EndWires):
        size = len(tree.ports.numbers)
        network = zeros(arrays.device, (len(arrays.device), size, size))
        if tree.wires:
            ohm, wires = getattr(arrays.ends, tree.side), tree.wires
            flat = network.reshape(-1, size * size)
            flat[:, wires : wires * size : size + 1] = 1.0 / ohm
            flat[:, wires * size :: size + 1] = 1.0 / ohm
    else:
        first = _reduce(tree.first, arrays, done, kept)
        second = _reduce(tree.second, arrays, done, kept)
        weights = kept.shares is not None
        network, found = join_networks(tree.joint, (first, second), weights=weights)
        if kept.shares is not None:
            kept.shares[tree.index] = found
    if kept.parts is not None:
        kept.parts[tree.index] = network
    return network


def _spans(arrays: Arrays, shape: LeafShape, group: list[Patch]) -> list[tuple[int, int]]:
    """Cut the patches of one shape, of all tiles, into runs that are reduced together."""
    total = len(arrays.device) * len(group)
    if not is_numpy(arrays.device):
        return [(0, total)]
    step = max(1, _CELLS_AT_ONCE // (shape.rows * shape.cols))
    return [(start, min(start + step, total)) for start in range(0, total, step)]


def _leaves(
    plan: Plan,
    arrays: Arrays,
    shape: LeafShape,
    group: list[Patch],
    span: tuple[int, int],
    *,
    weights: bool,
) -> tuple[FloatArray, LeafWeights]:
    """Reduce some patches of one shape: their networks, and the weights if asked for."""
    row_ohm = plan.row_axis.before(arrays.row_ohm, arrays.ends.left)
    column_ohm = plan.column_axis.before(arrays.column_ohm, arrays.ends.top)
    start, stop = span
    siemens = zeros(arrays.device, (3, stop - start, shape.rows, shape.cols))
    count = len(group)
    for place, patch in enumerate(group):
        tile, last = -(-(start - place) // count), -(-(stop - place) // count)
        if last <= tile:
            continue
        r, c = patch.rows, patch.cols
        own = siemens[:, tile * count + place - start : stop - start : count]
        own[0, :, r.dummies :, c.dummies :] = arrays.device[
            tile:last, r.start : r.stop, c.start : c.stop
        ]
        fill(own[1, :, r.dummies :, :], c.segments(row_ohm))
        fill(own[2, :, :, c.dummies :].swapaxes(1, 2), r.segments(column_ohm))
    return reduce_leaves(shape, siemens, weights=weights)
