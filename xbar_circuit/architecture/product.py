"""One product of one tile: its time, its energy, the tile's area."""

from __future__ import annotations

import math

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.architecture.components import Architecture
from xbar_circuit.errors import ParameterError

__all__ = [
    "OPERATIONS_A_MAC",
    "analog_joule",
    "converter_bits",
    "planes",
    "product_second",
    "tile_areas",
    "tile_peak",
]

#: How the field counts.
OPERATIONS_A_MAC = 2


def tile_peak(
    accelerator: Accelerator, architecture: Architecture, *, array_joule: float
) -> dict[str, float]:
    """Return what one full tile does: as chips are compared.

    Parameters
    ----------
    accelerator, architecture
        Size, widths, periphery.
    array_joule
        What the array draws for one product [J].

    Returns
    -------
    dict
        ``product_second``, ``product_joule`` and ``array_joule`` in it, ``macs``, ``tops``,
        ``tops_per_watt``, and ``tops_per_mm2`` if the area is known.
    """
    per_weight = accelerator.columns_per_weight
    macs = accelerator.tile_rows * (accelerator.tile_cols // per_weight)
    conversions = accelerator.tile_cols // (2 if accelerator.subtraction == "analog" else 1)
    seconds = product_second(accelerator, architecture)
    parts = analog_joule(accelerator, architecture, accelerator.tile_rows, conversions, array_joule)
    joule = sum(parts.values())
    result = {
        "product_second": seconds,
        "product_joule": joule,
        "array_joule": array_joule,
        "macs": float(macs),
        "tops": OPERATIONS_A_MAC * macs / seconds * 1e-12,
        "tops_per_watt": OPERATIONS_A_MAC * macs / joule * 1e-12,
    }
    area = sum(tile_areas(accelerator, architecture).values())
    if area > 0.0:
        result["tops_per_mm2"] = result["tops"] / (area * 1e6)
    return result


def converter_bits(accelerator: Accelerator) -> tuple[int, int]:
    """Return the widths of the converters.

    Raises
    ------
    ParameterError
        One of them is exact: nobody knows what that costs.
    """
    if accelerator.input_bits is None or accelerator.output_bits is None:
        raise ParameterError.about(
            "input_bits, output_bits",
            got=f"{accelerator.input_bits}, {accelerator.output_bits}",
            expected="a width for both",
            remedy="an exact converter has no cost; give the bits that the chip would have",
        )
    return accelerator.input_bits, accelerator.output_bits


def planes(accelerator: Accelerator) -> int:
    """Return how many planes of bits a product is made of."""
    return converter_bits(accelerator)[0] if accelerator.input_coding == "bit serial" else 1


def product_second(accelerator: Accelerator, architecture: Architecture) -> float:
    """Return the time from one product of a tile to the next [s]."""
    input_bits, output_bits = converter_bits(accelerator)
    return architecture.product_second(accelerator.input_coding, input_bits, output_bits)


def analog_joule(
    accelerator: Accelerator,
    architecture: Architecture,
    rows: int,
    conversions: int,
    array_joule: float,
) -> dict[str, float]:
    """Return what drivers, array and read-out take for one product [J]."""
    _, output_bits = converter_bits(accelerator)
    times = planes(accelerator) * architecture.phases
    part = architecture.readout
    readout = times * conversions * part.joule(output_bits)
    if part.amplifier_watt > 0.0:
        amplifiers = conversions / part.columns_per_converter
        readout += amplifiers * part.amplifier_watt * product_second(accelerator, architecture)
    if part.includes_array:
        readout = max(readout - array_joule, 0.0)
    return {
        "driver": times * rows * architecture.driver.activation_joule,
        "array": array_joule,
        "read-out": readout,
    }


def tile_areas(accelerator: Accelerator, architecture: Architecture) -> dict[str, float]:
    """Return the area of one tile by component, as far as it is known [m2]."""
    columns = accelerator.tile_cols // (2 if accelerator.subtraction == "analog" else 1)
    converters = math.ceil(columns / architecture.readout.columns_per_converter)
    devices = accelerator.tile_rows * accelerator.tile_cols * accelerator.devices_per_cell
    known = {
        "driver": _times(architecture.driver.area_m2, accelerator.tile_rows),
        "array": _times(architecture.cell_m2, devices),
        "read-out": _times(architecture.readout.area_m2, converters),
        "digital": architecture.digital.area_m2,
    }
    return {name: value for name, value in known.items() if value is not None}


def _times(area: float | None, count: int) -> float | None:
    return None if area is None else area * count
