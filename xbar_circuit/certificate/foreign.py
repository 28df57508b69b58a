"""A bound on the error of an answer from another engine: ngspice's node voltages.

The cells' currents at these voltages go through the wires by Kirchhoff's law; what the cells carry
at the voltages that this gives tells how far the answer is from a solution (`wire_bound`). Where
that is not enough to be certain, the array is solved from there without subtracting, by Newton's
method where the cells are not linear, and the distance is the bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit._segments import column_segment_current, row_segment_current
from xbar_circuit.certificate.bound import SUM_ERROR, TOLERANCE, Cells, wire_bound
from xbar_circuit.certificate.elimination import Elimination
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.result import NodeVoltages

__all__ = ["answer_bound"]

_STEPS = 6


def answer_bound(
    crossbar: Crossbar,
    volts: FloatArray,
    column_current: FloatArray,
    nodes: NodeVoltages | None,
    *,
    tolerance: float = TOLERANCE,
) -> tuple[FloatArray, FloatArray]:
    """Return a bound on the error of column currents, and their full scale (batch, cols) [A].

    Parameters
    ----------
    crossbar, volts
        The array, whose cells must say what they carry, and its inputs (batch, rows) [V].
    column_current
        The currents in question (batch, cols) [A].
    nodes
        The node voltages that belong to them; None, for linear cells only, solves the array anew.
    tolerance
        How certain, relative to the full scale, spares solving the array.

    Returns
    -------
    tuple
        The bound and the full scale, each (batch, cols) [A].
    """
    if nodes is None or crossbar.wires.uneven:
        start = None if nodes is None else (nodes.row, nodes.column)
        current, error, scale = _solved(crossbar, volts, start)
        return np.abs(column_current - current) + error, scale
    with np.errstate(over="ignore", invalid="ignore"):
        cells = _through_wires(crossbar, volts, nodes)
        error, scale = wire_bound(crossbar, volts, cells)
        error += np.abs(column_current - cells.current.sum(axis=1))
        unsure = np.flatnonzero(~(error <= tolerance * scale).all(axis=1))
        if unsure.size:
            start = nodes.row[unsure], nodes.column[unsure]
            current, own, scale[unsure] = _solved(crossbar, volts[unsure], start)
            error[unsure] = np.abs(column_current[unsure] - current) + own
    return error, scale


def _respond(crossbar: Crossbar, row: FloatArray, column: FloatArray) -> tuple[FloatArray, ...]:
    """Return currents and slopes a, b of the cells, 0 where open."""
    found = crossbar.cell.respond(row, column, crossbar.conductance)
    there = crossbar.conductance > 0.0
    return (
        np.where(there, found.current, 0.0),
        np.where(there, np.maximum(found.row_slope, 0.0), 0.0),
        np.where(there, np.maximum(-found.column_slope, 0.0), 0.0),
    )


def _through_wires(crossbar: Crossbar, volts: FloatArray, nodes: NodeVoltages) -> Cells:
    """Return the cells at the voltages that their own currents cause in the wires."""
    wires, ends = crossbar.wires, crossbar.terminals
    before, _, _ = _respond(crossbar, nodes.row, nodes.column)
    held = np.broadcast_to(volts[:, :, np.newaxis], before.shape)
    row = held - _drop(
        row_segment_current(crossbar, before),
        wires.row_ohm,
        wires.row_lead,
        ends.left_ohm,
        ends.right_ohm,
    )
    column = -_drop(
        column_segment_current(crossbar, before).swapaxes(1, 2),
        wires.column_ohm,
        wires.column_lead,
        ends.top_ohm,
        ends.bottom_ohm,
    ).swapaxes(1, 2)
    current, a, b = _respond(crossbar, row, column)
    return Cells(current, current - before, row - column, a, b)


def _drop(
    flow: FloatArray, segment: float, lead: float, first: float | None, last: float | None
) -> FloatArray:
    """Return how far wires fall below what holds them, from their segments' currents [V]."""
    if first is not None:
        ohms = np.full(flow.shape[-1] - 1, segment)
        ohms[0] = first + lead
        return np.asarray(np.cumsum(flow[..., :-1] * ohms, axis=-1))
    ohms = np.full(flow.shape[-1] - 1, segment)
    ohms[-1] = lead + (last or 0.0)
    return np.asarray(-np.cumsum((flow[..., 1:] * ohms)[..., ::-1], axis=-1)[..., ::-1])


def _solved(
    crossbar: Crossbar, volts: FloatArray, start: tuple[FloatArray, FloatArray] | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return column currents, the bound on their error and their full scale (batch, cols) [A]."""
    if crossbar.cell.linear or start is None:
        slope = np.where(
            crossbar.conductance > 0.0,
            crossbar.cell.zero_bias_conductance(crossbar.conductance),
            0.0,
        )[np.newaxis]
        found = Elimination(crossbar, slope, slope).solve(
            np.concatenate([volts, np.abs(volts)]).T[np.newaxis]
        )
        current, scale = np.split(found.current[0].T, 2)
        return current, SUM_ERROR * scale, scale
    parts = [
        _refined(crossbar, volts[k : k + 1], start[0][k : k + 1], start[1][k : k + 1])
        for k in range(len(volts))
    ]
    current, error, scale = (np.concatenate(part) for part in zip(*parts, strict=True))
    return current, error, scale


def _refined(
    crossbar: Crossbar, volts: FloatArray, row: FloatArray, column: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Take Newton's steps from node voltages that are nearly a solution."""
    before: NDArray[np.float64] | None = None
    drive = np.stack([volts, np.abs(volts)], axis=-1)
    error = scale = current = np.full((1, crossbar.cols), np.nan)
    for _ in range(_STEPS):
        value, a, b = _respond(crossbar, row, column)
        source = value - a * row + b * column
        if not np.isfinite(source).all():
            break
        sources = np.stack([source, np.zeros_like(source)], axis=-1)
        found = Elimination(crossbar, a, b).solve(drive, -sources, sources)
        current, scale = found.current[..., 0], found.current[..., 1]
        row, column = found.row[..., 0], found.column[..., 0]
        if before is not None:
            error = np.abs(current - before) + SUM_ERROR * scale
            if (error <= 2.0 * SUM_ERROR * scale).all():
                break
        before = current
    if crossbar.cell.loads_row:  # the full scale is that of the resistors that carry the same
        value, a, _ = _respond(crossbar, row, column)
        drop = row - column
        carries = drop * value > 0.0
        secant = np.where(carries, value / np.where(carries, drop, 1.0), a)
        found = Elimination(crossbar, secant, secant).solve(np.abs(volts)[..., np.newaxis])
        scale = found.current[..., 0]
    return current, error, scale
