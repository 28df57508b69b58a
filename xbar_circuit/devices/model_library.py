"""What a SPICE model library holds: its models and subcircuits, by section (process corner).

A process design kit brings its transistors as libraries that include each other. This module looks
them through as ngspice would, before any simulation, so that a wrong path, corner or model name is
found at once and by its own name; and it says what a result that used the library depends on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xbar_circuit.errors import ModelFileError

__all__ = ["LibraryContents", "scan"]

_INCLUDE = re.compile(r"\.inc(?:lude|l)?\s+(.+)", re.IGNORECASE)
_LIB = re.compile(
    r"\.lib\s+(\"[^\"]*\"|'[^']*'|\S+)(?:\s+(\"[^\"]*\"|'[^']*'|\S+))?", re.IGNORECASE
)
_END_LIB = re.compile(r"\.endl\b", re.IGNORECASE)
_MODEL = re.compile(r"\.model\s+(\S+)", re.IGNORECASE)
_SUBCKT = re.compile(r"\.subckt\s+(\S+)", re.IGNORECASE)
_ENDS = re.compile(r"\.ends\b", re.IGNORECASE)
_DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryContents:
    """What one section of a library, with all that it includes, defines.

    models, subcircuits : their names in lower case; those inside a subcircuit are its own.
    sections : the sections of the library file itself.
    files : every file read, in order.
    digest : SHA-256 of the contents of these files.
    """

    models: frozenset[str]
    subcircuits: frozenset[str]
    sections: tuple[str, ...]
    files: tuple[Path, ...]
    digest: str


def scan(library: Path, section: str = "") -> LibraryContents:
    """Look a library through.

    Parameters
    ----------
    library
        The file.
    section
        The ``.lib`` section to use; empty reads the whole file as ``.include`` does.

    Raises
    ------
    ModelFileError
        A file is missing or unreadable, a section does not exist, or files include each other
        without end.
    """
    return _Reader().contents(library, section)


class _Reader:
    """Collects names while it follows the includes."""

    def __init__(self) -> None:
        self._texts: dict[Path, str] = {}
        self._models: set[str] = set()
        self._subcircuits: set[str] = set()
        self._done: set[tuple[Path, str]] = set()

    def contents(self, library: Path, section: str) -> LibraryContents:
        top = library.resolve()
        text = self._text(top, str(library))
        self._follow(top, section, depth=0)
        digest = hashlib.sha256()
        for path in self._texts:
            digest.update(hashlib.sha256(self._texts[path].encode()).digest())
        return LibraryContents(
            models=frozenset(self._models),
            subcircuits=frozenset(self._subcircuits),
            sections=tuple(_sections(text)),
            files=tuple(self._texts),
            digest=digest.hexdigest(),
        )

    def _text(self, path: Path, named: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = path.read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                raise ModelFileError(
                    f"library: got {named!r} ({error.strerror}), expected a readable SPICE library"
                    f" at {path}; correct the path"
                ) from error
        return self._texts[path]

    def _follow(self, path: Path, section: str, *, depth: int) -> None:
        if (path, section.lower()) in self._done:
            return
        self._done.add((path, section.lower()))
        if depth > _DEEPEST:
            raise ModelFileError(
                f"library: got files that include each other more than {_DEEPEST} deep at {path},"
                " expected an end; look for a file that includes itself"
            )
        inside = 0
        for line in _lines(self._text(path, str(path)), section, path):
            if _ENDS.match(line):
                inside = max(inside - 1, 0)
            elif found := _SUBCKT.match(line):
                if inside == 0:
                    self._subcircuits.add(found[1].lower())
                inside += 1
            elif (found := _MODEL.match(line)) and inside == 0:
                self._models.add(found[1].lower())
            elif found := _INCLUDE.match(line):
                self._enter(path, found[1], "", depth)
            elif (found := _LIB.match(line)) and found[2]:
                self._enter(path, found[1], _bare(found[2]), depth)

    def _enter(self, parent: Path, name: str, section: str, depth: int) -> None:
        inner = (parent.parent / Path(_bare(name)).expanduser()).resolve()
        self._text(inner, f"{_bare(name)}, included by {parent}")
        self._follow(inner, section, depth=depth + 1)


def _bare(name: str) -> str:
    """Take quotes and a trailing comment from a file or section name."""
    name = name.strip()
    if name[:1] in "\"'":
        return name[1:].split(name[0], 1)[0]
    return name.split()[0]


def _statements(text: str) -> Iterator[str]:
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("."):
            yield line


def _sections(text: str) -> Iterator[str]:
    for line in _statements(text):
        if (found := _LIB.match(line)) and not found[2]:
            yield _bare(found[1])


def _lines(text: str, section: str, path: Path) -> Iterator[str]:
    """Yield the statements of one section, or all of them outside any section."""
    if not section:
        yield from _statements(text)
        return
    if section.lower() not in [name.lower() for name in _sections(text)]:
        known = ", ".join(dict.fromkeys(_sections(text))) or "none"
        raise ModelFileError(
            f"section: got {section!r}, expected a section of {path}: {known}; correct the corner's"
            " name, or leave it out to read the whole file"
        )
    inside = False
    for line in _statements(text):
        found = _LIB.match(line)
        if found and not found[2]:
            inside = _bare(found[1]).lower() == section.lower()
        elif _END_LIB.match(line):
            inside = False
        elif inside:
            yield line
