"""Short text of large objects, and a table or a small map of them in a notebook."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from html import escape
from importlib import import_module
from typing import Any, TypeVar

from xbar_circuit._checks import FloatArray
from xbar_circuit.units import engineering

__all__ = ["brief", "full_text", "headline", "number_text"]

Kind = TypeVar("Kind", bound=type)

_UNITS = {
    "ampere": "A",
    "bytes": "byte",
    "celsius": "degree Celsius",
    "db": "dB",
    "degree": "degree",
    "farad": "F",
    "hertz": "Hz",
    "joule": "J",
    "lsb": "LSB",
    "ohm": "ohm",
    "second": "s",
    "siemens": "S",
    "volt": "V",
    "watt": "W",
}
_PLAIN = {"byte", "dB", "degree", "degree Celsius", "LSB"}  # never with a prefix
_MOST_ROWS = 24


def brief(
    words: Callable[[Any], str],
    *,
    picture: Callable[[Any], FloatArray | None] | None = None,
    table: bool = False,
) -> Callable[[Kind], Kind]:
    """Return a decorator of a class: what it says of itself in a line, and in a notebook.

    Parameters
    ----------
    words
        What follows the class's name.
    picture
        Matrix of which a notebook shows a small map; None, or a result of None, shows none.
    table
        Whether a notebook also shows every field that is a number or a word.

    Returns
    -------
    Callable
        The decorator, to be put above that of the data class.
    """

    def decorate(kind: Kind) -> Kind:
        def text(self: Any) -> str:
            return f"<{type(self).__name__} {words(self)}>"

        def page(self: Any) -> str:
            """Return the same with a small map or a table, for notebooks."""
            parts = [f"<code>{escape(repr(self))}</code>"]
            matrix = None if picture is None else picture(self)
            if matrix is not None:
                draw = import_module("xbar_circuit.plots.thumbnail").thumbnail  # a higher floor
                parts.insert(0, draw(matrix))
            if table:
                cells = "".join(
                    f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(value)}</td>"
                    "</tr>"
                    for name, value in _rows(self)
                )
                parts.append(f"<table>{cells}</table>")
            return " ".join(parts)

        kind.__repr__ = text  # type: ignore[assignment]
        kind._repr_html_ = page  # type: ignore[attr-defined]
        return kind

    return decorate


def headline(value: object, lead: str, *names: str) -> str:
    """Return some of an object's numbers in a line.

    Parameters
    ----------
    value
        The object.
    lead
        What comes first, such as its name.
    names
        Attributes, with the units that their names end in.

    >>> from xbar_circuit.wires import Wires
    >>> headline(Wires(row_ohm=1.0, column_ohm=2e3), "copper", "row_ohm", "column_ohm")
    'copper: row_ohm 1 ohm, column_ohm 2 kohm'
    """
    shown = ", ".join(f"{name} {number_text(name, getattr(value, name))}" for name in names)
    return f"{lead}: {shown}" if lead else shown


def full_text(value: object) -> str:
    """Return a data class with all its fields, however short it is otherwise: for records.

    >>> from xbar_circuit.wires import Wires
    >>> full_text(Wires(row_ohm=1.0, column_ohm=2.0))[:32]
    'Wires(row_ohm=1.0, column_ohm=2.'
    """
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    shown = (f"{f.name}={full_text(getattr(value, f.name))}" for f in fields(value) if f.repr)
    return f"{type(value).__qualname__}({', '.join(shown)})"


def _rows(value: Any) -> list[tuple[str, str]]:
    """Return name and text of the fields that are a number or a word."""
    found = []
    for one in fields(value):
        got = getattr(value, one.name)
        if isinstance(got, (bool, str)):
            found.append((one.name, str(got)))
        elif isinstance(got, (int, float)) and not (isinstance(got, float) and math.isnan(got)):
            found.append((one.name, number_text(one.name, got)))
    return found[:_MOST_ROWS]


def number_text(name: str, value: float) -> str:
    """Return a number with the unit that its name ends in.

    >>> number_text("settling_second", 1.68e-9), number_text("gain_error", -5e-4)
    ('1.68 ns', '-0.0005')
    """
    unit = _UNITS.get(name.rsplit("_", 1)[-1], "")
    if unit and unit not in _PLAIN and math.isfinite(value):
        return engineering(value, unit)
    return f"{value:.4g} {unit}".strip()
