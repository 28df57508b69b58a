"""Conductances chosen for the array with its wires."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit import Wires, nodal
from xbar_circuit.network.accelerator import Accelerator
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.mapping import map_network
from xbar_circuit.network.operators import Dense
from xbar_circuit.network.tiles import pair_difference
from xbar_circuit.network.wire_aware import wire_aware


def network():
    weight = np.random.default_rng(4).normal(size=(60, 20)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(20))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(60,))


def realised_error(mapping):
    """The error of the weights, from the engine and the definition alone."""
    squares = total = 0.0
    for tile in mapping.layers[0].tiles:
        transfer = nodal.transfer(mapping.crossbar(tile.target))
        pairs = pair_difference(mapping.accelerator, transfer)
        found = (pairs * tile.weight_per_siemens).sum(axis=-1)
        squares += ((found - tile.weights) ** 2).sum()
        total += (tile.weights**2).sum()
    return np.sqrt(squares / total)


@pytest.mark.parametrize("ohm", [1.0, 10.0])
def test_the_array_with_its_wires_realises_the_weights(ohm):
    wires = Wires(row_ohm=ohm, column_ohm=ohm)
    mapping = map_network(network(), Accelerator(wires=wires))
    found = wire_aware(mapping, clipped_share=0.0)
    assert found.error_before[0] == pytest.approx(realised_error(mapping), rel=1e-6)
    assert found.error_after[0] == pytest.approx(realised_error(found.mapping), rel=1e-6)
    assert found.error_after[0] < found.error_before[0] / 30.0
    low, high = mapping.accelerator.cell_range_siemens
    for tile in found.mapping.layers[0].tiles:
        assert tile.target.min() >= low
        assert tile.target.max() <= high * (1 + 1e-12)


def test_without_wires_nothing_changes():
    wires = Wires(row_ohm=0.0, column_ohm=0.0)
    mapping = map_network(network(), Accelerator(wires=wires))
    found = wire_aware(mapping, iterations=2, clipped_share=0.0)
    assert found.scale == (1.0,)
    np.testing.assert_allclose(
        found.mapping.layers[0].tiles[0].target, mapping.layers[0].tiles[0].target, rtol=1e-9
    )


def test_longer_wires_cost_signal():
    def scale(ohm):
        wires = Wires(row_ohm=ohm, column_ohm=ohm)
        return wire_aware(map_network(network(), Accelerator(wires=wires))).scale[0]

    assert 1.0 >= scale(1.0) > scale(10.0) > scale(50.0) > 0.0


def test_tiles_that_add_their_currents_keep_one_scale():
    accelerator = replace(Accelerator(tile_rows=30), accumulation="analog")
    mapping = map_network(network(), accelerator)
    found = wire_aware(mapping)
    assert len(found.mapping.layers[0].tiles) == 2
    assert found.scale == (1.0,)
    assert found.error_after[0] < found.error_before[0]
