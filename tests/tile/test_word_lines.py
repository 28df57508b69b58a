"""Tiles with other drivers, amplifiers and differential columns: the same codes in both engines."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import (
    BitSerial,
    ChargeIntegrator,
    CurrentConveyor,
    Dac,
    DifferenceAmplifier,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Readout,
    Sar,
    SenseAmplifier,
    WordLineBuffer,
)
from xbar_circuit.peripherals import TransimpedanceAmplifier as Tia
from xbar_circuit.tile import random_inputs

ROWS = 8


def crossbar(cols=2, cell=None):
    conductance = np.random.default_rng(3).uniform(2e-6, 40e-6, (ROWS, cols))
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    return xc.Crossbar(
        conductance=conductance, wires=wires, cell=xc.devices.Ohmic() if cell is None else cell
    )


OPAMP = OpAmp(dc_gain=500.0, unity_hertz=2e10, offset_volt=5e-3)
TIA = Tia(opamp=OPAMP, feedback_ohm=12e3, settle_second=3e-9)
SAR = Sar(bits=7, low_volt=0.1, high_volt=0.9)
COUNTER = OscillatorCounter(
    bits=7, full_scale_ampere=80e-6, low_ampere=-40e-6, hold_volt=0.4, input_ohm=40.0
)
INTEGRATOR = ChargeIntegrator(
    opamp=OPAMP, farad=2.5e-12, window_second=32e-9, reset_second=3e-9, switch_ohm=30.0
)
PWM = PulseWidth(bits=6, clock_hertz=1e9, rise_second=0.1e-9, fall_second=0.3e-9)
CONVEYOR = CurrentConveyor(
    ratio=0.8,
    input_ohm=25.0,
    offset_ampere=1e-6,
    load_ohm=10e3,
    load_volt=0.45,
    settle_second=30e-9,  # of the load and the capacitors of the converter
)


def same_in_both(tile, count=4, seed=1, time_limit_second=60, **settings):
    x = random_inputs(np.random.default_rng(seed), count, ROWS)
    fast = tile.mvm(x, rng=np.random.default_rng(2)).code
    exact = tile.mvm(
        x,
        engine="spice",
        rng=np.random.default_rng(2),
        **settings,
        time_limit_second=time_limit_second,
    ).code
    assert np.ptp(exact) > 8
    return np.abs(fast - exact)


@pytest.mark.parametrize(
    ("driver", "readout"),
    [
        (PWM, Readout(amplifier=INTEGRATOR, converter=SAR)),
        (
            PulseWidth(bits=7, clock_hertz=1e9, jitter_second=50e-12),
            Readout(converter=COUNTER),
        ),
        (Dac(bits=6), Readout(amplifier=INTEGRATOR, converter=SAR)),
        (Dac(), Readout(amplifier=CONVEYOR, converter=SAR)),
        (
            Dac(),
            Readout(amplifier=CurrentConveyor(ratio=0.5), converter=COUNTER),
        ),
        (
            WordLineBuffer(driver=PWM, output_ohm=200.0, limit_ampere=20e-6, bandwidth_hertz=5e9),
            Readout(converter=COUNTER),
        ),
        (
            WordLineBuffer(driver=Dac(), output_ohm=300.0, limit_ampere=10e-6),
            Readout(amplifier=TIA, converter=SAR),
        ),
    ],
    ids=["pwm", "pwm-counter", "charge", "conveyor", "conveyor-counter", "pwm-buffer", "buffer"],
)
def test_fast_and_spice_give_the_same_codes(driver, readout):
    apart = same_in_both(xc.Tile(crossbar(), driver, readout))
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.85


@pytest.mark.parametrize("coding", ["sign-magnitude", "twos-complement"])
def test_bits_in_series_add_up_to_the_product(coding):
    serial = BitSerial(bits=4, coding=coding)
    tile = xc.Tile(crossbar(), serial, Readout(amplifier=TIA, converter=Sar(bits=10)))
    x = random_inputs(np.random.default_rng(1), 3, ROWS)
    result = tile.mvm(x)
    codes = serial.encode(x)
    whole = xc.nodal.transfer(tile.crossbar)
    expected = 0.2 * codes @ whole
    idle = tile.mvm(np.zeros(ROWS)).column_current
    np.testing.assert_allclose(result.column_current - idle, expected, rtol=0.01, atol=1e-8)
    apart = np.abs(result.code - tile.mvm(x, engine="spice").code)
    assert apart.max() <= 15  # one LSB of every read
    assert np.median(apart) <= 2


def test_pulses_on_nonlinear_cells_are_read_once_for_every_set_of_rows():
    tile = xc.Tile(
        crossbar(cell=xc.devices.Sinh(v0_volt=0.1)),
        PulseWidth(bits=4, clock_hertz=1e9),
        Readout(converter=OscillatorCounter(bits=8, full_scale_ampere=0.4e-3, window_second=8e-9)),
    )
    x = np.abs(random_inputs(np.random.default_rng(1), 3, ROWS))
    fast = tile.mvm(x)
    slow = tile.mvm(x, engine="spice")
    assert np.abs(fast.code - slow.code).max() <= 1
    # all rows for a part of the window: that part of the direct current
    half = tile.mvm(np.full(ROWS, 4 / 7)).column_current
    full = xc.nodal.read(tile.crossbar, np.full(ROWS, 0.2)).column_current
    np.testing.assert_allclose(half, full * 4 / 8, rtol=2e-3)


@pytest.mark.parametrize(
    ("readout", "low", "high"),
    [
        (Readout(amplifier=TIA, converter=SAR, difference="digital"), -127, 127),
        (Readout(amplifier=CONVEYOR, converter=SAR, difference="current"), 0, 127),
        (
            Readout(
                amplifier=TIA,
                converter=SAR,
                difference=DifferenceAmplifier(opamp=OPAMP, gain=1.5),
            ),
            0,
            127,
        ),
    ],
    ids=["digital", "current", "voltage"],
)
def test_pairs_of_columns_are_subtracted(readout, low, high):
    tile = xc.Tile(crossbar(cols=4), Dac(), readout)
    apart = same_in_both(tile)
    assert apart.shape == (4, 2)
    assert apart.max() <= 1
    # the code follows the difference of the currents; amplifiers that invert turn its sign
    x = random_inputs(np.random.default_rng(4), 40, ROWS)
    result = tile.mvm(x)
    difference = result.column_current[:, 0::2] - result.column_current[:, 1::2]
    sign = -1 if readout.difference == "digital" else 1
    assert sign * np.corrcoef(difference.ravel(), result.code.ravel())[0, 1] > 0.98
    assert low <= result.code.min() <= result.code.max() <= high


@pytest.mark.parametrize("thresholds", [(0.45,), (0.4, 0.5)])
def test_latches_decide_binary_and_ternary_cells(thresholds):
    sense = SenseAmplifier(thresholds_volt=thresholds, noise_volt=1e-3)
    drawn = sense.drawn(np.random.default_rng(5), offset_sigma_volt=10e-3)
    assert drawn.offsets_volt != sense.offsets_volt
    tile = xc.Tile(crossbar(), Dac(), Readout(amplifier=TIA, converter=drawn))
    x = random_inputs(np.random.default_rng(1), 16, ROWS)
    fast = tile.mvm(x, rng=np.random.default_rng(2)).code
    exact = tile.mvm(x, engine="spice", rng=np.random.default_rng(2)).code
    assert set(np.unique(exact)) == set(range(len(thresholds) + 1))
    assert (fast == exact).mean() >= 31 / 32


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(xc.ParameterError, match="integrates pulses"):
        xc.Tile(crossbar(), PWM, Readout(amplifier=TIA, converter=SAR))
    with pytest.raises(xc.ParameterError, match="a window of"):
        xc.Tile(crossbar(), PulseWidth(bits=9), Readout(converter=COUNTER))
    with pytest.raises(xc.ParameterError, match="even number of columns"):
        xc.Tile(
            crossbar(cols=3), Dac(), Readout(amplifier=TIA, converter=SAR, difference="digital")
        )
    with pytest.raises(xc.ParameterError, match="CurrentConveyor without a circuit"):
        Readout(amplifier=TIA, converter=SAR, difference="current")
    with pytest.raises(xc.ParameterError, match="without a load for one of amperes"):
        Readout(amplifier=CONVEYOR, converter=COUNTER)
    with pytest.raises(xc.ParameterError, match="two ascending ones"):
        SenseAmplifier(thresholds_volt=(0.6, 0.4))
    with pytest.raises(xc.ParameterError, match="charge integrator"):
        Readout(amplifier=INTEGRATOR, converter=SAR, settle_second=1e-9)


def test_reads_count_in_time_and_energy():
    readout = Readout(amplifier=TIA, converter=SAR)
    once, often = (
        xc.Tile(crossbar(), driver, readout).cost() for driver in (Dac(), BitSerial(bits=5))
    )
    assert often.latency_second == approx(4 * once.latency_second)
    assert often.energy_joule["read-outs"] == approx(4 * once.energy_joule["read-outs"])
    assert often.energy_joule["array"] == approx(4 * once.energy_joule["array"])
