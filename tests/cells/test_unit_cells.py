"""Unit cells: their SPICE text, and what they refuse."""

import dataclasses

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cells import GateInput, OneT1R


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    return xc.calibration.tabulate(
        OneT1R(), volts=(0.0, 0.1), conductances=(1e-5, 2e-5), folder=tmp_path_factory.mktemp("t")
    )


def test_cells_follow_the_protocol(cell):
    for each in (OneT1R(), GateInput(), cell):
        assert isinstance(each, xc.devices.Cell)
        assert not each.linear
        assert hash(each) == hash(dataclasses.replace(each))
    assert OneT1R().loads_row
    assert not GateInput().loads_row


def test_a_subcircuit_runs_in_a_deck_of_ones_own():
    unit = OneT1R(gate_volt=1.0)
    deck = "\n".join(
        ["one cell", unit.spice_preamble(), unit.subcircuit(1e-4, name="synapse"),
         "Vin row 0 DC 0.2", "X1 row column cell_bulk cell_gate synapse", "Vsense column 0 DC 0"]
    )  # fmt: skip
    current = xc.spice.run(deck, xc.spice.Op())["i(vsense)"][0]
    assert 0.2 / (1e4 + 700.0) < current < 0.2 / (1e4 + 500.0)  # the transistor's 0.5 to 0.7 kohm


def test_the_common_voltage_moves_every_line():
    cell = OneT1R(gate_volt=1.0, common_volt=0.4)
    assert cell.lines() == {"cell_bulk": -0.4, "cell_gate": 0.6}
    assert GateInput(supply_volt=0.6, common_volt=0.4).drive_volt == approx(0.2)


def test_a_cell_without_a_table_says_how_to_get_one():
    xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1, column_ohm=1), cell=OneT1R())
    with pytest.raises(xc.ParameterError, match=r"xc\.calibration\.tabulate"):
        xc.nodal.read(xbar, [0.1])
    assert xc.spice.read(xbar, [0.1]).column_current[0, 0] > 0.99e-6


def test_a_table_does_not_outlive_a_change_of_its_cell(cell):
    assert dataclasses.replace(cell, gate_volt=1.0).table is cell.table
    for change in ({"gate_volt": 0.9}, {"device": xc.devices.Sinh(v0_volt=0.1)}):
        with pytest.raises(xc.ParameterError, match="table of this very cell"):
            dataclasses.replace(cell, **change)
    assert dataclasses.replace(cell, gate_volt=0.9, table=None).table is None


def test_the_deck_says_how_good_the_table_is(cell):
    xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1, column_ohm=1), cell=cell)
    assert "held-out error" in xc.netlist.deck(xbar, [0.1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": OneT1R()},
        {"device": GateInput()},
        {"device": None},
        {"transistor": "nmos45"},
        {"gate_volt": np.nan},
        {"table": 3},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(xc.ParameterError, match=next(iter(wrong))):
        OneT1R(**wrong)
