"""The one result type of both engines.

Whatever solved the array, its answer is compared, plotted and certified in the same way. What costs
time (node voltages, device currents, the residual) is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.frames import read_dataset, read_frame
from xbar_circuit.kirchhoff import current_residual
from xbar_circuit.segments import column_segment_current, row_segment_current

__all__ = ["NodeVoltages", "ReadResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVoltages:
    """Voltages of the wires at every cross-point, and the device currents if they were measured.

    row, column : (batch, rows, cols) [V].
    device_current : (batch, rows, cols) [A], or None to let the cell's own law tell them.
    """

    row: FloatArray
    column: FloatArray
    device_current: FloatArray | None = None


class ReadResult:
    """What a read of a crossbar gives, from either engine.

    Parameters
    ----------
    crossbar
        What was read.
    volts
        The inputs (batch, rows) [V].
    column_current
        Current into all sense terminals of each bit line together (batch, cols) [A].
    nodes
        The node voltages, or a function that computes them when they are first asked for.
    engine
        Which engine and algorithm answered, for people.
    iterations
        Nonlinear iterations of each sample (batch,); zeros for a linear solve.
    converged
        (batch,) bool; an engine returns quietly only when all are True, others travel in a
        ``ConvergenceError``.
    """

    def __init__(
        self,
        *,
        crossbar: Crossbar,
        volts: FloatArray,
        column_current: FloatArray,
        nodes: NodeVoltages | Callable[[], NodeVoltages],
        engine: str,
        iterations: NDArray[np.int64] | None = None,
        converged: NDArray[np.bool_] | None = None,
    ) -> None:
        batch = volts.shape[0]
        self.crossbar = crossbar
        self.volts = volts
        self.column_current = column_current
        self.engine = engine
        self.iterations = np.zeros(batch, dtype=np.int64) if iterations is None else iterations
        self.converged = np.ones(batch, dtype=bool) if converged is None else converged
        self._source = nodes

    @cached_property
    def _nodes(self) -> NodeVoltages:
        return self._source() if callable(self._source) else self._source

    @property
    def row_voltage(self) -> FloatArray:
        """Voltage of the row wire at each cell (batch, rows, cols) [V]."""
        return self._nodes.row

    @property
    def column_voltage(self) -> FloatArray:
        """Voltage of the column wire at each cell (batch, rows, cols) [V]."""
        return self._nodes.column

    @cached_property
    def device_current(self) -> FloatArray:
        """Current of each device, from the row to the column (batch, rows, cols) [A]."""
        nodes = self._nodes
        if nodes.device_current is not None:
            return nodes.device_current
        response = self.crossbar.cell.respond(nodes.row, nodes.column, self.crossbar.conductance)
        return np.where(self.crossbar.conductance > 0.0, response.current, 0.0)

    @cached_property
    def row_current(self) -> FloatArray:
        """Current that the drivers of each row deliver together (batch, rows) [A]."""
        if not self.crossbar.cell.loads_row:
            return np.zeros_like(self.volts)
        current: FloatArray = self.device_current.sum(axis=2)
        return current

    @cached_property
    def ideal_column_current(self) -> FloatArray | None:
        """Column currents without wires and terminals (batch, cols) [A].

        Every device at the full input voltage; None for cells that are driven at their gates.
        """
        if not self.crossbar.cell.loads_row:
            return None
        conductance = self.crossbar.conductance
        shape = (len(self.volts), *conductance.shape)
        volts = np.broadcast_to(self.volts[:, :, np.newaxis], shape)
        response = self.crossbar.cell.respond(volts, np.zeros(shape), conductance)
        current: FloatArray = np.where(conductance > 0.0, response.current, 0.0).sum(axis=1)
        return current

    @cached_property
    def row_segment_current(self) -> FloatArray:
        """Current of every word-line segment (batch, rows, cols + 1) [A], positive to the right.

        Entry 0 is the left lead, entry j the segment between columns j - 1 and j, entry cols the
        right lead.
        """
        return row_segment_current(self.crossbar, self.device_current)

    @cached_property
    def column_segment_current(self) -> FloatArray:
        """Current of every bit-line segment (batch, rows + 1, cols) [A], positive downwards.

        Entry 0 is the top lead, entry i the segment between rows i - 1 and i, entry rows the bottom
        lead.
        """
        return column_segment_current(self.crossbar, self.device_current)

    @cached_property
    def residual(self) -> FloatArray:
        """Largest KCL error relative to the largest branch current (batch,).

        Computed from the node voltages alone, see :func:`xbar_circuit.kirchhoff.current_residual`.
        """
        return current_residual(
            self.crossbar,
            self.volts,
            row_voltage=self.row_voltage,
            column_voltage=self.column_voltage,
            device_current=self.device_current,
            column_current=self.column_current,
        )

    @property
    def status(self) -> str:
        """``"converged"``, or which samples are not."""
        if self.converged.all():
            return "converged"
        return f"not converged: samples {np.flatnonzero(~self.converged).tolist()}"

    def to_xarray(self) -> Any:
        """Return everything as one labelled dataset.

        Returns
        -------
        xarray.Dataset
            ``column_current``, ``row_voltage``, ``column_voltage``, ``device_current``,
            ``row_segment_current``, ``column_segment_current``, ``conductance``, ``volts`` and
            ``residual`` over ``sample``, ``row`` and ``column``, each with its unit in ``attrs``.

        Raises
        ------
        XbarError
            xarray is not installed.
        """
        return read_dataset(self)

    def to_pandas(self, what: str = "columns") -> Any:
        """Return the read as a table.

        Parameters
        ----------
        what
            ``"columns"``: the column currents [A], a row for each sample and a column for each bit
            line. ``"cells"``: a row for each sample, word line and bit line with the conductance
            [S], both node voltages [V] and the device current [A].

        Returns
        -------
        pandas.DataFrame
            The table, indexed by sample (and word line and bit line).

        Raises
        ------
        ParameterError
            An unknown table.
        XbarError
            pandas is not installed.
        """
        return read_frame(self, what)

    def plot(self, *, sample: int = 0, path: str | Path | None = None) -> Any:
        """Draw the maps of one sample: node voltages, device and wire-segment currents.

        Parameters
        ----------
        sample
            Which vector of the batch.
        path
            Where to write the figure (.png, .svg or .pdf); None writes nothing. A notebook shows
            the returned figure.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.

        Raises
        ------
        ParameterError
            No such sample, or an unknown kind of file.
        OSError
            The file cannot be written.
        """
        # the drawing is on a higher floor: found by name, as pandas finds its plotting backend
        return import_module("xbar_circuit.plots.read").draw_read(self, sample=sample, path=path)

    def __getstate__(self) -> dict[str, Any]:
        """Compute the node voltages before a trip between processes: functions do not travel."""
        state = self.__dict__.copy()
        state["_source"] = self._nodes
        return state

    def __repr__(self) -> str:
        batch, cols = self.column_current.shape
        return f"<ReadResult batch={batch} cols={cols} engine={self.engine!r} {self.status}>"
