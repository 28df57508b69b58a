"""Decks that a designer takes along: each runs by itself in plain ``ngspice -b``.

A deck asks for its own analysis and measures its figures, by ``.measure`` cards or, where several
analyses belong together, in a control block. It says all else that its run depends on: the seed of
the libraries' random functions, the compiled Verilog-A models, the dialect of its files. Files that
it includes are named relative to it, so that a folder of results moves with what it needs; compiled
models are put beside it, for ngspice cannot load one whose path has a space.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from xbar_circuit._files import write_bytes, write_text
from xbar_circuit.peripherals._subcircuit_deck import RunSettings

__all__ = ["noise_script", "standing_alone", "write_deck"]

_INCLUDE = re.compile(r'^((?:\.(?:include|lib|hdl)|ahdl_include) ")(/[^"\n]*)(")', re.MULTILINE)
_END = re.compile(r"^[ \t]*\.end[ \t]*$", re.IGNORECASE | re.MULTILINE)
_OSDI = re.compile(r"^pre_osdi (/[^\n]*)$", re.MULTILINE)
_DIALECT = re.compile(r"^\* dialect of its files: ngbehavior=(\w+)", re.MULTILINE)
_NAMES_A_LINE = 8


def standing_alone(
    deck: str,
    command: str | Sequence[str],
    *,
    saved: Sequence[str] = (),
    measures: Sequence[str] = (),
    settings: RunSettings | None = None,
) -> str:
    """Return a deck with its analysis, what it saves, and its measurements.

    Parameters
    ----------
    deck
        SPICE text, with or without ``.end``.
    command
        The analysis, such as ``"tran 1e-12 1e-9"``; or the lines of a control block that runs and
        measures, one command each.
    saved
        Vectors to keep; none keeps all.
    measures
        ``"out_at_zero FIND v(out) AT=0"``: what stands behind ``.measure`` and the kind of
        analysis. Of a single analysis only; a control block has its own.
    settings
        How the circuits in it have to be run; None is as any deck.
    """
    lines = [_END.sub("", deck).rstrip("\n")]
    if settings is not None:
        if settings["compatibility"]:
            dialect = settings["compatibility"]
            lines.append(f"* dialect of its files: ngbehavior={dialect}, set by .spiceinit here")
        if settings["seed"] != 1:
            lines.append(f".options seed={settings['seed']}")
        if settings["osdi"]:
            models = [f"pre_osdi {path}" for path in settings["osdi"]]
            lines += [".control", *models, ".endc"]
    lines += [
        f".save {' '.join(saved[start : start + _NAMES_A_LINE])}"
        for start in range(0, len(saved), _NAMES_A_LINE)
    ]
    if isinstance(command, str):
        kind = command.split(maxsplit=1)[0]
        lines.append(f".{command}")
        lines += [f".measure {kind} {measure}" for measure in measures]
    else:
        lines += [".control", *command, ".endc"]
    return "\n".join([*lines, ".end"]) + "\n"


def noise_script(command: str) -> list[str]:
    """Return a control block's lines that run a noise analysis and print its total [V].

    ngspice has no ``.measure`` of noise; ``onoise_total`` is printed as a measurement is.
    """
    return [command, "setplot noise2", "print onoise_total"]


def write_deck(path: Path, deck: str) -> None:
    """Write a deck, the files that it includes named relative to it, and what it needs beside it.

    Raises
    ------
    OSError
        The folder cannot be written, or a compiled model cannot be read.
    """
    home = path.resolve().parent

    def relative(match: re.Match[str]) -> str:
        return f"{match[1]}{os.path.relpath(match[2], home)}{match[3]}"

    def beside(match: re.Match[str]) -> str:
        model = Path(match[1])
        content = model.read_bytes()
        stem = re.sub(r"\W", "_", model.stem)
        name, count = f"{stem}.osdi", 1
        while (home / name).is_file() and (home / name).read_bytes() != content:
            count += 1
            name = f"{stem}-{count}.osdi"
        if not (home / name).is_file():
            write_bytes(home / name, content)
        return f"pre_osdi {name}"

    write_text(path, _OSDI.sub(beside, _INCLUDE.sub(relative, deck)))
    if (dialect := _DIALECT.search(deck)) is not None:
        write_text(home / ".spiceinit", f"set ngbehavior={dialect[1]}\n")
