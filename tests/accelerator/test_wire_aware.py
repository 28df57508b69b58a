"""Conductances chosen for the array with its wires."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from closeness import approx
from xbar_circuit import Wires, nodal
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware
from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R, MultiDevice
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.runs._forms import decode, encode


def network(weight=None):
    if weight is None:
        weight = np.random.default_rng(4).normal(size=(60, 20)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(weight.shape[1]))
    node = Node(name="d", operator=dense, inputs=(INPUT,))
    return Network(nodes=(node,), input_shape=weight.shape[:1])


def realised_error(mapping):
    """The error of the weights, from the engine and the definition alone."""
    squares = total = 0.0
    for tile in mapping.layers[0].tiles:
        synapse = mapping.accelerator.synapse
        transfer = nodal.transfer(mapping.accelerator.crossbar(tile.target))
        currents = synapse.volts(np.eye(len(tile.weights))) @ transfer
        found = synapse.combine(currents) * tile.scale / synapse.siemens_per_weight
        squares += ((found - tile.weights) ** 2).sum()
        total += (tile.weights**2).sum()
    return np.sqrt(squares / total)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"weight_scale": "tile"},
        {"synapse": BitSlices(g_min_siemens=1e-7, bits_per_cell=3, slices=2)},
        {"synapse": MultiDevice(g_min_siemens=1e-7, devices_per_sign=2)},
        {"synapse": EightT4R(g_min_siemens=1e-7)},
        {"synapse": DifferentialPair()},
    ],
)
@pytest.mark.parametrize("ohm", [1.0, 30.0])
def test_the_array_with_its_wires_realises_the_weights(ohm, change):
    """Up to the rounding of slices, which the array without wires has too."""
    wires = Wires(row_ohm=ohm, column_ohm=ohm)
    mapping = map_network(network(), replace(Accelerator(wires=wires), **change))
    found = wire_aware(mapping)
    assert found.error_before[0] == approx(realised_error(mapping), rel=1e-6)
    assert found.error_after[0] == approx(realised_error(found.mapping), rel=1e-6)
    ideal = Wires(row_ohm=0.0, column_ohm=0.0)
    rounding = realised_error(map_network(network(), replace(mapping.accelerator, wires=ideal)))
    assert abs(found.error_after[0] - rounding) < 1e-3 * found.error_before[0]
    synapse = mapping.accelerator.synapse
    low, high = synapse.g_min_siemens, synapse.g_max_siemens
    for tile in found.mapping.layers[0].tiles:
        assert tile.target.min() >= low
        assert tile.target.max() <= high * (1 + 1e-12)
        assert found.scale[0] == 1.0 or tile.target.max() > high * (1 - 1e-3)  # all that is there


def test_no_conductances_do_better_than_these():
    """A bounded least squares with the adjoint's gradient finds nothing better at that scale."""
    ohm, share = 60.0, 0.05  # strong wires, and devices that stay clipped
    wires = Wires(row_ohm=ohm, column_ohm=ohm)
    weight = np.random.default_rng(8).normal(size=(16, 6)).astype(np.float32)
    mapping = map_network(network(weight), Accelerator(wires=wires, weight_scale="tile"))
    found = wire_aware(mapping, clipped_share=share, iterations=30, tolerance=0.0)
    tile = found.mapping.layers[0].tiles[0]
    synapse = mapping.accelerator.synapse
    low, high = synapse.g_min_siemens, synapse.g_max_siemens

    def loss(x):
        xbar = mapping.accelerator.crossbar(x.reshape(tile.target.shape) * high)
        pairs = nodal.transfer(xbar).reshape(16, 6, 2)
        worth = tile.scale / synapse.siemens_per_weight
        error = (pairs[..., 0] - pairs[..., 1]) * worth - tile.weights
        slope = np.stack([2 * error * worth, -2 * error * worth], axis=-1).reshape(16, 12)
        gradient = nodal.gradients(xbar, np.eye(16), slope).conductance
        return (error**2).sum(), gradient.ravel() * high

    start = tile.target.ravel() / high
    best = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(low / high, 1.0)] * start.size
    )
    assert 0.0 < found.clipped[0] <= share
    assert best.fun >= 0.95 * loss(start)[0]


def test_without_wires_nothing_changes():
    wires = Wires(row_ohm=0.0, column_ohm=0.0)
    mapping = map_network(network(), Accelerator(wires=wires))
    found = wire_aware(mapping)
    assert found.scale == (1.0,)
    assert found.error_after == found.error_before
    np.testing.assert_allclose(
        found.mapping.layers[0].tiles[0].target, mapping.layers[0].tiles[0].target, rtol=1e-9
    )


def test_longer_wires_cost_signal():
    def scale(ohm):
        wires = Wires(row_ohm=ohm, column_ohm=ohm)
        return wire_aware(map_network(network(), Accelerator(wires=wires))).scale[0]

    assert 1.0 >= scale(1.0) > scale(10.0) > scale(50.0) > 0.0


def test_what_is_kept_makes_the_same_mapping():
    accelerator = Accelerator(rows=16, cols=16, wires=Wires(row_ohm=5.0, column_ohm=5.0))
    mapping = map_network(network(), accelerator)
    found = wire_aware(mapping, iterations=2)
    again = WireAware.from_dict(mapping, decode(json.loads(json.dumps(encode(found.to_dict())))))
    for before, after in zip(found.mapping.layers, again.mapping.layers, strict=True):
        for one, other in zip(before.tiles, after.tiles, strict=True):
            assert (one.target == other.target).all()
            assert (one.scale == other.scale).all()
    for name in ("error_by_step", "scale", "mean_scale", "clipped"):
        assert getattr(again, name) == getattr(found, name)
    with pytest.raises(ValueError, match="zip"):
        WireAware.from_dict(replace(mapping, layers=()), found.to_dict())
