"""A subcircuit or a Verilog-A module at every cross-point, against the law written in it."""

import json
import pickle

import numpy as np
import pytest
from plain_ngspice import run_deck

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import calibration, cli
from xbar_circuit.cells import (
    GateInput,
    OneT1R,
    OnSupplyLine,
    StateMap,
    SubcircuitCell,
    VerilogACell,
    load_cell,
)
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.peripherals import Subcircuit

# SkyWater's open ReRAM cell at rest; nanometre and volt
TOX, TREF, I0, VREF = 5.0, 4.7249, 61.4e-6, 0.43
FILAMENTS = np.array([[3.3, 4.0, 4.9]])
PUBLISHED = np.array([[61.3089e-9, 780.906e-9, 20.57829e-6]])  # at 0.2 V

LIBRARY = f"""* the law of a resistive cell at rest
.subckt reram te be params: filament=3.3
B1 te be I={I0}*exp(-({TOX}-filament)/({TOX}-{TREF}))*sinh(V(te,be)/{VREF})
.ends reram
"""
MODULE = f"""`include "disciplines.vams"
/* module decoy(a); parameter real filament = 1; endmodule */
module reram(te, be);
  inout te, be;
  electrical te, be;
  (* desc="filament, nm; grows", type="instance" *) parameter real filament = 3.3 from (0:{TOX});
  parameter real tox = {TOX} from (0:inf), tref = {TREF};
  parameter real i0 = {I0}, vref = {VREF};
  analog I(te, be) <+ i0*exp(-(tox - filament)/(tox - tref))*sinh(V(te, be)/vref);
endmodule
"""
# a transistor whose threshold is stored: the row is its gate, a held drain feeds the current
GATE_LIBRARY = """.subckt floating g d s params: vt=0.4
B1 d s I=6.4e-7*(ln(1+exp((V(g,s)-vt)/0.08))^2-ln(1+exp((V(g,d)-vt)/0.08))^2)
.ends floating
"""
GATE_MODULE = """`include "disciplines.vams"
module floating(g, d, s, stored);
  inout g, d, s, stored;
  electrical g, d, s, stored;
  real forward, backward;
  analog begin
    forward = ln(1.0 + exp((V(g, s) - V(stored))/0.08));
    backward = ln(1.0 + exp((V(g, d) - V(stored))/0.08));
    I(d, s) <+ 6.4e-7*(forward*forward - backward*backward);
  end
endmodule
"""


def law(filament, volt):
    return I0 * np.exp(-(TOX - filament) / (TOX - TREF)) * np.sinh(volt / VREF)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    for name, text in (
        ("reram.lib", LIBRARY),
        ("reram.va", MODULE),
        ("floating.lib", GATE_LIBRARY),
        ("floating.va", GATE_MODULE),
    ):
        (folder / name).write_text(text)
    return folder


def subcircuit(home, **changes):
    circuit = Subcircuit(home / "reram.lib", "reram", ports={"row": "te", "column": "be"})
    parts = {"circuit": circuit, "state": "filament", "states": (3.3, 4.9)}
    return SubcircuitCell(**(parts | changes))


def module(home, **changes):
    parts = {"path": home / "reram.va", "module": "reram", "row": "te", "column": "be"}
    return VerilogACell(**(parts | {"state": "filament", "states": (3.3, 4.9)} | changes))


@pytest.mark.parametrize("make", [subcircuit, module])
def test_the_published_currents_of_a_resistive_cell(home, make):
    cell = calibration.tabulate(make(home), volts=(0.0, 0.3))
    assert cell.table.quality.worst < 1e-5
    np.testing.assert_allclose(cell.conductance(FILAMENTS), law(FILAMENTS, 0.2) / 0.2, rtol=1e-6)
    ideal = xc.Wires(row_ohm=0.0, column_ohm=0.0)
    xbar = xc.Crossbar(conductance=cell.conductance(FILAMENTS), wires=ideal, cell=cell)
    exact = xc.spice.read(xbar, [0.2]).column_current
    np.testing.assert_allclose(exact, PUBLISHED, rtol=1e-6)
    np.testing.assert_allclose(exact, law(FILAMENTS, 0.2), rtol=1e-9)
    np.testing.assert_allclose(xc.nodal.read(xbar, [0.2]).column_current, PUBLISHED, rtol=1e-6)
    if make is module:
        np.testing.assert_allclose(xc.vacask.read(xbar, [0.2]).column_current, exact, rtol=1e-9)


def test_the_table_holds_over_wires_and_away_from_the_read_voltage(home):
    cell = calibration.tabulate(module(home), volts=(-0.3, 0.3))
    rng = np.random.default_rng(5)
    filaments = rng.uniform(3.3, 4.9, (7, 5))
    conductance = cell.conductance(filaments)
    conductance[2, 3] = 0.0
    wires = xc.Wires(row_ohm=40.0, column_ohm=60.0)
    xbar = xc.Crossbar(conductance=conductance, wires=wires, cell=cell)
    volts = rng.uniform(-0.3, 0.3, (3, 7))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    worst = np.abs(fast.column_current - exact.column_current).max() / scale
    assert 0.0 < worst < 5.0 * cell.table.quality.worst
    across = exact.row_voltage - exact.column_voltage
    flow = np.where(conductance > 0.0, law(filaments, across), 0.0).sum(axis=1)
    np.testing.assert_allclose(exact.column_current, flow, rtol=1e-7)


def test_the_stated_error_covers_the_map_of_states(tmp_path):
    """Over 20 kohm to 1 Mohm the map is off by more than the currents half-way of the knots."""
    (tmp_path / "r.lib").write_text(
        ".subckt rcube a b params: r=1e5\nR1 a b {r}\nB1 a b I=2e-6*V(a,b)^2*V(a,b)\n.ends rcube\n"
    )
    circuit = Subcircuit(tmp_path / "r.lib", "rcube", ports={"row": "a", "column": "b"})
    bare = SubcircuitCell(circuit=circuit, state="r", states=(2e4, 1e6), read_volt=0.2)
    cell = calibration.tabulate(bare, volts=(-0.2, 0.2), conductances=(1.1e-6, 5e-5))
    g = np.geomspace(1.1e-6, 5e-5, 2001)
    simulated = 1.0 / cell.state_map.state(g) + 2e-6 * 0.2**2
    worst = np.abs(simulated / g - 1.0).max()
    assert 3e-6 < worst < 1.5 * cell.table.quality.worst


def test_a_parameter_of_the_model_may_be_the_state_too(home):
    cell = module(home, state="tref", states=(4.6, 4.8), parameters={"filament": 4.0})
    with pytest.raises(ParameterError, match=r"parameters|filament"):
        module(home, parameters={"filament": 4.0})
    cell = calibration.tabulate(
        module(home, state="tref", states=(4.6, 4.8), parameters={"i0": 2.0 * I0}), volts=(0.0, 0.3)
    )
    references = np.array([[4.65, 4.7, 4.75]])
    truth = 2.0 * I0 * np.exp(-(TOX - 3.3) / (TOX - references)) * np.sinh(0.2 / VREF)
    ideal = xc.Wires(row_ohm=0.0, column_ohm=0.0)
    xbar = xc.Crossbar(conductance=cell.conductance(references), wires=ideal, cell=cell)
    for read, within in ((xc.nodal.read, 2e-5), (xc.spice.read, 1e-9), (xc.vacask.read, 1e-9)):
        np.testing.assert_allclose(read(xbar, [0.2]).column_current, truth, rtol=within)


def test_a_gate_input_with_a_stored_threshold_held_at_a_port(home):
    rng = np.random.default_rng(2)
    thresholds, volts = rng.uniform(0.2, 0.8, (6, 4)), rng.uniform(0.0, 1.2, (2, 6))
    found = []
    for cell in (stored(home, "module"), stored(home, "subcircuit")):
        known = calibration.tabulate(cell, volts=(0.0, 1.2))
        assert not known.loads_row
        xbar = xc.Crossbar(
            conductance=known.conductance(thresholds),
            wires=xc.Wires(row_ohm=1.0, column_ohm=20.0),
            cell=known,
        )
        fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
        np.testing.assert_allclose(fast.column_current, exact.column_current, rtol=2e-4)
        found.append(exact.column_current)
        source = exact.column_voltage
        gate = volts[:, :, np.newaxis]
        forward = np.log1p(np.exp((gate - source - thresholds) / 0.08))
        backward = np.log1p(np.exp((gate - 0.2 - thresholds) / 0.08))
        flow = 6.4e-7 * (forward**2 - backward**2)
        np.testing.assert_allclose(exact.column_current, flow.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def stored(home, kind):
    """A transistor of one's own whose drain is fed at 0.2 V, by port or by parameter."""
    common = {"supply": "d", "states": (0.2, 0.8), "read_volt": 1.0}
    if kind == "module":
        path = home / "floating.va"
        ends = {"row": "g", "column": "s", "held": {"d": 0.2}}
        return VerilogACell(path=path, module="floating", state="stored", **ends, **common)
    ports = {"row": "g", "column": "s"}
    circuit = Subcircuit(home / "floating.lib", "floating", ports=ports, supplies={"d": 0.2})
    return SubcircuitCell(circuit=circuit, state="vt", **common)


@pytest.mark.parametrize(("kind", "along"), [("module", "rows"), ("subcircuit", "columns")])
def test_a_gate_input_of_ones_own_on_a_supply_line(home, tmp_path, kind, along):
    """The law and Kirchhoff's law on the line at ngspice's voltages; the tables at their error."""
    rng = np.random.default_rng(2)
    thresholds, volts = rng.uniform(0.2, 0.8, (6, 4)), rng.uniform(0.6, 1.2, (2, 6))
    ohm = 60.0
    line = OnSupplyLine(cell=stored(home, kind), segment_ohm=ohm, along=along, supply_ohm=40.0)
    known = calibration.tabulate_supply(
        line, volts=(0.0, 1.2), drop_volt=0.1, points=4, tolerance=1e-3, folder=tmp_path
    )
    xbar = xc.Crossbar(
        conductance=known.cell.conductance(thresholds),
        wires=xc.Wires(row_ohm=1.0, column_ohm=20.0),
        cell=known,
    )
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    feed = exact.supply_voltage
    forward = np.log1p(np.exp((volts[:, :, np.newaxis] - exact.column_voltage - thresholds) / 0.08))
    backward = np.log1p(np.exp((volts[:, :, np.newaxis] - feed - thresholds) / 0.08))
    flow = 6.4e-7 * (forward**2 - backward**2)
    np.testing.assert_allclose(exact.column_current, flow.sum(axis=1), rtol=1e-6)
    axis = 1 if along == "columns" else 2
    # every segment carries what the cells behind it take, the first from the common supply
    later = np.flip(np.cumsum(np.flip(flow, axis), axis=axis), axis)
    common = 0.2 - 40.0 * flow.sum(axis=(1, 2))[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(feed, common - ohm * np.cumsum(later, axis=axis), rtol=1e-7)
    assert feed.min() < 0.19  # the line matters
    full = np.abs(exact.column_current).max()
    error = max(table.quality.worst for _, table in known.tables)
    assert np.abs(fast.column_current - exact.column_current).max() < error * full
    np.testing.assert_allclose(fast.supply_voltage, feed, rtol=1e-4)
    if kind == "module":
        second = xc.vacask.read(xbar, volts)
        np.testing.assert_allclose(second.column_current, exact.column_current, rtol=1e-6)
        np.testing.assert_allclose(second.supply_voltage, feed, rtol=1e-6)


def test_a_cell_of_ones_own_that_the_row_feeds_has_no_supply_line(home):
    for cell in (module(home), subcircuit(home)):
        with pytest.raises(ParameterError, match=r"gate-driven .*supply="):
            OnSupplyLine(cell=cell, segment_ohm=1.0)


def test_a_state_that_is_the_conductance_needs_no_map(tmp_path):
    path = tmp_path / "ohm.lib"
    path.write_text(".subckt ohm a b g=1u\nR1 a b {1/g}\n.ends\n")
    circuit = Subcircuit(path, "ohm", ports={"row": "a", "column": "b"})
    cell = SubcircuitCell(circuit=circuit, state="g")
    wires = xc.Wires(row_ohm=3.0, column_ohm=4.0)
    conductance = np.random.default_rng(1).uniform(1e-6, 1e-4, (5, 4))
    volts = np.linspace(0.05, 0.2, 5)
    truth = xc.nodal.read(xc.Crossbar(conductance=conductance, wires=wires), volts)
    known = calibration.tabulate(cell, volts=volts, conductances=conductance)
    xbar = xc.Crossbar(conductance=conductance, wires=wires, cell=known)
    for read, within in ((xc.spice.read, 1e-9), (xc.nodal.read, 1e-6)):
        np.testing.assert_allclose(
            read(xbar, volts).column_current, truth.column_current, rtol=within
        )
    with pytest.raises(ParameterError, match="conductances"):
        calibration.tabulate(cell, volts=volts)


def test_it_may_stand_behind_a_transistor(home):
    device = calibration.with_states(module(home))
    cell = OneT1R(device=device, gate_volt=1.2)
    conductance = device.conductance([[4.0, 4.9]])
    xbar = xc.Crossbar(
        conductance=conductance, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0), cell=cell
    )
    current = xc.spice.read(xbar, [0.2]).column_current
    bare = law(np.array([[4.0, 4.9]]), 0.2)
    assert (current < bare).all()  # the transistor takes its share
    assert (current > 0.9 * bare).all()


def measured(tmp_path, read_volt=0.2):
    volts = np.linspace(0.02, 0.4, 20)
    lines = [(v, g * 0.1 * np.sinh(v / 0.1), g) for g in (4e-6, 1e-5, 3e-5) for v in volts]
    np.savetxt(tmp_path / "iv.csv", lines, delimiter=",", header="voltage,current,state")
    return xc.devices.IvTable.from_csv(tmp_path / "iv.csv", read_volt=read_volt)


@pytest.mark.parametrize(
    ("kind", "device"), [("1T1R", "own"), ("1T1R", "measured"), ("line", "measured")]
)
def test_a_device_of_ones_own_has_a_table_behind_a_transistor_too(home, tmp_path, kind, device):
    """Alone, and with a gate input on a supply line: the table's error against ngspice."""
    part = measured(tmp_path) if device == "measured" else calibration.with_states(subcircuit(home))
    reach = part.range_siemens if device == "measured" else part.state_map.range_siemens
    shared = {"conductances": reach, "tolerance": 5e-3, "folder": tmp_path}
    rng = np.random.default_rng(6)
    if kind == "1T1R":
        cell = calibration.tabulate(OneT1R(device=part, gate_volt=1.2), volts=(0.0, 0.2), **shared)
        error, volts = cell.table.quality.worst, rng.uniform(0.05, 0.2, (3, 6))
        volts[-1] = 0.2
    else:
        line = OnSupplyLine(cell=GateInput(device=part, supply_volt=0.2), segment_ohm=60.0)
        cell = calibration.tabulate_supply(
            line, volts=(0.0, 1.0), drop_volt=0.05, points=3, **shared
        )
        error = max(table.quality.worst for _, table in cell.tables)
        volts = rng.uniform(0.4, 1.0, (3, 6))
        volts[-1] = 1.0
    xbar = xc.Crossbar(
        conductance=np.exp(rng.uniform(*np.log(reach), (6, 4))),
        wires=xc.Wires(row_ohm=1.0, column_ohm=20.0),
        cell=cell,
    )
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    # the stated error is relative to what each device carries at most: at the highest inputs
    full = exact.column_current[-1]
    # a measured law has kinks at its points, where a spline errs more than half-way between knots
    most = error * (3.0 if device == "measured" else 1.0)
    assert (np.abs(fast.column_current - exact.column_current) < most * full).all()


def test_a_table_belongs_to_the_measurement_of_its_device(tmp_path):
    cells = [OneT1R(device=measured(tmp_path, read_volt=volt)) for volt in (0.2, 0.2, 0.3)]
    first, second, other = (cell.fingerprint for cell in cells)
    assert first == second != other


def test_a_deck_runs_by_itself(home, tmp_path):
    cell = calibration.with_states(module(home))
    ideal = xc.Wires(row_ohm=0.0, column_ohm=0.0)
    xbar = xc.Crossbar(conductance=cell.conductance(FILAMENTS), wires=ideal, cell=cell)
    deck = tmp_path / "alone.cir"
    deck.write_text(xc.netlist.deck(xbar, [0.2]))
    done = run_deck(deck)
    printed = [line.split() for line in done.stdout.splitlines() if line.startswith("0\t")]
    assert printed, done.stdout + done.stderr
    np.testing.assert_allclose(np.array(printed[0][2:], dtype=float), PUBLISHED[0], rtol=1e-6)


def test_it_goes_to_another_process_and_changes_with_its_file(home, tmp_path):
    cell = calibration.with_states(subcircuit(home))
    assert pickle.loads(pickle.dumps(cell)) == cell
    again = calibration.with_states(module(home))
    assert pickle.loads(pickle.dumps(again)) == again
    assert hash(pickle.loads(pickle.dumps(again))) == hash(again)
    other = tmp_path / "reram.va"
    other.write_text(MODULE.replace("61.4", "61.5"))
    assert module(tmp_path).fingerprint != module(home).fingerprint
    table = calibration.tabulate(again, volts=(0.0, 0.3)).table
    with pytest.raises(ParameterError, match="table"):
        module(tmp_path, table=table)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"state": "gap"}, "state.*filament, tox, tref, i0, vref"),
        ({"column": "b"}, "unknown: b"),
        ({"column": "te"}, "connected twice: te"),
        ({"held": {"be": 0.0}}, "connected twice"),
        ({"states": (4.9, 3.3)}, "states"),
        ({"states": (3.3,)}, "states"),
        ({"read_volt": 0.0}, "read_volt"),
        ({"supply": "te"}, "supply"),
        ({"parameters": {"Tox": 5.0}}, "Tox.*capitals"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(home, changes, named):
    with pytest.raises(ParameterError, match=named):
        module(home, **changes)


def test_what_is_missing_is_said(home, tmp_path):
    with pytest.raises(ModelFileError, match=r"decoy|expected one of reram"):
        module(home, module="decoy")
    with pytest.raises(ModelFileError, match=r"nowhere\.va"):
        module(tmp_path, path=tmp_path / "nowhere.va")
    with pytest.raises(ParameterError, match=r"calibration\.with_states"):
        module(home).conductance([3.5])
    circuit = Subcircuit(home / "reram.lib", "reram", ports={"row": "te", "gate": "be"})
    with pytest.raises(ParameterError, match="column"):
        subcircuit(home, circuit=circuit)
    with pytest.raises(ParameterError, match="filament"):
        subcircuit(home, state="gap")
    cell = calibration.with_states(module(home))
    with pytest.raises(ParameterError, match=r"state.*3\.3 to 4\.9"):
        cell.conductance([5.2])
    with pytest.raises(ParameterError, match="conductance"):
        cell.state_of([1.0])


def test_a_state_that_turns_back_is_refused(tmp_path):
    path = tmp_path / "bump.lib"
    path.write_text(".subckt bump a b x=0\nR1 a b {1e5*(1+x*x)}\n.ends\n")
    circuit = Subcircuit(path, "bump", ports={"row": "a", "column": "b"})
    with pytest.raises(ParameterError, match="states"):
        calibration.with_states(SubcircuitCell(circuit=circuit, state="x", states=(-1.0, 1.0)))


def test_a_cell_that_switches_within_the_table_is_refused(tmp_path):
    path = tmp_path / "hump.lib"
    path.write_text(".subckt hump a b g=1u\nB1 a b I=g*V(a,b)*exp(-V(a,b)*V(a,b)/0.02)\n.ends\n")
    circuit = Subcircuit(path, "hump", ports={"row": "a", "column": "b"})
    cell = SubcircuitCell(circuit=circuit, state="g")
    with pytest.raises(xc.ConvergenceError, match="falls"):
        calibration.tabulate(cell, volts=(0.0, 0.3), conductances=(1e-6, 1e-5))


def test_text_of_others_runs_nothing(tmp_path):
    path, mark = tmp_path / "evil.lib", tmp_path / "ran"
    path.write_text(
        f".subckt evil a b g=1u\nR1 a b {{1/g}}\n.ends\n.control\nshell touch {mark}\n.endc\n"
    )
    with pytest.raises(ModelFileError):
        Subcircuit(path, "evil", ports={"row": "a", "column": "b"})
    assert not mark.exists()


def test_state_maps_round_trip_both_ways():
    for conductances in ((1e-7, 3e-6, 1e-5, 2e-4), (2e-4, 1e-5, 3e-6, 1e-7)):
        known = StateMap(states=(-1.0, 0.0, 0.5, 2.0), conductances=conductances)
        states = np.linspace(-1.0, 2.0, 41)
        np.testing.assert_allclose(
            known.state(known.conductance(states)), states, rtol=0.0, atol=1e-12
        )
        assert known.conductance(known.states) == approx(np.array(conductances), rel=1e-12)


TOML = """kind = "{kind}"
path = "{path}"
state = "filament"
states = [3.3, 4.9]
{own}
"""


@pytest.mark.parametrize(
    ("kind", "path", "own"),
    [
        ("subcircuit", "reram.lib", 'name = "reram"\nports = {row = "te", column = "be"}'),
        ("verilog-a", "reram.va", 'module = "reram"\nrow = "te"\ncolumn = "be"'),
    ],
)
def test_toml_and_the_command_line(home, tmp_path, kind, path, own, capsys):
    (tmp_path / path).write_text((home / path).read_text())
    file = tmp_path / "cell.toml"
    file.write_text(TOML.format(kind=kind, path=path, own=own))
    assert load_cell(file).states == (3.3, 4.9)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(TOML.format(kind=kind, path=path, own=own + "\nread_vlot = 0.1"))
    with pytest.raises(ParameterError, match="did you mean read_volt"):
        load_cell(wrong)
    if kind == "verilog-a":
        return  # the command line does not care which one it is
    np.savetxt(tmp_path / "T.csv", FILAMENTS, delimiter=",")
    words = [
        "read",
        str(tmp_path / "T.csv"),
        "--device-law",
        str(file),
        "--states",
        "--row-ohm",
        "0",
    ]
    words += ["--column-ohm", "0", "--compare", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as leaving:
        cli.main(words)
    assert not leaving.value.code
    assert "held-out error" in capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    np.testing.assert_allclose(summary["column_current"], PUBLISHED, rtol=1e-6)
    assert summary["difference"]["spice"] < 1e-5


@pytest.mark.parametrize(
    ("text", "error", "named"),
    [
        ('kind = "memristor"', ParameterError, "memristor"),
        ("v0_volt = 0.1", ParameterError, "kind"),
        ('kind = "sinh"', ParameterError, "v0_volt"),
        ("kind = ", ModelFileError, "TOML"),
        ('kind = "1s1r"\nselector = 3', ParameterError, "selector.kind"),
        ('kind = "verilog-a"\npath = 3', ParameterError, "path"),
        ('kind = "iv-table"\npath = "none.csv"', ModelFileError, "none.csv"),
    ],
)
def test_bad_cell_files_are_named(tmp_path, text, error, named):
    file = tmp_path / "cell.toml"
    file.write_text(text)
    with pytest.raises(error, match=named):
        load_cell(file)
