"""The line under every page: which version made it, and with which words on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

from xbar_circuit import __version__

__all__ = ["WORDS", "made_by"]

#: Words after ``xbar``, as they were typed; the command line sets them.
WORDS: ContextVar[Sequence[str]] = ContextVar("words", default=())

_OPTIONS_OF_THE_SCREEN = ("--quiet", "--json")


def made_by(*notes: str) -> str:
    """Return version, command and notes, separated by semicolons.

    >>> token = WORDS.set(("--quiet", "read", "my G.csv", "--row-ohm", "1"))
    >>> made_by("no random numbers").partition("; ")[2]
    "made by: xbar read 'my G.csv' --row-ohm 1; no random numbers"
    >>> WORDS.reset(token)
    """
    words = [word for word in WORDS.get() if word not in _OPTIONS_OF_THE_SCREEN]
    command = shlex.join(["xbar", *words])
    return "; ".join([f"xbar_circuit {__version__}", f"made by: {command}", *notes])
