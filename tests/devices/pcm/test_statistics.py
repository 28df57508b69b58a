"""The statistics against the published polynomials, with samples enough to catch a coefficient."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as distributions

from closeness import approx
from xbar_circuit.devices import PcmCell, PcmStatistics, PulsedSet, TabulatedCurve
from xbar_circuit.devices.pcm.variability import PcmVariability, accumulated_noise
from xbar_circuit.errors import ParameterError

DRAWS = 1_000_000
PRESETS = ("joshi2020", "hermes_single", "hermes_double")


# The published formulas once more, written by hand in the papers' own units (uS, seconds).
def joshi(x):
    return (
        0.26348 + 1.9650 * x - 1.1731 * x**2,
        min(max(-0.0155 * math.log(x) + 0.0244, 0.049), 0.1),
        min(max(-0.0125 * math.log(x) - 0.0059, 0.008), 0.045),
        min(0.0088 / max(x**0.65, 1e-3), 0.2),
    )


def hermes_nu(x):
    if x < 0.0945:
        return min(max(-0.0387 * math.log(x) - 0.0182, 0.072), 0.13)
    return -0.0436 * x**2 - 0.0126 * x + 0.0736


def hermes_single(x):
    low = x < 0.3039
    sigma_nu = (
        min(max(-0.0120 * math.log(x) - 0.0023, 0.0124), 0.04)
        if low
        else -0.0165 * x**2 + 0.0116 * x + 0.0104
    )
    q = (
        min(max(-0.0078 * math.log(x) + 0.0038, 0.0179), 0.04)
        if x < 0.1591
        else 0.0664 * x**3 - 0.1352 * x**2 + 0.0768 * x + 0.0088
    )
    sigma = 0.15781817 + 2.32443916 * x - 2.16310839 * x**2 + 0.68841818 * x**3
    return sigma, hermes_nu(x), sigma_nu, q


def hermes_double(x):
    sigma_nu = (
        min(max(-0.0117 * math.log(x) - 0.0057, 0.0091), 0.04)
        if x < 0.3055
        else -0.0118 * x**2 + 0.0093 * x + 0.0073
    )
    q = (
        min(max(-0.0117 * math.log(x) - 0.0069, 0.015), 0.04)
        if x < 0.16
        else 0.0069 * x**3 - 0.0280 * x**2 + 0.0211 * x + 0.0123
    )
    sigma = 0.16603222 + 4.71806468 * x - 8.48101252 * x**2 + 4.68961419 * x**3
    return sigma, hermes_nu(x), sigma_nu, q


PAPER = {"joshi2020": joshi, "hermes_single": hermes_single, "hermes_double": hermes_double}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("x", [0.01, 0.05, 0.1, 0.16, 0.2, 0.31, 0.5, 0.8, 1.0])
def test_curves_are_the_published_ones(preset, x):
    stats = getattr(PcmStatistics, preset)()
    sigma, mean_nu, sigma_nu, amplitude = PAPER[preset](x)
    target = x * stats.g_max_siemens
    assert stats.programming_sigma(target) == approx(sigma * 1e-6, rel=1e-12)
    assert stats.drift_mean(target) == approx(mean_nu, rel=1e-9)
    assert stats.drift_sigma(target) == approx(sigma_nu, rel=1e-9)
    root = math.sqrt(math.log((stats.t0_second + stats.read_second) / (2 * stats.read_second)))
    assert stats.read_sigma(target) == approx(target * amplitude * root, rel=1e-9)


def test_joshi_numbers_as_tabulated():
    stats = PcmStatistics.joshi2020()
    sigma = stats.programming_sigma(np.array([0.0, 0.1, 0.5, 1.0]) * 25e-6)
    np.testing.assert_allclose(sigma * 1e6, [0.26348, 0.448249, 0.952705, 1.055380], rtol=1e-6)
    assert stats.drift_mean(2.5e-6) == approx(0.060090, rel=1e-5)
    assert stats.drift_sigma(2.5e-6) == approx(0.022882, rel=1e-4)
    times = np.array([0.0, 3600.0, 86400.0, 365 * 86400.0])
    root = stats.read_sigma(25e-6, times) / (25e-6 * 0.0088)
    np.testing.assert_allclose(root, [4.183825, 4.764755, 5.086810, 5.636958], rtol=1e-6)


def within_three_errors(sample, mean, sigma):
    """Mean and standard deviation within three of their standard errors."""
    n, centred = sample.size, sample - sample.mean()
    fourth = np.mean(centred**4)
    assert abs(sample.mean() - mean) < 3.0 * sigma / math.sqrt(n)
    assert abs(sample.std() - sigma) < 3.0 * math.sqrt((fourth - sigma**4) / n) / (2.0 * sigma)


def rectified(mean, sigma):
    """Moments of a normal variable that is clipped at 0."""
    a = mean / sigma
    above, density = distributions.norm.cdf(a), distributions.norm.pdf(a)
    first = mean * above + sigma * density
    second = (mean**2 + sigma**2) * above + mean * sigma * density
    return first, math.sqrt(second - first**2)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 1.0])
def test_programmed_arrays_have_the_published_moments(preset, x):
    stats = getattr(PcmStatistics, preset)()
    target = x * stats.g_max_siemens
    state = stats.program(np.full(DRAWS, target), rng=np.random.default_rng(7))
    sigma, mean_nu, sigma_nu, amplitude = PAPER[preset](max(x, 1e-7))
    within_three_errors(state.conductance, *rectified(target, sigma * 1e-6))
    folded = distributions.foldnorm(mean_nu / sigma_nu, scale=sigma_nu)
    within_three_errors(state.exponent, folded.mean(), folded.std())
    if x == 0.0:
        assert np.mean(state.conductance == 0.0) == approx(0.5, abs=3 * 0.5e-3)
        return  # no conductance, no noise
    exact = replace(stats, programming_scale=0.0).program(
        np.full(DRAWS, target), rng=np.random.default_rng(9)
    )
    times = [0.0, 3600.0, 86400.0, 365 * 86400.0] if x == 0.1 else [3600.0]
    for seed, seconds in enumerate(times):
        noisy = exact.read(seconds, rng=np.random.default_rng((8, seed))) / exact.at(seconds)
        elapsed = seconds + stats.t0_second
        root = math.sqrt(math.log((elapsed + stats.read_second) / (2 * stats.read_second)))
        within_three_errors(noisy, *rectified(1.0, amplitude * root))


def test_quantiles_of_drift():
    stats = PcmStatistics.joshi2020()
    state = stats.program(np.full(DRAWS, 2.5e-6), rng=np.random.default_rng(4))
    folded = distributions.foldnorm(0.060090 / 0.022882, scale=0.022882)
    levels = np.array([0.01, 0.25, 0.5, 0.75, 0.99])
    expected = folded.ppf(levels)
    error = 3.0 * np.sqrt(levels * (1 - levels) / DRAWS) / folded.pdf(expected)
    assert np.all(np.abs(np.quantile(state.exponent, levels) - expected) < error + 2e-5)
    year = 365 * 86400.0
    kept = state.at(year) / np.where(state.conductance > 0, state.conductance, 1.0)
    np.testing.assert_allclose(
        np.quantile(kept, 1 - levels), ((year + 20) / 20) ** -np.quantile(state.exponent, levels),
        rtol=1e-4,
    )  # fmt: skip


def test_time_of_any_shape_and_no_time_changes_nothing():
    state = PcmStatistics.joshi2020().program(np.full((3, 4), 1e-5), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(state.at(0.0), state.conductance)
    assert state.at([1.0, 60.0]).shape == (2, 3, 4)
    assert state.read([1.0, 60.0], rng=np.random.default_rng(0)).shape == (2, 3, 4)
    assert np.all(state.at(60.0) <= state.at(1.0))


def test_a_seed_repeats_a_tile_whatever_its_neighbours_are():
    stats = PcmStatistics.hermes_single()
    first = stats.program(np.full((8, 8), 5e-6), rng=np.random.default_rng((7, 2, 1)))
    again = stats.program(np.full((8, 8), 5e-6), rng=np.random.default_rng((7, 2, 1)))
    other = stats.program(np.full((8, 8), 5e-6), rng=np.random.default_rng((7, 2, 2)))
    np.testing.assert_array_equal(first.conductance, again.conductance)
    assert np.all(first.conductance != other.conductance)


def test_faults():
    stats = replace(PcmStatistics.joshi2020(), open_fraction=0.02, stuck_fraction=0.03)
    state = stats.program(np.full(200_000, 1e-5), rng=np.random.default_rng(1))
    assert np.mean(state.conductance == 0.0) == approx(0.02, abs=0.001)
    stuck = state.conductance == 25e-6
    assert np.mean(stuck) == approx(0.03, abs=0.0012)
    np.testing.assert_array_equal(state.at(1e6)[stuck], 25e-6)


def test_a_longer_read_is_quieter():
    stats = PcmStatistics.joshi2020()
    assert stats.read_sigma(1e-5, 60.0, read_second=1e-3) < stats.read_sigma(1e-5, 60.0)


def test_heat_wakes_reset_more_than_set_and_leaves_stuck_devices_alone():
    stats = replace(
        PcmStatistics.joshi2020(), activation_sigma_ev=0.01, stuck_fraction=0.1, open_fraction=0.1
    )
    state = stats.program(np.tile([[1e-6], [25e-6]], 20_000), rng=np.random.default_rng(2))
    per_ev = (1 / 300.0 - 1 / 350.0) / 8.617333262e-5
    warm, cool = state.at(60.0, celsius=76.85), state.at(60.0)
    faulty = (state.exponent == 0.0) & ((state.conductance == 25e-6) | (state.conductance == 0.0))
    assert np.mean(faulty) == approx(0.2, abs=0.01)
    np.testing.assert_array_equal(warm[faulty], cool[faulty])
    energy = np.log(
        warm / np.where(cool > 0.0, cool, 1.0), where=cool > 0.0, out=np.zeros(cool.shape)
    )
    energy = energy / per_ev
    for row, wanted in zip((0, 1), (0.193, 0.098), strict=True):  # the compact cell's, see below
        healthy = energy[row][~faulty[row] & (cool[row] > 0.0)]
        assert healthy.mean() == approx(wanted, rel=0.002)
        assert healthy.std() == approx(0.01, rel=0.03)


def test_the_default_activation_is_that_of_the_compact_cell():
    cell, x = PcmCell.sebastian2017(), np.array([0.04, 0.2, 0.5, 1.0])
    u = cell.thickness(x * 25e-6, read_volt=0.2)
    warm = replace(cell, celsius=31.85).conductance(u, read_volt=0.2)
    energy = np.log(warm / cell.conductance(u, read_volt=0.2))
    energy *= 8.617333262e-5 / (1 / 300.0 - 1 / 305.0)
    np.testing.assert_allclose(
        PcmStatistics.joshi2020().activation_ev(x * 25e-6), energy, rtol=0.02
    )
    drawn = PcmStatistics.joshi2020().program(np.full(20_000, 5e-6), rng=np.random.default_rng(4))
    assert drawn.activation_ev.std() == approx(0.005, rel=0.02)  # its devices', too
    assert PcmVariability().activation_ev == approx(0.005)


def test_a_warm_store_ages_faster_and_draws_for_heat_move_no_other_draw():
    stats = PcmStatistics.joshi2020()
    target = np.full(1000, 5e-6)
    state = stats.program(target, rng=np.random.default_rng(3))
    stretch = math.exp(0.4 / 8.617333262e-5 * (1 / 300.0 - 1 / 358.0))
    np.testing.assert_allclose(
        state.at(1e4, storage_celsius=84.85), state.at(1e4 * stretch), rtol=1e-10
    )
    rng, bare = np.random.default_rng(3), np.random.default_rng(3)
    again = stats.program(target, rng=rng)
    bare.standard_normal((2, 1000))
    np.testing.assert_array_equal(again.conductance, state.conductance)
    assert rng.random() == bare.random()


def test_scales_switch_imperfections_off():
    stats = replace(
        PcmStatistics.joshi2020(), programming_scale=0.0, drift_scale=0.0, read_scale=0.0
    )
    target = np.linspace(0, 25e-6, 7)
    state = stats.program(target, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(state.read(1e7, rng=np.random.default_rng(1)), target)


def test_fits_keep_their_last_value_above_g_max():
    stats = PcmStatistics.hermes_single()
    for curve in (stats.programming_sigma, stats.drift_mean, stats.drift_sigma):
        assert curve(50e-6) == curve(stats.g_max_siemens)


def test_custom_tables():
    stats = replace(
        PcmStatistics.joshi2020(), drift_mean_curve=TabulatedCurve(x=(0.0, 1.0), y=(0.1, 0.02))
    )
    assert stats.drift_mean(12.5e-6) == approx(0.06, rel=1e-12)
    assert hash(stats) != hash(PcmStatistics.joshi2020())


def test_refusals():
    stats = PcmStatistics.joshi2020()
    rng = np.random.default_rng(0)
    for target in (np.array([-1e-6]), np.array([np.nan]), np.array(["a"])):
        with pytest.raises(ParameterError, match="target"):
            stats.program(target, rng=rng)
    with pytest.raises(ParameterError, match="rng"):
        stats.program([1e-6], rng=7)
    with pytest.raises(ParameterError, match="seconds"):
        stats.program([1e-6], rng=rng).at(-1.0)
    with pytest.raises(ParameterError, match="open_fraction"):
        replace(stats, open_fraction=0.6, stuck_fraction=0.6)
    with pytest.raises(ParameterError, match="read_curve"):
        replace(stats, read_curve=0.2)
    with pytest.raises(ParameterError, match="abscissae"):
        TabulatedCurve(x=(0.0, 0.0), y=(1.0, 2.0))


def test_pulse_model_reaches_the_published_moments():
    model = PulsedSet.nandakumar2018()
    steps = model.staircase((DRAWS // 2,), pulses=20, rng=np.random.default_rng(5)) * 1e6
    pulses = [1, 5, 10, 20]
    np.testing.assert_allclose(steps[pulses].mean(axis=1), [2.07, 5.93, 7.85, 9.44], rtol=0.01)
    np.testing.assert_allclose(steps[pulses].std(axis=1), [1.53, 2.42, 2.53, 2.70], rtol=0.025)


def test_pulse_model_is_a_state_and_an_input():
    model = PulsedSet.nandakumar2018()
    g, memory = model.pulse(np.zeros(5), np.ones(5), rng=np.random.default_rng(1))
    assert g.shape == memory.shape == (5,)
    assert memory[0] == approx(math.exp(-1 / 2.6), rel=1e-15)
    with pytest.raises(ParameterError, match="conductance"):
        model.pulse([-1.0], [1.0], rng=np.random.default_rng(1))


def test_a_staircase_without_spread_or_floor_is_its_means():
    model = PulsedSet(
        mean_slope=-0.5,
        mean_siemens=1e-6,
        mean_memory_siemens=2e-6,
        sigma_slope=0.0,
        sigma_siemens=0.0,
        sigma_memory_siemens=0.0,
        decay_pulses=2.0,
    )
    found = model.staircase((3,), pulses=2, rng=np.random.default_rng(0))
    first = 1e-6 + 2e-6 * math.exp(-0.5)
    second = 0.5 * first + 1e-6 + 2e-6 * math.exp(-1.0)
    np.testing.assert_allclose(found, np.outer([0.0, first, second], np.ones(3)), rtol=1e-12)


def test_noise_accumulates_as_the_root_of_a_logarithm():
    assert accumulated_noise(100.0, 2.0) == approx(math.sqrt(math.log(102.0 / 4.0)))
    assert accumulated_noise(20.0, 250e-9) == approx(4.183825, rel=1e-6)  # Joshi's at 0 s
    assert accumulated_noise(0.0, 1.0) == 0.0


def test_one_draw_moves_both_drift_exponents_by_their_shares():
    law = PcmVariability(drift_exponent=0.03, thin_drift_exponent=0.006)
    devices = law.draw(PcmCell.sebastian2017(), 4000, rng=np.random.default_rng(1))
    np.testing.assert_allclose(devices.thin_exponent, 0.2 * devices.thick_exponent, rtol=1e-12)
    assert devices.thin_exponent.std() == approx(0.006, rel=0.04)


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_nuclei_are_drawn_with_their_mean_and_spread(spread):
    cell = PcmCell.sebastian2017()
    drawn = PcmVariability(nuclei=spread).draw(cell, 20000, rng=np.random.default_rng(3)).nuclei
    assert drawn.mean() == approx(1.0, rel=0.03)
    if spread == 0.0:
        np.testing.assert_array_equal(drawn, 1.0)
    else:
        assert drawn.std() == approx(spread, rel=0.03)


def test_a_read_is_the_conductance_times_one_and_its_noise():
    cell = PcmCell.sebastian2017().aged(80.0)
    devices = PcmVariability().draw(cell, 500, rng=np.random.default_rng(1))
    u = np.full(500, 30e-9)
    drawn = np.random.default_rng(2).standard_normal(500)
    elapsed = 80.0 + cell.plug.drift_t0_second
    root = math.sqrt(math.log((elapsed + 250e-9) / 500e-9))
    expected = devices.conductance(u) * (1.0 + devices.noise_amplitude(u) * root * drawn)
    found = devices.read(u, rng=np.random.default_rng(2))
    np.testing.assert_allclose(found, np.maximum(expected, 0.0), rtol=1e-12)
    assert found.min() > 0.0


def test_what_is_programmed_warm_conducts_less_at_300_kelvin():
    stats = PcmStatistics.joshi2020()
    target = np.linspace(2e-6, 25e-6, 50)
    room, warm = (
        stats.program(target, rng=np.random.default_rng(4), celsius=celsius)
        for celsius in (26.85, 66.85)
    )
    kelvin = 1.380649e-23 / 1.602176634e-19
    share = np.exp(-room.activation_ev / kelvin * (1 / 300.0 - 1 / 340.0))
    np.testing.assert_allclose(warm.conductance, room.conductance * share, rtol=1e-9)
    assert np.all(share < 0.9)


def test_activation_falls_with_the_conductance():
    stats = PcmStatistics.joshi2020()
    found = stats.activation_ev(np.linspace(0.0, 1.0, 201) * stats.g_max_siemens)
    assert np.all(np.diff(found) < 0.0)
    assert (found[0], found[-1]) == (approx(0.21), approx(0.098))
