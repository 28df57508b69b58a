"""The model libraries of a user's circuit, their corners, and its compiled Verilog-A models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.spice_text import declared_sections, read
from xbar_circuit.verilog_a import compile_cached

__all__ = ["at_corner", "compiled", "libraries_of", "library_named"]

Libraries = tuple[tuple[Path, str | None], ...]


def libraries_of(models: object) -> tuple[tuple[Path, str | None], ...]:
    """Return every library with its section, or None.

    Raises
    ------
    ParameterError, ModelFileError
        It is something else; a file does not exist.
    """
    if models is None:
        return ()
    if isinstance(models, (str, Path)):
        entries: list[object] = [models]
    elif _is_pair(models):
        entries = [models]
    elif isinstance(models, Sequence):
        entries = list(models)
    else:
        raise ParameterError.about(
            "models",
            got=repr(models),
            expected="a file, (file, corner), or a sequence of these",
            remedy='for example ("pdk.lib", "tt")',
        )
    result: list[tuple[Path, str | None]] = []
    for entry in entries:
        first, corner = entry if isinstance(entry, tuple) else (entry, None)
        file = Path(str(first)).expanduser().resolve()
        if not file.is_file():
            raise ModelFileError(
                f"models: got {str(file)!r}, expected a model library that exists; correct the path"
            )
        result.append((file, None if corner is None else str(corner)))
    return tuple(result)


def library_named(text: str, folder: Path = Path()) -> Path | tuple[Path, str]:
    """Return the library of ``FILE`` or ``FILE:SECTION``, a relative name from a folder on."""
    whole = folder / Path(text).expanduser()
    file, colon, section = text.rpartition(":")
    if not colon or whole.is_file():
        return whole
    return folder / Path(file).expanduser(), section


def _is_pair(models: object) -> bool:
    """Say whether it is a file and a corner, not two files."""
    if not isinstance(models, tuple) or len(models) != 2:
        return False
    file, corner = models
    words = isinstance(file, (str, Path)) and (corner is None or isinstance(corner, str))
    return words and not Path(str(corner)).expanduser().is_file()


def at_corner(libraries: Libraries, corner: str, circuit: str) -> Libraries:
    """Return the libraries with other sections: one for all, or ``"ss+wcs"``, one for each.

    Raises
    ------
    ParameterError
        There are no sections to change, or the number of names does not fit.
    ModelFileError
        A library has no such section.
    """
    sectioned = [path for path, section in libraries if section is not None]
    if not sectioned:
        raise ParameterError.about(
            "corner",
            got=repr(corner),
            expected=f"a circuit whose models have corners, {circuit} has none",
            remedy='give models=("pdk.lib", "tt")',
        )
    names = corner.split("+")
    if len(names) == 1:
        names *= len(sectioned)
    if len(names) != len(sectioned):
        raise ParameterError.about(
            "corner",
            got=repr(corner),
            expected=f"one section, or one for each of {', '.join(p.name for p in sectioned)}",
            remedy=f"join them by plus signs: {'+'.join(['tt'] * len(sectioned))}",
        )
    for path, name in zip(sectioned, names, strict=True):
        known = declared_sections(read(path))
        if name.lower() not in [section.lower() for section in known]:
            several = len(sectioned) > 1 and "+" not in corner
            hint = "; of several libraries write one section for each, ss+wcs" if several else ""
            raise ModelFileError(
                f"corner: got {name!r}, expected a section of {path}: {', '.join(known)}; correct"
                f" the corner's name{hint}"
            )
    left = iter(names)
    return tuple((path, None if old is None else next(left)) for path, old in libraries)


def compiled(models: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    """Return compiled Verilog-A models; sources are compiled once for their content.

    Raises
    ------
    ModelFileError
        A file is missing, or the compiler refused it.
    SimulatorNotFoundError
        There is no compiler.
    """
    files = []
    for model in [models] if isinstance(models, (str, Path)) else models:
        file = Path(model).expanduser().resolve()
        if not file.is_file():
            raise ModelFileError(
                f"osdi: got {str(file)!r}, expected a Verilog-A model that exists, .va or .osdi;"
                " correct the path"
            )
        files.append(compile_cached(file) if file.suffix.lower() == ".va" else file)
    return tuple(files)
