"""Recurrent networks, transformers and others on tiles: without imperfections they are digital."""

import numpy as np
import pytest

from closeness import approx
from onnx_graphs import content_of, floats, node, recurrent, transformer
from xbar_circuit import Wires
from xbar_circuit.accelerator._loads import count_loads
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.effective import effective_network
from xbar_circuit.accelerator.mapping import map_network
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.network.importers import from_onnx
from xbar_circuit.peripherals import Dac, ExactDriver, IdealConverter, Readout

RNG = np.random.default_rng(3)
IDEAL = Accelerator(
    rows=20,
    cols=12,
    synapse=DifferentialPair(g_min_siemens=0.0, g_max_siemens=25e-6),
    wires=Wires(row_ohm=0.0, column_ohm=0.0),
    driver=ExactDriver(),
    readout=Readout(converter=IdealConverter(bits=None)),
    input_percentile=100.0,
    output_percentile=100.0,
)
CODED = Accelerator(
    rows=64, cols=64, driver=Dac(bits=8), readout=Readout(converter=IdealConverter(bits=10))
)


def tokens(count):
    return {"x": np.random.default_rng(1).integers(0, 11, (count, 6))}


def deconvolution():
    layer = node("ConvTranspose", ("x", "w"), strides=[2, 2], group=2)
    return content_of([layer], {"w": floats(4, 3, 2, 2)}, {"x": ["n", 4, 5, 5]})


GRAPHS = {
    "LSTM": recurrent("LSTM", "bidirectional", initial=True),
    "GRU": recurrent("GRU", "forward"),
    "RNN": recurrent("RNN", "reverse", lengths=[5, 2, 3]),
    "transformer": (transformer(), tokens(9)),
    "ConvTranspose": (deconvolution(), {"x": floats(3, 4, 5, 5)}),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_ideal_tiles_compute_what_the_digital_network_does(name):
    content, feeds = GRAPHS[name]
    network = from_onnx(content)
    chip = IDEAL.program(network, calibration=feeds)
    assert chip.mapping.tile_count >= len(network.matrix_nodes)
    for found, exact in zip(chip.run(feeds), network.run(feeds), strict=True):
        assert found.shape == exact.shape
        assert np.abs(found - exact).max() <= 2e-5 * np.abs(exact).max()


@pytest.mark.parametrize("name", ["LSTM", "transformer"])
def test_converters_and_devices_cost_little_and_every_layer_has_its_budget(name):
    content, feeds = GRAPHS[name]
    network = from_onnx(content)
    chip = CODED.program(network, calibration=feeds, rng=np.random.default_rng(0))
    for found, exact in zip(chip.run(feeds), network.run(feeds), strict=True):
        error = np.abs(found - exact).max() / np.abs(exact).max()
        assert 1e-5 < error < 0.3
    budget = chip.budget(feeds)
    assert np.isfinite(budget.ratio_db).all()
    cost = chip.cost(feeds)
    assert [layer.load.name for layer in cost.layers] == [n for n, _ in network.matrix_nodes]
    (check,) = chip.spot_check(feeds, tiles=[(0, 0)], vectors=2)
    assert check.codes.within_one == 1.0


def test_every_step_of_a_sequence_is_a_product_of_the_recurrent_tiles():
    """Ranges see all steps, loads count them, and noise is drawn for each."""
    content, feeds = recurrent("LSTM", "forward", steps=7, batch=1)
    network = from_onnx(content)
    loads = {load.name: load for load in count_loads(map_network(network, CODED))}
    assert loads["Y.input"].products == 7
    assert loads["Y.recurrent"].products == 7
    assert loads["Y.recurrent"].macs == 7 * 6 * 24
    chip = IDEAL.program(network, calibration=feeds)
    states = network.run(feeds)[0]
    scale = chip.parts["Y.recurrent"].input_scale
    assert scale == approx(np.abs(states[:-1]).max(), rel=1e-5)  # the last state is not multiplied


def test_products_of_activations_are_digital_and_named_in_the_cost():
    network = from_onnx(transformer())
    chip = CODED.program(network, calibration=tokens(9), rng=np.random.default_rng(0))
    cost = chip.cost(tokens(4))
    steps, wide = 6, 8
    assert cost.activation_macs == 2 * steps * steps * wide  # of all heads together
    assert any("Products of activations (576" in words for words in cost.assumptions)
    assert cost.macs == steps * (4 * wide * wide + 2 * 4 * wide * wide + wide * 11)
    joule = sum(layer.load.activation_macs * CODED.digital.mac_joule(None) for layer in cost.layers)
    assert 0.0 < joule < cost.joule["digital"]


def test_inputs_of_other_sizes_run_on_the_chip_that_was_programmed():
    constants = {"W": floats(1, 12, 4), "R": floats(1, 12, 3)}
    layer = node("LSTM", ("x", "W", "R"), ("Y", "Yh"), hidden_size=3)
    content = content_of([layer], constants, {"x": ["steps", "batch", 4]}, ("Y",))
    network = from_onnx(content)
    chip = IDEAL.program(network, calibration={"x": floats(6, 4, 4)})
    for shape in ((3, 2, 4), (9, 1, 4)):
        x = floats(*shape)
        (exact,) = network.run({"x": x})
        assert np.abs(chip.run({"x": x})[0] - exact).max() <= 0.02 * np.abs(exact).max()


def test_a_layer_of_a_recurrent_node_may_stay_digital():
    content, feeds = recurrent("LSTM", "forward")
    network = from_onnx(content)
    chip = CODED.program(network, calibration=feeds, digital=("Y.recurrent", "Y.input"))
    for found, exact in zip(chip.run(feeds), network.run(feeds), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-7)
    part = CODED.program(network, calibration=feeds, digital={"Y.recurrent": 8})
    assert [plan.name for plan in part.mapping.layers] == ["Y.input"]
    assert np.isfinite(part.run(feeds)[0]).all()


@pytest.mark.parametrize("name", GRAPHS)
def test_effective_weights_of_ideal_tiles_are_the_weights(name):
    content, feeds = GRAPHS[name]
    network = from_onnx(content)
    chip = IDEAL.program(network, calibration=feeds)
    for found, exact in zip(effective_network(chip).run(feeds), network.run(feeds), strict=True):
        assert np.abs(found - exact).max() <= 1e-5 * np.abs(exact).max()
