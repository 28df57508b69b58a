"""Put a text and all that it includes into one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from xbar_circuit.errors import ModelFileError
from xbar_circuit.spice_text._grammar import Part, Reference, parse, section_name
from xbar_circuit.spice_text.reading import checked, read_bytes, text_of

__all__ = ["Flat", "flatten", "flatten_file"]

_DEEPEST = 32
_LARGEST = 1 << 29  # characters
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """A text without includes.

    text : what a simulator may read; in LTspice's and PSpice's dialects it includes `pieces` by
        the names that are their keys.
    files : every file that was read, in order, with the SHA-256 of its content.
    pieces : name -> flat text of a file that the simulator has to translate by itself.
    """

    text: str
    files: Mapping[Path, str]
    pieces: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def flatten(
    text: str,
    *,
    folder: str | Path,
    origin: str,
    dialect: str = "",
    allow_control: bool = False,
    first_line: int = 1,
) -> Flat:
    r"""Return a text with everything that it includes put in its place.

    Includes are ``.include FILE`` (``.inc``, ``.incl``) and ``.lib FILE SECTION``, the file's name
    bare or in quotes, ``~/`` and ``$NAME`` at its beginning expanded; in the dialects of PSpice and
    LTspice ``.lib FILE`` too. A relative name is looked for next to the file that has it, then in
    `folder`. Each file is read once.

    Parameters
    ----------
    text
        SPICE text without a title line.
    folder
        Where its relative names start from.
    origin
        Its name in messages.
    dialect
        ngspice's ``ngbehavior``.
    allow_control
        Let commands pass.
    first_line
        Number of its first line, for messages.

    Returns
    -------
    Flat
        The text, and the files that it came from.

    Raises
    ------
    ModelFileError
        A file or section is missing or unreadable; files include each other without end; there are
        control characters, unusual line ends, unterminated quotes or, unless allowed, commands.

    >>> flatten("R1 a 0 1k", folder=".", origin="an example").text
    'R1 a 0 1k\n'
    """
    reader = _Reader(Path(folder), dialect, allow_control=allow_control)
    source = parse(
        checked(text, origin),
        origin,
        old_lib=reader.old_lib,
        allow_control=allow_control,
        first=first_line,
    )
    out = reader.emit(source.whole, Path(folder), origin, depth=0)
    return reader.flat("".join(out))


def flatten_file(
    path: str | Path, section: str = "", *, dialect: str = "", allow_control: bool = False
) -> Flat:
    """Return a file, or one section of a library, with everything that it includes.

    Parameters
    ----------
    path
        The file.
    section
        Of a library; an empty one takes the whole file.
    dialect
        Dialect of its files, as ngspice's ngbehavior.
    allow_control
        Whether ``.control`` blocks are accepted.

    Returns
    -------
    Flat
        The text, and the files that it came from.

    Raises
    ------
    ModelFileError
        See :func:`flatten`.
    """
    path = Path(path).expanduser().resolve()
    reader = _Reader(path.parent, dialect, allow_control=allow_control)
    wanted = section_name(section)
    out = reader.file(path, Reference(str(path), wanted, 1), "library", depth=0)
    return reader.flat("".join(out))


_parse_file = lru_cache(maxsize=512)(parse)
"""A kit's files are the same in a thousand runs; the texts are compared, not their names alone."""


class _Reader:
    """Follows the references of one text."""

    def __init__(self, folder: Path, dialect: str, *, allow_control: bool) -> None:
        self._folder = folder
        self.old_lib = any(word in dialect for word in ("ps", "lt"))
        # without the `a` ngspice translates only what it includes
        self._apart = self.old_lib and not dialect.endswith("a")
        self._allow_control = allow_control
        self._files: dict[Path, str] = {}
        self._texts: dict[Path, str] = {}
        self._pieces: dict[str, str] = {}
        self._length = 0

    def flat(self, text: str) -> Flat:
        return Flat(
            text=text,
            files=MappingProxyType(self._files),
            pieces=MappingProxyType(self._pieces),
        )

    def emit(
        self, parts: tuple[Part, ...], folder: Path, origin: str, *, depth: int
    ) -> Iterator[str]:
        for part in parts:
            if isinstance(part, str):
                self._length += len(part)
                if self._length > _LARGEST:
                    raise ModelFileError(
                        f"{origin}: got more than {_LARGEST} characters with all that is included,"
                        " expected a circuit; look for files that include each other often"
                    )
                yield part
                continue
            path = self._resolve(part, folder, origin)
            inner = self.file(path, part, f"{origin}, line {part.line}", depth=depth + 1)
            if not self._apart or depth > 0:
                yield from inner
                continue
            piece = "".join(inner)
            name = f"xbar-piece-{hashlib.sha256(piece.encode()).hexdigest()[:16]}"
            self._pieces[name] = piece
            yield f'.include "{name}"\n'

    def file(self, path: Path, wanted: Reference, origin: str, *, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            raise ModelFileError(
                f"{origin}: got files that include each other more than {_DEEPEST} deep, expected"
                " an end; look for a file that includes itself"
            )
        if path not in self._texts:
            content = read_bytes(path, origin)
            self._files[path] = hashlib.sha256(content).hexdigest()
            self._texts[path] = text_of(content, str(path))
        # a section of a library is opened by `.lib NAME`, whatever the dialect
        old_lib = self.old_lib and not wanted.section
        source = _parse_file(
            self._texts[path], str(path), old_lib=old_lib, allow_control=self._allow_control
        )
        parts = source.whole
        if wanted.section:
            if wanted.section not in source.sections:
                known = ", ".join(source.sections) or "none"
                raise ModelFileError(
                    f"section: got {wanted.section!r}, expected a section of {path}: {known};"
                    " correct the corner's name, or include the whole file"
                )
            parts = source.sections[wanted.section]
        elif source.sections:
            known = ", ".join(source.sections)
            raise ModelFileError(
                f"{origin}: got all of {path}, expected one of its sections: {known}; write"
                f" .lib FILE SECTION, or name the corner"
            )
        yield from self.emit(parts, path.parent, str(path), depth=depth)

    def _resolve(self, wanted: Reference, folder: Path, origin: str) -> Path:
        name = _VARIABLE.sub(lambda match: self._variable(match, wanted, origin), wanted.file)
        try:
            path = Path(name).expanduser()
            for start in (folder, self._folder):
                found = start / path
                if found.is_file():
                    return found.resolve()
        except (OSError, RuntimeError, ValueError):  # too long, no home folder
            pass
        places = dict.fromkeys((str(folder), str(self._folder)))
        raise ModelFileError(
            f"{origin}, line {wanted.line}: got an include of {wanted.file!r} which is not there,"
            f" expected it in {' or '.join(places)}; give its absolute path, or pass folder="
        )

    def _variable(self, match: re.Match[str], wanted: Reference, origin: str) -> str:
        name = match[1] or match[2]
        if name not in os.environ:
            raise ModelFileError(
                f"{origin}, line {wanted.line}: got {wanted.file!r} with no environment variable"
                f" {name}, expected it to be set; set {name} to the folder that is meant"
            )
        return os.environ[name]
