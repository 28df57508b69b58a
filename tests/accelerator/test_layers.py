"""Layers that stay digital, and layers on another accelerator."""

import numpy as np
import pytest

from closeness import approx
from xbar_circuit import ParameterError
from xbar_circuit.accelerator._digital_layer import DigitalLayer
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.network.execution import run
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense, Relu
from xbar_circuit.peripherals import Dac, IdealConverter, Readout

RNG = np.random.default_rng(12)
IMAGES = RNG.normal(size=(60, 30)).astype(np.float32)
COARSE = Accelerator(driver=Dac(bits=3), readout=Readout(converter=IdealConverter(bits=3)))
FINE = Accelerator(driver=Dac(bits=12), readout=Readout(converter=IdealConverter(bits=14)))


def network():
    first, second = (RNG.normal(size=size).astype(np.float32) for size in ((30, 20), (20, 8)))
    return Network(
        nodes=(
            Node(name="a", operator=Dense(weight=first, bias=np.zeros(20)), inputs=(INPUT,)),
            Node(name="r", operator=Relu(), inputs=("a",)),
            Node(name="b", operator=Dense(weight=second, bias=np.zeros(8)), inputs=("r",)),
        ),
        input_shape=(30,),
    )


NETWORK = network()


def error(**where):
    exact = run(NETWORK, IMAGES)
    (found,) = COARSE.program(NETWORK, calibration=IMAGES, **where).run(IMAGES)
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def test_a_network_whose_layers_are_all_digital_is_exact():
    assert error(digital=("a", "b")) < 1e-6
    chip = COARSE.program(NETWORK, calibration=IMAGES, digital=("a", "b"))
    assert chip.mapping.tile_count == 0
    assert chip.cost(IMAGES).joule["read-out"] == 0.0


def test_each_layer_that_leaves_the_coarse_tiles_lowers_the_error():
    every = error()
    assert every > 0.1
    assert max(error(digital=("a",)), error(digital=("b",))) < every
    assert error(elsewhere={"a": FINE, "b": FINE}) < 0.02
    mixed = error(elsewhere={"a": FINE}, digital={"b": 8})
    assert mixed < 0.03


def test_a_mapping_says_where_its_layers_are():
    chip = COARSE.program(NETWORK, calibration=IMAGES, digital={"a": 8}, elsewhere={"b": FINE})
    assert [plan.name for plan in chip.mapping.layers] == ["b"]
    assert chip.mapping.layers[0].accelerator is FINE
    assert chip.mapping.digital == {"a": 8}
    cost = chip.cost(IMAGES)
    assert [layer.load.name for layer in cost.layers] == ["a", "b"]
    assert cost.layers[0].joule["array"] == 0.0
    assert cost.layers[0].joule["digital"] > 600 * COARSE.digital.mac_joule(8)
    assert any("a (8 bit)" in line for line in cost.assumptions)


def test_whole_numbers_are_those_of_their_width():
    matrices = RNG.normal(size=(2, 7, 3)).astype(np.float32)
    values = RNG.normal(size=(11, 2, 7)).astype(np.float32)
    for bits in (2, 5, 8, 16):
        layer = DigitalLayer.of(matrices, bits, float(np.abs(values).max()))
        codes = layer.encode(values)
        highest = 2 ** (bits - 1) - 1
        for numbers in (codes, layer.matrices):
            assert np.array_equal(numbers, np.rint(numbers))
            assert np.abs(numbers).max() == highest
        wanted = np.einsum("vgr,grc->vgc", values, matrices)
        steps = values.size / 22 * 0.5 / highest  # rows, half a step each
        assert np.abs(layer.products(codes) - wanted).max() < 4.0 * steps * np.abs(matrices).max()
    beyond = DigitalLayer.of(matrices, 4, 1.0).encode(np.array([[-9.0, 9.0]], np.float32))
    assert beyond.tolist() == [[-7.0, 7.0]]


def test_energy_of_arithmetic_grows_with_the_width():
    unit = Accelerator().digital
    assert unit.mac_joule(8) == approx(0.3e-12)
    assert unit.mac_joule(4) < unit.mac_joule(8) < unit.mac_joule(16) < unit.mac_joule(None)
    assert unit.mac_joule(None) == approx(4.6e-12)


@pytest.mark.parametrize(
    "where",
    [
        {"digital": ("c",)},
        {"digital": {"a": 1}},
        {"digital": {"a": 17}},
        {"elsewhere": {"c": FINE}},
        {"digital": ("a",), "elsewhere": {"a": FINE}},
    ],
)
def test_what_is_no_layer_or_no_width_is_refused(where):
    with pytest.raises(ParameterError, match="digital"):
        COARSE.program(NETWORK, calibration=IMAGES, **where)
