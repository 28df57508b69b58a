"""``xbar device`` from end to end, small."""

import json

import pytest

from closeness import approx
from xbar_circuit.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("device")
    with pytest.raises(SystemExit) as left:
        main(["device", "--out", str(out), "--cells", "20", "--size", "2", "--seed", "3"])
    assert left.value.code in (0, None)
    return out


def test_the_summary_holds_the_published_numbers(folder):
    summary = json.loads((folder / "summary.json").read_text())
    for point in summary["published"]:
        assert point["ours"] == approx(point["published"], rel=0.05), point["what"]
    agreement = summary["agreement_with_ngspice"]
    assert agreement["read current"] < 1e-6
    assert agreement["conductance after a RESET pulse"] < 0.02
    assert agreement["noise of a read"] < 0.05
    assert 1.0 < summary["threshold_volt"] < 1.5
    loops = summary["program_and_verify"]
    assert loops["verify, 8 bits"]["rms_error_siemens"] < loops["single shot"]["rms_error_siemens"]


def test_every_figure_and_the_page_are_there(folder):
    page = (folder / "index.html").read_text()
    for name in (
        "conduction",
        "pulses",
        "drift",
        "statistics",
        "programming",
        "written",
        "temperature",
        "products",
        "neighbours",
    ):
        assert (folder / f"{name}.png").stat().st_size > 10_000
    assert page.count("data:image/png") == 9


def test_the_cell_lies_in_the_published_ranges_or_says_that_it_does_not(folder):
    summary = json.loads((folder / "summary.json").read_text())
    outside = [point["what"] for point in summary["ranges"] if not point["inside"]]
    assert outside == ["R_th of the interface at this u_a"]
    assert "outside" in (folder / "index.html").read_text()
    for name, spread in summary["statistics"].items():
        for field in ("programming_sigma_siemens", "read_sigma_after_an_hour_siemens"):
            curve, drawn = spread[field]
            assert drawn[8:] == approx(curve[8:], rel=0.05), (name, field)
