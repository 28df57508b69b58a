"""The one module that talks to PySpice's engine; it is imported in the worker process only.

PySpice takes whatever ngspice prints on stderr for an error, and newer versions print notes there.
`Engine` therefore judges for itself: by the lines that ngspice ends its failures with, by its
return codes, and by whether vectors came out.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

from xbar_circuit.spice._job import Command, Job, JobFailure, JobOutcome, RawPlot, Ready, Setup

__all__ = ["Engine", "EngineError"]

_FAILED = re.compile(
    r"^\s*(?:[a-z]+ )?error\b|simulation\(s\) aborted|^doAnalyses:|line, ignored!", re.IGNORECASE
)
_PASSING = re.compile(r"out of range for")  # an iterate of a behavioural source, not its solution
_UNCONVERGED = re.compile(
    r"timestep too small|no convergence|iteration limit|singular matrix|transient op"
    r"|operating point could not",
    re.IGNORECASE,
)
_TRANSIENT_OP = "Transient op started"
_NGSPICE_VERSION = re.compile(r"ngspice-[\w.+]+")


class EngineError(Exception):
    """A failed job, as the parent will hear of it."""

    def __init__(self, failure: JobFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Shared(NgSpiceShared):  # type: ignore[misc]  # PySpice has no types
    """PySpice's engine with its hasty judgement of stderr taken out."""

    on_line: Callable[[str], None] = staticmethod(lambda _line: None)
    on_exit: Callable[[int], None] = staticmethod(lambda _status: None)
    on_point: Callable[[Any], None] = staticmethod(lambda _values: None)

    def exec_command(self, command: str, join_lines: bool = True) -> Any:  # noqa: FBT001, FBT002  PySpice's signature
        """Run a command; what it printed is judged by the caller."""
        try:
            return super().exec_command(command, join_lines)
        except NameError:  # PySpice derives its errors from it
            return self.stdout

    def load_circuit(self, circuit: str) -> None:
        """Load a deck, its lines ending at newlines only; the caller judges what was printed."""
        lines = [ffi.new("char[]", line.encode()) for line in circuit.split("\n") if line]
        cards = ffi.new("char *[]", [*lines, ffi.NULL])
        self.clear_output()
        self._ngspice_shared.ngSpice_Circ(cards)

    def send_char(self, message: str, ngspice_id: int) -> int:
        """Pass each printed line on."""
        del ngspice_id
        self.on_line(str(message))
        return 0

    @staticmethod
    def _exit(status: int, unload: bool, quitting: bool, ngspice_id: int, user_data: Any) -> int:  # noqa: FBT001  PySpice's signature
        del unload, quitting, ngspice_id
        ffi.from_handle(user_data).on_exit(int(status))
        return int(status)

    @staticmethod
    def _send_data(data: Any, count: int, ngspice_id: int, user_data: Any) -> int:
        del count, ngspice_id
        ffi.from_handle(user_data).on_point(data)
        return 0

    def current_plot(self) -> str:
        """Return the name of the plot that the last analysis made."""
        return str(ffi.string(self._ngspice_shared.ngSpice_CurPlot()).decode())

    def vector_names(self, plot: str) -> list[str]:
        """Return the names of a plot's vectors."""
        return list(self._convert_string_array(self._ngspice_shared.ngSpice_AllVecs(plot.encode())))

    def vector(self, plot: str, name: str) -> NDArray[Any]:
        """Return a copy of one vector."""
        info = self._ngspice_shared.ngGet_Vec_Info(f"{plot}.{name}".encode())
        if info == ffi.NULL or info.v_length == 0:
            return np.empty(0)
        if info.v_compdata == ffi.NULL:
            return np.frombuffer(ffi.buffer(info.v_realdata, info.v_length * 8)).copy()
        raw = ffi.buffer(info.v_compdata, info.v_length * 16)
        return np.frombuffer(raw, dtype=np.complex128).copy()


class _Steps:
    """Accepted time steps of a transient, as distinct from those that lead nowhere.

    ngspice may shrink its step at an edge and never grow it again: it then accepts steps of 1e-17 s
    until the time limit, without a word.
    """

    WINDOW = 20_000  # points over which the mean is taken

    def __init__(self, least_second: float) -> None:
        self._least = least_second
        self._points = 0
        self._since = 0.0
        self.mean_second = 0.0

    def lead_nowhere(self, values: Any) -> float | None:
        """Count one more point; return the time where the steps no longer advance, or None."""
        self._points += 1
        if self._points % self.WINDOW:
            return None
        vectors = (values.vecsa[i] for i in range(int(values.veccount)))
        now = next((float(v.creal) for v in vectors if ffi.string(v.name) == b"time"), None)
        if now is None:
            return None
        self.mean_second, self._since = (now - self._since) / self.WINDOW, now
        return now if self.mean_second < self._least else None


class Engine:
    """One loaded libngspice.

    Parameters
    ----------
    setup
        Models and dialect.
    on_exit
        Called with the failure to report when ngspice asks to leave, or starts what would not end
        in a trustworthy answer; it must not return.

    Raises
    ------
    EngineError
        The library does not load.
    """

    def __init__(self, setup: Setup, *, on_exit: Callable[[JobFailure], None]) -> None:
        logging.disable(
            logging.CRITICAL
        )  # this process is ours alone, and ngspice's lines are kept
        self._lines: list[str] = []
        self._transient_op = False
        self._on_exit = on_exit
        _Shared.LIBRARY_PATH = str(setup.library)
        _Shared.on_line = self._hear
        _Shared.on_exit = self._leave
        _Shared.on_point = self._count
        self._watch: _Steps | None = None
        try:
            self._shared = _Shared(send_data=True)
        except (OSError, NameError, AttributeError) as error:  # the last: not ngspice at all
            raise EngineError(
                JobFailure(
                    kind="load", message=f"{setup.library} does not load: {error}", final=True
                )
            ) from error
        banner = self._command("version -f")
        version = _NGSPICE_VERSION.search(banner)
        for path, _ in setup.osdi:
            self._judge(f"osdi {path}", self._command(f"osdi {path}"))
        if setup.compatibility:
            self._command(f"set ngbehavior={setup.compatibility}")
        self._command("set num_threads=1")
        self.ready = Ready(
            version=version.group() if version else "ngspice of unknown version",
            banner=banner,
            klu="KLU" in banner,
            xspice="XSPICE" in banner,
            osdi="too few args" in self._command("osdi"),
            code_models="adc_bridge" in self._command("devhelp"),
            resident_bytes=resident_bytes(),
        )

    def run(self, job: Job) -> JobOutcome:
        """Load the deck, run the commands, return the vectors, and forget everything.

        Raises
        ------
        EngineError
            The deck was refused, an analysis failed, or it gave nothing.
        """
        began = time.perf_counter()
        self._transient_op = job.transient_op
        self._command(f"setseed {job.seed}")
        try:
            self._lines = []
            self._shared.load_circuit(job.deck)
            self._judge("the deck", "\n".join(self._lines))
            plots = tuple(
                self._perform(command, job.wanted)
                for command in job.commands or (Command(text="run"),)
            )
        finally:
            self._command("destroy all")
            self._command("remcirc")
            self._command("unset cshunt_value")  # ngspice gives the shunt to all later decks too
        return JobOutcome(
            plots=plots, seconds=time.perf_counter() - began, resident_bytes=resident_bytes()
        )

    def _perform(self, command: Command, wanted: Sequence[str] | None) -> tuple[RawPlot, ...]:
        """Run a command and return the plots that it made, which ngspice then forgets."""
        before = set(self._shared.plot_names)
        least = command.least_step_second
        self._watch = None if least is None else _Steps(least)
        try:
            self._judge(command.text, self._command(command.text))
        finally:
            self._watch = None
        if not command.answers:
            return ()
        made = [name for name in reversed(self._shared.plot_names) if name not in before]
        if not made:
            message = f"`{command.text}` gave no result: does the deck ask for one?"
            raise EngineError(JobFailure(kind="deck", message=message))
        plots = tuple(self._plot(name, wanted) for name in made)
        for name in made:
            self._command(f"destroy {name}")
        return plots

    def _plot(self, plot: str, wanted: Sequence[str] | None) -> RawPlot:
        names = list(reversed(self._shared.vector_names(plot)))
        if wanted is not None:
            keep = {*wanted, "time", "frequency"}
            names = [name for name in names if name in keep or name.endswith("-sweep")]
        vectors = [self._shared.vector(plot, name) for name in names]
        kinds = {(vector.shape, vector.dtype) for vector in vectors}
        values = np.stack(vectors) if len(kinds) == 1 else tuple(vectors)
        bad = next(
            (n for n, v in zip(names, values, strict=True) if not np.isfinite(v).all()), None
        )
        if bad is not None:
            message = f"{bad} is not finite in plot {plot}"
            raise EngineError(JobFailure(kind="convergence", message=message))
        return RawPlot(name=plot, names=tuple(map(str.lower, names)), values=values)

    def _command(self, command: str) -> str:
        self._lines = []
        self._shared.exec_command(command)
        return "\n".join(self._lines)

    def _judge(self, what: str, said: str) -> None:
        """Raise when what ngspice said means failure."""
        words = [line.removeprefix("stderr ").removeprefix("stdout ") for line in said.split("\n")]
        on_stderr = [
            line.removeprefix("stderr ") for line in said.split("\n") if line.startswith("stderr ")
        ]
        fault = next(
            (line for line in on_stderr if _FAILED.search(line) and not _PASSING.search(line)), None
        )
        if fault is None:
            return
        hints = [line for line in words if _UNCONVERGED.search(line)]
        kind = "convergence" if hints else "deck"
        reason = "; ".join(dict.fromkeys([*hints[-2:], fault]))
        raise EngineError(JobFailure(kind=kind, message=f"{what} failed: {reason}"))

    def _hear(self, line: str) -> None:
        self._lines.append(line)
        sys.stdout.write(line + "\n")
        if _TRANSIENT_OP in line and not self._transient_op:
            self._on_exit(
                JobFailure(
                    kind="convergence",
                    message="no operating point: Newton, gmin stepping and source stepping failed"
                    " (look for floating nodes and loops of sources, or pass transient_op=True"
                    " to let ngspice settle the circuit in time)",
                    final=True,
                )
            )

    def _count(self, values: Any) -> None:
        if self._watch is None:
            return
        stuck = self._watch.lead_nowhere(values)
        if stuck is not None:
            self._on_exit(
                JobFailure(
                    kind="convergence",
                    message=f"the time steps lead nowhere: at {stuck:.6g} s, the last"
                    f" {_Steps.WINDOW} are {self._watch.mean_second:.1g} s on average (looser"
                    " tolerances or another method help: `.options chgtol=1e-16`,"
                    " `.options method=gear`)",
                    final=True,
                )
            )

    def _leave(self, status: int) -> None:
        self._on_exit(
            JobFailure(kind="exit", message=f"ngspice left with exit status {status}", final=True)
        )


def resident_bytes() -> int:
    """Return the memory of this process [byte]; its peak where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  a kernel's file
            pages = int(file.read().split()[1])
    except OSError:
        import resource  # noqa: PLC0415  not on every system

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    return 4096 * pages
