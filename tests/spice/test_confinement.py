"""The worker could not start a program, write a file or call out, even if a deck got it to try."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.spice import Op, Tran, run, simulate, simulator
from xbar_circuit.spice import _client as client
from xbar_circuit.spice._job import Command, Job, JobOutcome, unpacked

DECK = "t\nV1 a 0 1\nR1 a 0 1k\n"
LINUX = sys.platform == "linux"


def try_commands(commands, folder, *, confined):
    """Run a control block with the look at the text switched off."""
    setup = simulate._setup((), "", folder, confined=confined)
    job = Job(
        deck=f"{DECK}.control\n{commands}\n.endc\n.end\n",
        commands=(Command(text="op"),),
        wanted=None,
        folder=folder,
        seed=1,
        transient_op=False,
    )
    try:
        return client.WORKERS.run(setup, job, seconds=30.0, fresh=True)[0]
    except client.WorkerLostError:  # ngspice may crash where it never looks for an error
        return None


@pytest.mark.skipif(not LINUX, reason="only Linux can forbid it")
@pytest.mark.parametrize(
    "commands",
    [
        "shell touch {proof}",
        "! touch {proof}",
        "echo `touch {proof}`",
        "set s=( `touch {proof}` )",
        "op\nwrite {proof}",
        "op\nwrdata {proof} a",
        "op\nprint a > {proof}",
        "echo here > {proof}",
        "op\nset hcopydevtype=postscript\nhardcopy {proof} a",
        "op\ngnuplot {proof} a",
        "cd {folder}\necho here > proof",
    ],
)
def test_what_a_deck_tries_fails(tmp_path, commands):
    proof = tmp_path / "proof"
    try_commands(commands.format(proof=proof, folder=tmp_path), tmp_path, confined=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("commands", ["shell touch {proof}", "op\nwrite {proof}"])
def test_the_same_works_where_it_is_allowed(tmp_path, commands):
    """Otherwise the test above would prove nothing."""
    proof = tmp_path / "proof"
    try_commands(commands.format(proof=proof), tmp_path, confined=False)
    assert proof.exists()


PROBE = """
import ctypes, mmap, os, socket, subprocess, sys, threading
from pathlib import Path
from xbar_circuit.spice._confinement import confine
inside, outside = Path(sys.argv[1]), Path(sys.argv[2])
said = confine(inside)
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
def fails(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"
def library():
    ctypes.CDLL(sys.argv[3])
def moved():
    (inside / "own").write_text("x")
    (inside / "own").rename(outside / "own")
def executable():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
os.kill(os.getpid(), 0)
(inside / "file").write_text("x"); (inside / "file").unlink()
print(said, *map(fails, (
    os.fork, lambda: subprocess.run(["true"]), lambda: os.execv("/bin/true", ["true"]),
    lambda: os.posix_spawn("/bin/true", ["true"], {}), lambda: socket.socket(),
    lambda: os.kill(parent, 0), library, executable,
    lambda: (outside / "new").write_text("x"), lambda: (outside / "there").write_text("x"),
    lambda: (outside / "there").unlink(), lambda: (outside / "folder").mkdir(),
    lambda: (inside / "link").hardlink_to(outside / "there"), moved,
    lambda: os.truncate(outside / "there", 0), lambda: os.symlink("/", outside / "s"),
    lambda: Path("/proc/self/mem").open("r+b"))))
print((outside / "there").read_text())
"""


@pytest.mark.skipif(not LINUX, reason="only Linux can forbid it")
def test_each_thing_that_is_given_up(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "there").write_text("kept")
    library = xc.spice.locate().library
    done = subprocess.run(
        [sys.executable, "-c", PROBE, inside, outside, library],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    said, kept = done.stdout.splitlines()
    rights, words = said.split(")")
    assert "programs" in rights
    assert "network" in rights
    refused = words.split()
    assert refused[:8] == ["PermissionError"] * 6 + ["OSError", "PermissionError"]
    if "files" in rights:
        assert set(refused[8:]) <= {"PermissionError", "OSError"}
    assert kept == "kept"
    assert sorted(outside.iterdir()) == [outside / "there"]


def test_a_filter_of_the_other_machine_has_the_same_form():
    from xbar_circuit.spice import _confinement as confinement

    programs = [
        confinement._program(confinement._MACHINES[name][0], column=column, own=7)
        for column, name in enumerate(confinement._MACHINES)
    ]
    for program in programs:
        for place, (operation, true, false, _) in enumerate(program):
            if operation in {confinement._EQUAL, confinement._AT_LEAST, confinement._BITS}:
                assert place + 1 + max(true, false) < len(program)
        assert program[-1][0] == confinement._RETURN


@pytest.mark.skipif(not LINUX, reason="only Linux can forbid it")
def test_the_worker_says_what_it_gave_up():
    assert {"programs", "network"} <= set(simulator().confined)


def test_digital_parts_work_in_a_confined_worker():
    deck = (
        "t\nV1 a 0 0\nAad [a] [d] ad\nAinv d e inv\nAda [e] [o] da\nRo o 0 1k\n"
        ".model ad adc_bridge(in_low=0.4 in_high=0.6)\n.model inv d_inverter\n"
        ".model da dac_bridge(out_low=0 out_high=1)\n"
    )
    answer = run(deck, Tran(step_second=1e-9, stop_second=1e-8))
    assert answer["v(o)"][-1] == approx(1.0, rel=1e-9)


@pytest.mark.parametrize("variable", ["SPICE_SCRIPTS", "SPICE_LIB_DIR", "SPICE_PATH"])
def test_a_start_up_script_that_a_variable_names_is_not_run(tmp_path, monkeypatch, variable):
    (tmp_path / "scripts").mkdir()
    for folder in (tmp_path, tmp_path / "scripts"):
        (folder / "spinit").write_text(f"shell touch {tmp_path}/proof\n")
    monkeypatch.setenv(variable, str(tmp_path))
    client.WORKERS.close()
    assert run(DECK, Op())["a"] == approx([1.0], rel=1e-12)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize(
    "name", ["two words.osdi", "a;shell touch proof.osdi", "`touch proof`.osdi"]
)
def test_a_models_file_name_is_no_command(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    model = xc.verilog_a.compile_osdi(_ohm(tmp_path), tmp_path)
    renamed = model.rename(tmp_path / name)
    answer = run("t\nV1 a 0 1\nN1 a 0 m\n.model m ohm_guard r=500\n", Op(), osdi=[renamed])
    assert answer["i(v1)"] == approx([-2e-3], rel=1e-9)
    assert not (tmp_path / "proof").exists()


def _ohm(folder):
    source = folder / "ohm_guard.va"
    source.write_text(
        '`include "disciplines.vams"\nmodule ohm_guard(a, b);\ninout a, b;\nelectrical a, b;\n'
        "parameter real r = 1.0;\nanalog I(a, b) <+ V(a, b) / r;\nendmodule\n"
    )
    return source


def test_a_job_whose_worker_was_killed_is_tried_once_more(monkeypatch):
    run(DECK, Op())
    real = client.Worker.run
    killed = []

    def kill_first(self, job, seconds):
        if not killed:
            killed.append(self.pid)
            os.kill(self.pid, 9)
        return real(self, job, seconds)

    monkeypatch.setattr(client.Worker, "run", kill_first)
    assert run(DECK, Op())["a"] == approx([1.0], rel=1e-12)

    def kill_always(self, job, seconds):
        os.kill(self.pid, 9)
        return real(self, job, seconds)

    monkeypatch.setattr(client.Worker, "run", kill_always)
    with pytest.raises(xc.SimulatorError, match="SIGKILL"):
        run(DECK, Op())


def test_a_fork_does_not_wait_for_a_lock_that_nobody_frees():
    code = """
import os, threading, time
import xbar_circuit as xc
from xbar_circuit.spice import _client as client
held = threading.Event()
def hold():
    with client.WORKERS._lock:
        held.set()
        time.sleep(60)
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    volt = xc.spice.run("t\\nV1 a 0 1\\nR1 a 0 1\\n", xc.spice.Op())["a"][0]
    client.WORKERS.close()
    os._exit(0 if volt == 1.0 else 1)
assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_failed_decks_do_not_pile_up(tmp_path):
    code = f"""
import tempfile
tempfile.tempdir = {str(tmp_path)!r}
import xbar_circuit as xc
for k in range(12):
    try:
        xc.spice.run(f"t\\nV1 a 0 1\\nX1 a nosub{{k}}\\n", xc.spice.Op())
    except xc.SimulatorError as error:
        last = error.deck
assert len(list(last.parent.parent.iterdir())) == 8
print(last)
"""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120
        )
        assert done.stderr == ""
        last = Path(done.stdout.strip())
        assert "nosub11" in last.read_text()
    decks = sorted(tmp_path.rglob("deck.cir"))
    assert len(decks) == 2
    assert len(list(tmp_path.iterdir())) == 2


class Attack:
    """What a worker in which a deck got hold of the process might send."""

    def __init__(self, call, *words):
        self._made = (call, words)

    def __reduce__(self):
        return self._made


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("call", [os.system, eval, client.Worker, getattr, Path])
def test_what_a_worker_sends_is_not_executed(nested, call):
    attack = Attack(call, "raise SystemExit")
    answer = JobOutcome(plots=(attack,), seconds=0.0, resident_bytes=0) if nested else attack
    with pytest.raises(pickle.UnpicklingError, match="where an answer was expected"):
        unpacked(pickle.dumps(answer))


def test_a_false_answer_ends_the_worker_and_is_named(monkeypatch):
    client.WORKERS.close()
    run(DECK, Op())
    (worker,) = client.WORKERS._warm.values()
    monkeypatch.setattr(worker._line, "recv_bytes", lambda: pickle.dumps(Attack(os.getcwd)))
    with pytest.raises(xc.SimulatorError, match=r"getcwd where an answer was expected"):
        run(DECK, Op())
    monkeypatch.undo()
    assert worker.worn
    assert run(DECK, Op())["i(v1)"] == approx([-1e-3], rel=1e-12)
