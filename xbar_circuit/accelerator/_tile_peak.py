"""One tile at full use, which chips are compared by."""

from __future__ import annotations

from xbar_circuit.accelerator._area import tile_areas
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer_cost import (
    analog_joule,
)
from xbar_circuit.accelerator._loads import (
    conversions_of,
)
from xbar_circuit.accelerator._periphery import Periphery

__all__ = ["OPERATIONS_A_MAC", "tile_peak"]

#: How the field counts.
OPERATIONS_A_MAC = 2


def tile_peak(
    accelerator: Hardware, periphery: Periphery, *, array_joule: float
) -> dict[str, float]:
    """Return what one full tile does: as chips are compared.

    Parameters
    ----------
    accelerator, periphery
        Size and what stands around it.
    array_joule
        What the array draws for one product [J].

    Returns
    -------
    dict
        ``product_second``, ``product_joule`` and ``array_joule`` in it, ``macs``, ``tops``,
        ``tops_per_watt``, and ``tops_per_mm2`` if the area is known.
    """
    macs = accelerator.inputs * accelerator.outputs
    conversions = conversions_of(accelerator, accelerator.cols)
    parts = analog_joule(periphery, accelerator.rows, conversions, array_joule)
    joule = sum(parts.values())
    result = {
        "product_second": periphery.product_second,
        "product_joule": joule,
        "array_joule": array_joule,
        "macs": float(macs),
        "tops": OPERATIONS_A_MAC * macs / periphery.product_second * 1e-12,
        "tops_per_watt": OPERATIONS_A_MAC * macs / joule * 1e-12,
    }
    area = sum(tile_areas(accelerator, periphery).values())
    if area > 0.0:
        result["tops_per_mm2"] = result["tops"] / (area * 1e6)
    return result
