"""The amplifier's bench against closed forms of a known op-amp, and on transistors."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import OpAmp, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.resources import device_model
from xbar_circuit.studies import characterize_amplifier

BOLTZMANN_TIMES_27_C = 1.380649e-23 * 300.15


def array(rows=16, column_farad=0.0):
    conductance = np.random.default_rng(2).uniform(2e-6, 40e-6, (rows, 2))
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0, column_farad=column_farad)
    return xc.Crossbar(conductance=conductance, wires=wires)


@pytest.fixture(scope="module")
def known():
    opamp = OpAmp(
        dc_gain=2000.0,
        unity_hertz=2e9,
        offset_volt=2e-3,
        noise_volt_per_root_hertz=5e-9,
        slew_volt_per_second=5e8,
        output_low_volt=0.1,
        output_high_volt=0.9,
        supply_ampere=150e-6,
    )
    amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=8e3)
    xbar = array()
    source_ohm = 1.0 / xc.nodal.transfer(xbar)[:, 0].sum()
    report = characterize_amplifier(amplifier, crossbar=xbar, pattern=np.full(16, 0.1))
    return amplifier, source_ohm, report


def test_gain_offset_and_input_resistance(known):
    amplifier, source, report = known
    np.testing.assert_allclose(report.input_ohm, amplifier.input_ohm, rtol=1e-4)
    np.testing.assert_allclose(
        report.gain_ohm, amplifier.feedback_ohm - amplifier.input_ohm, rtol=1e-4
    )
    # without input: held - reference, then the column's own current at that voltage
    held = amplifier.input_volt - amplifier.reference_volt
    current = -held / (source + amplifier.input_ohm)
    expected = amplifier.output_volt(np.array(current)) - amplifier.reference_volt
    np.testing.assert_allclose(report.offset_volt, expected, rtol=1e-4)


def test_loop_gain_crossing_and_phase_margin(known):
    amplifier, source, report = known
    loop = amplifier.loop_gain(report.hertz, source, 0.0)
    inside = report.hertz < 1e10
    np.testing.assert_allclose(report.loop[inside], loop[inside], rtol=2e-3)
    expected = 2e9 * source / (source + 8e3)
    np.testing.assert_allclose(report.unity_loop_hertz, expected, rtol=5e-3)
    assert abs(report.phase_margin_degree - 90.0) < 0.5


def test_input_impedance_over_frequency(known):
    _, _, report = known
    gain = 2000.0 / (1 + 2j * np.pi * report.hertz / (2 * np.pi * 1e6))
    inside = report.hertz < 1e10
    np.testing.assert_allclose(
        report.input_impedance[inside], (8e3 / (1 + gain))[inside], rtol=2e-3
    )


def test_settling_is_the_exponential_of_the_closed_loop(known):
    _, source, report = known
    noise_gain = 1.0 + 8e3 / source
    tau = noise_gain / (2 * np.pi * 2e9) / (1.0 + noise_gain / 2000.0)
    full_scale = 0.1 / source * 8e3
    slewing = full_scale / 5e8
    # slews first; the rest is the exponential to half an LSB
    assert tau * np.log(2**9) < report.settling_second < tau * np.log(2**9) + slewing


def test_fast_slew_settles_as_the_closed_form_within_two_percent():
    opamp = OpAmp(dc_gain=1e4, unity_hertz=1e9, output_low_volt=-5.0, output_high_volt=5.0)
    xbar = array()
    source = 1.0 / xc.nodal.transfer(xbar)[:, 0].sum()
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=5e3),
        crossbar=xbar,
        pattern=np.full(16, 0.1),
        bits=10,
    )
    tau = (1.0 + 5e3 / source) / (2 * np.pi * 1e9) / (1.0 + (1.0 + 5e3 / source) / 1e4)
    np.testing.assert_allclose(report.settling_second, tau * np.log(2**11), rtol=0.02)
    assert abs(report.overshoot) < 1e-6


def test_second_pole_rings_as_the_second_order_closed_form():
    # loop T = w0 / (s (1 + s / w2)): damping 0.5 * sqrt(w2 / w0)
    xbar = array()
    source = 1.0 / xc.nodal.transfer(xbar)[:, 0].sum()
    crossing = 1e9 * source / (source + 5e3)
    opamp = OpAmp(
        dc_gain=1e5,
        unity_hertz=1e9,
        second_pole_hertz=crossing,
        output_low_volt=-5.0,
        output_high_volt=5.0,
    )
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=5e3),
        crossbar=xbar,
        pattern=np.full(16, 0.05),
    )
    damping = 0.5
    expected = np.exp(-np.pi * damping / np.sqrt(1 - damping**2))
    np.testing.assert_allclose(report.overshoot, expected, rtol=0.02)
    assert 51.0 < report.phase_margin_degree < 52.5  # 90 - atan(0.786)


def test_slew_swing_noise_and_supply(known):
    amplifier, source, report = known
    np.testing.assert_allclose(report.slew_volt_per_second, 5e8, rtol=0.01)
    assert 0.1 < report.swing_low_volt < 0.13
    assert 0.87 < report.swing_high_volt < 0.9
    np.testing.assert_allclose(report.supply_ampere, 150e-6, rtol=1e-6)
    np.testing.assert_allclose(report.energy_joule, 150e-6 * amplifier.settle_second, rtol=1e-6)
    # all noise below the closed loop's pole: op-amp, feedback resistor, devices and wires
    noise_gain = 1.0 + 8e3 / source
    density = (5e-9 * noise_gain) ** 2 + 4 * BOLTZMANN_TIMES_27_C * 8e3 * noise_gain
    width = np.pi / 2 * 2e9 / noise_gain * (1 + noise_gain / 2000.0)
    shrink = (1 + noise_gain / 2000.0) ** -2
    np.testing.assert_allclose(report.noise_volt, np.sqrt(density * width * shrink), rtol=0.03)


def test_transistor_amplifier_on_a_loaded_column():
    opamp = Subcircuit(
        device_model("two_stage_opamp.lib"),
        "two_stage_opamp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    report = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=4e3),
        crossbar=array(64, column_farad=0.2e-15),
        pattern=np.full(64, 0.05),
    )
    assert abs(report.gain_error) < 0.05
    assert 45.0 < report.phase_margin_degree < 120.0
    assert 1e-9 < report.settling_second < 30e-9
    assert 0.3e-3 < report.supply_ampere < 3e-3
    # Blackman: column and input in parallel are the open-loop resistance over 1 + T, and that lies
    # between the column alone and the column with the feedback resistor grounded
    source = 1.0 / xc.nodal.transfer(array(64))[:, 0].sum()
    both = 1.0 / (1.0 / report.input_ohm + 1.0 / source)
    lowest = 1.0 / (1.0 / source + 1.0 / 4e3)
    assert lowest < both * (1.0 + report.loop_gain) < source
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_silent_column_is_refused():
    amplifier = TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=1e3)
    with pytest.raises(xc.ParameterError, match="no current"):
        characterize_amplifier(amplifier, crossbar=array(), pattern=np.zeros(16))
