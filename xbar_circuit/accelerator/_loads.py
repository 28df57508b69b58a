"""What one inference asks of each layer's tiles: how many products, and what they draw.

Products and activations are counted while a few images run through the network; the energy of the
array comes from the branch currents of the nodal engine, wires included, for inputs that really
occur.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import DigitalMultiplier, walk
from xbar_circuit.network.graph import INPUT, Network
from xbar_circuit.network.operators import Array, MatrixOperator
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.tile import Tile

__all__ = ["LayerLoad", "array_joule", "conversions_of", "count_loads", "tile_joule"]

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
        Used cells (rows, columns) of each tile; none of a layer that stays digital.
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
    plans = {plan.name: plan for plan in mapping.layers}
    loads = []
    for name, operator in network.matrix_nodes:
        products, inputs = counter.counts[name]
        groups, rows, cols = operator.matrices.shape
        tiles = plans[name].tiles if name in plans else ()
        loads.append(
            LayerLoad(
                name=name,
                products=products,
                macs=products * groups * rows * cols,
                tiles=tuple(tile.shape for tile in tiles),
                conversions=sum(
                    conversions_of(plans[name].accelerator, tile.shape[1]) for tile in tiles
                ),
                inputs=inputs,
                outputs=products * groups * cols,
                digital_elements=sizes.get(name, 0),
            )
        )
    return tuple(loads)


def conversions_of(accelerator: Accelerator, columns: int) -> int:
    """Return how many conversions some columns take: one each, or one a pair that meets before."""
    return columns // 2 if accelerator.readout.subtracts_before else columns


def _digital_sizes(mapping: Mapping, image: Array) -> dict[str, int]:
    """Return the elements that digital nodes read, put to the matrix node before them.

    What comes before the first is put to the first.
    """
    network = mapping.network
    first = network.matrix_nodes[0][0]
    values = {INPUT: image}
    digital = DigitalMultiplier(network)
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


class _Counter(DigitalMultiplier):
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


def array_joule(
    chip: Chip, peripheries: MappingOf[str, Periphery], samples: Array, *, vectors: int = 200
) -> dict[str, float]:
    """Return what the arrays of each layer draw for one product, by the layer's name [J].

    The mean over evenly spaced vectors of the samples, all tiles of the layer together. Of layers
    with more than four tiles four are solved; the others are taken to draw the same for each
    siemens that they hold.

    Parameters
    ----------
    chip
        Whose arrays they are.
    peripheries
        Say how long the word lines are driven, by the layer's name.
    samples
        What runs through; never empty.
    vectors
        How many of each layer, at most 8 of nonlinear cells; 200 bring LeNet-5 within 4 % of 2,000.

    Raises
    ------
    ParameterError
        No samples.
    """
    if len(samples) == 0:
        raise ParameterError.about(
            "inputs", got="none", expected="at least one sample", remedy="give real samples"
        )
    recorded = record_vectors(
        chip.network, samples, chip.multiplier(noise=False), vectors=vectors, evenly=True
    )
    result = {}
    for plan, layer in zip(chip.mapping.layers, chip.conductances, strict=True):
        codes = recorded[plan.name]
        if not plan.accelerator.synapse.cell.linear:
            codes = codes[:: max(1, len(codes) // _NONLINEAR_VECTORS)][:_NONLINEAR_VECTORS]
        flat = codes.reshape(len(codes), -1).astype(np.float64)
        owners = chip.parts[plan.name].accelerators
        drawn = held = 0.0
        for k in _spread(len(plan.tiles)):
            tile = owners[k].tile(layer[k])
            part = flat[:, slice(*plan.tiles[k].rows)] / tile.driver.highest
            drawn += tile_joule(tile, part, drive_second=peripheries[plan.name].drive_second)
            held += float(layer[k].sum())
        total = float(sum(conductance.sum() for conductance in layer))
        result[plan.name] = drawn * total / held if held > 0.0 else 0.0
    return result


def tile_joule(tile: Tile, inputs: FloatArray, *, drive_second: float) -> float:
    """Return the mean energy that the drivers of a tile deliver for one product [J].

    Of levels ``t * sum_i V_i I_i``, I_i the current of driver i, wires included, summed over the
    reads of a product. Of pulses, every driver is on at the full voltage for its share x_i of the
    time, ``t * sum_i V |I_i|`` with I_i at the voltages ``x_i V``: exact without wires, and with
    them but for the change of a row's current by its neighbours' switching.

    Parameters
    ----------
    tile
        Array and driver.
    inputs
        From -1 to 1 (vectors, inputs).
    drive_second
        How long the word lines are driven in one read: levels all of it, the longest pulse too [s].
    """
    prepared = nodal.prepare(tile.driven)
    total = 0.0
    for read in tile.reads(inputs):
        level = read.volt
        span = tile.driver.span_second
        mean = level if read.second is None else level * np.minimum(read.second / span, 1.0)
        current = prepared.read(mean).row_current
        total += drive_second * float((level * current).sum(axis=1).mean())
    return total


def _spread(tiles: int) -> Sequence[int]:
    count = min(tiles, _TILES_A_LAYER)
    return [math.floor(k * tiles / count) for k in range(count)]
