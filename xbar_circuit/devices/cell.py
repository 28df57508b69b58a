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
        """Return the conductance from row to column that is exact for small voltages.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `conductance`. For a cell that does not load its row it
            is a mean transconductance, from which an iteration starts.
        """
        ...

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current of cells and its slopes over both node voltages.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the nodes that the cell joins, row wire and column wire [V].
        conductance
            Conductance that the crossbar states of each cell [S], 0 for an open device. The three
            arguments broadcast, to (batch, rows, cols) in a read.

        Returns
        -------
        CellResponse
            Current into the column wire [A] and its two slopes [S], of the shape to which the
            arguments broadcast.
        """
        ...

    def spice_preamble(self) -> str:
        """Return the SPICE text that the elements need once in a deck.

        Returns
        -------
        str
            Models, subcircuits, functions and shared sources; empty if the elements need nothing.
        """
        ...

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the SPICE elements of cells.

        Parameters
        ----------
        names
            Name of each cell, unique in the deck, without the letter of an element.
        row_nodes, column_nodes
            Node of the row wire and of the column wire at each cell.
        conductances
            Conductance of each cell [S], above 0: open devices are left out.

        Returns
        -------
        Iterable[str]
            At least one element line for each cell, in the order of `names`, such as ``R<name>
            <row_node> <column_node> <ohm>``.
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """A cell that the fast engine knows within certain node voltages only, such as a table."""

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Raise an error where node voltages lie beyond what is known of the cell.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Raises
        ------
        ParameterError
            A voltage lies outside the range that is known.
        """
        ...


@runtime_checkable
class Warmed(Protocol):
    """A cell with parts whose temperature is not in its device's law, such as a transistor."""

    @property
    def simulator_celsius(self) -> float | None:
        """Temperature that the simulator must have [degree Celsius]; None leaves it to options."""
        ...

    def holds_at(self, celsius: float) -> bool:
        """Whether what is known of the cell holds at a temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        bool
            True if :meth:`at_celsius` would change nothing.
        """
        ...

    def at_celsius(self, celsius: float) -> Cell:
        """Return the cell at another temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Cell
            A cell of the same kind whose parts have that temperature; it can be the same object.

        Raises
        ------
        ParameterError
            Nothing is known of it there.
        """
        ...
