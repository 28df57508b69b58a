"""A third wire: the line that feeds gate-driven cells, with its resistance.

Word lines drive gates, bit lines collect the current, and supply (source) lines deliver it. They
run along the columns or along the rows, one segment from cell to cell, and all of them end in one
supply::

    V_supply --[supply_ohm]--+--[lead]--o--[segment]--o--[segment]--o     one line for each
                             |        cell          cell          cell    column (or row)
                             +--[lead]--o ...

In a 1T1R array whose input comes through its device (:class:`xbar_circuit.cells.OneT1R`) the two
wires of the crossbar are already the bit line and the source line, and the select line carries no
current: there is no third wire to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self, cast

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells._supply_wires import SupplyWires
from xbar_circuit.cells.memory_transistor import MemoryTransistor
from xbar_circuit.cells.one_transistor import GateInput
from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.cells.table import CurrentTable
from xbar_circuit.cells.tabulated import cell_run_settings
from xbar_circuit.devices import CellResponse, Warmed
from xbar_circuit.errors import ParameterError

__all__ = ["OnSupplyLine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSupplyLine(SupplyWires):
    """A gate-driven cell on a supply line that has resistance.

    Parameters
    ----------
    cell
        A :class:`~xbar_circuit.cells.MemoryTransistor`, a :class:`~xbar_circuit.cells.GateInput`,
        or a cell of one's own with a `supply` (the last two for the fast engine with `tables`).
    segment_ohm
        Resistance of a line between neighbouring cells [ohm]; 0 is an ideal line.
    along
        ``"columns"``: one line for each bit line; ``"rows"``: one for each word line.
    lead_ohm
        Resistance from the supply to the nearest cell of a line [ohm]; None is one segment.
    supply_ohm
        Resistance of the supply that all lines share [ohm].
    driven
        Where a line is fed: ``"start"`` is the left of a row and the top of a column (bit lines
        are sensed at the bottom), ``"end"`` the other end, or ``"both"``.
    tables
        Pairs of supply voltage above the crossbar's 0 V [V] and table of the cell's current there,
        from :func:`xbar_circuit.calibration.tabulate_supply`; between them the current is a
        polynomial of the voltage.

    Raises
    ------
    ParameterError
        A resistance is negative or not finite, a choice is unknown, or the cell is another one.

    >>> transistor = MemoryTransistor(
    ...     specific_ampere=1e-6, slope_factor=1.2, low_volt=0.2, high_volt=1.0
    ... )
    >>> cell = OnSupplyLine(cell=transistor, segment_ohm=2.0)
    >>> [(name, ohm) for name, _, _, ohm in cell.resistors((2, 1))]
    [('supply_0_0', 2.0), ('supply_start_0', 2.0)]
    """

    cell: MemoryTransistor | GateInput | OwnCell
    tables: tuple[tuple[float, CurrentTable], ...] = ()

    def __post_init__(self) -> None:
        kinds = MemoryTransistor | GateInput | OwnCell
        if not isinstance(self.cell, kinds) or self.cell.drive_volt is None:
            raise ParameterError.about(
                "cell",
                got=repr(self.cell),
                expected="a gate-driven cell: xc.cells.MemoryTransistor, xc.cells.GateInput, or a"
                " cell of one's own with supply=",
                remedy="where the row feeds the current, the crossbar's two wires are all there is",
            )
        SupplyWires.__post_init__(self)

    @property
    def linear(self) -> bool:
        """Always False."""
        return False

    @property
    def loads_row(self) -> bool:
        """Always False: the row drives a gate."""
        return False

    @property
    def drive_volt(self) -> float:
        """Voltage of the supply above the crossbar's 0 V [V]."""
        return cast("float", self.cell.drive_volt)  # only gate-driven cells are taken

    @property
    def simulator_celsius(self) -> float | None:
        """Temperature for the simulator [degree Celsius]; None leaves it to its options."""
        celsius: float | None = getattr(self.cell, "simulator_celsius", None)
        return celsius

    def holds_at(self, celsius: float) -> bool:
        """Whether what is known of its cell holds at a temperature.

        A :class:`~xbar_circuit.cells.MemoryTransistor` is a law with a temperature of its own.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        bool
            True if :meth:`at_celsius` would change nothing.
        """
        return not isinstance(self.cell, Warmed) or self.cell.holds_at(celsius)

    def at_celsius(self, celsius: float) -> Self:
        """Return the cells with their transistors at another temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Self
            The same lines with the cell at that temperature; the same object where nothing changes.

        Raises
        ------
        ParameterError
            Its tables belong to another temperature.
        """
        if not isinstance(self.cell, Warmed) or self.holds_at(celsius):
            return self
        if self.tables:
            own = self.simulator_celsius
            raise ParameterError.about(
                "celsius",
                got=f"{celsius:g} degrees for supply lines tabulated at"
                f" {27.0 if own is None else own:g}",
                expected="the temperature that they were tabulated at",
                remedy=f"xc.calibration.tabulate_supply() of a cell with celsius={celsius:g}",
            )
        return replace(self, cell=self.cell.at_celsius(celsius))

    @property
    def has_law(self) -> bool:
        """Whether the current is known at any supply voltage without a simulator."""
        return isinstance(self.cell, MemoryTransistor) or bool(self.tables)

    def run_settings(self) -> dict[str, Any]:
        """Return what the cell needs of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            Keyword arguments; those of the cell on the line.
        """
        return cell_run_settings(self.cell)

    def _refuse(self, what: str) -> NoReturn:
        raise ParameterError.about(
            "cell",
            got=f"cells on a supply line with resistance, for {what}",
            expected="nodal.read (method=None), spice.read, vacask.read or netlist.deck",
            remedy="leave the line ideal: use the cell itself",
        )

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Refuse: a cell on the line has no current of its own.

        Parameters
        ----------
        conductance
            Not used.

        Returns
        -------
        NoReturn
            It never returns.

        Raises
        ------
        ParameterError
            Always.
        """
        del conductance
        self._refuse("a method that knows two wires")

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Refuse: the current depends on the line's voltage too, see :meth:`supplied`.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Not used.

        Returns
        -------
        NoReturn
            It never returns.

        Raises
        ------
        ParameterError
            Always.
        """
        del row_volt, column_volt, conductance
        self._refuse("a method that knows two wires")

    def supplied(
        self,
        row_volt: FloatArray,
        supply_volt: FloatArray,
        column_volt: FloatArray,
        conductance: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the current of cells and its slopes at given voltages of all three wires.

        Between its tables the current is the Lagrange polynomial of the supply voltage.

        Parameters
        ----------
        row_volt, supply_volt, column_volt
            Voltages above the crossbar's 0 V at each cell [V].
        conductance
            Conductance of each cell [S]; all four broadcast.

        Returns
        -------
        tuple
            Current into the column wire [A] and its slopes over the voltages of row, column and
            supply, in this order [S].

        Raises
        ------
        ParameterError
            The cell is known to the simulator only, or a conductance lies outside the tables.
        """
        if isinstance(self.cell, MemoryTransistor):
            return self.cell.supplied(row_volt, supply_volt, column_volt, conductance)
        if not self.tables:
            raise ParameterError.about(
                "cell.tables",
                got="none",
                expected="tables of the cell's current at some supply voltages",
                remedy="cell = xc.calibration.tabulate_supply(cell, volts=..., conductances=...,"
                " drop_volt=...), or read it with xc.spice.read()",
            )
        volts = np.array([volt for volt, _ in self.tables])
        share, slope = _lagrange(volts, np.asarray(supply_volt))
        parts = [table.respond(row_volt, column_volt, conductance) for _, table in self.tables]
        fields = ("current", "row_slope", "column_slope")
        currents = np.stack([part.current for part in parts])
        current, row, column = (
            (share * np.stack([getattr(part, field) for part in parts])).sum(axis=0)
            for field in fields
        )
        return current, row, column, (slope * currents).sum(axis=0)

    def refuse_beyond_supply(
        self, row_volt: FloatArray, supply_volt: FloatArray, column_volt: FloatArray
    ) -> None:
        """Refuse voltages outside the tables.

        Parameters
        ----------
        row_volt, supply_volt, column_volt
            Voltages above the crossbar's 0 V at each cell [V].

        Raises
        ------
        ParameterError
            One lies outside.
        """
        if not self.tables or isinstance(self.cell, MemoryTransistor):
            return
        ends = [volt for volt, _ in self.tables]
        low, high = min(ends), max(ends)
        slack = 1e-9 * (high - low)
        inside = all(table.covers(row_volt, column_volt) for _, table in self.tables)
        if (
            not inside
            or float(supply_volt.min()) < low - slack
            or float(supply_volt.max()) > high + slack
        ):
            raise ParameterError.about(
                "volts",
                got=f"a solution with the supply line at {supply_volt.min():.4g} V",
                expected=f"supply lines within {low:.4g} to {high:.4g} V, word and bit lines within"
                " their tables",
                remedy="make the tables for it: xc.calibration.tabulate_supply(..., drop_volt=...)",
            )

    # The SPICE side.

    def spice_preamble(self) -> str:
        """Return what the elements need once in a deck.

        Returns
        -------
        str
            The text of the cell on the line, with the source of the supply.
        """
        return self.cell.spice_preamble()

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Refuse: only the array knows which node feeds a cell, see :meth:`supplied_elements`.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            Not used.

        Returns
        -------
        NoReturn
            It never returns.

        Raises
        ------
        ParameterError
            Always.
        """
        del names, row_nodes, column_nodes, conductances
        self._refuse("an export, a tile or a bench")

    def supplied_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        supply_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterator[str]:
        """Yield the elements of each cell between its row, supply and column nodes.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].
        supply_nodes
            Node of the supply line at each cell.

        Returns
        -------
        Iterator[str]
            SPICE lines, at least one for each cell.
        """
        if isinstance(self.cell, GateInput | OwnCell):
            yield from self.cell.fed_elements(
                names, row_nodes, supply_nodes, column_nodes, conductances
            )
            return
        thresholds = self.cell.threshold(np.asarray(conductances)).tolist()
        places = zip(names, row_nodes, supply_nodes, column_nodes, thresholds, strict=True)
        yield from (self.cell.element(*place) for place in places)


def _lagrange(known: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Lagrange polynomials of some points, and their slopes, (points, *at.shape)."""
    shape = (len(known), *at.shape)
    value, slope = np.ones(shape), np.zeros(shape)
    for k, own in enumerate(known):
        for other in np.delete(known, k):
            factor = (at - other) / (own - other)
            slope[k] = slope[k] * factor + value[k] / (own - other)
            value[k] = value[k] * factor
    return value, slope
