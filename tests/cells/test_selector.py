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
