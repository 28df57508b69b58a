"""The conventions, pinned on an asymmetric array against a Laplacian written out by hand.

If a sign, an orientation, a lead or a shape ever changes, it is caught here and nowhere else has
to think about it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import xbar_circuit as xc

DATA = Path(__file__).parent / "data" / "reference" / "cases.json"
ROWS, COLS = 3, 4
G = np.array([[1e-3, 2e-3, 0.0, 4e-3], [5e-3, 0.0, 7e-3, 8e-3], [9e-3, 1e-2, 1.1e-2, 1.2e-2]])
VOLTS = np.array([[0.3, -0.1, 0.2], [0.0, 0.5, 0.0]])


def by_hand(g, volts, *, row_ohm, column_ohm, left=None, right=None, bottom=None, top=None):
    """Solve node by node; each end is its whole resistance, lead and terminal, or None."""
    rows, cols = g.shape
    size = 2 * rows * cols

    def word(i, j):
        return i * cols + j

    def bit(i, j):
        return rows * cols + i * cols + j

    matrix, source = np.zeros((size, size)), np.zeros((size, len(volts)))

    def join(a, b, siemens):
        matrix[a, a] += siemens
        matrix[b, b] += siemens
        matrix[a, b] -= siemens
        matrix[b, a] -= siemens

    for i in range(rows):
        for j in range(cols):
            join(word(i, j), bit(i, j), g[i, j])
            if j + 1 < cols:
                join(word(i, j), word(i, j + 1), 1 / row_ohm)
            if i + 1 < rows:
                join(bit(i, j), bit(i + 1, j), 1 / column_ohm)
    for end, j in ((left, 0), (right, cols - 1)):
        for i in range(rows if end is not None else 0):
            matrix[word(i, j), word(i, j)] += 1 / end
            source[word(i, j)] += volts[:, i] / end
    current = np.zeros((len(volts), cols))
    for end, i in ((bottom, rows - 1), (top, 0)):
        for j in range(cols if end is not None else 0):
            matrix[bit(i, j), bit(i, j)] += 1 / end
    voltage = np.linalg.solve(matrix, source).T
    for end, i in ((bottom, rows - 1), (top, 0)):
        if end is not None:
            current += voltage[:, [bit(i, j) for j in range(cols)]] / end
    word_volt = voltage[:, : rows * cols].reshape(-1, rows, cols)
    bit_volt = voltage[:, rows * cols :].reshape(-1, rows, cols)
    return current, word_volt, bit_volt


TERMINALS = {
    "left and bottom": xc.Terminals(),
    "resistive": xc.Terminals(left_ohm=5.0, bottom_ohm=7.0),
    "right and top": xc.Terminals(left_ohm=None, right_ohm=3.0, bottom_ohm=None, top_ohm=0.0),
    "both ends": xc.Terminals(left_ohm=0.0, right_ohm=2.0, bottom_ohm=11.0, top_ohm=0.0),
}
LEADS = {"default leads": (None, None), "own leads": (13.0, 17.0)}


@pytest.mark.parametrize("terminals", TERMINALS.values(), ids=TERMINALS.keys())
@pytest.mark.parametrize("leads", LEADS.values(), ids=LEADS.keys())
def test_signs_orientation_leads_and_terminals(terminals, leads):
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0, row_lead_ohm=leads[0], column_lead_ohm=leads[1])
    result = xc.nodal.read(xc.Crossbar(conductance=G, wires=wires, terminals=terminals), VOLTS)
    row_lead, column_lead = leads[0] or 1.0, leads[1] or 2.0
    ends = {
        "left": (terminals.left_ohm, row_lead),
        "right": (terminals.right_ohm, row_lead),
        "bottom": (terminals.bottom_ohm, column_lead),
        "top": (terminals.top_ohm, column_lead),
    }
    current, word, bit = by_hand(
        G,
        VOLTS,
        row_ohm=1.0,
        column_ohm=2.0,
        **{name: None if ohm is None else ohm + lead for name, (ohm, lead) in ends.items()},
    )
    scale = np.abs(current).max()
    np.testing.assert_allclose(result.column_current, current, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(result.row_voltage, word, rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.column_voltage, bit, rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.device_current, G * (word - bit), rtol=0, atol=1e-13 * scale)
    assert result.residual.max() < 1e-13


def test_ideal_wires_give_volts_times_conductance():
    xbar = xc.Crossbar(conductance=G, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    np.testing.assert_allclose(
        xc.nodal.read(xbar, VOLTS).column_current, VOLTS @ G, rtol=1e-15, atol=1e-18
    )
    np.testing.assert_allclose(xc.nodal.transfer(xbar), G, rtol=1e-15)


def test_current_is_positive_into_the_sense_terminal():
    xbar = xc.Crossbar(conductance=G, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    assert (xc.nodal.read(xbar, np.ones(ROWS)).column_current > 0).all()


def test_a_device_near_driver_and_sense_loses_least():
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    for i in range(ROWS):
        for j in range(COLS):
            one = np.zeros((ROWS, COLS))
            one[i, j] = 1e-2
            gain = xc.nodal.transfer(xc.Crossbar(conductance=one, wires=wires))
            expected = np.zeros((ROWS, COLS))
            expected[i, j] = 1 / (100.0 + 1.0 * (j + 1) + 2.0 * (ROWS - i))
            np.testing.assert_allclose(gain, expected, rtol=1e-13)


def test_shapes():
    xbar = xc.Crossbar(conductance=G, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    many, one = xc.nodal.read(xbar, VOLTS), xc.nodal.read(xbar, VOLTS[0])
    assert many.column_current.shape == (2, COLS)
    assert one.column_current.shape == (1, COLS)
    for field in ("row_voltage", "column_voltage", "device_current"):
        assert getattr(many, field).shape == (2, ROWS, COLS)
        np.testing.assert_array_equal(getattr(many, field)[:1], getattr(one, field))
    assert many.residual.shape == (2,)
    gain = xc.nodal.transfer(xbar)
    assert gain.shape == (ROWS, COLS)
    np.testing.assert_allclose(VOLTS @ gain, many.column_current, rtol=1e-12)


@pytest.mark.parametrize("name", json.loads(DATA.read_text()))
def test_reference_cases(name):
    case = json.loads(DATA.read_text())[name]
    ohms = np.array([[np.inf if r is None else r for r in row] for row in case["resistance"]])
    xbar = xc.Crossbar(
        conductance=1.0 / ohms,
        wires=xc.Wires(row_ohm=case["row_segment"], column_ohm=case["column_segment"]),
    )
    result = xc.nodal.read(xbar, case["voltage"])
    np.testing.assert_allclose(result.column_current[0], case["column_current"], rtol=case["rtol"])
