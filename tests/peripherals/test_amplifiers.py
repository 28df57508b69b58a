"""The amplifiers' closed forms against the equations of their circuits."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import (
    ChargeIntegrator,
    CurrentConveyor,
    DifferenceAmplifier,
    OpAmp,
    TransimpedanceAmplifier,
)

OPAMP = OpAmp(dc_gain=20.0, unity_hertz=3e8, offset_volt=4e-3)


def integrated(integrator, ampere):
    """Return output and mean input of a window, from the circuit's two equations.

    The op-amp is one pole, ``d out/dt = 2 pi f_u (plus - minus) - 2 pi f_p (out - middle)``; the
    capacitor was reset, so that out and minus begin where they are equal and at rest.
    """
    amp = integrator.opamp
    unity, pole = 2 * np.pi * amp.unity_hertz, 2 * np.pi * amp.pole_hertz
    plus, middle = integrator.reference_volt + amp.offset_volt, amp.middle_volt
    # unity feedback at rest: pole * (out - middle) = unity * (plus - out)
    start = (unity * plus + pole * middle) / (unity + pole)

    def slope(t, state):
        (out,) = state
        minus = out + ampere * t / integrator.farad
        return [unity * (plus - minus) - pole * (out - middle)]

    window = integrator.window_second
    found = solve_ivp(slope, (0, window), [start], rtol=1e-10, atol=1e-12, dense_output=True)
    time = np.linspace(0.0, window, 20001)
    minus = found.sol(time)[0] + ampere * time / integrator.farad
    return found.y[0, -1], np.trapezoid(minus, time) / window


def test_a_low_gain_integrator_is_its_differential_equation():
    integrator = ChargeIntegrator(opamp=OPAMP, farad=2e-12, window_second=2e-6, switch_ohm=50.0)
    ampere = 1e-7
    idle_out, idle_in = integrated(integrator, 0.0)
    out, minus = integrated(integrator, ampere)
    held, slope = integrator.output_line
    assert held == approx(idle_out, rel=1e-6)
    assert integrator.input_volt == approx(idle_in, rel=1e-6)
    # the closed forms leave out the loop's own settling, 0.5 ns of the 2 us
    assert slope == approx((out - idle_out) / ampere, rel=1e-3)
    assert slope / integrator.ideal_line[1] == approx(20 / 21)
    assert integrator.input_ohm - 50.0 == approx((minus - idle_in) / ampere, rel=5e-3)


def test_the_speed_of_the_op_amp_is_in_the_integrators_input():
    quick = ChargeIntegrator(
        opamp=OpAmp(dc_gain=1e7, unity_hertz=1e8), farad=1e-12, window_second=1e-6
    )
    _, rest = integrated(quick, 0.0)
    _, minus = integrated(quick, 1e-7)
    assert quick.input_ohm - 10.0 == approx((minus - rest) / 1e-7, rel=5e-3)


def test_a_low_gain_transimpedance_amplifier_is_its_kirchhoff_equations():
    amp = OpAmp(dc_gain=20.0, unity_hertz=1e9, offset_volt=-6e-3, output_ohm=300.0)
    tia = TransimpedanceAmplifier(opamp=amp, feedback_ohm=5e3, reference_volt=0.4)
    ampere = 2e-5
    # unknowns: minus, out, inside
    matrix = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [20.0, 0.0, 1.0]])
    drive = amp.middle_volt + 20.0 * (0.4 - 6e-3)
    minus, out, _ = np.linalg.solve(matrix, [5e3 * ampere, 300.0 * ampere, drive])
    rest, _, _ = np.linalg.solve(matrix, [0.0, 0.0, drive])
    assert tia.input_volt == approx(rest)
    assert tia.input_ohm == approx((minus - rest) / ampere)
    assert tia.output_volt(np.array([ampere]))[0] == approx(out)


@pytest.mark.parametrize("gain", [20.0, 1e4])
def test_loop_gain_at_rest_is_the_divider_times_the_gain(gain):
    tia = TransimpedanceAmplifier(opamp=OpAmp(dc_gain=gain), feedback_ohm=6e3)
    assert abs(tia.loop_gain(np.array([1e-3]), 2e3, 0.0)[0]) == approx(gain / 4, rel=1e-6)


def test_a_conveyor_is_its_line():
    one = CurrentConveyor(
        ratio=-0.5, offset_ampere=2e-6, load_ohm=8e3, load_volt=0.3, supply_volt=1.2
    )
    start, slope = one.output_line
    assert (start, slope) == (approx(0.3 + 4e3 * 2e-6), approx(-4e3))
    assert one.ideal_line == (0.3, -4e3)
    assert one.pair_line == (0.3, -4e3)
    assert one.transimpedance_ohm == approx(4e3)
    assert one.power_watt == approx(1.2 * 100e-6)
    assert one.with_gain(6e3).load_ohm == approx(12e3)
    bare = CurrentConveyor(ratio=2.0, offset_ampere=1e-6)
    assert bare.output_line == (approx(-2e-6), 2.0)
    assert bare.ideal_line == (0.0, 2.0)
    assert (one.output_unit, bare.output_unit) == ("V", "A")


def test_a_low_gain_difference_amplifier_is_its_kirchhoff_equations():
    amp = OpAmp(dc_gain=15.0, offset_volt=7e-3, supply_volt=0.9, supply_ampere=40e-6)
    stage = DifferenceAmplifier(opamp=amp, gain=3.0, input_ohm=10e3, reference_volt=0.45)

    def out(plus_column, minus_column):
        # unknowns: inverting node, non-inverting node, out; near 10k, far 30k
        matrix = np.array(
            [
                [1 / 10e3 + 1 / 30e3, 0.0, -1 / 30e3],
                [0.0, 1 / 10e3 + 1 / 30e3, 0.0],
                [15.0, -15.0, 1.0],
            ]
        )
        drive = [plus_column / 10e3, minus_column / 10e3 + 0.45 / 30e3, 0.5 + 15.0 * 7e-3]
        return np.linalg.solve(matrix, drive)[2]

    start, slope = stage.output_line
    common = (out(0.2, 0.2) - out(0.0, 0.0)) / 0.2
    assert abs(common) < 1e-12  # four matched resistors
    assert start == approx(out(0.0, 0.0))
    assert slope == approx((out(0.0, 0.1) - out(0.0, 0.0)) / 0.1)
    assert stage.power_watt == approx(36e-6)


def test_the_op_amp_and_what_is_made_of_it():
    amp = OpAmp(
        dc_gain=2e3, unity_hertz=4e8, output_low_volt=-0.2, supply_volt=1.1, supply_ampere=70e-6
    )
    assert amp.pole_hertz == approx(2e5)
    assert amp.middle_volt == approx(0.4)
    assert amp.power_watt == approx(77e-6)
    integrator = ChargeIntegrator(
        opamp=amp, farad=2e-12, window_second=5e-8, reset_second=4e-9, hold_second=3e-9
    )
    assert integrator.transimpedance_ohm == approx(25e3)
    assert integrator.settle_second == approx(57e-9)
    assert integrator.power_watt == approx(77e-6)
    assert integrator.ideal_line == (0.5, approx(-25e3))
    assert integrator.with_gain(5e4).farad == approx(1e-12)
    tia = TransimpedanceAmplifier(opamp=amp, feedback_ohm=3e3)
    assert tia.ideal_line == (0.5, -3e3)
    slow = TransimpedanceAmplifier(opamp=amp, feedback_ohm=3e3, feedback_farad=6e-15)
    other = slow.with_gain(9e3)
    assert (other.feedback_ohm, other.feedback_farad) == (9e3, approx(2e-15))
    assert tia.power_watt == approx(77e-6)


@pytest.mark.parametrize(
    "name", ["dc_gain", "unity_hertz", "supply_volt", "second_pole_hertz", "slew_volt_per_second"]
)
def test_an_op_amp_without_gain_speed_or_supply_is_refused(name):
    for value in (0.0, -1.0):
        with pytest.raises(xc.ParameterError, match=name):
            OpAmp(**{name: value})


@pytest.mark.parametrize("slew", [1e8, math.inf])
def test_an_overdriven_op_amp_comes_back_within_a_fifth_of_its_range(slew):
    """Its inner node is held a fifth beyond the output's half range, by 20 times gm."""
    amp = OpAmp(dc_gain=1e4, unity_hertz=1e9, slew_volt_per_second=slew)
    half = 0.5 * (amp.output_high_volt - amp.output_low_volt)
    middle = 0.5 * (amp.output_high_volt + amp.output_low_volt)
    speed = min(slew, 2e9 * math.pi)  # of the inner node at 1 V [V/s]
    beyond = min(slew / (2e9 * math.pi), 1.0) / 20.0  # what the input stage pushes it further [V]
    back = (1.2 * half + beyond * math.log(2.0)) / speed  # input and clamp pull it back together
    deck = "\n".join([
        "overload", *amp.spice_subcircuit("amp"), f"Vdd vdd 0 {amp.supply_volt}",
        f"Vin plus 0 PWL(0 1 100n 1 {100e-9 + back / 1e3!r} -1)", "Xamp plus 0 out vdd amp",
    ])  # fmt: skip
    step = back / 100
    analysis = xc.spice.Tran(step_second=step, stop_second=1e-7 + 2 * back, max_step_second=step)
    plot = xc.spice.run(deck, analysis, vectors=["v(out)"])[0]
    after = plot["time"] > 1e-7
    crossing = np.interp(-middle, -plot["v(out)"][after], plot["time"][after])
    assert crossing - 1e-7 == approx(back, rel=0.005)


def test_half_an_ohm_of_a_conveyors_input_is_in_the_deck():
    lines = CurrentConveyor(input_ohm=0.5).spice_definition("one")
    found = [line.split() for line in lines if line.startswith("Rinput")]
    assert [(one[1:3], float(one[3])) for one in found] == 2 * [(["input", "held"], 0.5)]
    bare = CurrentConveyor(input_ohm=0.0).spice_definition("one")
    assert not any(line.startswith("Rinput") for line in bare)
    assert CurrentConveyor().settle_second == approx(5e-9)


def test_the_columns_noise_is_in_the_output_unless_it_is_left_out():
    amp = OpAmp(unity_hertz=1e9, noise_volt_per_root_hertz=5e-9)
    tia = TransimpedanceAmplifier(opamp=amp, feedback_ohm=6e3)
    assert tia.output_noise(2.5e3) == tia.output_noise(2.5e3, column=True)
    assert tia.output_noise(2.5e3) > 1.05 * tia.output_noise(2.5e3, column=False)


def test_an_amplifier_that_states_no_noise_has_none():
    stated_by_none = super(CurrentConveyor, CurrentConveyor())
    assert stated_by_none.output_noise(1e3) == 0.0
    assert stated_by_none.output_density(1e3) == 0.0
