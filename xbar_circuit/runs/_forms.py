"""What is kept as JSON: plain data, arrays, and this package's own dataclasses.

Numbers come back bit for bit. Nothing is executed: a class is looked up only in this package, and
only one of data, which checks its fields when it is made.
"""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.errors import ParameterError

__all__ = ["decode", "encode"]

_KINDS = "biufcUS"  # of arrays that are plain data
_TAG = "$"  # a mapping with this one key stands for what JSON cannot say
_OWN = f"{__name__.partition('.')[0]}."


def encode(value: Any, name: str = "value") -> Any:
    """Return a JSON form from which `decode` makes the same value; tuples become lists.

    In this package's own dataclasses everything keeps its type.

    Raises
    ------
    ParameterError
        Something in it is not plain data, a dataclass of this package, or an array of numbers,
        truth values or text.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        content = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {_TAG: ["array", value.dtype.str, list(value.shape), content]}
    if is_dataclass(value) and _is_own(type(value)):
        own = {f.name: _exact(getattr(value, f.name), name) for f in fields(value) if f.init}
        return {_TAG: ["fields", _place(type(value)), own]}
    if isinstance(value, (list, tuple)):
        return [encode(entry, f"{name}[{k}]") for k, entry in enumerate(value)]
    if isinstance(value, Mapping) and _TAG not in value and all(isinstance(k, str) for k in value):
        return {key: encode(entry, f"{name}.{key}") for key, entry in value.items()}
    return _single(value, name)


def _single(value: Any, name: str) -> Any:
    """Return the form of what has no parts."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_TAG: ["float", repr(value)]}
    if isinstance(value, complex):
        return {_TAG: ["complex", repr(value)]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ParameterError.about(
        name,
        got=type(value).__name__,
        expected="numbers, text, arrays, and lists or string-keyed mappings of them",
        remedy="return dataclasses.asdict(report), or only the numbers that you want to keep",
    )


def _exact(value: Any, name: str) -> Any:
    """Return the form of what stands in a dataclass: tuples, enumerations, any keys stay so."""
    if isinstance(value, Enum) and _is_own(type(value)):
        return {_TAG: ["enum", _place(type(value)), value.name]}
    if isinstance(value, Path):
        return {_TAG: ["path", str(value)]}
    if isinstance(value, (tuple, frozenset)):
        kind = "tuple" if isinstance(value, tuple) else "frozenset"
        return {_TAG: [kind, [_exact(entry, name) for entry in value]]}
    if isinstance(value, list):
        return [_exact(entry, name) for entry in value]
    if isinstance(value, Mapping):
        pairs = [[_exact(k, name), _exact(entry, f"{name}.{k}")] for k, entry in value.items()]
        return {_TAG: ["map", pairs]}
    return encode(value, name)


def _is_own(kind: type) -> bool:
    """Whether a class stands at the top level of a module of this package."""
    return kind.__module__.startswith(_OWN) and "." not in kind.__qualname__


def _place(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _kind(place: str) -> Any:
    """Return the dataclass or enumeration of this package that `_place` named."""
    module, _, name = place.partition(":")
    if not module.startswith(_OWN):
        raise ValueError(f"{place} is no class of this package")
    kind = getattr(sys.modules.get(module) or import_module(module), name)
    if not isinstance(kind, type) or not (issubclass(kind, Enum) or is_dataclass(kind)):
        raise ValueError(f"{place} is no class of data")
    if kind.__module__ != module:
        raise ValueError(f"{place} belongs to {kind.__module__}")
    return kind


def decode(form: Any) -> Any:
    """Return the value that `encode` wrote.

    >>> decode(encode({"x": (1, float("inf")), "y": np.arange(3.0)}))
    {'x': [1, inf], 'y': array([0., 1., 2.])}
    """
    if isinstance(form, list):
        return [decode(entry) for entry in form]
    if not isinstance(form, dict):
        return form
    if _TAG not in form:
        return {key: decode(entry) for key, entry in form.items()}
    kind, *rest = form[_TAG]
    return _MAKE[kind](*rest)


def _array(dtype: str, shape: list[int], content: str) -> Any:
    if np.dtype(dtype).kind not in _KINDS:
        raise ValueError(f"an array of {dtype}")
    flat = np.frombuffer(base64.b64decode(content, validate=True), dtype=np.dtype(dtype))
    return flat.reshape(shape).copy()


def _made(place: str, content: dict[str, Any]) -> Any:
    return _kind(place)(**{key: decode(entry) for key, entry in content.items()})


_MAKE: dict[str, Callable[..., Any]] = {
    "array": _array,
    "float": float,
    "complex": complex,
    "fields": _made,
    "enum": lambda place, name: _kind(place)[name],
    "path": Path,
    "tuple": lambda entries: tuple(map(decode, entries)),
    "frozenset": lambda entries: frozenset(map(decode, entries)),
    "map": lambda pairs: {decode(key): decode(entry) for key, entry in pairs},
}
