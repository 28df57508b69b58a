"""The worker process: holds libngspice, so that no one else has to.

It is started by :mod:`xbar_circuit.spice._client`, gets jobs through a socket and answers them one
by one. Its stdout and stderr are a file that the parent reads when the worker can no longer speak.
It ends with its parent, however the parent ended. Once ngspice and its models are loaded it gives
up what a simulation does not need (:mod:`xbar_circuit.spice._confinement`).
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import traceback
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from xbar_circuit.spice._job import Job, JobFailure, Setup

__all__ = ["main"]

_WATCH_SECONDS = 0.5


def main(descriptor: int, parent: int, scratch: str) -> None:
    """Serve jobs until the parent closes the line.

    Parameters
    ----------
    descriptor
        The worker's end of the socket.
    parent
        Process id of the parent.
    scratch
        A folder for this worker alone; it is removed when the worker ends.
    """
    os.set_inheritable(descriptor, False)  # noqa: FBT003  a shell that a deck starts must not keep it open
    loading = _Watch(parent, scratch)
    line = Connection(descriptor)
    try:
        setup: Setup = line.recv()
        _serve(line, setup, scratch, parent, loading)
    except EOFError:
        _end(scratch)
    except BaseException:  # noqa: BLE001  the parent reads what is printed
        traceback.print_exc()
        _end(scratch, status=1)


def _serve(line: Connection, setup: Setup, scratch: str, parent: int, loading: _Watch) -> None:
    from xbar_circuit.spice._confinement import confine  # noqa: PLC0415
    from xbar_circuit.spice._engine import Engine, EngineError  # noqa: PLC0415  loads PySpice

    def leave(failure: JobFailure) -> None:
        """Report and end: libngspice is not to be trusted after it asked to leave."""
        sys.stdout.flush()
        message = failure.message
        for number, (path, _) in enumerate(setup.osdi):
            message = message.replace(f"./model-{number}.osdi", str(path))
        line.send(replace(failure, message=message))
        _end(scratch)

    try:
        engine = Engine(_placed(setup, Path(scratch)), on_exit=leave)
    except EngineError as error:
        leave(error.failure)
        return
    loading.stop()  # a thread that runs would keep its rights
    confined = confine(scratch) if setup.confined else ()
    _Watch(parent, scratch)
    line.send(replace(engine.ready, confined=confined))
    while True:
        job = _written(line.recv(), Path(scratch))
        os.chdir(job.folder)
        try:
            answer: object = engine.run(job)
        except EngineError as error:
            answer = error.failure
        os.chdir(scratch)
        sys.stdout.flush()
        line.send(answer)


def _placed(setup: Setup, scratch: Path) -> Setup:
    """Give the compiled models plain names: ngspice's command line knows no quotes."""
    models = []
    for number, (path, changed) in enumerate(setup.osdi):
        (scratch / f"model-{number}.osdi").symlink_to(path)
        models.append((Path(f"./model-{number}.osdi"), changed))
    return replace(setup, osdi=tuple(models))


def _written(job: Job, scratch: Path) -> Job:
    """Write what the deck includes and name it there."""
    deck = job.deck
    for name, text in job.pieces:
        (scratch / name).write_text(text, encoding="utf-8", newline="\n")
        deck = deck.replace(f'.include "{name}"\n', f'.include "{scratch / name}"\n')
    return replace(job, deck=deck)


class _Watch:
    """End the process when the parent is gone, also in the middle of a simulation."""

    def __init__(self, parent: int, scratch: str) -> None:
        self._parent, self._scratch = parent, scratch
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(_WATCH_SECONDS):
            if os.getppid() != self._parent:
                _end(self._scratch)


def _end(scratch: str, status: int = 0) -> None:
    """Leave at once: libngspice's own way out is not to be trusted."""
    shutil.rmtree(Path(scratch), ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
