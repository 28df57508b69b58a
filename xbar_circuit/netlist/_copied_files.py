"""Copies of the files that a deck needs, next to it: a folder that runs on another computer.

A library is copied as the simulator is given it: the section that is used, and all that it includes
in its place, in one file. Names by environment variables and kits that lie elsewhere do not matter
then, and plain ngspice, which reads all of a kit for each run, has little to read. Verilog-A
sources are copied as they are, with what they include from their folder.

The files stay their owners': each copy names what it holds and keeps the terms at the head of the
files. Copies go into the folder of a user's own results and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from xbar_circuit._files import write_bytes
from xbar_circuit.spice_text import Flat, flatten, read

__all__ = ["FOLDER", "copy_compiled", "copy_library", "copy_verilog_a"]

FOLDER = "models"
_INCLUDED = re.compile(r'^[ \t]*`include[ \t]+"([^"\n]+)"', re.MULTILINE)
_LONGEST_HEAD = 60  # lines


def copy_library(card: str, home: Path, *, dialect: str = "") -> str:
    """Copy what an include card brings into the folder of models; return the card for the copy.

    Parameters
    ----------
    card
        ``.include "FILE"`` or ``.lib "FILE" SECTION``.
    home
        Folder of the deck.
    dialect
        ngspice's ``ngbehavior``.

    Raises
    ------
    ModelFileError
        A file is missing, or is not SPICE text.
    OSError
        The folder cannot be written.
    """
    flat = _flat(card, dialect)
    main, *_ = flat.files
    section = card.rpartition('"')[2].strip()
    stem = re.sub(r"\W", "_", f"{main.stem}-{section}" if section else main.stem)
    text = "".join(flat.pieces.values()) or flat.text
    name = _kept({f"{stem}{main.suffix}": _headed(flat, text).encode()}, home / FOLDER)
    return f'.include "{FOLDER}/{name}"'


def copy_verilog_a(source: Path, home: Path) -> str:
    """Copy a Verilog-A source and what it includes from its folder; return its name from `home`.

    Raises
    ------
    OSError
        A file cannot be read, or the folder not be written.
    """
    contents: dict[str, bytes] = {}
    waiting = [source.name]
    while waiting:
        name = waiting.pop()
        path = source.parent / name
        # the compiler has its own of those that are not there
        if name in contents or not path.is_file() or ".." in Path(name).parts:
            continue
        contents[name] = path.read_bytes()
        waiting += _INCLUDED.findall(contents[name].decode("utf-8", errors="replace"))
    return f"{FOLDER}/{_kept(contents, home / FOLDER)}"


def copy_compiled(model: Path, home: Path) -> str:
    """Copy a compiled model next to the deck, under a name without blanks; return the name.

    Raises
    ------
    OSError
        It cannot be read, or the folder not be written.
    """
    return _kept({re.sub(r"\W", "_", model.stem) + ".osdi": model.read_bytes()}, home)


_RECENT: dict[tuple[str, str], tuple[Flat, tuple[int, ...]]] = {}
_MOST_RECENT = 4


def _flat(card: str, dialect: str) -> Flat:
    """Return what a card includes; a kit is read once for all decks of a run."""
    flat, when = _RECENT.pop((card, dialect), (None, ()))
    if flat is None or _changed(flat) != when:
        flat = flatten(f"{card}\n", folder=Path.cwd(), origin="the deck", dialect=dialect)
        when = _changed(flat)
    _RECENT[card, dialect] = flat, when
    while len(_RECENT) > _MOST_RECENT:
        _RECENT.pop(next(iter(_RECENT)))
    return flat


def _changed(flat: Flat) -> tuple[int, ...]:
    """Return when each of its files was changed last; 0 of one that is gone."""
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in flat.files)


def _headed(flat: Flat, text: str) -> str:
    """Return the text with what it holds, and the terms at the head of its files, each once."""
    lines = ["* what these files hold that a deck beside this folder uses, in one:"]
    lines += [f"*   {path.name}" for path in flat.files]
    lines.append("* they stay under their own terms; at their heads they say:")
    said: dict[str, None] = {}
    for path in flat.files:
        head = "\n".join(_head(read(path)))
        if head and head not in said:
            said[head] = None
            lines += ["*", *(f"*   {line}" for line in head.split("\n"))]
    return "\n".join([*lines, text.rstrip("\n")]) + "\n"


def _head(text: str) -> Iterator[str]:
    """Yield the words of the comment that a file begins with."""
    for line in text.split("\n", _LONGEST_HEAD)[:_LONGEST_HEAD]:
        if not line.startswith("*"):
            return
        if words := line.strip("*# \t"):
            yield words


def _kept(contents: Mapping[str, bytes], folder: Path) -> str:
    """Write files side by side unless they are there; return the name of the first from `folder`.

    Where another file has one of the names, they get a folder or, if it is one file, a name with a
    number.
    """
    first = next(iter(contents))
    stem, ending = Path(first).stem, Path(first).suffix
    number = 1
    while True:
        if len(contents) == 1:
            names = {first: f"{stem}{ending}" if number == 1 else f"{stem}-{number}{ending}"}
        else:
            names = {name: name if number == 1 else f"{stem}-{number}/{name}" for name in contents}
        places = {folder / names[name]: content for name, content in contents.items()}
        if all(not path.exists() or path.read_bytes() == new for path, new in places.items()):
            break
        number += 1
    for path, content in places.items():
        if not path.exists():
            write_bytes(path, content)
    return names[first]
