"""The amplifiers' closed forms against the equations of their circuits."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from closeness import approx
from xbar_circuit.peripherals import ChargeIntegrator, OpAmp, TransimpedanceAmplifier

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
