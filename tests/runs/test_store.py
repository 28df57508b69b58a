"""A kept result is found again only if it is what was written, for this item, by these sources."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import xbar_circuit as xc
from xbar_circuit import _files as files
from xbar_circuit import cli
from xbar_circuit.runs._forms import decode, encode
from xbar_circuit.runs._store import Store
from xbar_circuit.runs.items import Item
from xbar_circuit.runs.runner import Kept, run_items


def two(jobs, folder):
    items = [Item(name=f"scale={k}", arguments={"scale": float(k)}) for k in range(2)]
    return run_items(jobs.draw, items, workers=1, folder=folder)


def values(outcomes):
    return [encode(outcome.value) for outcome in outcomes]


def by_name(folder):
    return {json.loads(path.read_text())["name"]: path for path in folder.glob("*.json")}


def spoil(path, how, other):
    text = path.read_text()
    if how == "a digit":
        at = text.index('"mean": ') + len('"mean": ') + 4
        digit = str((int(text[at]) + 1) % 10)
        path.write_text(text[:at] + digit + text[at + 1 :])
    elif how == "another item":
        shutil.copy(other, path)
    elif how == "half":
        path.write_text(text[: len(text) // 2])
    elif how == "empty":
        path.write_text("")
    elif how == "nested":
        path.write_text("[" * 100_000)
    elif how == "another form":
        path.write_text('{"checksum": 1}')
    elif how == "not text":
        path.write_bytes(b"\xff\xfe\x00")
    else:
        path.unlink()
        path.mkdir()


HOW = ["a digit", "another item", "half", "empty", "nested", "another form", "not text"]


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_item_is_computed_anew_and_named(jobs, tmp_path, caplog, how):
    first = two(jobs, tmp_path)
    paths = by_name(tmp_path)
    spoil(paths["scale=1"], how, paths["scale=0"])
    again = two(jobs, tmp_path)
    assert values(again) == values(first)
    assert [outcome.restored for outcome in again] == [True, False]
    (line,) = caplog.messages
    assert str(paths["scale=1"]) in line
    assert "'scale=1'; it is computed anew" in line
    caplog.clear()
    assert all(outcome.restored for outcome in two(jobs, tmp_path))
    assert caplog.messages == []


def test_results_kept_by_name_are_checked_too(jobs, tmp_path, caplog):
    kept = Kept(folder=tmp_path, function=jobs.draw, arguments={"a": 1})
    kept.keep("one", {"mean": 0.123456})
    kept.keep("two", {"mean": 0.654321})
    paths = by_name(tmp_path)
    shutil.copy(paths["two"], paths["one"])
    assert kept.load("one") is None
    assert kept.load("two") == {"mean": 0.654321}
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"$": ["array", "O", [1], "AAAAAAAAAAA="]},
        {"$": ["array", "<f8", [1 << 62], ""]},
        {"$": ["array", "<f8", [-1, -1], "AAAAAAAAAAA="]},
        {"$": ["array", "<f8", [1], "not base64"]},
        {"$": []},
        {"$": ["fields", "subprocess:Popen", {"args": ["true"]}]},
        {"$": ["fields", "xbar_circuit.runs._forms:Path", {}]},
        {"$": ["fields", "xbar_circuit.runs._forms:encode", {"value": 1}]},
        {"$": ["fields", "xbar_circuit_evil:Thing", {}]},
        {"$": ["enum", "signal:Signals", "SIGINT"]},
    ],
)
def test_a_form_that_was_never_written_is_not_decoded(form):
    with pytest.raises((ValueError, LookupError, TypeError)):
        decode(form)


def test_a_module_that_the_study_imports_counts_too(tmp_path):
    """In a process of its own each time, as a user would run it."""
    (tmp_path / "my_counted.py").write_text(
        "import my_constant\ndef study(rng, x):\n    return {'y': x * my_constant.FACTOR}\n"
    )
    study = tmp_path / "study.toml"
    study.write_text('[study]\nfunction = "my_counted:study"\n[grid]\nx = [1.0]\n')
    code = "import sys; from xbar_circuit.cli import main; main(sys.argv[1:])"
    words = ["sweep", str(study), "--workers", "1", "--out", str(tmp_path / "out")]
    found = []
    for factor in (2.0, 3.0, 3.0):
        (tmp_path / "my_constant.py").write_text(f"FACTOR = {factor}\n")
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-c", code, *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lines = (tmp_path / "out/results.csv").read_text().splitlines()
        head, row = (line.split(",") for line in lines if not line.startswith("#"))
        found.append((float(row[head.index("y")]), "reused from an earlier" in done.stdout))
    assert found == [(2.0, False), (3.0, False), (3.0, True)]


HOLD = """
import sys
from pathlib import Path
from xbar_circuit._files import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_runs_do_not_share_a_folder(jobs, tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(xc.XbarError, match="another run is at work") as caught:
            two(jobs, tmp_path)
        assert str(tmp_path) in str(caught.value)
        other.kill()
    assert len(two(jobs, tmp_path)) == 2  # a run that was killed holds nothing
    with files.held(tmp_path):
        assert len(two(jobs, tmp_path)) == 2


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    seen = []
    real = os.fsync

    def fsync(handle):
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        seen.append((name.startswith(".partial-"), path.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    files.write_text(path, "x")
    assert seen == [(True, False), (False, True)]


@pytest.mark.parametrize("where", ["write", "fsync"])
def test_a_full_disk_leaves_the_old_file_and_has_its_exit_code(
    jobs, tmp_path, monkeypatch, capsys, where
):
    two(jobs, tmp_path / "out/items")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out/items").iterdir()}

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(xc.XbarError, match="No space left"):
        Store(folder=tmp_path / "out/items").keep(
            next(iter(before)).removesuffix(".json"), two_outcome(jobs), context={}
        )
    assert {p.name: p.read_bytes() for p in (tmp_path / "out/items").iterdir()} == before
    monkeypatch.undo()
    study = tmp_path / "s.toml"
    study.write_text('[study]\nfunction = "ir_drop"\n[parameters]\nrows = 2\n[grid]\ncols = [2]\n')
    monkeypatch.setattr("xbar_circuit.runs._store.write_text", full)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["sweep", str(study), "--workers", "1", "--out", str(tmp_path / "other")])
    assert leaving.value.code == 5
    assert "make room" in capsys.readouterr().err.replace("\n", " ")


def two_outcome(jobs):
    item = Item(name="scale=0", arguments={"scale": 0.0})
    return run_items(jobs.draw, [item], workers=1)[0]
