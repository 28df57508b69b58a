"""A tile gives the same codes fast and in ngspice, and what circuit theory says."""

import dataclasses
import json

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.peripherals import Dac, OpAmp, OscillatorCounter, Readout, Sar
from xbar_circuit.peripherals import TransimpedanceAmplifier as Tia
from xbar_circuit.spice import _testbench as spice_testbench
from xbar_circuit.tile import HERMES_CORE, calibrate, random_inputs


def crossbar(rows=8, cols=2, **terminals):
    conductance = np.random.default_rng(3).uniform(2e-6, 40e-6, (rows, cols))
    return xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0),
        terminals=xc.Terminals(left_ohm=3.0, **terminals),
    )


def sar_tile(**changes):
    sar = Sar(bits=7, low_volt=0.1, high_volt=0.9, noise_volt=2e-3)
    readout = Readout(
        amplifier=Tia(
            opamp=OpAmp(
                dc_gain=500.0,
                unity_hertz=2e10,
                offset_volt=5e-3,
                output_low_volt=-0.5,
                output_high_volt=1.5,
            ),
            feedback_ohm=12e3,
            settle_second=3e-9,
        ),
        converter=sar.drawn(np.random.default_rng(8), unit_sigma=0.03),
    )
    driver = Dac(bits=6, full_scale_volt=0.2, output_ohm=10.0)
    return xc.Tile(crossbar(), driver, dataclasses.replace(readout, **changes))


def counter_tile():
    counter = OscillatorCounter(
        bits=7,
        full_scale_ampere=60e-6,
        low_ampere=-30e-6,
        saturation_ampere=300e-6,
        jitter_cycle=0.05,
        hold_volt=0.4,
        input_ohm=40.0,
    )
    return xc.Tile(crossbar(), Dac(full_scale_volt=0.2), Readout(converter=counter))


@pytest.mark.parametrize("make", [sar_tile, counter_tile])
@pytest.mark.parametrize("array", ["full", "macromodel"])
def test_fast_and_spice_give_the_same_codes(make, array):
    tile = make()
    x = random_inputs(np.random.default_rng(1), 6, 8)
    fast = tile.mvm(x, rng=np.random.default_rng(2)).code
    exact = tile.mvm(x, engine="spice", rng=np.random.default_rng(2), array=array).code
    assert np.ptp(exact) > 15
    assert np.abs(fast - exact).max() <= 1
    assert (fast == exact).mean() > 0.9


def test_ideal_chain_is_the_product_itself():
    conductance = np.array([[10e-6, 30e-6], [20e-6, 5e-6]])
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    amplifier = Tia(opamp=OpAmp(dc_gain=1e12, unity_hertz=1e9), feedback_ohm=40e3)
    tile = xc.Tile(
        xbar,
        Dac(bits=8, full_scale_volt=0.127),
        Readout(amplifier=amplifier, converter=Sar(bits=10)),
    )
    x = np.array([[100 / 127, -50 / 127], [0.0, 1.0]])
    result = tile.mvm(x)
    current = np.array([[0.1, -0.05], [0.0, 0.127]]) @ conductance
    np.testing.assert_allclose(result.column_current, current, rtol=1e-6, atol=1e-15)
    np.testing.assert_array_equal(result.code, np.floor((0.5 - 40e3 * current) * 1024))


def test_finite_gain_is_a_resistance_at_the_sense_terminals():
    tile = sar_tile()
    x = random_inputs(np.random.default_rng(1), 3, 8)
    amplifier = tile.readout.amplifier
    terminals = xc.Terminals(left_ohm=13.0, bottom_ohm=12e3 / 501.0)
    by_hand = dataclasses.replace(tile.crossbar, terminals=terminals)
    held = amplifier.input_volt - 0.5
    expected = xc.nodal.read(by_hand, tile.reads(x)[0].volt - held).column_current
    np.testing.assert_allclose(tile.mvm(x).column_current, expected, rtol=1e-12)


def test_calibration_finds_the_formula_and_is_saved_with_its_error(tmp_path):
    tile = sar_tile()
    calibrated = calibrate(
        tile, rng=np.random.default_rng(5), samples=16, held_out=8, folder=tmp_path / "decks"
    )
    model, formula = calibrated.model, tile.fast_model
    np.testing.assert_allclose(model.input_ohm, formula.input_ohm, rtol=2e-3)
    np.testing.assert_allclose(model.input_volt, formula.input_volt, rtol=2e-2)
    assert len(model.input_sigmas) == 2
    slope = model.coefficients[1] / model.scale_ampere
    np.testing.assert_allclose(
        slope,
        formula.coefficients[1] / formula.scale_ampere,
        atol=5 * model.sigmas[1] / model.scale_ampere,
    )
    assert 0.1 < model.residual_lsb < 0.5
    assert model.held_out.codes == 16
    assert model.held_out.within_one == 1.0
    # the loop of an op-amp with one pole has one pole: 2 pi f_u over one plus feedback over source
    source = 1.0 / xc.nodal.transfer(tile.driven)[:, 0].sum()
    rate = 2.0 * np.pi * 2e10 * source / (source + 12e3)
    assert len(model.settling.poles) == 1
    np.testing.assert_allclose(model.settling.poles[0], (-rate, 0.0), rtol=0.03)
    assert model.settling.worst < 0.01
    # the model alone, without its tile, gives the tile's codes
    x = random_inputs(np.random.default_rng(9), 20, 8)
    result = calibrated.mvm(x)
    np.testing.assert_array_equal(model.codes(result.column_current), result.code)
    path = tmp_path / "model.json"
    model.save(path)
    assert ReadoutModel.load(path, current=tile.provenance) == model
    other = dataclasses.replace(tile, driver=Dac(full_scale_volt=0.1, output_ohm=11.0))
    with pytest.raises(xc.ModelFileError, match=r"changed since: the deck; calibrate again"):
        ReadoutModel.load(path, current=other.provenance)


def test_an_interrupted_calibration_goes_on_where_it_stopped(tmp_path, monkeypatch):
    tile = counter_tile()
    told = []

    def once():
        rng = np.random.default_rng(5)
        settings = {"samples": 34, "held_out": 6, "folder": tmp_path, "progress": told.append}
        return calibrate(tile, rng=rng, **settings).model

    first = once()
    assert sum(told) == 40  # what was asked for, not the four ends of the range beside it
    decks = sorted(tmp_path.glob("*.cir"))
    assert len(decks) == 2
    assert ".tran" in decks[0].read_text()
    next(tmp_path.glob("*.json")).unlink()  # as if it had been stopped before the last part
    runs = []
    real = spice_testbench.run_persistently
    counted = lambda *a, **k: runs.append(1) or real(*a, **k)  # noqa: E731
    monkeypatch.setattr(spice_testbench, "run_persistently", counted)
    assert once() == first
    assert len(runs) == 1


def test_saturation_is_found_and_clips_the_fast_model():
    opamp = OpAmp(dc_gain=500.0, unity_hertz=2e10, output_low_volt=0.3, output_high_volt=0.7)
    amplifier = Tia(opamp=opamp, feedback_ohm=20e3, settle_second=5e-9)
    tile = xc.Tile(
        crossbar(), Dac(full_scale_volt=0.2), Readout(amplifier=amplifier, converter=Sar(bits=6))
    )
    model = calibrate(
        tile, rng=np.random.default_rng(5), samples=24, held_out=20, analog=False
    ).model
    np.testing.assert_allclose([model.low, model.high], [0.3, 0.7], atol=0.02)
    assert model.held_out.within_one > 0.9


def test_a_read_out_on_one_column_of_many_sees_the_same_currents():
    tile = xc.Tile(crossbar(cols=5), Dac(full_scale_volt=0.2), counter_tile().readout)
    x = random_inputs(np.random.default_rng(1), 4, 8)
    read = tile.one_read(x)
    answers = [
        tile.in_spice(read, columns=(3,), array=array, vectors=("i(vsense_3)",))[0]
        for array in ("full", "macromodel")
    ]
    currents = [answer.values["i(vsense_3)"] for answer in answers]
    np.testing.assert_allclose(currents[1], currents[0], rtol=1e-6)
    assert answers[0].codes.shape == (4, 1)
    assert np.abs(answers[0].codes[:, 0] - tile.mvm(x).code[:, 3]).max() <= 1


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "model.json"
    path.write_text('{"format": 1}')
    with pytest.raises(xc.ModelFileError, match="expected a model"):
        ReadoutModel.load(path)


def test_cost_is_split_and_stands_beside_the_hermes_core():
    cost = sar_tile().cost()
    energy = cost.energy_joule
    assert set(energy) == {"drivers", "array", "read-outs"}
    tile = sar_tile()
    volts = 0.2
    np.testing.assert_allclose(
        energy["array"], volts**2 * tile.crossbar.conductance.sum() * tile.period_second
    )
    one = 100e-6 * tile.period_second + tile.readout.converter.energy_joule
    np.testing.assert_allclose(energy["read-outs"], 2 * one)
    np.testing.assert_allclose(HERMES_CORE["energy_joule"], 12.48e-9, rtol=1e-3)
    np.testing.assert_allclose(HERMES_CORE["area_square_metre"], 0.634e-6, rtol=1e-3)
    json.dumps(cost.to_dict())


def test_wrong_parts_are_refused():
    with pytest.raises(xc.ParameterError, match="bottom and at the top"):
        xc.Tile(crossbar(top_ohm=0.0), Dac(), sar_tile().readout)
    with pytest.raises(xc.ParameterError, match="readout"):
        xc.Tile(crossbar(), Dac(), Sar(bits=8))
    with pytest.raises(xc.ParameterError, match="amplifier"):
        Readout(converter=Sar(bits=8))
    with pytest.raises(xc.ParameterError, match="engine"):
        sar_tile().mvm(np.zeros(8), engine="slow")
    with pytest.raises(xc.ParameterError, match="-1 to 1"):
        sar_tile().mvm(np.full(8, 2.0))
    with pytest.raises(xc.ShapeError, match="x"):
        sar_tile().mvm(np.zeros(9))


def test_macromodel_and_full_array_carry_the_same_currents():
    tile = xc.Tile(crossbar(rows=24, cols=3), Dac(full_scale_volt=0.2), counter_tile().readout)
    read = tile.reads(random_inputs(np.random.default_rng(6), 1, 24))[0]
    vectors = [f"i(vsense_{j})" for j in range(3)]
    currents = []
    for array in ("full", "macromodel"):
        deck = tile.bench(read, array=array).deck
        point = xc.spice.run(deck, xc.spice.Op(), vectors=vectors)[0]
        currents.append(np.array([point[name][0] for name in vectors]))
    np.testing.assert_allclose(currents[1], currents[0], rtol=1e-6)
    np.testing.assert_allclose(tile.column_current(read)[0], currents[0], rtol=1e-6)
