"""``xbar characterize`` writes a table, JSON, a figure, a page and a deck."""

import json
import re

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cli import main
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals.converters import bench_of
from xbar_circuit.resources import device_model


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["characterize", *map(str, arguments)])
    return ended.value.code


def test_a_converter_is_measured_and_reported(tmp_path, capsys):
    assert not run("converter", "ramp", "--bits", 6, "--out", tmp_path)
    content = json.loads((tmp_path / "summary.json").read_text())
    assert abs(content["sinad_db"] - (6.02 * 6 + 1.76)) < 0.1
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "Murmann" in (tmp_path / "index.html").read_text()
    assert ".subckt xbar_converter" in (tmp_path / "deck.cir").read_text()
    assert "ENOB" in capsys.readouterr().out


def test_a_strangers_op_amp_is_measured_from_the_command_line(tmp_path):
    mine = tmp_path / "mine.lib"
    mine.write_text(
        "* mine\n.subckt amp vout inn inp vdd\nG1 0 x inp inn 1m\nR1 x 0 1meg\nC1 x 0 1p\n"
        "E1 vout 0 x 0 1\nI1 vdd 0 50u\n.ends\n"
    )
    code = run(
        "amplifier",
        "--subcircuit",
        f"{mine}:amp",
        "--ports",
        "plus=inp,minus=inn,out=vout",
        "--supplies",
        "vdd=1.2",
        "--rows",
        4,
        "--out",
        tmp_path / "out",
    )
    assert not code
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert abs(content["supply_ampere"] - 50e-6) < 1e-9
    assert abs(content["gain_error"]) < 0.01


# its cycle rises at a quarter: 5e13 Hz/A above -10 uA
OSCILLATOR = """* a known law
.subckt law input reset out vdd vss
Vhold hold 0 0.1
Vsense input hold 0
Bphase 0 phase I=1n*5e13*(I(Vsense)+10u)*(1-V(reset))-V(reset)*V(phase)*5
Cphase phase 0 1n
Bout out vss V=0.5*V(vdd)*(1-tanh(20*cos(6.283185307*V(phase))))
Rv vdd vss 1meg
.ends
"""


def test_all_thresholds_of_an_own_oscillator_over_its_range(tmp_path):
    file = tmp_path / "law.lib"
    file.write_text(OSCILLATOR)
    assert not run(
        *("converter", "oscillator", "--subcircuit", f"{file}:law", "--supplies", "vdd=1.1,vss=0"),
        *("--ports", "input=input,reset=reset,out=out", "--bits", 4, "--mismatch", 0),
        *("--low-ampere", -10e-6, "--high-ampere", 10e-6, "--window-second", 16e-9),
        *("--workers", 1, "--out", tmp_path / "out"),
    )
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert found["search"] == "bracketed"
    assert len(found["thresholds"]) == 15
    assert all(x is not None for x in found["thresholds"])
    assert found["offset_lsb"] == approx(-0.75, rel=0.05)
    assert found["monotonic"]
    assert max(map(abs, found["inl_lsb"])) < 0.1
    assert "law.lib (law)" in found["provenance"]


def test_ours_of_transistors_is_measured_by_its_name(tmp_path):
    assert not run("converter", "transistor-oscillator", "--engine", "nodal", "--out", tmp_path)
    found = json.loads((tmp_path / "summary.json").read_text())
    assert found["thresholds"][0] == approx(-40e-6 + 75e-6 / 256)
    assert "current_oscillator.lib (current_oscillator)" in found["provenance"]
    assert ".include" in (tmp_path / "deck.cir").read_text()
    refused = ("converter", "transistor-oscillator", "--noise-lsb", 1.0)
    assert run(*refused, "--out", tmp_path / "no") == 2


def test_many_converters_are_drawn_and_their_yield_is_told(tmp_path, capsys):
    asked = ("converter", "sar", "--bits", 5, "--mismatch", 0.05, "--samples", 12, "--workers", 1)
    assert not run(*asked, "--out", tmp_path)
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["samples"] == 12
    assert len(content["figures"]["enob"]) == 12
    assert len(list((tmp_path / "samples").glob("*.json"))) == 12
    assert "yield" in capsys.readouterr().out
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert content["provenance"].endswith("27 C; 12 samples; seed 0")
    assert run(*asked, "--celsius", 85, "--out", tmp_path / "warm") == 2


def test_a_column_is_read_out_end_to_end(tmp_path, capsys):
    common = ("column", "oscillator", "--rows", 8, "--products", 6, "--out", tmp_path)
    assert not run(*common)
    content = json.loads((tmp_path / "summary.json").read_text())
    assert set(content["error_lsb"]) == {"driver", "device", "wire", "amplifier", "converter"}
    assert content["engine"] == "spice"
    assert content["provenance"].endswith("27 C; 6 products; seed 0")
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "Error by cause" in (tmp_path / "index.html").read_text()
    assert ".tran" in next((tmp_path / "decks").glob("*.cir")).read_text()
    assert "error by wire" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [("adc",), ("converter", "adc"), ("column", "adc"), ("amplifier", "--subcircuit", "b")],
)
def test_what_cannot_be_meant_is_refused(arguments, tmp_path):
    assert run(*arguments, "--out", tmp_path) == 2


def test_a_sense_amplifier_is_measured_and_reported(tmp_path, capsys):
    assert not run(
        *("sense-amplifier", "--samples", 2, "--vary", "dvt1=5m", "--workers", 1),
        *("--corner", "ss", "--noise-decisions", 0, "--out", tmp_path),
    )
    content = json.loads((tmp_path / "summary.json").read_text())
    assert len(content["offsets_volt"]) == 2
    assert content["conditions"][0]["corner"] == "ss"
    assert content["energy_joule"] > 0.0
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "margin" in (tmp_path / "index.html").read_text()
    assert list((tmp_path / "decks").glob("corner=ss*.cir"))
    assert "offset, sigma" in capsys.readouterr().out


CONVEYOR = """* common gate and mirrors: the input is 1/gm
.subckt poor in ref out vdd vss
Ib vdd in 40u
M1 g in vss vss nmos45 W=10u L=200n
Vx in g 0
M2 x g vss vss nmos45 W=10u L=200n
Mp1 x x vdd vdd pmos45 W=20u L=200n
Mp2 out x vdd vdd pmos45 W=20u L=200n
Ix out vss 40u
Rr ref 0 1e9
.ends
"""


def test_a_conveyor_of_ones_own_is_what_is_measured(tmp_path):
    file = tmp_path / "poor.lib"
    file.write_text(CONVEYOR)
    assert not run(
        *("conveyor", "--subcircuit", f"{file}:poor", "--ports", "input=in,reference=ref,out=out"),
        *("--supplies", "vdd=1.1,vss=0", "--library", device_model("cmos45.lib")),
        *("--rows", 16, "--cols", 1, "--out", tmp_path / "out"),
    )
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    siemens = float(np.random.default_rng(1).uniform(1e-6, 20e-6, (16, 1)).sum())
    deck = "\n".join(
        [
            "by hand",
            f'.include "{device_model("cmos45.lib")}"',
            CONVEYOR,
            "X1 in ref out vdd 0 poor",
            "Vdd vdd 0 1.1",
            "Vref ref 0 0.5",
            "Vout out 0 0.5",
            f"Rarray in ref {1.0 / siemens!r}",
            "I1 0 in 0",
        ]
    )
    sweep = xc.spice.run(deck, xc.spice.Dc(source="I1", start=-1e-7, stop=1e-7, step=1e-7))[0]
    move = float(np.ptp(sweep["v(in)"]))
    # the rest of the current goes into the array; its wires are left out here
    assert found["input_ohm"] == approx(move / (2e-7 - move * siemens), rel=0.01)
    assert found["input_ohm"] > 500.0  # the behavioural one has 20 ohm
    assert found["name"].startswith("poor")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("converter", "sar", "--array", "full"), "No such option.*--array"),
        (("converter", "flash", "--subcircuit", "a:b"), "--subcircuit.*no effect on flash"),
        (("converter", "sar", "--workers", 3), "--workers.*no effect on sar"),
        (("conveyor", "--feedback-farad", 1e-15), "No such option.*--feedback-farad"),
        (("product", "--celsius", 85), "No such option.*--celsius"),
        (("product", "--bits", 6), "--bits.*no effect on hermes"),
        (("column", "--engine", "nodal", "--array", "full"), "--array.*no effect on a column"),
        (("amplifier", "--ports", "plus=a"), "--ports.*without a circuit of your own"),
        (("amplifier", "--vary", "offset_volt=1m"), "--vary.*no effect on a single sample"),
        (("integrator", "--ports", "plus=a"), "--ports.*without a circuit of your own"),
    ],
)
def test_an_option_without_effect_is_refused(arguments, named, tmp_path, capsys):
    assert run(*arguments, "--out", tmp_path) == 2
    said = capsys.readouterr()
    assert re.search(named, " ".join((said.out + said.err).split()))
    assert not list(tmp_path.iterdir())


def test_converters_take_a_circuit_of_ones_own():
    own = Subcircuit(
        device_model("strongarm.lib"),
        "strongarm",
        ports=("plus", "minus", "clock", "out", "outb"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    sar = bench_of("sar").make(4, 0.0, {}, own)
    assert sar.circuit == own


def test_an_integrator_is_measured_and_reported(tmp_path, capsys):
    assert not run("integrator", "--rows", 8, "--out", tmp_path)
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((tmp_path / "summary.json").read_text())
    # window over capacitance, less what a gain of 2000 leaves at the input
    assert content["gain_ohm"] == approx(50e-9 / 8e-12, rel=0.02)
    assert abs(content["offset_volt"]) < 1e-3
    assert "nonlinearity" in capsys.readouterr().out
    assert list((tmp_path / "decks").glob("*.cir"))


def test_the_cyclic_converter_is_measured_from_the_command_line(tmp_path):
    assert not run("converter", "cyclic", "--bits", 6, "--out", tmp_path)
    content = json.loads((tmp_path / "summary.json").read_text())
    assert abs(content["sinad_db"] - (6.02 * 6 + 1.76)) < 0.1


def test_parts_of_the_verb_are_listed(capsys):
    assert not run("--help")
    said = capsys.readouterr().out
    for part in ("converter", "amplifier", "conveyor", "integrator", "sense-amplifier", "column"):
        assert part in said
