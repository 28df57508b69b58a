"""Tables extracted from ngspice, against ngspice itself where they were not made from."""

import dataclasses

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.calibration import _cache as cache
from xbar_circuit.calibration._extraction import measure
from xbar_circuit.cells import GateInput, OneT1R
from xbar_circuit.netlist import SpiceOptions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def selected(folder):
    return xc.calibration.tabulate(
        OneT1R(), volts=(0.0, 0.2), conductances=(1e-6, 1e-4), folder=folder
    )


@pytest.fixture(scope="module")
def gated(folder):
    return xc.calibration.tabulate(
        GateInput(),
        volts=(0.4, 1.0),
        conductances=(1e-5, 2e-5),
        tolerance=5e-3,
        folder=folder,
    )


def array(cell, low, high, shape=(24, 20)):
    rng = np.random.default_rng(7)
    g = np.exp(rng.uniform(np.log(low), np.log(high), shape))
    g[3, 4] = 0.0
    return xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=5.0, column_ohm=8.0), cell=cell)


def test_the_table_reproduces_other_currents_within_its_stated_error(selected):
    rng = np.random.default_rng(3)
    rows, columns = np.linspace(0.003, 0.197, 8), rng.uniform(0, 0.2, 6)
    g = np.exp(rng.uniform(np.log(1e-6), np.log(1e-4), 5))
    truth = measure(
        selected, rows, columns, g, options=SpiceOptions(), time_limit_second=60
    ).current
    got = selected.respond(rows[:, None], columns, g[:, None, None]).current
    error = np.abs(got - truth) / np.abs(truth).max(axis=(1, 2), keepdims=True)
    assert error.max() <= 2.0 * selected.table.quality.worst
    assert selected.table.quality.worst < 1e-4
    assert selected.table.quality.held_out_points > 100


def test_the_current_rises_with_the_row_and_falls_with_the_column(selected, gated):
    for cell, top in ((selected, 0.2), (gated, 1.0)):
        row, column = np.meshgrid(np.linspace(0, top, 301), np.linspace(0, 0.17, 101))
        for g in (1e-5, 1.3e-5, 2e-5):
            response = cell.respond(row, column, np.array(g))
            assert (response.row_slope >= 0.0).all()
            assert (response.column_slope <= 0.0).all()
            assert (np.diff(response.current, axis=1) >= 0.0).all()


def test_both_engines_agree_on_a_selected_array(selected):
    xbar = array(selected, 1e-6, 1e-4)
    volts = np.random.default_rng(1).uniform(0, 0.2, (5, xbar.rows))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts, measure_devices=True)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 2e-5 * scale
    assert np.abs(fast.column_voltage - exact.column_voltage).max() < 1e-5
    assert exact.residual.max() < 1e-6  # ngspice's own voltages and currents
    assert fast.residual.max() < 1e-9
    drop = (
        1.0
        - fast.column_current.sum()
        / selected.respond(volts[:, :, None], np.zeros((1, 1, 1)), xbar.conductance).current.sum()
    )
    assert 0.005 < drop < 0.2  # the wires matter in this array


@pytest.mark.parametrize("volt", [0.3, -0.1])
def test_a_solution_outside_the_table_is_refused(selected, volt):
    xbar = array(selected, 1e-6, 1e-4, shape=(4, 5))
    with pytest.raises(xc.ParameterError, match="outside the cell's table"):
        xc.nodal.read(xbar, [volt, 0.1, 0.1, 0.1])


def test_both_engines_agree_where_the_input_is_the_gate(gated):
    xbar = array(gated, 1e-5, 2e-5)
    volts = np.random.default_rng(1).uniform(0.0, 1.0, (5, xbar.rows))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts, measure_devices=True)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-3 * scale
    np.testing.assert_allclose(fast.row_voltage, exact.row_voltage, atol=1e-9)


def test_inputs_of_both_signs_around_a_common_voltage(folder):
    cell = xc.calibration.tabulate(
        OneT1R(common_volt=0.4, gate_volt=1.2),
        volts=(-0.2, 0.2),
        conductances=(1e-6, 2e-5),
        folder=folder,
    )
    xbar = array(cell, 1e-6, 2e-5, shape=(8, 6))
    volts = np.random.default_rng(2).uniform(-0.2, 0.2, (4, 8))
    fast, exact = xc.nodal.read(xbar, volts), xc.spice.read(xbar, volts)
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-3 * scale


def test_an_aged_device_near_its_crystal_is_tabulated_too(folder):
    """It conducts less than its g without any transistor: w would be singular where z is 0."""
    cell = OneT1R(device=xc.devices.PcmCell.sebastian2017().aged(3600.0))
    cell = xc.calibration.tabulate(
        cell, volts=(0.0, 0.2), conductances=(8e-6, 25e-6), tolerance=1e-3, folder=folder
    )
    assert not cell.table.saturating
    assert cell.table.quality.worst < 1e-3


def test_a_row_that_is_not_selected_is_tabulated_as_off(folder):
    off = xc.calibration.tabulate(
        OneT1R(gate_volt=0.0), volts=(0.0, 0.2), conductances=(1e-6, 25e-6), folder=folder
    )
    assert off.table.quality.least_slope > -1e-9
    xbar = array(off, 1e-6, 25e-6, shape=(4, 5))
    fast, exact = (read(xbar, [0.2] * 4) for read in (xc.nodal.read, xc.spice.read))
    selected = 0.2 * xbar.conductance.sum(axis=0).min()
    assert np.abs(fast.column_current).max() < 0.01 * selected
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-5 * selected


def test_any_device_has_a_fingerprint():
    slow = xc.devices.PcmCell(crystal_ohm=1e7)  # conducts less than a tenth of a microsiemens
    assert len(OneT1R(device=slow).fingerprint) == 64


@pytest.mark.parametrize("device", [xc.devices.Ohmic(), xc.devices.PcmCell(celsius=85.0)])
def test_transistors_are_as_warm_as_their_cell(folder, device):
    warm = None if isinstance(device, xc.devices.PcmCell) else 85.0  # the device's own
    parts = {"volts": (0.0, 0.2), "conductances": (5e-6, 2e-5), "folder": folder}
    hot = xc.calibration.tabulate(OneT1R(device=device, celsius=warm), **parts)
    assert hot.simulator_celsius == 85.0
    xbar = array(hot, 5e-6, 2e-5, shape=(4, 5))
    fast, exact = (read(xbar, [0.2, 0.1, 0.15, 0.2]) for read in (xc.nodal.read, xc.spice.read))
    scale = np.abs(exact.column_current).max()
    assert np.abs(fast.column_current - exact.column_current).max() < 1e-4 * scale
    with pytest.raises(xc.ParameterError, match="table of this very cell"):
        dataclasses.replace(hot, celsius=26.85)
    assert "temp=85.0" in xc.netlist.deck(xbar, [0.1] * 4, options=SpiceOptions())


def test_a_table_is_made_once_and_kept_whole(folder, selected, monkeypatch):
    kept = cache.load(selected.table.key, folder)
    assert kept == selected.table
    assert (kept.coefficients == selected.table.coefficients).all()
    assert kept.quality == selected.table.quality

    def no_simulator(*arguments, **settings):
        raise AssertionError("extracted again")

    monkeypatch.setattr("xbar_circuit.calibration._extraction.spice.run", no_simulator)
    parts = {"volts": (0.0, 0.2), "conductances": (1e-6, 1e-4), "folder": folder}
    assert xc.calibration.tabulate(OneT1R(), **parts) == selected
    with pytest.raises(AssertionError, match="extracted again"):
        xc.calibration.tabulate(OneT1R(gate_volt=0.99), **parts)
    with pytest.raises(AssertionError, match="extracted again"):
        xc.calibration.tabulate(OneT1R(), **(parts | {"volts": (0.0, 0.21)}))


def test_a_file_with_wrong_bytes_counts_as_missing_or_is_whole(selected, tmp_path):
    path, rng = cache.store(selected.table, tmp_path), np.random.default_rng(0)
    whole = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=2):
            damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        kept = cache.load(selected.table.key, tmp_path)
        if kept is not None:  # only what nobody reads was hit, such as a date
            np.testing.assert_array_equal(kept.coefficients, selected.table.coefficients)
            assert kept.quality == selected.table.quality


def test_a_damaged_file_counts_as_missing(selected, tmp_path):
    path = cache.store(selected.table, tmp_path)
    path.write_bytes(path.read_bytes()[:500])
    assert cache.load(selected.table.key, tmp_path) is None
    other = cache.store(dataclasses.replace(selected.table, key="another"), tmp_path)
    other.rename(path)
    assert cache.load(selected.table.key, tmp_path) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"volts": (0.0, np.nan)}, "volts"),
        ({"volts": (0.0, 0.0)}, "volts"),
        ({"conductances": [0.0]}, "conductances"),
        ({"conductances": [-1e-6]}, "conductances"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"cell": xc.devices.Ohmic()}, "cell"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong, named, tmp_path):
    parts = {"volts": (0.0, 0.2), "conductances": (1e-6, 1e-4), "cell": OneT1R()} | wrong
    with pytest.raises(xc.ParameterError, match=named):
        xc.calibration.tabulate(parts.pop("cell"), folder=tmp_path, **parts)


KIT = """* a user's kit: a corner, a subcircuit with its own model
.lib leaky
.include "core.inc"
.param leak=1e5
.endl leaky
.lib tight
.include "core.inc"
.param leak=1e15
.endl tight
"""
CORE = """.subckt nfet d g s b W=1 L=1
.model inner nmos level=1 vto=0.4 kp=2e-4 gamma=0
M1 d g s b inner W={W*1e-6} L={L*1e-6}
R1 d b {leak}
.ends nfet
"""


def users_cell(tmp_path, corner):
    (tmp_path / "kit.lib").write_text(KIT)
    (tmp_path / "core.inc").write_text(CORE)
    transistor = xc.devices.Transistor(
        library=tmp_path / "kit.lib",
        section=corner,
        model="nfet",
        width_metre=2e-6,
        length_metre=1e-7,
        geometry_unit_metre=1e-6,
    )
    return OneT1R(transistor=transistor, gate_volt=1.4)


def test_a_transistor_of_the_users_kit_follows_its_closed_form(tmp_path):
    cell = xc.calibration.tabulate(
        users_cell(tmp_path, "tight"),
        volts=(0.0, 0.2),
        conductances=(1e-4, 4e-4),
        folder=tmp_path,
    )
    row, g, beta, over = np.linspace(0.01, 0.2, 7), 2e-4, 2e-4 * 20, 1.0
    # level 1, triode: g (row - d) = beta (over d - d^2 / 2), solved for the drain voltage d
    b = over + g / beta
    drain = b - np.sqrt(b * b - 2.0 * g * row / beta)
    got = cell.respond(row, np.zeros(7), np.full(7, g)).current
    np.testing.assert_allclose(got, g * (row - drain), rtol=1e-5)


def test_a_cell_that_leaks_by_its_bulk_is_refused(tmp_path):
    with pytest.raises(xc.ParameterError, match="gate or bulk current"):
        xc.calibration.tabulate(
            users_cell(tmp_path, "leaky"),
            volts=(0.0, 0.2),
            conductances=(1e-6, 1e-5),
            folder=tmp_path,
        )


def test_a_changed_model_file_makes_another_table(tmp_path):
    before = users_cell(tmp_path, "tight")
    cell = xc.calibration.tabulate(
        before, volts=(0.0, 0.2), conductances=(1e-4, 2e-4), folder=tmp_path
    )
    (tmp_path / "core.inc").write_text(CORE.replace("kp=2e-4", "kp=1e-4"))
    after = OneT1R(transistor=dataclasses.replace(before.transistor), gate_volt=1.4)
    assert after.fingerprint != before.fingerprint
    with pytest.raises(xc.ParameterError, match="table of this very cell"):
        dataclasses.replace(after, table=cell.table)


def test_further_temperatures_are_for_cells_that_have_any(tmp_path):
    path = tmp_path / "own.lib"
    path.write_text(".subckt own a b g=1u\nR1 a b {1/g}\n.ends own\n")
    circuit = xc.peripherals.Subcircuit(path, "own", ports={"row": "a", "column": "b"})
    cell = xc.cells.SubcircuitCell(circuit=circuit, state="g")
    with pytest.raises(xc.ParameterError, match="celsius: got temperatures for a SubcircuitCell"):
        xc.calibration.tabulate(cell, volts=(0.0, 0.2), conductances=(1e-6, 1e-5), celsius=(85.0,))
