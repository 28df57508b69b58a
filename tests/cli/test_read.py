"""``xbar read``: an array of one's own, from a file."""

import json
import re

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import cli

RNG = np.random.default_rng(6)
G = RNG.uniform(1e-6, 25e-6, (6, 4))
V = RNG.uniform(0.0, 0.2, (3, 6))


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        cli.main([str(word) for word in words])
    return leaving.value.code or 0


@pytest.fixture
def files(tmp_path):
    np.savetxt(tmp_path / "G.csv", G, delimiter=",")
    np.savetxt(tmp_path / "V.csv", V, delimiter=",")
    return tmp_path


@pytest.mark.parametrize("engine", ["nodal", "spice"])
def test_it_gives_what_python_gives(files, engine):
    out = files / "out"
    words = ("--row-ohm", 1, "--column-ohm", 2, "--engine", engine, "--compare", "--out", out)
    assert run("read", files / "G.csv", "--volts", files / "V.csv", *words) == 0
    truth = xc.nodal.read(
        xc.Crossbar(conductance=G, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)), V
    )
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    np.testing.assert_allclose(summary["column_current"], truth.column_current, rtol=1e-9)
    (difference,) = summary["difference"].values()
    assert 0.0 < difference < 1e-9
    table = np.loadtxt(out / "row_segment_current.csv", delimiter=",", skiprows=1)
    assert table.shape == (3 * 6 * 5, 4)
    np.testing.assert_allclose(
        table[:, 3].reshape(3, 6, 5)[:, :, :-1], truth.row_segment_current[:, :, :-1], rtol=1e-9
    )
    assert {"index.html", "maps.png", "maps.svg", "column_current.csv"} <= {
        path.name for path in out.iterdir()
    }


def test_vacask_reads_too_and_is_compared_with_both(files):
    out = files / "out"
    words = ("--row-ohm", 1, "--column-ohm", 2, "--engine", "vacask", "--compare", "--out", out)
    assert run("read", files / "G.csv", "--volts", files / "V.csv", *words) == 0
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["engine"] == "vacask"
    assert set(summary["difference"]) == {"nodal", "spice"}
    assert max(summary["difference"].values()) < 1e-9
    page = (out / "index.html").read_text("utf-8")
    assert f"made by: xbar read {files / 'G.csv'} --volts {files / 'V.csv'} --row-ohm 1" in page
    linked = re.findall(r'href="([^"]+)"', page)
    assert {"column_current.csv", "summary.json"} <= set(linked)
    assert all((out / name).exists() for name in linked)


def test_default_inputs_and_a_single_column(files):
    np.savetxt(files / "v.csv", V[:1].T)
    assert run("read", files / "G.csv", "--volts", files / "v.csv", "--out", files / "a") == 0
    assert run("read", files / "G.csv", "--out", files / "b") == 0
    for folder, volts in (("a", V[:1]), ("b", np.full((1, 6), 0.2))):
        summary = json.loads((files / folder / "summary.json").read_text("utf-8"))
        wires = xc.Wires(row_ohm=1.0, column_ohm=1.0)
        truth = xc.nodal.read(xc.Crossbar(conductance=G, wires=wires), volts)
        np.testing.assert_allclose(summary["column_current"], truth.column_current, rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (1.0 / G, "reciprocals"),
        (1e6 * G, "--unit-siemens 1e-6"),
        (np.column_stack([np.arange(6.0), G]), "the first column counts the rows"),
    ],
)
def test_values_that_are_probably_not_meant_are_named(files, capsys, values, said):
    np.save(files / "odd.npy", values)
    assert run("read", files / "odd.npy", "--out", files / "out") == 0
    assert said in capsys.readouterr().err
    assert run("read", files / "G.csv", "--out", files / "out") == 0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("G.xlsx",), 2, "xlsx"),
        (("none.csv",), 4, "none.csv"),
        (("V.csv", "--volts", "G.csv"), 2, "--volts: got 6 lines of 4 values"),
        (("G.csv", "--volts", "T.csv"), 2, "transpose it"),
        (("nan.csv",), 2, "conductance[0, 1]: got nan"),
        (("G.csv", "--volts", "nan.csv"), 2, "--volts[0, 1]: got nan"),
        (("d.csv",), 4, "Is a directory"),
        (("G.csv", "--format", "gif"), 2, "--format"),
        (("G.csv", "--row-ohm", "-1"), 2, "--row-ohm"),
    ],
)
def test_refusals(files, capsys, words, code, said):
    np.savetxt(files / "T.csv", V.T, delimiter=",")
    (files / "nan.csv").write_text("0.1,nan,0.3,0.1,0.1,0.1\n", "utf-8")
    (files / "d.csv").mkdir()
    words = [files / word if word.endswith(("csv", "xlsx")) else word for word in words]
    assert run("read", *words, "--out", files / "out") == code
    assert said in capsys.readouterr().err
    assert not list((files / "out").glob("*"))
