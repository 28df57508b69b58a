"""Modes under straight inputs against numerical integration."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from closeness import approx
from xbar_circuit import ParameterError
from xbar_circuit.nodal._modes import _SERIES, Modes, _exponential_moments
from xbar_circuit.nodal.waveform import Waveform

CORNERS, VALUES = np.array([0.0, 1.0, 1.5]), np.array([[0.2], [1.0], [-0.4]])


def a_mode(tau):
    return Modes(
        tau=np.array([tau]),
        force=np.array([[2.0]]),
        output=np.array([[3.0]]),
        corners=CORNERS,
        values=VALUES,
    )


def test_a_mode_follows_its_equation():
    def slope(t, z):
        return (2.0 * np.interp(t, CORNERS, VALUES[:, 0]) - z) / 0.4

    time = np.array([0.3, 1.0, 1.2, 2.5])
    exact = solve_ivp(slope, (0, 2.5), [0.4], rtol=1e-10, atol=1e-12, t_eval=time, max_step=0.05)
    np.testing.assert_allclose(a_mode(0.4).outputs(time)[:, 0], 3.0 * exact.y[0], rtol=1e-6)


def test_integral_and_moment_are_those_of_the_values():
    """From a mode without inertia to one that hardly moves; short spans use a series."""
    for tau in (0.0, 1e-6, 1e-2, 0.4, 30.0, 1e4):
        mode = a_mode(tau)
        begin, length = np.array([0.1, 1.0, 1.6]), np.array([0.6, 0.5, 0.002])
        integral, moment = mode.moments(begin, length)
        for k in range(3):

            def value(t, start=begin[k], mode=mode):
                return mode.outputs(np.array([start + t]))[0, 0]

            settings = {"epsrel": 1e-11, "epsabs": 0.0, "limit": 200}
            places = np.geomspace(1e-8, 1.0, 12)[:-1] * length[k]
            cuts = [0.0, *places, length[k]]
            pairs = list(pairwise(cuts))
            whole = sum(quad(value, *pair, **settings)[0] for pair in pairs)
            lever = sum(quad(lambda t, f=value: t * f(t), *pair, **settings)[0] for pair in pairs)
            assert integral[k, 0] == approx(whole, rel=1e-8)
            assert moment[k, 0] == approx(lever, rel=1e-7)


def test_pulses_of_different_widths_rise_stand_and_fall():
    wave = Waveform.pulse(
        [0.2, -0.1, 0.3], width_second=[3.0, 1.0, 0.0], edge_second=0.5, delay_second=0.25
    )
    time = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.75, 2.0, 2.25, 3.0, 3.75, 4.0, 4.25, 9.0])
    first = [0, 0, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.0, 0.0]
    second = [0, 0, -0.05, -0.1, -0.1, -0.1, -0.05, 0, 0, 0, 0, 0, 0]
    expected = np.array([first, second, np.zeros(13)]).T
    np.testing.assert_allclose(wave.at(time), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(wave.slope_after(0.3), [0.4, -0.2, 0.0], rtol=1e-12)
    np.testing.assert_array_equal(wave.slope_after(9.0), np.zeros(3))
    begin, length = wave.spans(2.1)
    np.testing.assert_allclose(np.append(begin, 2.1)[1:], begin + length, rtol=1e-12)
    assert begin[-1] < 2.1


@pytest.mark.parametrize("seconds", [-1e-12, [0.5, -0.5], float("nan")], ids=str)
def test_a_waveform_has_no_voltage_before_its_first_corner(seconds):
    wave = Waveform(time_second=[0.0, 1.0], volts=[[0.1], [0.3]])
    for ask in (wave.at, wave.slope_after):
        with pytest.raises(ParameterError, match="seconds"):
            ask(seconds)


def test_moments_of_an_exponential_keep_their_digits_on_both_sides_of_the_series():
    x = np.array([1e-12, 1e-6, 1e-3, 0.99 * _SERIES, 1.01 * _SERIES, 0.3, 5.0, 700.0])
    tau = np.array([0.1, 3e-9, 1.0, 2.0, 2.0, 7.0, 1e-3, 1e-9])
    zeroth, first = _exponential_moments(x * tau, tau)
    for k, (ratio, scale) in enumerate(zip(x, tau, strict=True)):
        terms = [(-ratio) ** n / (math.factorial(n) * (n + 2)) for n in range(60)]
        exact = scale**2 * (
            ratio**2 * math.fsum(terms) if ratio < 6.0 else 1.0 - (1.0 + ratio) * math.exp(-ratio)
        )
        assert zeroth[k] == approx(-scale * math.expm1(-ratio), rel=1e-14)
        assert first[k] == approx(exact, rel=1e-11)
    zeroth, first = _exponential_moments(np.array([2.0]), np.array([0.0]))
    assert (zeroth[0], first[0]) == (0.0, 0.0)
