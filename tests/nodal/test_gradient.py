"""Derivatives by the adjoint against central differences."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx


def an_array():
    g = np.random.default_rng(1).uniform(1e-4, 1e-2, (4, 5))
    g[1, 2] = 0.0
    return xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=3.0, column_ohm=5.0, row_lead_ohm=2.0, column_lead_ohm=7.0),
        terminals=xc.Terminals(left_ohm=10.0, right_ohm=0.0, bottom_ohm=4.0, top_ohm=60.0),
    )


VOLTS = np.random.default_rng(2).uniform(-0.2, 0.3, (3, 4))
WEIGHTS = np.random.default_rng(3).uniform(-1.0, 1.0, (3, 5))


def value(xbar, volts=VOLTS):
    exact = xc.nodal.read(xbar, volts, method=xc.nodal.SparseDirect())
    return float((WEIGHTS * exact.column_current).sum())


def difference(change, step):
    return (change(step) - change(-step)) / (2 * step)


def test_every_device():
    xbar = an_array()
    found = xc.nodal.gradients(xbar, VOLTS, WEIGHTS)
    assert found.value == approx(value(xbar), rel=1e-12)
    for i, j in np.ndindex(xbar.shape):

        def moved(by, i=i, j=j):
            g = np.array(xbar.conductance)
            g[i, j] += by
            return value(replace(xbar, conductance=g))

        if xbar.conductance[i, j] > 0.0:
            expected = difference(moved, 1e-3 * xbar.conductance[i, j])
        else:
            expected = (4 * moved(1e-8) - moved(2e-8) - 3 * moved(0.0)) / 2e-8
        assert found.conductance[i, j] == approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["row_ohm", "column_ohm", "row_lead_ohm", "column_lead_ohm"])
def test_wires(name):
    xbar = an_array()
    found = xc.nodal.gradients(xbar, VOLTS, WEIGHTS)

    def moved(by):
        wires = replace(xbar.wires, **{name: getattr(xbar.wires, name) + by})
        return value(replace(xbar, wires=wires))

    assert getattr(found, name) == approx(difference(moved, 1e-3), rel=1e-5)


def test_inputs():
    found = xc.nodal.gradients(an_array(), VOLTS, WEIGHTS)
    expected = WEIGHTS @ xc.nodal.transfer(an_array()).T
    np.testing.assert_allclose(found.volts, expected, rtol=1e-10)


def test_ideal_wires_have_no_derivative_of_their_own():
    xbar = xc.Crossbar(conductance=[[1e-3]], wires=xc.Wires(row_ohm=0.0, column_ohm=2.0))
    found = xc.nodal.gradients(xbar, [0.3], [1.0])
    assert np.isnan(found.row_ohm)
    assert np.isnan(found.row_lead_ohm)
    current = 0.3 / 1002.0
    assert found.conductance[0, 0] == approx(0.3 * (1000.0 / 1002.0) ** 2, rel=1e-12)
    assert found.column_lead_ohm == approx(-(current**2) / 0.3, rel=1e-12)
