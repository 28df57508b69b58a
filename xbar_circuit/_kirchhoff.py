"""Kirchhoff's current law as a certificate: how far from a solution node voltages are.

The check knows nothing of how the voltages were found, so it judges both engines alike. At every
node of every wire it adds up the currents of segments, leads and devices; a wire of 0 ohm is one
node. A node that a terminal of 0 ohm holds at a fixed voltage has no equation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import Segments, segment_ohm
from xbar_circuit.crossbar import Crossbar

__all__ = ["current_residual", "end_conductances"]

_EPS = float(np.finfo(np.float64).eps)
_ROUNDING = 8.0 * _EPS


def end_conductances(
    lead_ohm: float | Segments, first_ohm: float | None, last_ohm: float | None
) -> tuple[Any, Any]:
    """Return the conductances [S] from a wire's first and last node to its two terminals.

    0 is an open end; infinity an end that is held at the terminal's voltage. Leads that differ give
    an array (wires,) each.
    """
    if isinstance(lead_ohm, Segments):
        each = lead_ohm.ohm
        first, last = (
            np.zeros(each.shape) if ohm is None else 1.0 / (each + ohm)
            for ohm in (first_ohm, last_ohm)
        )
        return first, last

    def end(terminal_ohm: float | None) -> float:
        if terminal_ohm is None:
            return 0.0
        total = terminal_ohm + lead_ohm
        return np.inf if total == 0.0 else 1.0 / total

    return end(first_ohm), end(last_ohm)


def current_residual(
    crossbar: Crossbar,
    volts: FloatArray,
    *,
    row_voltage: FloatArray,
    column_voltage: FloatArray,
    device_current: FloatArray,
    column_current: FloatArray,
) -> FloatArray:
    """Return the largest KCL error relative to the largest branch current, shape (batch,).

    ``max_n max(0, |sum_k I_nk| - r_n) / max_branch |I|`` over all free nodes n and, for each whole
    bit line, over its reported current less the sum of its devices; ``r_n`` is what the rounding
    of the node voltages to float64 alone causes, 8 eps times the sum of ``|V| / R`` at the node
    (it matters for wires of micro-ohms only). Never less than what double precision can tell,
    2.2e-16; 0 where nothing flows.

    Parameters
    ----------
    volts
        Inputs (batch, rows) [V].
    row_voltage, column_voltage, device_current
        Fields (batch, rows, cols) [V, V, A].
    column_current
        Reported currents (batch, cols) [A].
    """
    wires, ends = crossbar.wires, crossbar.terminals
    left, right = end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm)
    top, bottom = end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm)
    across: Any = wires.column_ohm
    if isinstance(across, Segments):  # (cols, rows - 1), along its wires
        across = Segments("wires.column_ohm", np.atleast_2d(across.ohm).T)
    row_load = -device_current if crossbar.cell.loads_row else np.zeros_like(device_current)
    row_error, row_peak = _wire_errors(
        row_voltage,
        row_load,
        segment=wires.row_ohm,
        first=left,
        last=right,
        terminal=volts[:, :, np.newaxis],
    )
    column_error, column_peak = _wire_errors(
        column_voltage.swapaxes(1, 2),
        device_current.swapaxes(1, 2),
        segment=across,
        first=top,
        last=bottom,
        terminal=np.zeros((1, 1, 1)),
    )
    total = device_current.sum(axis=1)
    rounding = _ROUNDING * np.abs(device_current).sum(axis=1)
    total_error = np.maximum(np.abs(column_current - total) - rounding, 0.0).max(axis=1)
    # what flows through the wires is known from their devices only where the wires are ideal
    peak = np.maximum.reduce(
        [row_peak, column_peak, np.abs(device_current).max(axis=(1, 2)), np.abs(total).max(axis=1)]
    )
    worst = np.maximum.reduce([row_error, column_error, total_error])
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.maximum(worst / peak, _EPS)
    return np.where((worst == 0.0) & (peak == 0.0), 0.0, relative)


def _wire_errors(
    voltage: FloatArray,
    into_node: FloatArray,
    *,
    segment: Any,
    first: Any,
    last: Any,
    terminal: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the worst node error and largest wire current, each (batch,).

    Wires lie along the last axis: `voltage` (batch, wires, nodes) [V], `into_node` the device
    currents that enter the wire [A], `first` and `last` the end conductances [S] to `terminal` [V].
    """
    batch = voltage.shape[0]
    if segment == 0.0:
        voltage = voltage[:, :, :1]
        scale = np.abs(into_node).sum(axis=2, keepdims=True)
        into_node = into_node.sum(axis=2, keepdims=True)
    else:
        scale = np.abs(into_node)
    error = into_node.copy()
    peak = np.zeros(batch)
    held = np.zeros(voltage.shape[2], dtype=bool)
    if segment != 0.0 and voltage.shape[2] > 1:
        siemens = 1.0 / segment_ohm("wires", segment, (voltage.shape[1], voltage.shape[2] - 1))
        flow = np.diff(voltage, axis=2) * siemens
        error[:, :, :-1] += flow
        error[:, :, 1:] -= flow
        size = (np.abs(voltage[:, :, :-1]) + np.abs(voltage[:, :, 1:])) * siemens
        scale[:, :, :-1] += size
        scale[:, :, 1:] += size
        peak = np.abs(flow).max(axis=(1, 2))
    for node, conductance in ((0, first), (-1, last)):
        if np.isinf(conductance).any():
            held[node] = True
        elif np.any(conductance > 0.0):
            flow = conductance * (terminal[:, :, 0] - voltage[:, :, node])
            error[:, :, node] += flow
            size = np.abs(terminal[:, :, 0]) + np.abs(voltage[:, :, node])
            scale[:, :, node] += conductance * size
            peak = np.maximum(peak, np.abs(flow).max(axis=1))
    free = np.maximum(np.abs(error) - _ROUNDING * scale, 0.0)[:, :, ~held]
    return (free.max(axis=(1, 2)) if free.shape[2] else np.zeros(batch)), peak
