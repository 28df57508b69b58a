"""What happens when a verb is interrupted: each says whether its command resumes.

A verb that `resumes` keeps each piece of its work in its folder at once, so that the same command
computes only what is missing, also after a kill or a full disk. One that is `one_shot` takes a
minute at most, or measures times that belong to one process, and is begun anew.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import typer

from xbar_circuit._terminal import SafeConsole

__all__ = [
    "INTERRUPTED",
    "TERMINATED",
    "interruptible",
    "one_shot",
    "resumes",
    "terminable",
    "without_case",
]

#: Exit codes, those of shells: 128 and the number of the signal.
INTERRUPTED, TERMINATED = 130, 143

Work = TypeVar("Work", bound=Callable[..., Any])


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends the work as Ctrl-C does: what is open is closed, workers are ended."""


def resumes(work: Work) -> Work:
    """Mark a verb whose command resumes an interrupted run."""
    work.resumes = True  # type: ignore[attr-defined]
    return work


def one_shot(work: Work) -> Work:
    """Mark a verb that starts over."""
    work.resumes = False  # type: ignore[attr-defined]
    return work


def without_case(work: Callable[[Any], Any], case: Any) -> dict[str, Any]:
    """Return the fields of what a check gave, to be kept, but for the case itself."""
    found = work(case)
    return {f.name: getattr(found, f.name) for f in fields(found) if f.name != "case"}


@contextmanager
def interruptible(out: Path | None, *, goes_on: bool) -> Iterator[None]:
    """Turn an interruption into a line that says how to go on, and an exit code.

    Raises
    ------
    typer.Exit
        With 130 after Ctrl-C (SIGINT), 143 after SIGTERM.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        kept = f"what is finished is kept in {out}: the same command goes on there"
        words = kept if goes_on and out is not None else "the same command begins anew"
        SafeConsole(stderr=True, soft_wrap=True).print(f"interrupted; {words}", highlight=False)
        code = TERMINATED if isinstance(error, _Terminated) else INTERRUPTED
        raise typer.Exit(code) from error


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, unless the program handles it already."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise _Terminated
