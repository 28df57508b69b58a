"""How certain an iteration's column currents are, wherever its fields live."""

from __future__ import annotations

import numpy as np

from xbar_circuit._backend import Array, at_least, backend_of, namespace
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, Cells, wire_bound
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal._corrections import Corrections

__all__ = ["certainty"]

_COARSE = 1e-4  # how closely a full scale is solved for
_ENOUGH = 1e-2  # columns that it may be read from, relative to the largest


def certainty(
    crossbar: Crossbar, volts: Array, cells: Cells, corrections: Corrections
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the column currents, the bound on their error and their full scale (batch, cols) [A].

    `volts` : (batch, rows, 1) [V].
    """
    place = backend_of(cells.current)
    current = place.get(namespace(cells.current).sum(cells.current, axis=1))
    error, scale = wire_bound(crossbar, volts[:, :, 0], cells)
    unsure = np.flatnonzero(~(error <= TOLERANCE * scale).all(axis=1))
    if unsure.size and crossbar.cell.loads_row:
        columns = _full_scale(np.abs(place.get(volts))[unsure], cells.only(unsure), corrections)
        enough = columns >= _ENOUGH * columns.max(axis=1, keepdims=True)
        scale[unsure] = np.where(enough, np.maximum(0.5 * columns, scale[unsure]), scale[unsure])
    return current, error, scale


def _full_scale(size: FloatArray, cells: Cells, corrections: Corrections) -> FloatArray:
    """Return the full scale of each column, solved for, where the bound from below is far off.

    The inputs' sizes drive the resistors that carry what the cells do. A few digits of the largest
    columns are enough; the others keep their bound.
    """
    xp = namespace(cells.current)
    place = backend_of(cells.current)
    root = xp.sqrt(at_least(cells.secant(), 0.0))
    coarse = np.full(len(size), _COARSE)
    exact = np.ones(len(size), dtype=bool)
    found = corrections.solve(root, root * place.put(size), coarse, exact=exact)
    return place.get(xp.sum(root * found, axis=1))
