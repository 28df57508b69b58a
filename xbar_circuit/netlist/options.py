"""Tolerances of a reference-grade operating point.

ngspice's defaults (``abstol=1e-12``, ``reltol=1e-3``) are made for transistor circuits of
milliamperes; devices of an array carry nanoamperes. These values converge on nonlinear arrays and
leave an error below 1e-11 of the full-scale column current.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.units import spice_number

__all__ = ["SpiceOptions"]


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
        Temperature of the circuit [degree Celsius].
    klu
        Use the KLU solver; a simulator without it says so and falls back to SPARSE 1.3.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    reltol: float = 1e-12
    abstol: float = 1e-18
    vntol: float = 1e-14
    gmin: float = 1e-18
    itl1: int = 500
    celsius: float = 27.0
    klu: bool = True

    def __post_init__(self) -> None:
        for name, unit in (("reltol", "1"), ("abstol", "A"), ("vntol", "V"), ("gmin", "S")):
            checks.number(name, getattr(self, name), unit, above=True)
        checks.count("itl1", self.itl1)
        checks.number("celsius", self.celsius, "degree Celsius", minimum=-273.15, above=True)

    def line(self) -> str:
        """Return the ``.options`` line.

        >>> SpiceOptions(klu=False).line()
        '.options reltol=1e-12 abstol=1e-18 vntol=1e-14 gmin=1e-18 itl1=500 temp=27.0 noacct'
        """
        tolerances = " ".join(
            f"{name}={spice_number(getattr(self, name))}"
            for name in ("reltol", "abstol", "vntol", "gmin")
        )
        klu = " klu" if self.klu else ""
        return f".options {tolerances} itl1={self.itl1} temp={self.celsius!r} noacct{klu}"
