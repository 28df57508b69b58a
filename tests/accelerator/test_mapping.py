"""Weights to conductances and back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeness import approx
from xbar_circuit import ParameterError, ShapeError
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import cells_of, map_network
from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R, MultiDevice
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Convolution, Dense
from xbar_circuit.peripherals import PulseWidth


def dense_network(weight):
    weight = np.asarray(weight, dtype=np.float32)
    dense = Dense(weight=weight, bias=np.zeros(weight.shape[1]))
    return Network(
        nodes=(Node(name="dense", operator=dense, inputs=(INPUT,)),),
        input_shape=(len(weight),),
    )


def depthwise_network(channels):
    weight = np.random.default_rng(3).normal(size=(channels, 1, 3, 3))
    operator = Convolution(
        weight=weight,
        bias=np.zeros(channels),
        stride=(1, 1),
        padding=((1, 1), (1, 1)),
        dilation=(1, 1),
        groups=channels,
    )
    return Network(
        nodes=(Node(name="depthwise", operator=operator, inputs=(INPUT,)),),
        input_shape=(channels, 5, 5),
    )


def realised(mapping):
    """The block-diagonal matrix that the conductances stand for."""
    plan = mapping.layers[0]
    whole = np.zeros((plan.groups * plan.rows, plan.groups * plan.cols))
    for tile in plan.tiles:
        synapse = mapping.accelerator.synapse
        # what ideal wires make of each input alone
        currents = synapse.volts(np.eye(len(tile.weights))) @ tile.target
        part = synapse.combine(currents) * tile.scale / synapse.siemens_per_weight
        whole[slice(*tile.rows), slice(*tile.cols)] += part
    return whole


@given(
    rows=st.integers(1, 40),
    cols=st.integers(1, 30),
    tile_rows=st.integers(4, 20),
    tile_cols=st.integers(6, 20),
    scale=st.sampled_from(["column", "tile", "layer", "global"]),
    kind=st.sampled_from(
        [DifferentialPair(), MultiDevice(devices_per_sign=3, g_min_siemens=1e-7), EightT4R()]
    ),
    seed=st.integers(0, 99),
)
def test_conductances_stand_for_the_weights(rows, cols, tile_rows, tile_cols, scale, kind, seed):
    weight = np.random.default_rng(seed).normal(size=(rows, cols)).astype(np.float32)
    accelerator = Accelerator(rows=tile_rows, cols=tile_cols, weight_scale=scale, synapse=kind)
    mapping = map_network(dense_network(weight), accelerator)
    np.testing.assert_allclose(realised(mapping), weight, rtol=1e-9, atol=1e-12)
    for tile in mapping.layers[0].tiles:
        assert tile.shape[0] <= tile_rows
        assert tile.shape[1] <= tile_cols
        assert tile.target.min() >= kind.g_min_siemens
        assert tile.target.max() <= kind.g_max_siemens * (1 + 1e-12)


def test_a_layer_that_is_on_no_tile_is_named():
    mapping = map_network(fashion_mnist_lenet5(), Accelerator(), digital=["dense3"])
    assert mapping.layer("conv1").name == "conv1"
    with pytest.raises(ParameterError, match="got 'dense3', expected a layer on tiles: conv1,"):
        mapping.layer("dense3")


def test_tiles_are_nearly_equal():
    mapping = map_network(fashion_mnist_lenet5(), Accelerator())
    shapes = {plan.name: {tile.shape for tile in plan.tiles} for plan in mapping.layers}
    assert shapes == {
        "conv1": {(25, 12)},
        "conv2": {(75, 32)},
        "dense1": {(100, 120)},
        "dense2": {(120, 84)},
        "dense3": {(84, 20)},
    }
    assert mapping.tile_count == 14
    assert mapping.utilisation == approx(2 * 61_470 / (14 * 128 * 128))


def test_depthwise_channels_share_a_tile():
    mapping = map_network(depthwise_network(32), Accelerator())
    plan = mapping.layers[0]
    assert len(plan.tiles) == 3  # 14 groups of 9 rows fit into 128 rows
    matrices = mapping.network.matrix_nodes[0][1].matrices
    whole = realised(mapping)
    for k, matrix in enumerate(matrices):
        np.testing.assert_allclose(
            whole[9 * k : 9 * k + 9, k : k + 1], matrix, rtol=1e-6, atol=1e-9
        )
        whole[9 * k : 9 * k + 9, k : k + 1] = 0.0
    assert not whole.any()


def test_slices_are_whole_numbers_of_their_bits():
    weight = np.random.default_rng(5).normal(size=(6, 4))
    low, high = 1e-6, 20e-6
    slices = BitSlices(g_min_siemens=low, g_max_siemens=high, bits_per_cell=2, slices=3)
    mapping = map_network(dense_network(weight), Accelerator(synapse=slices, weight_scale="layer"))
    step = np.abs(weight).max() / (2**6 - 1)
    np.testing.assert_allclose(realised(mapping), np.rint(weight / step) * step, atol=1e-6)
    levels = (mapping.layers[0].tiles[0].target - low) / (high - low) * 3
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-6)


def test_a_column_of_zeros_is_legal():
    mapping = map_network(dense_network(np.zeros((3, 2))), Accelerator())
    assert np.all(mapping.layers[0].tiles[0].target == 0.1e-6)


def test_what_cannot_be_built_is_refused():
    for change, name in (
        ({"cols": 1}, "cols"),
        ({"rows": 0}, "rows"),
        ({"rows": 3, "synapse": EightT4R()}, "rows"),
        ({"output_percentile": 0.0}, "output_percentile"),
        ({"weight_scale": "magic"}, "weight_scale"),
        ({"synapse": "pair"}, "synapse"),
        ({"driver": "voltage"}, "driver"),
        ({"driver": PulseWidth()}, "readout"),  # which would sample it
        ({"statistics": PcmStatistics.hermes_single()}, "g_max_siemens"),
    ):
        with pytest.raises(ParameterError, match=name):
            replace(Accelerator(), **change)
    with pytest.raises(ShapeError, match="conductance"):
        Accelerator(rows=4, cols=4).tile(np.full((5, 4), 1e-6))
    with pytest.raises(ShapeError, match="blocks of 1 x 2"):
        Accelerator(rows=4, cols=4).tile(np.full((4, 3), 1e-6))


def test_a_global_scale_is_that_of_the_largest_weight_of_the_network():
    nodes = tuple(
        Node(name=name, operator=Dense(weight=size * np.eye(3), bias=np.zeros(3)), inputs=(before,))
        for name, size, before in (("a", 2.0, INPUT), ("b", -0.5, "a"))
    )
    network = Network(nodes=nodes, input_shape=(3,))
    mapping = map_network(network, Accelerator(weight_scale="global"))
    synapse = mapping.accelerator.synapse
    low, high = synapse.g_min_siemens, synapse.g_max_siemens
    largest = [plan.tiles[0].target.max() - low for plan in mapping.layers]
    assert largest == approx([high - low, (high - low) / 4.0])
    assert realised(mapping) == approx(2.0 * np.eye(3))


@pytest.mark.parametrize(
    "synapse", [DifferentialPair(), MultiDevice(devices_per_sign=2), BitSlices(slices=3)]
)
@pytest.mark.parametrize("side", [18, 64, 200])
def test_cells_are_counted_before_there_is_a_tile(synapse, side):
    accelerator = Accelerator(rows=side, cols=side, synapse=synapse)
    other = accelerator.changed(rows=32)
    for network in (fashion_mnist_lenet5(), depthwise_network(50), dense_network(np.ones((7, 5)))):
        first = network.matrix_nodes[0][0]
        for digital, elsewhere in ((), {}), ((first,), {}), ((), {first: other}):
            chosen = {"digital": digital, "elsewhere": elsewhere}
            plans = map_network(network, accelerator, **chosen).layers
            made = sum(tile.target.size for plan in plans for tile in plan.tiles)
            assert cells_of(network, accelerator, **chosen) == made
