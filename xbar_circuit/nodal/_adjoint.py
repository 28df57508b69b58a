"""The adjoint network: the array on its side, driven where it is sensed.

A network of resistors is reciprocal, so what one volt at a sense terminal does to its nodes is a
read of the array whose columns are driven and whose rows are sensed (S. W. Director and R. A.
Rohrer, IEEE Trans. Circuit Theory 16, 318, 1969).
"""

from __future__ import annotations

from typing import Any

from xbar_circuit._uneven import Segments
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.wires import Terminals, Wires

__all__ = ["turned"]


def turned(crossbar: Crossbar) -> Crossbar:
    """Return the array on its side: columns are driven, rows sensed."""
    wires, ends = crossbar.wires, crossbar.terminals
    return Crossbar(
        conductance=crossbar.conductance.T,
        wires=Wires(
            row_ohm=_turned(wires.column_ohm),
            column_ohm=_turned(wires.row_ohm),
            row_lead_ohm=wires.column_lead,
            column_lead_ohm=wires.row_lead,
        ),
        terminals=Terminals(
            left_ohm=ends.top_ohm,
            right_ohm=ends.bottom_ohm,
            top_ohm=ends.left_ohm,
            bottom_ohm=ends.right_ohm,
        ),
        cell=crossbar.cell,
    )


def _turned(segment: Any) -> Any:
    """Return the resistances of segments of wires that now lie the other way."""
    if isinstance(segment, Segments) and segment.ohm.ndim == 2:
        return Segments("wires", segment.ohm.T)
    return segment
