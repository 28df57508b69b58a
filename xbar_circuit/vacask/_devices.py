"""What VACASK puts at the cross-points: resistors, and cells in Verilog-A."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xbar_circuit.cells import MemoryTransistor, VerilogACell
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh
from xbar_circuit.devices.pcm._spice import parameters
from xbar_circuit.errors import ParameterError
from xbar_circuit.resources import device_model
from xbar_circuit.units import spice_number

__all__ = ["CellLines", "cell_lines", "renders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLines:
    """The cells of an array.

    source : Verilog-A file that they need; None for resistors.
    model : the line that names the model, and what else they share.
    elements : one line per device, open ones left out.
    """

    source: Path | None
    model: str
    elements: tuple[str, ...]


def renders(cell: Cell) -> bool:
    """Whether VACASK has a rendering of a cell: a resistor, or a module in Verilog-A."""
    return isinstance(cell, Ohmic | Sinh | PcmCell | MemoryTransistor | VerilogACell)


def cell_lines(
    crossbar: Crossbar, row: Sequence[Sequence[str]], column: Sequence[Sequence[str]]
) -> CellLines:
    """Return the cells between the nodes ``row[i][j]`` and ``column[i][j]``.

    Raises
    ------
    ParameterError
        VACASK has no rendering of this cell.
    """
    if isinstance(crossbar.cell, VerilogACell):
        return _own_lines(crossbar.cell, crossbar, row, column)
    places = np.argwhere(crossbar.conductance > 0.0).tolist()
    siemens = crossbar.conductance[crossbar.conductance > 0.0]
    cell = crossbar.cell
    if isinstance(cell, Ohmic):
        source, model, name, values = None, "", "r", 1.0 / siemens
        parameter = "r"
    elif isinstance(cell, Sinh):
        source = device_model("sinh_cell.va")
        name, parameter, values = "cell", "g", siemens
        model = f"model cell sinh_cell v0={spice_number(cell.v0_volt)}"
    elif isinstance(cell, MemoryTransistor):
        return _gated_lines(cell, crossbar, row, column)
    elif isinstance(cell, PcmCell):
        source, name, parameter = device_model("pcm_cell.va"), "cell", "ua"
        values = cell.stored_thickness(siemens)
        numbers = " ".join(f"{k}={spice_number(v)}" for k, v in parameters(cell).items())
        model = f"model cell pcm_cell {numbers}"
    else:
        raise ParameterError.about(
            "cell",
            got=type(cell).__name__,
            expected="Ohmic, Sinh, PcmCell, MemoryTransistor or VerilogACell, which VACASK has as a"
            " resistor or in Verilog-A",
            remedy="read it in ngspice, xc.spice.read",
        )
    elements = tuple(
        f"cell_{i}_{j} ({row[i][j]} {column[i][j]}) {name} {parameter}={spice_number(value)}"
        for (i, j), value in zip(places, values.tolist(), strict=True)
    )
    return CellLines(source=source, model=model, elements=elements)


def _gated_lines(
    cell: MemoryTransistor,
    crossbar: Crossbar,
    row: Sequence[Sequence[str]],
    column: Sequence[Sequence[str]],
) -> CellLines:
    """Return transistors of a stored threshold, with the source of their supply line."""
    places = np.argwhere(crossbar.conductance > 0.0).tolist()
    thresholds = cell.threshold(crossbar.conductance[crossbar.conductance > 0.0]).tolist()
    numbers = " ".join(f"{k}={spice_number(v)}" for k, v in cell.model_parameters().items())
    elements = [
        f"v{node} ({node} 0) v dc={spice_number(volt)}" for node, volt in cell.lines().items()
    ]
    (supply,) = cell.lines()
    elements += [
        f"cell_{i}_{j} ({row[i][j]} {supply} {column[i][j]} 0) cell vt={spice_number(vt)}"
        for (i, j), vt in zip(places, thresholds, strict=True)
    ]
    return CellLines(
        source=device_model("memory_transistor.va"),
        model=f"model cell memory_transistor {numbers}",
        elements=tuple(elements),
    )


def _own_lines(
    cell: VerilogACell,
    crossbar: Crossbar,
    row: Sequence[Sequence[str]],
    column: Sequence[Sequence[str]],
) -> CellLines:
    """Return the cells that are a module of the user's own, with the sources that hold ports."""
    places = np.argwhere(crossbar.conductance > 0.0).tolist()
    states = cell.state_of(crossbar.conductance[crossbar.conductance > 0.0]).tolist()
    shared = [f"model own_model {cell.module}{cell.model_values}"]
    elements = [
        f"v{node} ({node} 0) v dc={spice_number(volt)}" for node, volt in cell.lines().items()
    ]
    for (i, j), state in zip(places, states, strict=True):
        name, value = f"cell_{i}_{j}", spice_number(state)
        nodes = cell.nodes(name, row[i][j], column[i][j])
        model, own = "own_model", ""
        if cell.by_port:
            elements.append(f"vstate_{name} (state_{name} 0) v dc={value}")
        elif cell.by_instance:
            own = f" {cell.state}={value}"
        else:
            model = f"own_model_{name}"
            shared.append(f"model {model} {cell.module}{cell.model_values} {cell.state}={value}")
        elements.append(f"{name} ({nodes}) {model}{own}")
    return CellLines(source=cell.path, model="\n".join(shared), elements=tuple(elements))
