"""Branch currents out of node voltages, each from what leaves it most digits.

A device that conducts far better than the wires drops next to nothing: the difference of its node
voltages has no digits left, but what its word line brings it, the difference of two segments'
currents, has. Beside wires that drop nothing it is the other way round. Every current is taken in
each way that there is, with a bound on what rounding of the voltages makes of it, and the least
uncertain way is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._segments import column_segment_current, row_segment_current
from xbar_circuit._uneven import Segments, segment_ohm
from xbar_circuit.crossbar import Crossbar

__all__ = ["BranchCurrents", "branch_currents"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchCurrents:
    """Currents of a read [A].

    device : (batch, rows, cols), from the row to the column.
    row : (batch, rows, cols + 1), from left to right, leads first and last.
    column : (batch, cols, rows + 1), from top to bottom.
    """

    device: FloatArray
    row: FloatArray
    column: FloatArray


def branch_currents(
    crossbar: Crossbar,
    siemens: FloatArray,
    row_voltage: FloatArray,
    column_voltage: FloatArray,
    drive: FloatArray,
) -> BranchCurrents:
    """Return all currents of a linear array.

    Parameters
    ----------
    crossbar
        The array; all columns are sensed at 0 V.
    siemens
        Of each device (rows, cols) [S].
    row_voltage, column_voltage
        Of the nodes (batch, rows, cols) [V], each to its last digits.
    drive
        Of the rows (batch, rows) [V].
    """
    wires, ends = crossbar.wires, crossbar.terminals
    sensed = np.zeros((len(drive), crossbar.cols))
    across: Any = wires.column_ohm
    if isinstance(across, Segments):  # (cols, rows - 1), along its wires
        across = Segments("wires.column_ohm", np.atleast_2d(across.ohm).T)
    along, along_error = _segments(
        row_voltage, drive, wires.row_ohm, wires.row_lead, (ends.left_ohm, ends.right_ohm)
    )
    down, down_error = _segments(
        column_voltage.swapaxes(1, 2),
        sensed,
        across,
        wires.column_lead,
        (ends.top_ohm, ends.bottom_ohm),
    )
    ways = [
        (
            siemens * (row_voltage - column_voltage),
            siemens * (np.abs(row_voltage) + np.abs(column_voltage)),
        ),
        (along[..., :-1] - along[..., 1:], along_error[..., :-1] + along_error[..., 1:]),
        (
            (down[..., 1:] - down[..., :-1]).swapaxes(1, 2),
            (down_error[..., 1:] + down_error[..., :-1]).swapaxes(1, 2),
        ),
    ]
    device, error = _best(ways)
    plain = replace(crossbar, conductance=siemens)
    chains = (
        row_segment_current(plain, device),
        column_segment_current(plain, device).swapaxes(1, 2),
    )
    row, column = (
        _best([(chain, np.broadcast_to(total[..., np.newaxis], chain.shape)), direct])[0]
        for chain, total, direct in zip(
            chains,
            (error.sum(axis=2), error.sum(axis=1)),
            ((along, along_error), (down, down_error)),
            strict=True,
        )
    )
    return BranchCurrents(device=device, row=row, column=column)


def _segments(
    volts: FloatArray,
    terminal: FloatArray,
    segment: Any,
    lead: Any,
    ends: tuple[float | None, float | None],
) -> tuple[FloatArray, FloatArray]:
    """Return currents along wires from voltages, and their sizes that rounding is a share of."""
    before = np.concatenate([terminal[..., np.newaxis], volts], axis=2)
    after = np.concatenate([volts, terminal[..., np.newaxis]], axis=2)
    ohms = np.empty(before.shape[1:])
    ohms[:, 1:-1] = segment_ohm("wires", segment, ohms[:, 1:-1].shape)
    for place, end in ((0, ends[0]), (-1, ends[1])):
        ohms[:, place] = np.inf if end is None else end + segment_ohm("lead", lead, ohms.shape[:1])
    with np.errstate(divide="ignore", invalid="ignore"):
        current = (before - after) / ohms
        size = (np.abs(before) + np.abs(after)) / ohms
    known = ohms > 0.0
    return np.where(known, current, 0.0), np.where(known, size, np.inf)


def _best(ways: list[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    """Return the values of least error, and that error; the first of equal ones."""
    value, error = ways[0]
    for other, its_error in ways[1:]:
        better = its_error < error
        value, error = np.where(better, other, value), np.where(better, its_error, error)
    return value, error
