"""The smallest blocks: patches of up to 32 x 32 cells, all reduced side by side.

A cell is a block of four ports, ``left``, ``right`` (its row node), ``top`` and ``bottom`` (its
column node), joined by three conductances: the segment to its left, the segment above it, and its
device. Where a row (or column) has no segments, left and right (top and bottom) are one port.
Pairs of equal blocks are joined, across and down in turn, until one block is left; since all
patches have one shape, every step is one operation on all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._backend import Array, contiguous, is_numpy, namespace
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal import _cuda as cuda
from xbar_circuit.nodal._blocks import Joint, Ports, join, join_networks
from xbar_circuit.nodal._stars import (
    StarBranches,
    Weights,
    as_matrix,
    from_cells,
    join_branches,
    star_voltages,
)

__all__ = ["LeafShape", "LeafWeights", "leaf_voltages", "reduce_leaves"]

IntArray = NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max
_SIDE_BY_SIDE = 32  # networks of up to so many ports are joined side by side where compiled
_FEW_PORTS = 16  # networks of up to so many ports are kept as branches
_FEWEST_PORTS = 4  # the same for few cells on a card, where each branch costs launches
_FEW_CELLS = 1 << 19


class JointRound(NamedTuple):
    """One round of joints: of neighbours in a row (`across`) or in a column."""

    across: bool
    joint: Joint


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafShape:
    """Rows and columns of a patch, powers of two, and whether its wires have no segments."""

    rows: int
    cols: int
    ideal_rows: bool
    ideal_columns: bool

    @property
    def port_count(self) -> int:
        """How many ports the whole patch has."""
        return self.rows * (2 - self.ideal_rows) + self.cols * (2 - self.ideal_columns)

    def boundary(
        self, i: IntArray, row_k: tuple[int, int], j: IntArray, column_k: tuple[int, int]
    ) -> IntArray:
        """Return the numbers of the ports around a rectangle of cells, increasing.

        Row i, boundary k has number ``k * self.rows + i``; column j, boundary k follows with
        ``k * self.cols + j``.
        """
        offset = (self.cols + 1) * self.rows
        row_sides = (0,) if self.ideal_rows else row_k
        column_sides = (0,) if self.ideal_columns else column_k
        return np.concatenate(
            [k * self.rows + i for k in row_sides]
            + [offset + k * self.cols + j for k in column_sides]
        )

    @lru_cache(maxsize=64)  # noqa: B019 - a plan is a pure function of a frozen shape
    def steps(self) -> tuple[JointRound, ...]:
        """Plan the rounds of joints from single cells to the whole patch."""
        needed = np.full((self.cols + 1) * self.rows + (self.rows + 1) * self.cols, 2)
        if self.ideal_rows:
            needed[: self.rows] = _NEVER
        if self.ideal_columns:
            needed[(self.cols + 1) * self.rows :] = _NEVER
        height, width, steps = 1, 1, []
        while (height, width) != (self.rows, self.cols):
            across = width < self.cols and (width <= height or height == self.rows)
            i, j = np.arange(height), np.arange(width)
            first = self.boundary(i, (0, width), j, (0, height))
            if across:
                second = self.boundary(i, (width, 2 * width), j + width, (0, height))
                width *= 2
            else:
                second = self.boundary(i + height, (0, width), j, (height, 2 * height))
                height *= 2
            ones = np.ones(len(first), dtype=np.int64)
            steps.append(JointRound(across, join(Ports(first, ones), Ports(second, ones), needed)))
        return tuple(steps)

    @lru_cache(maxsize=64)  # noqa: B019 - see `steps`
    def rounds(self) -> Rounds:
        """Return the rounds as the compiled loops take them."""
        joints = [step.joint for step in self.steps()]
        own = [4 - self.ideal_rows - self.ideal_columns]
        own += [len(joint.ports.numbers) for joint in joints]
        run_count = np.array([[len(r) for r in joint.runs] for joint in joints], np.int64)
        runs = np.zeros((len(joints), 2, run_count.max(initial=0), 3), np.int64)
        place = np.zeros((len(joints), 2, max(own)), np.int64)
        for k, joint in enumerate(joints):
            place[k, :, : own[k]] = joint.place
            for half in (0, 1):
                by_source = joint.runs[half][:, 0].argsort()
                runs[k, half, : run_count[k, half]] = joint.runs[half][by_source]
        row = 0 if self.ideal_rows else 1
        return Rounds(
            cell=np.array([row, row + (1 if self.ideal_columns else 2)]),
            across=np.array([step.across for step in self.steps()], dtype=np.bool_),
            inner=np.array([joint.inner for joint in joints], dtype=np.int64),
            ports=np.array(own, dtype=np.int64),
            place=place,
            run_count=run_count.reshape(-1, 2),
            runs=runs,
            side_by_side=sum(size <= _SIDE_BY_SIDE for size in own[1:]),
        )


class Rounds(NamedTuple):
    """All rounds of a shape as arrays; see `_leaf_loops.reduce_patches`."""

    cell: IntArray
    across: NDArray[np.bool_]
    inner: IntArray
    ports: IntArray
    place: IntArray
    run_count: IntArray
    runs: IntArray
    side_by_side: int


LeafWeights = list[tuple[JointRound, Weights | Array]]


def reduce_leaves(
    shape: LeafShape,
    siemens: Array,
    *,
    weights: bool,
) -> tuple[Array, LeafWeights]:
    """Reduce patches to their ports.

    Parameters
    ----------
    shape
        The shape of all patches.
    siemens
        Conductances [S] of each cell's device, of the segment to its left and of the one above it,
        (3, patches, rows, cols); 0 is open. Segments of ideal wires are ignored.
    weights
        Whether to return what `leaf_voltages` needs.

    Returns
    -------
    network
        (patches, ports, ports) [S], left, right, top, bottom.
    weights
        One entry a round; empty if not asked for.
    """
    device = siemens[0]
    loops = None if weights or not is_numpy(device) else _loops()
    if loops is not None:
        size = shape.port_count
        out = np.zeros((len(device), size, size))
        loops.reduce_patches(siemens, *shape.rounds(), out)
        return out, []
    xp = namespace(device)
    device, row_segment, column_segment = (
        contiguous(xp.permute_dims(each, (1, 2, 0))) for each in siemens
    )
    branches = from_cells(
        device,
        None if shape.ideal_rows else row_segment,
        None if shape.ideal_columns else column_segment,
    )
    ports = 4 - shape.ideal_rows - shape.ideal_columns
    few_cells = not is_numpy(device) and math.prod(device.shape) <= _FEW_CELLS
    few = _FEWEST_PORTS if few_cells else _FEW_PORTS
    network: Array = None
    kept: LeafWeights = []
    for step in shape.steps():
        joint = step.joint
        found: Weights | Array
        if network is None and len(joint.ports.numbers) > few:
            network = as_matrix(branches, ports)
        if network is None:
            branches, found = join_branches(joint, _branch_pairs(branches, across=step.across))
        else:
            axis = 2 if step.across else 1
            pairs = network.reshape(_paired(tuple(network.shape), axis))
            first, second = (pairs[(slice(None),) * (axis + 1) + (k,)] for k in (0, 1))
            grid = tuple(first.shape[:-2])
            size = len(joint.ports.numbers)
            together = None
            if not is_numpy(network):
                wide = (-1, 2, 1 if step.across else grid[2], ports, ports)
                together = cuda.join(
                    pairs.reshape(wide), joint.place, joint.inner, size, weights=weights
                )
            if together is None:
                network, found = join_networks(joint, (first, second), weights=weights)
            else:
                network, found = together[0].reshape(*grid, size, size), together[1]
                if weights:
                    found = found.reshape(*grid, joint.inner, size)
        ports = len(joint.ports.numbers)
        if weights:
            kept.append((step, found))
    if network is None:
        network = as_matrix(branches, ports)
    return network[:, 0, 0], kept


@cache
def _loops() -> Any:
    """Return the compiled loops, None where numba is missing."""
    return import_module("xbar_circuit.nodal._leaf_loops") if compiled.available() else None


def leaf_voltages(shape: LeafShape, weights: LeafWeights, ports: Array) -> tuple[Array, Array]:
    """Return the row and column node voltages inside patches (patches, vectors, rows, cols) [V].

    `ports` : voltages of the patches' ports (patches, vectors, ports) [V].
    """
    voltage = np.moveaxis(ports, 1, 0)[:, :, np.newaxis, np.newaxis, :]
    for step, found in reversed(weights):
        joint = step.joint
        inner = joint.inner
        every = np.empty((*voltage.shape[:-1], inner + len(joint.ports.numbers)))
        every[..., inner:] = voltage
        if isinstance(found, list):
            patch_first = [{a: np.moveaxis(g, -1, 0) for a, g in w.items()} for w in found]
            star_voltages(patch_first, every)
        else:
            inside = np.matmul(found, np.moveaxis(voltage, 0, -1))
            every[..., :inner] = np.moveaxis(inside, -1, 0)
        vectors, patches, height, width, _ = every.shape
        grid = (height, width, 2) if step.across else (height, 2, width)
        size = sum(run[0].stop - run[0].start for runs in joint.halves[0] for run in runs)
        voltage = np.empty((vectors, patches, *grid, size))
        for number, half in enumerate(joint.halves):
            part = voltage[:, :, :, :, number] if step.across else voltage[:, :, :, number]
            for runs, offset in ((half.inner, 0), (half.ports, inner)):
                for source, where in runs:
                    part[..., source] = every[..., offset + where.start : offset + where.stop]
        full = (height, 2 * width) if step.across else (2 * height, width)
        voltage = voltage.reshape(vectors, patches, *full, size)
    row = 0 if shape.ideal_rows else 1
    return np.moveaxis(voltage[..., row], 0, 1), np.moveaxis(voltage[..., -1], 0, 1)


def _branch_pairs(branches: StarBranches, *, across: bool) -> tuple[StarBranches, StarBranches]:
    """Split a grid of networks (rows, cols, patches) into neighbours."""
    pick = [(slice(None), slice(k, None, 2)) if across else (slice(k, None, 2),) for k in (0, 1)]
    first, second = ({ab: g[where] for ab, g in branches.items()} for where in pick)
    return first, second


def _paired(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return the shape with `axis` split into pairs of neighbours."""
    return (*shape[:axis], shape[axis] // 2, 2, *shape[axis + 1 :])
