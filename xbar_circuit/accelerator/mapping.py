"""Mapping: which weight sits in which cell of which tile.

A layer's matrix is cut into tiles of nearly equal size. A tile's used cells lie in the corner next
to its drivers and its sense terminals; the cells beyond are never selected, carry no current, and
the crossbar of a tile is therefore the used corner alone. The two columns of a pair are neighbours,
so both see nearly the same wires. Groups of a grouped or depthwise convolution are packed into
tiles side by side, each with rows and columns of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.network.graph import Network

__all__ = ["LayerPlan", "Mapping", "TilePlan", "map_network"]

_NOTHING = 1e-12  # of the largest conductance: far below any leak


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TilePlan:
    """One tile: its part of the layer's matrix and the conductances that stand for it.

    Parameters
    ----------
    rows, cols
        Half-open ranges in the layer's flattened inputs and outputs (all groups in a row).
    weights
        (rows, cols), dimensionless; 0 between groups that share the tile.
    target
        (rows, cols * columns_per_weight) [S]; of each weight the columns run slice by slice, the
        positive one first.
    weight_per_siemens
        (cols, slices): ``weight = sum_s weight_per_siemens[:, s] * (g_plus - g_minus)``.
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    weights: FloatArray
    target: FloatArray
    weight_per_siemens: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Used cells (rows, columns)."""
        rows, cols = self.target.shape
        return rows, cols


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """All tiles of one node.

    name : the node's.
    groups, rows, cols : shape of its matrices.
    tiles : row by row.
    """

    name: str
    groups: int
    rows: int
    cols: int
    tiles: tuple[TilePlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A network on an accelerator, before anything is programmed."""

    network: Network
    accelerator: Accelerator
    layers: tuple[LayerPlan, ...]

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return sum(len(layer.tiles) for layer in self.layers)

    @property
    def utilisation(self) -> float:
        """Share of all cells of all tiles that hold a weight."""
        size = self.accelerator.tile_rows * self.accelerator.tile_cols
        used = self.network.weight_count * self.accelerator.columns_per_weight
        return used / (size * self.tile_count)

    def crossbar(self, conductance: FloatArray) -> Crossbar:
        """Return a tile's circuit with these conductances [S]; what is next to nothing is open."""
        least = _NOTHING * self.accelerator.cell_range_siemens[1]
        return Crossbar(
            conductance=np.where(conductance < least, 0.0, conductance),
            cell=self.accelerator.cell,
            wires=self.accelerator.wires,
            terminals=self.accelerator.loaded_terminals,
        )


def map_network(network: Network, accelerator: Accelerator) -> Mapping:
    """Cut every matrix of a network into tiles and turn weights into conductances.

    A weight w of a column (tile, layer, network) whose largest magnitude is w_max becomes the pair
    ``g_min + max(w, 0) / w_max * (g_max - g_min)``, ``g_min + max(-w, 0) / w_max * (g_max -
    g_min)``; slices are rounded to their bits first.
    """
    layers = []
    everywhere = None
    if accelerator.weight_scale == "global":
        everywhere = max(float(np.abs(op.matrices).max()) for _, op in network.matrix_nodes)
    for name, operator in network.matrix_nodes:
        matrices = operator.matrices.astype(np.float64)
        groups, rows, cols = matrices.shape
        columns = np.abs(matrices).max(axis=1).ravel()
        if everywhere is not None:
            columns = np.full_like(columns, everywhere)
        tiles = tuple(
            _tile(accelerator, row, col, weights, columns)
            for row, col, weights in _cut(accelerator, matrices)
        )
        layers.append(LayerPlan(name=name, groups=groups, rows=rows, cols=cols, tiles=tiles))
    return Mapping(network=network, accelerator=accelerator, layers=tuple(layers))


def _cut(
    accelerator: Accelerator, matrices: FloatArray
) -> list[tuple[tuple[int, int], tuple[int, int], FloatArray]]:
    """Return (rows, cols, weights) of every tile."""
    groups, rows, cols = matrices.shape
    room = accelerator.tile_cols // accelerator.columns_per_weight
    together = min(groups, accelerator.tile_rows // rows, room // cols)
    blocks = []
    if together > 1:
        for first, last in _parts(groups, together):
            packed = np.zeros(((last - first) * rows, (last - first) * cols))
            for k in range(last - first):
                packed[k * rows : (k + 1) * rows, k * cols : (k + 1) * cols] = matrices[first + k]
            blocks.append(((first * rows, last * rows), (first * cols, last * cols), packed))
        return blocks
    for group in range(groups):
        for top, bottom in _parts(rows, accelerator.tile_rows):
            for left, right in _parts(cols, room):
                blocks.append(
                    (
                        (group * rows + top, group * rows + bottom),
                        (group * cols + left, group * cols + right),
                        matrices[group, top:bottom, left:right],
                    )
                )
    return blocks


def _parts(total: int, largest: int) -> list[tuple[int, int]]:
    """Cut a range into as few, nearly equal parts as fit."""
    count = math.ceil(total / largest)
    edges = [total * k // count for k in range(count + 1)]
    return list(pairwise(edges))


def _tile(
    accelerator: Accelerator,
    rows: tuple[int, int],
    cols: tuple[int, int],
    weights: FloatArray,
    layer_columns: FloatArray,
) -> TilePlan:
    magnitude = np.abs(weights)
    scale = _scale(accelerator, magnitude, cols, layer_columns)
    low, high = accelerator.cell_range_siemens
    levels, worth = _slices(accelerator, magnitude / scale)
    target = np.full((*weights.shape, accelerator.slices, 2), low)
    target[..., 0] += np.where(weights[..., None] > 0.0, levels, 0.0) * (high - low)
    target[..., 1] += np.where(weights[..., None] < 0.0, levels, 0.0) * (high - low)
    return TilePlan(
        rows=rows,
        cols=cols,
        weights=weights,
        target=target.reshape(len(weights), -1),
        weight_per_siemens=scale[:, None] * worth / (high - low),
    )


def _scale(
    accelerator: Accelerator,
    magnitude: FloatArray,
    cols: tuple[int, int],
    layer_columns: FloatArray,
) -> FloatArray:
    """Return the weight of each column that becomes the largest conductance (cols,).

    Tiles whose currents are added in the wire must agree on it.
    """
    added = accelerator.accumulation == "analog"
    if accelerator.weight_scale == "column":
        scale = layer_columns[slice(*cols)] if added else magnitude.max(axis=0)
    elif accelerator.weight_scale == "tile" and not added:
        scale = np.full(magnitude.shape[1], magnitude.max())
    else:
        scale = np.full(magnitude.shape[1], layer_columns.max())
    return np.where(scale > 0.0, scale, 1.0)


def _slices(accelerator: Accelerator, magnitude: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the relative conductance of each slice (rows, cols, slices) and what 1 is worth."""
    if not accelerator.slice_bits:
        return magnitude[..., None], np.ones(1)
    total = 2 ** sum(accelerator.slice_bits) - 1
    whole = np.rint(magnitude * total).astype(np.int64)
    levels, worth, shift = [], [], 0
    for bits in accelerator.slice_bits:
        largest = 2**bits - 1
        levels.append(((whole >> shift) & largest) / largest)
        worth.append(largest * 2**shift / total)
        shift += bits
    return np.stack(levels, axis=-1), np.array(worth)
