"""Transients against closed forms, against each other and against ngspice's ``.tran``."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.netlist.array import array_lines

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
    result = xc.nodal.transient(xbar, wave, stop_second=3e-9, tolerance=1e-7, method=method)
    system = -np.diag([1 / ca, 1 / cb]) @ np.array([[1 / rl + g, -g], [-g, 1 / rb + g]])
    steady = np.linalg.solve(-system, [0.3 / rl / ca, 0.0])
    rate, modes = np.linalg.eig(system)
    start = np.linalg.solve(modes, -steady)
    late = result.time_second > 1e-13
    time = result.time_second[late] - 0.5e-14  # the edge starts in its middle, to second order
    exact = steady[1] + (modes[1] * start) @ np.exp(np.outer(rate, time))
    np.testing.assert_allclose(
        result.column_current[late, 0], exact / rb, rtol=0, atol=3e-6 * 0.3 * g
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
        xc.nodal.transient(xbar, wave, stop_second=2e-9, tolerance=1e-7, watch=watch, method=m)
        for m in (xc.nodal.TrBdf2(), xc.nodal.ReducedOrder(points=100_000))
    )
    for name, error in (
        ("column_current", 2e-4),
        ("row_current", 2e-3),
        ("row_voltage", 2e-4),
        ("column_voltage", 2e-4),
    ):
        one, other = getattr(stepped, name), getattr(reduced, name)
        for k in range(one.shape[1]):
            between = np.interp(stepped.time_second, reduced.time_second, other[:, k])
            np.testing.assert_allclose(one[:, k], between, rtol=0, atol=error * np.abs(other).max())
    np.testing.assert_allclose(stepped.energy_joule, reduced.energy_joule, rtol=5e-3, atol=1e-20)
    held = xc.nodal.Waveform(time_second=[0.0, 1e-12], volts=[0.0 * volts, volts])
    last = xc.nodal.transient(xbar, held, stop_second=5e-9)
    np.testing.assert_allclose(
        last.column_current[-1], xc.nodal.read(xbar, volts).column_current[0], rtol=1e-6
    )


def test_steps_converge_at_second_order():
    xbar = an_array(4)
    wave = xc.nodal.Waveform.pulse(np.full(4, 0.2), width_second=3e-10, edge_second=1e-10)
    exact = xc.nodal.transient(
        xbar, wave, stop_second=1e-9, tolerance=1e-10, method=xc.nodal.ReducedOrder(points=20000)
    )
    errors, steps = [], []
    for tolerance in (1e-4, 1e-7):
        own = xc.nodal.transient(
            xbar, wave, stop_second=1e-9, tolerance=tolerance, method=xc.nodal.TrBdf2()
        )
        at = np.interp(own.time_second, exact.time_second, exact.column_current[:, 0])
        errors.append(np.abs(own.column_current[:, 0] - at).max())
        steps.append(len(own.time_second))
    order = np.log(errors[0] / errors[1]) / np.log(steps[1] / steps[0])
    assert order > 1.6


def test_settling_time_of_a_single_pole():
    farad, ohm = 1e-12, 1e3
    xbar = xc.Crossbar(
        conductance=[[1e-6]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0, row_farad=farad),
        terminals=xc.Terminals(left_ohm=ohm, bottom_ohm=0.0),
    )
    wave = xc.nodal.Waveform(time_second=[0.0, 1e-14], volts=[[0.0], [0.1]])
    result = xc.nodal.transient(
        xbar, wave, stop_second=3e-8, method=xc.nodal.ReducedOrder(points=20000)
    )
    tau = farad / (1 / ohm + 1e-6)
    assert result.settling_second(1e-3)[0] == approx(tau * np.log(1e3), rel=1e-3)


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
