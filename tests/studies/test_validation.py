"""Truths from outside: every group gives numbers that agree, and says what it could not run."""

import json
import math

import pytest

from closeness import approx
from xbar_circuit.cli import main
from xbar_circuit.studies.validation import TRUTHS, Truth, validate


@pytest.mark.parametrize(
    "name", [name for name in TRUTHS if name not in {"badcrossbar", "aihwkit", "staircase"}]
)
def test_a_group_agrees_with_its_truths(name):
    found = validate((name,))
    assert len(found) >= 2
    for one in found:
        assert one.missing == ""
        assert one.agrees, (one.what, one.ours, one.theirs)
        assert 0.0 < one.tolerance <= 0.13
        assert one.source
        assert one.command.startswith("xbar ")


def test_what_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr("xbar_circuit.studies._truths_of_simulators.find_spec", lambda _: None)
    (one,) = validate(("badcrossbar",))
    assert "pip install --no-deps badcrossbar" in one.missing
    assert one.agrees is None
    assert math.isnan(one.theirs)


def test_the_cells_staircase_is_stated_where_it_falls_short():
    """Means and standard deviations over 200 devices; sampling is 5 % of the latter."""
    found = validate(("staircase",))
    assert [one.ratio for one in found[::2]] == approx([0.14, 0.36, 0.69, 1.07], rel=0.1)
    assert found[-1].ratio == approx(0.96, rel=0.15)
    assert all("one front" in one.shortfall for one in found)


def test_aihwkit_is_said_to_be_missing_and_run_where_its_source_is(monkeypatch, tmp_path):
    monkeypatch.setattr("xbar_circuit.studies._aihwkit.find_spec", lambda _: None)
    found = validate(("aihwkit",))
    assert len(found) == 10
    assert all("--aihwkit FOLDER" in one.missing for one in found)
    monkeypatch.undo()
    assert all(one.missing for one in validate(("aihwkit",), aihwkit=tmp_path))


def test_a_truth_is_judged_by_its_ratio():
    told = {"what": "a", "unit": "S", "source": "b", "command": "c", "tolerance": 0.01}
    assert Truth(ours=1.009e-15, theirs=1e-15, **told).agrees
    assert Truth(ours=1.011e-15, theirs=1e-15, **told).agrees is False
    assert Truth(ours=0.0, theirs=1e-15, **told).agrees is False


def test_the_verb_writes_page_and_numbers_and_fails_where_one_differs(
    tmp_path, capsys, monkeypatch
):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["validate", "--only", "circuits", "--out", str(tmp_path), *arguments])
        return ended.value.code

    assert not run()
    content = json.loads((tmp_path / "summary.json").read_text())
    assert all(one["agrees"] for one in content)
    page = (tmp_path / "index.html").read_text()
    assert "k T / C" in page
    assert "CrossSim" in page
    assert "agrees" in capsys.readouterr().out
    wrong = Truth(
        what="a", unit="1", ours=2.0, theirs=1.0, tolerance=0.1, source="[b]", command="c"
    )
    monkeypatch.setitem(TRUTHS, "circuits", lambda _: iter([wrong]))
    assert run() == 1
    assert "[b]" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["validate", "--only", "nothing", "--out", str(tmp_path)])
    assert ended.value.code == 2
