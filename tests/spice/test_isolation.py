"""Whatever happens inside the simulator, who asked survives, and no process stays behind."""

import math
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.spice import Op, Tran, run
from xbar_circuit.spice import _client as client
from xbar_circuit.spice import _saved_decks as saved_decks

DECK = "t\nV1 a 0 1\nR1 a 0 1k\n"
HANG = DECK + ".control\nlet k = 0\nwhile k < 1\nlet k = 0\nend\n.endc\n"


def in_control(commands):
    return f"{DECK}.control\n{commands}\n.endc\n"


def still_works():
    assert run(DECK, Op())["i(V1)"] == approx([-1e-3])


def python(*words):
    return subprocess.run(
        [sys.executable, *words], check=False, capture_output=True, text=True, timeout=60
    )


def worker_pid():
    run(DECK, Op())
    (worker,) = client.WORKERS._warm.values()
    return worker.pid


@pytest.fixture
def alone():
    """Start without a warm worker."""
    client.WORKERS.close()


def test_a_shunt_of_one_deck_is_not_in_the_next():
    """ngspice keeps `cshunt` as a variable of its own: the next deck's RC was 2 ns for 1 ns."""
    deck = "t\nV1 a 0 PULSE(0 1 0 1f 1f 1 2)\nR1 a b 1k\nC1 b 0 1p\n"
    step = Tran(step_second=1e-11, stop_second=1e-9)
    first = run(deck, step)["v(b)"][-1]
    assert first == approx(1.0 - math.exp(-1.0), rel=1e-3)
    shunted = run(deck + ".options cshunt=1e-12\n", step)["v(b)"][-1]
    assert shunted == approx(1.0 - math.exp(-0.5), rel=1e-3)
    assert run(deck, step)["v(b)"][-1] == first


@pytest.mark.parametrize("word", ["quit", "quit 3", "exit"])
def test_leaving_is_a_simulator_error(word):
    with pytest.raises(xc.SimulatorError, match="ngspice left") as caught:
        run(in_control(word), Op(), allow_control=True)
    error = caught.value
    assert error.version.startswith("ngspice-")
    assert "ngspice-" in error.said
    assert f".control\n{word}" in error.deck.read_text()
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    still_works()


def test_a_crash_is_a_simulator_error(tmp_path, monkeypatch, alone):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # the words arrive without it too
    script = tmp_path / "crash.sh"
    script.write_text("kill -SEGV $PPID; sleep 60\n")
    with pytest.raises(xc.SimulatorError, match=r"a crash \(SIGSEGV\)") as caught:
        run(in_control(f"echo last words\nshell exec sh {script}"), Op(), allow_control=True)
    assert "last words" in caught.value.said
    assert caught.value.deck.is_file()
    still_works()


def test_a_hang_ends_at_the_time_limit(monkeypatch, alone):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    began = time.monotonic()
    words = "echo last words\nlet k = 0"
    with pytest.raises(xc.SimulatorError, match=r"(?s)time limit of 1 s.*last words"):
        run(HANG.replace("let k = 0", words, 1), Op(), allow_control=True, time_limit_second=1.0)
    assert time.monotonic() - began < 30.0
    still_works()


def test_what_a_deck_starts_ends_with_it(tmp_path):
    pid_file = tmp_path / "pid"
    script = tmp_path / "linger.sh"
    script.write_text(f"echo $$ > {pid_file}; exec sleep 300\n")
    with pytest.raises(xc.SimulatorError, match="time limit"):
        run(in_control(f"shell sh {script}"), Op(), allow_control=True, time_limit_second=2.0)
    assert_gone(int(pid_file.read_text()))


def test_a_warm_worker_is_kept(alone):
    assert worker_pid() == worker_pid()
    with pytest.raises(xc.ConvergenceError):
        run("t\nV1 a 0 1\nV2 a 0 2\n", Op())
    still_works()


def test_a_worker_that_was_killed_between_jobs_is_replaced(alone):
    os.kill(worker_pid(), signal.SIGKILL)
    time.sleep(0.1)
    still_works()


def test_a_worn_worker_is_replaced(monkeypatch, alone):
    first = worker_pid()
    monkeypatch.setattr(client, "_MOST_JOBS", 2)
    assert worker_pid() == first
    assert worker_pid() != first


def test_memory_does_not_grow_with_the_number_of_runs(alone):
    process = psutil.Process(worker_pid())
    deck = DECK + "".join(f"R{k}x a n{k} 1\nR{k}y n{k} 0 1\n" for k in range(200))

    def resident_after(runs):
        for _ in range(runs):
            run(deck, Op())
        return process.memory_info().rss

    settled = resident_after(100)
    assert resident_after(300) - settled < 300 * 20_000  # bytes; a deck of 400 lines leaves little
    assert process.pid == worker_pid()


def test_threads_take_turns():
    with ThreadPoolExecutor(4) as pool:
        decks = [f"t\nV1 a 0 {k}\nR1 a 0 1\n" for k in range(8)]
        answers = list(pool.map(lambda deck: run(deck, Op())["a"][0], decks))
    assert answers == list(range(8))


def test_a_fork_starts_its_own_worker():
    code = """
import os, sys
import xbar_circuit as xc
deck = "t\\nV1 a 0 1\\nR1 a 0 1\\n"
xc.spice.run(deck, xc.spice.Op())
child = os.fork()
volt = xc.spice.run(deck, xc.spice.Op())["a"][0]
if child == 0:
    xc.spice._client.WORKERS.close()
    os._exit(0 if volt == 1.0 else 1)
assert os.waitpid(child, 0)[1] == 0
assert xc.spice.run(deck, xc.spice.Op())["a"][0] == 1.0
"""
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def busy_interpreter():
    """Start a Python that hangs in ngspice; return it and its worker's process id."""
    code = f"""
import xbar_circuit as xc
from xbar_circuit.spice import _client as client
xc.spice.run({DECK!r}, xc.spice.Op())
(worker,) = client.WORKERS._warm.values()
print(worker.pid, flush=True)
run_it = client.WORKERS.run
def run(setup, job, *, seconds, fresh):
    return run_it(setup, job, seconds=seconds, fresh=False)  # hang in the worker that was named
client.WORKERS.run = run
print("hanging", flush=True)
xc.spice.run({HANG!r}, xc.spice.Op(), allow_control=True, time_limit_second=None)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    worker = int(process.stdout.readline())
    assert process.stdout.readline() == "hanging\n"
    time.sleep(0.5)
    assert psutil.pid_exists(worker)
    return process, worker


def assert_gone(pid):
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_no_orphan_stays(sign):
    process, worker = busy_interpreter()
    scratch = Path(psutil.Process(worker).environ()["HOME"])
    with process:
        process.send_signal(sign)
        said = process.communicate(timeout=60)[1]
    assert_gone(worker)
    assert not scratch.exists()
    if sign == signal.SIGINT:
        assert re.search(r"KeyboardInterrupt\s*$", said)
    assert process.returncode == (-signal.SIGINT if sign == signal.SIGINT else -sign)


def test_the_end_of_the_interpreter_ends_the_worker_quietly():
    code = f"""
import xbar_circuit as xc
from xbar_circuit.spice import _client as client
xc.spice.run({DECK!r}, xc.spice.Op())
print(*(worker.pid for worker in client.WORKERS._warm.values()))
"""
    done = python("-W", "error", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert_gone(int(done.stdout))


def test_without_a_temporary_folder_the_simulators_words_are_kept(tmp_path, monkeypatch, alone):
    run(DECK, Op())
    monkeypatch.setattr(saved_decks.SAVED_DECKS, "_folder", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(
        xc.SimulatorError, match=r"(?s)could not be saved.*unknown subckt"
    ) as caught:
        run(f"{DECK}X1 a nosub\n", Op())
    assert caught.value.deck is None
    client.WORKERS.close()
    with pytest.raises(xc.SimulatorError, match="set TMPDIR"):
        run(DECK, Op())


def test_a_users_start_up_file_changes_nothing(tmp_path, monkeypatch, alone):
    (tmp_path / ".spiceinit").write_text("echo the user was here\nset ngbehavior=all\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    answer = run(DECK, Op())
    assert "No compatibility mode" in answer.said
    client.WORKERS.close()


def test_the_folder_of_the_caller_is_left_alone(tmp_path, monkeypatch, alone):
    monkeypatch.chdir(tmp_path)
    run(DECK, Op())
    assert list(tmp_path.iterdir()) == []
    assert Path.cwd() == tmp_path
