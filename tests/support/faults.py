"""Every verb that resumes: killed, interrupted, out of room, its results damaged; then resumed.

``python tests/support/faults.py`` (or ``make faults``) runs each in a process of its own, stops it
by SIGKILL, SIGINT, SIGTERM and a disk that fills up, each time as soon as one more piece of work is
kept, spoils the newest of the kept pieces, lets it end, spoils them all, and lets it end again. It
exits with 1 if a number differs from those of an undisturbed run, nothing was kept, a piece that
was kept is gone, a damaged one that is read is not named or not written anew, a file is half
written, or a process is left.
``--only VERB`` takes one verb. ``language`` and ``mnist`` take minutes each and are left out unless
named.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from workloads import (
    WORKLOADS,
    commands,
    half_written,
    kept,
    make_files,
    numbers,
    with_another_digit,
)

from xbar_circuit.runs._store import DAMAGE, read_record

SLOW = ("language", "mnist")
FULL = """
import errno, sys
from pathlib import Path
from xbar_circuit import _files as files
from xbar_circuit.cli import main
sys.path.insert(0, sys.argv[1])
from workloads import kept
out, real = Path(sys.argv[2]), files._flush
before = len(kept(out))
def flush(path):
    if path.is_file() and (len(kept(out)) > before or "-index-" in path.name):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))
    real(path)
files._flush = flush
main(sys.argv[3:])
"""
PLAIN = "import sys; from xbar_circuit.cli import main; main(sys.argv[1:])"
#: What stops a run, and the exit code that is documented for it.
STOPS = {"SIGKILL": -signal.SIGKILL, "SIGINT": 130, "SIGTERM": 143, "full disk": 5}


def start(words: list[str], code: str, *more: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *more, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stopped(words: list[str], out: Path, how: str) -> tuple[int, str]:
    """Run a command and stop it once it has kept one more piece; its exit code and complaint."""
    if how == "full disk":
        run = start(words, FULL, str(Path(__file__).parent), str(out))
        complaint = run.communicate()[1]
        return run.returncode, complaint
    before, run = len(kept(out)), start(words, PLAIN)
    while run.poll() is None and len(kept(out)) <= before:
        time.sleep(0.02)
    if run.poll() is None:
        os.kill(run.pid, getattr(signal, how))
    complaint = run.communicate()[1]
    return run.returncode, complaint


def left_alive(session: int) -> bool:
    """Whether a process of a session lives on after some seconds."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def spoil(path: Path) -> None:
    """Change a digit of what a piece says."""
    path.write_text(with_another_digit(path.read_text(encoding="utf-8")), encoding="utf-8")


def stop(command: list[str], out: Path, how: str) -> list[str]:
    """Stop a run, and return what is wrong with what it leaves."""
    wrong, known = [], kept(out)
    code, complaint = stopped([*command, str(out)], out, how)
    if code not in (STOPS[how], 0):
        wrong.append(f"exit code {code}: {complaint[-300:]}")
    if code in (130, 143) and "the same command goes on there" not in complaint:
        wrong.append(f"no word about how to go on: {complaint[-300:]}")
    if how != "SIGKILL" and half_written(out):
        wrong.append(f"half written {half_written(out)}")
    if not kept(out) >= known:
        wrong.append(f"lost {known - kept(out)}")
    return wrong


def trial(words: str, folder: Path) -> list[str]:
    """Return what went wrong with one verb."""
    command = [*words.split(), *WORKLOADS[words], "--out"]
    whole, out = folder / "whole", folder / "out"
    first = start([*command, str(whole)], PLAIN)
    complaint = first.communicate()[1]
    if first.returncode:
        return [f"undisturbed: exit code {first.returncode}: {complaint[-300:]}"]
    wrong = [f"{how}: {fault}" for how in STOPS for fault in stop(command, out, how)]
    if not kept(out):
        wrong.append("nothing was kept")
    newest = sorted(kept(out), key=lambda path: path.stat().st_mtime_ns)[-1:]
    wrong += resume(command, out, whole, newest)
    return wrong + resume(command, out, whole, sorted(kept(out)))


def resume(command: list[str], out: Path, whole: Path, spoilt: list[Path]) -> list[str]:
    """Damage pieces, let the command end, and return what is wrong beside the undisturbed run."""
    wrong: list[str] = []
    for path in spoilt:
        spoil(path)
    run = start([*command, str(out)], PLAIN)
    complaint = run.communicate()[1]
    said = complaint.replace("\n", "")
    if run.returncode:
        wrong.append(f"exit code {run.returncode}: {complaint[-300:]}")
    elif numbers(out) != numbers(whole):
        wrong.append("other numbers")
    unnamed = [path.name for path in spoilt if path.name not in said]
    if unnamed:
        wrong.append(f"damaged, not named: {', '.join(unnamed)}; said: {complaint[-300:]}")
    stale = [path.name for path in spoilt if not whole_record(path)]
    if stale:
        wrong.append(f"damaged, not written anew: {', '.join(stale)}")
    if len(kept(out)) != len(kept(whole)):
        wrong.append(f"{len(kept(out))} pieces, {len(kept(whole))} undisturbed")
    if half_written(out):
        wrong.append(f"half written {half_written(out)}")
    if left_alive(run.pid):
        wrong.append("a process is left")
    return [f"resumed with {len(spoilt)} damaged: {fault}" for fault in wrong]


def whole_record(path: Path) -> bool:
    """Whether a kept piece is there and its checksum fits."""
    try:
        read_record(path)
    except DAMAGE:
        return False
    return True


def main() -> int:
    """Print a line for each verb."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(WORKLOADS))
    asked = parser.parse_args().only
    verbs = [words for words, one in commands() if getattr(one.callback, "resumes", False)]
    failed = 0
    for words in asked or [one for one in verbs if one not in SLOW]:
        with tempfile.TemporaryDirectory() as place:
            make_files(Path(place))
            os.chdir(place)
            begun = time.monotonic()
            wrong = trial(words, Path(place))
            failed += bool(wrong)
            spent = time.monotonic() - begun
            print(f"{words:30} {'ok' if not wrong else 'WRONG'} {spent:.0f} s", flush=True)
            print(*wrong, sep="\n", end="\n" if wrong else "")
            os.chdir("/")
    print({"verbs": len(asked or verbs), "wrong": failed})
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
