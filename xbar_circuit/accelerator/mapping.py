"""Mapping: which weight sits in which cell of which tile.

A layer's matrix is cut into tiles of nearly equal size. A tile's used cells lie in the corner next
to its drivers and its sense terminals; the cells beyond are never selected, carry no current, and
the array of a tile is therefore the used corner alone. The cells of a block are neighbours, so all
of them see nearly the same wires. Groups of a grouped or depthwise convolution are packed into
tiles side by side, each with rows and columns of its own. Layers may stay digital, or sit on an
accelerator of their own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.graph import Network

__all__ = ["LayerPlan", "Mapping", "TilePlan", "cells_of", "cut", "map_network"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TilePlan:
    """One tile: its part of the layer's matrix and the conductances that stand for it.

    Parameters
    ----------
    rows, cols
        Half-open ranges in the layer's flattened inputs and outputs (all groups in a row).
    weights
        (inputs, outputs), dimensionless; 0 between groups that share the tile.
    target
        (rows, columns) of cells [S], whole blocks of the synapse.
    scale
        Of each output, the weight that the synapse's largest stands for (outputs,).
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    weights: FloatArray
    target: FloatArray
    scale: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Used cells (rows, columns)."""
        rows, cols = self.target.shape
        return rows, cols


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """All tiles of one node.

    name : the node's.
    accelerator : whose tiles they are.
    groups, rows, cols : shape of its matrices.
    tiles : row by row.
    """

    name: str
    accelerator: Hardware
    groups: int
    rows: int
    cols: int
    tiles: tuple[TilePlan, ...]

    @property
    def utilisation(self) -> float:
        """Share of all cells of its tiles that hold a weight."""
        high, wide = self.accelerator.block
        size = self.accelerator.rows * self.accelerator.cols
        used = self.groups * self.rows * self.cols * high * wide
        return used / (size * len(self.tiles))


@brief(
    lambda self: (
        f"{len(self.layers)} layers on {self.tile_count} tiles of"
        f" {self.accelerator.rows} x {self.accelerator.cols}, {100 * self.utilisation:.0f} % used"
    ),
    picture=lambda self: next((plan.tiles[0].target for plan in self.layers), None),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A network on an accelerator, before anything is programmed.

    Parameters
    ----------
    network
        What is mapped.
    accelerator
        Whose tiles the layers sit on that have no other.
    layers
        Those on tiles.
    digital
        Those that stay digital: their width in bits by name, None is float32.
    """

    network: Network
    accelerator: Hardware
    layers: tuple[LayerPlan, ...]
    digital: MappingOf[str, int | None] = field(default_factory=dict)

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return sum(len(layer.tiles) for layer in self.layers)

    @property
    def utilisation(self) -> float:
        """Share of all cells of all tiles that hold a weight; 0 without tiles."""
        total = used = 0.0
        for layer in self.layers:
            cells = layer.accelerator.rows * layer.accelerator.cols * len(layer.tiles)
            total += cells
            used += cells * layer.utilisation
        return used / total if total else 0.0

    def layer(self, name: str) -> LayerPlan:
        """Return a layer by its name.

        Parameters
        ----------
        name
            The node's, or ``node.layer`` of a recurrent one.

        Returns
        -------
        LayerPlan
            Its tiles.

        Raises
        ------
        ParameterError
            No layer on tiles has this name.

        >>> import xbar_circuit as xc
        >>> network = xc.network.fashion_mnist_lenet5()
        >>> mapping = xc.accelerator.map_network(network, xc.Accelerator())
        >>> [len(mapping.layer(name).tiles) for name in ("conv1", "dense1")]
        [1, 8]
        """
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise ParameterError.about(
                "name",
                got=repr(name),
                expected=f"a layer on tiles: {', '.join(names)}",
                remedy="correct the name; digital layers have no tiles",
            )
        return self.layers[names.index(name)]


def map_network(
    network: Network,
    accelerator: Hardware,
    *,
    digital: Sequence[str] | MappingOf[str, int | None] = (),
    elsewhere: MappingOf[str, Hardware] | None = None,
) -> Mapping:
    """Cut every matrix of a network into tiles and turn weights into conductances.

    A weight w of a column (tile, layer, network) whose largest magnitude is w_max becomes what the
    synapse holds for ``w / w_max``.

    Parameters
    ----------
    network, accelerator
        Network to map, and the accelerator that it runs on.
    digital
        Layers that stay digital: their names, or their width in bits by name (None is float32).
    elsewhere
        Layers on another accelerator, by name.

    Returns
    -------
    Mapping
        The tiles of each layer with their target conductances [S].

    Raises
    ------
    ParameterError
        A name that is not a layer of the network or occurs twice, or a width out of range.

    >>> import xbar_circuit as xc
    >>> mapping = map_network(xc.network.fashion_mnist_lenet5(), xc.Accelerator(rows=64, cols=64))
    >>> mapping.tile_count, round(mapping.utilisation, 3)
    (40, 0.75)
    """
    widths = dict(digital) if isinstance(digital, MappingOf) else dict.fromkeys(digital)
    others = dict(elsewhere or {})
    _check_names(network, widths, others)
    matrices = {
        name: operator.matrices.astype(np.float64)
        for name, operator in network.matrix_nodes
        if name not in widths
    }
    largest = max((float(np.abs(m).max()) for m in matrices.values()), default=1.0)
    layers = []
    for name, values in matrices.items():
        own = others.get(name, accelerator)
        groups, rows, cols = values.shape
        columns = np.abs(values).max(axis=1).ravel()
        if own.weight_scale == "global":
            columns = np.full_like(columns, largest)
        tiles = tuple(
            _tile(own, row, col, weights, columns) for row, col, weights in cut(own, values)
        )
        layers.append(
            LayerPlan(name=name, accelerator=own, groups=groups, rows=rows, cols=cols, tiles=tiles)
        )
    return Mapping(network=network, accelerator=accelerator, layers=tuple(layers), digital=widths)


def cells_of(
    network: Network,
    accelerator: Hardware,
    *,
    digital: Collection[str] = (),
    elsewhere: MappingOf[str, Hardware] | None = None,
) -> int:
    """Return how many cells `map_network` would use, without making a tile.

    Parameters
    ----------
    network, accelerator, elsewhere
        As for `map_network`.
    digital
        Names of layers that stay digital.

    Returns
    -------
    int
        Cells of all tiles, those between groups that share a tile included.
    """
    found = 0
    for name, operator in network.matrix_nodes:
        if name in digital:
            continue
        own = (elsewhere or {}).get(name, accelerator)
        groups, rows, cols = operator.matrices.shape
        together = _together(own, groups, rows, cols)
        shared = [(last - first) ** 2 for first, last in _parts(groups, together)]
        found += sum(shared) * rows * cols * math.prod(own.block)
    return found


def _together(accelerator: Hardware, groups: int, rows: int, cols: int) -> int:
    """Return how many groups share a tile, at least 1."""
    return max(1, min(groups, accelerator.inputs // rows, accelerator.outputs // cols))


def _check_names(
    network: Network, widths: dict[str, int | None], others: dict[str, Hardware]
) -> None:
    known = [name for name, _ in network.matrix_nodes]
    wrong = [name for name in (*widths, *others) if name not in known]
    twice = sorted(set(widths) & set(others))
    if wrong or twice:
        raise ParameterError.about(
            "digital, elsewhere",
            got=f"{wrong or twice}" + (" in both" if twice else ""),
            expected=f"some of the layers {known}, each once",
            remedy="correct the names, under [layers] in a TOML file; xbar mapping shows them",
        )
    for name, bits in widths.items():
        if bits is not None:
            checks.count(f"digital[{name!r}]", bits, minimum=2, maximum=16)


def cut(
    accelerator: Hardware, matrices: FloatArray
) -> list[tuple[tuple[int, int], tuple[int, int], FloatArray]]:
    """Return (rows, cols, weights) of every tile."""
    groups, rows, cols = matrices.shape
    room = accelerator.outputs
    together = _together(accelerator, groups, rows, cols)
    blocks = []
    if together > 1:
        for first, last in _parts(groups, together):
            packed = np.zeros(((last - first) * rows, (last - first) * cols))
            for k in range(last - first):
                packed[k * rows : (k + 1) * rows, k * cols : (k + 1) * cols] = matrices[first + k]
            blocks.append(((first * rows, last * rows), (first * cols, last * cols), packed))
        return blocks
    for group in range(groups):
        for top, bottom in _parts(rows, accelerator.inputs):
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
    accelerator: Hardware,
    rows: tuple[int, int],
    cols: tuple[int, int],
    weights: FloatArray,
    layer_columns: FloatArray,
) -> TilePlan:
    scale = _scale(accelerator, np.abs(weights), layer_columns)
    return TilePlan(
        rows=rows,
        cols=cols,
        weights=weights,
        target=accelerator.synapse.conductance(weights / scale),
        scale=scale,
    )


def _scale(accelerator: Hardware, magnitude: FloatArray, layer_columns: FloatArray) -> FloatArray:
    """Return the weight of each output that becomes the largest conductance (outputs,)."""
    if accelerator.weight_scale == "column":
        scale = magnitude.max(axis=0)
    elif accelerator.weight_scale == "tile":
        scale = np.full(magnitude.shape[1], magnitude.max())
    else:
        scale = np.full(magnitude.shape[1], layer_columns.max())
    return np.where(scale > 0.0, scale, 1.0)
