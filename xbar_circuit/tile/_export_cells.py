"""The cells of an exported array, in the language of each simulator.

A cell writes ngspice's elements (:mod:`xbar_circuit.devices.cell`). Here each of them is said in
another language, or refused by its name: a behavioural source is HSPICE's ``G ... cur='...'``,
Xyce's ``G ... value={...}`` and Spectre's ``bsource``; a Verilog-A module is loaded as source by
HSPICE and Spectre, and compiled by ngspice and VACASK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xbar_circuit.cells import (
    MemoryTransistor,
    OnSupplyLine,
    SubcircuitCell,
    VerilogACell,
)
from xbar_circuit.cells.tabulated import cell_parts, cell_run_settings
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, IvTable, PcmCell
from xbar_circuit.devices.pcm._spice import verilog_a_model
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.resources import device_model
from xbar_circuit.vacask._devices import cell_lines

__all__ = ["ExportedCells", "exported_cells"]

_PCM_FILE, _PCM_MODEL = "pcm_cell.va", "pcm_cell_here"
_VERILOG_A = ("hspice", "spectre")  # simulators that load Verilog-A as source


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCells:
    """What stands for the cells.

    notes : what the user's own deck has to do, for the head of the file.
    outside : models and files, before the subcircuit.
    inside : the cells, and the sources of lines that they share.
    """

    notes: tuple[str, ...]
    outside: tuple[str, ...]
    inside: tuple[str, ...]


def exported_cells(crossbar: Crossbar, language: str) -> ExportedCells:
    """Return the cells of an array in a language.

    Raises
    ------
    ParameterError
        The language, or what is known of it here, has nothing for a part of the cell.
    """
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    cell, parts = crossbar.cell, cell_parts(crossbar.cell)
    if isinstance(cell, OnSupplyLine):
        raise ParameterError.about(
            "cell",
            got="cells on a supply line with resistance, for an export",
            expected="cells on two wires",
            remedy="xc.netlist.deck() writes the whole array for ngspice",
        )
    if language == "vacask":
        return _vacask(crossbar, row, column)
    _refuse(cell, parts, language)
    present = np.argwhere(crossbar.conductance > 0.0).tolist()
    elements = list(
        cell.spice_elements(
            [f"cell_{i}_{j}" for i, j in present],
            [row[i][j] for i, j in present],
            [column[i][j] for i, j in present],
            crossbar.conductance[crossbar.conductance > 0.0].tolist(),
        )
    )
    preamble = cell.spice_preamble().strip()
    sources: list[Path] = [part.path for part in parts if isinstance(part, VerilogACell)]
    pcm = [part for part in parts if isinstance(part, PcmCell)]
    if pcm and language in _VERILOG_A:
        preamble = preamble.replace(pcm[0].spice_preamble().strip(), "")
        preamble = f"{verilog_a_model(pcm[0], _PCM_MODEL)}\n{preamble}"
        elements = [_as_module(line) for line in elements]
        sources.append(device_model(_PCM_FILE))
    outside, inside = _by_depth(preamble)
    lines = [*inside, *elements]
    celsius = getattr(cell, "simulator_celsius", None)
    notes = (
        [] if celsius is None else [f"meant at {celsius!r} degrees Celsius, which the deck sets"]
    )
    if language == "ngspice":
        models = cell_run_settings(cell).get("osdi", ())
        notes += [f"the deck needs, in a .control section: pre_osdi {path}" for path in models]
        return ExportedCells(notes=tuple(notes), outside=tuple(outside), inside=tuple(lines))
    if language == "spectre":
        return _spectre(outside, lines, sources, notes)
    loads = [f'.hdl "{path}"' for path in dict.fromkeys(sources)]
    return ExportedCells(
        notes=tuple(notes),
        outside=(*loads, *outside),
        inside=tuple(_source_call(line, language) for line in lines),
    )


def _refuse(cell: Cell, parts: Sequence[Cell], language: str) -> None:
    """Refuse what a language cannot say.

    Raises
    ------
    ParameterError
        There is such a part.
    """
    for part in parts:
        osdi = isinstance(part, SubcircuitCell) and bool(part.circuit.osdi)
        own = (
            "its interpolated source"
            if isinstance(part, IvTable)
            else "its .func"
            if isinstance(part, MemoryTransistor)
            else ""
        )
        refused = {
            "ngspice": "",
            "hspice": own,
            "spectre": own,
            "xyce": "Verilog-A, which Xyce takes as a compiled plug-in only"
            if isinstance(part, VerilogACell)
            else "its functions of functions"
            if isinstance(part, PcmCell)
            else "",
        }[language]
        if osdi and language != "ngspice":
            refused = "modules compiled for OSDI"
        if refused:
            kind = type(part).__name__
            whose = kind if part is cell else f"{type(cell).__name__} with {kind}"
            raise ParameterError.about(
                "language",
                got=f"{language} for cells of {whose}",
                expected=f"a simulator that has {refused}",
                remedy="write it for ngspice, which has every cell",
            )


def _vacask(
    crossbar: Crossbar, row: Sequence[Sequence[str]], column: Sequence[Sequence[str]]
) -> ExportedCells:
    cells = cell_lines(crossbar, row, column)
    notes = [] if cells.celsius is None else [_meant_at(cells.celsius)]
    if cells.source is not None:
        notes.append(
            f'and load "{cells.source.stem}.osdi", compiled by openvaf-r from {cells.source}'
        )
    models = [
        line
        for line, use in (("model r resistor", ") r r="), ("model v vsource", ") v dc="))
        if any(use in element for element in cells.elements)
    ]
    return ExportedCells(
        notes=tuple(notes),
        outside=tuple(cells.model.splitlines()),
        inside=(*models, *cells.elements),
    )


def _meant_at(celsius: float) -> str:
    return f"meant at {celsius!r} degrees Celsius, which the deck sets"


def _as_module(line: str) -> str:
    """Return a call of the subcircuit pcm_read as one of the Verilog-A module."""
    match = re.fullmatch(r"X(\S+) (\S+) (\S+) pcm_read (ua=\S+)", line)
    return f"N{match[1]} {match[2]} {match[3]} {_PCM_MODEL} {match[4]}" if match else line


def _by_depth(preamble: str) -> tuple[list[str], list[str]]:
    """Return models and subcircuits, and the sources of the array's own lines."""
    outside: list[str] = []
    inside: list[str] = []
    depth = 0
    for line in preamble.splitlines():
        word = line.split(maxsplit=1)[0].lower() if line.strip() else ""
        depth += word == ".subckt"
        (inside if depth == 0 and word.startswith("v") else outside).append(line)
        depth -= word == ".ends"
    return outside, inside


def _source_call(line: str, language: str) -> str:
    """Return an element of ngspice's in HSPICE's or Xyce's language."""
    if line.startswith("B"):
        name, first, second, value = line.split(maxsplit=3)
        expression = value.removeprefix("I=")
        if language == "xyce":
            return f"G{name[1:]} {first} {second} value={{{expression.replace('pwl(', 'table(')}}}"
        return f"G{name[1:]} {first} {second} cur='{expression}'"
    return f"X{line[1:]}" if line.startswith("N") else line


def _spectre(
    outside: Sequence[str], lines: Sequence[str], sources: Sequence[Path], notes: Sequence[str]
) -> ExportedCells:
    """Return SPICE's elements in Spectre's own language; files and models stay SPICE's."""
    modules = [line for line in outside if _module(line) is not None]
    rest = [line for line in outside if line not in modules and line.strip()]
    text = [f'ahdl_include "{path}"' for path in dict.fromkeys(sources)]
    text += [f"model {line.split(maxsplit=1)[1]}" for line in modules]
    if rest:
        text += ["simulator lang=spice", *rest, "simulator lang=spectre"]
    return ExportedCells(
        notes=tuple(notes), outside=tuple(text), inside=tuple(_spectre_lines(lines))
    )


def _module(line: str) -> str | None:
    """Return the Verilog-A module of a ``.model`` line; None of a transistor's, or another line."""
    match = re.match(r"\.model (\S+) (\S+)", line)
    return None if match is None or "level" in line.lower() else match[2]


def _spectre_lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        name, *words = line.split()
        kind = name[0].upper()
        if line.startswith(".model "):
            yield f"model {line.split(maxsplit=1)[1]}"
        elif kind == "R":
            yield f"{name} ({words[0]} {words[1]}) resistor r={words[2]}"
        elif kind == "V":
            yield f"{name} ({words[0]} {words[1]}) vsource dc={words[-1]}"
        elif kind == "B":
            expression = " ".join(words[2:]).removeprefix("I=").replace("V(", "v(")
            yield f"{name} ({words[0]} {words[1]}) bsource i={expression}"
        else:  # M, X, N: nodes, then what it is, then its parameters
            plain = [word for word in words if "=" not in word]
            values = " ".join(word for word in words if "=" in word)
            # a name that SPICE's language declared is in small letters there
            of = plain[-1] if kind == "N" else plain[-1].lower()
            values = values if kind == "N" else _small_names(values)
            yield f"{name} ({' '.join(plain[:-1])}) {of} {values}".rstrip()


def _small_names(values: str) -> str:
    return re.sub(r"(\w+)=", lambda match: f"{match[1].lower()}=", values)
