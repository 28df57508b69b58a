"""A selector in series: the node between is solved for; both engines agree."""

import numpy as np
import pytest
from scipy.optimize import brentq

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cells import OneS1R, OneT1R, load_cell
from xbar_circuit.devices import Ohmic, Sinh
from xbar_circuit.errors import ParameterError


def test_the_node_between_both_is_found():
    cell = OneS1R(selector=Sinh(v0_volt=0.05), selector_siemens=1e-12, device=Sinh(v0_volt=0.3))
    for volt in (1.5, 0.4, 1e-3, -0.9):
        for g in (1e-4, 1e-6):

            def excess(middle, volt=volt, g=g):
                device = g * 0.3 * np.sinh((volt - middle) / 0.3)
                return device - 1e-12 * 0.05 * np.sinh(middle / 0.05)

            middle = brentq(excess, min(volt, 0.0), max(volt, 0.0), xtol=1e-16, rtol=1e-15)
            truth = 1e-12 * 0.05 * np.sinh(middle / 0.05)
            got = cell.respond(np.array(volt), np.array(0.0), np.array(g))
            assert got.current == approx(truth, rel=1e-9)
            step = 1e-6
            up, down = (
                cell.respond(np.array(volt + side), np.array(0.0), np.array(g)).current
                for side in (step, -step)
            )
            assert got.row_slope == approx((up - down) / (2 * step), rel=1e-5)


def test_both_engines_agree_and_an_open_device_stays_open():
    rng = np.random.default_rng(0)
    conductance = rng.uniform(1e-6, 1e-4, (12, 8))
    conductance[2, 3] = 0.0
    xbar = xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=5.0, column_ohm=5.0),
        cell=OneS1R(selector=Sinh(v0_volt=0.05), selector_siemens=1e-12),
    )
    volts = rng.uniform(-1.0, 1.5, (2, 12))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * scale
    assert (fast.device_current[:, 2, 3] == 0.0).all()


def test_two_resistors_in_series():
    cell = OneS1R(selector=Ohmic(), selector_siemens=1e-5)
    assert cell.linear
    conductance = np.array([[1e-5, 3e-5], [0.0, 1e-6]])
    xbar = xc.Crossbar(
        conductance=conductance, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0), cell=cell
    )
    volts = np.array([[0.2, 0.1]])
    truth = volts @ (conductance * 1e-5 / (conductance + 1e-5))
    for read in (xc.nodal.read, xc.spice.read):
        np.testing.assert_allclose(read(xbar, volts).column_current, truth, rtol=1e-9)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ParameterError, match="device"):
        OneS1R(device=OneT1R())
    with pytest.raises(ParameterError, match="selector"):
        OneS1R(selector="diode")
    with pytest.raises(ParameterError, match="selector_siemens"):
        OneS1R(selector_siemens=0.0)


def test_it_may_be_written_in_a_file(tmp_path):
    file = tmp_path / "cell.toml"
    file.write_text(
        'kind = "1s1r"\nselector_siemens = 1e-12\n[selector]\nkind = "sinh"\nv0_volt = 0.05\n'
        '[device]\nkind = "ohmic"\n'
    )
    assert load_cell(file) == OneS1R(selector=Sinh(v0_volt=0.05), selector_siemens=1e-12)


INF = np.inf


def passive(rng, selector, selector_siemens, floating_ohm):
    """An array where one row is driven, one column sensed, and others float, all or at random."""
    rows, cols = rng.integers(2, 7, 2)
    g = 10 ** rng.uniform(-6, -4, (rows, cols))
    g[rng.random((rows, cols)) < 0.1] = 0.0
    row, col = rng.integers(rows), rng.integers(cols)
    g[row, col] = 1e-5
    leads = [np.full(rows, floating_ohm), np.full(cols, floating_ohm)]
    kept = rng.choice([0.0, 0.0, 0.5])  # half of the arrays have selected lines only
    for lead, one in zip(leads, (row, col), strict=True):
        lead[rng.random(lead.size) < kept] = 1.0
        lead[one] = 1.0
    volts = np.where(leads[0] == 1.0, rng.uniform(-0.3, 0.3, rows), 0.0)
    volts[row] = rng.choice([0.3, 0.8, 1.5, 2.5]) * rng.choice([1.0, -1.0])
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(
            row_ohm=2.0, column_ohm=3.0, row_lead_ohm=leads[0], column_lead_ohm=leads[1]
        ),
        terminals=xc.Terminals(left_ohm=100.0, bottom_ohm=100.0),
        cell=OneS1R(
            selector=selector,
            selector_siemens=selector_siemens,
            device=Ohmic() if rng.random() < 0.6 else Sinh(v0_volt=0.2),
        ),
    )
    return xbar, volts, leads


def test_floating_lines_and_their_sneak_paths_agree_with_ngspice():
    compared = 0
    # of the first 40, those of which ngspice finds an operating point
    for seed in (0, 1, 4, 5, 7, 10, 11, 14, 15, 16, 18, 21, 22, 23, 24, 27, 28, 31, 32, 34, 37, 38):
        rng = np.random.default_rng(seed)
        knee = Sinh(v0_volt=rng.choice([0.03, 0.05]))
        xbar, volts, _ = passive(rng, knee, 10 ** rng.uniform(-12, -9), 10 ** rng.uniform(8, 11))
        fast = xc.nodal.read(xbar, volts)
        try:
            exact = xc.spice.read(xbar, volts)
        except xc.ConvergenceError:  # another processor's rounding may lose one
            continue
        compared += 1
        scale = np.abs(exact.column_current).max()
        assert np.abs(fast.column_current - exact.column_current).max() < 1e-7 * scale, seed
    assert compared >= 20


@pytest.mark.parametrize("seed", range(6))
def test_lines_cut_off_altogether_are_solved_for_any_selector(seed):
    rng = np.random.default_rng(seed)
    knee = Sinh(v0_volt=10 ** rng.uniform(-2.2, -1.5))
    xbar, volts, leads = passive(rng, knee, 10 ** rng.uniform(-18, -12), INF)
    read = xc.nodal.read(xbar, volts)
    # what flows into a floating line flows out of it
    kept = np.abs(read.device_current).max() + 1e-300
    for axis, lead in zip((2, 1), leads, strict=True):
        sums = read.device_current.sum(axis=axis)[0][np.isinf(lead)]
        assert (np.abs(sums) < 1e-6 * kept).all()


def test_three_equal_cells_of_a_sneak_path_share_its_voltage():
    cell = OneS1R(selector=Sinh(v0_volt=0.02), selector_siemens=1e-13)
    g = np.array([[1e-5, 0.0], [1e-5, 1e-5]])
    wires = xc.Wires(
        row_ohm=1e-6,
        column_ohm=1e-6,
        row_lead_ohm=np.array([1e-6, INF]),
        column_lead_ohm=np.array([INF, 1e-6]),
    )
    for volt in (0.3, 1.2, -3.0):
        read = xc.nodal.read(xc.Crossbar(conductance=g, wires=wires, cell=cell), [volt, 0.0])
        third = cell.respond(np.array(volt / 3), np.array(0.0), np.array(1e-5)).current
        assert read.column_current[0, 1] == approx(third, rel=1e-9)


@pytest.mark.parametrize("shape", [(6, 1), (1, 6)])
def test_cells_at_dead_ends_carry_nothing_and_disturb_nothing(shape):
    rng = np.random.default_rng(5)
    g = 10 ** rng.uniform(-7, -3, shape)
    lead = np.where(np.arange(6) % 3 == 0, 1.0, INF)
    ends = {"row_lead_ohm": lead} if shape[1] == 1 else {"column_lead_ohm": lead}
    live = np.isfinite(lead).reshape(shape)
    for v0, siemens, volt in ((0.0106, 6.4e-18, 0.026), (0.0295, 3.1e-13, 0.97), (0.02, 1e-9, 3.0)):
        cell = OneS1R(selector=Sinh(v0_volt=v0), selector_siemens=siemens)
        volts = np.full(shape[0], volt)
        both = [
            xc.nodal.read(
                xc.Crossbar(
                    conductance=np.where(there, g, 0.0),
                    wires=xc.Wires(row_ohm=2.0, column_ohm=3.0, **ends),
                    cell=cell,
                ),
                volts,
            )
            for there in (np.ones(shape, dtype=bool), live)
        ]
        whole, alone = (read.column_current for read in both)
        np.testing.assert_allclose(whole, alone, rtol=1e-9)


@pytest.mark.parametrize("siemens", [1e-13, 1e-9, 1e-5, 1e-3])
@pytest.mark.parametrize("v0_volt", [0.03, 0.3])
def test_the_compiled_law_is_that_of_the_parts(siemens, v0_volt, monkeypatch):
    rng = np.random.default_rng(0)
    cell = OneS1R(selector=Sinh(v0_volt=v0_volt), selector_siemens=siemens)
    g = 10 ** rng.uniform(-7, -4, (7, 9))
    g[3, 3] = 0.0
    u = rng.choice([1.0, -1.0], (4, 7, 9)) * 10 ** rng.uniform(-9, 0.6, (4, 7, 9))
    w = 1e-3 * u[::-1]
    u[0, 0] = w[0, 0] = 0.0
    fast = cell.respond(u, w, g)
    monkeypatch.setattr("xbar_circuit._compiler.available", lambda: False)
    whole = cell.respond(u, w, g)
    for name in ("current", "row_slope", "column_slope"):
        np.testing.assert_allclose(getattr(fast, name), getattr(whole, name), rtol=2e-14, atol=0.0)
    assert (fast.current[:, 3, 3] == 0.0).all()
    assert (np.sign(fast.current) == np.sign(u - w) * (g > 0.0)).all()


def test_the_compiled_law_takes_one_conductance_for_all_cells():
    cell, u = OneS1R(), np.linspace(-0.5, 0.5, 100).reshape(10, 10)
    one = cell.respond(u, np.zeros(()), np.array(1e-5))
    each = cell.respond(u, np.zeros((10, 10)), np.full((10, 10), 1e-5))
    np.testing.assert_array_equal(one.current, each.current)
    assert one.current.shape == (10, 10)
