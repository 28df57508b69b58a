"""A chip that is programmed at one temperature and works at another."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.accelerator.settings import read_settings
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Dense
from xbar_circuit.peripherals import ExactDriver, IdealConverter, Readout
from xbar_circuit.tile import CHAINS

BOLTZMANN_EV = 8.617333262e-5
QUIET = replace(
    PcmStatistics.joshi2020(),
    programming_scale=0.0,
    drift_scale=0.0,
    read_scale=0.0,
    activation_sigma_ev=0.0,
)


def network():
    weight = np.random.default_rng(3).normal(size=(6, 3))
    dense = Dense(weight=weight, bias=np.zeros(3))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(6,))


def inputs():
    return np.random.default_rng(4).uniform(-1.0, 1.0, (50, 6)).astype(np.float32)


def exact(**changes):
    return Accelerator(
        rows=6,
        cols=6,
        driver=ExactDriver(),
        readout=Readout(converter=IdealConverter(bits=None)),
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        **changes,
    )


def test_targets_are_reached_at_the_temperature_of_the_programming():
    """What is wanted at 25 degrees is there at 25, and activated by Arrhenius' law from there."""
    chip = exact(statistics=QUIET).program(network(), calibration=inputs(), celsius=25.0)
    target = chip.mapping.layers[0].tiles[0].target
    np.testing.assert_allclose(chip.conductances[0][0], target, rtol=1e-12)
    np.testing.assert_allclose(chip.at(0.0, celsius=25.0).conductances[0][0], target, rtol=1e-12)
    hot = chip.at(0.0, celsius=85.0).conductances[0][0]
    inverse = 1.0 / 298.15 - 1.0 / 358.15
    activation = QUIET.activation_ev(target)
    np.testing.assert_allclose(hot, target * np.exp(activation * inverse / BOLTZMANN_EV), rtol=1e-9)


def test_a_warm_store_drifts_faster_than_a_warm_read():
    drifting = replace(QUIET, drift_scale=1.0)
    chip = exact(statistics=drifting).program(network(), calibration=inputs(), celsius=25.0)
    day = 86400.0
    kept, warmed = (chip.at(day, storage_celsius=c).conductances[0][0] for c in (None, 85.0))
    assert (warmed < kept).all()
    stretch = np.exp(drifting.relaxation_ev / BOLTZMANN_EV * (1.0 / 298.15 - 1.0 / 358.15))
    later = chip.at(day * stretch).conductances[0][0]
    np.testing.assert_allclose(warmed, later, rtol=1e-3)  # t0 is not stretched


def model(curve=(0.35, -0.21), **changes):
    """Stand for an op-amp and a SAR of transistors, with evenly spaced thresholds."""
    plain = {
        "input_ohm": 5.0,
        "input_volt": 0.0,
        "scale_ampere": 40e-6,
        "coefficients": curve,
        "thresholds": tuple((0.1 + 0.5 * np.arange(1, 256) / 256).tolist()),
    }
    return ReadoutModel(**plain | changes)


def calibrated(*models):
    readout = CHAINS["transistor-sar"](bits=8)[0]
    return Accelerator(rows=6, cols=6, readout=readout, model=models)


def test_a_chip_takes_the_model_of_its_temperature_and_refuses_others(tmp_path):
    """The warm read-out gives a tenth more a current and begins 20 mV higher."""
    cool = model(celsius=27.0)
    warm = model(celsius=85.0, curve=(0.37, -0.231), input_ohm=9.0)
    own = calibrated(cool, warm)
    chip = own.program(network(), calibration=inputs(), drift_compensation="none")
    (before,), (exact_products,) = chip.run(inputs()), network().run({"input": inputs()})
    later = chip.at(0.0, celsius=85.0)
    parts = later.parts["d"].accelerators[0]
    assert parts.tile(chip.conductances[0][0], celsius=85.0).model is warm
    (found,) = later.run(inputs())
    slope = float((found * before).sum() / (before * before).sum())
    assert slope == approx(1.1, rel=0.02)  # the offset is the same in both columns of a pair
    (scaled,) = replace(later, drift_compensation="global").run(inputs())
    assert np.abs(scaled - exact_products).max() < 0.05 * np.abs(exact_products).max()
    with pytest.raises(xc.ParameterError, match="50 degrees for a read-out calibrated at 27, 85"):
        chip.at(0.0, celsius=50.0)
    with pytest.raises(xc.ParameterError, match="calibrated at 27, 85"):
        InferenceSettings(accelerator=own, celsius=(27.0, 50.0))
    for name, one in (("cool", cool), ("warm", warm)):
        one.save(tmp_path / f"{name}.json")
    config = tmp_path / "config.toml"
    text = '[accelerator]\nmodel = ["cool.json", "warm.json"]\n'
    text += 'readout = { chain = "transistor-sar", bits = 8 }\n[run]\ncelsius = [27.0, CELSIUS]\n'
    config.write_text(text.replace("CELSIUS", "85.0"))
    assert read_settings(config).accelerator.model == (cool, warm)
    config.write_text(text.replace("CELSIUS", "60.0"))
    with pytest.raises(xc.ParameterError, match="60 degrees"):
        read_settings(config)
    with pytest.raises(xc.ParameterError, match="60 degrees"):
        own.tile(np.full((2, 2), 1e-5), celsius=60.0)
    one_only = calibrated(warm)
    assert one_only.tile(np.full((2, 2), 1e-5)).celsius == 85.0


def test_behavioural_parts_of_a_chip_move_and_one_factor_makes_it_good(tmp_path):
    """5.8 % less feedback and a moved offset, from a TOML file; converters are drawn once."""
    config = tmp_path / "config.toml"
    config.write_text(
        """
[accelerator]
rows = 6
cols = 6
readout.difference = "digital"
readout.amplifier.kind = "transimpedance"
readout.amplifier.feedback_ohm = 2e4
readout.amplifier.feedback_per_celsius = -1e-3
readout.amplifier.opamp = { dc_gain = 1e5, offset_volt_per_celsius = 2e-5 }
readout.converter = { kind = "sar", bits = 12, reference_per_celsius = 0.0, noise_volt = 0.0 }
mismatch = { unit_sigma = 0.01 }
"""
    )
    own = read_settings(config).accelerator
    chip = own.program(network(), calibration=inputs(), drift_compensation="none")
    before, warm = chip.run(inputs())[0], chip.at(0.0, celsius=85.0).run(inputs())[0]
    (whole,) = replace(chip.at(0.0, celsius=85.0), drift_compensation="global").run(inputs())
    lost, kept = (float((one * before).sum() / (before * before).sum()) for one in (warm, whole))
    assert lost == approx(1.0 - 58e-3, rel=2e-3)
    assert kept == approx(1.0, rel=2e-3)
    parts = chip.parts["d"]
    cool, hot = (parts.tile(0, chip.conductances[0][0], celsius=c) for c in (27.0, 85.0))
    assert hot.readout == cool.readout == cool.warm_readout
    assert hot.warm_readout.samples is not None
    assert hot.warm_readout.samples[0].capacitor_errors == cool.readout.samples[0].capacitor_errors
    assert hot.warm_readout.amplifier.opamp.offset_volt == approx(58 * 2e-5)


def test_drivers_of_a_chip_move_and_one_factor_makes_it_good(tmp_path):
    """Full scale falls by 5.8 % at 85 degrees, from a TOML file; resistances by hand."""
    config = tmp_path / "config.toml"
    config.write_text(
        """
[accelerator]
rows = 6
cols = 6
readout.converter = { kind = "ideal", bits = 12 }
[accelerator.driver]
kind = "buffer"
output_ohm = 100.0
output_per_celsius = 4e-3
limit_per_celsius = -1e-3
driver = { kind = "dac", bits = 8, full_scale_per_celsius = -1e-3 }
"""
    )
    own = read_settings(config).accelerator
    chip = own.program(network(), calibration=inputs(), drift_compensation="none")
    before, warm = chip.run(inputs())[0], chip.at(0.0, celsius=85.0).run(inputs())[0]
    (whole,) = replace(chip.at(0.0, celsius=85.0), drift_compensation="global").run(inputs())
    lost, kept = (float((one * before).sum() / (before * before).sum()) for one in (warm, whole))
    assert lost == approx(1.0 - 58e-3, rel=3e-3)
    assert kept == approx(1.0, rel=3e-3)
    parts = chip.parts["d"]
    hot = parts.tile(0, chip.conductances[0][0], celsius=85.0)
    assert hot.driver.driver.full_scale_per_celsius == -1e-3
    assert hot.warm_driver.output_ohm == approx(100.0 * (1.0 + 4e-3 * 58.0))
    assert hot.warm_driver.full_scale_volt == approx(hot.driver.full_scale_volt * (1.0 - 58e-3))
