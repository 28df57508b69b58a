"""Energy and time of one layer of an inference, on tiles or digital."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._loads import LayerLoad
from xbar_circuit.accelerator._periphery import Periphery, input_bits
from xbar_circuit.architecture import DigitalUnit

__all__ = ["COMPONENTS", "LayerCost", "analog_cost", "analog_joule", "digital_cost"]

#: Components of energy and area, in the order of the signal.
COMPONENTS = ("driver", "array", "read-out", "digital", "buffer", "interconnect")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCost:
    """One layer of one inference.

    load : what was asked.
    replicas : copies of its tiles.
    second : of its stage [s].
    joule : by component [J].
    """

    load: LayerLoad
    replicas: int
    second: float
    joule: dict[str, float]

    @property
    def tiles(self) -> int:
        """Tiles of all replicas."""
        return len(self.load.tiles) * self.replicas


def analog_cost(
    load: LayerLoad,
    accelerator: Hardware,
    periphery: Periphery,
    array_joule: float,
    replicas: int,
) -> LayerCost:
    rows = sum(rows for rows, _ in load.tiles)
    analog = analog_joule(periphery, rows, load.conversions, array_joule)
    digital = accelerator.digital
    adds = load.products * periphery.reads * load.conversions + load.outputs + load.digital_elements
    each = math.ceil(input_bits(accelerator.driver) / 8)
    joule = {
        **{name: load.products * value for name, value in analog.items()},
        "digital": adds * digital.add_joule
        + load.outputs * digital.multiply_joule
        + load.activation_macs * digital.mac_joule(None),
        **_moved(digital, load.products * rows * each, load.inputs * each),
    }
    copies = min(replicas, load.products)
    rate = digital.lanes * digital.clock_hertz * len(load.tiles) * copies
    return LayerCost(
        load=load,
        replicas=replicas,
        second=max(
            math.ceil(load.products / copies) * periphery.product_second,
            (adds + load.outputs + load.activation_macs) / rate,
        ),
        joule={name: joule[name] for name in COMPONENTS},
    )


def digital_cost(load: LayerLoad, accelerator: Hardware, bits: int | None) -> LayerCost:
    digital, each = accelerator.digital, math.ceil((bits or 32) / 8)
    weights = load.macs // max(1, load.products)
    other = load.outputs + load.digital_elements
    joule = dict.fromkeys(COMPONENTS, 0.0) | {
        "digital": load.macs * digital.mac_joule(bits)
        + load.activation_macs * digital.mac_joule(None)
        + other * digital.add_joule
        + load.outputs * digital.multiply_joule,
        **_moved(digital, (load.products * weights + load.inputs) * each, load.inputs * each),
    }
    return LayerCost(
        load=load,
        replicas=1,
        second=(load.macs + load.activation_macs + other) / (digital.lanes * digital.clock_hertz),
        joule=joule,
    )


def _moved(unit: DigitalUnit, read_bytes: float, moved_bytes: float) -> dict[str, float]:
    """Return what buffers and the wires between layers take [J]."""
    wires = unit.interconnect
    return {
        "buffer": (read_bytes + moved_bytes) * unit.buffer.byte_joule,
        "interconnect": moved_bytes * 8 * wires.bit_joule_per_metre * wires.distance_metre,
    }


def analog_joule(
    periphery: Periphery, rows: int, conversions: int, array_joule: float
) -> dict[str, float]:
    """Return what drivers, array and read-out take for one product [J]."""
    readout = periphery.reads * conversions * periphery.conversion_joule
    if periphery.includes_array:
        readout = max(readout - array_joule, 0.0)
    return {
        "driver": periphery.reads * rows * periphery.line_joule,
        "array": array_joule,
        "read-out": readout,
    }
