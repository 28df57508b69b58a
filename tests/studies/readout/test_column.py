"""A column read out end to end: every cause is charged with its own error, and nothing is lost."""

import dataclasses
import json

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import Dac, OpAmp, OscillatorCounter, Readout, Sar
from xbar_circuit.peripherals import TransimpedanceAmplifier as Tia
from xbar_circuit.studies import characterize_column

NO_WIRES = xc.Wires(row_ohm=0.0, column_ohm=0.0)


def tile(*, wires=NO_WIRES, driver=None, opamp=None, sar=None, cell=None):
    conductance = np.random.default_rng(3).uniform(2e-6, 40e-6, (12, 2))
    amplifier = Tia(
        opamp=opamp or OpAmp(dc_gain=1e9, unity_hertz=1e11),
        feedback_ohm=8e3,
        settle_second=3e-9,
    )
    return xc.Tile(
        xc.Crossbar(conductance=conductance, wires=wires, cell=cell or xc.devices.Ohmic()),
        driver or Dac(bits=14, full_scale_volt=0.1),
        Readout(amplifier=amplifier, converter=sar or Sar(bits=10)),
    )


def split(a_tile, **settings):
    return characterize_column(
        a_tile, rng=np.random.default_rng(1), products=200, engine="fast", column=1, **settings
    )


def test_an_ideal_column_has_only_the_rounding_of_its_converters():
    report = split(tile())
    np.testing.assert_allclose(report.rms("converter"), 1 / np.sqrt(12), rtol=0.1)
    for cause in ("device", "wire", "amplifier"):
        assert report.worst(cause) < 1e-5
    assert report.worst("driver") < 0.2  # 14 bits into 10
    assert abs(report.gain - 1) < 1e-3
    assert abs(report.offset_lsb) < 0.5


def test_shares_add_up_to_the_error_of_every_product():
    report = split(
        tile(
            wires=xc.Wires(row_ohm=5.0, column_ohm=8.0),
            driver=Dac(bits=5, full_scale_volt=0.1, output_ohm=100.0),
            opamp=OpAmp(dc_gain=200.0, unity_hertz=1e11, offset_volt=2e-3),
            sar=Sar(bits=8, offset_volt=3e-3).drawn(np.random.default_rng(1), unit_sigma=0.02),
            cell=xc.devices.Sinh(v0_volt=0.1),
        ),
        target=np.full((12, 2), 20e-6),
    )
    total = sum(report.error_lsb.values())
    np.testing.assert_allclose(total, report.code - report.ideal_code, atol=1e-9)
    assert all(report.rms(cause) > 0.1 for cause in report.error_lsb)


def test_each_cause_is_found_where_it_was_put():
    lsb = 1.0 / 1024
    amplifier = split(tile(opamp=OpAmp(dc_gain=1e9, unity_hertz=1e11, offset_volt=5e-3)))
    # the offset stands at the output once, and once more for each volt that it puts on the array
    conductance = tile().crossbar.conductance[:, 1].sum()
    expected = 5e-3 * (1 + 8e3 * conductance) / lsb
    np.testing.assert_allclose(amplifier.mean("amplifier"), expected, rtol=1e-4)
    converter = split(tile(sar=Sar(bits=10, offset_volt=7e-3)))
    np.testing.assert_allclose(converter.mean("converter"), -7e-3 / lsb, atol=0.1)
    device = split(tile(), target=1.02 * tile().crossbar.conductance)
    assert device.rms("device") > 10 * device.rms("wire")
    np.testing.assert_allclose(device.gain, 1 / 1.02, rtol=1e-3)
    held = split(tile(driver=Dac(bits=4, full_scale_volt=0.1)))
    rounding = 0.1 / 7 / np.sqrt(12) * np.linalg.norm(tile().crossbar.conductance[:, 1])
    np.testing.assert_allclose(held.rms("driver"), rounding * 8e3 / lsb, rtol=0.15)


def test_ngspice_and_the_model_charge_the_same_causes(tmp_path):
    a_tile = tile(
        wires=xc.Wires(row_ohm=5.0, column_ohm=8.0),
        driver=Dac(bits=5, full_scale_volt=0.1, output_ohm=100.0),
        opamp=OpAmp(dc_gain=300.0, unity_hertz=5e10, offset_volt=2e-3),
        sar=Sar(bits=7, offset_volt=3e-3, noise_volt=2e-3),
    )
    settings = {"products": 12, "noise": True, "column": 1}
    fast = characterize_column(a_tile, rng=np.random.default_rng(1), engine="fast", **settings)
    for array in ("full", "macromodel"):
        found = characterize_column(
            a_tile, rng=np.random.default_rng(1), array=array, folder=tmp_path / array, **settings
        )
        for cause in ("driver", "device", "wire"):
            np.testing.assert_array_equal(found.error_lsb[cause], fast.error_lsb[cause])
        np.testing.assert_allclose(
            found.error_lsb["amplifier"], fast.error_lsb["amplifier"], atol=0.05
        )
        assert np.abs(found.code - fast.code).max() <= 1
        assert found.simulator_second > 0.0
        assert list((tmp_path / array).glob("*.cir"))
    json.dumps(fast.to_dict(), allow_nan=False)


def test_a_counter_without_amplifier_charges_its_input_to_the_converter():
    counter = OscillatorCounter(
        bits=8, full_scale_ampere=120e-6, low_ampere=-60e-6, input_ohm=300.0, hold_volt=0.4
    )
    report = split(dataclasses.replace(tile(), readout=Readout(converter=counter)))
    assert report.worst("amplifier") == 0.0
    assert report.rms("converter") > 0.5
    assert report.gain < 0.98
    assert np.sqrt(np.mean(report.calibrated_error_lsb**2)) < 0.4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"column": 2}, "column"),
        ({"rng": None}, "rng"),
        ({"engine": "slow"}, "engine"),
        ({"target": np.ones((2, 2))}, "target"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    settings = {"rng": np.random.default_rng(1), "engine": "fast"} | arguments
    with pytest.raises((xc.ParameterError, xc.ShapeError), match=words):
        characterize_column(tile(), **settings)
