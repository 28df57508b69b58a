"""Decks that a designer takes along: each runs by itself in plain ``ngspice -b``.

A deck asks for its own analysis and measures its figures, by ``.measure`` cards or, where several
analyses belong together, in a control block. It says all else that its run depends on: the seed of
the libraries' random functions, the compiled Verilog-A models, the dialect of its files. The files
that it includes are copied into a folder next to it, so that its folder runs on another computer,
where the kit is not or lies elsewhere; compiled models are put next to it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xbar_circuit._files import write_text
from xbar_circuit.netlist._copied_files import copy_compiled, copy_library, copy_verilog_a
from xbar_circuit.peripherals._subcircuit_deck import RunSettings

__all__ = ["noise_script", "run_lines", "standing_alone", "write_deck"]

_LIBRARY = re.compile(r'^\.(?:include|lib) "/[^"\n]*"[ \t]*\S*$', re.MULTILINE)
_VERILOG_A = re.compile(
    r'(?P<before>^(?:\.hdl|ahdl_include) "|compiled by openvaf-r from )(?P<file>/[^"\n]*)',
    re.MULTILINE,
)
_COMPILED = re.compile(r"\bpre_osdi (/[^\n]*)$", re.MULTILINE)
_END = re.compile(r"^[ \t]*\.end[ \t]*$", re.IGNORECASE | re.MULTILINE)
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
        lines += run_lines(settings)
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


def run_lines(settings: Mapping[str, Any]) -> list[str]:
    """Return the lines that say in which dialect and with which seed a deck runs, if not usual."""
    lines = []
    if dialect := settings.get("compatibility", ""):
        lines.append(f"* dialect of its files: ngbehavior={dialect}, set by .spiceinit here")
    if (seed := settings.get("seed", 1)) != 1:
        lines.append(f".options seed={seed}")
    return lines


def write_deck(path: str | Path, deck: str) -> None:
    """Write a deck, and copies of the files that it needs, so that its folder can be handed over.

    Libraries, each with only what the deck uses, are copied into ``models/`` next to the deck,
    compiled Verilog-A models next to it; a dialect is set by ``.spiceinit``. Run the deck from its
    folder: ``cd FOLDER && ngspice -b DECK``. The copies keep the terms of the files that they come
    from; whether a kit may be passed on is between its user and its owner.

    Parameters
    ----------
    path
        Where to write it; the folder is made if it is missing.
    deck
        SPICE text, as :func:`xbar_circuit.netlist.deck` and
        :func:`xbar_circuit.tile.export_array` return it.

    Raises
    ------
    ModelFileError
        A file that it includes is missing, or is not SPICE text.
    OSError
        The folder cannot be written, or a file cannot be read.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import xbar_circuit as xc
    >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
    >>> with TemporaryDirectory() as folder:
    ...     write_deck(Path(folder) / "read.cir", xc.netlist.deck(xbar, [0.1]))
    ...     print([path.name for path in Path(folder).iterdir()])
    ['read.cir']
    """
    path = Path(path)
    home = path.resolve().parent
    dialect = "" if (found := _DIALECT.search(deck)) is None else found[1]

    def verilog_a(match: re.Match[str]) -> str:
        return match["before"] + copy_verilog_a(Path(match["file"]), home)

    deck = _LIBRARY.sub(lambda match: copy_library(match[0], home, dialect=dialect), deck)
    deck = _VERILOG_A.sub(verilog_a, deck)
    deck = _COMPILED.sub(lambda match: f"pre_osdi {copy_compiled(Path(match[1]), home)}", deck)
    write_text(path, deck)
    if dialect:
        write_text(home / ".spiceinit", f"set ngbehavior={dialect}\n")
