"""The linear systems of Newton's steps by lines: see `_line_loops`.

Each cell is a straight line ``I = c + a du - b dw``; wires carry f so far. What the cells carry
beyond that, ``c - f``, acts like a current in parallel with each cell: the network of wires and
slopes answers with changes of the voltages, and these with the change of the currents.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._kirchhoff import end_conductances
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal._banded import few
from xbar_circuit.nodal._line_loops import Line, loops
from xbar_circuit.nodal._lines import Lines

__all__ = ["LineSteps"]

_FINEST = 1e-14  # as far as an iteration goes in double precision


class LineSteps:
    """Solver for the steps of all samples of one array whose wires and ends all have resistance."""

    def __init__(self, crossbar: Crossbar, *, limit: int) -> None:
        wires, ends = crossbar.wires, crossbar.terminals
        self._loads_row, self._limit = crossbar.cell.loads_row, limit
        self._row: Line = (
            1.0 / wires.row_ohm if wires.row_ohm else np.inf,
            *end_conductances(wires.row_lead, ends.left_ohm, ends.right_ohm),
        )
        self._column: Line = (
            1.0 / wires.column_ohm if wires.column_ohm else np.inf,
            *end_conductances(wires.column_lead, ends.top_ohm, ends.bottom_ohm),
        )

        columns = Lines.of(crossbar).column
        self._highest = float(columns.matrix_diagonal.max())

    @property
    def suit(self) -> bool:
        """Whether every wire and end that carries current has resistance."""
        used = (*self._row, *self._column) if self._loads_row else self._column
        return bool(np.isfinite(used).all())

    def change(
        self, a: FloatArray, b: FloatArray, excess: FloatArray, forcing: FloatArray
    ) -> FloatArray:
        """Return the step of the currents (batch, rows, cols) [A].

        Parameters
        ----------
        a, b
            Slopes to the row and the column voltage, the same array where they are equal
            (batch, rows, cols) [S].
        excess
            What the cells carry beyond the wires (batch, rows, cols) [A].
        forcing
            How far to go for each sample, relative (batch,).
        """
        passes = loops(plain=few(excess.size))
        found = np.empty(excess.shape)
        excess = np.ascontiguousarray(excess)
        # what is left of Kirchhoff's law raises a column's node, and that the cell's current
        stiff = self._highest * np.maximum(b.max(axis=(1, 2)), a.max(axis=(1, 2)))
        forcing = np.maximum(forcing / (1.0 + stiff), _FINEST)
        if not self._loads_row:
            passes.column_steps(np.maximum(b, 0.0), self._column, excess, found)
            return found
        equal = a is b
        a = np.maximum(a, 0.0)
        b = a if equal else np.maximum(b, 0.0)
        passes.steps(a, b, equal, self._row, self._column, excess, forcing, self._limit, found)
        return found

    def voltages(self, f: FloatArray, volts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the row and column voltages that currents f cause (batch, rows, cols) [V].

        `volts` : inputs (batch, rows) [V].
        """
        passes = loops(plain=few(f.size))
        u, w = np.empty((2, *f.shape))
        if self._loads_row:
            passes.row_drops(f, self._row, volts, u)
        else:
            u[...] = volts[:, :, np.newaxis]
        passes.column_drops(f, self._column, w)
        return u, w
