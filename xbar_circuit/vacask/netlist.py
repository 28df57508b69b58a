"""A crossbar as a VACASK deck: one operating point for each input, on one circuit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import segment_ohm
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.netlist.options import SpiceOptions
from xbar_circuit.netlist.terminals import drivers, senses
from xbar_circuit.units import spice_number
from xbar_circuit.vacask._devices import cell_lines

__all__ = ["deck", "deck_lines", "point_name"]

_RELATIVE = 1e-10  # of a step; the error that Newton leaves is its square


def deck(crossbar: Crossbar, volts: ArrayLike) -> str:
    """Return a deck that VACASK runs: ``op_0.raw``, ``op_1.raw`` ... hold the answers.

    Where the cells are in Verilog-A, their compiled module ``sinh_cell.osdi`` or ``pcm_cell.osdi``
    is loaded by its name.

    Parameters
    ----------
    crossbar
        The array.
    volts
        Inputs (batch, rows) or (rows,) [V].

    Returns
    -------
    str
        The deck.

    Raises
    ------
    ShapeError, ParameterError
        `volts` does not fit or is not finite; VACASK has no rendering of the cell.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> print(deck(xbar, [0.2, 0.1]).splitlines()[0])
    xbar_circuit: 2 x 3 crossbar, 1 reads
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    batch = checks.read_volts("volts", volts, crossbar.rows)
    return "\n".join(deck_lines(crossbar, batch)) + "\n"


def point_name(sample: int) -> str:
    """Return the name of the analysis of one input."""
    return f"op_{sample}"


def deck_lines(crossbar: Crossbar, batch: FloatArray) -> Iterator[str]:
    """Yield the deck's lines for inputs (batch, rows) [V]."""
    rows, cols = crossbar.shape
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    cells = cell_lines(crossbar, row, column)
    yield f"xbar_circuit: {rows} x {cols} crossbar, {len(batch)} reads"
    yield 'load "resistor.osdi"'
    if cells.source is not None:
        yield f'load "{cells.source.stem}.osdi"'
    if cells.model:
        yield cells.model
    yield from ("model r resistor", "model v vsource", "ground 0")
    yield from _wires(crossbar, row, column)
    yield from cells.elements
    for end in (*drivers(crossbar), *senses(crossbar)):
        if (parts := end.resistor()) is not None:
            name, first, second, ohm = parts
            yield f"r_{name} ({first} {second}) r r={spice_number(ohm)}"
    for end in drivers(crossbar):
        yield f"v{end.name} ({end.source_node} 0) v dc={spice_number(batch[0, end.index])}"
    for end in senses(crossbar):
        yield f"v{end.name} ({end.source_node} 0) v dc=0"
    yield "control"
    # what rounding makes of a wire's current bounds the tolerance, as for ngspice
    limits = SpiceOptions.for_read(crossbar, batch)
    yield (
        f"options reltol={_RELATIVE!r} abstol={spice_number(limits.abstol)}"
        f" vntol={spice_number(limits.vntol)} gmin=0"
        + ("" if cells.celsius is None else f" temp={spice_number(cells.celsius)}")
    )
    for k, values in enumerate(batch):
        if k > 0:
            for end in drivers(crossbar):
                yield f'alter instance("v{end.name}") dc={spice_number(values[end.index])}'
        yield f"analysis {point_name(k)} op"
    yield "endc"


def _wires(crossbar: Crossbar, row: list[list[str]], column: list[list[str]]) -> Iterator[str]:
    rows, cols = crossbar.shape
    if crossbar.wires.row_ohm != 0.0:
        ohm = segment_ohm("wires.row_ohm", crossbar.wires.row_ohm, (rows, cols - 1))
        for i in range(rows):
            for j in range(cols - 1):
                if np.isfinite(ohm[i, j]):
                    yield f"row_{i}_{j} ({row[i][j]} {row[i][j + 1]}) r r={spice_number(ohm[i, j])}"
    if crossbar.wires.column_ohm != 0.0:
        ohm = segment_ohm("wires.column_ohm", crossbar.wires.column_ohm, (rows - 1, cols))
        for i in range(rows - 1):
            for j in range(cols):
                if np.isfinite(ohm[i, j]):
                    ends = f"({column[i][j]} {column[i + 1][j]})"
                    yield f"col_{i}_{j} {ends} r r={spice_number(ohm[i, j])}"
