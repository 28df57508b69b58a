"""A measured table as a device: exact at its points, and the same in both engines."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices import IvTable
from xbar_circuit.errors import ModelFileError, ParameterError

STATES = (3.3, 3.7, 4.1, 4.5, 4.9)
VOLTS = np.linspace(0.0, 0.5, 26)


def law(filament, volt):
    return 61.4e-6 * np.exp(-(5.0 - filament) / (5.0 - 4.7249)) * np.sinh(volt / 0.43)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "iv.csv"
    points = [(volt, law(state, volt), state) for state in STATES for volt in VOLTS]
    np.savetxt(
        path, points, delimiter=",", header="voltage,current,state", comments="", fmt="%.17g"
    )
    return path


def test_it_is_the_table_where_the_table_has_a_point(file):
    table = IvTable.from_csv(file)
    assert table.conductances == approx(tuple(law(state, 0.2) / 0.2 for state in STATES))
    for state in STATES:
        g = np.array(law(state, 0.2) / 0.2)
        for sign in (1.0, -1.0):  # the other polarity is the mirror image
            got = table.respond(sign * VOLTS, np.zeros(26), g)
            np.testing.assert_allclose(got.current, sign * law(state, VOLTS), rtol=1e-12)
    assert 1e-6 < table.held_out_error() < 1e-3
    between = table.respond(np.array(0.31), np.array(0.0), np.array(law(4.0, 0.2) / 0.2))
    assert between.current == approx(law(4.0, 0.31), rel=1e-4)


def test_its_slopes_are_those_of_its_current(file):
    table = IvTable.from_csv(file)
    rng = np.random.default_rng(1)
    volts, g = rng.uniform(-0.45, 0.45, 40), np.geomspace(4e-7, 9e-5, 40)
    step = 1e-7
    up, down = (table.respond(volts + side, np.zeros(40), g).current for side in (step, -step))
    slope = table.respond(volts, np.zeros(40), g).row_slope
    np.testing.assert_allclose((up - down) / (2.0 * step), slope, rtol=1e-5)


def test_both_engines_have_the_same_law(file):
    rng = np.random.default_rng(0)
    conductance = law(rng.uniform(3.3, 4.9, (12, 8)), 0.2) / 0.2
    conductance[3, 4] = 0.0
    xbar = xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=50.0, column_ohm=30.0),
        cell=IvTable.from_csv(file),
    )
    volts = rng.uniform(-0.4, 0.4, (3, 12))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * scale
    with pytest.raises(ParameterError, match="what was measured"):
        xc.nodal.read(xbar, np.full(12, 0.8))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("0.1,1e-6,1\n0.2,2e-6,1\n0.1,1e-7,2\n0.3,2e-7,2\n", "other voltages in state 2"),
        ("0.1,1e-6,1,5\n0.2,2e-6,1,5\n", "4 columns"),
        ("0.1,1e-6\n", "1 voltages other than 0"),
        ("0.1,1e-6\n0.2,-2e-6\n", "-2e-06 A at 0.2 V"),
        ("0.1,3e-6\n0.2,2e-6\n", "falls from 0.1 to 0.2 V"),
        ("0.1,1e-6,1\n0.2,2e-6,1\n0.1,1.1e-6,2\n0.2,2e-6,2\n", "same current at 0.2 V"),
        ("0.3,1e-6\n0.4,2e-6\n", None),
    ],
)
def test_tables_that_cannot_be_used_are_named(tmp_path, text, named):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    if named is None:  # the read voltage is not needed to lie between 0 and the first point
        assert IvTable.from_csv(path).conductances == approx((1e-6 / 0.3,))
        return
    with pytest.raises((ParameterError, ModelFileError), match=named):
        IvTable.from_csv(path)


def test_one_polarity_may_be_all_there_is(file):
    table = IvTable.from_csv(file, symmetric=False)
    g = np.array(table.conductances[2])
    with pytest.raises(ParameterError, match="symmetric"):
        table.refuse_beyond(np.array([-0.1]), np.array([0.0]))
    with pytest.raises(ParameterError, match="read_volt"):
        IvTable.from_csv(file, symmetric=False, read_volt=-0.2)
    assert table.respond(np.array(0.2), np.array(0.0), g).current == approx(0.2 * g.item())
