"""The compiled form of a tile gives the tile's codes, for every driver, read-out and synapse."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import xbar_circuit as xc
from xbar_circuit.agreement._combinations import check_combination, combinations
from xbar_circuit.agreement._parts import DRIVERS, READOUTS, SYNAPSES, TRANSISTOR_SYNAPSES
from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    DifferenceAmplifier,
    ExactDriver,
    IdealConverter,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Readout,
    Sar,
    SenseAmplifier,
    TransimpedanceAmplifier,
)
from xbar_circuit.tile import TileNoise, compile_tile, fit_readout

IDEAL = xc.Wires(row_ohm=0.0, column_ohm=0.0)


def test_every_combination_of_parts_gives_the_tiles_codes():
    met = set()
    for case in combinations():
        met |= {case.driver, case.readout, case.synapse}
        form = compile_tile(case.tile)
        drive = form.encode(case.x)
        for seed in (None, 3):
            wanted = case.tile.mvm(case.x, rng=seed and np.random.default_rng(seed)).code
            found = form.codes(drive, rng=seed and np.random.default_rng(seed))
            assert found.dtype == np.float32
            name = f"{case.driver}, {case.readout}, {case.synapse}, seed {seed}"
            if case.tile.readout.converter.exact:
                assert_allclose(
                    found, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max(), err_msg=name
                )
            else:
                assert_array_equal(found, wanted, err_msg=name)
    refused = {"8T4R, gates"}  # no gate is driven below 0 V
    assert met == {*DRIVERS, *READOUTS, *SYNAPSES, *TRANSISTOR_SYNAPSES} - refused


def test_a_share_of_the_combinations_in_ngspice():
    for case in combinations(every=43):
        outcome = check_combination(case)
        assert outcome.passed, f"{case.driver}, {case.readout}, {case.synapse}: {outcome}"


def test_products_are_the_weighted_sums_themselves():
    rng = np.random.default_rng(4)
    weights, x = rng.uniform(-1, 1, (8, 5)), rng.uniform(-1, 1, (20, 8))
    for synapse in (DifferentialPair(g_min_siemens=1e-6), EightT4R(), BitSlices()):
        kept = weights
        if isinstance(synapse, BitSlices):
            kept = np.rint(weights * synapse.levels) / synapse.levels
        readout = Readout(converter=IdealConverter(bits=12)).ranged(-90e-6, 90e-6)
        for driver in (ExactDriver(), BitSerial(bits=8), Dac(bits=10)):
            tile = xc.Tile(synapse.crossbar(kept, wires=IDEAL), driver, readout, synapse=synapse)
            form = compile_tile(tile)
            drive = form.encode(x)
            got = form.products(drive) / synapse.siemens_per_weight
            wanted = drive / driver.highest @ kept
            lsb = form.worth * sum(abs(w) for w in form.weights) / synapse.siemens_per_weight
            lsb *= sum(abs(s) for s in tile.digital.significance)
            assert np.abs(got - wanted).max() < 0.51 * abs(lsb)
            assert np.abs(got - wanted).max() < 0.02 * np.abs(wanted).max()


def test_an_exact_chain_is_the_transfer_matrix():
    rng = np.random.default_rng(4)
    crossbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (6, 3)), wires=xc.Wires(row_ohm=5.0, column_ohm=5.0)
    )
    converter = IdealConverter(bits=None, low=0.0, high=1e-5)
    tile = xc.Tile(crossbar, ExactDriver(full_scale_volt=0.1), Readout(converter=converter))
    x = rng.uniform(-1, 1, (4, 6))
    current = 0.1 * x @ xc.nodal.transfer(crossbar)
    assert_allclose(tile.mvm(x).code, current / 1e-5, rtol=1e-12, atol=1e-15)
    assert_allclose(
        compile_tile(tile).currents(x)[0], current, rtol=0, atol=1e-6 * abs(current).max()
    )
    exact = tile.mvm(x, engine="spice").code
    assert_allclose(exact, current / 1e-5, rtol=0, atol=1e-6 * np.abs(current / 1e-5).max())


@pytest.mark.parametrize(("low", "high"), [(-20e-6, 20e-6), (0.0, 30e-6), (-5e-6, 20e-6)])
def test_ranged_parts_spread_their_codes_and_put_no_current_in_the_middle_of_one(low, high):
    opamp = OpAmp(dc_gain=300.0, offset_volt=3e-3)
    amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=1e3)
    conveyor = CurrentConveyor(load_ohm=1e3)
    for readout in (
        Readout(converter=IdealConverter(bits=6)),
        Readout(converter=OscillatorCounter(bits=6, full_scale_ampere=1e-3)),
        Readout(amplifier=amplifier, converter=Sar(bits=6)),
        Readout(amplifier=conveyor, converter=Sar(bits=6)),
        Readout(amplifier=conveyor, converter=Sar(bits=6), difference="current"),
        Readout(
            amplifier=amplifier,
            converter=Sar(bits=6),
            difference=DifferenceAmplifier(opamp=opamp),
        ),
    ):
        found = readout.ranged(low, high)
        start, slope = found.converter_line
        ampere = np.array([low, high, 0.0])
        place = (start + slope * ampere - found.converter.input_low) / found.converter.lsb
        if isinstance(found.converter, OscillatorCounter):
            place = found.converter.cycles(ampere)
        assert_allclose(place[2] % 1.0, 0.5, rtol=1e-6)
        used = abs(place[1] - place[0])
        assert 61.99 < used < 63.01
        assert place.min() > -1e-6
        assert place.max() < 64.0 + 1e-6
        assert len(set(found.converter.convert(start + slope * ampere).tolist())) >= 2


def test_ranges_that_cannot_be_are_refused():
    readout = Readout(converter=IdealConverter(bits=1))
    with pytest.raises(xc.ParameterError, match="one sign for two codes"):
        readout.ranged(-1e-6, 1e-6)
    with pytest.raises(xc.ParameterError, match="low_ampere"):
        readout.ranged(1e-6, 2e-6)
    latch = Readout(
        amplifier=TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=1e4),
        converter=SenseAmplifier(),
    )
    with pytest.raises(xc.ParameterError, match="range can be set"):
        latch.ranged(0.0, 1e-6)


def test_a_driver_without_sign_has_a_bit_more_and_refuses_negative_inputs():
    dac = Dac(bits=4, signed=False)
    assert (dac.lowest, dac.highest) == (0, 15)
    assert dac.encode([0.0, 0.5, 1.0]).tolist() == [0, 8, 15]
    with pytest.raises(xc.ParameterError, match="0 to 1 without sign"):
        dac.encode([-0.1])
    serial = BitSerial(bits=4, signed=False, coding="twos-complement")
    reads = serial.reads(serial.encode([[1.0]]))
    assert [read.weight for read in reads] == [1, 2, 4, 8]
    pulse = PulseWidth(bits=4, signed=False, clock_hertz=1e9)
    assert_allclose(pulse.reads(pulse.encode([[1.0]]))[0].second, 15e-9)
    crossbar = EightT4R().crossbar([[0.5]], wires=IDEAL)
    with pytest.raises(xc.ParameterError, match="signed=True"):
        xc.Tile(crossbar, dac, Readout(converter=IdealConverter()), synapse=EightT4R())


def test_groups_that_are_not_whole_are_refused():
    crossbar = xc.Crossbar(conductance=np.full((3, 3), 1e-6), wires=IDEAL)
    readout = Readout(converter=IdealConverter())
    with pytest.raises(xc.ParameterError, match="multiples of 1 rows and 2 columns"):
        xc.Tile(crossbar, Dac(), readout, synapse=DifferentialPair())
    with pytest.raises(xc.ShapeError, match="transfer"):
        compile_tile(xc.Tile(crossbar, Dac(), readout), transfer=np.ones((2, 3)))


def noisy(crossbar, noise, converter, **more):
    readout = Readout(converter=converter)
    return xc.Tile(crossbar, Dac(full_scale_volt=0.2), readout, noise=noise, **more)


def test_read_noise_is_that_of_devices_drawn_one_by_one():
    rng = np.random.default_rng(1)
    conductance = rng.uniform(5e-6, 20e-6, (6, 2))
    crossbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=200.0, column_ohm=300.0))
    sigma = 0.05 * conductance
    tile = noisy(crossbar, TileNoise(read_siemens=sigma), IdealConverter(bits=None, low=0, high=1))
    x = rng.uniform(-1, 1, 6)
    many = np.tile(x, (40000, 1))
    spread = (tile.mvm(many, rng=rng).code - tile.mvm(x).code).std(axis=0)
    drawn = []
    for _ in range(1500):
        other = dataclasses.replace(
            crossbar, conductance=conductance + sigma * rng.standard_normal(sigma.shape)
        )
        drawn.append(dataclasses.replace(tile, crossbar=other, noise=None).mvm(x).code[0])
    assert_allclose(spread, np.std(drawn, axis=0), rtol=0.08)  # 3.6 standard errors, and wires


def test_thermal_noise_is_the_adjoint_networks_over_the_bandwidth():
    rng = np.random.default_rng(1)
    crossbar = xc.Crossbar(
        conductance=rng.uniform(5e-6, 20e-6, (6, 2)),
        wires=xc.Wires(row_ohm=100.0, column_ohm=300.0),
        terminals=xc.Terminals(left_ohm=50.0),
    )
    converter = IdealConverter(bits=None, low=0, high=1, window_second=1e-7)
    tile = noisy(crossbar, TileNoise(thermal=True), converter, celsius=77.0)
    density = xc.nodal.noise(tile.loaded, np.zeros(6), 1.0, celsius=77.0).total[0]
    many = np.zeros((60000, 6))
    spread = tile.mvm(many, rng=rng).code.std(axis=0)
    assert_allclose(spread, np.sqrt(density * 0.5 / 1e-7), rtol=0.012)  # 4 standard errors


def test_both_engines_and_the_compiled_form_get_the_same_noise():
    rng = np.random.default_rng(1)
    crossbar = xc.Crossbar(
        conductance=rng.uniform(5e-6, 20e-6, (6, 2)), wires=xc.Wires(row_ohm=2.0, column_ohm=3.0)
    )
    amplifier = TransimpedanceAmplifier(
        opamp=OpAmp(unity_hertz=2e10, output_low_volt=-0.5, output_high_volt=1.5),
        feedback_ohm=1e4,
        settle_second=4e-9,
    )
    for readout in (
        Readout(converter=IdealConverter(bits=9, low=-20e-6, high=20e-6)),
        Readout(amplifier=amplifier, converter=Sar(bits=8)),
    ):
        noise = TileNoise(read_siemens=np.full((6, 2), 8e-6), thermal=True)
        tile = xc.Tile(crossbar, Dac(full_scale_volt=0.1), readout, noise=noise)
        x = rng.uniform(-1, 1, (8, 6))
        quiet = tile.mvm(x).code
        fast = tile.mvm(x, rng=np.random.default_rng(7)).code
        form = compile_tile(tile)
        assert_array_equal(form.codes(form.encode(x), rng=np.random.default_rng(7)), fast)
        exact = tile.mvm(x, rng=np.random.default_rng(7), engine="spice").code
        assert np.abs(fast - quiet).max() > 2
        assert np.abs(fast - exact).max() <= 1
        assert (fast == exact).mean() > 0.8


def test_a_calibrated_model_is_compiled_with_its_curve_and_its_limits():
    rng = np.random.default_rng(3)
    crossbar = xc.Crossbar(conductance=rng.uniform(2e-6, 40e-6, (8, 2)), wires=IDEAL)
    opamp = OpAmp(dc_gain=500.0, unity_hertz=2e10, output_low_volt=0.2, output_high_volt=0.8)
    amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=12e3, settle_second=5e-9)
    tile = xc.Tile(crossbar, Dac(), Readout(amplifier=amplifier, converter=Sar(bits=6)))
    model = fit_readout(tile, rng=rng, samples=24, held_out=4, degree=3, analog=False).tile.model
    fitted = tile.with_model(model)
    x = np.concatenate([rng.uniform(-1, 1, (200, 8)), np.ones((1, 8)), -np.ones((1, 8))])
    wanted = fitted.mvm(x).code
    assert len(model.coefficients) == 4
    assert np.isfinite(model.low)
    assert_array_equal(compile_tile(fitted).codes(compile_tile(fitted).encode(x)), wanted)
    inside = (wanted > 14) & (wanted < 49)  # beyond, the amplifier stops
    form = compile_tile(fitted)
    product = form.products(form.encode(x)) / 1e-6
    truth = (form.encode(x) / 127) @ crossbar.conductance / 1e-6
    error = np.abs(product - truth)[inside]
    assert inside.sum() > 200
    assert error.max() < 0.07 * np.abs(truth).max()
