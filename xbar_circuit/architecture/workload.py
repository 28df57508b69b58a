"""What one inference asks of each layer's tiles: how many products, and what they draw.

Products and activations are counted while a few images run through the network; the energy of the
array comes from the branch currents of the nodal engine, wires included, for inputs that really
occur.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit import nodal
from xbar_circuit.accelerator.converters import Converter
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.inference import Analog
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping
from xbar_circuit.accelerator.programming import Conductances
from xbar_circuit.accelerator.tiles import conversion_groups
from xbar_circuit.architecture.components import Architecture
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import Digital, walk
from xbar_circuit.network.graph import INPUT, Network
from xbar_circuit.network.operators import Array, MatrixOperator
from xbar_circuit.network.recording import record_vectors

__all__ = ["LayerLoad", "array_joules", "count_loads", "tile_joule"]

_TILES_A_LAYER = 4
_NONLINEAR_VECTORS = 8  # Newton takes its time for each


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLoad:
    """What one inference asks of one layer.

    Parameters
    ----------
    name
        The node's.
    products
        Products of each tile.
    macs
        Multiply-accumulates of the layer.
    tiles
        Used cells (rows, columns) of each tile.
    conversions
        Bit lines that are converted at each product, or plane of bits, of all tiles together.
    inputs, outputs
        Activations that arrive and leave.
    digital_elements
        Activations that digital nodes up to the next matrix node read.
    """

    name: str
    products: int
    macs: int
    tiles: tuple[tuple[int, int], ...]
    conversions: int
    inputs: int
    outputs: int
    digital_elements: int = 0


def count_loads(mapping: Mapping) -> tuple[LayerLoad, ...]:
    """Return the load of every layer for one inference."""
    network = mapping.network
    counter = _Counter(network)
    image = np.zeros((1, *network.input_shape), dtype=np.float32)
    walk(network, image, counter)
    sizes = _digital_sizes(mapping, image)
    loads = []
    for plan in mapping.layers:
        products, inputs = counter.counts[plan.name]
        loads.append(
            LayerLoad(
                name=plan.name,
                products=products,
                macs=products * plan.groups * plan.rows * plan.cols,
                tiles=tuple(tile.shape for tile in plan.tiles),
                conversions=_conversions(mapping.accelerator, plan),
                inputs=inputs,
                outputs=products * plan.groups * plan.cols,
                digital_elements=sizes.get(plan.name, 0),
            )
        )
    return tuple(loads)


def _conversions(accelerator: Accelerator, plan: LayerPlan) -> int:
    """Return the conversions of one product of all tiles of a layer."""
    groups = conversion_groups(accelerator, plan)
    columns = sum(plan.tiles[members[0]].shape[1] for members in groups)
    return columns // 2 if accelerator.subtraction == "analog" else columns


def _digital_sizes(mapping: Mapping, image: Array) -> dict[str, int]:
    """Return the elements that digital nodes read, put to the matrix node before them.

    What comes before the first is put to the first.
    """
    network = mapping.network
    first = mapping.layers[0].name
    values = {INPUT: image}
    digital = Digital(network)
    owner: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        operator = node.operator
        if isinstance(operator, MatrixOperator):
            products = digital.multiply(node.name, operator.unfold(inputs[0]))
            values[node.name] = operator.fold(products, inputs[0])
            owner[node.name] = node.name
            continue
        values[node.name] = operator.apply(*inputs)
        before = next((owner[name] for name in node.inputs if name in owner), first)
        owner[node.name] = before
        sizes[before] = sizes.get(before, 0) + sum(value.size for value in inputs)
    return sizes


class _Counter(Digital):
    """A multiplier that counts: (products, inputs) of each layer."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.counts: dict[str, tuple[int, int]] = {}
        self._inputs = 0

    def encode(self, name: str, inputs: Array) -> Array:
        self._inputs = inputs.size
        return super().encode(name, inputs)

    def multiply(self, name: str, vectors: Array) -> Array:
        self.counts[name] = (len(vectors), self._inputs)
        return super().multiply(name, vectors)


def array_joules(
    mapping: Mapping,
    conductances: Conductances,
    analog: Analog,
    architecture: Architecture,
    images: Array,
    *,
    vectors: int = 200,
) -> dict[str, float]:
    """Return what the arrays of each layer draw for one product, by the layer's name [J].

    The mean over evenly spaced vectors of the images, all tiles of the layer together. Of layers
    with more than four tiles four are solved; the others are taken to draw the same for each
    siemens that they hold.

    Parameters
    ----------
    mapping, conductances, analog
        The programmed and calibrated network.
    architecture
        Says how long the word lines are driven.
    images
        What runs through; never empty.
    vectors
        How many of each layer, at most 8 of nonlinear cells; 200 bring LeNet-5 within 4 % of 2,000.

    Raises
    ------
    ParameterError
        No images, or input converters without a width.
    """
    if len(images) == 0:
        raise ParameterError.about(
            "images", got="none", expected="at least one image", remedy="give real images"
        )
    if not mapping.accelerator.cell.linear:
        vectors = min(vectors, _NONLINEAR_VECTORS)
    recorded = record_vectors(mapping.network, images, analog, vectors=vectors, evenly=True)
    result = {}
    for plan, layer in zip(mapping.layers, conductances, strict=True):
        codes = recorded[plan.name]
        flat = codes.reshape(len(codes), -1).astype(np.float64)
        converter = analog.layers[plan.name].inputs
        chosen = _spread(len(plan.tiles))
        drawn = held = 0.0
        for k in chosen:
            part = flat[:, slice(*plan.tiles[k].rows)]
            drawn += tile_joule(
                mapping.crossbar(layer[k]), part, converter, mapping.accelerator, architecture
            )
            held += float(layer[k].sum())
        total = float(sum(conductance.sum() for conductance in layer))
        result[plan.name] = drawn * total / held if held > 0.0 else 0.0
    return result


def tile_joule(
    crossbar: Crossbar,
    codes: FloatArray,
    converter: Converter,
    accelerator: Accelerator,
    architecture: Architecture,
) -> float:
    """Return the mean energy that the drivers of a tile deliver for one product [J].

    With inputs as voltages ``t * sum_i V_i I_i``, I_i the current of driver i, wires included;
    bit by bit the sum of that over the planes. With pulse widths every driver is on at the full
    voltage for its share x_i of the time, ``t * V * sum_i |I_i|`` with I_i at the voltages
    ``x_i V``: exact without wires, and with them but for the change of a row's current by its
    neighbours' switching.

    Parameters
    ----------
    crossbar
        The tile's circuit.
    codes
        Input codes (vectors, rows).
    converter
        That made them.
    accelerator, architecture
        Coding and voltage; time.
    """
    bits = accelerator.input_bits or 8
    seconds = architecture.drive_second(accelerator.input_coding, bits)
    prepared = nodal.prepare(crossbar)
    if accelerator.input_coding == "bit serial":
        magnitude, sign = np.abs(codes).astype(np.int64), np.sign(codes)
        planes = [
            ((magnitude >> bit) & 1) * sign * accelerator.read_volt
            for bit in range(int(converter.highest).bit_length())
        ]
    else:
        planes = [codes * (accelerator.read_volt / converter.highest)]
    total = 0.0
    for volts in planes:
        current = prepared.read(volts).row_current
        if accelerator.input_coding == "pulse width":
            power = accelerator.read_volt * np.sign(volts) * current
        else:
            power = volts * current
        total += seconds * float(power.sum(axis=1).mean())
    return total


def _spread(tiles: int) -> Sequence[int]:
    count = min(tiles, _TILES_A_LAYER)
    return [math.floor(k * tiles / count) for k in range(count)]
