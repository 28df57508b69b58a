"""A write pulse on a whole array: the fast engine against one cell alone, and against ngspice."""

from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import PcmCell
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal import _write_network
from xbar_circuit.peripherals import WriteLines

CELL = PcmCell.sebastian2017()
PULSE = Pulse(volt=3.2, width_second=15e-9, rest_second=20e-9)


def array(rows, cols, *, seed=0, cell=CELL, wires=None):
    g = np.random.default_rng(seed).uniform(0.5e-6, 15e-6, (rows, cols))
    g[rows // 2, cols // 2] = 20e-6
    wires = wires or xc.Wires(row_ohm=2.0, column_ohm=3.0)
    return xc.Crossbar(conductance=g, wires=wires, cell=cell)


def lines(xbar, scheme="half", pulse=PULSE, **more):
    selected = xbar.rows // 2, xbar.cols // 2
    return WriteLines.biased(xbar.shape, selected=selected, pulse=pulse, scheme=scheme, **more)


def test_one_cell_in_an_array_is_one_cell_behind_its_resistances():
    xbar = array(1, 1)
    found = xc.nodal.write(xbar, lines(xbar), relative=1e-5)
    load = PULSE.load_ohm + 100.0 + 2.0 + 3.0
    alone = transient(CELL, found.before_metre[0], *PULSE.waveform(), load_ohm=load, relative=1e-5)
    assert found.after_metre[0, 0] == approx(alone.thickness[-1, 0], rel=2e-5)
    assert found.after_metre[0, 0] > 2.0 * found.before_metre[0, 0]
    assert found.peak_ampere[0, 0] == approx(alone.current.max(), rel=2e-4)
    assert found.energy_joule == approx(alone.energy_joule[0], rel=1e-4)


def test_ideal_wires_and_drivers_without_resistance_leave_every_cell_to_itself():
    wires = xc.Wires(row_ohm=0.0, column_ohm=0.0, row_lead_ohm=1e-3, column_lead_ohm=1e-3)
    xbar = array(2, 2, wires=wires)
    pulse = replace(PULSE, load_ohm=0.0, volt=1.4)
    found = xc.nodal.write(xbar, lines(xbar, pulse=pulse, bias_ohm=1e-3), relative=1e-5)
    times, volts = pulse.waveform()
    for place, share in (((1, 1), 1.0), ((0, 1), 0.5), ((1, 0), 0.5), ((0, 0), 0.0)):
        alone = transient(
            CELL, found.before_metre[place], times, np.multiply(share, volts), relative=1e-5
        )
        assert found.after_metre[place] == approx(alone.thickness[-1, 0], rel=1e-4)


@pytest.mark.parametrize(
    ("rows", "cols", "scheme", "volt"),
    [
        (4, 4, "half", 3.2),
        (1, 3, "third", -3.2),
        (3, 1, "third", 3.2),
        (2, 3, "float", 3.2),
    ],
)
def test_passive_arrays_agree_with_ngspice(rows, cols, scheme, volt):
    xbar = array(rows, cols)
    if rows == 4:  # one open device
        g = np.array(xbar.conductance)
        g[0, 0] = 0.0
        xbar = replace(xbar, conductance=g)
    drive = lines(xbar, scheme, replace(PULSE, volt=volt))
    fast, exact = xc.nodal.write(xbar, drive), xc.spice.write(xbar, drive)
    agree(fast, exact)
    place = rows // 2, cols // 2
    assert fast.after_metre[place] > 1.2 * fast.before_metre[place]
    assert np.all(fast.after_metre[xbar.conductance == 0.0] == 0.0)


def agree(fast, exact):
    np.testing.assert_allclose(fast.before_metre, exact.before_metre, rtol=1e-12)
    np.testing.assert_allclose(fast.after_metre, exact.after_metre, rtol=2e-3)
    np.testing.assert_allclose(fast.peak_volt, exact.peak_volt, atol=2e-3 * fast.peak_volt.max())
    top = fast.peak_ampere.max()
    np.testing.assert_allclose(fast.peak_ampere, exact.peak_ampere, atol=1e-2 * top)
    np.testing.assert_allclose(fast.peak_celsius, exact.peak_celsius, rtol=1e-3)
    assert fast.energy_joule == approx(exact.energy_joule, rel=1e-3)
    assert fast.residual < 1e-6


def test_a_transistor_limits_the_current_in_both_engines():
    cell = xc.cells.OneT1R(device=CELL, gate_volt=1.0)
    pulse = replace(PULSE, volt=2.4, load_ohm=200.0)
    xbar = array(2, 3, cell=cell)
    drive = lines(xbar, "ground", pulse, select_lines="columns")
    tables = xc.calibration.write_access(cell, volt=2.4, tolerance=3e-3)
    fast, exact = xc.nodal.write(xbar, drive, access=tables), xc.spice.write(xbar, drive)
    np.testing.assert_allclose(fast.after_metre, exact.after_metre, rtol=2e-3)
    top = float(exact.peak_ampere.max())
    np.testing.assert_allclose(fast.peak_ampere, exact.peak_ampere, atol=1e-2 * top)
    bare = xc.nodal.write(array(2, 3), lines(array(2, 3), "ground", pulse))
    assert top < 0.7 * bare.peak_ampere[1, 1]
    off = np.delete(fast.peak_ampere, 1, axis=1)
    assert off.max() < 1e-2 * top
    with pytest.raises(ParameterError, match="access"):
        xc.nodal.write(xbar, drive)


def test_far_from_its_drivers_a_cell_gets_less():
    xbar = replace(array(12, 12), wires=xc.Wires(row_ohm=20.0, column_ohm=20.0))
    xbar = replace(xbar, conductance=np.full((12, 12), 2e-6))
    pulse = replace(PULSE, volt=2.5, width_second=5e-9, rest_second=5e-9)
    found = []
    for place in ((11, 0), (0, 11)):  # nearest, farthest
        drive = WriteLines.biased(xbar.shape, selected=place, pulse=pulse, scheme="half")
        found.append(xc.nodal.write(xbar, drive).peak_volt[place])
    assert found[1] < 0.99 * found[0]


def test_a_large_array_keeps_its_factors_and_loses_no_digits(monkeypatch):
    xbar = array(6, 7)
    drive = lines(xbar)
    anew = xc.nodal.write(xbar, drive)
    monkeypatch.setattr(_write_network, "_ALWAYS", 0)
    kept = xc.nodal.write(xbar, drive)
    np.testing.assert_allclose(kept.after_metre, anew.after_metre, rtol=1e-6)
    anew_count, kept_count = (int(one.engine.split()[4]) for one in (anew, kept))
    assert kept_count < 0.9 * anew_count
    assert kept.residual < 1e-8


def test_refusals():
    xbar = array(2, 3)
    with pytest.raises(ParameterError, match="write law"):
        xc.nodal.write(replace(xbar, cell=xc.devices.Ohmic()), lines(xbar))
    with pytest.raises(ParameterError, match="write law"):
        xc.spice.write(replace(xbar, cell=xc.devices.Ohmic()), lines(xbar))
    for engine in (xc.nodal, xc.spice):
        with pytest.raises(ShapeError, match="lines"):
            engine.write(xbar, lines(array(3, 3)))
    bare = array(1, 1, wires=xc.Wires(row_ohm=0.0, column_ohm=1.0))
    with pytest.raises(ParameterError, match="resistance"):
        xc.nodal.write(bare, lines(bare, pulse=replace(PULSE, load_ohm=0.0)))
    with pytest.raises(ParameterError, match="relative"):
        xc.nodal.write(xbar, lines(xbar), relative=float("nan"))
    with pytest.raises(ParameterError, match="scheme"):
        lines(xbar, "quarter")
    with pytest.raises(ParameterError, match=r"selected\[1\]"):
        WriteLines.biased((2, 2), selected=(0, 2), pulse=PULSE)
    with pytest.raises(ParameterError, match="bias_ohm"):
        lines(xbar, bias_ohm=0.0)
    good = lines(xbar)
    with pytest.raises(ParameterError, match="row_volt"):
        replace(good, row_volt=good.row_volt * np.nan)
    with pytest.raises(ParameterError, match="seconds"):
        replace(good, seconds=good.seconds[::-1])
    with pytest.raises(ParameterError, match="float"):
        replace(good, row_ohm=np.full(2, np.inf))
    with pytest.raises(ShapeError, match="gates"):
        replace(good, gates=np.ones((3, 3), dtype=bool))
    with pytest.raises(ParameterError, match="begin"):
        xc.nodal.write(xbar, replace(good, row_volt=good.row_volt + 1.0))
    dead = replace(xbar, conductance=np.array([[0.0, 0.0, 0.0], [1e-6, 5e-6, 1e-6]]))
    with pytest.raises(ConvergenceError, match="floating"):
        xc.nodal.write(dead, lines(dead, "float"))
