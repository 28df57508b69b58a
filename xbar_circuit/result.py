"""The one result type of both engines.

Whatever solved the array, its answer is compared, plotted and certified in the same way. What costs
time (node voltages, device currents, the residual) is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.kirchhoff import current_residual

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

    def __getstate__(self) -> dict[str, Any]:
        """Compute the node voltages before a trip between processes: functions do not travel."""
        state = self.__dict__.copy()
        state["_source"] = self._nodes
        return state

    def __repr__(self) -> str:
        batch, cols = self.column_current.shape
        return f"<ReadResult batch={batch} cols={cols} engine={self.engine!r} {self.status}>"
