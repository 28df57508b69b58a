"""A cell whose equations live in the simulator: the fast engine reads it by a table.

In SPICE it is whatever it is: a transistor with a device, a subcircuit or a Verilog-A module of the
user's own. In the fast engine it is a :class:`~xbar_circuit.cells.CurrentTable`, which
:func:`xbar_circuit.calibration.tabulate` extracts from SPICE; a cell without a table reads in
ngspice only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.table import CurrentTable
from xbar_circuit.devices import Cell, CellResponse
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_deck import RunSettings, run_settings

__all__ = ["TabulatedCell", "cell_parts", "cell_run_settings", "deck_settings", "has_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabulatedCell:
    """What unit cells with a transistor and cells of one's own share; use one of those.

    Parameters
    ----------
    table
        Current and slopes for the fast engine, from :func:`xbar_circuit.calibration.tabulate`.

    Raises
    ------
    ParameterError
        The table is something else, or that of another cell.
    """

    table: CurrentTable | None = None

    def __post_init__(self) -> None:
        check_kind("table", self.table, CurrentTable | None, "xc.calibration.tabulate(cell, ...)")
        if self.table is not None and self.table.subject != self.fingerprint:
            raise ParameterError.about(
                "table",
                got=repr(self.table),
                expected="the table of this very cell",
                remedy="make it with xc.calibration.tabulate() after the last change",
            )

    @property
    def drive_volt(self) -> float | None:
        """Supply voltage above the crossbar's 0 V [V]; None where the row supplies the current."""
        return None

    @property
    def linear(self) -> bool:
        """Always False: a tabulated cell is not a resistor."""
        return False

    @property
    def loads_row(self) -> bool:
        """Whether the current leaves the row wire."""
        return self.drive_volt is None

    @property
    def simulator_celsius(self) -> float | None:
        """Temperature for the simulator [degree Celsius]; None leaves it to its options."""
        return None

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides the cell's current, model files included."""
        raise NotImplementedError

    def run_settings(self) -> dict[str, Any]:
        """Return what the cell needs of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            Keyword arguments: ``osdi`` (files of compiled Verilog-A models) and, of a circuit of
            the user's own, ``compatibility`` and ``seed``; empty if nothing special is needed.
        """
        return {}

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {}

    def spice_preamble(self) -> str:
        """Return what the elements need once in a deck.

        Returns
        -------
        str
            The models and the sources of the shared lines.
        """
        raise NotImplementedError

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the elements of each cell.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            SPICE lines, at least one for each cell.
        """
        raise NotImplementedError

    def known_table(self) -> CurrentTable:
        """Return the table, for callers that cannot do without it.

        Returns
        -------
        CurrentTable
            The cell's `table`.

        Raises
        ------
        ParameterError
            The cell has none yet.
        """
        if self.table is None:
            raise ParameterError.about(
                "cell.table",
                got=None,
                expected="a table of the cell's current for the fast engine",
                remedy="cell = xc.calibration.tabulate(cell, volts=(0.0, 0.2),"
                " conductances=(1e-6, 1e-4)), or read it with xc.spice.read()",
            )
        return self.table

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the slope at 0 V; for a gate input, the mean over the row's voltages.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            Conductance, or transconductance for a gate input [S], of the shape of `conductance`.

        Raises
        ------
        ParameterError
            The cell has no table, or a conductance lies outside it.
        """
        table, zero = self.known_table(), np.zeros(1)
        if table.supply_volt is None:
            slope = table.respond(zero, zero, conductance).row_slope
            return np.asarray(slope.reshape(conductance.shape))
        ends = [
            table.respond(np.array([volt]), zero, conductance).current
            for volt in (table.row_axis.start, table.row_axis.stop)
        ]
        span = table.row_axis.stop - table.row_axis.start
        return np.asarray(((ends[1] - ends[0]) / span).reshape(conductance.shape))

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current and its slopes from the table.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.

        Raises
        ------
        ParameterError
            The cell has no table, or a conductance lies outside it.
        """
        return self.known_table().respond(row_volt, column_volt, conductance)

    @property
    def range_siemens(self) -> tuple[float, float] | None:
        """Least and largest conductance that the cell's table covers [S]; None without a table."""
        return None if self.table is None else self.table.conductances

    def covers(self, row_volt: FloatArray, column_volt: FloatArray) -> bool:
        """Whether node voltages lie within what the fast engine knows of the cell.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Returns
        -------
        bool
            False if one lies outside the table.

        Raises
        ------
        ParameterError
            The cell has no table.
        """
        return self.known_table().covers(row_volt, column_volt)

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Refuse node voltages outside the table.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Raises
        ------
        ParameterError
            One lies outside, or the cell has no table.
        """
        if self.covers(row_volt, column_volt):
            return
        row_axis, column_axis = self.known_table().row_axis, self.known_table().column_axis
        raise ParameterError.about(
            "volts",
            got="a solution outside the cell's table",
            expected=f"word lines within {row_axis.start:.4g} to {row_axis.stop:.4g} V and bit"
            f" lines within {column_axis.start:.4g} to {column_axis.stop:.4g} V",
            remedy="make the table for these voltages: xc.calibration.tabulate(cell, volts=...)",
        )

    def subcircuit(self, conductance: float, *, name: str = "unit_cell") -> str:
        """Return one cell as a SPICE subcircuit for decks of one's own.

        Its terminals are the word line, the bit line and the shared lines in the order of
        :meth:`lines`; the models that :meth:`spice_preamble` names must be in the deck.

        Parameters
        ----------
        conductance
            Conductance of the device [S].
        name
            Name of the subcircuit.

        Returns
        -------
        str
            Lines ``.subckt`` to ``.ends``.
        """
        g = checks.number("conductance", conductance, "S", above=True)
        body = "\n".join(self.spice_elements(["cell"], ["row"], ["column"], [g]))
        shared = " ".join(self.lines())
        return f".subckt {name} row column {shared}\n{body}\n.ends {name}\n"


def has_table(cell: Cell) -> bool:
    """Whether the fast engine knows the cell, or a part of it, by a table alone."""
    return any(isinstance(part, TabulatedCell) for part in cell_parts(cell))


def cell_parts(cell: Cell) -> list[Cell]:
    """Return a cell and its parts, down to its devices."""
    own = (getattr(cell, name, None) for name in ("cell", "device", "selector"))
    return [cell, *(deep for part in own if part is not None for deep in cell_parts(part))]


def cell_run_settings(cell: Cell) -> dict[str, Any]:
    """Return what a cell needs of :func:`xbar_circuit.spice.run`, by argument."""
    settings: Callable[[], dict[str, Any]] = getattr(cell, "run_settings", dict)
    return dict(settings())


def deck_settings(circuits: Iterable[Subcircuit | None], cell: Cell) -> RunSettings:
    """Return how a deck with circuits and an array of such cells has to be run.

    Parameters
    ----------
    circuits
        The circuits in the deck; None is no circuit.
    cell
        The cell of the array.

    Raises
    ------
    ParameterError
        A circuit and the cell's own, or its transistor, do not go together.
    """
    parts = cell_parts(cell)
    own = [getattr(part, "circuit", None) for part in parts]
    meters = any(hasattr(part, "transistor") for part in parts)
    settings = run_settings([*circuits, *own], meters=meters)
    models = (*settings["osdi"], *cell_run_settings(cell).get("osdi", ()))
    return RunSettings(
        osdi=tuple(dict.fromkeys(models)),
        compatibility=settings["compatibility"],
        seed=settings["seed"],
    )


def check_kind(name: str, value: object, kind: Any, example: str) -> None:
    """Refuse a part of a cell that is something else.

    Raises
    ------
    ParameterError
        `value` is no instance of `kind`.
    """
    if isinstance(value, type) or not isinstance(value, kind):
        raise ParameterError.about(
            name,
            got=repr(value),
            expected=f"an instance of {getattr(kind, '__name__', kind)}",
            remedy=f"for example {example}",
        )
