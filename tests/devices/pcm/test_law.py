"""The equations of the PCM cell, each written out again with the numbers of a cell like no other.

Every parameter differs from its default, so that none can be taken for another; temperatures,
thicknesses and drives lie where the parameter under test decides.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from closeness import approx
from xbar_circuit import _compiler as compiler
from xbar_circuit.devices import AmorphousPlug, CrystalGrowth, HotSpot, PcmCell, ThresholdSwitch
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm._read_states import ReadStates
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.devices.pcm.threshold_switch import fold

K_EV = 1.380649e-23 / 1.602176634e-19  # exact (SI)
ODD = PcmCell(
    plug=AmorphousPlug(
        radius_metre=17e-9, trap_density=5e24, trap_spacing_metre=5.2e-9, attempt_second=3e-14,
        activation_ev=0.21, thin_ev=0.05, thin_metre=16e-9, contact_metre=7e-9,
        drift_exponent=0.14, thin_drift_exponent=0.06, drift_t0_second=8.0, relaxation_ev=0.5,
        bulk_metre=45e-9, noise_amplitude=0.2, thin_noise_amplitude=0.02, asymmetry=0.15,
        liner_ohm_per_metre=8e13,
    ),
    switch=ThresholdSwitch(
        on_siemens=3e-3, on_volt=0.38, on_field=21e6, hold_margin_volt=0.05, threshold_volt=0.6,
        threshold_field=34e6, carrier_log=1.5, width_volt=0.03, softness_volt=0.04,
        switching_second=2e-9,
    ),
    growth=CrystalGrowth(
        melt_celsius=610.0, glass_celsius=140.0, activation_ev=2.7,
        fusion_joule_per_cubic_metre=5e8, monomer_cubic_metre=3.3e-28, vft_celsius=-40.0,
        peak_celsius=440.0, peak_speed=0.3,
    ),
    heat=HotSpot(
        celsius_per_watt=3e6, depth_metre=150e-9, reach_metre=250e-9, overheat_celsius=220.0,
        second=4e-9, valid_metre=80e-9,
    ),
    series_ohm=2.1e3, crystal_ohm=14e3, crystal_activation_ev=0.08, crystal_drift_exponent=0.03,
    parasitic_farad=30e-15, growth_contact_metre=6e-9, crystal_gap_metre=0.03e-9,
    nuclei_spacing_metre=20e-9, celsius=46.85, age_second=500.0, storage_celsius=36.85,
)  # fmt: skip
P = ODD.numbers
AGE = math.log1p(500.0 * math.exp(0.5 / K_EV * (1 / 300.0 - 1 / 310.0)) / 8.0)
SOLID = np.array([0.5e-9, 12e-9, 70e-9])
BULK = SOLID**2 / (SOLID**2 + 45e-9**2)
NU = 0.06 + (0.14 - 0.06) * BULK
MELT, ROOM = 883.15, 320.0  # of this cell [K]


def shape(t, limit):
    """Return Burr's velocity without its prefactor: drive and mobility, written out."""
    melt, glass, vft = MELT, 413.15, 233.15
    slope = 2.7 / K_EV * ((glass - vft) / glass) ** 2
    log = np.where(
        t > glass, slope * (1 / (t - vft) - 1 / (glass - vft)), 2.7 / K_EV * (1 / t - 1 / glass)
    )
    energy = 5e8 * 3.3e-28 * (melt - t) / melt * (t / melt) / (1.380649e-23 * t)
    return t / (np.exp(log) + limit) * 2.0 * np.sinh(energy / 2.0)


def test_growth_is_burrs_law_with_its_peak_where_it_is_asked_for():
    peak, step = 713.15, 0.01

    def tilt(log_limit):
        return float(np.diff(np.log(shape(peak + np.array([-step, step]), math.exp(log_limit))))[0])

    limit = math.exp(brentq(tilt, -40.0, 0.0, xtol=1e-12))
    t = np.array([300.0, 380.0, 413.15, 450.0, 600.0, 713.15, 800.0, 883.15, 950.0])
    expected = 0.3 * shape(t, limit) / shape(np.array(peak), limit)
    assert ODD.growth.interface_limit == approx(limit, rel=1e-4)
    np.testing.assert_allclose(ODD.growth.velocity(t - 273.15), expected, rtol=1e-4, atol=1e-13)
    np.testing.assert_allclose(law.velocity(P, t), expected, rtol=1e-4, atol=1e-13)
    frozen = ODD.growth.velocity(np.array([100.0, 200.0, 2000.0, 3000.0]) - 273.15)
    assert frozen[0] == frozen[1]
    assert frozen[2] == frozen[3]


def test_the_age_is_that_of_a_stretched_time():
    assert float(P.log_age) == approx(AGE)
    assert ODD.plug.stretch(36.85) == approx(math.exp(0.5 / K_EV * (1 / 300.0 - 1 / 310.0)))


def test_the_barrier_of_a_thin_plug_is_lower_and_rises_with_age():
    barrier = (0.21 - 0.05 * np.exp(-SOLID / 16e-9)) / K_EV + 300.0 * NU * AGE
    np.testing.assert_allclose(law.bulk_share(P, SOLID), BULK, rtol=1e-12)
    np.testing.assert_allclose(law.drift_exponent(P, SOLID), NU, rtol=1e-12)
    np.testing.assert_allclose(law.barrier(P, SOLID, np.array(AGE)), barrier, rtol=1e-12)
    amplitude = 0.02 + (0.2 - 0.02) * BULK
    np.testing.assert_allclose(law.noise_amplitude(P, SOLID), amplitude, rtol=1e-12)


def chord(volt, t):
    """Return the plug's I / V from Poole and Frenkel's law [S]."""
    energy = (0.21 - 0.05 * np.exp(-SOLID / 16e-9)) / K_EV + 300.0 * NU * AGE
    scale = 2 * 1.602176634e-19 * math.pi * 17e-9**2 * 5e24 * 5.2e-9 / 3e-14
    argument = volt * 5.2e-9 / (2 * K_EV * t * (SOLID + 7e-9))
    field = scale * np.exp(-energy / t) * np.sinh(argument) * (SOLID + 7e-9) / SOLID / volt
    return field * (1 + 0.15 * volt / math.hypot(volt, 0.05)) + 1 / (8e13 * SOLID)


@pytest.mark.parametrize("volt", [0.05, -0.2, 0.6])
def test_the_whole_cell_is_plug_crystal_and_open_path(volt):
    t, state = np.array(335.0), 0.7
    plug = chord(volt, 335.0)
    np.testing.assert_allclose(
        law.plug(P, np.array(volt), t, SOLID, np.array(AGE))[0], plug, rtol=1e-9
    )
    crystal = 14e3 * math.exp(0.08 / K_EV * (1 / 335.0 - 1 / 300.0) + 0.03 * AGE)
    assert float(law.crystal_ohm(P, t, np.array(AGE))) == approx(crystal)
    offset = 0.38 + 21e6 * SOLID

    def soft(x):
        return 0.04 * np.log1p(np.exp(x / 0.04))

    opened = 3e-3 * (soft(volt - offset) - soft(-volt - offset))
    on, slope = law.on_current(P, np.array(volt), SOLID)
    np.testing.assert_allclose(on, opened, rtol=1e-9)
    rising = [1 / (1 + np.exp(-(way * volt - offset) / 0.04)) for way in (1, -1)]
    np.testing.assert_allclose(slope, 3e-3 * sum(rising), rtol=1e-9, atol=1e-17)
    expected = volt / (1 / plug + crystal) + state**8 * opened
    found, *_ = law.gst_current(P, np.array(volt), t, np.array(state), SOLID, np.array(AGE))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_small_signals_leave_the_heater_the_crystal_and_the_plug_in_series():
    plug = chord(1e-9, ROOM)
    crystal = 14e3 * math.exp(0.08 / K_EV * (1 / ROOM - 1 / 300.0) + 0.03 * AGE)
    rest = 2.1e3 + crystal
    np.testing.assert_allclose(
        law.off_conductance(P, np.array(ROOM), SOLID), 1 / (rest + 1 / plug), rtol=1e-6
    )
    noise = (0.02 + 0.18 * BULK) * (1 / plug) / (1 / plug + rest)
    np.testing.assert_allclose(law.cell_noise(P, SOLID), noise, rtol=1e-6)


def test_the_threshold_follows_temperature_and_age_and_folds():
    room, warm = 0.21 - 1.5 * K_EV * 300.0, 0.21 - 1.5 * K_EV * ROOM
    field = 34e6 * warm / room * (1 + K_EV * 300.0 * 0.14 / warm * AGE)
    threshold = 0.6 + field * SOLID
    np.testing.assert_allclose(law.threshold(P, SOLID, np.array(AGE)), threshold, rtol=1e-9)
    reach = threshold - (0.38 + 0.05 + 21e6 * SOLID)
    np.testing.assert_allclose(law.span(P, SOLID, np.array(AGE)), reach, rtol=1e-9)
    volt, state = 0.9, 0.3
    target = 1 / (1 + np.exp(-(math.hypot(volt, 1e-3) - threshold + reach * state) / 0.03))
    np.testing.assert_allclose(
        law.switch_target(P, np.array(volt), np.array(state), SOLID, np.array(AGE)),
        target,
        rtol=1e-9,
    )
    # the fold: the largest voltage whose state equation still has a solution near 0
    x = np.linspace(1e-6, 0.5, 500_001)
    for solid, top, margin in zip(SOLID[1:], threshold[1:], reach[1:], strict=True):
        volts = top - margin * x + 0.03 * np.log(x / (1 - x))
        found = float(fold(P, np.array(solid), np.array(AGE)))
        assert found == approx(math.sqrt(volts.max() ** 2 - 1e-6), rel=1e-7)


def test_heat_at_the_front_and_the_molten_core():
    source, thickness = np.array([300.0, 550.0, 900.0, 3000.0]), np.array(40e-9)
    melt = MELT - ROOM
    f = np.minimum(source, melt) + 220.0 * (1 - np.exp(-np.maximum(source - melt, 0.0) / 220.0))
    np.testing.assert_allclose(law.heated(P, source), f, rtol=1e-9)
    decay = (1 - 40e-9 / 250e-9) / (1 + 40e-9 / 150e-9)
    front = np.minimum(decay * source, melt) + 220.0 * (
        1 - np.exp(-np.maximum(decay * source - melt, 0.0) / 220.0)
    )
    np.testing.assert_allclose(law.interface(P, source, thickness), ROOM + front, rtol=1e-9)
    assert law.interface(P, np.array(3000.0), np.array(300e-9)) == ROOM  # beyond the heat's reach
    # where the decay leaves the melting point; 10 K of softness at the onset
    at = law.molten_length(P, np.array([3000.0, melt]))
    assert (1 - at[0] / 250e-9) / (1 + at[0] / 150e-9) == approx(melt / 3000.0, rel=1e-9)
    ratio = melt / (melt + 10.0 * math.log(2.0))
    assert at[1] == approx((1 - ratio) / (1 / 250e-9 + ratio / 150e-9))


def test_the_front_and_the_nuclei_grow_and_only_melting_is_not_slowed():
    for source, thickness in ((380.0, 30e-9), (380.0, 4e-9), (1200.0, 10e-9)):
        solid = thickness + 0.03e-9
        outer = law.velocity(P, law.interface(P, np.array(source), np.array(thickness)))
        inner = law.velocity(P, law.interface(P, np.array(source), np.array(thickness - solid / 2)))
        slow = (thickness / (thickness + 0.03e-9 + 6e-9)) ** 2
        nuclei = 2 * solid / 20e-9 * max(float(inner), 0.0)
        expected = (max(float(outer), 0.0) + nuclei) * slow + min(float(outer), 0.0)
        found = law.shrink(P, np.array(source), np.array(thickness), np.array(solid))
        assert float(found) == approx(expected, rel=1e-9)


def test_relaxation_is_arrhenius_and_a_melt_forgets_it_within_a_nanosecond():
    stretch, melt = math.exp(0.5 / K_EV * (1 / 300.0 - 1 / 330.0)), MELT - ROOM
    cold = law.relaxation(P, np.array(330.0), np.array(0.0), np.array(2.0))
    assert float(cold) == approx(stretch / 8.0 * math.exp(-2.0), rel=1e-9)
    half = law.relaxation(P, np.array(330.0), np.array(melt), np.array(2.0))
    assert float(half) == approx(-2.0 * 0.5 / 1e-9, rel=1e-6)
    quarter = law.relaxation(P, np.array(330.0), np.array(melt - 10 * math.log(3)), np.array(2.0))
    assert float(quarter) == approx(-2.0 * 0.25 / 1e-9, rel=1e-6)


def test_heater_and_load_charge_the_capacitance_across_the_gst():
    """All crystal and cold, without activation: one resistor, one capacitor."""
    cell = replace(PcmCell(), parasitic_farad=1e-12, crystal_activation_ev=0.0)
    volt, load = 0.02, 20e3
    driven = transient(
        cell, 0.0, [0.0, 1e-15, 1.5e-8], [0.0, volt, volt], load_ohm=load, relative=1e-6
    )
    outer, inner = load + 1.75e3, 1 / float(cell.conductance(0.0)) - 1.75e3
    tau = 1e-12 / (1 / outer + 1 / inner)
    across = volt * inner / (inner + outer) * (1 - np.exp(-driven.seconds / tau))
    current = (volt - across) / outer
    np.testing.assert_allclose(driven.current[5:, 0], current[5:], rtol=5e-5)


def test_the_energy_of_a_pulse_is_the_integral_of_its_power():
    pulse = Pulse(volt=0.3, width_second=1e-7, rise_second=1e-8, fall_second=2e-8, load_ohm=3e3)
    times, volts = pulse.waveform()
    trace = transient(PcmCell(), 0.0, times, volts, load_ohm=3e3, relative=1e-5)
    g = 1 / (3e3 + 1 / float(PcmCell().conductance(0.0, read_volt=0.25)))
    expected = 0.09 * g * (1e-7 + 3e-8 / 3.0)  # an edge has a third of a plateau's square
    assert float(trace.energy_joule[0]) == approx(expected, rel=0.02)


@pytest.mark.skipif(not compiler.available(), reason="the table is of the compiled loops")
def test_the_table_of_starts_is_the_laws_division_of_the_voltage():
    """So good that one step of Newton's iteration ends it: within 1e-6 between its lines."""
    from xbar_circuit.devices.pcm import _read_loops as loops

    cell = PcmCell()
    thickness = np.geomspace(2e-10, 9e-8, 2048)
    _, cells, per_volt, starts = ReadStates(cell.numbers, thickness)._prepare(loops)
    for volt in (0.02, 0.1, 0.2):
        node = round(volt * per_volt)
        exact = read_law.read(cell.numbers, np.full(thickness.shape, node / per_volt), thickness)
        wanted = 1.0 - cell.series_ohm * exact.current * per_volt / node
        line = cells[6].astype(int)
        found = sum(cells[7 + k] * starts[line + k, node + 1] for k in range(4))
        assert np.abs(found - wanted).max() < 1e-6
