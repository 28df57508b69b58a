"""``xbar write``: figures, files and refusals."""

import json

import pytest

from closeness import approx
from xbar_circuit import cli
from xbar_circuit.devices import PcmCell
from xbar_circuit.units import engineering


def test_a_small_write_agrees_with_ngspice_and_leaves_maps(tmp_path, capsys):
    words = ["write", "--rows", "2", "--cols", "3", "--pulse-second", "1e-8", "--compare"]
    with pytest.raises(SystemExit) as end:
        cli.main([*words, "--out", str(tmp_path)])
    assert end.value.code in {0, None}
    content = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    figures = content["figures"]
    cell = PcmCell.sebastian2017()
    before = float(cell.conductance(cell.thickness(20e-6), read_volt=0.2))
    assert figures["conductance of the cell before [S]"] == approx(before, rel=1e-9)
    assert figures["conductance of the cell after [S]"] < 10e-6
    assert figures["largest difference of a state between engines [m]"] < 0.05e-9
    assert (tmp_path / "maps.png").stat().st_size > 10_000
    said = capsys.readouterr().out
    peak = engineering(figures["peak current of the cell [A]"], "A")
    assert f"peak current of the cell: {peak}" in said
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "all other lines at half the voltage" in page
    assert peak in page


def test_a_cell_outside_the_array_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(
            ["write", "--rows", "2", "--cols", "2", "--selected", "5", "0", "--out", str(tmp_path)]
        )
    assert end.value.code == 2
    assert "selected[0]" in capsys.readouterr().err


def test_a_filament_is_grown_and_dissolved(tmp_path):
    after = {}
    for volt in ("3", "-3.4"):
        words = ["write", "--cell-kind", "reram", "--rows", "2", "--cols", "3"]
        with pytest.raises(SystemExit) as end:
            cli.main([*words, "--pulse-volt", volt, "--out", str(tmp_path / volt)])
        assert end.value.code in {0, None}
        told = json.loads((tmp_path / volt / "summary.json").read_text("utf-8"))
        after[volt] = told["figures"]["conductance of the cell after [S]"]
        assert "ReRAM cells" in (tmp_path / volt / "index.html").read_text("utf-8")
    assert after["3"] == approx(99.3e-6, rel=1e-3)
    assert after["-3.4"] < 10e-6
