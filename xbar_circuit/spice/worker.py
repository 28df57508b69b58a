"""The worker process: holds libngspice, so that no one else has to.

It is started by :mod:`xbar_circuit.spice.client`, gets jobs through a socket and answers them one
by one. Its stdout and stderr are a file that the parent reads when the worker can no longer speak.
It ends with its parent, however the parent ended.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from xbar_circuit.spice.job import Failure, Job, Setup

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
    threading.Thread(target=_watch, args=(parent, scratch), daemon=True).start()
    line = Connection(descriptor)
    try:
        setup: Setup = line.recv()
        _serve(line, setup, scratch)
    except EOFError:
        _end(scratch)
    except BaseException:  # noqa: BLE001  the parent reads what is printed
        traceback.print_exc()
        _end(scratch, status=1)


def _serve(line: Connection, setup: Setup, scratch: str) -> None:
    from xbar_circuit.spice.engine import Engine, EngineError  # noqa: PLC0415  loads PySpice

    def leave(failure: Failure) -> None:
        """Report and end: libngspice is not to be trusted after it asked to leave."""
        sys.stdout.flush()
        line.send(failure)
        _end(scratch)

    try:
        engine = Engine(setup, on_exit=leave)
    except EngineError as error:
        leave(error.failure)
        return
    line.send(engine.ready)
    while True:
        job: Job = line.recv()
        os.chdir(job.folder)
        try:
            answer: object = engine.run(job)
        except EngineError as error:
            answer = error.failure
        os.chdir(scratch)
        sys.stdout.flush()
        line.send(answer)


def _watch(parent: int, scratch: str) -> None:
    """End the process when the parent is gone, also in the middle of a simulation."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    _end(scratch)


def _end(scratch: str, status: int = 0) -> None:
    """Leave at once: libngspice's own way out is not to be trusted."""
    shutil.rmtree(Path(scratch), ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
