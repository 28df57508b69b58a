"""Modules of the user's own: found next to the study, and never in front of an installed package.

A folder that holds a study or a network may hold ``onnx.py`` or ``h5netcdf.py`` too, by accident or
on purpose. Such a folder is therefore not put on ``sys.path``. Only the module that was asked for
by name is looked for in it, and what that module imports from its own folder; whatever is installed
comes first. Which functions a file may name is decided here too: those of modules of the user's
own, and of modules that she allows.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from xbar_circuit.errors import ModelFileError, ParameterError

__all__ = ["allow", "import_own", "is_own_file", "look_in", "recall", "remember"]

_PACKAGE = Path(__file__).resolve().parent


class _Finder(importlib.abc.MetaPathFinder):
    """The last that is asked for a module."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.names: set[str] = set()
        self.allowed: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module that was asked for by name, or by another one of the same folder."""
        del target
        if path is not None:  # inside a package, which knows its own folder
            return None
        for folder in self.folders:
            if fullname in self.names or _asked_from(folder):
                found = importlib.machinery.PathFinder.find_spec(fullname, [folder])
                if found is not None and found.origin is not None:
                    return found
        return None


_FINDER = _Finder()


def look_in(folder: str | Path) -> None:
    """Look for the user's modules in a folder, after everything that is installed."""
    place = str(Path(folder).resolve())
    if place not in _FINDER.folders:
        _FINDER.folders.append(place)
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


def allow(names: Iterable[str]) -> None:
    """Let files name functions of these modules too, installed ones."""
    _FINDER.allowed.update(names)


def remember() -> tuple[list[str], ...]:
    """Return what a worker process must know to find the same modules."""
    return list(_FINDER.folders), sorted(_FINDER.names), sorted(_FINDER.allowed)


def recall(known: tuple[list[str], ...]) -> None:
    """Find, in a worker process, what was found where `known` comes from."""
    folders, names, allowed = known
    for folder in folders:
        look_in(folder)
    _FINDER.names.update(names)
    allow(allowed)


def import_own(name: str, *, said_by: str, own: bool = True) -> Any:
    """Import a module that a file or a command names.

    Parameters
    ----------
    name
        Such as ``"my_study"``.
    said_by
        What named it, for messages: ``"study.function"``.
    own
        Whether others are refused; not where the user typed the name herself.

    Raises
    ------
    ModelFileError
        It cannot be imported, or a file of the user's is called like an installed module.
    ParameterError
        It is neither the user's own nor allowed.
    """
    top = name.partition(".")[0]
    _FINDER.names.add(top)
    spec = _spec(top, said_by)
    for folder in _FINDER.folders:
        mine = importlib.machinery.PathFinder.find_spec(top, [folder])
        if mine is not None and mine.origin is not None and mine.origin != spec.origin:
            raise ModelFileError(
                f"{said_by}: got {name!r}, a file {mine.origin} of the same name as the installed"
                f" module {spec.origin or top}, expected a name of its own; rename the file"
            )
    if own and not {top, name} & _FINDER.allowed and not _is_own(spec):
        raise ParameterError.about(
            said_by,
            got=f"the module {name!r} ({spec.origin or 'built in'})",
            expected="a module of your own, in a file next to the study or on PYTHONPATH",
            remedy=f"if you mean to run it, allow it: --allow {top}",
        )
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise _unimportable(said_by, name, error) from error


def _spec(top: str, said_by: str) -> importlib.machinery.ModuleSpec:
    try:
        loaded = sys.modules.get(top)
        spec = getattr(loaded, "__spec__", None) or importlib.util.find_spec(top)
    except (ImportError, ValueError) as error:
        raise _unimportable(said_by, top, error) from error
    if spec is None:
        raise _unimportable(said_by, top, ModuleNotFoundError(f"No module named {top!r}"))
    return spec


def _unimportable(said_by: str, name: str, error: Exception) -> ModelFileError:
    return ModelFileError(
        f"{said_by}: got {name!r}, whose import fails ({error!r}), expected a module next to the"
        " study or on the path; set PYTHONPATH to its folder"
    )


def _is_own(spec: importlib.machinery.ModuleSpec) -> bool:
    return spec.origin is not None and spec.has_location and is_own_file(spec.origin)


def is_own_file(file: str | Path) -> bool:
    """Whether a module's file lies outside of Python, its packages and this package."""
    place = Path(file).resolve()
    installed = {
        sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    folders = [*installed, *site.getsitepackages(), site.getusersitepackages(), str(_PACKAGE)]
    if any(place.is_relative_to(Path(folder).resolve()) for folder in folders if folder):
        return False
    return not {"site-packages", "dist-packages"} & set(place.parts)


def _asked_from(folder: str) -> bool:
    """Whether the import in progress comes from a file in this folder."""
    frame: Any = sys._getframe(2)  # noqa: SLF001  there is no other way to know who asks
    while frame is not None and _is_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and Path(frame.f_code.co_filename).is_relative_to(folder)


def _is_machinery(file: str) -> bool:
    return file.startswith("<frozen importlib") or Path(file).parent.name == "importlib"
