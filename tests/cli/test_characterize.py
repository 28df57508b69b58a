"""``xbar characterize`` writes a table, JSON, a figure, a page and a deck."""

import json

import pytest

from xbar_circuit.cli import main


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["characterize", *map(str, arguments)])
    return ended.value.code


def test_a_converter_is_measured_and_reported(tmp_path, capsys):
    assert not run("ramp", "--bits", 6, "--out", tmp_path)
    content = json.loads((tmp_path / "characterize.json").read_text())
    assert abs(content["sinad_db"] - (6.02 * 6 + 1.76)) < 0.1
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "Murmann" in (tmp_path / "characterize.html").read_text()
    assert ".subckt xbar_converter" in (tmp_path / "deck.cir").read_text()
    assert "ENOB" in capsys.readouterr().out


def test_a_strangers_op_amp_is_measured_from_the_command_line(tmp_path):
    mine = tmp_path / "mine.lib"
    mine.write_text(
        "* mine\n.subckt amp vout inn inp vdd\nG1 0 x inp inn 1m\nR1 x 0 1meg\nC1 x 0 1p\n"
        "E1 vout 0 x 0 1\nI1 vdd 0 50u\n.ends\n"
    )
    code = run(
        "subcircuit",
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
    content = json.loads((tmp_path / "out" / "characterize.json").read_text())
    assert abs(content["supply_ampere"] - 50e-6) < 1e-9
    assert abs(content["gain_error"]) < 0.01


def test_many_converters_are_drawn_and_their_yield_is_told(tmp_path, capsys):
    asked = ("sar", "--bits", 5, "--mismatch", 0.05, "--samples", 12, "--workers", 1)
    assert not run(*asked, "--out", tmp_path)
    content = json.loads((tmp_path / "characterize.json").read_text())
    assert content["samples"] == 12
    assert len(content["figures"]["enob"]) == 12
    assert len(list((tmp_path / "samples").glob("*.json"))) == 12
    assert "yield" in capsys.readouterr().out
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")


def test_a_column_is_read_out_end_to_end(tmp_path, capsys):
    common = ("column", "--chain", "oscillator", "--rows", 8, "--products", 6, "--out", tmp_path)
    assert not run(*common)
    content = json.loads((tmp_path / "characterize.json").read_text())
    assert set(content["error_lsb"]) == {"driver", "device", "wire", "amplifier", "converter"}
    assert content["engine"] == "spice"
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "Error by cause" in (tmp_path / "characterize.html").read_text()
    assert ".tran" in next((tmp_path / "decks").glob("*.cir")).read_text()
    assert "error by wire" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("adc",), ("subcircuit",), ("subcircuit", "--subcircuit", "a:b", "--ports", "x")]
)
def test_what_cannot_be_meant_is_refused(arguments, tmp_path):
    assert run(*arguments, "--out", tmp_path) == 2 or arguments[-1] == "x"


def test_a_sense_amplifier_is_measured_and_reported(tmp_path, capsys):
    assert not run(
        *("sense-amplifier", "--samples", 2, "--vary", "dvt1=5m", "--workers", 1),
        *("--corner", "ss", "--noise-decisions", 0, "--out", tmp_path),
    )
    content = json.loads((tmp_path / "characterize.json").read_text())
    assert len(content["offsets_volt"]) == 2
    assert content["conditions"][0]["corner"] == "ss"
    assert content["energy_joule"] > 0.0
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
    assert "margin" in (tmp_path / "characterize.html").read_text()
    assert list((tmp_path / "decks").glob("corner=ss*.cir"))
    assert "offset, sigma" in capsys.readouterr().out
