"""The spot check: the tiles of a network through ngspice, on inputs that really occur.

What inference multiplies by is a transfer matrix; here the same tile, as a deck of resistors, gets
the same voltages, and the two sets of column currents are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

import numpy as np

from xbar_circuit import nodal, spice
from xbar_circuit.accelerator.inference import Analog
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.nonlinear import Correction
from xbar_circuit.accelerator.programming import Conductances
from xbar_circuit.agreement import relative_difference
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.operators import Array

__all__ = ["TileCheck", "choose_tiles", "spot_check"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileCheck:
    """One tile in both engines.

    Parameters
    ----------
    layer, tile
        Name of the node and index of its tile.
    shape
        Used cells (rows, columns).
    volts
        (vectors, rows) [V].
    fast_current, spice_current
        (vectors, columns) [A].
    worst_relative_difference
        Largest difference between the engines over the largest column current of its vector; with
        nonlinear cells the fast engine is Newton's.
    model_relative_difference
        The same between ngspice and what inference multiplies by; only nonlinear cells, whose model
        is a fitted correction, make the two differ.
    rms_relative_difference
        Root mean square of that over vectors and columns.
    float32_relative_difference
        The same between the fast engine and its float32 rendering, which inference uses.
    ideal_relative_difference
        The same between ngspice and a tile without wires: what the wires do.
    seconds
        What ngspice took.
    """

    layer: str
    tile: int
    shape: tuple[int, int]
    volts: FloatArray
    fast_current: FloatArray
    spice_current: FloatArray
    worst_relative_difference: float
    model_relative_difference: float
    rms_relative_difference: float
    float32_relative_difference: float
    ideal_relative_difference: float
    seconds: float


def choose_tiles(mapping: Mapping) -> list[tuple[int, int]]:
    """Return (layer, tile) of the first tile of every shape in every layer."""
    chosen = []
    for k, layer in enumerate(mapping.layers):
        shapes = set()
        for j, tile in enumerate(layer.tiles):
            if tile.shape not in shapes:
                shapes.add(tile.shape)
                chosen.append((k, j))
    return chosen


def spot_check(
    mapping: Mapping,
    conductances: Conductances,
    transfers: Conductances,
    analog: Analog,
    vectors: MappingOf[str, Array],
    *,
    tiles: list[tuple[int, int]] | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[TileCheck]:
    """Run chosen tiles through ngspice and compare.

    Parameters
    ----------
    mapping, conductances, transfers, analog
        The prepared network.
    vectors
        Input codes of each layer, from `record_vectors`.
    tiles
        (layer, tile) indices; None takes one tile of every shape in every layer.
    progress
        Called with 1 after each tile.

    Raises
    ------
    SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    checks = []
    for k, j in tiles if tiles is not None else choose_tiles(mapping):
        plan = mapping.layers[k]
        volts = analog.layers[plan.name].volts(vectors[plan.name], plan.tiles[j])
        correction = analog.layers[plan.name].correction
        checks.append(
            _check(mapping, (k, j), (conductances[k][j], transfers[k][j]), volts, correction)
        )
        if progress is not None:
            progress(1)
    return checks


def _check(
    mapping: Mapping,
    place: tuple[int, int],
    tile_matrices: tuple[FloatArray, FloatArray],
    volts: FloatArray,
    correction: Correction | None,
) -> TileCheck:
    plan, tile = mapping.layers[place[0]], place[1]
    conductance, transfer = tile_matrices
    crossbar = mapping.crossbar(conductance)
    start = time.perf_counter()
    exact = spice.read(crossbar, volts, fields=False).column_current
    seconds = time.perf_counter() - start
    if correction is None:
        model = fast = volts @ transfer
        single = (volts.astype(np.float32) @ transfer.astype(np.float32)).astype(np.float64)
    else:
        fast = nodal.read(crossbar, volts).column_current
        model = correction.read(volts, transfer)
        single = correction.read(volts.astype(np.float32), transfer.astype(np.float32))
    scale = np.abs(exact).max(axis=1, keepdims=True)
    apart = np.divide(model - exact, scale, out=np.zeros_like(exact), where=scale > 0.0)
    return TileCheck(
        layer=plan.name,
        tile=tile,
        shape=plan.tiles[tile].shape,
        volts=volts,
        fast_current=fast,
        spice_current=exact,
        worst_relative_difference=relative_difference(fast, exact, scale=exact),
        model_relative_difference=relative_difference(model, exact, scale=exact),
        rms_relative_difference=float(np.sqrt(np.mean(apart**2))),
        float32_relative_difference=relative_difference(
            single.astype(np.float64), model, scale=model
        ),
        ideal_relative_difference=relative_difference(volts @ conductance, exact, scale=exact),
        seconds=seconds,
    )
