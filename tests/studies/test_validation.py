"""Truths from outside: every group gives numbers that agree, and says what it could not run."""

import json
import math
import re
from functools import cache
from pathlib import Path

import pytest

from closeness import approx
from xbar_circuit.cli import main
from xbar_circuit.report.validation import COLUMNS, truth_rows, truths_page, write_validation_page
from xbar_circuit.studies.validation import TRUTHS, Truth, validate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "truths.md"


@cache
def run(name):
    return validate((name,))


def rows_of(text):
    """Rows of each table of a page, by the heading above it."""
    tables = {}
    for part in re.split(r"(?m)^## ", text)[1:]:
        lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
        cells = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in lines]
        tables[part.splitlines()[0]] = [[c.replace("\\|", "|") for c in row] for row in cells]
    return {heading: rows for heading, rows in tables.items() if rows}


@pytest.mark.parametrize("name", TRUTHS)
def test_the_documentations_page_has_the_rows_of_the_code(name):
    """`make truths` wrote it: all was run there, and each number is what it is here."""
    pages = rows_of(PAGE.read_text("utf-8"))
    assert len(pages) == len(TRUTHS)
    page = pages[list(pages)[list(TRUTHS).index(name)]]
    found = run(name)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in truth_rows(found)]
    assert len(page) == len(rows)
    for row, expected, one in zip(page, rows, found, strict=True):
        written = dict(zip(COLUMNS, row, strict=True))
        assert written["what"] == expected["what"]
        assert written["source"] == expected["source"]
        assert written["command"] == f"`{expected['command']}`"
        assert written["verdict"].startswith("agrees")
        if not one.missing:
            assert written["verdict"] == expected["verdict"]
            numbers = {"ours": one.ours, "theirs": one.theirs, "ratio": one.ratio}
            if one.what.startswith("worst"):  # which column it is, the last digit decides
                numbers = {"ratio": one.ratio}
            # the steps of pulses depend on the last bit; another processor's ends are 3e-5 away
            close = 1e-4 if one.what.startswith("amorphous thickness") else 2e-5
            for column, number in numbers.items():
                shown = written[column].split()[0]
                last = 10.0 ** -len(shown.partition(".")[2]) if column == "ratio" else 0.0
                assert float(shown) == approx(number, rel=close + 0.51 * last)


def test_a_page_is_read_as_it_was_written():
    odd = Truth(
        what="a | b", unit="S", ours=1.25e-15, theirs=1e-15, tolerance=0.3, source="c", command="d"
    )
    text = truths_page({"new": [odd, odd], "chips": [odd]}, version="1")
    assert "3 of 3 agree" in text
    row = ["a | b", "1.25e-15 S", "1e-15 S", "1.250", "agrees, to 0.3", "c", "`d`"]
    assert rows_of(text) == {"new": [row, row], "Published chips": [row]}


@pytest.mark.parametrize(
    "name", [name for name in TRUTHS if name not in {"badcrossbar", "aihwkit", "staircase"}]
)
def test_a_group_agrees_with_its_truths(name):
    found = run(name)
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


def test_cells_that_differ_follow_the_measured_staircase():
    """Means and standard deviations over 200 devices that differ."""
    found = run("staircase")
    assert [one.theirs for one in found] == [2.07, 1.53, 5.93, 2.42, 7.85, 2.53, 9.44, 2.70]
    assert [one.ratio for one in found[::2]] == approx([1.0] * 4, rel=0.13)
    assert [one.ratio for one in found[1::2]] == approx([1.0] * 4, rel=0.2)
    assert all(one.agrees for one in found)


def test_aihwkit_is_said_to_be_missing_and_run_where_its_source_is(monkeypatch, tmp_path):
    monkeypatch.setattr("xbar_circuit.studies._aihwkit.find_spec", lambda _: None)
    found = validate(("aihwkit",))
    assert len(found) == 10
    assert all("--aihwkit FOLDER" in one.missing for one in found)
    monkeypatch.undo()
    assert all(one.missing for one in validate(("aihwkit",), aihwkit=tmp_path))


def test_a_truth_is_judged_by_its_ratio():
    common = {"what": "a", "unit": "S", "source": "b", "command": "c", "tolerance": 0.01}
    assert Truth(ours=1.009e-15, theirs=1e-15, **common).agrees
    assert Truth(ours=1.011e-15, theirs=1e-15, **common).agrees is False
    assert Truth(ours=0.0, theirs=1e-15, **common).agrees is False


def test_the_verb_writes_page_and_numbers_and_fails_where_one_differs(
    tmp_path, capsys, monkeypatch
):
    def run(folder=tmp_path):
        with pytest.raises(SystemExit) as ended:
            main(["validate", "--only", "circuits", "--out", str(folder)])
        return ended.value.code

    common = {"what": "a", "unit": "1", "ours": 2.0, "theirs": 1.0, "tolerance": 0.1}
    absent = Truth(**common, source="b", command="c", missing="not installed")
    with monkeypatch.context() as patched:
        patched.setitem(TRUTHS, "circuits", lambda _: iter([absent]))
        assert not run()
    assert "not installed" in capsys.readouterr().out
    assert not run()  # by now it is
    content = json.loads((tmp_path / "summary.json").read_text())
    assert all(one["agrees"] for one in content)
    page = (tmp_path / "index.html").read_text()
    assert "k T / C" in page
    assert "CrossSim" in page
    assert "agrees" in capsys.readouterr().out
    wrong = Truth(**common, source="[b]", command="c")
    monkeypatch.setitem(TRUTHS, "circuits", lambda _: iter([wrong]))
    assert run(tmp_path / "other") == 1
    assert "[b]" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["validate", "--only", "nothing", "--out", str(tmp_path)])
    assert ended.value.code == 2


def test_a_command_of_a_whole_group_stands_above_its_table(tmp_path):
    common = {"unit": "A", "ours": 1.0, "theirs": 1.0, "tolerance": 1e-9, "source": "s"}
    alike = [Truth(what=f"value {k}", command="xbar one", **common) for k in range(3)]
    apart = [Truth(what=f"other {k}", command=f"xbar other {k}", **common) for k in range(2)]
    page = write_validation_page({"vacask": alike, "dft": apart}, tmp_path, version="1")
    html = page.read_text("utf-8")
    assert html.count("xbar one") == 1
    assert "<p>Command: xbar one</p>" in html
    assert all(f"xbar other {k}</td>" in html for k in range(2))
    assert html.count("value ") == 3
    assert (tmp_path / "truths.md").read_text("utf-8").count("`xbar one`") == 3
