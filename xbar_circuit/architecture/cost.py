"""Latency, energy and area of an inference, split by component.

Layers are stages of a pipeline: a new image enters when the slowest stage is free. A stage takes
the products of its layer, shared by the layer's replicas, or its digital work, whichever is
longer; they overlap. The latency of one image is the sum of all stages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.architecture.components import Architecture
from xbar_circuit.architecture.product import (
    OPERATIONS_A_MAC,
    analog_joule,
    converter_bits,
    planes,
    product_second,
    tile_areas,
    tile_peak,
)
from xbar_circuit.architecture.workload import LayerLoad, count_loads
from xbar_circuit.errors import ParameterError

__all__ = ["COMPONENTS", "Cost", "LayerCost", "balanced_replicas", "cost"]

#: Components of energy and area, in the order of the signal.
COMPONENTS = ("driver", "array", "read-out", "digital", "buffer", "interconnect")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCost:
    """One layer of one inference.

    load : what was asked.
    replicas : copies of its tiles.
    seconds : of its stage [s].
    joule : by component [J].
    """

    load: LayerLoad
    replicas: int
    seconds: float
    joule: dict[str, float]

    @property
    def tiles(self) -> int:
        """Tiles of all replicas."""
        return len(self.load.tiles) * self.replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """An inference and the chip that does it.

    Parameters
    ----------
    architecture, accelerator
        What it is made of.
    network_name, utilisation
        What runs, and the share of one copy's cells that hold a weight.
    layers
        In order.
    product_second
        From one product of a tile to the next [s].
    full_tile
        One tile at full use, see `tile_peak`, whose cells draw what the network's cells draw on
        average: what chips are compared by.
    area_m2
        By component [m2]; what is not published is missing.
    assumptions
        Printed with every figure.
    """

    architecture: Architecture
    accelerator: Accelerator
    network_name: str
    utilisation: float
    layers: tuple[LayerCost, ...]
    product_second: float
    full_tile: dict[str, float]
    area_m2: dict[str, float]
    assumptions: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an inference."""
        return sum(layer.load.macs for layer in self.layers)

    @property
    def tiles(self) -> int:
        """Tiles, replicas included."""
        return sum(layer.tiles for layer in self.layers)

    @property
    def latency_seconds(self) -> float:
        """From an image in to its answer out [s]."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def interval_seconds(self) -> float:
        """From one image to the next in the full pipeline [s]."""
        return max(layer.seconds for layer in self.layers)

    @property
    def joule(self) -> dict[str, float]:
        """Energy of an inference by component [J]."""
        return {name: sum(layer.joule[name] for layer in self.layers) for name in COMPONENTS}

    @property
    def total_joule(self) -> float:
        """Energy of an inference [J]."""
        return sum(self.joule.values())

    @property
    def square_metre(self) -> float:
        """Area of what is known [m2]; 0 where nothing is."""
        return sum(self.area_m2.values())

    @property
    def tops(self) -> float:
        """Useful operations per second in the full pipeline [10**12/s]."""
        return OPERATIONS_A_MAC * self.macs / self.interval_seconds * 1e-12

    @property
    def tops_per_watt(self) -> float:
        """Useful operations per joule [10**12/J]."""
        return OPERATIONS_A_MAC * self.macs / self.total_joule * 1e-12

    @property
    def tops_per_mm2(self) -> float | None:
        """Useful operations per second and area [10**12/s/mm2]; None where no area is known."""
        return self.tops / (self.square_metre * 1e6) if self.square_metre > 0.0 else None

    def summary(self) -> dict[str, object]:
        """Return the numbers as plain data."""
        return {
            "architecture": self.architecture.name,
            "source": self.architecture.source,
            "network": self.network_name,
            "macs": self.macs,
            "tiles": self.tiles,
            "utilisation": self.utilisation,
            "full_tile": self.full_tile,
            "product_second": self.product_second,
            "latency_seconds": self.latency_seconds,
            "interval_seconds": self.interval_seconds,
            "joule": self.total_joule,
            "joule_by_component": self.joule,
            "area_m2": self.square_metre,
            "area_m2_by_component": self.area_m2,
            "tops": self.tops,
            "tops_per_watt": self.tops_per_watt,
            "tops_per_mm2": self.tops_per_mm2,
            "layers": [
                {
                    "name": layer.load.name,
                    "tiles": len(layer.load.tiles),
                    "replicas": layer.replicas,
                    "products": layer.load.products,
                    "macs": layer.load.macs,
                    "seconds": layer.seconds,
                    "joule_by_component": layer.joule,
                }
                for layer in self.layers
            ],
            "assumptions": list(self.assumptions),
        }


def cost(
    mapping: Mapping,
    architecture: Architecture,
    array_joule: MappingOf[str, float],
    *,
    replicas: MappingOf[str, int] | None = None,
) -> Cost:
    """Return what an inference costs.

    Parameters
    ----------
    mapping
        The network on its tiles.
    architecture
        What stands around them.
    array_joule
        What the arrays of each layer draw for one product [J], from `array_joules`.
    replicas
        Copies of each layer's tiles by name; 1 unless said.

    Raises
    ------
    ParameterError
        Converters without a width, or an unknown layer.
    """
    accelerator = mapping.accelerator
    converter_bits(accelerator)
    loads = count_loads(mapping)
    copies = dict(replicas or {})
    unknown = sorted(set(copies) - {load.name for load in loads})
    if unknown:
        raise ParameterError.about(
            "replicas",
            got=f"unknown layers {unknown}",
            expected=f"some of {[load.name for load in loads]}",
            remedy="correct the names",
        )
    layers = tuple(
        _layer(
            load,
            accelerator,
            architecture,
            array_joule[load.name],
            checks.count(f"replicas[{load.name!r}]", copies.get(load.name, 1)),
        )
        for load in loads
    )
    used = sum(rows * columns for load in loads for rows, columns in load.tiles)
    full = accelerator.tile_rows * accelerator.tile_cols
    drawn = sum(array_joule[load.name] for load in loads)
    return Cost(
        architecture=architecture,
        accelerator=accelerator,
        network_name=mapping.network.source,
        utilisation=mapping.utilisation,
        layers=layers,
        full_tile=tile_peak(accelerator, architecture, array_joule=drawn * full / used),
        product_second=product_second(accelerator, architecture),
        area_m2=_areas(layers, accelerator, architecture),
        assumptions=_assumptions(accelerator, architecture, layers),
    )


def balanced_replicas(
    mapping: Mapping, architecture: Architecture, *, tiles: int
) -> dict[str, int]:
    """Return copies of each layer such that the pipeline is as fast as `tiles` tiles allow.

    The slowest stage gets another copy as long as there is room.

    Raises
    ------
    ParameterError
        Fewer tiles than the network needs.
    """
    loads = count_loads(mapping)
    left = checks.count("tiles", tiles) - mapping.tile_count
    if left < 0:
        raise ParameterError.about(
            "tiles",
            got=tiles,
            expected=f"at least the {mapping.tile_count} tiles of one copy",
            remedy="give more tiles",
        )
    copies = {load.name: 1 for load in loads}

    def seconds(load: LayerLoad) -> float:
        product = product_second(mapping.accelerator, architecture)
        return math.ceil(load.products / copies[load.name]) * product

    while True:
        slowest = max(loads, key=seconds)
        if len(slowest.tiles) > left or copies[slowest.name] >= slowest.products:
            return copies
        copies[slowest.name] += 1
        left -= len(slowest.tiles)


def _layer(
    load: LayerLoad,
    accelerator: Accelerator,
    architecture: Architecture,
    array_joule: float,
    replicas: int,
) -> LayerCost:
    input_bits, _ = converter_bits(accelerator)
    rows = sum(rows for rows, _ in load.tiles)
    analog = analog_joule(accelerator, architecture, rows, load.conversions, array_joule)
    adds = (
        load.products * planes(accelerator) * architecture.phases * load.conversions
        + load.outputs
        + load.digital_elements
    )
    digital = architecture.digital
    read_bytes = load.products * rows * math.ceil(input_bits / 8)
    moved_bytes = load.inputs * math.ceil(input_bits / 8)
    wires = architecture.interconnect
    joule = {
        **{name: load.products * value for name, value in analog.items()},
        "digital": adds * digital.add_joule + load.outputs * digital.multiply_joule,
        "buffer": (read_bytes + moved_bytes) * architecture.buffer.byte_joule,
        "interconnect": moved_bytes * 8 * wires.bit_joule_per_metre * wires.distance_metre,
    }
    copies = min(replicas, load.products)
    product = product_second(accelerator, architecture)
    rate = digital.lanes * digital.clock_hertz * len(load.tiles) * copies
    return LayerCost(
        load=load,
        replicas=replicas,
        seconds=max(math.ceil(load.products / copies) * product, (adds + load.outputs) / rate),
        joule={name: joule[name] for name in COMPONENTS},
    )


def _areas(
    layers: tuple[LayerCost, ...], accelerator: Accelerator, architecture: Architecture
) -> dict[str, float]:
    tiles = sum(layer.tiles for layer in layers)
    areas = {name: tiles * v for name, v in tile_areas(accelerator, architecture).items()}
    byte_m2 = architecture.buffer.byte_m2
    if byte_m2 is not None:
        stored = sum(layer.load.inputs for layer in layers)
        areas["buffer"] = stored * math.ceil((accelerator.input_bits or 8) / 8) * byte_m2
    return areas


def _assumptions(
    accelerator: Accelerator, architecture: Architecture, layers: tuple[LayerCost, ...]
) -> tuple[str, ...]:
    areas = _areas(layers, accelerator, architecture)
    missing = [name for name in COMPONENTS if name not in areas]
    coding = architecture.input_coding
    other = (
        f"Caution: the tiles drive their inputs as {accelerator.input_coding}, but the numbers of"
        f" {architecture.name} are for inputs as {coding}; drivers and read-out that make one from"
        " the other are not in them.",
    )
    return (
        *(other if coding not in {None, accelerator.input_coding} else ()),
        *architecture.assumptions,
        f"Array energy: what the word line drivers deliver into the wires and devices at"
        f" {accelerator.read_volt:g} V, from the nodal engine, for inputs of real images.",
        "Tiles in parallel, layers pipelined, conversion overlapped with the next read; only used"
        " rows and columns take energy; every tile takes its whole area.",
        "Operations: two for each multiply-accumulate of the network, none for idle cells.",
        f"Area without: {', '.join(missing)}." if missing else "Area of all components.",
    )
