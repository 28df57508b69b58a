"""Currents of the wire segments, against the voltage drops and the terminals."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx

ENDS = {
    "left and bottom": xc.Terminals(),
    "right and top": xc.Terminals(left_ohm=None, right_ohm=3.0, bottom_ohm=None, top_ohm=0.0),
    "all": xc.Terminals(left_ohm=1.0, right_ohm=5.0, bottom_ohm=0.0, top_ohm=7.0),
}


def read(ends, *, row_ohm=3.0, column_ohm=5.0, engine=xc.nodal.read):
    rng = np.random.default_rng(4)
    crossbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 1e-3, (5, 7)),
        wires=xc.Wires(row_ohm=row_ohm, column_ohm=column_ohm, row_lead_ohm=11.0),
        terminals=ends,
    )
    return engine(crossbar, rng.uniform(-0.2, 0.2, (2, 5)))


@pytest.mark.parametrize("engine", [xc.nodal.read, xc.spice.read])
@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_segments_carry_what_their_voltage_drop_says(ends, engine):
    result = read(ends, engine=engine)
    for flow, voltage, ohm, axis in (
        (result.row_segment_current[:, :, 1:-1], result.row_voltage, 3.0, 2),
        (result.column_segment_current[:, 1:-1], result.column_voltage, 5.0, 1),
    ):
        drop = -np.diff(voltage, axis=axis) / ohm
        np.testing.assert_allclose(flow, drop, rtol=0.0, atol=1e-11 * np.abs(drop).max())


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_leads_carry_what_the_terminals_see(ends):
    result = read(ends)
    into = result.column_segment_current[:, -1] - result.column_segment_current[:, 0]
    scale = np.abs(result.column_current).max()
    np.testing.assert_allclose(into, result.column_current, rtol=0.0, atol=1e-12 * scale)
    if ends.left_ohm is not None:
        lead = (result.volts - result.row_voltage[:, :, 0]) / (11.0 + ends.left_ohm)
        np.testing.assert_allclose(
            result.row_segment_current[:, :, 0], lead, rtol=0.0, atol=1e-11 * np.abs(lead).max()
        )
    else:
        assert not result.row_segment_current[:, :, 0].any()


def test_wires_without_resistance_have_currents_too():
    result = read(xc.Terminals(), row_ohm=0.0, column_ohm=0.0)
    backwards = np.cumsum(result.device_current[:, :, ::-1], axis=2)[:, :, ::-1]
    np.testing.assert_allclose(result.row_segment_current[:, :, :-1], backwards, rtol=1e-12)
    downwards = np.cumsum(result.device_current, axis=1)
    np.testing.assert_allclose(result.column_segment_current[:, 1:], downwards, rtol=1e-12)


def test_one_ideal_wire_between_two_ideal_ends_shares_by_distance():
    crossbar = xc.Crossbar(
        conductance=[[1e-5, 0.0, 0.0]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=1.0),
        terminals=xc.Terminals(left_ohm=0.0, right_ohm=0.0),
    )
    flow = xc.nodal.read(crossbar, [0.1]).row_segment_current[0, 0]
    np.testing.assert_allclose(flow / flow[0], [1.0, -1 / 3, -1 / 3, -1 / 3], rtol=1e-12)


def test_gates_draw_no_current_from_word_lines():
    from xbar_circuit.devices import Transistor

    cell = xc.cells.GateInput(
        transistor=Transistor.nmos45(), device=xc.devices.Ohmic(), supply_volt=0.2
    )
    cell = xc.calibration.tabulate(
        cell, volts=(0.0, 1.0), conductances=(1e-6, 25e-6), tolerance=1e-2
    )
    crossbar = xc.Crossbar(
        conductance=[[1e-5, 2e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0), cell=cell
    )
    result = xc.nodal.read(crossbar, [0.9])
    assert not result.row_segment_current.any()
    assert result.column_segment_current[0, -1] == approx(result.column_current[0], rel=1e-12)
    assert result.ideal_column_current is None
