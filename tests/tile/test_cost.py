"""What a product of a tile costs, against sums made by hand."""

import dataclasses
import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import (
    BitSerial,
    Dac,
    DifferenceAmplifier,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Readout,
    Sar,
    TransimpedanceAmplifier,
)
from xbar_circuit.tile import HERMES_CORE

G = np.array([[10e-6, 20e-6], [30e-6, 5e-6], [1e-6, 8e-6]])
WIRES = xc.Wires(row_ohm=1.0, column_ohm=1.0, row_farad=0.4e-15, column_farad=0.3e-15)
TIA = TransimpedanceAmplifier(
    opamp=OpAmp(supply_volt=1.2, supply_ampere=50e-6), feedback_ohm=5e3, settle_second=4e-9
)
SAR = Sar(bits=6, clock_hertz=2e9)


def a_tile(driver=None, **parts):
    readout = Readout(**({"amplifier": TIA, "converter": SAR} | parts))
    driver = driver or Dac(bits=7, full_scale_volt=0.15, farad=6e-15)
    return xc.Tile(xc.Crossbar(conductance=G, wires=WIRES), driver, readout)


def test_levels_draw_ohms_law_for_a_period_and_charge_their_lines_once():
    tile = a_tile()
    x = np.array([[1.0, -0.5, 0.0], [0.25, 1.0, -1.0]])
    volts = np.rint(x * 63) / 63 * 0.15
    period = tile.period_second
    cost = tile.cost(x)
    assert cost.latency_second == period == approx(4e-9 + SAR.conversion_second)
    assert cost.energy_joule == approx(
        {
            "drivers": (volts**2).sum(axis=1).mean() * (6e-15 + 2 * 0.4e-15),
            "array": (volts**2 @ G.sum(axis=1)).mean() * period,
            "read-outs": 2 * (SAR.energy_joule + 1.2 * 50e-6 * period),
        }
    )
    assert cost.operations == 12
    assert cost.total_joule == approx(sum(cost.energy_joule.values()))
    assert cost.tops_per_watt == approx(12e-12 / cost.total_joule)
    assert cost.area_square_metre == approx(HERMES_CORE["area_square_metre"] * 6 / 65536)
    found = json.loads(json.dumps(cost.to_dict()))
    assert found["total_joule"] == cost.total_joule
    assert found["tops_per_watt"] == cost.tops_per_watt


def test_pulses_draw_for_their_time():
    counter = OscillatorCounter(bits=6, full_scale_ampere=1e-5, window_second=40e-9)
    pwm = PulseWidth(bits=5, full_scale_volt=0.2, clock_hertz=1e9, farad=5e-15)
    tile = a_tile(pwm, amplifier=None, converter=counter)
    cost = tile.cost(np.array([[1.0, -7 / 15, 0.0]]))
    on = np.array([15e-9, 7e-9, 0.0])
    assert cost.energy_joule == approx(
        {
            "drivers": 2 * 0.2**2 * (5e-15 + 2 * 0.4e-15),
            "array": 0.2**2 * on @ G.sum(axis=1),
            "read-outs": 2 * counter.energy_joule,
        }
    )


def test_reads_one_by_one_add_up():
    serial = BitSerial(bits=4, full_scale_volt=0.1)
    tile = a_tile(serial)
    cost = tile.cost(np.array([[5 / 7, -1.0, 1 / 7]]))  # 101, 111, 001
    ones = np.array([2, 3, 1])
    assert cost.latency_second == approx(3 * tile.period_second)
    assert cost.energy_joule["array"] == approx(0.1**2 * ones @ G.sum(axis=1) * tile.period_second)
    assert cost.energy_joule["read-outs"] == approx(3 * 2 * tile.readout_joule())


def test_pairs_share_a_converter_and_count_once():
    stage = DifferenceAmplifier(opamp=OpAmp(supply_volt=1.0, supply_ampere=30e-6))
    tile = a_tile(difference=stage)
    period = tile.period_second
    expected = 0.5 * SAR.energy_joule + (60e-6 + 0.5 * 30e-6) * period
    assert tile.readout_joule() == approx(expected)
    assert tile.cost().operations == 6
    measured = tile.readout_joule(2e-3)
    assert measured == approx(0.5 * SAR.energy_joule + 2e-3 * period)


def test_a_circuit_wants_its_measured_power():
    own = dataclasses.replace(TIA, opamp=OpAmp(supply_ampere=0.0))
    assert a_tile(amplifier=own).readout_joule() == approx(SAR.energy_joule)
    assert HERMES_CORE["energy_joule"] == approx(12.483e-9, rel=1e-4)
    assert HERMES_CORE["area_square_metre"] == approx(0.634e-6, rel=1e-3)
    with pytest.raises(xc.ParameterError, match="x"):
        a_tile().cost(np.array([[2.0, 0.0, 0.0]]))
