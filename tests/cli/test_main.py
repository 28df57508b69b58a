"""The command line's frame: exit codes and one clean message for each error."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from workloads import make_files

import xbar_circuit as xc
from xbar_circuit import cli
from xbar_circuit.report.progress import progress_bar


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        cli.main(words)
    return leaving.value.code or 0


def test_version(capsys):
    assert run("--version") == 0
    assert xc.__version__ in capsys.readouterr().out


def test_unknown_verb_is_refused(capsys):
    assert run("nonsense-verb") == 2
    assert "nonsense-verb" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (xc.ParameterError("row_ohm: got [bold]"), 2),
        (xc.ShapeError("volts"), 2),
        (xc.SimulatorNotFoundError("install it"), 3),
        (xc.SimulatorError("it crashed"), 3),
        (xc.ConvergenceError("no convergence"), 3),
        (xc.ModelFileError("no such file"), 4),
        (xc.XbarError("something else"), 1),
        (OSError(28, "No space left on device"), 5),
        (KeyboardInterrupt(), 130),  # typer's own work, pinned here
    ],
)
def test_errors_become_one_message_and_an_exit_code(monkeypatch, capsys, error, code):
    app = typer.Typer()

    @app.command()
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    assert run() == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert str(error) in said


@pytest.mark.parametrize("verb", ["agree", "demo", "device"])
def test_a_folder_that_cannot_be_written_is_told_before_any_work(tmp_path, capsys, verb):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    for out in (in_the_way, in_the_way / "below"):
        assert run(verb, "--out", str(out)) == 5
        said = capsys.readouterr()
        assert str(in_the_way) in said.err
        assert "--out" in said.err
        assert not said.out


def test_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "xbar_circuit", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"xbar_circuit {xc.__version__}")


def test_every_verb_has_its_help(capsys):
    verbs = cli._Verbs().list_commands(None)
    assert "doctor" in verbs
    assert run("--help") == 0
    listed = capsys.readouterr().out
    for verb in verbs:
        assert verb in listed
        assert run(verb, "--help") == 0
        assert f"xbar {verb}" in capsys.readouterr().out


def test_help_keeps_what_stands_in_square_brackets(capsys):
    found = 0
    for verb in cli._Verbs().list_commands(None):
        command = cli._Verbs().get_command(None, verb)
        texts = [command.help or "", *(getattr(p, "help", None) or "" for p in command.params)]
        marks = {mark for text in texts for mark in re.findall(r"\\(\[[^\]]*\])", text)}
        assert run(verb, "--help") == 0
        shown = re.sub(r"[\s\u2500-\u257f]+", "", capsys.readouterr().out)
        for mark in marks:
            assert mark.replace(" ", "") in shown, f"xbar {verb} --help lost {mark}"
        found += len(marks)
    assert found > 5


def test_a_misspelt_verb_is_corrected(capsys):
    assert run("irdrop") == 2
    assert "ir-drop" in capsys.readouterr().err


def test_a_verb_does_not_pay_for_the_others():
    code = (
        "import sys; from xbar_circuit.cli import main\n"
        "try: main(['--version'])\n"
        "finally: assert 'matplotlib' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_quiet_and_json(tmp_path, capsys):
    np.save(tmp_path / "G.npy", [[1e-5, 2e-5]])
    words = ("read", str(tmp_path / "G.npy"), "--out", str(tmp_path / "out"))
    assert run("--quiet", *words) == 0
    assert not capsys.readouterr().out
    assert run("--json", *words) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["rows"] == 1
    assert printed == (tmp_path / "out/summary.json").read_text("utf-8")
    assert run(*words) == 0
    assert "1 x 2" in capsys.readouterr().out


def test_json_of_a_verb_that_writes_none_is_refused_before_its_work(capsys):
    assert run("--json", "explore") == 2
    assert "leave --json out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["doctor", "sweep s.toml --workers 1", "export g.npy", "check net.npz", "cells"]
)
def test_json_is_all_that_is_printed(words, tmp_path, monkeypatch, capsys):
    """Also where the folder is none, the verb's own, or that of the default."""
    make_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run("--json", *words.split()) == 0
    told = json.loads(capsys.readouterr().out)
    written = [json.loads(path.read_text("utf-8")) for path in Path().rglob("summary.json")]
    assert written == ([] if words == "doctor" else [told])


def test_progress_is_on_standard_error(capsys):
    with progress_bar() as bar:
        bar.add("stage", 1, 2)
    said = capsys.readouterr()
    assert "stage" in said.err
    assert not said.out
