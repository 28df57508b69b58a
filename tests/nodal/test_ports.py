"""The port macromodel: terminals afterwards, physics of the admittance, SPICE subcircuit, tiles."""

import itertools

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.units import parse_spice

ALL = ("left", "right", "top", "bottom")


def an_array(shape, seed=3, **wires):
    rng = np.random.default_rng(seed)
    g = rng.uniform(1e-4, 1e-2, shape) * (rng.random(shape) > 0.2)
    return xc.Crossbar(
        conductance=g, wires=xc.Wires(**({"row_ohm": 1.0, "column_ohm": 2.0} | wires))
    )


@pytest.mark.parametrize(
    "wires",
    [{}, {"row_lead_ohm": 0.0, "column_lead_ohm": 9.0}, {"row_ohm": 0.0}, {"column_ohm": 0.0}],
)
def test_terminals_attach_afterwards(wires):
    xbar = an_array((5, 7), **wires)
    model = xc.nodal.reduce(xbar, sides=ALL)
    for left, right, bottom, top in itertools.product((None, 0.0, 40.0), repeat=4):
        if (left is None and right is None) or (bottom is None and top is None):
            continue
        ends = xc.Terminals(left_ohm=left, right_ohm=right, bottom_ohm=bottom, top_ohm=top)
        whole = xc.Crossbar(conductance=xbar.conductance, wires=xbar.wires, terminals=ends)
        exact = xc.nodal.transfer(whole, method=xc.nodal.SparseDirect())
        np.testing.assert_allclose(
            model.transfer(ends), exact, rtol=0, atol=1e-12 * np.abs(exact).max()
        )


def test_admittance_is_reciprocal_passive_and_floating():
    matrix = xc.nodal.reduce(an_array((6, 5)), sides=ALL).admittance
    assert matrix.shape == (22, 22)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-13)
    np.testing.assert_allclose(matrix.sum(axis=1), 0.0, atol=1e-15)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12
    assert (matrix - np.diag(np.diag(matrix)) <= 0.0).all()


def test_a_side_that_is_no_port_cannot_be_connected():
    model = xc.nodal.reduce(an_array((3, 3)))
    with pytest.raises(xc.ParameterError, match="top"):
        model.transfer(xc.Terminals(top_ohm=0.0))
    with pytest.raises(xc.ParameterError, match="sides"):
        xc.nodal.reduce(an_array((3, 3)), sides=["north"])


def solve_subcircuit(text, held):
    """Solve the resistors and current sources of a subcircuit by a dense Laplacian."""
    lines = [line.split() for line in text.splitlines() if line and line[0] not in "*."]
    ports = next(line for line in text.splitlines() if line.startswith(".subckt")).split()[2:]
    number = {name: k for k, name in enumerate([*ports, "0"])}
    matrix, source = np.zeros((len(number),) * 2), np.zeros(len(number))
    for name, a, b, value in lines:
        p, q = number[a], number[b]
        if name[0] == "R":
            g = 1.0 / parse_spice(value)
            matrix[[p, q], [p, q]] += g
            matrix[p, q] -= g
            matrix[q, p] -= g
        else:
            source[p] -= parse_spice(value)
            source[q] += parse_spice(value)
    volts = np.array([held[name] for name in number])
    return dict(zip(number, source - matrix @ volts, strict=True))


def test_the_subcircuit_is_the_array():
    xbar = an_array((5, 4))
    volts = np.array([0.1, -0.2, 0.3, 0.0, 0.2])
    result = xc.nodal.read(xbar, volts)
    model = xc.nodal.reduce(xbar)
    held = {f"left_{i}": v for i, v in enumerate(volts)} | {f"bottom_{j}": 0.0 for j in range(4)}
    current = solve_subcircuit(model.subcircuit("array"), held | {"0": 0.0})
    for j in range(4):
        assert current[f"bottom_{j}"] == approx(result.column_current[0, j], rel=1e-12)
    one = model.subcircuit("column", rows=[], columns=[2], volts=volts)
    assert one.count("\nR") == 1
    assert ".subckt column bottom_2" in one
    current = solve_subcircuit(one, {"bottom_2": 0.0, "0": 0.0})
    assert current["bottom_2"] == approx(result.column_current[0, 2], rel=1e-12)
    with pytest.raises(xc.ParameterError, match="volts"):
        model.subcircuit("column", rows=[0], columns=[2])


def test_tiles_in_one_call_are_the_arrays_one_by_one():
    rng = np.random.default_rng(8)
    g = rng.uniform(0, 1e-3, (3, 20, 17))
    wires, ends = xc.Wires(row_ohm=1.0, column_ohm=2.0), xc.Terminals(right_ohm=3.0)
    tiles = xc.nodal.transfer_tiles(g, wires=wires, terminals=ends)
    for tile, own in zip(g, tiles, strict=True):
        xbar = xc.Crossbar(conductance=tile, wires=wires, terminals=ends)
        np.testing.assert_allclose(own, xc.nodal.transfer(xbar), rtol=1e-10)


@pytest.mark.parametrize("bad", [np.ones((2, 2)), np.ones((0, 2, 2)), -np.ones((1, 1, 1))])
def test_bad_tiles_are_refused(bad):
    with pytest.raises((xc.ShapeError, xc.ParameterError)):
        xc.nodal.transfer_tiles(bad, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    with pytest.raises(xc.ParameterError):
        xc.nodal.transfer_tiles([[[np.nan]]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))


def test_the_subcircuit_in_ngspice_equals_the_full_deck():
    xbar = an_array((20, 18))
    volts = np.random.default_rng(4).uniform(-0.2, 0.3, 20)
    full = xc.spice.read(xbar, volts)
    model = xc.nodal.reduce(xbar)
    lines = [
        "column 3 of a loaded array",
        model.subcircuit("column", rows=[], columns=[3], volts=volts),
        "Xarray sense column",
        "Vsense sense 0 0",
        ".options klu reltol=1e-12 abstol=1e-18",
        ".end",
    ]
    plot = xc.spice.run("\n".join(lines), xc.spice.Op(), vectors=["i(vsense)"])[0]
    ours = float(plot["i(vsense)"][0])
    assert ours == approx(full.column_current[0, 3], rel=1e-9)
