"""The parent's side of the worker: start, ask, wait, kill.

A worker is kept warm between jobs, because starting one costs about a second. It is thrown away
when it fails, when it has run many jobs or grown, and at the end of the interpreter; nothing it
knew can reach the next job's result.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from xbar_circuit.errors import ModelFileError, SimulatorError, SimulatorNotFoundError
from xbar_circuit.spice._job import Job, JobFailure, JobOutcome, Ready, Setup, unpacked
from xbar_circuit.spice.locating import INSTALL_HINT

__all__ = ["WORKERS", "Worker", "Workers"]

_START_SECONDS = 60.0
_MOST_JOBS = 2000
_MOST_GROWTH_BYTES = 1 << 30
_MOST_SAID_BYTES = 1 << 26
_TAIL_BYTES = 1 << 20
_KILLS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_PACKAGE = Path(__file__).resolve().parents[1]
# The worker needs three small modules. Empty parents keep it from importing the whole package
# first, which would take it twice as long to start.
_BOOTSTRAP = """
import sys, types
sys.path[:] = {path!r}
for name, folder in {parents!r}:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
from xbar_circuit.spice._worker import main
main({descriptor}, {parent}, {scratch!r})
"""


class WorkerLostError(Exception):
    """The worker ended without an answer, or was ended because it took too long.

    killed : whether it was ended from outside.
    """

    def __init__(self, message: str, *, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed


class Worker:
    """One process with one libngspice.

    Parameters
    ----------
    setup
        Library, models, dialect.

    Raises
    ------
    SimulatorNotFoundError
        The library does not load.
    ModelFileError
        A compiled Verilog-A model does not load.
    SimulatorError
        The process does not come up, or there is no temporary folder for it.
    """

    def __init__(self, setup: Setup) -> None:
        try:
            self._scratch = tempfile.mkdtemp(prefix="xbar-ngspice-")
            self._log = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the worker lives
        except OSError as error:
            raise SimulatorError(
                f"ngspice worker: got {error}, expected a temporary folder to work in; make room,"
                " or set TMPDIR to another"
            ) from error
        self._log_start = 0
        self._last_words = ""
        self._jobs = 0
        self._grown = False
        ours, theirs = socket.socketpair()
        environment = {
            # a start-up script, a search path or an editor that a variable names is not for decks
            **{k: v for k, v in os.environ.items() if not k.startswith(("SPICE", "NGSPICE"))},
            "HOME": self._scratch,  # a .spiceinit of the user must not change a result
            "PYTHONIOENCODING": "utf-8:replace",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
            "OPENBLAS_NUM_THREADS": "1",  # no thread may run when the process confines itself
        }
        if setup.scripts is not None:
            environment["SPICE_SCRIPTS"] = str(setup.scripts)
            # an unpacked prefix brings the libraries that the machine may lack
            known = os.environ.get("LD_LIBRARY_PATH")
            environment["LD_LIBRARY_PATH"] = os.pathsep.join(
                [str(setup.library.parent), *([known] if known else [])]
            )
        code = _BOOTSTRAP.format(
            path=[str(Path(entry).resolve()) for entry in sys.path],
            parents=[
                ("xbar_circuit", str(_PACKAGE)),
                ("xbar_circuit.spice", str(_PACKAGE / "spice")),
            ],
            descriptor=theirs.fileno(),
            parent=os.getpid(),
            scratch=self._scratch,
        )
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                # -u: what was said last outlives a crash; -P: no modules from the current folder
                [sys.executable, "-u", "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches the parent, and the parent ends the worker
                cwd=self._scratch,
                env=environment,
            )
        self._line = Connection(ours.detach())
        try:
            ready = self._ask(setup, _START_SECONDS)
        except WorkerLostError as error:
            raise SimulatorError(
                f"ngspice worker: got {error}, expected it to load {setup.library};"
                f" {self.said().strip()[-2000:]}",
                said=self.said(),
            ) from error
        if isinstance(ready, JobFailure):
            self.close()
            if ready.kind == "load":
                raise SimulatorNotFoundError(
                    f"libngspice: got {ready.message}, expected a library that loads;"
                    f" {INSTALL_HINT}"
                )
            raise ModelFileError(
                f"osdi: got {ready.message}, expected a Verilog-A model compiled for this"
                " ngspice; compile the .va with openvaf-r"
            )
        self.ready: Ready = ready

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def run(self, job: Job, seconds: float | None) -> JobOutcome | JobFailure:
        """Run a job.

        Raises
        ------
        WorkerLostError
            It crashed, or took longer than `seconds`; the worker is gone.
        """
        self._log_start = os.fstat(self._log.fileno()).st_size
        self._jobs += 1
        answer: JobOutcome | JobFailure = self._ask(job, seconds)
        if isinstance(answer, JobFailure) and answer.final:
            self.close()
        if isinstance(answer, JobOutcome):
            growth = answer.resident_bytes - self.ready.resident_bytes
            self._grown = growth > _MOST_GROWTH_BYTES
        return answer

    @property
    def worn(self) -> bool:
        """Whether the next job should have a new one."""
        return (
            self._process.poll() is not None
            or self._jobs >= _MOST_JOBS
            or self._grown
            or self._log.closed
            or os.fstat(self._log.fileno()).st_size > _MOST_SAID_BYTES
        )

    def said(self) -> str:
        """Return what ngspice printed since the last job began, its last megabyte."""
        if self._log.closed:
            return self._last_words
        end = os.fstat(self._log.fileno()).st_size
        start = max(self._log_start, end - _TAIL_BYTES)
        return os.pread(self._log.fileno(), end - start, start).decode("utf-8", errors="replace")

    def close(self) -> None:
        """End the process and whatever it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._line.close()
        if not self._log.closed:
            self._last_words = self.said()
            self._log.close()
        with contextlib.suppress(OSError):
            for path in sorted(Path(self._scratch).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            Path(self._scratch).rmdir()

    def _ask(self, question: object, seconds: float | None) -> Any:
        try:
            self._line.send(question)
            if not wait([self._line], seconds):
                self.close()
                raise WorkerLostError(f"no answer within the time limit of {seconds:g} s")
            return unpacked(self._line.recv_bytes())
        except (EOFError, ConnectionError, BrokenPipeError) as error:
            self._process.wait()
            self.close()
            code = self._process.returncode
            raise WorkerLostError(_ending(code), killed=-code in _KILLS) from error
        except pickle.UnpicklingError as error:
            self.close()
            raise WorkerLostError(f"an answer that is none: {error}") from error
        except BaseException:
            self.close()  # Ctrl-C, or an error in the middle of a message
            raise


def _ending(code: int) -> str:
    """Say how a process ended.

    >>> _ending(-11), _ending(3)
    ('a crash (SIGSEGV)', 'an end with exit status 3')
    """
    if code < 0:
        return f"a crash ({signal.Signals(-code).name})"
    return f"an end with exit status {code}"


class Workers:
    """The warm workers of this process: one for each set-up, two at the most.

    Thread-safe: jobs wait for each other. After a fork the child starts its own, with a lock of
    its own: the one that it inherits may be held by a thread that exists no more.
    """

    _MOST = 2

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._warm: dict[Setup, Worker] = {}
        self._foreign: list[Worker] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def run(
        self, setup: Setup, job: Job, *, seconds: float | None, fresh: bool
    ) -> tuple[JobOutcome | JobFailure, Worker]:
        """Run a job in a worker of that set-up; `fresh` gives it one that was not used before.

        A job whose worker was killed from outside is tried once more, in a new one.

        Raises
        ------
        WorkerLostError, SimulatorNotFoundError, SimulatorError
            See :class:`Worker`.
        """
        with self._lock:
            try:
                return self._run(setup, job, seconds=seconds, fresh=fresh)
            except WorkerLostError as error:
                if not error.killed:
                    raise
            # not by this deck, as far as one can tell: once more
            return self._run(setup, job, seconds=seconds, fresh=True)

    def _run(
        self, setup: Setup, job: Job, *, seconds: float | None, fresh: bool
    ) -> tuple[JobOutcome | JobFailure, Worker]:
        worker = self.worker(setup, fresh=fresh)
        try:
            return worker.run(job, seconds), worker
        except WorkerLostError as error:
            error.add_note(worker.said())
            raise
        finally:
            if fresh:
                self._warm.pop(setup, None)
                worker.close()

    def worker(self, setup: Setup, *, fresh: bool = False) -> Worker:
        """Return a warm worker of a set-up, started if need be."""
        with self._lock:
            if setup in self._warm and (fresh or self._warm[setup].worn):
                self._warm.pop(setup).close()
            if setup not in self._warm:
                while len(self._warm) >= self._MOST:
                    self._warm.pop(next(iter(self._warm))).close()
                self._warm[setup] = Worker(setup)
            return self._warm[setup]

    def close(self) -> None:
        """End all workers; the next job starts a new one."""
        with self._lock:
            for worker in self._warm.values():
                worker.close()
            self._warm = {}

    def _forget(self) -> None:
        """Leave the workers to the parent; the objects stay here, unused, until the end."""
        self._lock = threading.RLock()
        self._foreign.extend(self._warm.values())
        self._warm = {}


WORKERS = Workers()
"""The one set of workers of this process: a cache of processes, never of results."""

atexit.register(WORKERS.close)
