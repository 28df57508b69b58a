"""What VACASK puts at the cross-points: resistors, and cells in Verilog-A."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Ohmic, PcmCell, Sinh
from xbar_circuit.devices.pcm._spice import parameters
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["CellLines", "cell_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLines:
    """The cells of an array.

    source : Verilog-A file of ``device_models`` that they need; empty for resistors.
    model : the line that names the model.
    elements : one line a device, open ones left out.
    """

    source: str
    model: str
    elements: tuple[str, ...]


def cell_lines(
    crossbar: Crossbar, row: Sequence[Sequence[str]], column: Sequence[Sequence[str]]
) -> CellLines:
    """Return the cells between the nodes ``row[i][j]`` and ``column[i][j]``.

    Raises
    ------
    ParameterError
        VACASK has no rendering of this cell.
    """
    places = np.argwhere(crossbar.conductance > 0.0).tolist()
    siemens = crossbar.conductance[crossbar.conductance > 0.0]
    cell = crossbar.cell
    if isinstance(cell, Ohmic):
        source, model, name, values = "", "", "r", 1.0 / siemens
        parameter = "r"
    elif isinstance(cell, Sinh):
        source, name, parameter, values = "sinh_cell.va", "cell", "g", siemens
        model = f"model cell sinh_cell v0={spice_number(cell.v0_volt)}"
    elif isinstance(cell, PcmCell):
        source, name, parameter = "pcm_cell.va", "cell", "ua"
        values = cell.stored_thickness(siemens)
        numbers = " ".join(f"{k}={spice_number(v)}" for k, v in parameters(cell).items())
        model = f"model cell pcm_cell {numbers}"
    else:
        raise ParameterError.about(
            "cell",
            got=type(cell).__name__,
            expected="Ohmic, Sinh or PcmCell, which VACASK has as a resistor or in Verilog-A",
            remedy="read it in ngspice, xc.spice.read",
        )
    elements = tuple(
        f"cell_{i}_{j} ({row[i][j]} {column[i][j]}) {name} {parameter}={spice_number(value)}"
        for (i, j), value in zip(places, values.tolist(), strict=True)
    )
    return CellLines(source=source, model=model, elements=elements)
