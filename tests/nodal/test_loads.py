"""Nonlinear loads on the reduced array: closed forms, Kirchhoff, and ngspice on the full array."""

import numpy as np
import pytest
from scipy.optimize import brentq

import xbar_circuit as xc
from closeness import approx


def clipping(volt):
    """Draw at most 20 uA."""
    return 2e-5 * np.tanh(volt / 5e-3), 2e-5 / 5e-3 / np.cosh(volt / 5e-3) ** 2


def test_one_cell_into_a_diode():
    xbar = xc.Crossbar(conductance=[[1e-3]], wires=xc.Wires(row_ohm=30.0, column_ohm=70.0))

    def diode(v):
        return 1e-14 * np.expm1(v / 0.0259), 1e-14 / 0.0259 * np.exp(v / 0.0259)

    found = xc.nodal.operate(xc.nodal.reduce(xbar), [2.0, 30.0][:1], diode)
    volt = brentq(lambda v: (2.0 - v) / 1100.0 - 1e-14 * np.expm1(v / 0.0259), 0.0, 1.0, xtol=1e-15)
    assert found.column_voltage[0, 0] == approx(volt, rel=1e-9)
    assert found.column_current[0, 0] == approx((2.0 - volt) / 1100.0, rel=1e-9)
    assert found.residual[0] <= 1e-10


def test_clipping_columns_agree_with_the_full_array_in_ngspice():
    rng = np.random.default_rng(1)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (9, 7)),
        wires=xc.Wires(row_ohm=2.0, column_ohm=3.0),
        terminals=xc.Terminals(left_ohm=50.0, bottom_ohm=40.0, top_ohm=90.0),
    )
    volts = rng.uniform(0.05, 0.4, 9)
    found = xc.nodal.operate(xc.nodal.reduce(xbar), volts, clipping)
    assert (found.column_current > 1.5e-5).any()  # some do clip
    lines = ["clipping columns", *xc.netlist.array_lines(xbar)]
    for end in xc.netlist.drivers(xbar):
        lines += [f"V{end.name} {end.name} 0 {float(volts[end.index])!r}"]
        lines += [f"R{end.name} {end.name} {end.wire_node} {end.ohm!r}"]
    for end in xc.netlist.senses(xbar):
        lines += [f"R{end.name} {end.wire_node} load_{end.index} {end.ohm!r}"]
    lines += [f"Bload_{j} load_{j} 0 I=2e-5*tanh(V(load_{j})/5e-3)" for j in range(7)]
    lines += [".options reltol=1e-10 abstol=1e-18 vntol=1e-14 gmin=1e-18", ".end"]
    names = [f"v(load_{j})" for j in range(7)]
    plot = xc.spice.run("\n".join(lines), xc.spice.Op(), vectors=names)[0]
    exact = np.array([float(plot[name][0]) for name in names])
    np.testing.assert_allclose(found.column_voltage[0], exact, rtol=1e-7)


def test_ideal_grounds_are_the_limit():
    rng = np.random.default_rng(2)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (5, 4)), wires=xc.Wires(row_ohm=2.0, column_ohm=3.0)
    )
    volts = rng.uniform(-0.2, 0.2, (3, 5))
    found = xc.nodal.operate(
        xc.nodal.reduce(xbar), volts, lambda v: (1e6 * v, np.full_like(v, 1e6))
    )
    exact = xc.nodal.read(xbar, volts).column_current
    np.testing.assert_allclose(found.column_current, exact, rtol=1e-6)


def test_what_does_not_settle_is_named_and_the_rest_is_kept():
    xbar = xc.Crossbar(conductance=[[1e-3]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))

    def broken(v):
        return np.where(v > 0.01, np.nan, v * 1e-3), np.full_like(v, 1e-3)

    with pytest.raises(xc.ConvergenceError, match="load") as caught:
        xc.nodal.operate(xc.nodal.reduce(xbar), [[0.01], [1.0]], broken, steps=5)
    assert caught.value.failed == (1,)
    assert np.isfinite(caught.value.result.column_current[0]).all()
    for answer in (np.nan, np.inf):
        with pytest.raises(xc.ConvergenceError, match="load") as caught:
            xc.nodal.operate(
                xc.nodal.reduce(xbar), [1.0], lambda v, a=answer: (v * a, np.full_like(v, a))
            )
        assert np.isnan(caught.value.result.column_current).all()
    with pytest.raises(xc.ShapeError, match="load"):
        xc.nodal.operate(xc.nodal.reduce(xbar), [0.1], lambda _: (0.0, 0.0))


def test_a_load_keeps_its_digits_behind_nearly_ideal_wires():
    """Two columns tied together by 1e9 S drain 1 uS of drivers into 10 kohm each."""
    xbar = xc.Crossbar(
        conductance=[[1e3, 1e3], [1e-6, 0.0]],
        wires=xc.Wires(row_ohm=1e-9, column_ohm=1e-9),
        terminals=xc.Terminals(left_ohm=1e5),
    )
    found = xc.nodal.operate(xc.nodal.reduce(xbar), [1.0, 0.0], lambda v: (1e-4 * v, 1e-4 + 0 * v))
    terminals = xc.Terminals(left_ohm=1e5, bottom_ohm=1e4)
    exact = xc.nodal.read(
        xc.Crossbar(conductance=xbar.conductance, wires=xbar.wires, terminals=terminals), [1.0, 0.0]
    )
    np.testing.assert_allclose(found.column_current, exact.column_current, rtol=1e-12)
    assert (found.column_current_error <= 1e-10 * found.column_current.max()).all()
