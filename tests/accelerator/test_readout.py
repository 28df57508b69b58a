"""A network on calibrated read-outs: their curve and their codes, their energy and their time."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.accelerator.settings import read_settings
from xbar_circuit.calibration import HeldOut, ReadoutModel
from xbar_circuit.network.images import fashion_mnist_calibration, fashion_mnist_test
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.report.hardware import calibrated_words
from xbar_circuit.studies.network.inference import evaluate
from xbar_circuit.tile import CHAINS


def model(bits=8, *, curve=(0.35, -0.21), **changes):
    """Stand for an op-amp and a SAR of transistors, with evenly spaced thresholds."""
    levels = 2**bits
    plain = {
        "input_ohm": 5.0,
        "input_volt": 0.0,
        "scale_ampere": 40e-6,
        "coefficients": curve,
        "thresholds": tuple((0.1 + 0.5 * np.arange(1, levels) / levels).tolist()),
        "product_second": 20e-9,
        "readout_joule": 4e-12,
        "held_out": HeldOut(codes=50, within_one=1.0, equal=0.9, worst_lsb=1),
    }
    return ReadoutModel(**plain | changes)


def accelerator(bits=8, **changes):
    """The read-out contains a circuit, so its range is its own."""
    return Accelerator(readout=CHAINS["transistor-sar"](bits=bits)[0], model=model(bits, **changes))


def test_drivers_are_lowered_to_the_range_of_a_circuit():
    net, known = fashion_mnist_lenet5(), fashion_mnist_calibration().first(16)
    chip = accelerator(curve=(0.35, -2.1)).program(net, calibration=known.images)
    given = accelerator().driver.full_scale_volt
    volts = [
        own.driver.full_scale_volt for parts in chip.parts.values() for own in parts.accelerators
    ]
    assert max(volts) <= given
    assert min(volts) < given  # some tile's currents go beyond its 4.8 uA
    for parts in chip.parts.values():
        for own in parts.accelerators:
            assert own.readout == accelerator().readout


def test_a_network_runs_on_it_and_its_cost_is_the_read_outs():
    net = fashion_mnist_lenet5()
    test, known = fashion_mnist_test().first(60), fashion_mnist_calibration().first(16)
    found = {
        bits: evaluate(net, test, known, InferenceSettings(accelerator=accelerator(bits)))
        for bits in (3, 8)
    }
    assert found[8].mean[0] >= found[8].digital_accuracy - 0.08
    assert found[3].mean[0] < found[8].mean[0] - 0.1
    chip = found[8].chip
    tile = chip.parts["conv1"].accelerators[0].tile(chip.conductances[0][0])
    assert tile.loaded.terminals.bottom_ohm == 5.0
    cost = chip.cost(test.images)
    conversions = sum(
        layer.load.products * sum(columns for _, columns in layer.load.tiles)
        for layer in cost.layers
    )
    np.testing.assert_allclose(cost.joule["read-out"], conversions * 4e-12)
    assert cost.periphery.name == "its own parts"
    assert cost.product_second == tile.period_second
    assert "100.0 % of 50 held-out codes" in calibrated_words(chip.accelerator.model)


def test_settings_name_the_file_of_the_model(tmp_path):
    (tmp_path / "models").mkdir()
    model(6).save(tmp_path / "models" / "model.json")
    config = tmp_path / "config.toml"
    text = '[accelerator]\nmodel = "models/model.json"\n'
    text += 'readout = { chain = "transistor-sar", bits = 6 }\n'
    config.write_text(text)
    found = read_settings(config).accelerator
    assert found.model == model(6)
    assert found.readout.converter.bits == 6
    config.write_text(text.replace("models/model", "none"))
    with pytest.raises(xc.ModelFileError, match="calibrate again"):
        read_settings(config)


def test_noise_of_a_calibrated_read_out_is_drawn_and_budgeted():
    net, known = fashion_mnist_lenet5(), fashion_mnist_calibration().first(16)
    images = fashion_mnist_test().first(20).images
    chip = accelerator(noise=2e-3).program(net, calibration=known.images)
    assert not np.array_equal(chip.run(images)[0], chip.run(images, noise=False)[0])
    budget = chip.budget(images)
    ratio = dict(zip(budget.effects, budget.ratio_db, strict=True))
    assert "read-out noise" in ratio
    assert ratio["read-out noise"].max() < 60.0
    assert np.isnan(budget.accuracy).all()
    assert budget.second == approx(0.0, abs=0.0)
