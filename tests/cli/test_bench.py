"""``xbar bench``: what it writes, and that two runs can be compared. No time decides."""

import importlib
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import xbar_circuit as xc
from xbar_circuit.cli import app
from xbar_circuit.studies.array import speed


def test_two_runs_are_written_and_compared(tmp_path):
    run = CliRunner()
    small = ["bench", "--max-side", "16", "--no-spice", "--out", str(tmp_path / "one")]
    assert run.invoke(app, small).exit_code == 0
    content = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert {"processor", "numpy", "scipy", "load", "ngspice", "badcrossbar"} <= content[
        "machine"
    ].keys()
    tasks = {(line["task"], line["method"]) for line in content["timings"]}
    assert {("transfer", "nodal"), ("transfer", "sparse LU"), ("one input", "nodal")} <= tasks
    assert all(line["second"] > 0 for line in content["timings"])
    assert (tmp_path / "one" / "bench.png").stat().st_size > 1000
    again = run.invoke(
        app,
        [*small[:-1], str(tmp_path / "two"), "--baseline", str(tmp_path / "one" / "summary.json")],
    )
    assert again.exit_code == 0
    assert "before" in again.output
    page = (tmp_path / "two" / "index.html").read_text("utf-8")
    assert "now / before" in page


def test_a_file_that_is_no_benchmark_is_refused(tmp_path):
    with pytest.raises(xc.ParameterError, match="--baseline"):
        CliRunner().invoke(
            app, ["bench", "--baseline", str(tmp_path / "no.json")], catch_exceptions=False
        )


def test_the_rivals_solve_the_same_problem():
    rng = np.random.default_rng(1)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (16, 12)), wires=xc.Wires(row_ohm=1.0, column_ohm=1.0)
    )
    volts = rng.uniform(0, 0.2, 16)
    np.testing.assert_allclose(
        speed._fixed_point(xbar, volts), xc.nodal.read(xbar, volts).column_current[0], rtol=1e-7
    )


def test_one_section_alone_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "_WEIGHTS", 40_000)
    run = CliRunner().invoke(
        app,
        ["bench", "--only", "network", "--max-side", "128", "--no-spice", "--out", str(tmp_path)],
    )
    assert run.exit_code == 0
    tasks = [
        line["task"] for line in json.loads((tmp_path / "summary.json").read_text())["timings"]
    ]
    assert len(tasks) == 3
    assert all("5 seeds x 5 times" in task for task in tasks)
    with pytest.raises(xc.ParameterError, match="only: got 'all'"):
        CliRunner().invoke(app, ["bench", "--only", "all"], catch_exceptions=False)


def test_everything_is_compiled_before_the_first_time(tmp_path, monkeypatch):
    verb = importlib.import_module("xbar_circuit.cli.bench")
    order = []
    measure = verb.measure_speed
    monkeypatch.setattr(verb, "warm_up", lambda: order.append("compiled"))
    monkeypatch.setattr(
        verb, "measure_speed", lambda *a, **k: order.append("timed") or measure(*a, **k)
    )
    small = ["bench", "--max-side", "16", "--no-spice", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, small).exit_code == 0
    assert order == ["compiled", "timed"]
