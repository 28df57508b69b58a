"""The three verbs of the nodal engine, and how it chooses its algorithm."""

from __future__ import annotations

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal.by_lines import ByLines, estimated_second, suits
from xbar_circuit.nodal.dense import DenseDirect
from xbar_circuit.nodal.direct import Direct
from xbar_circuit.nodal.hierarchical import Hierarchical, slopes
from xbar_circuit.nodal.krylov import NewtonKrylov
from xbar_circuit.nodal.method import Method, Prepared
from xbar_circuit.result import ReadResult

__all__ = ["prepare", "read", "transfer"]

_FEW_CELLS = 150
_SMALL_CELLS = 256
_MANY_CELLS = 2048
_FEW_INPUTS = 4
_MILD = 15.0


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
        What to read.
    volts
        Inputs (batch, rows) or (rows,) [V].
    method
        The algorithm; None chooses by the cells and the array's size.
    device
        As in :func:`prepare`; results are NumPy's in any case.

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
    """Do once what every read of this crossbar needs.

    Parameters
    ----------
    crossbar
        What to read.
    method
        The algorithm; None chooses by the cells and the array's size.
    device
        Where to compute if no method is given: ``"cuda"`` for a graphics card; see
        :func:`xbar_circuit._backend.backend`.

    Raises
    ------
    ParameterError
        The method does not apply to this crossbar.
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
            got=f"{device!r} beside method={method!r}",
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
    """Return the method that measures best for one call with so many inputs."""
    cells = crossbar.conductance.size
    if cells >= _MANY_CELLS and suits(crossbar):
        reduction = 8e-7 * cells + 1.4e-9 * cells**1.5  # seconds on one core, as measured
        lines = inputs * estimated_second(crossbar)
        return ByLines() if lines < reduction else _for_many(crossbar)
    if inputs > _FEW_INPUTS or not _mild(crossbar):
        return _for_many(crossbar)
    tiny = crossbar.cell.linear and cells <= _FEW_CELLS
    return DenseDirect() if tiny else NewtonKrylov()


def _for_many(crossbar: Crossbar) -> Method:
    """Return the method that measures best for many reads of this crossbar."""
    cell = crossbar.cell
    if not cell.linear:
        return NewtonKrylov()
    small = crossbar.conductance.size < _SMALL_CELLS
    return Direct() if small or not cell.loads_row else Hierarchical()


def _mild(crossbar: Crossbar) -> bool:
    """Return whether the wires let conjugate gradients end soon."""
    lines = Lines.of(crossbar)
    mean = float(slopes(crossbar).mean())
    return mean * (lines.row.largest + lines.column.largest) < _MILD
