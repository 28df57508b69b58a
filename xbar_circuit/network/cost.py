"""What an inference costs: energy, latency and area, from a stated architecture.

The architecture: every layer has tiles of its own, all tiles of a layer work at once, layers form
a pipeline over images, and a layer may be copied so that its vectors are shared out. Each vector
costs a tile one cycle (one a bit with bit-serial inputs). The array's energy is ``sum V I t`` over
the driven rows, with the row currents of the exact circuit on inputs that really occur; everything
else is counted and multiplied by the technology's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks, nodal
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.accelerator import Accelerator
from xbar_circuit.network.execution import walk
from xbar_circuit.network.inference import Analog
from xbar_circuit.network.mapping import LayerPlan, Mapping, TilePlan
from xbar_circuit.network.operators import Array
from xbar_circuit.network.programming import Conductances
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.network.technology import Technology
from xbar_circuit.network.tiles import AnalogLayer, conversion_groups

__all__ = ["COMPONENTS", "Cost", "LayerCost", "balance", "estimate"]

#: What energy is split into.
COMPONENTS = ("arrays", "converters", "drivers", "digital", "buffers", "interconnect")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCost:
    """One layer, for one image.

    Parameters
    ----------
    name
        Of the node.
    vectors
        Products of each tile.
    copies
        How many times the layer is there.
    latency_seconds
        Time for one image [s].
    joule
        Energy by component [J].
    operations
        Two for each multiply-accumulate.
    tiles
        With copies.
    """

    name: str
    vectors: int
    copies: int
    latency_seconds: float
    joule: dict[str, float]
    operations: int
    tiles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A whole network, for one image.

    technology : what was assumed.
    layers : one by one.
    square_metre : area of all tiles with their periphery [m2].
    """

    technology: Technology
    layers: tuple[LayerCost, ...]
    square_metre: float

    @property
    def joule(self) -> dict[str, float]:
        """Energy of an inference by component [J]."""
        return {part: sum(layer.joule[part] for layer in self.layers) for part in COMPONENTS}

    @property
    def total_joule(self) -> float:
        """Energy of an inference [J]."""
        return sum(self.joule.values())

    @property
    def latency_seconds(self) -> float:
        """From an image to its answer [s]."""
        return sum(layer.latency_seconds for layer in self.layers)

    @property
    def images_per_second(self) -> float:
        """What the pipeline delivers: its slowest layer decides [1/s]."""
        return 1.0 / max(layer.latency_seconds for layer in self.layers)

    @property
    def operations(self) -> int:
        """Operations of an inference, two for each multiply-accumulate."""
        return sum(layer.operations for layer in self.layers)

    @property
    def tops(self) -> float:
        """Operations per second of the full pipeline [1e12/s]."""
        return self.operations * self.images_per_second / 1e12

    @property
    def tops_per_watt(self) -> float:
        """Operations per joule [1e12/J]."""
        return self.operations / self.total_joule / 1e12

    @property
    def tops_per_mm2(self) -> float:
        """Operations per second and area [1e12/s/mm2]."""
        return self.tops / (self.square_metre * 1e6) if self.square_metre > 0.0 else 0.0

    def summary(self) -> dict[str, object]:
        """Return the numbers as plain data."""
        return {
            "technology": self.technology.source,
            "joule_per_image": self.total_joule,
            "joule_by_component": self.joule,
            "latency_seconds": self.latency_seconds,
            "images_per_second": self.images_per_second,
            "operations_per_image": self.operations,
            "tops": self.tops,
            "tops_per_watt": self.tops_per_watt,
            "tops_per_mm2": self.tops_per_mm2,
            "area_mm2": self.square_metre * 1e6,
            "tiles": sum(layer.tiles for layer in self.layers),
        }


def estimate(
    mapping: Mapping,
    conductances: Conductances,
    analog: Analog,
    images: Array,
    technology: Technology,
    *,
    copies: dict[str, int] | None = None,
    vectors: int = 16,
) -> Cost:
    """Estimate the cost of an inference.

    Parameters
    ----------
    mapping, conductances, analog
        The prepared network.
    images
        A few images (n, *input_shape), which give the inputs and how many there are.
    technology
        What the parts cost.
    copies
        How many times each layer is there, by name; 1 unless given. See `balance`.
    vectors
        Inputs of each layer on which the array energy is measured.
    """
    counter = _Counter(analog)
    walk(mapping.network, images, counter)
    codes = record_vectors(mapping.network, images, analog, vectors=vectors, evenly=True)
    layers = []
    for plan, tiles in zip(mapping.layers, conductances, strict=True):
        count = counter.vectors[plan.name] // len(images)
        power = 0.0
        for tile, g in zip(plan.tiles, tiles, strict=True):
            power += _power(mapping, analog.layers[plan.name], codes[plan.name], tile, g)
        number = (copies or {}).get(plan.name, 1)
        layers.append(_layer(mapping.accelerator, plan, technology, count, number, power))
    a = mapping.accelerator
    tile_area = (
        a.tile_rows * a.tile_cols * technology.cell_square_metre
        + a.tile_cols * technology.column_square_metre
        + a.tile_rows * technology.row_square_metre
    )
    area = tile_area * sum(layer.tiles for layer in layers)
    return Cost(technology=technology, layers=tuple(layers), square_metre=area)


def balance(cost: Cost, tiles: int) -> dict[str, int]:
    """Return copies of each layer that shorten the slowest ones, with at most so many tiles.

    The slowest layer gets one more copy until the next copy would not fit.
    """
    checks.count("tiles", tiles, minimum=sum(layer.tiles for layer in cost.layers))
    copies = {layer.name: layer.copies for layer in cost.layers}
    single = {layer.name: layer.tiles // layer.copies for layer in cost.layers}
    work = {layer.name: layer.latency_seconds * layer.copies for layer in cost.layers}
    while True:
        slowest = max(copies, key=lambda name: work[name] / copies[name])
        used = sum(copies[name] * single[name] for name in copies)
        if used + single[slowest] > tiles or work[slowest] == 0.0:
            return copies
        copies[slowest] += 1


class _Counter:
    """Counts the products of each layer."""

    def __init__(self, analog: Analog) -> None:
        self.vectors: dict[str, int] = {}
        self._analog = analog

    def encode(self, name: str, inputs: Array) -> Array:
        return self._analog.encode(name, inputs)

    def multiply(self, name: str, vectors: Array) -> Array:
        self.vectors[name] = len(vectors)
        return self._analog.multiply(name, vectors)


def _power(
    mapping: Mapping, layer: AnalogLayer, codes: Array, tile: TilePlan, conductance: FloatArray
) -> float:
    """Return the mean power that the drivers of a tile deliver while inputs are applied [W]."""
    volts = layer.volts(codes, tile)
    current = nodal.read(mapping.crossbar(conductance), volts).row_current
    return float((volts * current).sum(axis=1).mean())


def _layer(  # noqa: PLR0917  (private, all named at the one call)
    a: Accelerator,
    plan: LayerPlan,
    technology: Technology,
    vectors: int,
    copies: int,
    watt: float,
) -> LayerCost:
    planes = 1 if a.input_coding != "bit serial" else (a.input_bits or 1)
    cycles = vectors * planes
    groups = conversion_groups(a, plan)
    columns = sum(plan.tiles[members[0]].shape[1] for members in groups)
    conversions = cycles * (columns // 2 if a.subtraction == "analog" else columns)
    rows = sum(tile.shape[0] for tile in plan.tiles)
    outputs = vectors * plan.groups * plan.cols
    levels = 0 if a.output_bits is None else 2**a.output_bits
    input_bytes, output_bytes = ((bits or 32) / 8.0 for bits in (a.input_bits, a.output_bits))
    moved = vectors * plan.groups * plan.rows * input_bytes
    joule = {
        "arrays": watt * technology.read_seconds * cycles,
        "converters": conversions
        * (technology.converter_joule + levels * technology.converter_joule_per_level),
        "drivers": cycles * rows * technology.driver_joule,
        "digital": (2 * conversions + 2 * outputs) * technology.operation_joule,
        "buffers": (moved + 2 * outputs * output_bytes) * technology.byte_joule,
        "interconnect": outputs * output_bytes * technology.link_joule,
    }
    return LayerCost(
        name=plan.name,
        vectors=vectors,
        copies=copies,
        latency_seconds=float(np.ceil(vectors / copies)) * planes * technology.cycle_seconds,
        joule=joule,
        operations=2 * vectors * plan.groups * plan.rows * plan.cols,
        tiles=len(plan.tiles) * copies,
    )
