"""The 1T1R cell, with its gate held by a select line or driven by the input.

Selected::                              gate-driven::

    word line --[ device ]--+ mid           supply --[ device ]--+ mid
                            |                                    |
           select line ----|[                    word line ----|[
                            |                                    |
    bit line ---------------+               bit line ------------+
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xbar_circuit.cells.transistor_cell import BULK, TransistorCell

__all__ = ["GateInput", "OneT1R"]

_GATE = "cell_gate"
_SUPPLY = "cell_supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneT1R(TransistorCell):
    """1T1R with its gate on a select line that is held: the input comes through the device.

    Parameters
    ----------
    gate_volt
        Voltage of the select line above the substrate [V]; 0 is a row that is not selected.

    >>> cell = OneT1R(gate_volt=1.0)
    >>> print(cell.subcircuit(1e-5, name="synapse"))
    .subckt synapse row column cell_bulk cell_gate
    Rcell row mid_cell 99999.99999999999
    Mcell mid_cell cell_gate column cell_bulk nmos45 W=5e-07 L=5e-08
    .ends synapse
    <BLANKLINE>
    """

    gate_volt: float = 1.0

    @classmethod
    def voltage_names(cls) -> tuple[str, ...]:
        """Return which fields of the class are voltages of its lines.

        Returns
        -------
        tuple
            Names of the fields; their values are in volts above the substrate.
        """
        return (*TransistorCell.voltage_names(), "gate_volt")

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {
            BULK: self.bulk_volt - self.common_volt,
            _GATE: self.gate_volt - self.common_volt,
        }

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return device and transistor of each cell; ``mid_<name>`` is the node between them.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            The lines of all devices, then one transistor for each cell.
        """
        middle = [f"mid_{name}" for name in names]
        yield from self.device.spice_elements(names, row_nodes, middle, conductances)
        for name, drain, source in zip(names, middle, column_nodes, strict=True):
            yield self.transistor.line(name, drain, _GATE, source, BULK)

    @staticmethod
    def ends(row_node: str) -> tuple[str, str]:
        """Return the nodes at the device's end away from the transistor and at the gate.

        Parameters
        ----------
        row_node
            Node of the word line at the cell.

        Returns
        -------
        tuple
            The word line's node, and the node of the select line.
        """
        return row_node, _GATE


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInput(TransistorCell):
    """1T1R with the input on its gate: the word line carries no current, a supply line does.

    The supply line is ideal; for one with resistance see :class:`xbar_circuit.cells.OnSupplyLine`.

    200 mV, the default, is the read voltage of the published PCM arrays (Sebastian et al. 2017).

    Parameters
    ----------
    supply_volt
        Voltage of the supply line above the substrate [V].

    >>> cell = GateInput(common_volt=0.1)
    >>> cell.drive_volt, cell.loads_row
    (0.1, False)
    """

    supply_volt: float = 0.2

    @classmethod
    def voltage_names(cls) -> tuple[str, ...]:
        """Return which fields of the class are voltages of its lines.

        Returns
        -------
        tuple
            Names of the fields; their values are in volts above the substrate.
        """
        return (*TransistorCell.voltage_names(), "supply_volt")

    @property
    def drive_volt(self) -> float:
        """Supply voltage above the crossbar's 0 V [V]."""
        return self.supply_volt - self.common_volt

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {BULK: self.bulk_volt - self.common_volt, _SUPPLY: self.drive_volt}

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return device and transistor of each cell; ``mid_<name>`` is the node between them.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            The lines of all devices, which start at the shared supply line, then one transistor for
            each cell.
        """
        supply = [_SUPPLY] * len(names)
        return self.fed_elements(names, row_nodes, supply, column_nodes, conductances)

    def fed_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        supply_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the elements of cells whose devices each have a supply node of their own.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].
        supply_nodes
            Node of the supply line at each cell.

        Returns
        -------
        Iterable[str]
            The lines of all devices, then one transistor for each cell.
        """
        middle = [f"mid_{name}" for name in names]
        yield from self.device.spice_elements(names, supply_nodes, middle, conductances)
        for name, drain, gate, source in zip(names, middle, row_nodes, column_nodes, strict=True):
            yield self.transistor.line(name, drain, gate, source, BULK)

    @staticmethod
    def ends(row_node: str) -> tuple[str, str]:
        """Return the nodes at the device's end away from the transistor and at the gate.

        Parameters
        ----------
        row_node
            Node of the word line at the cell.

        Returns
        -------
        tuple
            The node of the supply line, and the word line's node.
        """
        return _SUPPLY, row_node
