"""A thin segment, a broken one, a line left open: against a dense nodal matrix."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.devices import Sinh
from xbar_circuit.errors import ParameterError, ShapeError

RNG = np.random.default_rng(8)
SHAPE = (6, 4)
G = RNG.uniform(1e-6, 1e-4, SHAPE)
G[2, 1] = 0.0
VOLTS = RNG.uniform(-0.2, 0.2, (3, 6))


def resistances():
    row = RNG.uniform(1.0, 200.0, (6, 3))
    column = RNG.uniform(1.0, 200.0, (5, 4))
    row[1, 1] = column[3, 2] = np.inf
    row[4, 0] = 1e5
    return row, column


ROW, COLUMN = resistances()
ROW_LEAD = np.array([3.0, 5.0, np.inf, 1.0, 2.0, 40.0])
COLUMN_LEAD = np.array([2.0, 30.0, 4.0, 8.0])
ENDS = {
    "one": xc.Terminals(left_ohm=10.0, bottom_ohm=0.0),
    "all": xc.Terminals(left_ohm=10.0, right_ohm=20.0, bottom_ohm=5.0, top_ohm=15.0),
    "top": xc.Terminals(left_ohm=None, right_ohm=1.0, bottom_ohm=None, top_ohm=2.0),
}


def uneven(**changes):
    parts = {"row_ohm": ROW, "column_ohm": COLUMN}
    return xc.Wires(
        **(parts | {"row_lead_ohm": ROW_LEAD, "column_lead_ohm": COLUMN_LEAD} | changes)
    )


def truth(conductance, row, column, row_lead, column_lead, ends, volts):
    """Column currents from one dense matrix: every branch stamped by hand."""
    rows, cols = conductance.shape
    size = rows * cols
    matrix, drive = np.zeros((2 * size, 2 * size)), np.zeros((2 * size, rows))
    sense = np.zeros((cols, 2 * size))

    def stamp(a, b, siemens):
        matrix[a, a] += siemens
        matrix[b, b] += siemens
        matrix[a, b] -= siemens
        matrix[b, a] -= siemens

    for i in range(rows):
        for j in range(cols):
            here = i * cols + j
            stamp(here, size + here, conductance[i, j])
            if j + 1 < cols:
                stamp(here, here + 1, 1.0 / row[i, j])
            if i + 1 < rows:
                stamp(size + here, size + here + cols, 1.0 / column[i, j])
        for ohm, j in ((ends.left_ohm, 0), (ends.right_ohm, cols - 1)):
            if ohm is not None:
                matrix[i * cols + j, i * cols + j] += 1.0 / (ohm + row_lead[i])
                drive[i * cols + j, i] += 1.0 / (ohm + row_lead[i])
    for j in range(cols):
        for ohm, i in ((ends.top_ohm, 0), (ends.bottom_ohm, rows - 1)):
            if ohm is not None:
                node = size + i * cols + j
                matrix[node, node] += 1.0 / (ohm + column_lead[j])
                sense[j, node] += 1.0 / (ohm + column_lead[j])
    return volts @ np.linalg.solve(matrix, drive).T @ sense.T


@pytest.mark.parametrize("ends", ENDS)
def test_every_engine_finds_what_a_dense_matrix_gives(ends):
    xbar = xc.Crossbar(conductance=G, wires=uneven(), terminals=ENDS[ends])
    expected = truth(G, ROW, COLUMN, ROW_LEAD, COLUMN_LEAD, ENDS[ends], VOLTS)
    scale = np.abs(expected).max()
    assert np.isfinite(expected).all()
    found = [
        xc.nodal.read(xbar, VOLTS),
        xc.spice.read(xbar, VOLTS),
        xc.nodal.read(xbar, VOLTS, method=xc.nodal.Newton()),
    ]
    if ends == "all":
        found.append(xc.vacask.read(xbar, VOLTS))
    for result in found:
        np.testing.assert_allclose(
            result.column_current, expected, rtol=0.0, atol=1e-10 * scale, err_msg=result.engine
        )
        assert (result.residual < 1e-9).all()
        into = result.column_segment_current[:, -1] - result.column_segment_current[:, 0]
        np.testing.assert_allclose(into, expected, rtol=0.0, atol=1e-10 * scale)
    np.testing.assert_allclose(
        VOLTS @ xc.nodal.transfer(xbar), expected, rtol=0.0, atol=1e-12 * scale
    )


def test_segment_currents_are_the_drops_over_their_resistances():
    xbar = xc.Crossbar(conductance=G, wires=uneven(), terminals=ENDS["all"])
    result = xc.nodal.read(xbar, VOLTS)
    flow = -np.diff(result.row_voltage, axis=2) / ROW
    np.testing.assert_allclose(
        result.row_segment_current[:, :, 1:-1], flow, rtol=0.0, atol=1e-9 * np.abs(flow).max()
    )
    flow = -np.diff(result.column_voltage, axis=1) / COLUMN
    np.testing.assert_allclose(
        result.column_segment_current[:, 1:-1], flow, rtol=0.0, atol=1e-9 * np.abs(flow).max()
    )


def test_nonlinear_cells_agree_with_ngspice():
    xbar = xc.Crossbar(conductance=G, wires=uneven(), cell=Sinh(v0_volt=0.05))
    fast, exact = xc.nodal.read(xbar, VOLTS), xc.spice.read(xbar, VOLTS)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * scale


def test_equal_segments_in_an_array_are_one_number():
    even = xc.Wires(row_ohm=2.0, column_ohm=3.0, row_lead_ohm=4.0, column_lead_ohm=5.0)
    arrays = xc.Wires(
        row_ohm=np.full((6, 3), 2.0),
        column_ohm=np.full((5, 4), 3.0),
        row_lead_ohm=np.full(6, 4.0),
        column_lead_ohm=5.0,
    )
    first, second = (
        xc.nodal.transfer(xc.Crossbar(conductance=G, wires=wires)) for wires in (even, arrays)
    )
    np.testing.assert_allclose(first, second, rtol=1e-12)
    assert arrays == xc.Wires(
        row_ohm=np.full((6, 3), 2.0),
        column_ohm=np.full((5, 4), 3.0),
        row_lead_ohm=np.full(6, 4.0),
        column_lead_ohm=5.0,
    )
    assert hash(arrays) != hash(even)


def test_sneak_paths_of_a_passive_array_and_what_a_selector_leaves_of_them():
    """A 2 x 2 array with one line of each kind left open: three cells in series beside the one."""
    conductance = np.array([[1e-6, 1e-4], [1e-4, 1e-4]])
    wires = xc.Wires(
        row_ohm=0.1,
        column_ohm=0.1,
        row_lead_ohm=[0.1, np.inf],
        column_lead_ohm=[0.1, np.inf],
    )
    bare = xc.Crossbar(conductance=conductance, wires=wires)
    sneak = 1e-6 + 1e-4 / 3.0  # the selected cell, and three of 10 kohm in series
    for read in (xc.nodal.read, xc.spice.read):
        np.testing.assert_allclose(read(bare, [1.0, 0.0]).column_current[0, 0], sneak, rtol=1e-4)
    # with a selector each of the three cells in series sees a third of the voltage
    selector = xc.cells.OneS1R(selector=Sinh(v0_volt=0.04), selector_siemens=1e-12)
    passive = xc.Crossbar(conductance=conductance, wires=wires, cell=selector)
    through = xc.nodal.read(passive, [1.0, 0.0]).device_current[0]
    selected, third = (
        selector.respond(np.array(volt), np.array(0.0), np.array(g)).current
        for volt, g in ((1.0, 1e-6), (1.0 / 3.0, 1e-4))
    )
    np.testing.assert_allclose(through[0, 0], selected, rtol=1e-4)
    np.testing.assert_allclose(through[[0, 1, 1], [1, 1, 0]], [third, -third, third], rtol=1e-4)
    assert third < 1e-3 * selected  # and without it 33 times more than the selected cell's


def test_what_needs_equal_segments_says_so():
    xbar = xc.Crossbar(conductance=G, wires=uneven())
    for method in (xc.nodal.Hierarchical(), xc.nodal.NewtonKrylov(), xc.nodal.SparseDirect()):
        with pytest.raises(ParameterError, match="differ from segment to segment"):
            xc.nodal.read(xbar, VOLTS, method=method)
    with pytest.raises(ParameterError, match="differ from segment to segment"):
        xc.nodal.transfer_tiles(G[np.newaxis], wires=uneven())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match=r"wires\.row_ohm"):
        xc.Crossbar(conductance=G.T, wires=uneven())
    with pytest.raises(ParameterError, match="row_lead_ohm"):
        uneven(row_lead_ohm=None)
    with pytest.raises(ParameterError, match="0 ohm"):
        uneven(row_ohm=np.zeros((6, 3)))
    with pytest.raises(ParameterError, match="-1 ohm"):
        uneven(row_ohm=np.full((6, 3), -1.0))
    with pytest.raises(ParameterError, match="row_ohm"):
        uneven(row_ohm=np.full((6, 3), np.nan))
