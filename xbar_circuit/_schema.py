"""Tables of a TOML file, checked by a schema that is made of the Python descriptions themselves.

A description is a dataclass: its fields have names, types, defaults and docstrings. `table_model`
makes a pydantic model of one, so that a file is checked, documented, and offered to editors by what
Python already says, and a new field is a new key. What is wrong is named by its key, with what was
got and what was expected.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from xbar_circuit.errors import ModelFileError, ParameterError, ShapeError, XbarError

__all__ = [
    "LISTS",
    "NOTHING",
    "Table",
    "Whole",
    "build",
    "checked",
    "choice_of",
    "descriptions",
    "optional",
    "table_model",
    "unit_of",
]

#: Words that stand for Python's None in a file, which has no word of its own for it.
NOTHING = ("none", "exact")

_LARGEST = 2**53  # whole numbers beyond are none in float64
_MOST_ERRORS = 5
_UNITS = {
    "ohm": "ohm", "volt": "V", "ampere": "A", "siemens": "S", "second": "s", "seconds": "s",
    "hertz": "Hz", "farad": "F", "joule": "J", "watt": "W", "metre": "m", "meter": "m",
    "ev": "eV", "celsius": "degree Celsius", "bytes": "byte", "lsb": "LSB",
    "percentile": "%", "cycle": "cycle",
}  # fmt: skip
_COMPOUND = {
    "square_metre": "m2", "volt_per_second": "V/s", "volt_per_root_hertz": "V/sqrt(Hz)",
    "ampere_per_root_hertz": "A/sqrt(Hz)", "joule_per_metre": "J/m",
    "volt_per_celsius": "V/degree Celsius", "ampere_per_celsius": "A/degree Celsius",
    "_per_celsius": "1/degree Celsius",
}  # fmt: skip


class Table(BaseModel):
    """A table of a file; its subclasses come from `table_model`."""

    model_config = ConfigDict(
        strict=True, extra="forbid", protected_namespaces=(), defer_build=True
    )

    #: Makes what the table describes of its values and the folder where file names start.
    makes: ClassVar[Callable[[dict[str, Any], Path], Any]]
    #: What its keys describe in Python, if it is one class.
    of: ClassVar[type | None]

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, content: Any) -> Any:
        if isinstance(content, Mapping):
            unknown = [str(key) for key in content if key not in cls.model_fields]
            if unknown:
                raise PydanticCustomError(
                    "unknown_key", "unknown key", {"key": unknown[0], "known": [*cls.model_fields]}
                )
        return content


Whole = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]
_listed = BeforeValidator(lambda value: list(value) if isinstance(value, tuple) else value)
#: Types of lists by that of their entries.
LISTS: dict[Any, Any] = {
    int: Annotated[list[Whole], _listed],
    float: Annotated[list[float], _listed],
    str: Annotated[list[str], _listed],
}

_PLAIN: dict[Any, Any] = {
    int: Whole,
    float: float,
    str: str,
    bool: bool,
    tuple[float, ...]: LISTS[float],
    tuple[str, ...]: LISTS[str],
}


def optional(kind: Any) -> Any:
    """Return the type of a key that may also be one of the words of `NOTHING`."""
    return Annotated[
        kind | None if isinstance(kind, type) else Union[kind, None],  # noqa: UP007
        BeforeValidator(lambda v: None if isinstance(v, str) and v in NOTHING else v),
    ]


def choice_of(models: Mapping[str, Any], *, default: str | None, key: str = "kind") -> Any:
    """Return the type of a part: a table whose `key` says which of the models it is.

    Parameters
    ----------
    models
        By the value of the key. A model under ``"<text>"`` is for what is no table.
    default
        What a table without the key is; None refuses it.
    key
        ``"kind"``.
    """

    def tag(value: Any) -> str | None:
        if isinstance(value, Mapping):
            named = value.get(key, default)
            return (
                None if named is None else f"<{named if isinstance(named, str) else repr(named)}>"
            )
        return "<text>" if "<text>" in models and isinstance(value, str) else None

    members = [
        Annotated[model, Tag(name if name == "<text>" else f"<{name}>")]
        for name, model in models.items()
    ]
    union = Union[tuple(members)]  # type: ignore[valid-type]  # noqa: UP007
    return Annotated[union, Discriminator(tag)]


def table_model(
    name: str,
    of: Callable[..., Any] | None = None,
    *,
    documented: Any = None,
    types: Mapping[Any, Any] | None = None,
    keys: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    kind: str | None = None,
    default_kind: bool = False,
    given: bool = True,
    makes: Callable[[dict[str, Any], Path], Any] | None = None,
) -> type[Table]:
    """Return the model of a table that describes a dataclass.

    Parameters
    ----------
    name
        Of the model.
    of
        The dataclass whose fields are keys; None has no others than `keys`.
    documented
        Whose docstring says what the keys mean; `of` unless said.
    types
        Types of keys by the type that the field has in Python.
    keys
        Types of keys by name, where the field's type does not say enough; of a key that is no
        field ``(type, default)`` or ``(type, default, meaning)``.
    without
        Fields that are no keys.
    kind, default_kind
        What the table's ``kind`` is, and whether a table without one is of this kind.
    given
        Whether fields without a default must be given.
    makes
        What is made of the values, and of the folder where file names start; the dataclass unless
        said.
    """
    known = {**_PLAIN, **(types or {})}
    chosen: dict[str, Any] = {}
    if kind is not None:
        word = Literal[kind]  # type: ignore[valid-type]
        chosen["kind"] = (word, kind) if default_kind else (word, ...)
    texts = descriptions(documented or of)
    hints = {} if of is None else get_type_hints(of)
    own = set() if of is None else {one.name for one in fields(of)}  # type: ignore[arg-type]
    for key, value in (keys or {}).items():
        if key not in own:
            kind_of, default, *words = value if isinstance(value, tuple) else (value, None)
            texts[key] = words[0] if words else texts.get(key, "")
            chosen[key] = (kind_of, Field(default=default, description=texts[key] or None))
    for one in () if of is None else fields(of):  # type: ignore[arg-type]
        if not one.init or one.name in without or one.name.startswith("_"):
            continue
        type_of = (keys or {}).get(one.name)
        if type_of is None:
            type_of = _type_of(hints[one.name], known)
        needed = given and one.default is MISSING and one.default_factory is MISSING
        plain = isinstance(one.default, int | float | str | bool | tuple)
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        chosen[one.name] = (
            type_of,
            Field(
                default=... if needed else default if plain else None,
                description=texts.get(one.name),
            ),
        )
    model = create_model(name, __base__=Table, **chosen)
    model.of = of if isinstance(of, type) else documented
    model.makes = makes or (lambda values, _: of(**values))  # type: ignore[misc]
    return model


def _type_of(hint: Any, known: Mapping[Any, Any]) -> Any:
    if hint in known:
        return known[hint]
    rest = [part for part in getattr(hint, "__args__", ()) if part is not type(None)]
    if len(rest) == 1 and rest[0] in known:
        return optional(known[rest[0]])
    raise TypeError(f"no key has the type {hint}")


def checked(model: type[Table], content: Any, name: str = "") -> Table:
    """Return the checked table.

    Raises
    ------
    ParameterError
        Something in it is wrong: the first few faults, one a line.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = [_words(one, name) for one in error.errors(include_url=False)]
        more = f"\n... and {len(found) - _MOST_ERRORS} more" if len(found) > _MOST_ERRORS else ""
        raise ParameterError("\n".join(found[:_MOST_ERRORS]) + more) from error
    except RecursionError as error:
        raise ParameterError.about(
            name or "the file", got="tables in tables without end", expected="a few levels",
            remedy="write it flat",
        ) from error  # fmt: skip


def build(table: Table, *, name: str, folder: Path) -> Any:
    """Return what a checked table describes.

    Parameters
    ----------
    table
        From `checked`, or a table in it.
    name
        Its key, for messages.
    folder
        Where file names start.

    Raises
    ------
    XbarError
        A number out of range, parts that do not fit each other, or a file that cannot be read.
    """
    values = {
        key: _made(getattr(table, key), name=f"{name}.{key}" if name else key, folder=folder)
        for key in type(table).model_fields
        if key in table.model_fields_set and key != "kind"
    }
    where = f"{name}." if name else ""
    try:
        return type(table).makes(values, folder)
    except (ParameterError, ShapeError) as error:
        raise type(error)(f"{where}{error}") from error
    except XbarError:
        raise
    except (TypeError, ValueError, ArithmeticError, OSError) as error:
        raise ModelFileError(
            f"{name or 'the file'}: got {error}, expected valid values for this part; correct them"
        ) from error


def _made(value: Any, *, name: str, folder: Path) -> Any:
    if isinstance(value, Table):
        return build(value, name=name, folder=folder)
    if isinstance(value, list):
        return tuple(_made(v, name=f"{name}[{k}]", folder=folder) for k, v in enumerate(value))
    return value


def unit_of(key: str) -> str:
    """Return the unit that a key's name says; empty where it says none.

    >>> unit_of("row_lead_ohm"), unit_of("bits")
    ('ohm', '')
    """
    compound = next((unit for end, unit in _COMPOUND.items() if key.endswith(end)), None)
    return compound or _UNITS.get(key.rpartition("_")[2], "")


def descriptions(of: Any) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each parameter."""
    found: dict[str, str] = {}
    for kind in reversed(getattr(of, "__mro__", ())):
        found.update(_parameters(kind.__dict__.get("__doc__") or ""))
    return found


_HEADING = re.compile(r"((?:\w+)(?:, \w+)*)(?: : (.*))?$")


def _parameters(text: str) -> dict[str, str]:
    """Read "name" and text below it, or "name : text", from a NumPy docstring."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    lines = text.splitlines()
    section = ""
    for k, line in enumerate(lines):
        stripped = line.strip()
        if k + 1 < len(lines) and set(lines[k + 1].strip()) == {"-"}:
            section, names = stripped, []
            continue
        indent = len(line) - len(line.lstrip())
        heading = _HEADING.match(stripped)
        inside = section == "Parameters" or (not section and heading and heading[2])
        if heading and indent == 4 and inside and (section or heading[2]):
            names = heading[1].split(", ")
            for name in names:
                found[name] = [heading[2]] if heading[2] else []
        elif not stripped:
            names = [] if not section else names
        elif indent > 4:
            for name in names:
                found[name].append(stripped)
    return {name: " ".join(words) for name, words in found.items() if words}


def _words(error: Any, name: str) -> str:
    """Word one fault of pydantic's as this package words them."""
    place = [str(step) for step in error["loc"] if not str(step).startswith("<")]
    where = ".".join(filter(None, [name, *place])) or "the file"
    where = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", where)
    key = place[-1] if place else ""
    kind, context = error["type"], error.get("ctx", {})
    got = "nothing" if kind == "missing" else _shown(error["input"])
    unit = unit_of(next((step for step in reversed(place) if not step.isdigit()), ""))
    unit = f" [{unit}]" if unit else ""
    if kind == "unknown_key":
        table = "" if where == "the file" else f"{where}."
        return (
            f"{table}{context['key']}: got an unknown key, expected some of"
            f" {', '.join(context['known'])}; "
            + (_nearest(context["key"], context["known"]) or "correct the spelling")
        )
    if kind == "union_tag_not_found" and isinstance(error["input"], Mapping):
        return f"{where}: got no kind, expected one; add kind ="
    if kind == "union_tag_invalid":
        wanted = [w.strip("'<>") for w in context["expected_tags"].split(", ")]
        tag = context["tag"].strip("<>")
        return (
            f"{where}.kind: got {tag!r}, expected one of {', '.join(map(repr, wanted))};"
            f" {_nearest(tag, wanted) or 'choose one of these'}"
        )
    if kind in {"model_type", "model_attributes_type", "dict_type", "union_tag_not_found"}:
        short = f'{key} = {{ kind = "..." }}' if kind == "union_tag_not_found" else f"[{where}]"
        return f"{where}: got {got}, expected a table; write {short}"
    if kind == "literal_error":
        wanted = re.findall(r"'([^']*)'", context["expected"])
        hint = _nearest(str(error["input"]), wanted) or "choose one of these"
        return f"{where}: got {got}, expected one of {', '.join(map(repr, wanted))}; {hint}"
    expected, remedy = _EXPECTED.get(kind, (error["msg"].lower(), "correct it"))
    if kind == "list_type" and isinstance(error["input"], int | float):
        remedy = f"write {key} = [{error['input']}]"
    return f"{where}: got {got}, expected {expected.format(unit=unit, **context)}; {remedy}"


_EXPECTED = {
    "missing": ("a value{unit}", "add the key"),
    "float_type": ("a number{unit}", "write it without quotes"),
    "int_type": ("a whole number{unit}", "write it without quotes and without a point"),
    "int_from_float": ("a whole number{unit}", "write it without a point"),
    "bool_type": ("true or false", "write it without quotes"),
    "string_type": ("text", "write it in quotes"),
    "list_type": ("a list{unit}", "write it in square brackets"),
    "greater_than_equal": ("a number >= {ge}{unit}", "correct it"),
    "less_than_equal": ("a number <= {le}{unit}", "correct it"),
    "too_short": ("at least {min_length} of them", "add one"),
}


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
