"""What a SPICE model library holds: its models and subcircuits, by section (process corner).

A process design kit brings its transistors as libraries that include each other. This module looks
them through by the grammar that the simulator's text goes through, before any simulation, so that a
wrong path, corner or model name is reported at once and by its own name; and it says what a result
that used the library depends on, and which settings in it would hold for a whole deck.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xbar_circuit.errors import ModelFileError
from xbar_circuit.spice_text import declared_sections, flatten_file, read, statements

__all__ = ["LibraryContents", "LibraryReader", "scan", "settings"]

_MODEL = re.compile(r"\.model\s+(\S+)", re.IGNORECASE)
_SUBCKT = re.compile(r"\.subckt\s+(\S+)", re.IGNORECASE)
_ENDS = re.compile(r"\.ends\b", re.IGNORECASE)
_OPTIONS = re.compile(r"\.opt(?:ions?)?\b(.*)", re.IGNORECASE | re.DOTALL)
_OPTION = re.compile(r"(\w+)(?:\s*=\s*('[^']*'|\{[^}]*\}|[^\s,]+))?")
_GLOBAL = re.compile(r"\.global\s+(.*)", re.IGNORECASE | re.DOTALL)
_TEMPERATURE = re.compile(r"\.temp(?:erature)?\b(.*)", re.IGNORECASE | re.DOTALL)
_ANALYSES = re.compile(
    r"\.(?:tran|ac|dc|op|noise|tf|pz|sens|disto|pss|sp|four|print|plot|save|probe|meas(?:ure)?"
    r"|width|step|alter|data)\b",
    re.IGNORECASE,
)
_Signature = tuple[tuple[Path, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryContents:
    """What one section of a library, with all that it includes, defines.

    models, subcircuits : their names in lower case; those inside a subcircuit are its own.
    sections : the sections of the library file itself.
    files : every file read, in order.
    digest : SHA-256 of the contents of these files.
    options : global settings outside of any subcircuit, ``temp`` of a ``.temp`` card among them, as
        they are written.
    globals : nodes that a ``.global`` card makes one for the whole deck.
    stray : the first card outside of any subcircuit that is an element or asks for an analysis or
        an output; empty where there is none.
    """

    models: frozenset[str]
    subcircuits: frozenset[str]
    sections: tuple[str, ...]
    files: tuple[Path, ...]
    digest: str
    options: tuple[tuple[str, str], ...] = ()
    globals: tuple[str, ...] = ()
    stray: str = ""


def scan(library: Path, section: str = "", *, dialect: str = "") -> LibraryContents:
    """Look a library through.

    Parameters
    ----------
    library
        The file.
    section
        The ``.lib`` section to use; empty reads the whole file as ``.include`` does.
    dialect
        ngspice's ``ngbehavior``.

    Raises
    ------
    ModelFileError
        A file is missing or unreadable, a section does not exist, or files include each other
        without end.
    """
    path = library.expanduser().resolve()
    key = path, section.lower(), dialect
    known = _KNOWN.get(key)
    if known is not None and _signature(known[0].files) == known[1]:
        return known[0]
    try:
        flat = flatten_file(path, section, dialect=dialect)
    except ModelFileError as error:
        if path.is_file():
            raise
        raise ModelFileError(
            f"library: got {str(library)!r}, expected a readable SPICE library; correct the path"
        ) from error
    reader = LibraryReader()
    for line in statements("\n".join([flat.text, *flat.pieces.values()])):
        reader.see(line)
    digest = hashlib.sha256("".join(flat.files.values()).encode())
    contents = LibraryContents(
        models=frozenset(reader.models),
        subcircuits=frozenset(reader.subcircuits),
        sections=declared_sections(read(path)),
        files=tuple(flat.files),
        digest=digest.hexdigest(),
        options=tuple(reader.options),
        globals=tuple(dict.fromkeys(reader.globals)),
        stray=reader.stray,
    )
    _KNOWN[key] = contents, _signature(contents.files)
    return contents


_KNOWN: dict[tuple[Path, str, str], tuple[LibraryContents, _Signature]] = {}
"""A kit of megabytes is read once, and again when one of its files has changed."""


def _signature(files: tuple[Path, ...]) -> _Signature:
    try:
        stats = [(path, path.stat()) for path in files]
    except OSError:
        return ()
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


class LibraryReader:
    """Collects names and settings from logical lines."""

    def __init__(self) -> None:
        self.models: set[str] = set()
        self.subcircuits: set[str] = set()
        self.options: list[tuple[str, str]] = []
        self.globals: list[str] = []
        self.stray = ""
        self._inside = 0

    def see(self, line: str) -> None:
        """Collect what the next logical line declares.

        Parameters
        ----------
        line
            The line, joined with its continuations.
        """
        if _ENDS.match(line):
            self._inside = max(self._inside - 1, 0)
        elif match := _SUBCKT.match(line):
            if self._inside == 0:
                self.subcircuits.add(match[1].lower())
            self._inside += 1
        elif match := _GLOBAL.match(line):
            self.globals += match[1].lower().split()
        elif match := _OPTIONS.match(line):
            self.options += settings(match[1])
        elif match := _TEMPERATURE.match(line):
            self.options.append(("temp", match[1].strip()))
        elif self._inside == 0:
            if match := _MODEL.match(line):
                self.models.add(match[1].lower())
            elif not self.stray and (not line.startswith(".") or _ANALYSES.match(line)):
                self.stray = line


def settings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names (lower case) and values of an ``.options`` card."""
    for match in _OPTION.finditer(text):
        yield match[1].lower(), (match[2] or "").strip("'{} ")
