"""``xbar calibrate`` saves a model that others can load, with its error and its speed."""

import json

import pytest

from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cli import main


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", *map(str, arguments)])
    return ended.value.code or 0


def test_a_read_out_is_calibrated_judged_and_saved(tmp_path, capsys):
    asked = ["oscillator", "--rows", 16, "--cols", 3, "--bits", 6, "--array", "macromodel"]
    size = ["--fit-products", 20, "--products", 12, "--out", tmp_path]
    assert run(*asked, *size) == 0
    home = tmp_path / "oscillator-16-x-3"
    model = ReadoutModel.load(home / "model.json")
    assert model.bits == 6
    assert model.held_out.codes == 12
    assert model.provenance.simulator
    (content,) = json.loads((tmp_path / "summary.json").read_text())
    assert content["within_one"] >= 0.99
    assert content["macromodel_difference"] < 1e-6
    assert content["speed_ratio"] > 1.0
    assert (home / "calibrate.png").read_bytes().startswith(b"\x89PNG")
    assert "Calibrated read-outs" in (tmp_path / "index.html").read_text()
    assert "held-out products" in capsys.readouterr().out


def test_an_unknown_read_out_is_refused(tmp_path):
    assert run("adc", "--out", tmp_path) == 2
