"""The three verbs of the nodal engine, and how it chooses its algorithm."""

from __future__ import annotations

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OnSupplyLine
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._banded import can_eliminate, few
from xbar_circuit.nodal._banded import estimated_second as banded_second
from xbar_circuit.nodal._reduction import estimated_second as reduction_second
from xbar_circuit.nodal.by_lines import ByLines, suits
from xbar_circuit.nodal.by_lines import estimated_second as by_lines_second
from xbar_circuit.nodal.direct import Direct
from xbar_circuit.nodal.hierarchical import Hierarchical
from xbar_circuit.nodal.krylov import NewtonKrylov
from xbar_circuit.nodal.method import Method, Prepared
from xbar_circuit.nodal.newton import Newton
from xbar_circuit.nodal.supply_line import SupplyLineNewton
from xbar_circuit.result import ReadResult

__all__ = ["prepare", "read", "transfer"]

_SMALL_CELLS = 256  # where the elimination is not compiled


def read(
    crossbar: Crossbar,
    volts: ArrayLike,
    *,
    method: Method | None = None,
    device: str | None = None,
) -> ReadResult:
    """Solve a crossbar for some inputs.

    Parameters
    ----------
    crossbar
        The crossbar to read.
    volts
        Inputs (batch, rows) or (rows,) [V].
    method
        The algorithm; None chooses by the cells and the array's size.
    device
        As in :func:`prepare`; results are NumPy arrays in any case.

    Returns
    -------
    ReadResult
        Column currents (batch, cols) [A] with bounds on their error; node voltages when asked for.

    Raises
    ------
    ShapeError, ParameterError
        The voltages do not fit the crossbar, or the method does not.
    ConvergenceError
        A nonlinear read that failed for some samples; it carries the others' results.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> read(xbar, [1.3]).column_current.round(12).tolist()
    [[0.1]]
    """
    _check(crossbar, method, device)
    inputs = checks.read_volts("volts", volts, crossbar.rows)
    if method is None:
        method = _for_reads(crossbar, len(inputs)) if device is None else _on(crossbar, device)
    return method.prepare(crossbar).read(inputs)


def prepare(
    crossbar: Crossbar, *, method: Method | None = None, device: str | None = None
) -> Prepared:
    """Prepare a crossbar for many reads.

    Parameters
    ----------
    crossbar
        The crossbar to read.
    method
        The algorithm; None chooses by the cells and the array's size.
    device
        Where to compute if no method is given: ``"cuda"`` for a graphics card; see
        :func:`xbar_circuit._backend.backend`.

    Returns
    -------
    Prepared
        The reduced array; its `read` and `transfer` reuse the reduction.

    Raises
    ------
    ParameterError
        The method does not apply to this crossbar.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> prepared = prepare(xbar)  # reduced once
    >>> prepared.read([0.2, 0.1]).column_current.shape
    (1, 3)
    """
    _check(crossbar, method, device)
    if method is None:
        method = _for_many(crossbar) if device is None else _on(crossbar, device)
    return method.prepare(crossbar)


def transfer(
    crossbar: Crossbar, *, method: Method | None = None, device: str | None = None
) -> FloatArray:
    """Return the transfer matrix (rows, cols) [S]: ``column_current == volts @ transfer``.

    `device` as in :func:`prepare`.

    Parameters
    ----------
    crossbar
        The array; its cells must be linear.
    method
        Algorithm; None takes the one that suits the array.
    device
        Where it is computed, such as ``"cuda"``; None is this machine's processor.

    Returns
    -------
    numpy.ndarray
        (rows, cols) [S].

    Raises
    ------
    ParameterError
        The cells are not linear.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> transfer(xbar).round(12).tolist()
    [[0.076923076923]]
    """
    return prepare(crossbar, method=method, device=device).transfer()


def _check(crossbar: object, method: object, device: object) -> None:
    """Refuse arguments of the wrong kind."""
    if method is not None and device is not None:
        raise ParameterError.about(
            "device",
            got=f"{device!r} together with method={method!r}",
            expected="one of both",
            remedy="say it to the method: nodal.NewtonKrylov(device=...)",
        )
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    if method is not None:
        checks.instance("method", method, Method, example="xc.nodal.Newton()")


def _on(crossbar: Crossbar, device: str) -> Method:
    """Return the method for a device that was asked for."""
    reducible = crossbar.cell.linear and crossbar.cell.loads_row
    return Hierarchical(device=device) if reducible else NewtonKrylov(device=device)


def _for_reads(crossbar: Crossbar, inputs: int) -> Method:
    """Return the method that takes the least time for one call with so many inputs."""
    if crossbar.wires.uneven or few(crossbar.conductance.size) or not suits(crossbar):
        return _for_many(crossbar)
    return (
        ByLines() if inputs * by_lines_second(crossbar) < _least(crossbar) else _for_many(crossbar)
    )


def _for_many(crossbar: Crossbar) -> Method:
    """Return the method that takes the least time for many reads of this crossbar."""
    if isinstance(crossbar.cell, OnSupplyLine):
        return SupplyLineNewton()
    if crossbar.wires.uneven:
        return Direct() if crossbar.cell.linear else Newton()
    if not crossbar.cell.linear:
        return NewtonKrylov()
    if not crossbar.cell.loads_row or _direct(crossbar) < reduction_second(*crossbar.shape):
        return Direct()
    return Hierarchical()


def _least(crossbar: Crossbar) -> float:
    """Return about how long the transfer matrix takes [s]."""
    return min(_direct(crossbar), reduction_second(*crossbar.shape))


def _direct(crossbar: Crossbar) -> float:
    rows, cols = crossbar.shape
    if can_eliminate(rows * cols):
        return banded_second(rows, cols)
    return 0.0 if rows * cols < _SMALL_CELLS else float("inf")
