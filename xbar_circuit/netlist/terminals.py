"""What hangs at the ends of the wires: drivers on the word lines, sense sources on the bit lines.

A terminal is one series resistance (lead and terminal together) and one voltage source. Two ideal
terminals on one ideal wire would be two sources in parallel, which no simulator can tell apart:
one of them is kept and carries the whole current.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf

from xbar_circuit._uneven import segment_ohm
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.names import column_node, row_node

__all__ = ["Terminal", "drivers", "senses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One end of one wire.

    name : ``left_3`` and the like; its source is ``V<name>``, its resistor ``R<name>``.
    index : row or column.
    wire_node : the wire's node nearest to it.
    ohm : lead and terminal resistance together [ohm]; at 0 there is no resistor.
    """

    name: str
    index: int
    wire_node: str
    ohm: float

    @property
    def source_node(self) -> str:
        """The node that the source drives."""
        return self.wire_node if self.ohm == 0.0 else self.name

    def resistor(self) -> tuple[str, str, str, float] | None:
        """Return the series resistor from the source to the wire.

        Returns
        -------
        tuple or None
            (name, node, node, resistance [ohm]), as a netlist writes it; None where there is none
            and the source is at the wire's own node.
        """
        if self.ohm == 0.0:
            return None
        return self.name, self.name, self.wire_node, self.ohm


def drivers(crossbar: Crossbar) -> Iterator[Terminal]:
    """Yield the driven ends of the word lines, row by row, left before right.

    Parameters
    ----------
    crossbar
        The array.

    Yields
    ------
    Terminal
        Node, series resistance [ohm] and row of a driven end.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> next(drivers(xbar))
    Terminal(name='left_0', index=0, wire_node='row_0_0', ohm=1.0)
    """
    ends = crossbar.terminals
    last = crossbar.cols - 1
    for i in range(crossbar.rows):
        yield from _ends(
            i,
            _lead(crossbar.wires.row_lead, i, crossbar.rows),
            (
                ("left", ends.left_ohm, row_node(crossbar, i, 0)),
                ("right", ends.right_ohm, row_node(crossbar, i, last)),
            ),
        )


def senses(crossbar: Crossbar) -> Iterator[Terminal]:
    """Yield the sensed ends of the bit lines, column by column, bottom before top.

    Parameters
    ----------
    crossbar
        The array.

    Yields
    ------
    Terminal
        Node, series resistance [ohm] and column of a sensed end.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> next(senses(xbar)).name
    'bottom_0'
    """
    ends = crossbar.terminals
    last = crossbar.rows - 1
    for j in range(crossbar.cols):
        yield from _ends(
            j,
            _lead(crossbar.wires.column_lead, j, crossbar.cols),
            (
                ("bottom", ends.bottom_ohm, column_node(crossbar, last, j)),
                ("top", ends.top_ohm, column_node(crossbar, 0, j)),
            ),
        )


def _lead(lead: object, index: int, wires: int) -> float:
    """Return the lead of one wire [ohm]."""
    return float(segment_ohm("wires", lead, (wires,))[index])


def _ends(
    index: int,
    lead_ohm: float,
    sides: tuple[tuple[str, float | None, str], ...],
) -> Iterator[Terminal]:
    """Yield the connected ends of one wire; a second source on the same ideal node is dropped."""
    held: set[str] = set()
    for side, terminal_ohm, node in sides:
        if terminal_ohm is None:
            continue
        ohm = lead_ohm + terminal_ohm
        if isinf(ohm):  # a line left open
            continue
        if ohm == 0.0:
            if node in held:
                continue
            held.add(node)
        yield Terminal(name=f"{side}_{index}", index=index, wire_node=node, ohm=ohm)
