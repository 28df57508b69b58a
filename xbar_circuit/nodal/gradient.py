"""How a column current changes with every device and with the wires, by the adjoint.

In a linear network the derivative of an output current to a conductance between nodes a and b is

    ``dI_j / dg_ab = (v_a - v_b) (z_b - z_a)``,

with v the node voltages of the read and z those of the adjoint: one volt at the sense terminal of
column j, all else at 0 V (S. W. Director and R. A. Rohrer, IEEE Trans. Circuit Theory 16, 318,
1969). So one more solve gives all derivatives at once. The wires follow by the chain rule: a
segment resistance r is many branches of conductance 1/r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal.grid import Branches, Grid
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.sparse import factorise, with_cells

__all__ = ["Gradients", "gradients"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gradients:
    """A weighted sum of column currents and its derivatives.

    value : ``sum_bj weights[b, j] column_current[b, j]`` [A].
    conductance : derivative to each device (rows, cols) [A/S]; for an open device, to closing it.
    row_ohm, column_ohm : derivative to the resistance of all segments, leads apart [A/ohm].
    row_lead_ohm, column_lead_ohm : derivative to that of all leads together [A/ohm].
    volts : derivative to the inputs (batch, rows) [A/V].

    A derivative to a resistance of 0 ohm, where wires are one node, is NaN.
    """

    value: float
    conductance: FloatArray
    row_ohm: float
    column_ohm: float
    row_lead_ohm: float
    column_lead_ohm: float
    volts: FloatArray


def gradients(crossbar: Crossbar, volts: ArrayLike, weights: ArrayLike) -> Gradients:
    """Return the derivatives of a weighted sum of column currents.

    Parameters
    ----------
    crossbar
        A linear array. The lead is a parameter of its own here: if it is left at one segment, add
        its derivative to that of the segment.
    volts
        Inputs (batch, rows) or (rows,) [V].
    weights
        Weight of each column current (batch, cols) or (cols,): the gradient of a loss, or one 1
        for the derivatives of one current.

    Raises
    ------
    ParameterError
        The cells are not linear, or a value is not finite.
    ShapeError
        `volts` or `weights` do not fit.
    """
    refuse_nonlinear(crossbar, "nodal.gradients")
    inputs = checks.read_volts("volts", volts, crossbar.rows)
    loads = checks.read_volts("weights", weights, crossbar.cols)
    loads = np.broadcast_to(loads, (len(inputs), crossbar.cols))
    grid = Grid.of(crossbar)
    device = slopes(crossbar)
    n, rows = grid.unknowns, crossbar.rows
    matrix, drive = with_cells(grid, device, -device, loads_row=True)
    factors = factorise(matrix)
    v = np.zeros((grid.size, len(inputs)))
    z = np.zeros_like(v)
    v[n : n + rows] = inputs.T
    z[n + rows :] = loads.T
    sense = _to_sense(grid, device)
    if factors is not None:
        v[:n] = factors.solve(drive @ inputs.T)
        z[:n] = factors.solve(sense @ loads.T)
    flow = _by_branch(v, z, grid.row_node, grid.column_node)
    current = _sense_current(grid, device, v)
    wires, ends = crossbar.wires, crossbar.terminals
    whole = {
        "row": (wires.row_ohm, wires.row_lead, (ends.left_ohm, ends.right_ohm)),
        "column": (wires.column_ohm, wires.column_lead, (ends.top_ohm, ends.bottom_ohm)),
    }
    branches = iter(grid.branches)
    by_wire: dict[str, float] = {}
    for name, (segment, lead, terminals) in whole.items():
        by_wire[f"{name}_ohm"] = np.nan
        if segment > 0.0:
            a, b, _ = next(branches)
            by_wire[f"{name}_ohm"] = -float(_by_branch(v, z, a, b).sum()) / segment**2
        total, short = 0.0, False
        for terminal in terminals:
            if terminal is not None and terminal + lead == 0.0:
                short = True
                continue
            a, b, _ = next(branches)
            if terminal is None:
                continue
            total -= float(_by_branch(v, z, a, b).sum()) / (terminal + lead) ** 2
        by_wire[f"{name}_lead_ohm"] = np.nan if short else total
    return Gradients(
        value=float((loads.T * current).sum()),
        conductance=flow,
        volts=_to_drivers(grid, device, z).T,
        **by_wire,
    )


def _by_branch(v: FloatArray, z: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    """Return ``sum_batch (v_a - v_b) (z_b - z_a)`` for branches from a to b [V^2]."""
    return np.asarray(((v[a] - v[b]) * (z[b] - z[a])).sum(axis=-1))


def _branches(grid: Grid, device: FloatArray) -> Branches:
    """Return all branches, wires and devices, as flat (from, to, siemens)."""
    every = [*grid.branches, (grid.row_node, grid.column_node, device)]
    return [(a.ravel(), b.ravel(), siemens.ravel()) for a, b, siemens in every]


def _to_sense(grid: Grid, device: FloatArray) -> FloatArray:
    """Return the conductances from the unknowns to the sense nodes (unknowns, cols) [S]."""
    n, first = grid.unknowns, grid.unknowns + grid.row_node.shape[0]
    matrix = np.zeros((n, grid.row_node.shape[1]))
    for a, b, siemens in _branches(grid, device):
        for node, held in ((a, b), (b, a)):
            here = (node < n) & (held >= first)
            np.add.at(matrix, (node[here], held[here] - first), siemens[here])
    return matrix


def _held_current(
    grid: Grid, device: FloatArray, voltage: FloatArray, start: int, stop: int
) -> FloatArray:
    """Return the currents into held nodes from start to stop (stop - start, batch) [A]."""
    current = np.zeros((stop - start, voltage.shape[1]))
    for a, b, siemens in _branches(grid, device):
        for node, held in ((a, b), (b, a)):
            here = (held >= start) & (held < stop)
            flow = siemens[here, np.newaxis] * (voltage[node[here]] - voltage[held[here]])
            np.add.at(current, held[here] - start, flow)
    return current


def _sense_current(grid: Grid, device: FloatArray, v: FloatArray) -> FloatArray:
    """Return the column currents (cols, batch) [A]."""
    return _held_current(grid, device, v, grid.unknowns + grid.row_node.shape[0], grid.size)


def _to_drivers(grid: Grid, device: FloatArray, z: FloatArray) -> FloatArray:
    """Return the derivatives to the inputs (rows, batch): reciprocity makes them currents [A/V]."""
    n = grid.unknowns
    return _held_current(grid, device, z, n, n + grid.row_node.shape[0])
