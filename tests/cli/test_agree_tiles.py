"""``xbar agree-tiles`` on a few combinations."""

import json

import pytest

import xbar_circuit as xc
from xbar_circuit import cli
from xbar_circuit.agreement import _combinations as combinations


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        cli.main(words)
    return leaving.value.code or 0


def test_the_table_is_printed_and_written(tmp_path, capsys):
    out = tmp_path / "out"
    assert run("agree-tiles", "--every", "150", "--no-transistors", "--out", str(out)) == 0
    said = capsys.readouterr().out
    content = json.loads((out / "summary.json").read_text())
    rows = content["combinations"]
    assert len(rows) >= 3
    assert content["passed"]
    assert all(row["compiled_apart_lsb"] <= 1e-6 for row in rows)
    assert f"{len(rows)} of {len(rows)} combinations agree" in said
    assert any("gates" in row["synapse"] or "1T1R" in row["synapse"] for row in rows)
    parts = combinations.DRIVERS, combinations.READOUTS
    synapses = {**combinations.SYNAPSES, **combinations.TRANSISTOR_SYNAPSES}
    every = len(synapses) * len(parts[0]) * len(parts[1])
    fit = len(list(combinations.fitting()))
    assert sum(content["refused"].values()) == every - fit
    for reason in content["refused"]:
        assert reason.split(":")[0] in said
    assert (out / "index.html").exists()


def test_a_difference_is_a_failure(tmp_path, monkeypatch):
    real = combinations.compile_tile

    class Wrong:
        def __init__(self, tile):
            self._form = real(tile)
            self.weights, self.encode = self._form.weights, self._form.encode

        def codes(self, drive, rng=None):
            return self._form.codes(drive, rng=rng) + 1.0

    monkeypatch.setattr(combinations, "compile_tile", Wrong)
    words = ("--every", "400", "--no-transistors", "--out", str(tmp_path / "out"))
    assert run("agree-tiles", *words) == 1


def test_a_read_out_that_cannot_be_calibrated_is_named_and_the_others_go_on(
    tmp_path, monkeypatch, capsys
):
    """Of two oscillators the first finds no convergence; the second is a formula's, and agrees."""
    real, asked = combinations.calibrate, []

    def calibrate(tile, **settings):
        asked.append(tile)
        if len(asked) == 1:
            raise xc.ConvergenceError("ngspice: timestep too small at node x")
        return real(tile, **settings)

    monkeypatch.setattr(combinations, "calibrate", calibrate)
    chains = {"transistor-oscillator": 8, "oscillator": 6}
    monkeypatch.setattr(combinations, "TRANSISTORS", chains)
    out = tmp_path / "out"
    assert run("agree-tiles", "--every", "400", "--out", str(out)) == 1
    rows = json.loads((out / "summary.json").read_text())["combinations"]
    failed, good = rows[-2:]
    assert failed["readout"] == "transistor-oscillator"
    assert "not calibrated: ngspice: timestep too small at node x" in failed["failure"]
    assert failed["spice_apart_lsb"] is None
    assert good["readout"] == "oscillator"
    assert good["passed"]
    assert "not calibrated" in (out / "index.html").read_text()
    assert "FAILED" in capsys.readouterr().out
