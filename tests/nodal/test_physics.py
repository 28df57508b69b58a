"""What must hold for every array: closed forms, and properties on random arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xbar_circuit as xc
from closeness import approx

METHODS = [
    xc.nodal.SparseDirect(),
    xc.nodal.Hierarchical(),
    xc.nodal.NewtonKrylov(fallback=None),
    xc.nodal.Direct(),
]


def ladder(devices, ohm):
    """Current of each device of one row over ideal columns, driven with 1 V, by recursion."""
    seen = 0.0  # conductance beyond the segment, from the far end
    inward = []
    for g in devices[::-1]:
        seen = g + (1.0 / (ohm + 1.0 / seen) if seen else 0.0)
        inward.append(seen)
    volt, currents = 1.0, []
    for g, whole in zip(devices, inward[::-1], strict=True):
        volt = volt / (1.0 + ohm * whole)
        currents.append(g * volt)
    return np.array(currents)


@pytest.mark.parametrize("method", METHODS)
def test_a_row_is_a_ladder(method):
    rng = np.random.default_rng(1)
    g = rng.uniform(1e-5, 1e-3, (3, 50))
    rows = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=20.0, column_ohm=0.0))
    expected = np.array([ladder(own, 20.0) for own in g])
    np.testing.assert_allclose(xc.nodal.transfer(rows, method=method), expected, rtol=1e-9)
    columns = xc.Crossbar(conductance=g.T[::-1], wires=xc.Wires(row_ohm=0.0, column_ohm=20.0))
    np.testing.assert_allclose(
        xc.nodal.transfer(columns, method=method), expected.T[::-1], rtol=1e-9
    )


def test_a_long_uniform_row_tends_to_tanh():
    ratio = []
    for n in (100, 200):
        a = 2.0
        g = np.full((1, n), 1e-5)
        wires = xc.Wires(row_ohm=a / (n**2 * 1e-5), column_ohm=0.0)
        whole = xc.nodal.read(xc.Crossbar(conductance=g, wires=wires), [1.0]).column_current.sum()
        limit = np.tanh(np.sqrt(a)) / np.sqrt(a)
        ratio.append(whole / (n * 1e-5) / limit - 1.0)
    assert abs(ratio[1]) < 5e-3
    assert ratio[0] / ratio[1] == approx(2.0, rel=0.02)  # first order in the pitch


ohms = st.sampled_from([0.0, 0.01, 1.0, 30.0])
ends = st.sampled_from([None, 0.0, 10.0])


@st.composite
def arrays(draw):
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    g = 10.0 ** rng.uniform(-6, -3, shape) * (rng.random(shape) > draw(st.sampled_from([0.0, 0.4])))
    left, right = draw(st.tuples(ends, ends).filter(any_end))
    bottom, top = draw(st.tuples(ends, ends).filter(any_end))
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=draw(ohms), column_ohm=draw(ohms)),
        terminals=xc.Terminals(left_ohm=left, right_ohm=right, bottom_ohm=bottom, top_ohm=top),
    )
    return xbar, rng.uniform(-0.3, 0.3, (2, shape[0]))


def any_end(pair):
    return pair != (None, None)


@settings(max_examples=40, deadline=None)
@given(arrays(), st.sampled_from(METHODS))
def test_kirchhoff_and_superposition(case, method):
    xbar, volts = case
    ready = xc.nodal.prepare(xbar, method=method)
    result = ready.read(volts)
    assert result.residual.max() < 1e-10
    scale = np.abs(result.device_current).max()
    mixed = ready.read(2.0 * volts[0] - 3.0 * volts[1]).column_current[0]
    np.testing.assert_allclose(
        mixed,
        2.0 * result.column_current[0] - 3.0 * result.column_current[1],
        rtol=0,
        atol=1e-8 * scale,
    )


@settings(max_examples=40, deadline=None)
@given(arrays())
def test_power_is_positive_and_ports_are_reciprocal(case):
    xbar, _ = case
    matrix = xc.nodal.reduce(xbar, sides=("left", "right", "top", "bottom")).admittance
    scale = np.abs(matrix).max()
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-10, atol=1e-300)
    assert np.linalg.eigvalsh(matrix).min() >= -1e-12 * scale


@settings(max_examples=40, deadline=None)
@given(arrays(), st.floats(1.0, 10.0))
def test_worse_wires_never_raise_the_total_current(case, factor):
    xbar, _ = case
    wires = xbar.wires
    worse = xc.Crossbar(
        conductance=xbar.conductance,
        wires=xc.Wires(row_ohm=factor * wires.row_ohm, column_ohm=factor * wires.column_ohm),
        terminals=xbar.terminals,
    )
    before, after = (xc.nodal.transfer(x, method=METHODS[1]).sum() for x in (xbar, worse))
    assert after <= before * (1 + 1e-12)
