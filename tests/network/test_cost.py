"""Energy and time against counts made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from xbar_circuit import ParameterError, Wires
from xbar_circuit.network.accelerator import Accelerator
from xbar_circuit.network.cost import COMPONENTS, balance, estimate
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.inference import Analog, calibrate, prepare
from xbar_circuit.network.mapping import map_network
from xbar_circuit.network.operators import Convolution, Dense, Flatten
from xbar_circuit.network.programming import program
from xbar_circuit.network.technology import CHIPS, TECHNOLOGIES, Technology

IDEAL = Accelerator(
    tile_rows=256, tile_cols=256, wires=Wires(row_ohm=0.0, column_ohm=0.0), g_min_siemens=0.0
)


def cost_of(network, images, technology, accelerator=IDEAL, copies=None):
    mapping = map_network(network, accelerator)
    conductances = program(mapping).conductances()
    transfers = prepare(mapping, conductances)
    analog = Analog(mapping, transfers, calibrate(mapping, transfers, images))
    return estimate(mapping, conductances, analog, images, technology, copies=copies)


def dense_network(rows, cols):
    weight = np.random.default_rng(1).uniform(-1, 1, size=(rows, cols)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(cols))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(rows,))


def test_the_array_dissipates_v_squared_g():
    network = dense_network(30, 4)
    images = np.ones((3, 30), dtype=np.float32)
    technology = Technology(read_seconds=100e-9, cycle_seconds=200e-9)
    cost = cost_of(network, images, technology)
    target = map_network(network, IDEAL).layers[0].tiles[0].target
    expected = IDEAL.read_volt**2 * target.sum() * 100e-9
    assert cost.joule["arrays"] == pytest.approx(expected, rel=1e-6)
    assert cost.latency_seconds == pytest.approx(200e-9)
    assert cost.operations == 2 * 30 * 4
    assert cost.joule["converters"] == 0.0


def test_a_full_hermes_core_has_its_published_figures_for_one_weight_a_column():
    """256 columns are 128 weights here: half the operations for the same energy and time."""
    images = np.random.default_rng(2).random((2, 256), dtype=np.float32)
    cost = cost_of(dense_network(256, 128), images, TECHNOLOGIES["hermes"])
    hermes = CHIPS[0]
    assert 2 * cost.tops == pytest.approx(hermes.tops, rel=0.01)
    assert 2 * cost.tops_per_watt == pytest.approx(hermes.tops_per_watt, rel=0.06)
    assert 2 * cost.tops_per_mm2 == pytest.approx(hermes.tops_per_mm2, rel=0.01)


def convolutional():
    rng = np.random.default_rng(3)
    convolution = Convolution(
        weight=rng.normal(size=(4, 1, 3, 3)),
        bias=np.zeros(4),
        stride=(1, 1),
        padding=((1, 1), (1, 1)),
        dilation=(1, 1),
    )
    return Network(
        nodes=(
            Node(name="c", operator=convolution, inputs=(INPUT,)),
            Node(name="f", operator=Flatten(), inputs=("c",)),
            Node(
                name="d",
                operator=Dense(weight=rng.normal(size=(256, 10)), bias=np.zeros(10)),
                inputs=("f",),
            ),
        ),
        input_shape=(1, 8, 8),
    )


def test_conversions_are_counted_and_options_change_them():
    images = np.random.default_rng(4).random((2, 1, 8, 8), dtype=np.float32)
    one = Technology(read_seconds=1e-9, cycle_seconds=1e-9, converter_joule=1.0)
    counts = {
        "plain": (IDEAL, 64 * 8 + 20),
        "analog difference": (replace(IDEAL, subtraction="analog"), 64 * 4 + 10),
        "short tiles": (replace(IDEAL, tile_rows=128), 64 * 8 + 2 * 20),
        "added in the wire": (
            replace(IDEAL, tile_rows=128, accumulation="analog"),
            64 * 8 + 20,
        ),
        "bit by bit": (replace(IDEAL, input_coding="bit serial", input_bits=6), 6 * 532),
    }
    for name, (accelerator, expected) in counts.items():
        found = cost_of(convolutional(), images, one, accelerator).joule["converters"]
        assert found == expected, name


def test_copies_share_out_the_work_of_the_slowest_layer():
    images = np.random.default_rng(4).random((2, 1, 8, 8), dtype=np.float32)
    technology = TECHNOLOGIES["survey median"]
    once = cost_of(convolutional(), images, technology)
    copies = balance(once, tiles=9)
    assert copies == {"c": 8, "d": 1}
    faster = cost_of(convolutional(), images, technology, copies=copies)
    assert faster.images_per_second == pytest.approx(8 * once.images_per_second)
    assert faster.total_joule == pytest.approx(once.total_joule)
    assert faster.square_metre == pytest.approx(4.5 * once.square_metre)
    assert set(once.joule) == set(COMPONENTS)
    with pytest.raises(ParameterError, match="tiles"):
        balance(once, tiles=1)


def test_technologies_are_checked():
    with pytest.raises(ParameterError, match="cycle_seconds"):
        Technology(read_seconds=2e-9, cycle_seconds=1e-9)
    with pytest.raises(ParameterError, match="byte_joule"):
        Technology(read_seconds=1e-9, cycle_seconds=1e-9, byte_joule=-1.0)
