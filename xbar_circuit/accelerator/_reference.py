"""The TOML file of an accelerator, explained: an example with every key, a page, a JSON schema.

All three are read off the models that check such a file, see `parts` and `settings`; none is
written by hand.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import textwrap
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from xbar_circuit._schema import Table, unit_of
from xbar_circuit.accelerator._parts import PCM_PRESETS, PcmTable, accelerator_table
from xbar_circuit.accelerator.settings import InferenceSettings, from_dictionary, settings_table
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit

__all__ = ["example_toml", "json_schema", "keys_of", "reference_page", "settings_toml"]

_WIDTH = 100  # columns of the page's text
_HEAD = """\
#:schema {schema}
# An accelerator and how it is run, for xbar infer, mapping, cost and the studies of xbar sweep.
# Every key is listed with its default; delete the ones you do not change. Units are in the names
# (SI). "none" means no value. Lines that begin with "#" hold what else a table can be.
"""
_LAYERS = """
# Layers by name that are not on [accelerator]: digital in float32 ("digital") or in whole numbers
# ("int8"), on an accelerator of [accelerators] by its name, or with settings of their own.
[layers]
# conv1 = "wide"
# conv2 = {{ readout.converter.bits = 10 }}
# dense3 = "digital"

# Other accelerators; whatever they leave out is as in [accelerator].
# [accelerators.wide]
# readout.converter.bits = 10
"""


def example_toml(schema: str = "xbar.schema.json") -> str:
    """Return a TOML file with every key, its meaning and its default; it reads as the defaults.

    Parameters
    ----------
    schema
        Where editors find `json_schema`, seen from the file.
    """
    lines = _HEAD.format(schema=schema).splitlines()
    usual = InferenceSettings()
    lines += ["", *_section("accelerator", accelerator_table(), usual.accelerator)]
    lines += _LAYERS.format().splitlines()
    preset = next(iter(PCM_PRESETS.values()))()
    pcm_lines = ["", *_about(PcmTable), *_section("pcm", PcmTable, preset)]
    lines += [line if not line or line.startswith("#") else f"# {line}" for line in pcm_lines]
    run = _tables(settings_table().model_fields["run"].annotation)[0]
    lines += ["", *_section("run", run, usual)]
    return "\n".join(lines) + "\n"


def settings_toml(settings: InferenceSettings) -> str:
    """Return the TOML file of settings; it reads as the same settings.

    Raises
    ------
    ParameterError
        The settings hold what no file says, such as a part of the user's own class.
    """
    lines = _section("accelerator", accelerator_table(), settings.accelerator)
    if settings.digital:
        lines += ["", "[layers]"]
    for name, bits in settings.digital.items():
        lines.append(f"{json.dumps(name)} = {_value('digital' if bits is None else f'int{bits}')}")
    for name, other in settings.elsewhere.items():
        lines += ["", *_section(f"layers.{json.dumps(name)}", accelerator_table(), other)]
    if settings.accelerator.statistics is not None:
        lines += ["", *_section("pcm", PcmTable, settings.accelerator.statistics)]
    run = _tables(settings_table().model_fields["run"].annotation)[0]
    lines += ["", *_section("run", run, settings)]
    text = "\n".join(line for line in lines if not line.startswith("#")) + "\n"
    text = re.sub(r"\n{3,}", "\n\n", text)
    if from_dictionary(tomllib.loads(text)) != settings:
        raise ParameterError.about(
            "settings",
            got=repr(settings)[:200],
            expected="parts that an accelerator file can describe",
            remedy="use them from Python",
        )
    return text


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the file, for editors: taplo, "Even Better TOML", PyCharm."""
    made = settings_table().model_json_schema()
    found: dict[str, Any] = _plain(made)
    changes = {
        f"{name} (changes)": _linked(
            {key: value for key, value in one.items() if key != "required"}
        )
        for name, one in found["$defs"].items()
    }
    for key in ("accelerators", "layers"):
        found["properties"][key] = _linked(found["properties"][key])
    found["$defs"] |= changes
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "xbar_circuit accelerator"
    return found


def reference_page() -> str:
    """Return the page of the documentation about the file, in Markdown."""
    lines = [
        "# The accelerator file (TOML)",
        "",
        "`xbar infer --config FILE`, `xbar mapping`, `xbar cost` and the `network` studies of"
        " `xbar sweep` (as dotted names: `accelerator.rows`) read this file. `xbar infer"
        " --write-config FILE` writes one with every key and its default, and next to it the JSON"
        " schema that lets editors complete and check it. This page is made of the same schema.",
        "",
        'Units are in the names of the keys, SI without prefixes. `"none"` means no value. A part'
        " is a table whose `kind` selects its type. File names are relative to the folder of the"
        ' TOML file. Lists of numbers may be files: `{ file = "inl.csv" }`, one column; curves'
        " may be tables of two columns, x and value.",
        "",
        'A layer in `[layers]` is `"digital"` (float32), `"int8"` (integers; other widths'
        " likewise), the name of an accelerator in `[accelerators]`, or a table of the settings"
        " that differ from `[accelerator]`.",
        "",
    ]
    seen: list[object] = []
    for name, model in (
        ("accelerator", accelerator_table()),
        ("pcm", PcmTable),
        ("run", _tables(settings_table().model_fields["run"].annotation)[0]),
    ):
        lines += keys_of(f"[{name}]", model, seen)
    return "\n".join(lines).rstrip() + "\n"


def keys_of(title: str, model: type[Table], seen: list[object] | None = None) -> list[str]:
    """Return a Markdown table of keys, and those of the parts in it that did not come before.

    Parameters
    ----------
    title, model
        Of the table.
    seen
        What came before; it is added to.
    """
    seen = [] if seen is None else seen
    if _who(model) in seen:
        return []
    seen.append(_who(model))
    words = " ".join(_purpose(model))
    lines = [f"## {title}", "", *([words, ""] if words else [])]
    rows, below = [], []
    for key, field in model.model_fields.items():
        if key == "kind":
            continue
        default = "required" if field.is_required() else _value(_shown(field, field.default))
        if default == '"none"' and _tables(field.annotation):
            default = "see below" if not _is_optional(field.annotation) else default
        cells = [f"`{key}`", _kinds(field.annotation), unit_of(key), f"`{default}`"]
        rows.append([*cells, _readable(field.description or "")])
        below += [(key, one) for one in _tables(field.annotation)]
    if rows:
        lines += ["| key | value | unit | default | meaning |", "|---|---|---|---|---|"]
        lines += ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows]
        lines.append("")
    for key, one in below:
        kind = _kind_of(one)
        lines += keys_of(f"{key}" + (f", kind `{kind}`" if kind else ""), one, seen)
    return lines


def _section(
    path: str, model: type[Table], value: Any, shown: list[object] | None = None
) -> list[str]:
    """Return a table with its keys, then the tables in it, and what they could be instead.

    Parameters
    ----------
    path, model, value
        The table, its model, and what it describes; None shows the model's own defaults.
    shown
        What was shown before and is not shown again.
    """
    shown = [] if shown is None else shown
    shown.append(_who(model))
    lines, below, before = [f"[{path}]"], [], ""
    if _kind_of(model) is not None:
        lines.append(f'kind = "{_kind_of(model)}"')
    for key, field in model.model_fields.items():
        if key in {"kind", "file"} and model.of not in {None, Subcircuit}:
            continue
        now = field.default if value is None else getattr(value, key, field.default)
        tables = _tables(field.annotation)
        is_word = isinstance(now, str)  # in place of a part
        if (
            tables
            and not is_word
            and path != "pcm"
            and not any("file" in t.model_fields for t in tables[:1])
        ):
            below.append((key, field, now, tables))
            continue
        words = _key_words(key, field)
        lines += _comment(words) if words != before else []
        before = words
        missing = value is None and field.is_required()
        lines.append(
            f"# {key} = (must be given)" if missing else f"{key} = {_value(_shown(field, now))}"
        )
    for key, field, now, tables in below:
        mine = next((t for t in tables if t.of is type(now)), None)
        if all(_who(t) in shown for t in tables):
            continue
        lines += ["", *_comment(_readable(field.description or ""))]
        if len(tables) > 1:
            lines += _comment(f"{key}: {_kinds(field.annotation)}.")
        if mine is not None:
            lines += [*_about(mine), *_section(f"{path}.{key}", mine, now, shown)]
        elif _is_optional(field.annotation):
            lines.append(f'{key} = "none"' if value is None else f'# {key} = "none"')
        for other in tables:
            if _who(other) not in shown:
                lines += ["#", *_about(other)]
                lines += [_quiet(x) for x in _section(f"{path}.{key}", other, None, shown)]
    return lines


def _who(model: type[Table]) -> object:
    """Return what a model describes: drivers in a buffer are drivers."""
    return model.__name__ if model.of is None else model.of


def _quiet(line: str) -> str:
    return line if line.startswith("#") else f"# {line}".rstrip()


def _about(model: type[Table]) -> list[str]:
    return _comment(" ".join(_purpose(model)))


def _purpose(model: type[Table]) -> Iterator[str]:
    """Yield the paragraphs of a docstring before its sections: what it is, and its sources."""
    text = inspect.getdoc(model.of) if model.of is not None else None
    for paragraph in (text or "").split("\n\n"):
        if "---" in paragraph or ">>>" in paragraph or " : " in paragraph:
            return
        yield _readable(" ".join(paragraph.split()))


def _readable(text: str) -> str:
    """Return a docstring's words without its markup, and with the file's word for None."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", text).replace("``", "`").replace("::", ":")
    return re.sub(r"\bNone\b", '"none"', text)


def _key_words(key: str, field: Any) -> str:
    unit = unit_of(key)
    described = _readable(field.description or "")
    words = [described] if described else []
    if Literal in {get_origin(leaf) for leaf in _leaves(field.annotation)}:
        words.append(f"({_kinds(field.annotation)})")
    if unit and f"[{unit}]" not in described:
        words.append(f"[{unit}]")
    return " ".join(words)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2)]


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for one in get_args(annotation):
            yield from _leaves(one)
    else:
        yield annotation


def _tables(annotation: Any) -> list[type[Table]]:
    return [x for x in _leaves(annotation) if isinstance(x, type) and issubclass(x, Table)]


def _is_optional(annotation: Any) -> bool:
    return type(None) in _leaves(annotation)


def _kind_of(model: type[Table]) -> str | None:
    field = model.model_fields.get("kind")
    return None if field is None else str(get_args(field.annotation)[0])


_WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def _kinds(annotation: Any) -> str:
    """Return what a value may be, in words."""
    words, parts = [], []
    for leaf in _leaves(annotation):
        if leaf in _WORDS:
            words.append(_WORDS[leaf])
        elif leaf is type(None):
            words.append('"none"')
        elif get_origin(leaf) is Literal:
            words += [f'"{value}"' for value in get_args(leaf)]
        elif get_origin(leaf) is list:
            words.append(f"list of {_WORDS.get(get_args(leaf)[0], 'table')}s")
        elif get_origin(leaf) is dict:
            words.append("table of names")
        elif _kind_of(leaf) is not None:
            parts.append(f'"{_kind_of(leaf)}"')
        else:
            words.append("{ file = ... }" if "file" in leaf.model_fields else "table")
    words += [f"part: {', '.join(parts)}"] if parts else []
    return " or ".join(dict.fromkeys(words))


def _shown(field: Any, value: Any) -> Any:
    """Return a value as a file has it: pairs that are a table there as a table."""
    return dict(value or ()) if get_origin(field.annotation) is dict else value


def _value(value: Any) -> str:
    """Return a value as TOML writes it."""
    if value is None or isinstance(value, str):
        return json.dumps("none" if value is None else value)
    if isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping) and not value:
        return "{}"
    if is_dataclass(value):
        kinds = _curve_kinds()
        head = [f'kind = "{kinds[type(value)]}"'] if type(value) in kinds else []
        rest = [f"{one.name} = {_value(getattr(value, one.name))}" for one in fields(value)]
        return "{ " + ", ".join(head + rest) + " }"
    raise TypeError(f"no TOML for {value!r}")


def _curve_kinds() -> dict[type, str]:
    return {
        model.of: str(_kind_of(model))
        for model in _tables(PcmTable.model_fields["read_curve"].annotation)
        if model.of is not None
    }


def _plain(schema: Any) -> Any:
    """Return a schema in which None is a word, and infinities are no defaults."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "null":
            return {"enum": ["none", "exact"]}
        return {
            key: _plain(value)
            for key, value in schema.items()
            if not (key == "default" and (value is None or _infinite(value)))
        }
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    return schema


def _infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _linked(schema: Any) -> Any:
    """Return a schema that refers to the definitions without required keys.

    Without them a table may fit several kinds of a part.
    """
    if isinstance(schema, Mapping):
        return {
            "anyOf" if key == "oneOf" else key: f"{value} (changes)"
            if key == "$ref"
            else _linked(value)
            for key, value in schema.items()
        }
    return [_linked(one) for one in schema] if isinstance(schema, list) else schema
