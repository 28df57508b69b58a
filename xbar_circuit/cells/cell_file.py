"""A cell in a TOML file: what is at the cross-points, written down once.

::

    kind = "subcircuit"
    path = "reram.lib"                  # from this file's folder
    name = "reram"
    ports = {row = "te", column = "be"}
    state = "filament"                  # a parameter; the conductance sets it
    states = [3.3, 4.9]
    read_volt = 0.2

``kind`` is one of ``ohmic``, ``sinh``, ``iv-table``, ``subcircuit``, ``verilog-a``, ``1s1r`` (with
tables ``[selector]`` and ``[device]``), ``memory-transistor``, ``preset`` (with its
``name``) and ``on-supply-line`` (with a table ``[cell]``).
The other keys are the arguments of the class; those of a subcircuit are also the arguments of
:class:`xbar_circuit.peripherals.Subcircuit`.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from xbar_circuit import _checks as checks
from xbar_circuit.cells.memory_transistor import MemoryTransistor
from xbar_circuit.cells.one_selector import OneS1R
from xbar_circuit.cells.presets import cell_preset
from xbar_circuit.cells.subcircuit_cell import SubcircuitCell
from xbar_circuit.cells.supply_line import OnSupplyLine
from xbar_circuit.cells.verilog_a_cell import VerilogACell
from xbar_circuit.devices import Cell, IvTable, Ohmic, Sinh
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.peripherals import Subcircuit

__all__ = ["load_cell"]

_STATE = ("state", "states", "read_volt", "supply")


def load_cell(path: str | Path) -> Cell:
    """Return the cell that a TOML file describes; see this module for its keys.

    Parameters
    ----------
    path
        The TOML file.

    Returns
    -------
    Cell
        The cell.

    Raises
    ------
    ModelFileError
        The file, or one that it names, is missing or is something else.
    ParameterError
        An unknown kind or key, a missing key, or a value that is refused.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = tomllib.load(stream)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(
            f"cell: got {path} ({reason}), expected a TOML file with kind = ...; see"
            " xbar_circuit.cells.cell_file"
        ) from error
    return _cell(str(file.name), content, file.parent)


def _cell(name: str, table: Mapping[str, Any], folder: Path) -> Cell:
    if not isinstance(table, Mapping) or "kind" not in table:
        raise ParameterError.about(
            f"{name}.kind",
            got=None,
            expected=f"one of {', '.join(_KINDS)}",
            remedy='write kind = "subcircuit" or another',
        )
    kind = checks.choice(f"{name}.kind", table["kind"], _KINDS)
    values = {key: value for key, value in table.items() if key != "kind"}
    return _KINDS[kind](name, values, folder)


def _plain(made: Callable[..., Cell]) -> Callable[[str, dict[str, Any], Path], Cell]:
    def build(name: str, values: dict[str, Any], folder: Path) -> Cell:  # noqa: ARG001 no files
        cell: Cell = _call(made, name, values)
        return cell

    return build


def _iv_table(name: str, values: dict[str, Any], folder: Path) -> Cell:
    if "path" in values:
        values["path"] = _file(f"{name}.path", values["path"], folder)
    cell: Cell = _call(IvTable.from_csv, name, values)
    return cell


def _verilog_a(name: str, values: dict[str, Any], folder: Path) -> Cell:
    if "path" in values:
        values["path"] = _file(f"{name}.path", values["path"], folder)
    if isinstance(values.get("states"), list):
        values["states"] = tuple(values["states"])
    allowed = [f.name for f in fields(VerilogACell) if f.init and f.name not in _MADE]
    cell: Cell = _call(VerilogACell, name, values, allowed)
    return cell


def _subcircuit(name: str, values: dict[str, Any], folder: Path) -> Cell:
    for key in ("path", "models", "osdi"):
        if key in values:
            values[key] = _files(f"{name}.{key}", values[key], folder)
    own = {key: values.pop(key) for key in _STATE if key in values}
    if isinstance(own.get("states"), list):
        own["states"] = tuple(own["states"])
    allowed = [*inspect.signature(Subcircuit).parameters, *_STATE]
    circuit = _call(Subcircuit, name, values, allowed)
    own["circuit"] = circuit
    cell: Cell = _call(SubcircuitCell, name, own, [*_STATE, "circuit"])
    return cell


def _one_s1r(name: str, values: dict[str, Any], folder: Path) -> Cell:
    for key in ("selector", "device"):
        if key in values:
            values[key] = _cell(f"{name}.{key}", values[key], folder)
    cell: Cell = _call(OneS1R, name, values)
    return cell


def _on_supply_line(name: str, values: dict[str, Any], folder: Path) -> Cell:
    if "cell" in values:
        values["cell"] = _cell(f"{name}.cell", values["cell"], folder)
    cell: Cell = _call(OnSupplyLine, name, values)
    return cell


def _preset(*, name: str) -> Cell:
    """Return the cell of a preset."""
    return cell_preset(name).cell


_MADE = {"table", "state_map", "declared"}  # by calibration, not by hand
_KINDS: dict[str, Callable[[str, dict[str, Any], Path], Cell]] = {
    "ohmic": _plain(Ohmic),
    "sinh": _plain(Sinh),
    "iv-table": _iv_table,
    "subcircuit": _subcircuit,
    "verilog-a": _verilog_a,
    "1s1r": _one_s1r,
    "on-supply-line": _on_supply_line,
    "memory-transistor": _plain(MemoryTransistor),
    "preset": _plain(_preset),
}


def _files(name: str, value: Any, folder: Path) -> Any:
    """Return one file name or several, with their corners, from the folder."""
    if isinstance(value, list):
        if len(value) == 2 and all(isinstance(v, str) for v in value) and name.endswith("models"):
            second = folder / value[1]
            if not second.is_file():  # a file and its corner
                return (_file(name, value[0], folder), value[1])
        return [
            (_file(name, entry[0], folder), entry[1])
            if isinstance(entry, list) and len(entry) == 2
            else _file(name, entry, folder)
            for entry in value
        ]
    return _file(name, value, folder)


def _file(name: str, value: Any, folder: Path) -> Path:
    if not isinstance(value, str):
        raise ParameterError.about(
            name, got=repr(value), expected="a file's name", remedy="write it in quotes"
        )
    return folder / Path(value).expanduser()


def _call(
    made: Callable[..., Any], name: str, values: Mapping[str, Any], allowed: list[str] | None = None
) -> Any:
    """Return what `made` makes of the values, once their names are known to fit."""
    known = list(inspect.signature(made).parameters) if allowed is None else allowed
    for key in values:
        if key not in known:
            close = get_close_matches(key, known, 1)
            raise ParameterError.about(
                f"{name}.{key}",
                got="an unknown key",
                expected=f"one of {', '.join(known)}",
                remedy=f"did you mean {close[0]}?" if close else "take it out",
            )
    needed = [
        parameter.name
        for parameter in inspect.signature(made).parameters.values()
        if parameter.default is parameter.empty and parameter.name not in values
    ]
    if needed:
        raise ParameterError.about(
            f"{name}.{needed[0]}", got=None, expected="a value", remedy="add this key"
        )
    try:
        return made(**values)
    except (TypeError, AttributeError) as error:
        raise ParameterError.about(
            name, got=str(error), expected="values of the right kinds", remedy="see the class"
        ) from error
