"""The three verbs of the nodal engine, and how it chooses its algorithm."""

from __future__ import annotations

from numpy.typing import ArrayLike

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal.hierarchical import Hierarchical
from xbar_circuit.nodal.method import Method, Prepared
from xbar_circuit.nodal.newton import Newton
from xbar_circuit.nodal.sparse import SparseDirect
from xbar_circuit.result import ReadResult

__all__ = ["prepare", "read", "transfer"]

_SMALL_CELLS = 1024


def read(crossbar: Crossbar, volts: ArrayLike, *, method: Method | None = None) -> ReadResult:
    """Solve a crossbar for some inputs.

    Parameters
    ----------
    crossbar
        What to read.
    volts
        Inputs (batch, rows) or (rows,) [V].
    method
        The algorithm; None chooses by the cells and the array's size.

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
    return prepare(crossbar, method=method).read(volts)


def prepare(crossbar: Crossbar, *, method: Method | None = None) -> Prepared:
    """Do once what every read of this crossbar needs.

    Raises
    ------
    ParameterError
        The method does not apply to this crossbar.
    """
    if method is None:
        method = _choose(crossbar)
    return method.prepare(crossbar)


def transfer(crossbar: Crossbar, *, method: Method | None = None) -> FloatArray:
    """Return the transfer matrix (rows, cols) [S]: ``column_current == volts @ transfer``.

    Raises
    ------
    ParameterError
        The cells are not linear.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> transfer(xbar).round(12).tolist()
    [[0.076923076923]]
    """
    return prepare(crossbar, method=method).transfer()


def _choose(crossbar: Crossbar) -> Method:
    """Return the method that measures best for many reads of this crossbar."""
    if not crossbar.cell.linear:
        return Newton()
    small = crossbar.conductance.size < _SMALL_CELLS
    return SparseDirect() if small or not crossbar.cell.loads_row else Hierarchical()
