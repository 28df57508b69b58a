"""The deck is what the description says, element by element."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.units import parse_spice


def element_lines(text: str) -> list[str]:
    lines = text.split(".control", maxsplit=1)[0].splitlines()[1:]
    return [line for line in lines if line and line[0] not in "*."]


def make(
    conductance: object, *, row: float = 1.0, column: float = 2.0, **ends: object
) -> xc.Crossbar:
    return xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=row, column_ohm=column),
        terminals=xc.Terminals(**ends),
    )


@given(
    rows=st.integers(1, 5),
    cols=st.integers(1, 5),
    row=st.sampled_from([0.0, 1.5]),
    column=st.sampled_from([0.0, 2.5]),
    right=st.sampled_from([None, 0.0, 10.0]),
    top=st.sampled_from([None, 0.0, 10.0]),
    seed=st.integers(0, 99),
)
def test_every_element_is_there_once(rows, cols, row, column, right, top, seed):
    rng = np.random.default_rng(seed)
    conductance = rng.uniform(1e-6, 1e-5, (rows, cols)) * (rng.random((rows, cols)) > 0.3)
    xbar = make(conductance, row=row, column=column, right_ohm=right, top_ohm=top)
    lines = element_lines(xc.netlist.deck(xbar, np.zeros(rows)))
    names = Counter(line.split()[0].lower() for line in lines)
    assert max(names.values()) == 1
    kinds = Counter(re.sub(r"[_\d]+$", "", name) for name in names)
    assert kinds["rcell"] == np.count_nonzero(conductance)
    assert kinds["rrow"] == (rows * (cols - 1) if row else 0)
    assert kinds["rcol"] == ((rows - 1) * cols if column else 0)
    # two ideal drivers on one ideal wire are one
    parallel = row == 0.0 and right == 0.0
    assert kinds["vleft"] + kinds["vright"] == rows * (
        2 if right is not None and not parallel else 1
    )
    assert all(parse_spice(line.split()[3]) > 0 for line in lines if line[0] == "R")


def test_ideal_array_is_nothing_but_devices_and_sources():
    lines = element_lines(xc.netlist.deck(make([[1e-5, 0.0]], row=0.0, column=0.0), [0.5]))
    assert lines == [
        "Rcell_0_0 row_0 col_0 99999.99999999999",
        "Vleft_0 row_0 0 DC 0.5",
        "Vbottom_0 col_0 0 DC 0",
        "Vbottom_1 col_1 0 DC 0",
    ]


def test_capacitance_stands_at_every_node_and_adds_up_on_a_merged_wire():
    wires = xc.Wires(row_ohm=0.0, column_ohm=1.0, row_farad=2e-16, column_farad=3e-16)
    xbar = xc.Crossbar(conductance=np.full((2, 3), 1e-5), wires=wires)
    values = {
        line.split()[0]: float(line.split()[3])
        for line in element_lines(xc.netlist.deck(xbar, [0.0, 0.0]))
        if line[0] == "C"
    }
    assert sorted(values) == [
        "Ccol_0_0",
        "Ccol_0_1",
        "Ccol_0_2",
        "Ccol_1_0",
        "Ccol_1_1",
        "Ccol_1_2",
        "Crow_0",
        "Crow_1",
    ]
    assert values["Crow_0"] == approx(6e-16, rel=1e-12)
    assert values["Ccol_1_2"] == 3e-16


def test_header_states_array_conventions_and_units():
    title, *comment = xc.netlist.deck(make(np.full((3, 7), 1e-5)), np.zeros(3)).splitlines()
    assert title == "xbar_circuit: 3 x 7 crossbar"
    header = "\n".join(line for line in comment if line.startswith("*"))
    for phrase in (
        "10 uS",
        "1 ohm a word line",
        "row 0 is the top",
        "positive into",
        "volt, ampere",
    ):
        assert phrase in header


def test_numbers_carry_no_prefix():
    text = xc.netlist.deck(make([[3.3e6]], row=1e-3, column=4.7e6), [1e-9])
    numbers = [line.split()[-1] for line in element_lines(text)]
    assert all(re.fullmatch(r"[\d.e+-]+", number) for number in numbers), numbers


def test_extra_lines_and_saved_vectors_are_taken():
    text = xc.netlist.deck(make([[1e-5]]), [0.1], extra=["Rload col_0_0 0 50"], save=["v(row_0_0)"])
    assert "Rload col_0_0 0 50" in text.splitlines()
    assert ".save v(row_0_0)" in text
    assert ".print" not in text


@pytest.mark.parametrize("volts", [[0.1], [[0.1, 0.2, 0.3]], np.zeros((0, 2)), 0.1])
def test_wrong_shape_is_named(volts):
    with pytest.raises(xc.ShapeError, match=r"volts: got shape .* one voltage per row"):
        xc.netlist.deck(make(np.full((2, 1), 1e-5)), volts)


def test_options_are_checked():
    with pytest.raises(xc.ParameterError, match="reltol"):
        xc.netlist.SpiceOptions(reltol=0.0)
    with pytest.raises(xc.ParameterError, match="celsius"):
        xc.netlist.SpiceOptions(celsius=-300.0)


@pytest.mark.parametrize(
    "cell",
    [
        xc.cells.OneT1R(common_volt=0.2, gate_volt=1.0),
        xc.cells.GateInput(supply_volt=0.2),
        xc.cells.cell_preset("fefet_hzo").cell,
        xc.cells.OnSupplyLine(cell=xc.cells.GateInput(supply_volt=0.2), segment_ohm=50.0),
        xc.cells.OneS1R(selector_siemens=1e-6),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_cells_carry_the_same_current_about_any_reference(cell):
    """ngspice: all that is held moves with the reference, so nothing else does."""
    xbar = xc.Crossbar(
        conductance=[[2e-5, 5e-6], [1e-5, 2.2e-5]],
        wires=xc.Wires(row_ohm=5.0, column_ohm=20.0),
        cell=cell,
    )
    gate = getattr(cell, "read_volt", 0.9)
    volts = (0.18, 0.11) if cell.loads_row else (gate, gate - 0.2)
    found = {}
    for middle in (0.0, 0.37):
        lines = [
            "an array about a reference",
            *xc.netlist.array_lines(xbar, reference="middle"),
            f"Vmiddle middle 0 {middle!r}",
        ]
        for end in (*xc.netlist.drivers(xbar), *xc.netlist.senses(xbar)):
            drives = end.name.startswith("left")
            volt = volts[end.index] if drives else 0.0
            lines.append(f"V{end.name} {end.source_node} middle {volt!r}")
            parts = end.resistor()
            if parts is not None:
                name, first, second, ohm = parts
                lines.append(f"R{name} {first} {second} {ohm!r}")
        lines += [".options reltol=1e-9 abstol=1e-18 vntol=1e-13 gmin=1e-18", ".end"]
        names = ["i(vbottom_0)", "i(vbottom_1)"]
        plot = xc.spice.run("\n".join(lines), xc.spice.Op(), vectors=names)[0]
        found[middle] = np.array([float(plot[name][0]) for name in names])
    assert (found[0.0] > 1e-10).all()
    np.testing.assert_allclose(found[0.37], found[0.0], rtol=1e-6)
    np.testing.assert_allclose(
        xc.spice.read(xbar, list(volts)).column_current[0], found[0.0], rtol=1e-6
    )
