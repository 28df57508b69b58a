"""Commands between analyses, as values: what changes or prints a circuit without solving it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.spice._arguments import check_name
from xbar_circuit.units import spice_number

__all__ = ["Alter", "Listing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alter:
    """Not an analysis but a change before the next one: a source's value.

    The circuit is not parsed again; the answer has no plot for it.

    Parameters
    ----------
    source
        Name of a voltage or current source.
    value
        Its new value [V or A].
    quantity
        ``"dc"``, or ``"acmag"``: the size of its small signal.

    Raises
    ------
    ParameterError
        The value is not finite, or the quantity another.

    >>> Alter(source="Vin", value=0.5).command
    'alter vin dc = 0.5'
    """

    source: str
    value: float
    quantity: str = "dc"

    def __post_init__(self) -> None:
        check_name("source", self.source)
        checks.choice("quantity", self.quantity, ("dc", "acmag"))
        checks.number("value", self.value, "V or A", minimum=-1e300)

    @property
    def command(self) -> str:
        """The ngspice command."""
        return f"alter {self.source.lower()} {self.quantity} = {spice_number(self.value)}"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer: nothing, because there is none.

        Parameters
        ----------
        vectors
            Not looked at.

        Returns
        -------
        str
            Empty.
        """
        del vectors
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Not an analysis either: print the circuit with every subcircuit written out.

    What was printed is in ``answer.said``; the answer has no plot for it.

    >>> Listing().command
    'listing expand'
    """

    @property
    def command(self) -> str:
        """The ngspice command."""
        return "listing expand"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer: nothing, because there is no plot.

        Parameters
        ----------
        vectors
            Not looked at.

        Returns
        -------
        str
            Empty.
        """
        del vectors
        return ""
