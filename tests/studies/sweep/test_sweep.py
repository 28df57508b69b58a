"""Sweeps: plans from TOML, datasets that say where they come from, files and resume."""

import csv
import json
import sys

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import cli
from xbar_circuit.studies.sweep import (
    read_sweep_plan,
    run_sweep,
    sweep_plan_from_dictionary,
    to_dataset,
    write_csv,
)

xr = pytest.importorskip("xarray")

GRID = """
[study]
function = "ir_drop"
seeds = 2

[parameters]
rows = 4
cols = 3
vectors = 2

[grid]
"row_ohm, column_ohm" = [0.0, 5.0]
g_max_siemens = [10e-6, 50e-6, 100e-6]
"""


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(GRID)
    return read_sweep_plan(path)


def by_hand(plan, row_ohm, g_max, seed):
    (item,) = (
        item
        for item in plan.items()
        if item.arguments["row_ohm"] == row_ohm
        and item.arguments["g_max_siemens"] == g_max
        and item.name.endswith(f"seed={seed}")
    )
    words = item.random_stream
    from xbar_circuit.runs.items import generator

    return xc_ir_drop(rng=generator(0, words), **item.arguments)


def xc_ir_drop(**arguments):
    from xbar_circuit.studies.sweep._functions import ir_drop

    return ir_drop(**arguments)


def test_a_grid_is_every_combination_times_the_seeds(grid):
    assert grid.dimensions == {"row_ohm": 2, "g_max_siemens": 3, "seed": 2}
    items = grid.items()
    assert len(items) == 12
    assert all(i.arguments["row_ohm"] == i.arguments["column_ohm"] for i in items)
    assert {i.random_stream for i in items} == {"seed=0", "seed=1"}


def test_every_number_stands_at_its_place(grid, tmp_path):
    outcomes = run_sweep(grid, tmp_path / "out", workers=1)
    dataset = to_dataset(grid, outcomes)
    for row_ohm in (0.0, 5.0):
        for g_max in (10e-6, 50e-6, 100e-6):
            for seed in (0, 1):
                there = dataset.sel(row_ohm=row_ohm, g_max_siemens=g_max, seed=seed)
                truth = by_hand(grid, row_ohm, g_max, seed)
                assert float(there.mean_error) == truth["mean_error"]
                assert float(there.worst_error) == truth["worst_error"]
    assert np.all(dataset.rms_error.sel(row_ohm=0.0) < 1e-12)  # ideal wires lose nothing
    loss = dataset.mean_error.sel(row_ohm=5.0).to_numpy()
    assert np.all(np.diff(loss, axis=0) < 0.0)  # common random numbers: monotone without noise


def test_files_hold_the_same_numbers_and_say_whence(grid, tmp_path):
    outcomes = run_sweep(grid, tmp_path, workers=1)
    with xr.open_dataset(tmp_path / "results.nc") as kept:
        assert kept.attrs["xbar_circuit_version"] == xc.__version__
        assert kept.attrs["configuration"] == GRID
        assert json.loads(kept.attrs["seeds"]) == [0, 1]
        assert json.loads(kept.attrs["parameters"]) == {"rows": 4, "cols": 3, "vectors": 2}
        assert kept.attrs["numpy_version"] == np.__version__
        assert kept.row_ohm.attrs["units"] == "ohm"
        assert kept.column_ohm.dims == ("row_ohm",)
        numbers = kept.mean_error.to_numpy().ravel()
    lines = (tmp_path / "results.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [float(row["mean_error"]) for row in rows] == numbers.tolist()
    assert [o.value["mean_error"] for o in outcomes] == numbers.tolist()
    assert rows[-1]["row_ohm"] == rows[-1]["column_ohm"] == "5.0"


def test_a_list_of_points_may_differ_in_what_it_names(tmp_path):
    plan = sweep_plan_from_dictionary(
        {
            "study": {"function": "ir_drop", "seeds": [7], "random": "independent"},
            "parameters": {"vectors": 1},
            "point": [{"rows": 2, "cols": 2}, {"rows": 3, "cols": 1, "row_ohm": 9.0}],
        }
    )
    dataset = to_dataset(plan, run_sweep(plan, tmp_path, workers=1))
    assert dict(dataset.sizes) == {"point": 2, "seed": 1}
    assert dataset.rows.to_numpy().tolist() == [2, 3]
    assert np.array_equal(dataset.row_ohm.to_numpy(), [np.nan, 9.0], equal_nan=True)
    assert len({item.random_stream for item in plan.items()}) == 2


def test_tables_inside_tables_become_dotted_names():
    from xbar_circuit.studies.sweep.plan import _flat

    assert _flat({"a": {"b": [1], "c": {"d": 2}}, "e": 3}) == {"a.b": [1], "a.c.d": 2, "e": 3}


FAILING = """
def sometimes(*, rng, x):
    if x == 2:
        raise ArithmeticError("x is two")
    return {"y": 10.0 * x}

def wrong(*, rng, x):
    return [x]

def measure(*, rng, file):
    from pathlib import Path
    return {"bytes": Path(file).stat().st_size}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "my_sweep_study.py").write_text(FAILING)
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_sweep_study"
    sys.modules.pop("my_sweep_study", None)


def test_failures_are_listed_in_every_file(module, tmp_path):
    plan = sweep_plan_from_dictionary(
        {"study": {"function": f"{module}:sometimes"}, "grid": {"x": [1, 2, 3]}}
    )
    outcomes = run_sweep(plan, tmp_path / "out", workers=1)
    dataset = to_dataset(plan, outcomes)
    assert np.array_equal(dataset.y.to_numpy()[:, 0], [10.0, np.nan, 30.0], equal_nan=True)
    assert dataset.failure.to_numpy()[:, 0].tolist() == ["", "ArithmeticError: x is two", ""]
    assert dataset.attrs["failures"] == 1
    (failure,) = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert failure["name"] == "x=2, seed=0"
    assert "my_sweep_study.py" in failure["trace"]
    write_csv(plan, outcomes, tmp_path / "x.csv")
    assert "ArithmeticError: x is two" in (tmp_path / "x.csv").read_text()


def test_a_file_that_has_changed_is_computed_anew(module, tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(b"one")
    plan = sweep_plan_from_dictionary(
        {
            "study": {"function": f"{module}:measure", "files": ["file"]},
            "grid": {"file": [str(path)]},
        }
    )
    results = []
    for content in (b"one", b"three", b"three"):
        path.write_bytes(content)
        (outcome,) = run_sweep(plan, tmp_path / "out", workers=1)
        results.append((outcome.value["bytes"], outcome.restored))
    assert results == [(3, False), (5, False), (5, True)]


def test_a_study_must_return_numbers_by_name(module, tmp_path):
    plan = sweep_plan_from_dictionary(
        {"study": {"function": f"{module}:wrong"}, "grid": {"x": [1]}}
    )
    with pytest.raises(xc.ParameterError, match="a mapping of names to single numbers"):
        run_sweep(plan, tmp_path / "out", workers=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, r"study: got nothing"),
        ({"study": {}}, r"study\.function: got nothing"),
        ({"study": {"function": "ir_dorp"}}, "'ir_dorp', expected one of .'ir_drop'"),
        ({"study": {"function": "ir_drop"}}, "grid, point: got neither"),
        (
            {"study": {"function": "ir_drop"}, "grid": {"rows": [1]}, "point": [{"rows": 2}]},
            "grid, point: got both",
        ),
        ({"study": {"function": "ir_drop"}, "grid": {"row": [1]}}, r"unknown parameters \['row'\]"),
        ({"study": {"function": "ir_drop"}, "grid": {"rows": []}}, r"grid\.rows: got \[\]"),
        ({"study": {"function": "ir_drop"}, "grid": {"rows": [2, 2]}}, "each once"),
        ({"study": {"function": "ir_drop"}, "grid": {"rows": 2}}, r"grid\.rows: got 2"),
        ({"study": {"function": "ir_drop", "seeds": 0}, "grid": {"rows": [2]}}, "study.seeds"),
        ({"study": {"function": "ir_drop", "seeds": [-1]}, "grid": {"rows": [2]}}, "got -1"),
        (
            {"study": {"function": "ir_drop", "seed": 1}, "grid": {"rows": [2]}},
            "did you mean 'seeds'",
        ),
        ({"studies": {}}, "studies: got an unknown key, .* did you mean 'study'"),
        ({"study": {"function": "ir_drop", "random": "no"}, "grid": {"rows": [2]}}, "study.random"),
        ({"study": {"function": "json:nothing"}, "grid": {"x": [2]}}, "no function 'nothing'"),
        ({"study": 3}, "study: got 3"),
        (
            {"study": {"function": 3}, "grid": {"rows": [2]}},
            r"study\.function: got 3, expected text",
        ),
        ({"study": {"function": "ir_drop", "seeds": 2.5}, "grid": {"rows": [2]}}, "whole number"),
        ({"study": {"function": "ir_drop", "seeds": ["a"]}, "grid": {"rows": [2]}}, r"seeds\[0\]"),
        ({"study": {"function": "ir_drop"}, "grid": 3}, "grid: got 3, expected a table"),
        (
            {"study": {"function": "ir_drop", "files": "x"}, "grid": {"rows": [2]}},
            r"study\.files: got 'x'",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(content, message):
    with pytest.raises(xc.ParameterError, match=message):
        sweep_plan_from_dictionary(content)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pcm.preset": "joshi"}, r"pcm\.preset: got 'joshi', .* did you mean 'joshi2020'"),
        ({"accelerator.rows": "64"}, r"accelerator\.rows: got '64', expected a whole number"),
        ({"accelerator": {"row": 64}}, r"accelerator\.row: got an unknown key"),
        ({"run.wire_aware": "no"}, "expected true or false"),
        ({"images": 2.5}, "images: got 2.5, expected a whole number"),
        ({"network": 3}, "network: got 3, expected text"),
        ({"network": "mine.onnx"}, "data: got nothing for mine.onnx"),
        ({"network": "mine.onnx", "data": "x.npz"}, "normalisation: got nothing"),
        ({"network": "mine.onnx", "data": "x.npz", "divide": 255.0}, "calibration: got nothing"),
        ({"divide": 255.0}, "normalisation: got a value"),
        ({"colour": "red"}, "colour: got an unknown key"),
    ],
)
@pytest.mark.parametrize("place", ["parameters", "grid", "point"])
def test_a_point_of_a_network_is_refused_before_any_point_is_computed(place, given, message):
    """Also the last value of an axis: nothing is computed for the ones before it."""
    content = {"study": {"function": "network"}, "grid": {"run.thermal": [1]}}
    if place == "parameters":
        content = {**content, "parameters": given, "grid": {"seconds": [0.0, 1.0]}}
    elif place == "point":
        content = {"study": content["study"], "point": [{"seconds": 0.0}, given]}
    else:
        first, *rest = given.items()
        if isinstance(first[1], dict):
            return
        right = {"pcm.preset": "hermes_single", "images": 5, "network": "lenet5", "colour": 1}
        axis = (
            {first[0]: [right[first[0]], first[1]]} if first[0] in right else {first[0]: [first[1]]}
        )
        content = {**content, "parameters": dict(rest), "grid": axis}
    with pytest.raises(xc.ParameterError, match=message):
        sweep_plan_from_dictionary(content)


def test_metrics_of_the_wire_aware_study_are_refused():
    content = {"study": {"function": "wire_aware"}, "parameters": {"metrics": ["snr"]}}
    with pytest.raises(xc.ParameterError, match=r"metrics: got .*measures accuracy"):
        sweep_plan_from_dictionary({**content, "grid": {"ohm": [1.0]}})


@pytest.mark.parametrize("content", [b"[study", b"\xff\xfe", None])
def test_a_file_that_is_not_toml_is_said_to(tmp_path, content):
    path = tmp_path / "study.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(xc.ModelFileError, match=r"study: got .*study\.toml"):
        read_sweep_plan(path)


def test_the_module_of_a_study_must_import():
    with pytest.raises(xc.ModelFileError, match="whose import fails"):
        sweep_plan_from_dictionary({"study": {"function": "no_such_module:f"}, "grid": {"x": [1]}})


def test_the_command_writes_everything_and_tells_of_failures(module, tmp_path, capsys):
    study = tmp_path / "mine.toml"
    study.write_text(f'[study]\nfunction = "{module}:sometimes"\n[grid]\nx = [1, 2]\n')
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as leaving:
        cli.main(["sweep", str(study), "--out", str(out), "--workers", "1"])
    assert leaving.value.code == 1
    complaint = capsys.readouterr().err.replace("\n", " ")
    assert "1 of 2 points failed" in complaint
    assert "x=2, seed=0: ArithmeticError: x is two" in complaint
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("items", "results.nc", "results.csv", "failures.json", "summary.json"),
        *("study.toml", "sweep.png", "index.html"),
    }
    assert "x is two" in (out / "index.html").read_text()
    study.write_text(study.read_text().replace("[1, 2]", "[1, 3]"))
    with pytest.raises(SystemExit) as leaving:
        cli.main(["sweep", str(study), "--out", str(out), "--workers", "1"])
    assert not leaving.value.code
    assert "1 of them reused from an earlier run" in capsys.readouterr().out


def test_a_cluster_is_sent_the_module_of_the_study(tmp_path):
    """Its workers start elsewhere, with no path to the user's folder."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True
    ) as cluster:
        (tmp_path / "my_cluster_study.py").write_text(FAILING)
        study = tmp_path / "mine.toml"
        study.write_text('[study]\nfunction = "my_cluster_study:sometimes"\n[grid]\nx = [1, 3]\n')
        words = ["sweep", str(study), "--dask", cluster.scheduler_address]
        with pytest.raises(SystemExit) as leaving:
            cli.main([*words, "--out", str(tmp_path / "out")])
        sys.modules.pop("my_cluster_study", None)
    assert not leaving.value.code
    with xr.open_dataset(tmp_path / "out/results.nc") as kept:
        assert kept.y.to_numpy().ravel().tolist() == [10.0, 30.0]
