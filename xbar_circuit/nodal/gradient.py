"""How a column current changes with every device and with the wires, by the adjoint.

In a linear network the derivative of an output current to a conductance between nodes a and b is

    ``dI_j / dg_ab = (v_a - v_b) (z_b - z_a)``,

with v the node voltages of the read and z those of the adjoint: one volt at the sense terminal of
column j, all else at 0 V (S. W. Director and R. A. Rohrer, IEEE Trans. Circuit Theory 16, 318,
1969). So one more solve gives all derivatives at once. The derivative to a segment of resistance r
is the product of both currents through it, ``dI_j / dr = i_v i_z``, which holds on to its digits
where both its ends have nearly one voltage. Both solves are eliminations that never subtract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import is_uneven, segment_ohm
from xbar_circuit.certificate import SUM_ERROR, Elimination, certify
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, ShapeError
from xbar_circuit.nodal._adjoint import turned
from xbar_circuit.nodal._branch_currents import branch_currents
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear

__all__ = ["Gradients", "gradients"]

_ADDED = 1e-6  # how closely the derivatives must add up to the value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gradients:
    """A weighted sum of column currents and its derivatives.

    value : ``sum_bj weights[b, j] column_current[b, j]`` [A].
    value_error : a bound on its error [A].
    conductance : derivative to each device (rows, cols) [A/S]; for an open device, to closing it.
    row_ohm, column_ohm : derivative to the resistance of all segments, leads apart [A/ohm].
    row_lead_ohm, column_lead_ohm : derivative to that of all leads together [A/ohm].
        Of wires that differ from segment to segment, the derivative to each: (rows, cols - 1) and
        (rows - 1, cols), leads (rows,) and (cols,), 0 where the wire is broken.
    volts : derivative to the inputs (batch, rows) [A/V].

    A derivative to a resistance of 0 ohm, where wires are one node, is NaN.
    """

    value: float
    value_error: float
    conductance: FloatArray
    row_ohm: float | FloatArray
    column_ohm: float | FloatArray
    row_lead_ohm: float | FloatArray
    column_lead_ohm: float | FloatArray
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

    Returns
    -------
    Gradients
        Of ``(weights * column_current).sum()`` [A]: its value, and its derivatives by conductance
        (rows, cols) [A/S], by input (batch, rows) [A/V] and by each resistance of `Wires` [A/ohm].

    Raises
    ------
    ParameterError
        The cells are not linear, or a value is not finite.
    ShapeError
        `volts` or `weights` do not fit.
    ConvergenceError
        Something overflowed, or the derivatives do not add up to the value within 1e-6: voltages
        across devices vanish against those of the wires.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> found = gradients(xbar, [[0.2, 0.1]], [[1.0, 0.0, 0.0]])  # of the first column's current
    >>> found.conductance.shape
    (2, 3)
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    refuse_nonlinear(crossbar, "nodal.gradients")
    inputs = checks.read_volts("volts", volts, crossbar.rows)
    loads = checks.read_volts("weights", weights, crossbar.cols)
    if len(loads) not in (1, len(inputs)):
        raise ShapeError.about(
            "weights",
            got=f"shape {np.shape(weights)}",
            expected=f"shape ({crossbar.cols},) or ({len(inputs)}, {crossbar.cols})",
            remedy="give one line of weights, or one for each input",
        )
    loads = np.broadcast_to(loads, (len(inputs), crossbar.cols))
    device = slopes(crossbar)
    other = turned(crossbar)
    with threads(), np.errstate(over="ignore", invalid="ignore"):
        # both solves have all samples as right-hand sides of one elimination
        read = Elimination(crossbar, *_both(device)).solve(_signed(inputs))
        adjoint = Elimination(other, *_both(device.T)).solve(_signed(loads))
        batch = len(inputs)
        rows, columns = _samples(read.row, batch), _samples(read.column, batch)
        one = branch_currents(crossbar, device, rows, columns, inputs)
        # the adjoint is on its side: what is a row here is a column there
        there = _samples(adjoint.row, batch), _samples(adjoint.column, batch)
        back = branch_currents(other, device.T, *there, loads)
        current, scale = read.current[0, :, :batch], read.current[0, :, batch:]
        to_drivers = adjoint.current[0, :, :batch]
        drop = _drops(device, one.device, rows - columns)
        across = _drops(device.T, back.device, there[0] - there[1])
        by_device = (drop * across.swapaxes(1, 2)).sum(axis=0)
    wires, ends = crossbar.wires, crossbar.terminals
    by_wire: dict[str, Any] = {}
    parts = [(device * by_device).ravel()]
    for name, forward, backward, segment, lead, terminals in (
        (
            "row",
            one.row,
            back.column,
            wires.row_ohm,
            wires.row_lead,
            (ends.left_ohm, ends.right_ohm),
        ),
        (
            "column",
            one.column,
            back.row,
            wires.column_ohm,
            wires.column_lead,
            (ends.top_ohm, ends.bottom_ohm),
        ),
    ):
        product = (forward * backward).sum(axis=0)  # (wires, leads and segments)
        inner, outer = product[:, 1:-1], product[:, [0, -1]]
        # of the segments as Wires has them: (rows, cols - 1) and (rows - 1, cols)
        inner = inner if name == "row" else inner.T
        ohm = segment_ohm(f"wires.{name}_ohm", segment, inner.shape)
        whole = [
            np.zeros(len(product)) if end is None else end + _each(lead, len(product))
            for end in terminals
        ]
        parts += [_share(ohm, inner), _share(np.stack(whole, axis=1), outer)]
        short = any(
            (ohms == 0.0).any()
            for ohms, end in zip(whole, terminals, strict=True)
            if end is not None
        )
        total = float(inner.sum()) if segment != 0.0 else np.nan
        by_wire[f"{name}_ohm"] = inner if is_uneven(segment) else total
        total = np.nan if short else float(outer.sum())
        by_wire[f"{name}_lead_ohm"] = outer.sum(axis=1) if is_uneven(lead) else total
    found = Gradients(
        value=float((loads.T * current).sum()),
        value_error=SUM_ERROR * float((np.abs(loads.T) * scale).sum()),
        conductance=by_device,
        volts=to_drivers.T,
        **by_wire,
    )
    _certify(found, np.concatenate(parts))
    return found


def _each(lead: Any, wires: int) -> FloatArray:
    """Return the resistance of the lead of each wire [ohm]."""
    return segment_ohm("lead", lead, (wires,))


def _share(ohm: FloatArray, product: FloatArray) -> FloatArray:
    """Return each resistance's part of the value [A]; broken ones carry nothing."""
    return -np.multiply(np.where(np.isfinite(ohm), ohm, 0.0), product).ravel()


def _drops(device: FloatArray, current: FloatArray, difference: FloatArray) -> FloatArray:
    """Return the voltages across devices, by their currents; across open ones by the nodes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(device > 0.0, current / device, difference)


def _both(slope: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same slopes to the row and to the column, as one sample."""
    return slope[np.newaxis], slope[np.newaxis]


def _signed(drive: FloatArray) -> FloatArray:
    """Return drives (batch, wires) and their sizes as right-hand sides of one sample."""
    return np.concatenate([drive, np.abs(drive)]).T[np.newaxis]


def _samples(field: FloatArray, batch: int) -> FloatArray:
    """Return the first right-hand sides as samples (batch, rows, cols)."""
    return np.ascontiguousarray(np.moveaxis(field[0, ..., :batch], -1, 0))


def _certify(found: Gradients, parts: FloatArray) -> None:
    """Refuse derivatives that do not add up.

    The current is homogeneous of degree one in all conductances, so by Euler's theorem it is the
    sum of all derivatives, each times its conductance: `parts`.

    Raises
    ------
    ConvergenceError
        They do not, or something is not finite.
    """
    finite = all(np.isfinite(part).all() for part in (found.value, found.conductance, found.volts))
    apart = np.abs(parts.sum() - found.value)
    size = np.abs(parts).sum()
    shares = np.full((1, 1), apart), np.full((1, 1), size)
    if not finite or certify(np.full((1, 1), found.value), shares, tolerance=_ADDED).size:
        raise ConvergenceError(
            f"gradients: got derivatives that miss the value by {apart:.1e} of {size:.1e} A when"
            f" they are added up, expected {_ADDED:g} at most; resistances lie too far apart: use 0"
            " for an ideal wire and None for an open end"
        )
