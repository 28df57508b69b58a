"""Conjugate gradients between the lines, against the reduction and against itself in NumPy."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.certificate import Elimination
from xbar_circuit.nodal import _line_loops as line_loops
from xbar_circuit.nodal import _threads as threads

LINES, EXACT = xc.nodal.ByLines(), xc.nodal.Hierarchical()


def array(rng, shape, ohm, **ends):
    return xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, shape) * (rng.random(shape) > 0.1),
        wires=xc.Wires(row_ohm=ohm, column_ohm=1.7 * ohm, row_lead_ohm=3.0),
        terminals=xc.Terminals(**ends),
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (9, 130), (131, 10), (70, 65)])
@pytest.mark.parametrize("ohm", [1e-2, 2.0, 300.0])
@pytest.mark.parametrize(
    "ends", [{}, {"right_ohm": 5.0, "top_ohm": 0.0}, {"left_ohm": None, "right_ohm": 10.0}]
)
def test_currents_and_voltages_equal_the_reduction(shape, ohm, ends):
    rng = np.random.default_rng(4)
    xbar = array(rng, shape, ohm, **ends)
    volts = rng.uniform(-0.2, 0.2, (2, shape[0]))
    ours, exact = (xc.nodal.read(xbar, volts, method=m) for m in (LINES, EXACT))
    scale = np.abs(volts).max()
    np.testing.assert_allclose(ours.row_voltage, exact.row_voltage, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(
        ours.column_voltage, exact.column_voltage, rtol=0, atol=1e-12 * scale
    )
    full = np.abs(volts) @ xc.nodal.transfer(xbar, method=EXACT)
    assert (np.abs(ours.column_current - exact.column_current) <= 1e-11 * full).all()
    error = np.abs(ours.column_current - exact.column_current)
    assert (error <= ours.column_current_error + exact.column_current_error).all()


def test_the_bound_holds_where_the_iteration_stops_early():
    rng = np.random.default_rng(5)
    xbar = array(rng, (60, 50), 100.0)
    volts = rng.uniform(0.0, 0.2, (1, 60))
    prepared = xc.nodal.ByLines(tolerance=1e-5).prepare(xbar)
    row, column = np.empty((2, 60, 50))
    prepared._solve(prepared._drive(volts[0]), None, row, column, 1)
    current, error, scale = prepared._certain(volts[0], row, column, 1)
    true = xc.nodal.read(xbar, volts, method=EXACT).column_current[0]
    assert (np.abs(current - true) > 1e-9 * scale).any(), "nothing to bound"
    assert (np.abs(current - true) <= error).all()
    row_before = row.copy()
    prepared._refine(volts[0], row, column, 1)
    assert not np.array_equal(row, row_before)
    again, error, scale = prepared._certain(volts[0], row, column, 1)
    assert np.abs(again - true).max() < 1e-3 * np.abs(current - true).max()
    assert (np.abs(again - true) <= error).all()
    result = prepared.read(volts)  # refined, or left to the reduction
    assert (np.abs(result.column_current[0] - true) <= 1e-9 * true).all()
    assert (np.abs(result.column_current - true) <= result.column_current_error).all()


def test_numpy_and_compiled_loops_give_the_same_numbers(monkeypatch):
    rng = np.random.default_rng(6)
    xbar = array(rng, (37, 140), 20.0, right_ohm=2.0)
    volts = rng.uniform(-0.2, 0.2, (1, 37))
    assert line_loops.loops() is not line_loops.loops(plain=True)
    assert line_loops.loops().apply is not line_loops.loops(plain=True).apply
    one = xc.nodal.read(xbar, volts, method=LINES)
    monkeypatch.setattr(line_loops, "loops", lambda **_: PLAIN)
    two = xc.nodal.read(xbar, volts, method=LINES)
    full = np.abs(one.device_current).sum(axis=1).max()
    np.testing.assert_allclose(two.column_current, one.column_current, rtol=0, atol=1e-13 * full)
    np.testing.assert_allclose(two.column_current_error, one.column_current_error, rtol=0.05)


PLAIN = line_loops.loops(plain=True)


@pytest.mark.parametrize("passes", [line_loops.loops(), PLAIN], ids=["compiled", "numpy"])
@pytest.mark.parametrize("equal", [True, False])
def test_both_solvers_solve_kirchhoffs_equations(passes, equal):
    rng = np.random.default_rng(9)
    shape, wires = (23, 31), xc.Wires(row_ohm=500.0, column_ohm=900.0)
    xbar = xc.Crossbar(conductance=np.ones(shape), wires=wires, terminals=xc.Terminals(top_ohm=5.0))
    a = rng.uniform(0.0, 25e-6, shape)
    b = a if equal else a * rng.uniform(0.0, 3.0, shape)
    row, column = (1 / 500.0, 1 / 500.0, 0.0), (1 / 900.0, 1 / 905.0, 1 / 900.0)
    into = rng.uniform(-1e-6, 1e-6, (2, *shape))
    u, w = np.empty((2, *shape))
    solve = passes.solve if equal else passes.solve_unequal
    assert 4 < solve(a, b, row, column, *into, u, w, 1e-13, 100) < 40
    parts = (part[np.newaxis, ..., np.newaxis] for part in into)
    truth = Elimination(xbar, a[np.newaxis], b[np.newaxis]).solve(np.zeros((1, 23, 1)), *parts)
    for own, other in ((u, truth.row), (w, truth.column)):
        right = other[0, ..., 0]
        np.testing.assert_allclose(own, right, rtol=0, atol=1e-11 * np.abs(right).max())


def test_threads_change_no_digit(monkeypatch):
    rng = np.random.default_rng(7)
    xbar = array(rng, (300, 450), 5.0)
    volts = rng.uniform(0.0, 0.2, (1, 300))
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "_libraries", lambda count=count: [Library(count)])
        found.append(xc.nodal.read(xbar, volts, method=LINES))
    np.testing.assert_array_equal(found[0].column_current, found[1].column_current)
    np.testing.assert_array_equal(found[0].column_voltage, found[1].column_voltage)


class Library:
    def __init__(self, count):
        self.count = count

    def get_num_threads(self):
        return self.count

    def set_num_threads(self, count):
        pass


@pytest.mark.parametrize("side", [3, 16])
def test_a_few_reads_of_small_arrays_go_by_lines_and_many_directly(side):
    rng = np.random.default_rng(8)
    xbar = array(rng, (side, side), 2.0)
    assert "lines" in xc.nodal.read(xbar, rng.uniform(0.0, 0.2, side)).engine
    assert "direct" in xc.nodal.read(xbar, rng.uniform(0.0, 0.2, (256, side))).engine


def test_one_read_of_a_big_array_goes_by_lines_and_many_by_reduction():
    rng = np.random.default_rng(8)
    xbar = array(rng, (128, 128), 2.0)
    assert "lines" in xc.nodal.read(xbar, rng.uniform(0.0, 0.2, 128)).engine
    assert "hierarchical" in xc.nodal.read(xbar, rng.uniform(0.0, 0.2, (64, 128))).engine


@pytest.mark.parametrize(
    ("wires", "ends"),
    [
        (xc.Wires(row_ohm=0.0, column_ohm=1.0), xc.Terminals()),
        (xc.Wires(row_ohm=1.0, column_ohm=1.0, row_lead_ohm=0.0), xc.Terminals()),
    ],
)
def test_wires_without_lines_are_refused(wires, ends):
    xbar = xc.Crossbar(conductance=[[1e-6]], wires=wires, terminals=ends)
    with pytest.raises(xc.ParameterError, match="0 ohm"):
        LINES.prepare(xbar)


def test_the_bound_of_long_wires_is_not_that_of_their_voltages_last_digits():
    # one digit of a voltage is 1e-17 A in a segment, and 4,000 of them in a row add up
    rng = np.random.default_rng(10)
    xbar = array(rng, (3, 4000), 0.05)
    volts = rng.uniform(0.0, 0.2, (1, 3))
    ours, exact = (xc.nodal.read(xbar, volts, method=m) for m in (LINES, EXACT))
    full = np.abs(ours.device_current).sum(axis=1)
    assert (ours.column_current_error <= 5e-12 * full).all()
    error = np.abs(ours.column_current - exact.column_current)
    assert (error <= ours.column_current_error + exact.column_current_error).all()
