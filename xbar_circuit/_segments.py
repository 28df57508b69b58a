"""Currents in the wire segments, from the currents of the devices.

A wire is a chain: the lead of its first terminal, the segments between neighbouring cells, the lead
of its last terminal. Kirchhoff's current law gives every segment from the device currents alone, so
that no two nearly equal node voltages have to be subtracted and ideal wires have currents too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import Segments, segment_ohm
from xbar_circuit.crossbar import Crossbar

__all__ = ["column_segment_current", "row_segment_current"]

_BROKEN = 1e100  # ohm: beyond it the shares of both ends are 1 and 0 to rounding


def row_segment_current(crossbar: Crossbar, device_current: FloatArray) -> FloatArray:
    """Return the current of every word-line segment, positive from left to right.

    Parameters
    ----------
    crossbar
        The array that was read.
    device_current
        (batch, rows, cols) [A], from the row to the column.

    Returns
    -------
    numpy.ndarray
        (batch, rows, cols + 1) [A]. Entry 0 is the left lead, entry j the segment between columns
        j - 1 and j, entry cols the right lead; an end that is not connected has 0 there.
    """
    leaving = device_current if crossbar.cell.loads_row else np.zeros_like(device_current)
    wires, ends = crossbar.wires, crossbar.terminals
    return _chain(leaving, wires.row_ohm, wires.row_lead, ends.left_ohm, ends.right_ohm)


def column_segment_current(crossbar: Crossbar, device_current: FloatArray) -> FloatArray:
    """Return the current of every bit-line segment, positive from top to bottom.

    Parameters
    ----------
    crossbar
        The array that was read.
    device_current
        (batch, rows, cols) [A], from the row to the column.

    Returns
    -------
    numpy.ndarray
        (batch, rows + 1, cols) [A]. Entry 0 is the top lead (negative where current leaves through
        it), entry i the segment between rows i - 1 and i, entry rows the bottom lead.
    """
    wires, ends = crossbar.wires, crossbar.terminals
    leaving = -device_current.swapaxes(1, 2)
    across: Any = wires.column_ohm
    if isinstance(across, Segments):
        across = Segments("wires.column_ohm", np.atleast_2d(across.ohm).T)
    flow = _chain(leaving, across, wires.column_lead, ends.top_ohm, ends.bottom_ohm)
    return flow.swapaxes(1, 2)


def _chain(
    leaving: FloatArray,
    segment: Any,
    lead: Any,
    first_ohm: float | None,
    last_ohm: float | None,
) -> FloatArray:
    """Return the segment currents (..., nodes + 1) of wires; `leaving` is (..., nodes).

    Both terminals are at one voltage, so a current that leaves at node m comes from the first end
    in the share ``R(m, last) / R(first, last)`` and from the last end in the rest (superposition).
    Between two ends of 0 ohm on an ideal wire the limit of equal small resistances is taken.
    """
    nodes = leaving.shape[-1]
    if last_ohm is None:
        from_first = np.ones(nodes)
    elif first_ohm is None:
        from_first = np.zeros(nodes)
    else:
        wires = leaving.shape[-2]
        ohms = np.empty((wires, nodes + 1))
        ohms[:, 1:-1] = segment_ohm("wires", segment, (wires, nodes - 1))
        each = segment_ohm("wires", lead, (wires,))
        ohms[:, 0], ohms[:, -1] = first_ohm + each, last_ohm + each
        ohms = np.minimum(ohms, _BROKEN)
        if not ohms.any():
            ohms[:] = 1.0
        to_last = np.cumsum(ohms[:, ::-1], axis=1)[:, ::-1]
        from_first = to_last[:, 1:] / to_last[:, :1]
    flow = np.zeros((*leaving.shape[:-1], nodes + 1))
    flow[..., :-1] = np.cumsum((leaving * from_first)[..., ::-1], axis=-1)[..., ::-1]
    flow[..., 1:] -= np.cumsum(leaving * (1.0 - from_first), axis=-1)
    return flow + 0.0  # an open end carries 0, not -0
