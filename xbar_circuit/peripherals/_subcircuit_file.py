"""What a user's SPICE file declares: the ports and parameters of a subcircuit, and nothing else.

A file may hold what cannot be in one deck with other circuits: an analysis of its own, elements
outside of any subcircuit, settings such as ``.temp`` or ``.options reltol=...`` that hold for the
whole deck and would beat what the bench asks for. All of these are refused by their names; settings
that are meant to hold for the whole deck are named by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from xbar_circuit.devices._model_library import LibraryContents, LibraryReader, scan
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.spice_text import flatten, flatten_file, read, statements
from xbar_circuit.units import parse_spice

__all__ = ["Declaration", "declaration", "scale_of"]

_DEFINITION = re.compile(r"\.subckt\s+(\S+)\s*(.*)", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"\s*=\s*(?:'[^']*'|\{[^}]*\}|\"[^\"]*\"|[^\s=]+)")
# Xschem writes the top of its hierarchy as a comment: **.subckt NAME ports ... **.ends
_STARRED = re.compile(r"^\*\*\.(subckt|ends)\b", re.IGNORECASE | re.MULTILINE)
_REMEDIES = {
    "temp": "take temp out and give celsius=",
    "scale": "say that scale may hold for the whole deck, accept=('scale',)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A subcircuit of a file.

    order : its ports, lower case.
    parameters : what its ``.subckt`` line declares, lower case.
    text : the whole file's text where the file itself cannot be included, flat; else empty.
    definitions : the subcircuits that come with it.
    files : what was read for them.
    globals : nodes that are one for the whole deck.
    scale_metre : unit of the transistors' geometry that the files set [m]; None leaves metres.
    """

    order: tuple[str, ...]
    parameters: frozenset[str]
    text: str
    definitions: frozenset[str]
    files: tuple[Path, ...]
    globals: tuple[str, ...]
    scale_metre: float | None


def declaration(
    file: Path,
    name: str,
    libraries: Sequence[tuple[Path, str | None]],
    *,
    dialect: str,
    accept: Sequence[str],
) -> Declaration:
    """Read a subcircuit's declaration and look through every file that comes with it.

    Parameters
    ----------
    file, name
        Where it is, or in which file that is included there.
    libraries
        Model libraries, each with its section or None.
    dialect
        ngspice's ``ngbehavior``.
    accept
        Global settings that may hold for the whole deck.

    Raises
    ------
    ModelFileError
        A file is missing or has no such subcircuit; or one has commands, analyses, elements outside
        of any subcircuit or settings for the whole deck that are not accepted.
    """
    text = ""
    contents = _contents(file, name, dialect)
    if contents.stray and _STARRED.search(read(file)):
        text = _unstarred(file, dialect)
        contents = _of_text(contents, text)
    order, parameters = _ports(file, name, text, dialect, _when(contents.files))
    parts = [(file, contents)]
    parts += [(path, scan(path, section or "", dialect=dialect)) for path, section in libraries]
    for path, part in parts:
        _refuse_strays(path, part, accept)
    scales = [scale for _, part in parts if (scale := scale_of(part)) is not None]
    return Declaration(
        order=order,
        parameters=parameters,
        text=text,
        definitions=contents.subcircuits,
        files=contents.files,
        globals=tuple(dict.fromkeys(node for _, part in parts for node in part.globals)),
        scale_metre=scales[-1] if scales else None,
    )


def scale_of(contents: LibraryContents) -> float | None:
    """Return the unit of geometry that a file sets for the whole deck [m], or None.

    Raises
    ------
    ModelFileError
        It is not a number.
    """
    given = [value for key, value in contents.options if key == "scale"]
    if not given:
        return None
    try:
        return parse_spice(given[-1])
    except ParameterError as error:
        raise ModelFileError(
            f"{contents.files[0]}: got scale={given[-1]!r}, expected a number; write it out"
        ) from error


def _contents(file: Path, name: str, dialect: str) -> LibraryContents:
    try:
        return scan(file, dialect=dialect)
    except ModelFileError as error:
        if file.is_file():
            raise
        raise ModelFileError(
            f"path: got {str(file)!r}, expected a SPICE file with .subckt {name}; correct the path"
        ) from error


def _unstarred(file: Path, dialect: str) -> str:
    """Return the flat text of a file whose own subcircuit is commented out."""
    text = _STARRED.sub(r".\1", read(file))
    return flatten(text, folder=file.parent, origin=str(file), dialect=dialect).text


def _of_text(contents: LibraryContents, text: str) -> LibraryContents:
    reader = LibraryReader()
    for line in statements(text):
        reader.see(line)
    return replace(contents, subcircuits=frozenset(reader.subcircuits), stray=reader.stray)


def _when(files: Sequence[Path]) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in files)


@lru_cache(maxsize=64)
def _ports(
    file: Path,
    name: str,
    text: str,
    dialect: str,
    when: tuple[int, ...],  # noqa: ARG001  read again when a file has changed
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the ports and the parameters on the ``.subckt`` line."""
    names = []
    for line in statements(text or flatten_file(file, dialect=dialect).text):
        match = _DEFINITION.match(line)
        if match is None:
            continue
        if match[1].lower() != name.lower():
            names.append(match[1])
            continue
        plain, *given = re.split(r"\bparams:", match[2].lower(), flags=re.IGNORECASE)
        keys = re.findall(r"(\S+?)\x00", _VALUE.sub("\x00 ", " ".join([plain, *given])))
        words = _VALUE.sub("\x00 ", plain).replace("(", " ").replace(")", " ").split()
        return tuple(word for word in words if not word.endswith("\x00")), frozenset(keys)
    known = ", ".join(dict.fromkeys(names)) or "none"
    raise ModelFileError(
        f"name: got {name!r}, expected one of the subcircuits in {str(file)!r}: {known}; correct"
        " the name"
    )


def _refuse_strays(path: Path, contents: LibraryContents, accept: Sequence[str]) -> None:
    if contents.stray:
        card = contents.stray[:80]
        raise ModelFileError(
            f"{path}: got {card!r} outside of any subcircuit, expected definitions only; the bench"
            " has its own sources and analyses: take it out, or put it into the .subckt"
        )
    refused = [(key, value) for key, value in contents.options if key not in accept]
    if refused:
        shown = ", ".join(repr(f"{key}={value}" if value else key) for key, value in refused)
        others = tuple(dict.fromkeys(key for key, _ in refused if key not in _REMEDIES))
        remedies = [
            _REMEDIES[key] for key in dict.fromkeys(k for k, _ in refused) if key in _REMEDIES
        ]
        if others:
            these = "it" if len(others) == 1 else ", ".join(others)
            remedies.append(
                f"take {these} out, or say that it may hold for the whole deck, accept={others!r}"
            )
        several = "settings" if len(refused) > 1 else "setting"
        raise ModelFileError(
            f"{path}: got the {several} {shown}, which holds for the whole deck and not for this"
            f" circuit, expected none; {'; '.join(remedies)}"
        )
