"""A network on calibrated read-outs: their curve and their codes, their energy and their time."""

import dataclasses

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.accelerator import Accelerator, Settings
from xbar_circuit.accelerator.converters import Converter
from xbar_circuit.accelerator.readout import CalibratedConverter
from xbar_circuit.accelerator.settings import read_settings
from xbar_circuit.architecture import preset, with_readout
from xbar_circuit.calibration import HeldOut, ReadoutModel
from xbar_circuit.network.images import fashion_mnist_calibration, fashion_mnist_test
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.report.inference import calibrated_words
from xbar_circuit.studies.inference import evaluate, inference_cost, make_chip


def model(bits=8, *, curve=(0.5, -0.51), **changes):
    """Stand for a read-out whose converter has evenly spaced thresholds from 0 to 1 V."""
    levels = 2**bits
    plain = {
        "input_ohm": 5.0,
        "input_volt": 0.0,
        "scale_ampere": 50e-6,
        "coefficients": curve,
        "thresholds": tuple((np.arange(1, levels) / levels).tolist()),
        "product_second": 20e-9,
        "readout_joule": 4e-12,
        "held_out": HeldOut(codes=50, within_one=1.0, equal=0.9, worst_lsb=1),
    }
    return ReadoutModel(**plain | changes)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("slope", [0.51, -0.51])
def test_an_even_read_out_rounds_as_an_ideal_converter(signed, slope):
    ideal = Converter(bits=8, full_scale=3e-6, signed=signed)
    fitted = CalibratedConverter.fitted(model(curve=(0.5, slope)), ideal)
    current = np.linspace(-3e-6 if signed else 0.0, 3e-6, 4001)
    decoded = fitted.round((current / fitted.step).astype(np.float32)) * fitted.step
    span = 6e-6 if signed else 3e-6
    # 254 whole codes over the span: half a step, and up to one more where the range ends
    inner = slice(40, -40)
    assert np.abs(decoded - current)[inner].max() < 0.52 * span / 254
    assert np.abs(decoded - current).max() < 1.05 * span / 254
    assert np.unique(decoded).size >= 254
    assert fitted.round(np.zeros(1, dtype=np.float32))[0] == 0.0


def test_compression_is_what_the_calibration_of_gain_and_offset_leaves():
    ideal = Converter(bits=8, full_scale=1.0, signed=True)
    bent = CalibratedConverter.fitted(model(curve=(0.5, 0.45, 0.0, -0.05)), ideal)
    x = np.linspace(-0.95, 0.95, 500)
    error = bent.round((x / bent.step).astype(np.float32)) * bent.step - x
    assert 0.01 < np.abs(error).max() < 0.1
    assert abs(np.polyfit(x, error, 1)[0]) < 0.1


def test_a_read_out_that_tells_nothing_apart_is_refused():
    with pytest.raises(xc.ParameterError, match="readout"):
        CalibratedConverter.fitted(
            model(curve=(2.0, 1e-3)), Converter(bits=8, full_scale=1.0, signed=True)
        )


def test_a_network_runs_on_it_and_its_cost_is_the_read_outs():
    net = fashion_mnist_lenet5()
    test, known = fashion_mnist_test().first(60), fashion_mnist_calibration().first(16)
    found = {}
    for bits in (3, 8):
        accelerator = Accelerator(output_bits=bits, readout=model(bits))
        settings = Settings(accelerator=accelerator)
        found[bits] = evaluate(net, test, known, settings)
    assert found[8].mean[0] >= found[8].digital_accuracy - 0.04
    assert found[3].mean[0] < found[8].mean[0] - 0.1
    mapping = found[8].mapping
    assert mapping.crossbar(mapping.layers[0].tiles[0].target).terminals.bottom_ohm == 5.0
    chip = make_chip(mapping, found[8].settings, known, seed=0, seconds=0.0)
    cost = inference_cost(chip, found[8].settings, test)
    conversions = sum(
        layer.load.products * sum(columns for _, columns in layer.load.tiles)
        for layer in cost.layers
    )
    np.testing.assert_allclose(cost.joule["read-out"], conversions * 4e-12)
    assert cost.product_second == 20e-9
    assert "calibrated read-out" in cost.architecture.name
    assert "100.0 % of 50 held-out codes" in calibrated_words(found[8].settings.accelerator.readout)


def test_settings_name_the_file_of_the_model(tmp_path):
    (tmp_path / "models").mkdir()
    model(6).save(tmp_path / "models" / "model.json")
    config = tmp_path / "config.toml"
    config.write_text('[accelerator]\nreadout = "models/model.json"\n')
    accelerator = read_settings(config).accelerator
    assert accelerator.readout == model(6)
    assert accelerator.output_bits == 6
    with pytest.raises(xc.ParameterError, match="output_bits"):
        dataclasses.replace(accelerator, output_bits=8)
    config.write_text('[accelerator]\nreadout = "none.json"\n')
    with pytest.raises(xc.ModelFileError, match="calibrate again"):
        read_settings(config)


def test_a_model_without_energy_has_no_cost():
    with pytest.raises(xc.ParameterError, match="calibrated"):
        with_readout(preset("hermes"), model(readout_joule=float("nan")))
