"""Every column's gain and offset are found and taken out."""

import dataclasses
import json

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import BitSerial, Dac, OpAmp, OscillatorCounter, Readout
from xbar_circuit.peripherals import TransimpedanceAmplifier as Tia
from xbar_circuit.peripherals.converters import Sar
from xbar_circuit.tile import ColumnCorrection, calibrate_columns, random_inputs

COUNTER = OscillatorCounter(
    bits=8, full_scale_ampere=120e-6, low_ampere=-60e-6, hold_volt=0.5, input_ohm=20.0
)


def tile(readout, *, cols=6, ohm=2.0, rows=16):
    conductance = np.random.default_rng(3).uniform(2e-6, 20e-6, (rows, cols))
    return xc.Tile(
        xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=ohm, column_ohm=ohm)),
        Dac(full_scale_volt=0.2),
        readout,
    )


def mismatched(cols=6):
    return Readout(converter=COUNTER).drawn(
        np.random.default_rng(8), cols, gain_sigma=0.05, offset_sigma_ampere=2e-6
    )


def test_drawn_gains_and_offsets_come_back():
    a_tile = tile(mismatched(), ohm=0.0)
    found = calibrate_columns(a_tile, rng=np.random.default_rng(1), products=400)
    lsb = 120e-6 / 256
    # the code is (1 + e) (I - o) / lsb; over the ideal (I + 60 uA) / lsb that is a gain and a shift
    gains = np.array([1.0 + s.gain_error for s in a_tile.readout.samples])
    shifts = np.array([s.offset_ampere for s in a_tile.readout.samples]) / lsb
    # 20 ohm at the end of a column of some kiloohm
    shunt = 1.0 / (1.0 + 20.0 * a_tile.crossbar.conductance.sum(axis=0))
    np.testing.assert_allclose(found.gain, gains * shunt, atol=0.004)
    zero = 60e-6 / lsb
    expected = gains * (zero - shifts) - gains * shunt * zero
    np.testing.assert_allclose(found.offset_lsb, expected, atol=0.6)
    assert (found.gain_sigma < 0.002).all()


def test_correction_leaves_the_rounding():
    a_tile = tile(mismatched())
    correction = calibrate_columns(a_tile, rng=np.random.default_rng(1), products=200)
    assert (correction.before_lsb > 1.5 * correction.after_lsb).all()
    x = random_inputs(np.random.default_rng(2), 300, 16)
    ideal = (x * 0.2 @ a_tile.crossbar.conductance + 60e-6) / (120e-6 / 256) - 0.5
    error = correction.apply(a_tile.mvm(x).code) - ideal
    assert np.sqrt(np.mean(error**2)) < 0.5
    json.dumps(correction.to_dict())


def test_ngspice_has_the_same_mismatch_and_finds_the_same_correction():
    a_tile = tile(mismatched(2), cols=2, rows=8)
    settings = {"products": 24, "noise": False}
    fast = calibrate_columns(a_tile, rng=np.random.default_rng(1), **settings)
    exact = calibrate_columns(a_tile, rng=np.random.default_rng(1), engine="spice", **settings)
    np.testing.assert_allclose(exact.gain, fast.gain, atol=0.005)
    np.testing.assert_allclose(exact.offset_lsb, fast.offset_lsb, atol=0.6)
    assert abs(fast.gain[0] - fast.gain[1]) > 0.01


def test_a_voltage_read_out_is_corrected_too():
    amplifier = Tia(
        opamp=OpAmp(dc_gain=300.0, unity_hertz=1e10, offset_volt=5e-3), feedback_ohm=10e3
    )
    readout = Readout(amplifier=amplifier, converter=Sar(bits=8, noise_volt=1e-3))
    found = calibrate_columns(tile(readout), rng=np.random.default_rng(1), products=100)
    assert (found.before_lsb > 2.0).all()
    assert (found.after_lsb < 0.7).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(xc.ParameterError, match="samples"):
        tile(mismatched(5))
    with pytest.raises(xc.ParameterError, match="mismatch"):
        Readout(converter=COUNTER).drawn(np.random.default_rng(1), 2, unit_sigma=0.1)
    with pytest.raises(xc.ParameterError, match=r"samples\[0\]"):
        Readout(converter=COUNTER, samples=(dataclasses.replace(COUNTER, bits=7),))
    serial = dataclasses.replace(tile(Readout(converter=COUNTER)), driver=BitSerial(bits=3))
    with pytest.raises(xc.ParameterError, match="one read"):
        calibrate_columns(serial, rng=np.random.default_rng(1))
    with pytest.raises(xc.ShapeError, match="code"):
        ColumnCorrection.fitted(np.zeros((3, 2)), np.zeros((3, 1)), levels=4)
    with pytest.raises(xc.ParameterError, match="inside its range"):
        ColumnCorrection.fitted(np.zeros((3, 1)), np.zeros((3, 1)), levels=4)
