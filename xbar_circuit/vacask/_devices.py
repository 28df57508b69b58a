"""What VACASK puts at the cross-points: resistors, cells in Verilog-A, and their transistors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xbar_circuit.cells import GateInput, MemoryTransistor, OneT1R, OnSupplyLine, VerilogACell
from xbar_circuit.cells.transistor_cell import BULK, USUAL_CELSIUS
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh
from xbar_circuit.devices.pcm._spice import parameters
from xbar_circuit.errors import ParameterError
from xbar_circuit.resources import device_model
from xbar_circuit.units import spice_number
from xbar_circuit.vacask._transistors import TRANSISTORS, has_card, model_line

__all__ = ["CellLines", "cell_lines", "renders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLines:
    """The cells of an array.

    source : Verilog-A file that they need; None for resistors.
    model : the lines that name the models, and what else they share.
    elements : one line per device, open ones left out.
    celsius : temperature of transistors [degree Celsius]; None where there are none.
    """

    source: Path | None
    model: str
    elements: tuple[str, ...]
    celsius: float | None = None


def renders(cell: Cell) -> bool:
    """Whether VACASK has a cell: a resistor or a module, alone or with a transistor.

    Parameters
    ----------
    cell
        A cell.

    Returns
    -------
    bool
        True if it has.

    >>> from xbar_circuit.devices import Ohmic
    >>> renders(Ohmic())
    True
    """
    if isinstance(cell, OnSupplyLine):
        return cell.has_law and renders(cell.cell)
    if isinstance(cell, OneT1R | GateInput):
        return isinstance(cell.device, Ohmic | Sinh | PcmCell) and has_card(cell.transistor)
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
    cell = crossbar.cell.cell if isinstance(crossbar.cell, OnSupplyLine) else crossbar.cell
    if isinstance(cell, VerilogACell):
        return _own_lines(cell, crossbar, row, column)
    if isinstance(cell, MemoryTransistor):
        return _gated_lines(cell, crossbar, row, column)
    if isinstance(cell, OneT1R | GateInput):
        return _transistor_lines(cell, crossbar, row, column)
    source, model, kind = _law(crossbar.cell, crossbar)
    elements = tuple(
        f"cell_{i}_{j} ({row[i][j]} {column[i][j]}) {kind[i, j]}"
        for i, j in _present_devices(crossbar)
    )
    return CellLines(source=source, model=model, elements=elements)


def _present_devices(crossbar: Crossbar) -> list[tuple[int, int]]:
    found = np.argwhere(crossbar.conductance > 0.0).tolist()
    return [(i, j) for i, j in found]


def _law(cell: Cell, crossbar: Crossbar) -> tuple[Path | None, str, dict[tuple[int, int], str]]:
    """Return the file of a bare device, its model line, and model and value at each place."""
    siemens = crossbar.conductance[crossbar.conductance > 0.0]
    if isinstance(cell, Ohmic):
        source, model, name, values = None, "", "r", 1.0 / siemens
        parameter = "r"
    elif isinstance(cell, Sinh):
        source = device_model("sinh_cell.va")
        name, parameter, values = "cell", "g", siemens
        model = f"model cell sinh_cell v0={spice_number(cell.v0_volt)}"
    elif isinstance(cell, PcmCell):
        source, name, parameter = device_model("pcm_cell.va"), "cell", "ua"
        values = cell.stored_thickness(siemens)
        numbers = " ".join(f"{k}={spice_number(v)}" for k, v in parameters(cell).items())
        model = f"model cell pcm_cell {numbers}"
    else:
        raise ParameterError.about(
            "cell",
            got=type(cell).__name__,
            expected="Ohmic, Sinh or PcmCell, alone or with a transistor, MemoryTransistor or"
            " VerilogACell: VACASK has them as a resistor or in Verilog-A",
            remedy="read it in ngspice, xc.spice.read",
        )
    kinds = {
        place: f"{name} {parameter}={spice_number(value)}"
        for place, value in zip(_present_devices(crossbar), values.tolist(), strict=True)
    }
    return source, model, kinds


def _transistor_lines(
    cell: OneT1R | GateInput,
    crossbar: Crossbar,
    row: Sequence[Sequence[str]],
    column: Sequence[Sequence[str]],
) -> CellLines:
    """Return devices and transistors, with the sources of the lines that all cells share."""
    source, model, kind = _law(cell.device, crossbar)
    transistor = cell.transistor
    shared = [f'load "{TRANSISTORS}"', *([model] if model else []), model_line(transistor)]
    elements = [
        f"v{node} ({node} 0) v dc={spice_number(volt)}" for node, volt in cell.lines().items()
    ]
    size = f"w={spice_number(transistor.width_metre)} l={spice_number(transistor.length_metre)}"
    many = f" $mfactor={transistor.parallel}" if transistor.parallel > 1 else ""
    line = crossbar.cell if isinstance(crossbar.cell, OnSupplyLine) else None
    supply = None if line is None else line.supply_nodes(crossbar.shape)
    if line is not None:
        elements += _line_resistors(line, crossbar.shape)
    for i, j in _present_devices(crossbar):
        middle = f"mid_{i}_{j}"
        top, gate = cell.ends(row[i][j])
        top = top if supply is None else supply[i][j]
        elements += [
            f"cell_{i}_{j} ({top} {middle}) {kind[i, j]}",
            f"m_{i}_{j} ({middle} {gate} {column[i][j]} {BULK}) transistor {size}{many}",
        ]
    return CellLines(
        source=source,
        model="\n".join(shared),
        elements=tuple(elements),
        celsius=USUAL_CELSIUS if cell.simulator_celsius is None else cell.simulator_celsius,
    )


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
    supply = [list(cell.lines()) * crossbar.cols] * crossbar.rows
    if isinstance(crossbar.cell, OnSupplyLine):
        supply = crossbar.cell.supply_nodes(crossbar.shape)
        elements += _line_resistors(crossbar.cell, crossbar.shape)
    elements += [
        f"cell_{i}_{j} ({row[i][j]} {supply[i][j]} {column[i][j]} 0) cell vt={spice_number(vt)}"
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
    line = crossbar.cell if isinstance(crossbar.cell, OnSupplyLine) else None
    supply = None if line is None else line.supply_nodes(crossbar.shape)
    elements += [] if line is None else _line_resistors(line, crossbar.shape)
    for (i, j), state in zip(places, states, strict=True):
        name, value = f"cell_{i}_{j}", spice_number(state)
        feed = None if supply is None else supply[i][j]
        nodes = cell.nodes(name, row[i][j], column[i][j], feed)
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


def _line_resistors(line: OnSupplyLine, shape: tuple[int, int]) -> list[str]:
    return [
        f"r{name} ({first} {second}) r r={spice_number(ohm)}"
        for name, first, second, ohm in line.resistors(shape)
    ]
