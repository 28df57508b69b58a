"""The one exit: what leaves an engine is finite and certain, and says how certain."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.certificate import SUM_ERROR, TOLERANCE, certified, wire_bound

METHODS = [
    None,
    xc.nodal.Direct(),
    xc.nodal.SparseDirect(),
    xc.nodal.Hierarchical(),
    xc.nodal.NewtonKrylov(),
    xc.nodal.Newton(),
]


def an_array(side=9, seed=1, cell=None):
    rng = np.random.default_rng(seed)
    return xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (side, side)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0),
        cell=cell or xc.devices.Ohmic(),
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_how_far_its_currents_may_be_off(method):
    xbar = an_array()
    volts = np.random.default_rng(2).uniform(-0.2, 0.2, (3, 9))
    result = xc.nodal.read(xbar, volts, method=method)
    scale = np.abs(volts) @ xc.nodal.transfer(xbar)
    error = result.column_current_error
    assert error.shape == result.column_current.shape
    assert (error > 0.0).all()
    assert (error <= TOLERANCE * scale).all()
    exact = volts @ xc.nodal.transfer(xbar, method=xc.nodal.Direct())
    assert (np.abs(result.column_current - exact) <= error + SUM_ERROR * scale).all()


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1)])
@pytest.mark.parametrize("side", [9, 40])
def test_a_vector_alone_and_in_a_batch_agree_within_their_bounds(side, cell):
    xbar = an_array(side, cell=cell)
    volts = np.random.default_rng(3).uniform(-0.2, 0.2, (9, side))
    together = xc.nodal.read(xbar, volts)
    for k in range(9):
        alone = xc.nodal.read(xbar, volts[k])
        apart = np.abs(alone.column_current[0] - together.column_current[k])
        within = alone.column_current_error[0] + together.column_current_error[k]
        assert (apart <= within).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 1), (3, 2)])
@pytest.mark.parametrize("top", [None, 0.0, 5.0])
@pytest.mark.parametrize("bottom", [None, 0.0, 7.0])
@pytest.mark.parametrize("lead", [0.0, 2.0])
def test_every_kind_of_sense_terminal_of_the_smallest_arrays(shape, top, bottom, lead):
    if top is None and bottom is None:
        return
    g = np.random.default_rng(7).uniform(1e-3, 1e-1, shape)
    for ohm in (0.0, 3.0):
        xbar = xc.Crossbar(
            conductance=g,
            wires=xc.Wires(row_ohm=1.0, column_ohm=ohm, column_lead_ohm=lead),
            terminals=xc.Terminals(left_ohm=1.0, bottom_ohm=bottom, top_ohm=top),
        )
        exact = xc.nodal.transfer(xbar, method=xc.nodal.Hierarchical())
        for method in METHODS:
            found = xc.nodal.transfer(xbar, method=method)
            np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-12 * exact.max())


def test_the_bound_sees_a_mistake_of_any_cell():
    """A current in parallel with one cell, put in on purpose, moves the columns by less."""
    xbar = an_array(6)
    volts = np.linspace(0.1, 0.2, 6)[np.newaxis]
    g = xbar.conductance
    right = xc.nodal.read(xbar, volts, method=xc.nodal.Direct())
    rng = np.random.default_rng(4)
    for _ in range(10):
        where = tuple(rng.integers(0, 6, 2))
        nudge = np.zeros((1, 6, 6, 1))
        nudge[(0, *where, 0)] = 1e-9
        wrong = xc.certificate.Elimination(xbar, g[np.newaxis], g[np.newaxis]).solve(
            volts[..., np.newaxis], -nudge, nudge
        )
        drop = (wrong.row - wrong.column)[..., 0]
        current = g * drop
        slope = np.broadcast_to(g, current.shape)
        cells = xc.certificate.Cells(current, -nudge[..., 0], drop, slope, slope)
        bound, scale = wire_bound(xbar, volts, cells)
        moved = np.abs(current.sum(axis=1) - right.column_current)
        assert (moved <= bound).all()
        assert bound[0, where[1]] < 5e-9
        assert (scale <= 1.001 * np.abs(volts) @ xc.nodal.transfer(xbar)).all()


def by_hand(current, error):
    xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    ones = np.ones((2, 1, 1))
    return xc.ReadResult(
        crossbar=xbar,
        volts=np.ones((2, 1)),
        column_current=np.array([[1e-5], [current]]),
        column_current_error=np.array([[1e-17], [error]]),
        nodes=xc.NodeVoltages(row=ones, column=0.0 * ones),
        engine="by hand",
    )


@pytest.mark.parametrize(
    ("current", "error"),
    [(np.nan, 1e-17), (np.inf, 1e-17), (1e-5, np.nan), (1e-5, np.inf), (1e-5, 2e-14)],
)
def test_what_is_not_finite_or_not_certain_is_refused(current, error):
    with pytest.raises(xc.ConvergenceError, match="column_current") as caught:
        certified(by_hand(current, error), scale=np.full((2, 1), 1e-5))
    assert caught.value.failed == (1,)
    result = caught.value.result
    assert result.column_current[0, 0] == approx(1e-5, rel=1e-15)
    assert np.isnan(result.column_current[1]).all()
    assert result.converged.tolist() == [True, False]
    good = by_hand(1e-5, 1e-15)
    assert certified(good, scale=np.full((2, 1), 1e-5)) is good


def test_the_bound_of_ngspice_is_a_distance():
    for cell in (xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.05)):
        xbar = an_array(5, cell=cell)
        volts = np.random.default_rng(5).uniform(-0.2, 0.2, (2, 5))
        result = xc.spice.read(xbar, volts)
        exact = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
        apart = np.abs(result.column_current - exact.column_current)
        assert (apart <= result.column_current_error + exact.column_current_error).all()
        assert (result.column_current_error <= 1e-9 * np.abs(result.device_current).sum(1)).all()


def test_masked_entries_are_refused():
    masked = np.ma.masked_array([[1e-5, 2e-5]], mask=[[False, True]])
    wires = xc.Wires(row_ohm=1.0, column_ohm=1.0)
    with pytest.raises(xc.ParameterError, match="masked"):
        xc.Crossbar(conductance=masked, wires=wires)
    with pytest.raises(xc.ParameterError, match="masked"):
        xc.nodal.transfer_tiles(masked[np.newaxis], wires=wires)
    xbar = xc.Crossbar(conductance=masked.filled(0.0).T, wires=wires)
    with pytest.raises(xc.ParameterError, match="masked"):
        xc.nodal.read(xbar, np.ma.masked_array([0.1, 0.2], mask=[True, False]))
    whole = np.ma.masked_array([[1e-5]], mask=False)
    assert xc.Crossbar(conductance=whole, wires=wires).conductance[0, 0] == approx(1e-5, rel=0.0)


def test_wrong_kinds_are_named():
    xbar = an_array(4)
    wires = xbar.wires
    with pytest.raises(xc.ParameterError, match="sides"):
        xc.nodal.reduce(xbar, sides=[])
    with pytest.raises(xc.ParameterError, match="crossbar"):
        xc.nodal.reduce("an array")
    with pytest.raises(xc.ParameterError, match="crossbar"):
        xc.nodal.gradients(None, [0.1], [1.0])
    with pytest.raises(xc.ShapeError, match="weights"):
        xc.nodal.gradients(xbar, np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(xc.ParameterError, match="conductance"):
        xc.nodal.transfer_tiles("tiles", wires=wires)
    with pytest.raises(xc.ParameterError, match="wires"):
        xc.nodal.transfer_tiles([[[1e-5]]], wires=1.0)
    with pytest.raises(xc.ParameterError, match="terminals"):
        xc.nodal.transfer_tiles([[[1e-5]]], wires=wires, terminals=0.0)
    with pytest.raises(xc.ParameterError, match="volts"):
        xc.nodal.Waveform(time_second=[0.0], volts=[["a"]])
    with pytest.raises(xc.ParameterError, match="time_second"):
        xc.nodal.Waveform(time_second=[None], volts=[[1.0]])
    with pytest.raises(xc.ParameterError, match="model"):
        xc.nodal.operate(xbar, [0.1], lambda v: (v, v))


def test_reads_of_an_answer_do_not_change_it():
    """What a caller passes in, and what a method fell back on, stays as it was."""
    xbar = replace(an_array(6), cell=xc.devices.Sinh(v0_volt=0.01))
    volts = np.random.default_rng(6).uniform(-0.5, 0.5, (3, 6))
    before = volts.copy()
    xc.nodal.read(xbar, volts)
    np.testing.assert_array_equal(volts, before)
    assert volts.flags.writeable
