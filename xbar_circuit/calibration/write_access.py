"""The transistor of a cell as a write sees it: in series with the heater, its gate on or off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xbar_circuit import _checks as checks
from xbar_circuit.calibration.tabulate import tabulate
from xbar_circuit.cells import OneT1R
from xbar_circuit.devices import Ohmic, PcmCell
from xbar_circuit.errors import ConvergenceError, ParameterError

__all__ = ["write_access"]

_MARGINS = (0.02, 0.05, 0.1)  # of the pulse, by which the GST may lag the nodes; chosen
_MOST_FALL = 1e-5  # of the heater's conductance: negligible compared with a step's own error


def write_access(
    cell: OneT1R, *, volt: float, tolerance: float = 1e-3, folder: Path | None = None
) -> tuple[OneT1R, OneT1R]:
    """Tabulate the transistor of a PCM cell for writes.

    Parameters
    ----------
    cell
        A :class:`~xbar_circuit.cells.OneT1R` around a :class:`~xbar_circuit.devices.PcmCell`.
    volt
        Largest pulse [V].
    tolerance, folder
        As in :func:`xbar_circuit.calibration.tabulate`.

    Returns
    -------
    tuple
        The transistor in series with a resistor of the heater's size, its gate on, and its gate at
        the substrate's voltage; for :func:`xbar_circuit.nodal.write`.

    Raises
    ------
    ParameterError
        The cell is of another kind, or the voltage is 0.
    ConvergenceError, SimulatorError, SimulatorNotFoundError
        The tabulation failed.
    """
    if not isinstance(cell, OneT1R) or not isinstance(cell.device, PcmCell):
        raise ParameterError.about(
            "cell",
            got=repr(cell),
            expected="xc.cells.OneT1R(device=PcmCell...)",
            remedy="cells without a transistor need no table for writes",
        )
    top = checks.number("volt", volt, "V", minimum=-float("inf"))
    siemens = 1.0 / cell.device.series_ohm
    gates = (cell.gate_volt, cell.bulk_volt)
    bare = [replace(cell, device=Ohmic(), gate_volt=g, table=None, tables=()) for g in gates]
    on, off = (_tabulated(one, top, siemens, tolerance, folder) for one in bare)
    return on, off


def _tabulated(
    bare: OneT1R, top: float, siemens: float, tolerance: float, folder: Path | None
) -> OneT1R:
    """Return the cell with its table; where splines overshoot next to a knot, the knots are moved.

    Raises
    ------
    ConvergenceError
        No placement of the knots reached the tolerance.
    """
    for margin in _MARGINS:
        try:
            return tabulate(
                bare,
                volts=(-margin * top, top),
                conductances=[siemens],
                tolerance=tolerance,
                folder=folder,
                most_fall=_MOST_FALL,
            )
        except ConvergenceError:
            if margin == _MARGINS[-1]:
                raise
    raise AssertionError
