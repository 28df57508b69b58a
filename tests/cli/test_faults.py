"""What becomes of every verb when it is stopped, its folder cannot be written, or is in use.

`make faults` does the same to all verbs, by signals from outside, and kills them too.
"""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest
from workloads import (
    WORKLOADS,
    commands,
    half_written,
    kept,
    make_files,
    numbers,
    with_another_digit,
)

from xbar_circuit import _files as files
from xbar_circuit.cli import main

COMMANDS = dict(commands())
WRITING = [words for words, one in COMMANDS.items() if any(p.name == "out" for p in one.params)]
#: One for each way to keep results: decks with their answers, items, named pieces.
QUICK = ("calibrate", "characterize converter", "infer")

HOLD = """
import sys
from pathlib import Path
from xbar_circuit._files import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def run(words, out):
    """Return the exit code of a command with its least work."""
    with pytest.raises(SystemExit) as left:
        main([*words.split(), *WORKLOADS[words], "--out", str(out)])
    return left.value.code


@pytest.fixture
def here(tmp_path, monkeypatch):
    make_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_verb_says_whether_its_command_goes_on():
    assert set(WORKLOADS) == set(COMMANDS)
    said = {words: getattr(one.callback, "resumes", None) for words, one in COMMANDS.items()}
    assert [words for words, goes_on in said.items() if goes_on is None] == []
    assert {words for words, goes_on in said.items() if not goes_on} == {
        *(
            "bench",
            "cells",
            "check",
            "cost",
            "demo",
            "doctor",
            "explore",
            "export",
            "import-settings",
            "mapping",
            "read",
            "write",
        ),
    }
    assert set(COMMANDS) - set(WRITING) == {"explore"}
    assert {words for words in QUICK if not said[words]} == set()


@pytest.mark.parametrize("words", WRITING)
def test_a_folder_that_cannot_be_written_is_told_before_the_work(here, capsys, words):
    for place in ("/proc/self/fdinfo", str(here / "a.toml")):
        assert run(words, place) == 5
        said = capsys.readouterr().err
        assert place in said
        assert "give another folder with --out" in said


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A folder in which another process is at work."""
    folder = tmp_path_factory.mktemp("busy")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with other:
        assert other.stdout.readline() == "held\n"
        yield folder
        other.kill()


@pytest.mark.parametrize("words", WRITING)
def test_a_folder_in_which_another_run_is_at_work_is_refused_by_name(here, capsys, busy, words):
    assert run(words, busy) == 5
    assert f"{busy}: got a folder in which another run is at work" in capsys.readouterr().err
    assert list(busy.iterdir()) == []


class Fault:
    """Something that happens once, at the first file after another piece of work was kept.

    Where none is left to keep, at the page.
    """

    def __init__(self, monkeypatch, out, what):
        self.out, self.before, self.real = out, len(kept(out)), files._flush
        self.what = what
        monkeypatch.setattr(files, "_flush", self.flush)

    def flush(self, path):
        due = len(kept(self.out)) > self.before or "-index-" in path.name
        if self.what is not None and path.is_file() and due:
            what, self.what = self.what, None
            what()
        self.real(path)


def full():
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("words", QUICK)
def test_what_is_stopped_goes_on_with_the_same_numbers(here, capfd, monkeypatch, caplog, words):
    assert run(words, here / "whole") == 0
    truth = numbers(here / "whole")
    out = here / "out"
    known = set()
    for what, code, message in (
        (lambda: os.kill(os.getpid(), signal.SIGINT), 130, f"kept in {out}: the same command"),
        (full, 5, "No space left on device"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), 143, f"kept in {out}: the same command"),
    ):
        capfd.readouterr()
        with monkeypatch.context() as patched:
            Fault(patched, out, what)
            assert run(words, out) == code
        assert message in capfd.readouterr().err
        assert half_written(out) == []
        assert kept(out) >= known  # nothing is lost, and each file is whole
        known = kept(out)
    assert known
    spoilt = sorted(known)[0]
    spoilt.write_text(with_another_digit(spoilt.read_text(encoding="utf-8")), encoding="utf-8")
    (out / ".partial-99999999-summary-x.json").write_text("{")  # of a process that was killed
    assert run(words, out) == 0
    assert spoilt.name in " ".join([*caplog.messages, capfd.readouterr().err])
    assert numbers(out) == truth
    assert half_written(out) == []
    assert len(kept(out)) == len(kept(here / "whole"))
    before = {path: path.read_bytes() for path in kept(out)}
    assert run(words, out) == 0
    assert {path: path.read_bytes() for path in kept(out)} == before  # nothing is counted twice
    assert json.dumps(numbers(out)) == json.dumps(truth)
