"""The body of the array: wires, their capacitance, and the cells, as bulk text.

What is ideal is merged and what is open is left out, so the deck holds exactly the circuit that is
described: no 1e-12 ohm resistors, no 1e12 ohm leaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from xbar_circuit._uneven import segment_ohm
from xbar_circuit.cells import OnSupplyLine
from xbar_circuit.cells.tabulated import cell_parts
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.units import spice_number

__all__ = ["array_lines", "wire_lines"]

_TO_GROUND = re.compile(r"\bV\((\w+)\)")


def array_lines(
    crossbar: Crossbar, *, ammeters: bool = False, reference: str = "0"
) -> Iterator[str]:
    """Yield the element lines of wires, capacitances and cells, without leads and terminals.

    With `ammeters`, each cell reaches its bit line through a source ``Vcell_<row>_<col>`` of 0 V,
    whose current is the device's; the node between them is ``cell_<row>_<col>``.

    The nodes are named as in :mod:`xbar_circuit.netlist.names`; whatever is to drive or sense the
    array is attached to the nodes at the ends of the wires.

    Parameters
    ----------
    crossbar
        The array.
    ammeters
        Whether each cell gets a source of 0 V that measures its current.
    reference
        Node that is the crossbar's 0 V: gates, supplies and bulks of its cells are held about it.

    Yields
    ------
    str
        One element line of SPICE.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> next(array_lines(xbar))
    '* word line segments'
    """
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    preamble = crossbar.cell.spice_preamble().strip()
    if preamble:
        yield _held_about(preamble, crossbar.cell, reference)
    yield from wire_lines(crossbar)
    cells = _cell_lines(crossbar, row, column, ammeters=ammeters)
    yield from cells if reference == "0" else (_about(line, reference) for line in cells)


def _held_about(preamble: str, cell: Cell, reference: str) -> str:
    """Return a cell's preamble with the sources of its shared lines about a node."""
    for part in cell_parts(cell):
        lines: Callable[[], dict[str, float]] = getattr(part, "lines", dict)
        for node in lines():
            source = f"V{node} {node}"
            preamble = preamble.replace(f"{source} 0 DC ", f"{source} {reference} DC ")
    return preamble


def _about(line: str, reference: str) -> str:
    """Return an element with the voltages in the formula of a B source about a node."""
    return _TO_GROUND.sub(rf"V(\1,{reference})", line) if line.startswith("B") else line


def wire_lines(crossbar: Crossbar) -> Iterator[str]:
    """Yield the element lines of wires and capacitances, without cells, leads and terminals."""
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    yield from _segment_lines(crossbar, row, column)
    yield from _capacitor_lines(crossbar, row, column)
    if isinstance(crossbar.cell, OnSupplyLine):
        yield "* supply lines"
        for name, first, second, ohm in crossbar.cell.resistors(crossbar.shape):
            yield f"R{name} {first} {second} {spice_number(ohm)}"


def _segment_lines(
    crossbar: Crossbar, row: list[list[str]], column: list[list[str]]
) -> Iterator[str]:
    rows, cols = crossbar.shape
    wires = crossbar.wires
    if wires.row_ohm != 0.0:
        yield "* word line segments"
        ohm = segment_ohm("wires.row_ohm", wires.row_ohm, (rows, cols - 1))
        for i in range(rows):
            nodes = row[i]
            for j in range(cols - 1):
                if np.isfinite(ohm[i, j]):
                    yield f"Rrow_{i}_{j} {nodes[j]} {nodes[j + 1]} {spice_number(ohm[i, j])}"
    if wires.column_ohm != 0.0:
        yield "* bit line segments"
        ohm = segment_ohm("wires.column_ohm", wires.column_ohm, (rows - 1, cols))
        for i in range(rows - 1):
            above, below = column[i], column[i + 1]
            for j in range(cols):
                if np.isfinite(ohm[i, j]):
                    yield f"Rcol_{i}_{j} {above[j]} {below[j]} {spice_number(ohm[i, j])}"


def _capacitor_lines(
    crossbar: Crossbar, row: list[list[str]], column: list[list[str]]
) -> Iterator[str]:
    """Yield one capacitor to ground for each wire node; merged nodes carry the whole wire's."""
    wires = crossbar.wires
    for kind, farad, nodes in (
        ("row", wires.row_farad, row),
        ("col", wires.column_farad, column),
    ):
        if farad > 0.0:
            cells: dict[str, int] = {}
            for name in (name for line in nodes for name in line):
                cells[name] = cells.get(name, 0) + 1
            yield f"* {kind} wire capacitance"
            yield from (f"C{name} {name} 0 {spice_number(n * farad)}" for name, n in cells.items())


def _cell_lines(
    crossbar: Crossbar, row: list[list[str]], column: list[list[str]], *, ammeters: bool
) -> Iterator[str]:
    yield "* cells (open devices are left out)"
    present = np.argwhere(crossbar.conductance > 0.0).tolist()
    names = [f"cell_{i}_{j}" for i, j in present]
    bit_lines = [column[i][j] for i, j in present]
    word_lines = [row[i][j] for i, j in present]
    ends = names if ammeters else bit_lines
    siemens = crossbar.conductance[crossbar.conductance > 0.0].tolist()
    if isinstance(crossbar.cell, OnSupplyLine):
        nodes = crossbar.cell.supply_nodes(crossbar.shape)
        feeds = [nodes[i][j] for i, j in present]
        yield from crossbar.cell.supplied_elements(names, word_lines, feeds, ends, siemens)
    else:
        yield from crossbar.cell.spice_elements(names, word_lines, ends, siemens)
    if ammeters:
        yield "* ammeters"
        yield from (
            f"V{name} {name} {node} DC 0" for name, node in zip(names, bit_lines, strict=True)
        )
