"""One name for the engines that read a crossbar."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import nodal, spice, vacask
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.result import ReadResult

__all__ = ["ENGINES", "read"]

#: The engines by their names: the fast one, ngspice, and VACASK.
ENGINES = ("nodal", "spice", "vacask")


def read(
    crossbar: Crossbar, volts: ArrayLike, *, engine: str = "nodal", **settings: Any
) -> ReadResult:
    """Return the currents and node voltages of a crossbar from the engine of that name.

    Parameters
    ----------
    crossbar
        The array.
    volts
        Inputs (batch, rows) or (rows,) [V].
    engine
        ``"nodal"``, ``"spice"`` or ``"vacask"``.
    settings
        Passed on to :func:`xbar_circuit.nodal.read`, :func:`xbar_circuit.spice.read` or
        :func:`xbar_circuit.vacask.read`.

    Returns
    -------
    ReadResult
        Column currents [A], node voltages [V], device currents [A], and the bound on their error.

    Raises
    ------
    ParameterError
        There is no such engine.
    XbarError
        What the engine raises.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[1e-4]], wires=xc.Wires(row_ohm=4e3, column_ohm=6e3))
    >>> xc.read(xbar, [0.2]).column_current.round(15)
    array([[1.e-05]])
    """
    checks.choice("engine", engine, ENGINES)
    if engine == "spice":
        return spice.read(crossbar, volts, **settings)
    if engine == "vacask":
        return vacask.read(crossbar, volts, **settings)
    return nodal.read(crossbar, volts, **settings)
