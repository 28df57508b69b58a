"""What one inference asks of each layer's tiles: how many products, and what they draw.

Products and activations are counted while a few images run through the network; the energy of the
array comes from the branch currents of the nodal engine, wires included, for inputs that really
occur.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._activation_products import activation_macs
from xbar_circuit.network.execution import DigitalMultiplier, batch_size, walk, zeros_for
from xbar_circuit.network.graph import Network, Node
from xbar_circuit.network.operators import Array, MatrixOperator, RecurrentOperator
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.tile import Tile

__all__ = [
    "LayerLoad",
    "array_joule",
    "conversions_of",
    "count_loads",
    "layer_load",
    "recorded_vectors",
    "tile_joule",
]

_TILES_A_LAYER = 4  # are read for a layer's energy, evenly spread
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
    activation_macs
        Multiply-accumulates of these nodes: products of activations with each other.
    """

    name: str
    products: int
    macs: int
    tiles: tuple[tuple[int, int], ...]
    conversions: int
    inputs: int
    outputs: int
    digital_elements: int = 0
    activation_macs: int = 0


def count_loads(mapping: Mapping) -> tuple[LayerLoad, ...]:
    """Return the load of every layer for one inference."""
    network = mapping.network
    counter = _Counter(network)
    walk(network, zeros_for(network), counter)
    sizes = _digital_sizes(mapping)
    plans = {plan.name: plan for plan in mapping.layers}
    loads = []
    for name, operator in network.matrix_nodes:
        products, inputs = counter.counts.get(name, (0, 0))
        digital = sizes.get(name, _Digital())
        loads.append(
            layer_load(
                name,
                operator.matrices.shape,
                plans.get(name),
                products=products,
                inputs=inputs,
                digital_elements=digital.elements,
                activation_macs=digital.macs,
            )
        )
    return tuple(loads)


def layer_load(
    name: str,
    shape: Sequence[int],
    plan: LayerPlan | None,
    *,
    products: int,
    inputs: int,
    digital_elements: int = 0,
    activation_macs: int = 0,
) -> LayerLoad:
    """Return the load of a layer of matrices (groups, rows, cols); without a plan it is digital."""
    groups, rows, cols = shape
    conversions = 0
    if plan is not None:
        conversions = sum(conversions_of(plan.accelerator, t.shape[1]) for t in plan.tiles)
    return LayerLoad(
        name=name,
        products=products,
        macs=products * groups * rows * cols,
        tiles=() if plan is None else tuple(tile.shape for tile in plan.tiles),
        conversions=conversions,
        inputs=inputs,
        outputs=products * groups * cols,
        digital_elements=digital_elements,
        activation_macs=activation_macs,
    )


def conversions_of(accelerator: Hardware, columns: int) -> int:
    """Return how many conversions some columns take: one each, or one a pair that meets before."""
    return columns // 2 if accelerator.readout.subtracts_before else columns


@dataclass(frozen=True, slots=True)
class _Digital:
    """Digital work between two matrix nodes: elements read, and products of activations."""

    elements: int = 0
    macs: int = 0


def _digital_sizes(mapping: Mapping) -> dict[str, _Digital]:
    """Return what digital nodes do, put to the layer before them.

    What comes before the first is put to the first.
    """
    network = mapping.network
    first = network.matrix_nodes[0][0] if network.matrix_nodes else ""
    owner: dict[str, str] = {}
    found: dict[str, _Digital] = {}

    def seen(node: Node, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        operator = node.operator
        if isinstance(operator, MatrixOperator):
            owner.update(dict.fromkeys(node.outputs, node.name))
            return
        if isinstance(operator, RecurrentOperator):
            owner.update(dict.fromkeys(node.outputs, f"{node.name}.{[*operator.layers][-1]}"))
            return
        before = next((owner[name] for name in node.inputs if name in owner), first)
        owner.update(dict.fromkeys(node.outputs, before))
        known = found.get(before, _Digital())
        work = sum(np.size(value) for value in inputs)
        macs = activation_macs(operator, inputs, outputs)
        found[before] = _Digital(known.elements + work, known.macs + macs)

    walk(network, zeros_for(network), DigitalMultiplier(network), seen=seen)
    return found


class _Counter(DigitalMultiplier):
    """A multiplier that counts: (products, inputs) of each layer."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.counts: dict[str, tuple[int, int]] = {}
        self._inputs = 0

    def encode(self, name: str, inputs: Array) -> Array:
        self._inputs = inputs.size
        return super().encode(name, inputs)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        products, inputs = self.counts.get(name, (0, 0)) if step else (0, 0)
        self.counts[name] = (products + len(vectors), inputs + self._inputs)
        return super().multiply(name, vectors, step=step)


def recorded_vectors(
    chip: WorkingChip, inputs: Inputs, *, vectors: int = 200, most: int | None = None
) -> dict[str, Array]:
    """Return some of what each layer multiplies while samples run through, by the layer's name.

    Parameters
    ----------
    chip
        Whose layers they are.
    inputs
        What runs through; never empty.
    vectors
        How many of each layer; 200 bring LeNet-5 within 4 % of the energy of 2,000.
    most
        Samples to take; None takes all that fit into a quarter of the memory.

    Raises
    ------
    ParameterError
        No samples.
    """
    arrays = inputs.values() if isinstance(inputs, MappingOf) else [inputs]
    if any(np.size(array) == 0 for array in arrays):
        raise ParameterError.about(
            "inputs", got="none", expected="at least one sample", remedy="give real samples"
        )
    network, samples = chip.network.fed(inputs)
    room = batch_size(network, chip.memory_bytes // 4, largest=most or len(samples))
    samples = samples[: max(1, room)]
    return record_vectors(
        network, samples, chip.multiplier(noise=False), vectors=vectors, evenly=True
    )


def array_joule(
    chip: WorkingChip, peripheries: MappingOf[str, Periphery], recorded: MappingOf[str, Array]
) -> dict[str, float]:
    """Return what the arrays of each layer draw for one product, by the layer's name [J].

    The mean over recorded vectors, all tiles of the layer together. Of layers with more than four
    tiles four are solved; the others are taken to draw the same for each siemens that they hold.

    Parameters
    ----------
    chip
        Whose arrays they are.
    peripheries
        Say how long the word lines are driven, by the layer's name.
    recorded
        What each layer multiplies, see `recorded_vectors`; at most 8 of nonlinear cells are used.
    """
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
    drawn = _row_currents(tile.driven)
    total = 0.0
    for read in tile.reads(inputs):
        level = read.volt
        span = tile.driver.span_second
        mean = level if read.second is None else level * np.minimum(read.second / span, 1.0)
        total += drive_second * float((level * drawn(mean)).sum(axis=1).mean())
    return total


def _row_currents(array: Crossbar) -> Callable[[FloatArray], FloatArray]:
    """Return what gives the drivers' currents (batch, rows) [A] of voltages (batch, rows) [V].

    Of linear cells by the array's conductances between its ports, sense terminals at 0 V: no node
    inside is asked. Of others from every cell's current.
    """
    if not (array.cell.linear and array.cell.loads_row) or array.wires.uneven:
        prepared = nodal.prepare(array)
        return lambda volts: prepared.read(volts).row_current
    branches = nodal.reduce(array).held(array.terminals)[: array.rows]
    rows = branches[:, : array.rows]
    total = branches.sum(axis=1)
    return lambda volts: volts * total - volts @ rows


def _spread(tiles: int) -> Sequence[int]:
    count = min(tiles, _TILES_A_LAYER)
    return [math.floor(k * tiles / count) for k in range(count)]
