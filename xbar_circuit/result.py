"""The one result type of both engines.

Whatever solved the array, its answer is compared, plotted and certified in the same way. What costs
time (node voltages, device currents, the residual) is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, replace
from functools import cached_property
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit._frames import read_dataset, read_frame
from xbar_circuit._kirchhoff import current_residual
from xbar_circuit._segments import column_segment_current, row_segment_current
from xbar_circuit.crossbar import Crossbar

__all__ = ["NodeVoltages", "ReadResult"]

Array = TypeVar("Array", bound=NDArray[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVoltages:
    """Voltages of the wires at every cross-point, and the device currents if they were measured.

    row, column : (batch, rows, cols) [V].
    device_current : (batch, rows, cols) [A], or None to compute it from the cell's law.
    supply : of the supply lines (batch, rows, cols) [V], or None if there are none.
    """

    row: FloatArray
    column: FloatArray
    device_current: FloatArray | None = None
    supply: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("row", "column", "device_current", "supply"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, _frozen(array))


class ReadResult:
    """Result of a read of a crossbar, from any engine.

    Parameters
    ----------
    crossbar
        The crossbar that was read.
    volts
        The inputs (batch, rows) [V].
    column_current
        Current into all sense terminals of each bit line together (batch, cols) [A].
    column_current_error
        Bound on the error of each column current (batch, cols) [A], or a function that computes it
        on first use; None where the engine has no bound (cells that are a table, in
        ngspice), and then it is NaN.
    nodes
        The node voltages, or a function that computes them on first use.
    engine
        Name of the engine and algorithm, for display.
    iterations
        Nonlinear iterations of each sample (batch,); zeros for a linear solve.
    converged
        (batch,) bool; an engine returns normally only when all are True; others are in a
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
        column_current_error: FloatArray | Callable[[], FloatArray] | None = None,
        iterations: NDArray[np.int64] | None = None,
        converged: NDArray[np.bool_] | None = None,
    ) -> None:
        batch = volts.shape[0]
        if iterations is None:
            iterations = np.zeros(batch, dtype=np.int64)
        if converged is None:
            converged = np.ones(batch, dtype=bool)
        if column_current_error is None:
            column_current_error = np.full(column_current.shape, np.nan)
        self.__dict__.update(
            crossbar=crossbar,
            volts=_frozen(volts),
            column_current=_frozen(column_current),
            engine=engine,
            iterations=_frozen(iterations),
            converged=_frozen(converged),
            _source=nodes,
            _error=column_current_error,
        )

    crossbar: Crossbar
    volts: FloatArray
    column_current: FloatArray
    engine: str
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]
    _source: NodeVoltages | Callable[[], NodeVoltages]
    _error: FloatArray | Callable[[], FloatArray]

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to {name!r}: a result is what was found")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete {name!r}: a result is what was found")

    @cached_property
    def column_current_error(self) -> FloatArray:
        """A bound on the error of each column current (batch, cols) [A].

        NaN where the engine cannot tell, or did not converge.
        """
        return _frozen(self._error() if callable(self._error) else self._error)

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

    @property
    def supply_voltage(self) -> FloatArray | None:
        """Voltage of the supply line at each cell (batch, rows, cols) [V].

        None unless the cells are on a line with resistance, see
        :class:`xbar_circuit.cells.OnSupplyLine`.
        """
        return self._nodes.supply

    @cached_property
    def device_current(self) -> FloatArray:
        """Current of each device, from the row to the column (batch, rows, cols) [A]."""
        nodes = self._nodes
        if nodes.device_current is not None:
            return nodes.device_current
        response = self.crossbar.cell.respond(nodes.row, nodes.column, self.crossbar.conductance)
        return _frozen(np.where(self.crossbar.conductance > 0.0, response.current, 0.0))

    @cached_property
    def row_current(self) -> FloatArray:
        """Current that the drivers of each row deliver together (batch, rows) [A]."""
        if not self.crossbar.cell.loads_row:
            return _frozen(np.zeros_like(self.volts))
        return _frozen(self.device_current.sum(axis=2))

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
        return _frozen(current)

    @cached_property
    def row_segment_current(self) -> FloatArray:
        """Current of every word-line segment (batch, rows, cols + 1) [A], positive to the right.

        Entry 0 is the left lead, entry j the segment between columns j - 1 and j, entry cols the
        right lead.
        """
        return _frozen(row_segment_current(self.crossbar, self.device_current))

    @cached_property
    def column_segment_current(self) -> FloatArray:
        """Current of every bit-line segment (batch, rows + 1, cols) [A], positive downwards.

        Entry 0 is the top lead, entry i the segment between rows i - 1 and i, entry rows the bottom
        lead.
        """
        return _frozen(column_segment_current(self.crossbar, self.device_current))

    @cached_property
    def residual(self) -> FloatArray:
        """Largest KCL error relative to the largest branch current (batch,).

        Computed from the node voltages alone, see :func:`xbar_circuit._kirchhoff.current_residual`.
        What the rounding of the voltages can cause does not count, so it says little about wires of
        micro-ohms; how far the currents may be off is `column_current_error`.
        """
        return _frozen(
            current_residual(
                self.crossbar,
                self.volts,
                row_voltage=self.row_voltage,
                column_voltage=self.column_voltage,
                device_current=self.device_current,
                column_current=self.column_current,
            )
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
            ``column_current``, ``column_current_error``, ``row_voltage``, ``column_voltage``,
            ``device_current``, ``row_segment_current``, ``column_segment_current``,
            ``conductance``, ``volts`` and ``residual`` over ``sample``, ``row`` and ``column``,
            each with its unit in ``attrs``.

        Raises
        ------
        XbarError
            xarray is not installed.

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
        >>> data = xc.read(xbar, [0.1]).to_xarray()
        >>> data.column_current.dims, data.column_current.attrs["units"]
        (('sample', 'column'), 'A')
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

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
        >>> (xc.read(xbar, [0.1]).to_pandas() * 1e6).round(4).to_numpy().tolist()  # microamperes
        [[1.0, 1.9998]]
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
            The figure, with a map of the array for each quantity and its unit at the colour bar.

        Raises
        ------
        ParameterError
            No such sample, or an unknown kind of file.
        OSError
            The file cannot be written.

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5]], wires=wires)
        >>> figure = xc.read(xbar, [0.1]).plot()
        >>> [axes.get_title() for axes in figure.axes if axes.get_title()][:2]
        ['Word-line voltage', 'Bit-line voltage']
        """
        # the drawing is on a higher floor: found by name, as pandas finds its plotting backend
        return import_module("xbar_circuit.plots.read").draw_read(self, sample=sample, path=path)

    def without(self, samples: NDArray[np.int64]) -> ReadResult:
        """Return this result with some samples as NaN and not converged.

        Parameters
        ----------
        samples
            Indices of the samples to leave out (some,).

        Returns
        -------
        ReadResult
            A result of the same shape, whose currents and voltages of these samples are NaN and
            whose `converged` is False there.
        """
        batch = len(self.volts)
        lost = np.zeros(batch, dtype=bool)
        lost[samples] = True

        def blank(array: FloatArray) -> FloatArray:
            return np.where(lost.reshape(batch, *[1] * (array.ndim - 1)), np.nan, array)

        def nodes() -> NodeVoltages:
            own = self._nodes
            device = None if own.device_current is None else blank(own.device_current)
            supply = None if own.supply is None else blank(own.supply)
            return NodeVoltages(
                row=blank(own.row),
                column=blank(own.column),
                device_current=device,
                supply=supply,
            )

        return ReadResult(
            crossbar=self.crossbar,
            volts=self.volts,
            column_current=blank(self.column_current),
            column_current_error=lambda: blank(self.column_current_error),
            nodes=nodes,
            engine=self.engine,
            iterations=self.iterations,
            converged=self.converged & ~lost,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Compute what is lazy before a trip between processes: functions do not travel."""
        state = self.__dict__.copy()
        state["_source"], state["_error"] = self._nodes, self.column_current_error
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state; arrays come back from a pickle writable."""
        for name, value in state.items():
            if isinstance(value, NodeVoltages):
                self.__dict__[name] = replace(value)
            else:
                self.__dict__[name] = _frozen(value) if isinstance(value, np.ndarray) else value

    def __repr__(self) -> str:
        batch, cols = self.column_current.shape
        return f"<ReadResult batch={batch} cols={cols} engine={self.engine!r} {self.status}>"

    def _repr_html_(self) -> str:
        """Return a small map of the first sample's device currents, for notebooks."""
        draw = import_module("xbar_circuit.plots.thumbnail").thumbnail  # a higher floor, by name
        return f"{draw(self.device_current[0])} <code>{escape(repr(self))}</code>"


def _frozen(array: Array) -> Array:
    """Return the array read-only, itself if it is already."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view
