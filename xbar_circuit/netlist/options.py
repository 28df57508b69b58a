"""Tolerances of a reference-grade operating point.

ngspice's defaults (``abstol=1e-12``, ``reltol=1e-3``) are made for transistor circuits of
milliamperes; devices of an array carry nanoamperes. A tolerance here bounds the last step of
Newton's method: its steps shrink quadratically, so after a last step of 1e-9 the error that remains
is rounding alone. To ask for steps below what rounding makes of a large array's node
voltages (1e-11 of the inputs at 128 x 128) only sends the simulator in circles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import Segments
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Warmed
from xbar_circuit.units import spice_number

__all__ = ["SpiceOptions"]

_LAST_STEP = 1e-9  # of Newton, relative
_LOOSEST = 1e-6  # of the full-scale column current


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiceOptions:
    """Options of the simulator, written into the deck.

    Parameters
    ----------
    reltol
        Relative tolerance of node voltages and branch currents between iterations.
    abstol
        Absolute tolerance of branch currents [A].
    vntol
        Absolute tolerance of node voltages [V].
    gmin
        Conductance that ngspice puts across semiconductor junctions [S].
    itl1
        Limit of the operating point's iterations.
    celsius
        Temperature of the circuit [degree Celsius]; a cell that states its own overrides it.
    klu
        Use the KLU solver; a simulator without it says so and falls back to SPARSE 1.3.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    reltol: float = _LAST_STEP
    abstol: float = 1e-15
    vntol: float = 1e-11
    gmin: float = 1e-18
    itl1: int = 500
    celsius: float = 27.0
    klu: bool = True

    def __post_init__(self) -> None:
        for name, unit in (("reltol", "1"), ("abstol", "A"), ("vntol", "V"), ("gmin", "S")):
            checks.number(name, getattr(self, name), unit, above=True)
        checks.count("itl1", self.itl1)
        checks.number("celsius", self.celsius, "degree Celsius", minimum=-273.15, above=True)

    @classmethod
    def for_read(cls, crossbar: Crossbar, volts: FloatArray) -> Self:
        """Return reference-grade options for an array and its inputs.

        Voltages must settle to 1e-10 of the largest input, currents to 1e-9 of the largest column
        current that ideal wires would give; but never to less than 64 eps times the largest input
        over the smallest wire resistance, which is what rounding of a node voltage makes of a
        wire's current (and never more than 1e-6 of that column current: then rather no answer).

        Parameters
        ----------
        crossbar
            The array.
        volts
            Its inputs (batch, rows) [V].

        Returns
        -------
        SpiceOptions
            Options with `abstol` [A] and `vntol` [V] scaled to this read.
        """
        largest = float(np.abs(volts).max())
        full_scale = largest * float(crossbar.conductance.sum(axis=0).max())
        wires, ends = crossbar.wires, crossbar.terminals
        resistances = [_least_ohm(wires.row_ohm), _least_ohm(wires.column_ohm)]
        row_lead, column_lead = _least_ohm(wires.row_lead), _least_ohm(wires.column_lead)
        resistances += [
            row_lead + ohm for ohm in (ends.left_ohm, ends.right_ohm) if ohm is not None
        ]
        resistances += [
            column_lead + ohm for ohm in (ends.bottom_ohm, ends.top_ohm) if ohm is not None
        ]
        smallest = min((ohm for ohm in resistances if ohm > 0.0), default=np.inf)
        rounding = 64.0 * float(np.finfo(np.float64).eps) * largest / smallest
        return cls(
            abstol=max(_LAST_STEP * full_scale, min(rounding, _LOOSEST * full_scale), 1e-18),
            vntol=max(0.1 * _LAST_STEP * largest, 1e-15),
        )

    def for_cell(self, cell: Cell) -> Self:
        """Return these options at the temperature of a cell.

        Parameters
        ----------
        cell
            What sits at each cross-point.

        Returns
        -------
        SpiceOptions
            With the temperature at which the cell's transistors are simulated, if it has any; else
            these options themselves.
        """
        celsius = cell.simulator_celsius if isinstance(cell, Warmed) else None
        return self if celsius is None else replace(self, celsius=celsius)

    def line(self) -> str:
        """Return the ``.options`` line of a deck.

        Returns
        -------
        str
            One line, without a line break.

        >>> SpiceOptions(klu=False).line()
        '.options reltol=1e-09 abstol=1e-15 vntol=1e-11 gmin=1e-18 itl1=500 temp=27.0 noacct'
        """
        tolerances = " ".join(
            f"{name}={spice_number(getattr(self, name))}"
            for name in ("reltol", "abstol", "vntol", "gmin")
        )
        klu = " klu" if self.klu else ""
        return f".options {tolerances} itl1={self.itl1} temp={self.celsius!r} noacct{klu}"


def _least_ohm(value: object) -> float:
    """Return the smallest resistance of some segments or leads [ohm], infinite if there is none."""
    if isinstance(value, Segments):
        return float(value.ohm.min(initial=np.inf))
    return float(value)  # type: ignore[arg-type]  # a number
