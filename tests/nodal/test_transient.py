"""Transients against closed forms, against each other and against ngspice's ``.tran``."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.nodal.stepping import _hopeless

METHODS = [xc.nodal.ReducedOrder(), xc.nodal.TrBdf2()]


def an_array(n=8, *, row_farad=2e-16, column_farad=3e-16, **terminals):
    g = np.random.default_rng(1).uniform(1e-6, 25e-6, (n, n + 1))
    return xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0, row_farad=row_farad, column_farad=column_farad),
        terminals=xc.Terminals(**({"left_ohm": 2e3, "bottom_ohm": 1e3} | terminals)),
    )


@pytest.mark.parametrize("method", METHODS)
def test_one_cell_charges_as_two_exponentials(method):
    g, rl, rb, ca, cb = 1e-4, 5e3, 2e3, 3e-14, 5e-14
    xbar = xc.Crossbar(
        conductance=[[g]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0, row_farad=ca, column_farad=cb),
        terminals=xc.Terminals(left_ohm=rl, bottom_ohm=rb),
    )
    wave = xc.nodal.Waveform(time_second=[0.0, 1e-14], volts=[[0.0], [0.3]])
    result = xc.nodal.transient(xbar, wave, stop_second=3e-9, tolerance=1e-6, method=method)
    system = -np.diag([1 / ca, 1 / cb]) @ np.array([[1 / rl + g, -g], [-g, 1 / rb + g]])
    steady = np.linalg.solve(-system, [0.3 / rl / ca, 0.0])
    rate, modes = np.linalg.eig(system)
    start = np.linalg.solve(modes, -steady)
    late = result.time_second > 1e-13
    time = result.time_second[late] - 0.5e-14  # the edge starts in its middle, to second order
    exact = steady[1] + (modes[1] * start) @ np.exp(np.outer(rate, time))
    np.testing.assert_allclose(
        result.column_current[late, 0], exact / rb, rtol=0, atol=1e-5 * 0.3 * g
    )
    # what the driver gave is stored, burnt, or still flowing: charge balance at the end
    charge = np.trapezoid(
        result.row_current[:, 0] - result.column_current[:, 0], result.time_second
    )
    stored = ca * (0.3 - rl * result.row_current[-1, 0]) + cb * rb * result.column_current[-1, 0]
    assert charge == approx(stored, rel=2e-3)


def test_the_two_methods_agree_and_end_at_the_static_solution():
    xbar = an_array(right_ohm=500.0)
    volts = np.random.default_rng(2).uniform(0.05, 0.2, 8)
    wave = xc.nodal.Waveform.pulse(
        volts, width_second=np.linspace(1e-10, 5e-10, 8), edge_second=5e-11
    )
    watch = [(0, 0), (7, 8)]
    stepped, reduced = (
        xc.nodal.transient(xbar, wave, stop_second=2e-9, watch=watch, method=m)
        for m in (xc.nodal.TrBdf2(), xc.nodal.ReducedOrder())
    )
    time = np.linspace(0.0, 2e-9, 3001)  # between the points of both
    one, other = stepped.at(time), reduced.at(time)
    for name in ("column_current", "row_current", "row_voltage", "column_voltage"):
        first, second = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(first, second, rtol=0, atol=5e-5 * np.abs(second).max())
    np.testing.assert_allclose(stepped.energy_joule, reduced.energy_joule, rtol=1e-5)
    held = xc.nodal.Waveform(time_second=[0.0, 1e-12], volts=[0.0 * volts, volts])
    last = xc.nodal.transient(xbar, held, stop_second=5e-9)
    np.testing.assert_allclose(
        last.column_current[-1], xc.nodal.read(xbar, volts).column_current[0], rtol=1e-6
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("edge", [1e-12, 1e-10])
def test_an_edge_after_a_pause_at_rest_is_the_same_edge(method, edge):
    """No current has flowed when it comes: it must not be judged by its first attoamperes."""
    xbar = an_array(5, left_ohm=0.0, bottom_ohm=0.0, row_farad=1e-15)
    volts, pause = np.linspace(0.05, 0.2, 5), 1e-9
    settings = {"tolerance": 1e-6, "method": method}
    once = xc.nodal.Waveform(time_second=[0.0, edge], volts=[0.0 * volts, volts])
    later = xc.nodal.Waveform(
        time_second=[0.0, pause, pause + edge], volts=[0.0 * volts, 0.0 * volts, volts]
    )
    first = xc.nodal.transient(xbar, once, stop_second=1e-9, **settings)
    second = xc.nodal.transient(xbar, later, stop_second=pause + 1e-9, **settings)
    time = np.concatenate([np.linspace(0.02, 2.0, 100) * edge, [1e-9]])
    for name in ("column_current", "row_current"):
        one, other = getattr(first.at(time), name), getattr(second.at(pause + time), name)
        np.testing.assert_allclose(other, one, rtol=0, atol=2e-5 * np.abs(one).max())
    assert (second.at(np.array([0.5 * pause])).column_current == 0.0).all()


def test_steps_converge_at_second_order():
    xbar = an_array(4)
    wave = xc.nodal.Waveform.pulse(np.full(4, 0.2), width_second=3e-10, edge_second=1e-10)
    exact = xc.nodal.transient(xbar, wave, stop_second=1e-9, tolerance=1e-10)
    errors, steps = [], []
    for tolerance in (1e-3, 1e-5):
        own = xc.nodal.transient(
            xbar, wave, stop_second=1e-9, tolerance=tolerance, method=xc.nodal.TrBdf2()
        )
        at = exact.at(own.time_second).column_current[:, 0]
        errors.append(np.abs(own.column_current[:, 0] - at).max())
        steps.append(len(own.time_second))
    order = np.log(errors[0] / errors[1]) / np.log(steps[1] / steps[0])
    assert order > 1.6


def a_pole(*, left_ohm=1e3, siemens=0.0, farad=1e-12):
    return xc.Crossbar(
        conductance=[[siemens]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0, row_farad=farad),
        terminals=xc.Terminals(left_ohm=left_ohm, bottom_ohm=0.0),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("edge", [2e-12, 1e-9, 3e-7])
def test_a_ramp_into_a_capacitor_takes_its_closed_form(method, edge):
    """``i = (C V / T) (1 - exp(-t / tau))`` while the source rises, and dies away after."""
    wave = xc.nodal.Waveform(time_second=[0.0, edge], volts=[[0.0], [0.3]])
    result = xc.nodal.transient(a_pole(), wave, stop_second=edge + 4e-8, method=method)
    tau, x = 1e-9, edge / 1e-9
    rising = 1e-12 * (0.3 / edge) ** 2 * (edge**2 / 2 - tau**2 * (1 - np.exp(-x) * (1 + x)))
    after = 1e-12 * 0.3**2 / edge * tau * (1 - np.exp(-x))
    rel = 1e-6 if isinstance(method, xc.nodal.ReducedOrder) else 3e-4
    assert result.energy_joule[0] == approx(rising + after, rel=rel)
    if edge < 1e-11:  # a step: C V**2, half of it stored
        assert result.energy_joule[0] == approx(1e-12 * 0.3**2, rel=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_capacitor_at_its_driver_takes_half_and_gives_it_back(method):
    xbar = a_pole(left_ohm=0.0, siemens=1e-5)
    up = xc.nodal.Waveform(time_second=[0.0, 1e-9], volts=[[0.0], [0.3]])
    result = xc.nodal.transient(xbar, up, stop_second=3e-9, method=method)
    burnt = 1e-5 * 0.3**2 * (1e-9 / 3 + 2e-9)
    assert result.energy_joule[0] == approx(0.5e-12 * 0.3**2 + burnt)
    down = xc.nodal.Waveform(time_second=[0.0, 1e-9, 2e-9], volts=[[0.0], [0.3], [0.0]])
    back = xc.nodal.transient(xbar, down, stop_second=3e-9, method=method)
    assert back.energy_joule[0] == approx(1e-5 * 0.3**2 * 2e-9 / 3)


def test_energy_is_the_integral_of_the_solution_whatever_the_points():
    rng = np.random.default_rng(8)
    for _ in range(8):
        rows, cols = rng.integers(1, 7, 2)
        xbar = xc.Crossbar(
            conductance=rng.uniform(1e-6, 1e-4, (rows, cols)),
            wires=xc.Wires(
                row_ohm=10 ** rng.uniform(-1, 1.5),
                column_ohm=10 ** rng.uniform(-1, 1.5),
                row_farad=10 ** rng.uniform(-16, -13),
                column_farad=10 ** rng.uniform(-16, -13),
            ),
            terminals=xc.Terminals(left_ohm=10 ** rng.uniform(0, 4), bottom_ohm=100.0),
        )
        wave = xc.nodal.Waveform.pulse(
            rng.uniform(-0.3, 0.3, rows),
            width_second=rng.uniform(1e-10, 8e-10, rows),
            edge_second=10 ** rng.uniform(-12, -10),
        )
        settings = {"stop_second": 1.5e-9}
        result = xc.nodal.transient(xbar, wave, **settings)
        assert result.method.startswith("reduced")
        few = xc.nodal.ReducedOrder(points=2)
        corners = xc.nodal.transient(xbar, wave, tolerance=1e-9, method=few, **settings)
        after = np.concatenate([[0.0], np.geomspace(1e-19, 1e-9, 600)])
        time = np.unique(np.concatenate([corner + after for corner in wave.time_second]))
        time = np.union1d(time[time < 1.5e-9], np.linspace(0.0, 1.5e-9, 5001))
        power = result.at(time).row_current * wave.at(time)
        dense = np.trapezoid(power, time, axis=0)
        scale = np.abs(dense).max()
        np.testing.assert_allclose(result.energy_joule, dense, rtol=0, atol=1e-4 * scale)
        np.testing.assert_allclose(
            corners.energy_joule, result.energy_joule, rtol=0, atol=2e-4 * scale
        )
        stepped = xc.nodal.transient(
            xbar, wave, tolerance=1e-3, method=xc.nodal.TrBdf2(), **settings
        )
        np.testing.assert_allclose(
            stepped.energy_joule, result.energy_joule, rtol=0, atol=1e-3 * scale
        )


def test_between_the_points_the_solution_itself_is_evaluated():
    """A straight line between the default points is off by more than the solution is."""
    xbar = an_array()
    wave = xc.nodal.Waveform.pulse(np.full(8, 0.2), width_second=4e-10, edge_second=2e-12)
    few = xc.nodal.transient(xbar, wave, stop_second=1e-9)
    many = xc.nodal.transient(
        xbar, wave, stop_second=1e-9, method=xc.nodal.ReducedOrder(points=4001)
    )
    scale = np.abs(many.row_current).max()
    found = few.at(many.time_second)
    np.testing.assert_allclose(found.row_current, many.row_current, rtol=0, atol=1e-5 * scale)
    straight = np.interp(many.time_second, few.time_second, few.row_current[:, 0])
    assert np.abs(straight - many.row_current[:, 0]).max() > 1e-3 * scale
    for name in ("time_second", "row_current", "column_current"):
        np.testing.assert_array_equal(getattr(few.at(few.time_second), name), getattr(few, name))
    with pytest.raises(xc.ParameterError, match="time_second"):
        few.at([2e-9])
    with pytest.raises(xc.ParameterError, match="time_second"):
        few.at([np.nan])
    with pytest.raises(xc.ShapeError, match="time_second"):
        few.at([[0.0]])


@pytest.mark.parametrize("method", METHODS)
def test_settling_time_of_a_single_pole(method):
    wave = xc.nodal.Waveform(time_second=[0.0, 1e-14], volts=[[0.0], [0.1]])
    result = xc.nodal.transient(a_pole(siemens=1e-6), wave, stop_second=3e-8, method=method)
    tau = 1e-12 / (1 / 1e3 + 1e-6)
    # 1e-5 of the current is a hundredth of the band, a hundredth of a time constant
    rel = 1e-6 if isinstance(method, xc.nodal.ReducedOrder) else 3e-3
    # the step is an edge of 10 fs, whose middle counts
    for error in (1e-3, 1e-2):
        found = result.settling_second(error)[0]
        assert found == approx(tau * np.log(1 / error) + 0.5e-14, rel=rel)
    later = result.settling_second(1e-3, after=1e-9)[0]
    assert later == approx(tau * np.log(1e3) - 1e-9, rel=rel)
    assert result.settling_second(2.0)[0] == 0.0


def test_a_band_lies_about_the_last_value_of_a_column_that_still_moves():
    tau = 1e3 * 1e-12  # the driver's resistance charges the row node; the cell hardly loads it
    xbar = xc.Crossbar(
        conductance=[[1e-9]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0, row_farad=1e-12),
        terminals=xc.Terminals(left_ohm=1e3),
    )
    wave = xc.nodal.Waveform(time_second=[0.0, 1e-15], volts=[[0.0], [0.2]])
    result = xc.nodal.transient(xbar, wave, stop_second=2.0 * tau)
    last = 1.0 - np.exp(-2.0)
    for error in (0.003, 0.1, 0.5):
        crossing = -tau * np.log(1.0 - last * (1.0 - error))
        assert result.settling_second(error)[0] == approx(crossing, rel=1e-4)


@pytest.mark.parametrize(("left", "hopeless"), [(1.9e7, False), (2.1e7, True)])
def test_steps_lead_nowhere_when_twenty_million_more_would_be_needed(left, hopeless):
    times = np.arange(5001.0).tolist()  # a second a step
    assert _hopeless(times, times[-1] + left) is hopeless


def test_pulses_agree_with_ngspice():
    xbar = an_array(6)
    volts = np.random.default_rng(3).uniform(0.05, 0.2, 6)
    wave = xc.nodal.Waveform.pulse(volts, width_second=4e-10, edge_second=1e-10, delay_second=1e-10)
    result = xc.nodal.transient(
        xbar, wave, stop_second=1.2e-9, method=xc.nodal.ReducedOrder(points=2000)
    )
    lines = ["pulse", *array_lines(xbar)]
    for i in range(6):
        corners = " ".join(
            f"{t!r} {v!r}"
            for t, v in zip(wave.time_second.tolist(), wave.volts[:, i].tolist(), strict=True)
        )
        lines += [f"Vleft_{i} left_{i} 0 PWL({corners})", f"Rleft_{i} left_{i} row_{i}_0 2001.0"]
    for j in range(7):
        lines += [f"Vbottom_{j} bottom_{j} 0 0", f"Rbottom_{j} bottom_{j} col_5_{j} 1002.0"]
    lines += [".options klu reltol=1e-7 abstol=1e-18 vntol=1e-12", ".end"]
    tran = xc.spice.Tran(step_second=1e-12, stop_second=1.2e-9, max_step_second=5e-13)
    plot = xc.spice.run("\n".join(lines), tran, vectors=[f"i(vbottom_{j})" for j in range(7)])[0]
    scale = np.abs(result.column_current).max()
    for j in range(7):
        ours = np.interp(plot.scale, result.time_second, result.column_current[:, j])
        np.testing.assert_allclose(plot[f"i(vbottom_{j})"], ours, rtol=0, atol=1e-4 * scale)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"stop_second": 0.0}, "stop_second"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"watch": [(9, 0)]}, "watch"),
        ({"waveform": xc.nodal.Waveform(time_second=[0.0], volts=[[0.1]])}, "waveform"),
    ],
)
def test_bad_requests_are_refused(change, argument):
    wave = xc.nodal.Waveform(time_second=[0.0], volts=[np.full(8, 0.1)])
    request = {"waveform": wave, "stop_second": 1e-9} | change
    with pytest.raises((xc.ParameterError, xc.ShapeError), match=argument):
        xc.nodal.transient(an_array(), **request)


def test_what_cannot_move_is_refused():
    wave = xc.nodal.Waveform(time_second=[0.0], volts=[np.full(8, 0.1)])
    with pytest.raises(xc.ParameterError, match="row_farad"):
        xc.nodal.transient(an_array(row_farad=0.0, column_farad=0.0), wave, stop_second=1e-9)
    with pytest.raises(xc.ParameterError, match="increase"):
        xc.nodal.Waveform(time_second=[0.0, 0.0], volts=[[0.0], [1.0]])
    with pytest.raises(xc.ShapeError):
        xc.nodal.Waveform(time_second=[0.0, 1.0], volts=[[0.0]])
    with pytest.raises(xc.ParameterError, match="width"):
        xc.nodal.Waveform.pulse([0.1], width_second=-1.0, edge_second=1e-9)


def test_drivers_that_all_go_their_own_way_add_up(monkeypatch):
    xbar = an_array(11)
    rng = np.random.default_rng(4)
    wave = xc.nodal.Waveform.pulse(
        rng.uniform(0.05, 0.2, 11), width_second=rng.uniform(1e-10, 8e-10, 11), edge_second=5e-11
    )
    request = {"stop_second": 2e-9, "tolerance": 1e-8, "watch": [(3, 4)]}
    grouped = xc.nodal.transient(xbar, wave, **request)
    assert "2 groups" in grouped.method
    monkeypatch.setattr("xbar_circuit.nodal.reduced_order._FEW", 64)
    together = xc.nodal.transient(xbar, wave, **request)
    assert "groups" not in together.method
    for name in ("column_current", "row_current", "row_voltage", "column_voltage"):
        one, other = getattr(grouped, name), getattr(together, name)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6 * np.abs(other).max())


@pytest.mark.parametrize("method", [None, xc.nodal.ReducedOrder(), xc.nodal.TrBdf2()])
@pytest.mark.parametrize("ohm", [1e12, 1e18])
def test_a_matrix_that_has_lost_its_digits_is_refused(method, ohm):
    """Devices of 1 kS behind so much: LU of the assembled matrix gives other settled currents."""
    xbar = xc.Crossbar(
        conductance=np.full((3, 3), 1e3),
        wires=xc.Wires(row_ohm=ohm, column_ohm=ohm, row_farad=1e-15, column_farad=1e-15),
    )
    wave = xc.nodal.Waveform.pulse(np.ones(3), width_second=1e-9, edge_second=1e-10)
    with pytest.raises(xc.ConvergenceError, match="lost the digits"):
        xc.nodal.transient(xbar, wave, stop_second=1e-8, method=method)


def test_wrong_kinds_are_named_in_a_transient():
    wave = xc.nodal.Waveform.pulse([1.0], width_second=1e-9, edge_second=1e-10)
    with pytest.raises(xc.ParameterError, match="crossbar"):
        xc.nodal.transient("array", wave, stop_second=1e-8)
    xbar = xc.Crossbar(
        conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, row_farad=1e-15)
    )
    with pytest.raises(xc.ParameterError, match="waveform"):
        xc.nodal.transient(xbar, [0.0, 1.0], stop_second=1e-8)
