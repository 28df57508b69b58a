"""Copies of layers: as many as make the pipeline as fast as a number of tiles allows."""

from __future__ import annotations

import math

from xbar_circuit import _checks as checks
from xbar_circuit.accelerator._loads import (
    LayerLoad,
    count_loads,
)
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.architecture import Architecture
from xbar_circuit.errors import ParameterError

__all__ = ["balanced_replicas"]


def balanced_replicas(
    mapping: Mapping, *, tiles: int, architecture: str | Architecture | None = None
) -> dict[str, int]:
    """Return copies of each layer such that the pipeline is as fast as `tiles` tiles allow.

    The slowest stage gets another copy as long as there is room.

    Raises
    ------
    ParameterError
        Fewer tiles than the network needs.
    """
    loads = [load for load in count_loads(mapping) if load.tiles]
    left = checks.count("tiles", tiles) - mapping.tile_count
    if left < 0:
        raise ParameterError.about(
            "tiles",
            got=tiles,
            expected=f"at least the {mapping.tile_count} tiles of one copy",
            remedy="give more tiles",
        )
    copies = {load.name: 1 for load in loads}
    products = {
        plan.name: Periphery.of(plan.accelerator, architecture).product_second
        for plan in mapping.layers
    }

    def second(load: LayerLoad) -> float:
        return math.ceil(load.products / copies[load.name]) * products[load.name]

    while loads:
        slowest = max(loads, key=second)
        if len(slowest.tiles) > left or copies[slowest.name] >= slowest.products:
            break
        copies[slowest.name] += 1
        left -= len(slowest.tiles)
    return copies
