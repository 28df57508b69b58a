"""The two engines agree, and the comparison would notice if they did not."""

import dataclasses
import json
import pkgutil

import numpy as np
import pytest
from workloads import numbers, with_another_digit

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.agreement import (
    analysis_cases,
    check,
    check_analysis,
    check_known,
    check_tile,
    compare,
    known_cases,
    matrix,
    own_cases,
    relative_difference,
    tile_cases,
)
from xbar_circuit.cli import main
from xbar_circuit.plots.agreement import agreement_figure
from xbar_circuit.report.agreement import write_agreement


@pytest.mark.parametrize("case", list(matrix(max_side=64)), ids=lambda case: case.name)
def test_engines_agree(case):
    outcome = check(case)
    assert outcome.passed, outcome.difference
    assert outcome.nodal_residual < 1e-11
    assert outcome.spice_residual < 1e-7


def test_a_cell_of_ones_own_agrees_in_three_engines():
    cases = list(own_cases())
    assert {case.terminals for case in cases} == {"left, bottom", "all four ends", "right, top"}
    error = cases[0].crossbar.cell.table.quality.worst
    for case in cases:
        outcome = check(case)
        assert outcome.passed, (case.name, outcome)
        assert outcome.difference.column_current < max(1e-6, 5 * error)
        assert outcome.simulators_difference.column_current < 1e-8, case.name


def test_simulators_that_differ_more_than_a_law_are_found():
    outcome = check(next(iter(own_cases())))
    apart = dataclasses.replace(outcome.simulators_difference, column_current=2e-6)
    assert outcome.case.tolerance > 2e-6  # a table's: wide enough for the fast engine
    assert not dataclasses.replace(outcome, simulators_difference=apart).passed


OWN = ".subckt own a b g=1u\nB1 a b I=g*V(a,b)*(1+V(a,b)^2)\n.ends\n"


def agree_own(folder, law=OWN):
    """Run the command on a cell of one's own, and return the arrays that it keeps."""
    (folder / "own.lib").write_text(law)
    (folder / "own.toml").write_text(
        'kind = "subcircuit"\npath = "own.lib"\nname = "own"\nports = {row = "a", column = "b"}\n'
        'state = "g"\n'
    )
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("agree", "--device-law", str(folder / "own.toml")),
                *("--largest-volt", "0.5", "--out", str(folder / "out")),
            ]
        )
    assert ended.value.code == 0
    return {path: path.read_bytes() for path in (folder / "out" / "kept").iterdir()}


def test_arrays_of_a_cell_of_ones_own_are_kept_until_its_file_changes(tmp_path, caplog):
    first = agree_own(tmp_path)
    assert len(first) == 12
    truth = numbers(tmp_path / "out")
    spoilt = min(first)
    spoilt.write_text(with_another_digit(spoilt.read_text(encoding="utf-8")), encoding="utf-8")
    again = agree_own(tmp_path)
    assert [name for name in caplog.messages if spoilt.name in name]
    assert again.keys() == first.keys()
    assert {path for path in first if again[path] != first[path]} <= {spoilt}
    assert numbers(tmp_path / "out") == truth
    other = agree_own(tmp_path, OWN.replace("^2", "^4"))
    assert len(other.keys() - first.keys()) == 12


def test_the_command_takes_a_cell_of_ones_own(tmp_path, capsys):
    agree_own(tmp_path)
    assert "VACASK has no such cell" in " ".join(capsys.readouterr().out.split())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["passed"]
    assert {case["device"] for case in summary["cases"]} == {"subcircuit own"}
    assert len(summary["cases"]) == 12


@pytest.mark.parametrize("case", list(known_cases()), ids=lambda case: case.name)
def test_known_answers_are_reached_every_way(case):
    outcome = check_known(case)
    assert outcome.passed, outcome
    assert (outcome.deck is None) == case.name.startswith("reference/")


@pytest.mark.parametrize("case", list(tile_cases(max_side=16)), ids=lambda case: case.name)
def test_tiles_give_the_same_codes(case):
    outcome = check_tile(case)
    assert outcome.passed, outcome
    assert outcome.spice_second > 0.0


def test_a_tile_that_disagrees_is_found():
    case = next(iter(tile_cases(max_side=6)))
    # the fast model believes in a column that draws 5 % more
    wrong = dataclasses.replace(case.tile.fast_model, coefficients=(0.0, 1.05 * 120e-6))
    assert not check_tile(dataclasses.replace(case, tile=case.tile.with_model(wrong))).passed


@pytest.mark.parametrize("case", list(analysis_cases()), ids=lambda case: case.name)
def test_other_analyses_agree(case):
    outcome = check_analysis(case)
    assert outcome.passed, outcome.difference
    assert 0.0 <= outcome.difference < case.tolerance


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("noise", ("nodal.noise", lambda noise: lambda *a: noise(*a, celsius=37.0))),
        ("three tiles", ("nodal.transfer_tiles", lambda t: lambda g, **k: 1.0001 * t(g, **k))),
        ("loads in both", ("_clipping", lambda f: lambda v: tuple(1.01 * p for p in f(v)))),
    ],
)
def test_an_analysis_that_disagrees_is_found(name, wrong, monkeypatch):
    where, change = wrong
    target = f"xbar_circuit.agreement.analyses.{where}"
    module, attribute = target.rsplit(".", 1)
    original = pkgutil.resolve_name(target)
    monkeypatch.setattr(f"{module}.{attribute}", change(original))
    case = next(case for case in analysis_cases() if name in case.name)
    assert not check_analysis(case).passed


def test_the_matrix_is_as_large_as_promised():
    cases = list(matrix())
    assert len(cases) >= 40
    assert max(case.crossbar.rows for case in cases) == 128
    assert len({case.name for case in cases}) == len(cases)
    assert any((case.crossbar.conductance == 0.0).any() for case in cases)


def test_leaving_out_large_arrays_does_not_change_the_small_ones():
    small = list(matrix(max_side=9))
    for one, other in zip(small, matrix(max_side=64), strict=False):
        assert one.crossbar == other.crossbar
        assert np.array_equal(one.volts, other.volts)


def test_a_disagreement_is_found():
    case = next(iter(matrix(max_side=9)))
    other = dataclasses.replace(case.crossbar, conductance=case.crossbar.conductance * (1.0 + 1e-6))
    first = xc.nodal.read(case.crossbar, case.volts)
    difference = compare(first, xc.nodal.read(other, case.volts))
    assert 1e-7 < difference.column_current < 1e-5


def test_differences_are_relative_to_each_input_vector():
    first = np.array([[1.0, 0.0], [1e-6, 2e-6]])
    second = np.array([[1.0, 0.0], [1e-6, 4e-6]])
    assert relative_difference(first, second, scale=second) == approx(0.5)
    assert relative_difference(first, first, scale=np.zeros((2, 1))) == 0.0
    assert relative_difference(first * np.nan, second, scale=second) == np.inf
    with pytest.raises(xc.ShapeError, match="same crossbar"):
        relative_difference(first, second[:1], scale=second)


def test_agree_writes_json_figure_and_page(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["agree", "--out", str(tmp_path), "--max-side", "7"])
    assert left.value.code == 0, capsys.readouterr().out
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["passed"] is True
    assert len(content["cases"]) > 36
    assert len(content["analyses"]) == 9
    assert len(content["known_cases"]) == 9
    assert [tile["passed"] for tile in content["tiles"]] == [True]
    assert (tmp_path / "agree.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "index.html").read_text()
    assert "reference/dense-wires" in page
    assert "<h2>Tiles</h2>" in page
    assert "Verilog-A sinh_cell" in page
    assert "VerilogACell" not in page
    assert f"made by: xbar agree --out {tmp_path} --max-side 7" in page


def test_what_did_not_run_has_no_table(tmp_path):
    outcome = check(next(iter(matrix(max_side=9))))
    agreement_figure([outcome], tmp_path / "agree.png")
    write_agreement(tmp_path, [outcome], [], [], [], seed=1, footer="")
    page = (tmp_path / "index.html").read_text()
    assert page.count("<table>") == page.count("<h2>") == 1


def test_agree_fails_loudly(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("xbar_circuit.agreement.cases.LINEAR_TOLERANCE", 1e-30)
    with pytest.raises(SystemExit) as left:
        main(["agree", "--out", str(tmp_path), "--max-side", "7"])
    assert left.value.code == 1
    assert "out of tolerance" in capsys.readouterr().out
    assert json.loads((tmp_path / "summary.json").read_text())["passed"] is False
