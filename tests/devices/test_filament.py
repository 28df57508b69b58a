"""A filament cell: its law, its limits, and writes on arrays in both engines."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import solve_ivp

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import FilamentCell, Pulse, Sinh
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import WriteLines
from xbar_circuit.resources import device_model

CELL = FilamentCell()
PULSE = Pulse(volt=2.4, width_second=50e-9, rest_second=10e-9, load_ohm=5e3)


def array(lengths, **wires):
    nm = np.atleast_2d(lengths)
    return xc.Crossbar(
        conductance=CELL.conductance(1e-9 * nm),
        wires=xc.Wires(**({"row_ohm": 2.0, "column_ohm": 3.0} | wires)),
        cell=CELL,
    )


def drive(xbar, pulse=PULSE, scheme="half", **more):
    selected = xbar.rows // 2, xbar.cols // 2
    return WriteLines.biased(xbar.shape, selected=selected, pulse=pulse, scheme=scheme, **more)


def published(t, state, volt):
    """SkyWater's equations as the library has them: rates of length [m/s] and temperature [K/s]."""
    x, kelvin = state
    v = volt(t)
    thermal = constants.k * kelvin / constants.e
    gamma = 16.5 - 1.25 * ((5e-9 - x) / 1e-9) ** 3
    lowered = gamma * 0.25e-9 / 5e-9 * v
    growth = 150.0 * (np.exp((lowered - 1.501) / thermal) - np.exp((-lowered - 1.5) / thermal))
    current = 6.14e-5 * np.exp(-(5e-9 - x) / (5e-9 - 4.7249e-9)) * np.sinh(v / 0.43)
    return [growth, abs(v * current) / 3.1825e-16 - (kelvin - 300.0) / 0.23e-9]


def alone(start, pulse, load_ohm):
    """One cell behind a resistor, by SciPy and the library's own equations; length at the end."""
    times, volts = pulse.waveform()

    def across(t, x):
        whole = np.interp(t, times, volts)
        size = 6.14e-5 * np.exp(-(5e-9 - x) / (5e-9 - 4.7249e-9))
        low, high = min(whole, 0.0), max(whole, 0.0)
        for _ in range(60):
            v = 0.5 * (low + high)
            if v + load_ohm * size * np.sinh(v / 0.43) < whole:
                low = v
            else:
                high = v
        return v

    found = solve_ivp(
        lambda t, s: (
            published(t, (1e-9 * s[0], 1e3 * s[1]), lambda at: across(at, 1e-9 * s[0]))
            * np.array([1e9, 1e-3])
        ),
        (0.0, times[-1]),
        [start, 0.3],
        method="LSODA",
        rtol=1e-8,
        atol=1e-10,
        max_step=5e-10,
    )
    assert found.success
    return found.y[0, -1], 1e3 * found.y[1].max() - 273.15


def test_it_reads_as_the_library_says():
    """61.3089 nA, 780.906 nA and 20.57829 uA at 0.2 V: what the library's cell conducts."""
    g = CELL.conductance([3.3e-9, 4.0e-9, 4.9e-9])
    current = CELL.respond(np.array(0.2), np.array(0.0), g).current
    assert current == approx([61.3089e-9, 780.906e-9, 20.57829e-6], rel=1e-6)
    assert CELL.length(g) == approx([3.3e-9, 4.0e-9, 4.9e-9], rel=1e-12)
    bare = Sinh(v0_volt=0.43).respond(np.array(0.7), np.array(0.1), g)
    assert CELL.respond(np.array(0.7), np.array(0.1), g).current == approx(bare.current, rel=1e-15)
    written = CELL.written_current(np.array([[3.3, 0.0], [4.9, 0.1]]), np.array(-0.6))
    assert written == approx(
        CELL.respond(np.array(-0.6), np.array(0.0), g[[0, 2]]).current, rel=1e-12
    )


@pytest.mark.parametrize(
    ("length", "volt", "kelvin"),
    [
        (3.5, 1.6, 300.0),
        (4.2, 1.2, 420.0),
        (4.2, -1.2, 420.0),
        (4.85, -0.9, 600.0),
        (3.5, 0.1, 350.0),
    ],
)
def test_rates_are_the_librarys(length, volt, kelvin):
    ours = CELL.rates(np.array([length, 1e-3 * (kelvin - 300.0)]), np.array(volt))
    theirs = published(0.0, (1e-9 * length, kelvin), lambda t: volt)
    near = np.exp(-min(length - 3.3, 4.9 - length) / 0.01)  # by how much it slows at an end
    assert ours[0] == approx(1e9 * theirs[0], rel=1e-6 + 1.1 * near)
    assert ours[1] == approx(1e-3 * theirs[1], rel=1e-9)


def test_limits_of_the_law():
    states = np.array([[3.3, 0.0], [4.1, 0.0], [4.9, 0.0]])
    rest = CELL.rates(states, np.array(0.0))
    assert np.abs(rest[:, 0]).max() * 3.2e8 < 1e-4  # nm in ten years without a voltage
    assert (rest[:, 1] == 0.0).all()
    up, down = CELL.rates(states, np.array(1.5)), CELL.rates(states, np.array(-1.5))
    assert (up[:2, 0] > 0.0).all()
    assert (down[1:, 0] < 0.0).all()
    assert up[2, 0] == approx(0.0, abs=1e-9 * up[1, 0])  # saturation at both ends
    assert down[0, 0] == approx(0.0, abs=1e-9 * -down[1, 0])
    most = np.abs(CELL.rates(np.array([4.1, 5.0]), np.array([-20.0, 20.0]))[:, 0]).max()
    assert most < 150.0 * 1e9
    assert np.isfinite(CELL.rates(states, np.array(1e3))).all()


@pytest.mark.parametrize(
    ("volt", "start", "load"), [(2.2, 3.5, 5e3), (2.4, 3.5, 5e3), (-2.0, 4.8, 2e3)]
)
def test_a_cell_in_an_array_is_the_librarys_equations_by_another_integrator(volt, start, load):
    pulse = replace(PULSE, volt=volt, load_ohm=load)
    xbar = array(start)
    found = xc.nodal.write(xbar, drive(xbar, pulse), relative=1e-6)
    length, celsius = alone(start, pulse, load + 100.0 + 2.0 + 3.0)
    moved = found.after_metre[0, 0] * 1e9 - start
    assert abs(moved) > 1.0
    assert moved == approx(length - start, rel=3e-5)
    assert found.peak_celsius[0, 0] == approx(celsius, rel=3e-5)
    usual = xc.nodal.write(xbar, drive(xbar, pulse))
    assert usual.after_metre[0, 0] == approx(found.after_metre[0, 0], rel=5e-4)


def test_a_strong_pulse_ends_at_the_ends():
    for volt, start, end in ((2.4, 3.5, CELL.longest_metre), (-2.8, 4.8, CELL.shortest_metre)):
        xbar = array(start)
        found = xc.nodal.write(xbar, drive(xbar, replace(PULSE, volt=volt, load_ohm=2e3)))
        assert found.after_metre[0, 0] == approx(end, rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "scheme", "volt"),
    [((1, 1), "half", 2.4), ((3, 2), "third", -3.4), ((2, 3), "float", 2.6), ((3, 3), "half", 2.8)],
)
def test_arrays_agree_with_ngspice(shape, scheme, volt):
    lengths = np.random.default_rng(1).uniform(3.4, 4.7, shape)
    lengths[shape[0] // 2, shape[1] // 2] = 3.5 if volt > 0.0 else 4.85
    xbar = array(lengths)
    if shape == (3, 3):  # one open device
        g = np.array(xbar.conductance)
        g[0, 0] = 0.0
        xbar = replace(xbar, conductance=g)
    lines = drive(xbar, replace(PULSE, volt=volt), scheme)
    fast, exact = xc.nodal.write(xbar, lines, relative=1e-5), xc.spice.write(xbar, lines)
    np.testing.assert_allclose(fast.before_metre, exact.before_metre, rtol=1e-12)
    np.testing.assert_allclose(fast.after_metre, exact.after_metre, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(fast.peak_volt, exact.peak_volt, atol=6e-3 * abs(volt))
    top = float(exact.peak_ampere.max())
    np.testing.assert_allclose(fast.peak_ampere, exact.peak_ampere, atol=1e-2 * top)
    np.testing.assert_allclose(fast.peak_celsius, exact.peak_celsius, rtol=1e-2)
    assert fast.energy_joule == approx(exact.energy_joule, rel=3e-3)
    assert fast.residual < 2e-3
    place = shape[0] // 2, shape[1] // 2
    moved = fast.after_metre[place] - fast.before_metre[place]
    assert moved * volt > 0.0
    assert abs(moved) > 0.02e-9


def test_half_selected_cells_keep_their_state_and_full_voltage_moves_it():
    xbar = array(np.full((4, 4), 3.6))
    pulse = replace(PULSE, volt=2.6)
    half = xc.nodal.write(xbar, drive(xbar, pulse))
    change = (half.after_metre - half.before_metre) * 1e9
    assert change[2, 2] > 1.0
    change[2, 2] = 0.0
    assert np.abs(change).max() < 1e-3
    back = xc.nodal.write(
        replace(xbar, conductance=CELL.conductance(half.after_metre)),
        drive(xbar, replace(pulse, volt=-3.4)),
    )
    assert back.after_metre[2, 2] < half.after_metre[2, 2] - 0.05e-9


def test_a_transistor_limits_the_set_current():
    """In ngspice: the less its gate gives, the shorter the filament."""
    found = []
    for gate in (0.35, 1.0):
        cell = xc.cells.OneT1R(device=CELL, gate_volt=gate)
        xbar = replace(array(3.6), cell=cell)
        pulse = replace(PULSE, volt=2.6, load_ohm=100.0)
        lines = drive(xbar, pulse, "ground", select_lines="columns")
        found.append(xc.spice.write(xbar, lines))
    assert found[0].peak_ampere[0, 0] < 0.5 * found[1].peak_ampere[0, 0]
    assert found[0].after_metre[0, 0] < found[1].after_metre[0, 0] - 0.02e-9
    assert found[0].after_metre[0, 0] > 3.7e-9
    with pytest.raises(ParameterError, match=r"spice\.write takes a FilamentCell"):
        xc.nodal.write(xbar, lines)


def test_the_study_takes_it():
    found = xc.studies.half_select(
        CELL.conductance(np.full((3, 3), 3.6e-9)),
        selected=(0, 1),
        pulse=replace(PULSE, volt=2.6),
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
        cell=CELL,
    )
    assert found.after[0, 1] > 20.0 * found.before[0, 1]
    assert np.nanmax(np.abs(found.disturb)) < 0.01
    assert xc.cells.cell_preset("reram_skywater").cell == CELL


def test_the_library_has_the_numbers_of_the_defaults():
    text = device_model("filament_cell.lib").read_text(encoding="utf-8")
    told = {
        name: float(v) for name, v in re.findall(r"^\.param fil_(\w+) = (\S+)", text, re.MULTILINE)
    }
    assert told == approx(dict(CELL.numbers), rel=1e-6)
    other = replace(CELL, longest_metre=4.7e-9)
    assert f".param fil_high = {4.7e-9 / 1e-9!r}" in other.write_library()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"shortest_metre": 4.95e-9}, "shortest_metre"),
        ({"longest_metre": 5.0e-9}, "longest"),
        ({"reference_metre": 5.0e-9}, "reference"),
        ({"heat_second": 0.0}, "heat_second"),
        ({"generation_ev": np.nan}, "generation_ev"),
        ({"v0_volt": -0.1}, "v0_volt"),
    ],
)
def test_what_cannot_be_is_refused(changes, named):
    with pytest.raises(ParameterError, match=named):
        replace(CELL, **changes)


def test_states_out_of_range_are_refused():
    with pytest.raises(ParameterError, match="length_metre"):
        CELL.conductance(3.2e-9)
    with pytest.raises(ParameterError, match="conductance"):
        CELL.length(1e-3)
    with pytest.raises(ParameterError, match="conductance"):
        xc.nodal.write(replace(array(4.0), conductance=np.array([[1e-9]])), drive(array(4.0)))
