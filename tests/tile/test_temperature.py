"""A warm tile: what ngspice does with temperature, in decks, in noise and in calibrated models."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.peripherals import (
    BitSerial,
    ChargeIntegrator,
    CurrentConveyor,
    Cyclic,
    Dac,
    DifferenceAmplifier,
    ExactDriver,
    Flash,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Ramp,
    Readout,
    Sar,
    SenseAmplifier,
    Subcircuit,
    TransimpedanceAmplifier,
    WordLineBuffer,
)
from xbar_circuit.tile import calibrate, compile_tile, random_inputs
from xbar_circuit.tile._analog import amplifier_noise

WARM = 85.0
#: An op-amp whose offset moves by 0.2 mV a degree, in SPICE's own word for temperature.
OWN = """.subckt drifting plus minus out
Bgain inner 0 V=2000*(V(plus)-V(minus)+2e-4*(temper-27))
Rpole inner out 1
Cpole out 0 1p
.ends
"""


def drifting(folder, celsius=None, **more):
    file = folder / "drifting.lib"
    file.write_text(OWN)
    opamp = Subcircuit(file, "drifting", ports=("plus", "minus", "out"))
    amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=8e3, reference_volt=0.5)
    return xc.Tile(
        xc.Crossbar(
            conductance=np.random.default_rng(1).uniform(5e-6, 2e-5, (4, 1)),
            wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
        ),
        Dac(full_scale_volt=0.4),
        Readout(amplifier=amplifier, converter=Sar(bits=8, low_volt=0.2, high_volt=0.8)),
        celsius=celsius,
        **more,
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Return the tile calibrated when cool and when warm."""
    folder = tmp_path_factory.mktemp("circuit")
    return [
        calibrate(
            drifting(folder, celsius),
            rng=np.random.default_rng(2),
            samples=14,
            held_out=2,
            analog=False,
        )
        for celsius in (None, WARM)
    ]


def test_a_circuit_is_as_warm_as_its_tile(fitted):
    """58 degrees move the offset by 11.6 mV, and the output by 1 + R G of that."""
    cool, warm = fitted
    assert (cool.celsius, warm.celsius) == (27.0, WARM)
    assert "temp=85" in warm.bench(warm.one_read(np.zeros(4))).deck
    assert "temp=" not in cool.bench(cool.one_read(np.zeros(4))).deck
    lift = 2e-4 * (WARM - 27.0)
    assert warm.model.input_volt - cool.model.input_volt == approx(lift, rel=2e-3)
    offset = warm.model.coefficients[0] - cool.model.coefficients[0]
    assert offset == approx(lift, rel=0.05)  # with no current, R G of it comes with the current
    x = random_inputs(np.random.default_rng(3), 3, 4)
    fast, exact = warm.mvm(x), warm.mvm(x, engine="spice")
    assert np.abs(fast.code - exact.code).max() <= 1
    assert np.abs(cool.mvm(x).code - exact.code).min() >= 4  # 5.6 LSB and more


def test_a_calibrated_model_is_refused_at_another_temperature(fitted, tmp_path):
    model = fitted[1].model
    assert model.celsius == WARM
    model.save(tmp_path / "model.json")
    again = ReadoutModel.load(tmp_path / "model.json")
    assert again.celsius == WARM
    drifting(tmp_path, WARM + 0.4, model=again)
    with pytest.raises(xc.ParameterError, match="60 degrees for a read-out calibrated at 85"):
        drifting(tmp_path, 60.0, model=again)
    with pytest.raises(xc.ParameterError, match="xbar calibrate --celsius"):
        drifting(tmp_path, model=again)
    with pytest.raises(xc.ModelFileError, match="the deck"):
        ReadoutModel.load(tmp_path / "model.json", current=drifting(tmp_path).provenance)


def test_noise_of_a_warm_amplifier_is_ngspices():
    """All of it rises with the square root of the absolute temperature, an op-amp's own too."""
    amplifier = TransimpedanceAmplifier(
        opamp=OpAmp(
            dc_gain=1e5, unity_hertz=1e9, noise_volt_per_root_hertz=5e-9, input_farad=2e-14
        ),
        feedback_ohm=1e4,
    )
    crossbar = xc.Crossbar(
        conductance=np.full((8, 1), 1e-5), wires=xc.Wires(row_ohm=0.0, column_ohm=0.0)
    )
    readout = Readout(amplifier=amplifier, converter=Sar(bits=8))
    tile = xc.Tile(crossbar, Dac(), readout, celsius=WARM)
    cool = replace(tile, celsius=27.0)
    own = readout.noise(1.0 / 8e-5, column=False, celsius=WARM)
    assert amplifier_noise(tile).rms == approx(own, rel=5e-3)
    assert amplifier_noise(cool).rms < 0.93 * own
    root = np.sqrt((WARM + 273.15) / 300.15)
    assert tile.fast_model.noise == approx(root * cool.fast_model.noise, rel=1e-9)
    reset = ChargeIntegrator(opamp=OpAmp(), farad=100e-15, window_second=1e-12)
    held = Readout(amplifier=reset, converter=Sar(bits=8)).noise(1e9, celsius=WARM)
    assert held == approx(np.sqrt(1.380649e-23 * (WARM + 273.15) / 100e-15), rel=1e-4)


#: An op-amp of which everything moves, by some times what a good one does.
MOVING = OpAmp(
    dc_gain=500.0,
    unity_hertz=1e10,
    offset_volt_per_celsius=1e-4,
    gain_per_celsius=-2e-3,
    unity_per_celsius=-1e-3,
    output_low_volt=-0.3,
    output_high_volt=1.3,
)
AMPLIFIER = TransimpedanceAmplifier(
    opamp=MOVING, feedback_ohm=1.5e4, settle_second=4e-9, feedback_per_celsius=1e-3
)
CONVEYOR = CurrentConveyor(
    load_ohm=1.5e4,
    settle_second=6e-9,
    offset_ampere_per_celsius=2e-8,
    ratio_per_celsius=5e-4,
    load_per_celsius=1e-3,
)
CONVERTER = {"reference_per_celsius": -5e-4, "offset_volt_per_celsius": 1e-4, "noise_volt": 4e-3}
WARM_READOUTS = {
    "sar": Readout(amplifier=AMPLIFIER, converter=Sar(bits=8, **CONVERTER)).drawn(
        np.random.default_rng(1), 2, unit_sigma=0.05
    ),
    "stage": Readout(
        amplifier=AMPLIFIER,
        converter=Cyclic(bits=7, **CONVERTER),
        difference=DifferenceAmplifier(opamp=MOVING),
    ),
    "integrator": Readout(
        amplifier=ChargeIntegrator(
            opamp=MOVING, farad=1e-12, window_second=16e-9, capacitor_per_celsius=-1e-3
        ),
        converter=Flash(bits=5, **CONVERTER),
    ),
    "conveyor": Readout(
        amplifier=CONVEYOR, converter=Ramp(bits=6, **CONVERTER), difference="digital"
    ),
    "latches": Readout(
        amplifier=AMPLIFIER,
        converter=SenseAmplifier(
            thresholds_volt=(0.41, 0.46), noise_volt=4e-3, offset_volt_per_celsius=5e-4
        ),
    ),
    "oscillator": Readout(
        converter=OscillatorCounter(
            bits=8,
            full_scale_ampere=3e-5,
            window_second=16e-9,
            jitter_cycle=0.05,
            hold_volt=0.4,
            input_ohm=20.0,
            gain_per_celsius=1e-3,
            offset_ampere_per_celsius=2e-8,
        )
    ),
}


def behavioural(name, celsius):
    siemens = np.random.default_rng(5).uniform(5e-6, 2e-5, (3, 2))
    crossbar = xc.Crossbar(conductance=siemens, wires=xc.Wires(row_ohm=2.0, column_ohm=3.0))
    return xc.Tile(crossbar, Dac(full_scale_volt=0.4), WARM_READOUTS[name], celsius=celsius)


@pytest.mark.parametrize("name", WARM_READOUTS)
def test_warm_behavioural_parts_are_the_same_in_both_engines(name):
    """Formula, compiled form and ngspice give the same codes at 0, 27 and 85 degrees, with noise.

    At 27 the numbers of the parts hold; the others differ from it, each to its own side.
    """
    x = np.random.default_rng(6).uniform(0.0, 1.0, (6, 3))
    found = []
    for celsius in (0.0, 27.0, WARM):
        tile = behavioural(name, celsius)
        fast = tile.mvm(x, rng=np.random.default_rng(7)).code
        exact = tile.mvm(x, rng=np.random.default_rng(7), engine="spice").code
        form = compile_tile(tile)
        single = form.codes(form.encode(x), rng=np.random.default_rng(7))
        assert (fast == exact).mean() >= 0.8  # ties
        assert np.abs(fast - exact).max() <= 1
        np.testing.assert_array_equal(single, fast)
        found.append(fast)
    plain = replace(behavioural(name, 27.0), celsius=None).mvm(x, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(found[1], plain.code)
    assert not np.array_equal(found[0], found[1])
    assert not np.array_equal(found[2], found[1])


#: Full scale falls by 0.3 % a degree, the output's resistance rises by 0.4 %.
FALLING = {"full_scale_per_celsius": -3e-3, "output_ohm": 2e3, "output_per_celsius": 4e-3}
WARM_DRIVERS = {
    "dac": Dac(full_scale_volt=0.4, **FALLING),
    "exact": ExactDriver(full_scale_volt=0.4, **FALLING),
    "bit-serial": BitSerial(bits=3, signed=False, full_scale_volt=0.4, **FALLING),
    "pulses": PulseWidth(bits=5, clock_hertz=2.5e9, full_scale_volt=0.4, **FALLING),
    "buffer": WordLineBuffer(
        driver=Dac(full_scale_volt=0.4, full_scale_per_celsius=-1e-3),
        output_ohm=2e3,
        limit_ampere=2e-5,
        output_per_celsius=4e-3,
        limit_per_celsius=-6e-3,
    ),
}


def driven(name, celsius, driver=None):
    siemens = np.random.default_rng(5).uniform(5e-6, 2e-5, (3, 2))
    crossbar = xc.Crossbar(conductance=siemens, wires=xc.Wires(row_ohm=2.0, column_ohm=3.0))
    opamp = OpAmp(dc_gain=1e5, unity_hertz=1e10, output_low_volt=-1.0, output_high_volt=1.0)
    if name == "pulses":
        amplifier = ChargeIntegrator(opamp=opamp, farad=1e-12, window_second=16e-9)
    else:
        amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=1.5e4, settle_second=4e-9)
    converter = Sar(bits=10, low_volt=0.0, high_volt=1.0)
    readout = Readout(amplifier=amplifier, converter=converter)
    return xc.Tile(crossbar, driver or WARM_DRIVERS[name], readout, celsius=celsius)


@pytest.mark.parametrize("name", WARM_DRIVERS)
def test_warm_drivers_are_the_same_in_both_engines(name):
    """Formula, compiled form and ngspice give the same codes at 0, 27 and 85 degrees."""
    x = np.random.default_rng(6).uniform(0.5, 1.0, (4, 3))
    codes, signals = [], []
    for celsius in (0.0, 27.0, WARM):
        tile = driven(name, celsius)
        fast, exact = tile.mvm(x), tile.mvm(x, engine="spice")
        assert (fast.code == exact.code).mean() >= 0.75  # ties
        weights = 2**tile.driver.read_count - 1  # of all reads together
        assert np.abs(fast.code - exact.code).max() <= weights
        compiled = compile_tile(tile)
        assert np.abs(compiled.codes(compiled.encode(x)) - fast.code).max() <= 1e-4
        codes.append(fast.code)
        signals.append(np.abs(fast.code - tile.mvm(np.zeros(3)).code).sum())
    cold, usual, warm = signals
    assert cold > 1.01 * usual > 1.03 * warm
    if name == "buffer":
        return
    stated = WARM_DRIVERS[name]
    by_hand = replace(
        stated, full_scale_volt=0.4 * (1 - 3e-3 * 58), output_ohm=2e3 * (1 + 4e-3 * 58),
        full_scale_per_celsius=0.0, output_per_celsius=0.0,
    )  # fmt: skip
    np.testing.assert_array_equal(driven(name, WARM, by_hand).mvm(x).code, codes[2])


def test_a_driver_of_which_nothing_is_left_is_refused():
    with pytest.raises(xc.ParameterError, match="full_scale_per_celsius"):
        Dac(full_scale_per_celsius=-0.02).at_celsius(WARM)
    with pytest.raises(xc.ParameterError, match="limit_per_celsius"):
        WordLineBuffer(driver=Dac(), limit_per_celsius=np.nan)
    assert Dac().at_celsius(WARM) == Dac()
