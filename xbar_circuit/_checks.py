"""Checks that every description makes when it is built, worded alike.

A description that exists is a description that can be simulated: numbers are finite and in range,
arrays are copied, float64 and read-only. Each function returns the clean value or raises.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit.errors import ParameterError, ShapeError

__all__ = [
    "FloatArray",
    "as_fields",
    "celsius",
    "choice",
    "conductance_matrix",
    "count",
    "instance",
    "non_negative",
    "number",
    "ohm",
    "read_volts",
    "real",
]

FloatArray = NDArray[np.float64]

_SMALLEST_SIEMENS = 1e-30  # far below any leak; its square and reciprocal are still floats
_LARGEST_SIEMENS = 1e12
_SMALLEST_OHM = 1e-12  # ngspice takes no smaller resistor: it warns, and puts this one
_LARGEST_OHM = 1e18


def number(
    name: str,
    value: Any,
    unit: str,
    *,
    minimum: float = 0.0,
    maximum: float = math.inf,
    above: bool = False,
    remedy: str = "give a finite number in SI units",
) -> float:
    """Return `value` as a float within [minimum, maximum] (or ``(minimum, maximum]`` if `above`).

    Raises
    ------
    ParameterError
        Not a real number, not finite, or out of range.
    """
    lower = f"> {minimum:g}" if above else f">= {minimum:g}"
    bounds = "a finite number" if minimum == -math.inf else f"a finite number {lower}"
    if maximum != math.inf:
        bounds += f" and <= {maximum:g}"
    expected = f"{bounds} [{unit}]"
    if isinstance(value, (bool, str, bytes)) or value is None:
        raise ParameterError.about(name, got=repr(value), expected=expected, remedy=remedy)
    try:
        result = float(value)
    except (TypeError, ValueError) as error:
        raise ParameterError.about(
            name, got=repr(value), expected=expected, remedy=remedy
        ) from error
    too_low = result <= minimum if above else result < minimum
    if not math.isfinite(result) or too_low or result > maximum:
        raise ParameterError.about(name, got=result, expected=expected, remedy=remedy)
    return result


def celsius(name: str, value: Any, *, minimum: float = -273.15, maximum: float = math.inf) -> float:
    """Return `value` as a temperature within (minimum, maximum] [degree Celsius].

    Raises
    ------
    ParameterError
        Not a real number, not finite, or out of range.
    """
    return number(
        name, value, "degree Celsius", minimum=minimum, maximum=maximum, above=True,
        remedy="give degrees Celsius; 300 K are 26.85",
    )  # fmt: skip


def ohm(name: str, value: Any, *, remedy: str) -> float:
    """Return `value` as a resistance [ohm]: 0, or from 1e-12 to 1e18.

    Raises
    ------
    ParameterError
        Not a real number, not finite, or out of range.
    """
    result = number(name, value, "ohm", remedy=remedy)
    if result != 0.0 and not _SMALLEST_OHM <= result <= _LARGEST_OHM:
        raise ParameterError.about(
            name,
            got=result,
            expected=f"0, or from {_SMALLEST_OHM:g} to {_LARGEST_OHM:g} [ohm]",
            remedy=remedy,
        )
    return result


def instance(name: str, value: object, kind: type, *, example: str) -> None:
    """Refuse what is not an instance of `kind`, such as the class itself.

    Raises
    ------
    ParameterError
        It is not.
    """
    if isinstance(value, type) or not isinstance(value, kind):
        got = repr(value)
        raise ParameterError.about(
            name,
            got=got if len(got) <= 200 and "\n" not in got else type(value).__name__,
            expected=f"an instance of {kind.__name__}",
            remedy=f"for example {example}",
        )


def count(name: str, value: Any, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int of at least `minimum` and at most `maximum`.

    Raises
    ------
    ParameterError
        Not a whole number, or out of range.
    """
    expected = f"a whole number >= {minimum}" + ("" if maximum is None else f" and <= {maximum}")
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < minimum or (maximum is not None and value > maximum):
        raise ParameterError.about(
            name, got=repr(value), expected=expected, remedy="give an integer in that range"
        )
    return int(value)


def choice(name: str, value: str, allowed: Collection[str]) -> str:
    """Return `value` if it is one of `allowed`.

    Raises
    ------
    ParameterError
        It is not.
    """
    if value not in allowed:
        raise ParameterError.about(
            name,
            got=repr(value),
            expected="one of " + ", ".join(map(repr, allowed)),
            remedy="choose one of these",
        )
    return value


def conductance_matrix(name: str, value: ArrayLike) -> FloatArray:
    """Return a read-only float64 copy of a non-negative, finite (rows, cols) array [S].

    Raises
    ------
    ShapeError
        Not two-dimensional, or empty.
    ParameterError
        An entry is not a number, not finite, negative, or beyond 1e-30 to 1e12 S without being 0.
    """
    array = _real_array(name, value, "conductances in siemens, shape (rows, cols)")
    if array.ndim != 2 or array.size == 0:
        raise ShapeError.about(
            name,
            got=f"shape {array.shape}",
            expected="shape (rows, cols), at least (1, 1)",
            remedy="pass one matrix; a single device is [[g]]",
        )
    _refuse(name, array, ~np.isfinite(array), "finite conductances [S]", "0 is an open device")
    _refuse(
        name,
        array,
        array < 0.0,
        "conductances >= 0 [S]",
        "map signed weights to pairs of columns first",
    )
    _refuse(
        name,
        array,
        (array > 0.0) & ((array < _SMALLEST_SIEMENS) | (array > _LARGEST_SIEMENS)),
        f"0, or from {_SMALLEST_SIEMENS:g} to {_LARGEST_SIEMENS:g} [S]",
        "use 0 for an open device; conductances are in siemens, not microsiemens",
    )
    array += 0.0  # -0.0 is 0.0: equal arrays have equal bytes, of which a hash is made
    array.flags.writeable = False
    return array


def as_fields(description: Any) -> tuple[Any, ...]:
    """Return how to pickle or copy a description by its fields; a ``__reduce__``.

    Arrays come writable from a pickle or a deep copy. A ``__setstate__`` would do, but Python
    before 3.11.4 puts its own in the place of that of a frozen dataclass with slots.
    """
    state = {field.name: getattr(description, field.name) for field in fields(description)}
    return _from_fields, (type(description), state)


def _from_fields(kind: type, state: Mapping[str, Any]) -> Any:
    description: Any = object.__new__(kind)
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        object.__setattr__(description, name, value)
    return description


def non_negative(name: str, value: ArrayLike, unit: str) -> FloatArray:
    """Return a float64 copy of an array of any shape whose entries are finite and at least 0.

    Raises
    ------
    ParameterError
        An entry is not a number, not finite, or negative.
    """
    array = _real_array(name, value, f"numbers >= 0 [{unit}]")
    bad = ~(np.isfinite(array) & (array >= 0.0))
    _refuse(name, array, bad, f"finite numbers >= 0 [{unit}]", "give finite numbers in SI units")
    return array


def real(name: str, value: ArrayLike) -> FloatArray:
    """Return a float64 copy of an array of any shape, finite or not.

    Raises
    ------
    ParameterError
        An entry is not a real number.
    """
    return _real_array(name, value, "real numbers")


def read_volts(name: str, value: ArrayLike, rows: int) -> FloatArray:
    """Return input voltages as a float64 (batch, rows) array [V]; one vector becomes batch 1.

    Raises
    ------
    ShapeError
        Not (rows,) or (batch, rows), or an empty batch.
    ParameterError
        An entry is not a finite number.
    """
    array = _real_array(name, value, f"voltages, shape (batch, {rows}) or ({rows},)")
    if array.ndim == 1:
        array = array[np.newaxis, :]
    if array.ndim != 2 or array.shape[1] != rows or array.shape[0] == 0:
        raise ShapeError.about(
            name,
            got=f"shape {np.shape(value)}",
            expected=f"shape (batch, {rows}) or ({rows},), one voltage per row",
            remedy="put the inputs along the last axis, at least one vector",
        )
    _refuse(name, array, ~np.isfinite(array), "finite voltages [V]", "remove NaN and infinities")
    return array


def _real_array(name: str, value: ArrayLike, expected: str) -> FloatArray:
    """Copy anything array-like to float64 and refuse what is not real numbers."""
    if isinstance(value, np.ma.MaskedArray) and bool(np.ma.getmaskarray(value).any()):
        raise ParameterError.about(
            name,
            got=f"a masked array with {int(np.ma.getmaskarray(value).sum())} masked entries",
            expected=expected,
            remedy="fill the masked entries: array.filled(0.0), where 0 is an open device or 0 V",
        )
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"dtype {array.dtype}")
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError.about(
            name,
            got=f"{type(value).__name__} ({error})",
            expected=expected,
            remedy="pass an array of real numbers",
        ) from error


def _refuse(
    name: str, array: FloatArray, bad: NDArray[np.bool_], expected: str, remedy: str
) -> None:
    """Raise about the first bad entry and how many there are."""
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        raise ParameterError.about(
            f"{name}{list(where)}",
            got=f"{array[where]} ({int(bad.sum())} such entries)",
            expected=expected,
            remedy=remedy,
        )
