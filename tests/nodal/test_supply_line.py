"""Supply lines with resistance: three engines, and a matrix stamped here by hand."""

import json
from itertools import pairwise

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import calibration
from xbar_circuit.cells import GateInput, OneT1R, OnSupplyLine, cell_preset, load_cell
from xbar_circuit.cli import main
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.peripherals import Dac, IdealConverter, Readout

FEFET = cell_preset("fefet_hzo")
SHAPE = (7, 5)
IDEAL = 1e-4  # ohm, of what is ideal, in the matrix by hand
LINES = {
    "lead of one segment": {},
    "no lead": {"lead_ohm": 0.0},
    "one supply for all": {"supply_ohm": 300.0},
    "fed at both ends": {"driven": "both", "lead_ohm": 3.0},
    "fed at the far end": {"driven": "end"},
    "ideal line, real lead": {"segment_ohm": 0.0, "lead_ohm": 50.0},
    "supply alone": {"segment_ohm": 0.0, "supply_ohm": 100.0},
}


def array(along="columns", wires=None, terminals=None, preset=FEFET, **line):
    rng = np.random.default_rng(1)
    conductance = preset.conductance(rng.uniform(*preset.states, SHAPE))
    conductance[2, 3] = 0.0
    cell = OnSupplyLine(**({"cell": preset.cell, "segment_ohm": 25.0, "along": along} | line))
    return xc.Crossbar(
        conductance=conductance,
        wires=wires or xc.Wires(row_ohm=10.0, column_ohm=20.0),
        terminals=terminals or xc.Terminals(bottom_ohm=30.0),
        cell=cell,
    )


def inputs(count=3):
    rng = np.random.default_rng(2)
    return FEFET.cell.read_volt + rng.uniform(-0.3, 0.2, (count, SHAPE[0]))


def by_hand(xbar, gates):
    """Column currents of one input: every node in one dense matrix, plain Newton.

    Nodes: supply line at each cell, then bit line at each cell, then the common supply.
    """
    line, wires = xbar.cell, xbar.wires
    rows, cols = xbar.shape
    size = rows * cols
    supply = np.arange(size).reshape(rows, cols)
    column, common = supply + size, 2 * size
    matrix, given = np.zeros((2 * size + 1, 2 * size + 1)), np.zeros(2 * size + 1)

    def join(a, b, ohm):
        g = 1.0 / max(ohm, IDEAL)
        for p, q in ((a, b), (b, a)):
            matrix[p, p] += g
            matrix[p, q] -= g

    def hold(a, ohm, volt):
        matrix[a, a] += 1.0 / max(ohm, IDEAL)
        given[a] += volt / max(ohm, IDEAL)

    lead = line.segment_ohm if line.lead_ohm is None else line.lead_ohm
    hold(common, line.supply_ohm, line.drive_volt)
    chains = list(supply.T if line.along == "columns" else supply)
    for chain in chains:
        for a, b in pairwise(chain):
            join(a, b, line.segment_ohm)
        if line.driven in ("start", "both"):
            join(chain[0], common, lead)
        if line.driven in ("end", "both"):
            join(chain[-1], common, lead)
    for chain in column.T:
        for a, b in pairwise(chain):
            join(a, b, wires.column_ohm)
        hold(chain[-1], wires.column_lead + xbar.terminals.bottom_ohm, 0.0)
    at = np.zeros(2 * size + 1)
    at[supply], at[common] = line.drive_volt, line.drive_volt
    there = xbar.conductance > 0.0
    for _ in range(40):
        current, _, to_column, to_supply = (
            np.where(there, part, 0.0)
            for part in line.cell.supplied(
                gates[:, np.newaxis], at[supply], at[column], xbar.conductance
            )
        )
        left = matrix @ at - given
        left[supply] += current
        left[column] -= current
        jacobian = matrix.copy()
        for i, j in np.ndindex(rows, cols):
            s, c = supply[i, j], column[i, j]
            jacobian[s, s] += to_supply[i, j]
            jacobian[s, c] += to_column[i, j]
            jacobian[c, s] -= to_supply[i, j]
            jacobian[c, c] -= to_column[i, j]
        at = at - np.linalg.solve(jacobian, left)
    return current.sum(axis=0), at[supply]


@pytest.mark.parametrize("along", ["columns", "rows"])
@pytest.mark.parametrize("name", LINES)
def test_three_engines_and_a_matrix_by_hand_agree(along, name):
    xbar, volts = array(along, **LINES[name]), inputs()
    fast = xc.nodal.read(xbar, volts)
    exact, second = xc.spice.read(xbar, volts), xc.vacask.read(xbar, volts)
    full = np.abs(fast.column_current).max()
    for other, within in ((exact, 1e-9), (second, 2e-8)):
        worst = np.abs(other.column_current - fast.column_current).max()
        assert worst < within * full, other.engine
        np.testing.assert_allclose(other.supply_voltage, fast.supply_voltage, rtol=1e-7)
        np.testing.assert_allclose(other.device_current, fast.device_current, rtol=1e-4)
    assert (fast.column_current_error < 1e-10 * full).all()
    current, supply = by_hand(xbar, volts[0])
    np.testing.assert_allclose(fast.column_current[0], current, rtol=3e-6)
    np.testing.assert_allclose(fast.supply_voltage[0], supply, rtol=3e-6)
    ideal = xc.nodal.read(
        xc.Crossbar(
            conductance=xbar.conductance,
            wires=xbar.wires,
            terminals=xbar.terminals,
            cell=xbar.cell.cell,
        ),
        volts,
    )
    assert np.abs(ideal.column_current - fast.column_current).max() > 0.002 * full
    assert (fast.column_current <= ideal.column_current * (1.0 + 1e-12)).all()


def test_a_line_without_resistance_is_the_cell_alone():
    xbar = array(segment_ohm=0.0, lead_ohm=0.0)
    alone = xc.Crossbar(
        conductance=xbar.conductance,
        wires=xbar.wires,
        terminals=xbar.terminals,
        cell=FEFET.cell,
    )
    volts = inputs()
    np.testing.assert_allclose(
        xc.nodal.read(xbar, volts).column_current,
        xc.nodal.read(alone, volts).column_current,
        rtol=1e-11,
    )


def test_what_the_supply_delivers_is_what_the_columns_take():
    xbar = array("rows", supply_ohm=200.0)
    found = xc.nodal.read(xbar, inputs())
    assert found.residual.max() < 1e-12
    lead = FEFET.cell.supply_volt - found.supply_voltage.max(axis=(1, 2))
    total = found.column_current.sum(axis=1)
    assert (lead > 200.0 * total).all()  # the supply's own drop, and the nearest cell's lead
    assert lead == approx(200.0 * total, rel=0.05)


@pytest.mark.parametrize(
    ("wires", "terminals"),
    [
        (xc.Wires(row_ohm=0.0, column_ohm=0.0), xc.Terminals()),
        (xc.Wires(row_ohm=1.0, column_ohm=0.0), xc.Terminals(bottom_ohm=0.0, top_ohm=0.0)),
        (xc.Wires(row_ohm=1.0, column_ohm=2.0), xc.Terminals(bottom_ohm=None, top_ohm=40.0)),
        (
            xc.Wires(
                row_ohm=1.0,
                column_ohm=np.linspace(1.0, 60.0, 30).reshape(6, 5),
                column_lead_ohm=np.arange(1.0, 6.0),
            ),
            xc.Terminals(bottom_ohm=0.0, top_ohm=25.0),
        ),
    ],
)
def test_wires_and_terminals_of_every_kind(wires, terminals):
    xbar, volts = array(wires=wires, terminals=terminals), inputs()
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    full = np.abs(fast.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-9 * full


def test_a_transistor_cell_by_tables_and_in_ngspice(tmp_path):
    low, high = 4e-6, 25e-6
    cell = OnSupplyLine(cell=GateInput(supply_volt=0.2), segment_ohm=60.0, along="rows")
    conductance = np.random.default_rng(3).uniform(low, high, (6, 4))
    wires = xc.Wires(row_ohm=1.0, column_ohm=20.0)
    volts = np.random.default_rng(4).uniform(0.2, 1.0, (2, 6))
    bare = xc.Crossbar(conductance=conductance, wires=wires, cell=cell)
    exact = xc.spice.read(bare, volts)
    with pytest.raises(ParameterError, match="tabulate_supply"):
        xc.nodal.read(bare, volts)
    known = calibration.tabulate_supply(
        cell,
        volts=(0.0, 1.0),
        conductances=(low, high),
        drop_volt=0.05,
        points=3,
        tolerance=4e-3,
        folder=tmp_path,
    )
    xbar = xc.Crossbar(conductance=conductance, wires=wires, cell=known)
    fast = xc.nodal.read(xbar, volts)
    full = np.abs(exact.column_current).max()
    error = max(table.quality.worst for _, table in known.tables)
    assert np.abs(fast.column_current - exact.column_current).max() < 2.0 * error * full
    np.testing.assert_allclose(fast.supply_voltage, exact.supply_voltage, rtol=1e-4)
    # ngspice measures these with ammeters, the fast engine asks the tables
    assert np.abs(fast.device_current - exact.device_current).max() < 2.0 * error * full
    second = xc.vacask.read(xbar, volts)
    assert np.abs(second.column_current - exact.column_current).max() < 1e-6 * full
    np.testing.assert_allclose(second.supply_voltage, exact.supply_voltage, rtol=1e-6)
    with pytest.raises(ParameterError, match="tabulate_supply"):
        xc.vacask.read(bare, volts)
    steep = OnSupplyLine(cell=known.cell, segment_ohm=6e4, along="rows", tables=known.tables)
    far = xc.Crossbar(conductance=conductance, wires=wires, cell=steep)
    with pytest.raises((ParameterError, ConvergenceError)):
        xc.nodal.read(far, volts)


def test_its_temperature_is_that_of_its_cell(tmp_path):
    """A tile refuses another one, ngspice runs at it, and tables belong to theirs."""
    warm = GateInput(supply_volt=0.2, celsius=85.0)
    line = OnSupplyLine(cell=warm, segment_ohm=0.0)
    assert line.holds_at(85.0)
    assert not line.holds_at(27.0)
    cool = OnSupplyLine(cell=GateInput(supply_volt=0.2), segment_ohm=0.0)
    assert cool.at_celsius(85.0) == line
    assert cool.at_celsius(27.0) is cool
    arrays = {
        name: xc.Crossbar(
            conductance=[[2e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0), cell=cell
        )
        for name, cell in {"cool": cool, "line": line, "alone": warm}.items()
    }
    found = {name: xc.spice.read(one, [0.5]).column_current.item() for name, one in arrays.items()}
    assert found["line"] == approx(found["alone"], rel=1e-9)
    assert found["line"] < 0.998 * found["cool"]
    parts = Dac(bits=4, signed=False), Readout(converter=IdealConverter(bits=6, high=1e-5))
    assert xc.Tile(arrays["line"], *parts).celsius == 85.0
    with pytest.raises(ParameterError, match="27 degrees for cells whose transistors are at 85"):
        xc.Tile(arrays["line"], *parts, celsius=27.0)
    known = calibration.tabulate_supply(
        cool,
        volts=(0.0, 1.0),
        conductances=(4e-6, 25e-6),
        drop_volt=0.05,
        points=2,
        tolerance=1e-2,
        folder=tmp_path,
    )
    assert known.at_celsius(27.2) is known
    with pytest.raises(ParameterError, match=r"85 degrees .* tabulated at 27, .*tabulate_supply"):
        known.at_celsius(85.0)
    law = OnSupplyLine(cell=FEFET.cell, segment_ohm=1.0)
    assert law.holds_at(85.0)
    assert law.at_celsius(85.0) is law


def test_a_file_of_a_cell_has_it_too(tmp_path, capsys):
    path = tmp_path / "cell.toml"
    path.write_text(
        'kind = "on-supply-line"\nsegment_ohm = 25.0\nalong = "rows"\n'
        '[cell]\nkind = "preset"\nname = "fefet_hzo"\n'
    )
    assert load_cell(path) == OnSupplyLine(cell=FEFET.cell, segment_ohm=25.0, along="rows")
    np.save(tmp_path / "g.npy", array().conductance)
    np.savetxt(tmp_path / "volts.csv", inputs(), delimiter=",")
    words = ["read", str(tmp_path / "g.npy"), "--volts", str(tmp_path / "volts.csv"), "--compare"]
    with pytest.raises(SystemExit) as left:
        main([*words, "--device-law", str(path), "--out", str(tmp_path / "out")])
    assert left.value.code == 0, capsys.readouterr()
    comparison = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "spice" in json.dumps(comparison)


def test_what_knows_two_wires_only_refuses_it_by_name():
    xbar, volts = array(), inputs()
    for work in (
        lambda: xc.nodal.read(xbar, volts, method=xc.nodal.Newton()),
        lambda: xc.nodal.read(xbar, volts, method=xc.nodal.NewtonKrylov()),
        lambda: xc.nodal.transfer(xbar),
        lambda: xc.tile.export_array(xbar),
    ):
        with pytest.raises(ParameterError, match=r"supply line|linear"):
            work()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell": OneT1R()}, "gate-driven"),
        ({"segment_ohm": -1.0}, "segment_ohm"),
        ({"lead_ohm": np.inf}, "lead_ohm"),
        ({"along": "both"}, "along"),
        ({"driven": "left"}, "driven"),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(ParameterError, match=said):
        OnSupplyLine(**({"cell": FEFET.cell, "segment_ohm": 1.0} | changes))
