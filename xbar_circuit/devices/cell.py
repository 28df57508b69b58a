"""What may sit at a cross-point: the one protocol that both engines read.

A cell joins the row wire's node to the column wire's node of its cross-point. The fast engine asks
for its current and slopes; the netlist asks for its SPICE text. A bare device law is a cell; so is
a whole unit cell with its access transistor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from xbar_circuit._checks import FloatArray

__all__ = ["Bounded", "Cell", "CellResponse", "Warmed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResponse:
    """Current of cells and its exact slopes, all of one broadcast shape.

    current : into the column wire [A].
    row_slope : derivative to the row node's voltage [S].
    column_slope : derivative to the column node's voltage [S]; negative for a passive device.
    symmetric : whether the cell knows that only the voltage difference matters, so that
        ``column_slope == -row_slope`` everywhere.
    """

    current: FloatArray
    row_slope: FloatArray
    column_slope: FloatArray
    symmetric: bool = False


@runtime_checkable
class Cell(Protocol):
    """A description of a cross-point, immutable and hashable, with its two renderings.

    A device of conductance 0 is open: it carries no current and is left out of the netlist.
    """

    @property
    def linear(self) -> bool:
        """Whether the current is `zero_bias_conductance` times the voltage difference."""
        ...

    @property
    def loads_row(self) -> bool:
        """Whether the current leaves the row wire; False where the row only drives a gate."""
        ...

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return a conductance [S] from row to column that is exact for small voltages.

        For a cell that does not load its row it is a mean transconductance: a starting point.
        """
        ...

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return current and slopes; the arguments broadcast to (batch, rows, cols) [V, V, S]."""
        ...

    def spice_preamble(self) -> str:
        """Return SPICE text that the elements need once per deck: models, subcircuits."""
        ...

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one element line for each cell; `names` are unique and start with no letter code.

        A line such as ``R<name> <row_node> <column_node> <ohm>``. Conductances are positive [S].
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """A cell that the fast engine knows within certain node voltages only, such as a table."""

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Raise a ``ParameterError`` where node voltages [V] lie beyond what is known of it."""
        ...


@runtime_checkable
class Warmed(Protocol):
    """A cell with parts that have a temperature, such as a transistor, beside its device's law."""

    @property
    def simulator_celsius(self) -> float | None:
        """Temperature that the simulator must have [degree Celsius]; None leaves it to options."""
        ...

    def holds_at(self, celsius: float) -> bool:
        """Whether what is known of it holds at a temperature [degree Celsius]."""
        ...

    def at_celsius(self, celsius: float) -> Cell:
        """Return the cell at a temperature [degree Celsius].

        Raises
        ------
        ParameterError
            Nothing is known of it there.
        """
        ...
