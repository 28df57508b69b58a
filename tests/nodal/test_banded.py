"""The elimination node by node, compiled, against the one line by line in NumPy."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.certificate import Elimination
from xbar_circuit.nodal import _banded
from xbar_circuit.nodal import _compiled as compiled
from xbar_circuit.nodal._banded import Stars, layout

ENDS = [
    (left, right, bottom, top)
    for left, right, bottom, top in product(
        (0.0, 3.0, None), (0.0, 2.0, None), (0.0, 5.0, None), (0.0, 4.0, None)
    )
    if not (left is None and right is None) and not (bottom is None and top is None)
]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (4, 3), (3, 7)])
@pytest.mark.parametrize("ohms", [(1.0, 2.0), (0.0, 2.0), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("lead", [None, 0.0])
def test_transfer_and_voltages_are_those_of_the_elimination_by_lines(shape, ohms, lead):
    rng = np.random.default_rng(3)
    wires = xc.Wires(row_ohm=ohms[0], column_ohm=ohms[1], row_lead_ohm=lead, column_lead_ohm=lead)
    g = rng.uniform(1e-3, 1.0, (2, *shape)) * (rng.random((2, *shape)) > 0.1)
    volts = rng.uniform(-1.0, 1.0, (2, shape[0]))
    for left, right, bottom, top in ENDS:
        ends = xc.Terminals(left_ohm=left, right_ohm=right, bottom_ohm=bottom, top_ohm=top)
        xbar = xc.Crossbar(conductance=g[1], wires=wires, terminals=ends)
        plain = Elimination(xbar, g[1:], g[1:])
        expected = plain.solve(np.eye(shape[0])[np.newaxis]).current[0].T
        stars = Stars(layout(shape, wires, ends), g)
        np.testing.assert_allclose(stars.transfer[1], expected, rtol=1e-13, atol=0)
        fields = plain.solve(volts.T[np.newaxis])
        for own, other in zip(stars.voltages(volts), (fields.row, fields.column), strict=True):
            np.testing.assert_allclose(own, np.moveaxis(other[0], -1, 0), rtol=0, atol=1e-14)
        # without room for voltages, rows are used again and again
        short = Stars(layout(shape, wires, ends), g, keep=False)
        np.testing.assert_array_equal(short.transfer, stars.transfer)


def test_without_numba_the_direct_method_goes_by_lines(monkeypatch):
    rng = np.random.default_rng(4)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (12, 9)), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    )
    volts = rng.uniform(-0.2, 0.2, (2, 12))
    one = xc.nodal.read(xbar, volts, method=xc.nodal.Direct())
    assert np.isfinite(one.column_voltage).all()  # computed now
    monkeypatch.setattr(compiled, "available", lambda: False)
    two = xc.nodal.read(xbar, volts, method=xc.nodal.Direct())
    full = np.abs(volts) @ xc.nodal.transfer(xbar)
    assert (np.abs(two.column_current - one.column_current) <= 1e-14 * full).all()
    assert not np.array_equal(two.column_voltage, one.column_voltage), "the same loops twice"
    np.testing.assert_allclose(two.column_voltage, one.column_voltage, rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 4)])
def test_the_fewest_cells_are_eliminated_by_the_same_lines_uncompiled(shape, monkeypatch):
    rng = np.random.default_rng(9)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, shape), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    )
    volts = rng.uniform(-0.2, 0.2, shape[0])
    found = xc.nodal.transfer(xbar), xc.nodal.read(xbar, volts).column_voltage
    monkeypatch.setattr(_banded, "few", lambda _: False)
    again = xc.nodal.transfer(xbar), xc.nodal.read(xbar, volts).column_voltage
    for one, two in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("cell", ["xc.devices.Ohmic()", "xc.devices.Sinh(v0_volt=0.1)"])
def test_a_read_of_one_cell_does_not_load_the_compiler(cell):
    code = f"""
import sys
import xbar_circuit as xc
xbar = xc.Crossbar(
    conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0), cell={cell}
)
xc.nodal.read(xbar, [0.1]).row_voltage
print("numba" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
