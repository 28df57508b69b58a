"""Decks that a designer takes along: each runs by itself in plain ``ngspice -b``.

A deck asks for its own analysis and has ``.measure`` cards for its figures, without which ngspice
runs nothing in batch mode. Files that it includes are named relative to it, so that a folder of
results moves together with what it needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from xbar_circuit._files import write_text

__all__ = ["standing_alone", "write_deck"]

_INCLUDE = re.compile(r'^((?:\.(?:include|lib|hdl)|ahdl_include) ")(/[^"\n]*)(")', re.MULTILINE)
_END = re.compile(r"^[ \t]*\.end[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NAMES_A_LINE = 8


def standing_alone(
    deck: str, command: str, *, saved: Sequence[str] = (), measures: Sequence[str] = ()
) -> str:
    """Return a deck with its analysis, what it saves, and its measurements.

    Parameters
    ----------
    deck
        SPICE text, with or without ``.end``.
    command
        The analysis, such as ``"tran 1e-12 1e-9"``.
    saved
        Vectors to keep; none keeps all.
    measures
        ``"out_at_zero FIND v(out) AT=0"``: what stands behind ``.measure`` and the kind of
        analysis. One whose kind has no measurements (noise) is printed instead.
    """
    body = _END.sub("", deck).rstrip("\n")
    kind = command.split(maxsplit=1)[0]
    lines = [
        f".save {' '.join(saved[start : start + _NAMES_A_LINE])}"
        for start in range(0, len(saved), _NAMES_A_LINE)
    ]
    lines.append(f".{command}")
    lines += [f".measure {kind} {measure}" for measure in measures]
    if kind == "noise":
        lines.append(".print noise onoise_spectrum")
    return "\n".join([body, *lines, ".end"]) + "\n"


def write_deck(path: Path, deck: str) -> None:
    """Write a deck, the files that it includes named relative to it.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    home = path.resolve().parent

    def relative(match: re.Match[str]) -> str:
        return f"{match[1]}{os.path.relpath(match[2], home)}{match[3]}"

    write_text(path, _INCLUDE.sub(relative, deck))
