"""The area of an accelerator's tiles, as far as it is known."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf

from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer_cost import LayerCost
from xbar_circuit.accelerator._loads import conversions_of
from xbar_circuit.accelerator._periphery import Periphery, input_bits
from xbar_circuit.accelerator.mapping import Mapping

__all__ = ["areas_of", "tile_areas"]


def tile_areas(accelerator: Hardware, periphery: Periphery) -> dict[str, float]:
    """Return the area of one tile by component, as far as it is known [m2]."""
    columns = conversions_of(accelerator, accelerator.cols)
    converters = math.ceil(columns / periphery.columns_per_converter)
    known = {
        "driver": _times(periphery.line_square_metre, accelerator.rows),
        "array": _times(periphery.cell_square_metre, accelerator.rows * accelerator.cols),
        "read-out": _times(periphery.converter_square_metre, converters),
        "digital": accelerator.digital.square_metre,
    }
    return {name: value for name, value in known.items() if value is not None}


def areas_of(
    mapping: Mapping, layers: tuple[LayerCost, ...], peripheries: MappingOf[str, Periphery]
) -> dict[str, float]:
    areas: dict[str, float] = {}
    for layer in layers:
        if layer.load.name in peripheries:
            own = mapping.layer(layer.load.name).accelerator
            for name, value in tile_areas(own, peripheries[layer.load.name]).items():
                areas[name] = areas.get(name, 0.0) + layer.tiles * value
            buffer = own.digital.buffer.byte_square_metre
            if buffer is not None:
                stored = layer.load.inputs * math.ceil(input_bits(own.driver) / 8)
                areas["buffer"] = areas.get("buffer", 0.0) + stored * buffer
    return areas


def _times(area: float | None, count: int) -> float | None:
    return None if area is None else area * count
