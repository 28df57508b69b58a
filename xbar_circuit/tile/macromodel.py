"""The array of a tile reduced to its ports, as resistors and capacitors that take its place.

The resistors are exact: the nodes inside are eliminated. The capacitors are those nodes' own, moved
to the ports along with them: a node that stands at the share ``v`` of a port's voltage puts
``C v^2`` there (static condensation: R. J. Guyan, AIAA Journal 3, 380, 1965, as the first block of
PRIMA, Odabasioglu, Celik and Pileggi, IEEE Trans. CAD 17, 645, 1998). So what an amplifier sees
of the array is exact up to the first power of the frequency.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.units import spice_number
from xbar_circuit.wires import Terminals, Wires

__all__ = ["macromodel_lines"]

_HELD = "reference"  # where the columns without a read-out are held
_SIDES = ("left", "right", "top", "bottom")
_CHUNK = 16  # rows whose node voltages are held at a time


def macromodel_lines(
    crossbar: Crossbar, *, columns: Sequence[int] | None = None, driven: bool = True
) -> list[str]:
    """Return elements between the nodes ``left_3``, ``bottom_7`` ..., terminals included.

    Exact for a linear array at DC, and up to the first power of the frequency at the columns; of
    rows that are driven without resistance, what their wires delay is left out (picoseconds).
    Elements between two nodes that sources hold carry current from source to source and are left
    out: rows that are driven without resistance, and columns without a read-out.

    Parameters
    ----------
    crossbar
        The array.
    columns
        Those with a read-out; the others end at the node ``reference``. None is all.
    driven
        Rows without resistance are held by ideal sources; False keeps every element, for a circuit
        of any kind at the rows.

    Returns
    -------
    list
        Element lines of SPICE.

    Raises
    ------
    ParameterError
        The cells are not linear.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> macromodel_lines(xbar)[:1]
    ['* 2 x 3 crossbar reduced to its ports: exact at DC, and in the first power of the frequency']
    """
    model = nodal.reduce(crossbar)
    read = set(range(crossbar.cols)) if columns is None else set(columns)
    names: dict[int, str] = {}
    stiff = {_HELD}
    lines = [
        f"* {crossbar.rows} x {crossbar.cols} crossbar reduced to its ports: exact at DC, and in"
        " the first power of the frequency"
    ]
    nodes: dict[tuple[str, int], str] = {}
    for side in _SIDES:
        ports = getattr(model, side)
        ohm = getattr(crossbar.terminals, f"{side}_ohm")
        if ports is None or ohm is None:
            continue
        for wire, port in enumerate(ports.tolist()):
            outer = f"{side}_{wire}"
            if ohm > 0.0:
                names[port] = f"port_{outer}"
                lines.append(f"Rterminal_{outer} port_{outer} {outer} {spice_number(ohm)}")
            elif side in ("top", "bottom") and wire not in read:
                names[port] = _HELD
            else:
                names[port] = outer
                if driven and side in ("left", "right"):
                    stiff.add(outer)
            nodes[side, wire] = names[port]
    joined: defaultdict[tuple[str, str], float] = defaultdict(float)
    upper = np.triu(model.branches, 1)
    for first, second in np.argwhere(upper > 0.0).tolist():
        ends = names[first], names[second]
        if ends[0] not in stiff or ends[1] not in stiff:
            joined[ends] += float(upper[first, second])
    lines += [
        f"Rarray_{k} {first} {second} {spice_number(1.0 / siemens)}"
        for k, ((first, second), siemens) in enumerate(joined.items())
    ]
    if crossbar.wires.row_farad > 0.0 or crossbar.wires.column_farad > 0.0:
        rows = [_node(nodes, i, "left", "right") for i in range(crossbar.rows)]
        ends_of = {j: _node(nodes, j, "bottom", "top") for j in sorted(read)}
        lines += _capacitors(crossbar, rows, ends_of, stiff)
    return lines


def _node(nodes: dict[tuple[str, int], str], wire: int, first: str, second: str) -> str:
    """Return the node at a wire's end, the first where it has two."""
    return nodes.get((first, wire)) or nodes[second, wire]


def _capacitors(
    crossbar: Crossbar, rows: Sequence[str], columns: dict[int, str], stiff: set[str]
) -> Iterator[str]:
    """Yield the elements that represent the capacitance of the wires."""
    held = _held(crossbar)
    of_columns = _fields(_turned(held), np.eye(crossbar.cols)[list(columns)], crossbar, turned=True)
    own = np.sqrt(
        np.repeat([crossbar.wires.row_farad, crossbar.wires.column_farad], held.conductance.size)
    )
    column = of_columns * own
    between = column @ column.T
    to_ground = between.sum(axis=1)
    loose = [i for i, node in enumerate(rows) if node not in stiff]
    if loose:
        together = _fields(held, np.ones((1, crossbar.rows)), crossbar)[0] * own
        for begin in range(0, len(loose), _CHUNK):
            part = loose[begin : begin + _CHUNK]
            row = _fields(held, np.eye(crossbar.rows)[part], crossbar) * own
            coupled = row @ column.T
            alone = row @ together + coupled.sum(axis=1)
            to_ground += coupled.sum(axis=0)
            for k, i in enumerate(part):
                yield f"Crow_{i} {rows[i]} 0 {spice_number(alone[k])}"
                for m, node in enumerate(columns.values()):
                    if coupled[k, m] > 0.0:
                        yield f"Ccross_{i}_{m} {rows[i]} {node} {spice_number(-coupled[k, m])}"
    for m, (j, node) in enumerate(columns.items()):
        yield f"Ccolumn_{j} {node} 0 {spice_number(to_ground[m])}"
        for n in range(m + 1, len(columns)):
            if between[m, n] > 0.0:
                other = list(columns.values())[n]
                yield f"Cbetween_{m}_{n} {node} {other} {spice_number(-between[m, n])}"


def _held(crossbar: Crossbar) -> Crossbar:
    """Return the array with its terminals' resistance taken away: the ports are held."""
    sides = {
        f"{side}_ohm": None if getattr(crossbar.terminals, f"{side}_ohm") is None else 0.0
        for side in _SIDES
    }
    return dataclasses.replace(crossbar, terminals=Terminals(**sides))


def _turned(crossbar: Crossbar) -> Crossbar:
    """Return the array with rows and columns exchanged, so that its columns are driven."""
    ends, wires = crossbar.terminals, crossbar.wires
    return dataclasses.replace(
        crossbar,
        conductance=crossbar.conductance.T,
        wires=Wires(
            row_ohm=wires.column_ohm,
            column_ohm=wires.row_ohm,
            row_lead_ohm=wires.column_lead_ohm,
            column_lead_ohm=wires.row_lead_ohm,
        ),
        terminals=Terminals(
            left_ohm=ends.top_ohm,
            right_ohm=ends.bottom_ohm,
            top_ohm=ends.left_ohm,
            bottom_ohm=ends.right_ohm,
        ),
    )


def _fields(
    driven: Crossbar, volts: FloatArray, crossbar: Crossbar, *, turned: bool = False
) -> FloatArray:
    """Return the voltages of all row nodes, then of all column nodes (batch, nodes) [V]."""
    result = nodal.read(driven, volts)
    first, second = result.row_voltage, result.column_voltage
    if turned:
        first, second = second.transpose(0, 2, 1), first.transpose(0, 2, 1)
    size = crossbar.conductance.size
    return np.concatenate([first.reshape(-1, size), second.reshape(-1, size)], axis=1)
