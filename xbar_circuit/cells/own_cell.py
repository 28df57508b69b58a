"""A device of one's own at every cross-point: a SPICE subcircuit or a Verilog-A module.

ngspice gets it as it is; the fast engine gets a table of its current, made by
:func:`xbar_circuit.calibration.tabulate`, with its held-out error. One parameter (or one port) is
the device's *state*: a filament's length, a polarisation, a threshold voltage. The crossbar's
conductance says which: it is the chord I/V at `read_volt`, and the map between both is measured in
ngspice. During a read the state is what it was set to: a parameter does not move, and a state that
is a node of the circuit is held there by a source, through the port that shows it.

A third terminal (a gate, a well, a source line) is a port held at a voltage. Where the word line
is the gate and a held port feeds the current, that port is the `supply`; its line may have
resistance, see :class:`xbar_circuit.cells.OnSupplyLine`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.memory_transistor import SUPPLY
from xbar_circuit.cells.state_map import StateMap
from xbar_circuit.cells.tabulated import TabulatedCell, check_kind
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["OwnCell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCell(TabulatedCell):
    """What subcircuits and Verilog-A modules share; use one of those.

    200 mV, the default, is the read voltage of the published PCM arrays (Sebastian et al. 2017).

    Parameters
    ----------
    state
        Parameter or port that the conductance sets.
    states
        Its smallest and largest value, in its own unit; None: the parameter is the conductance
        itself, in siemens.
    read_volt
        Voltage at which the conductance is defined, as I/V [V]; may be negative.
    supply
        Held port that feeds the current where the row drives a gate; None where the row does.
    state_map
        Conductance over state, from :func:`xbar_circuit.calibration.with_states` (or `tabulate`,
        which makes it too).

    Raises
    ------
    ParameterError
        A value is out of range or names nothing.
    """

    state: str
    states: tuple[float, float] | None = None
    read_volt: float = 0.2
    supply: str | None = None
    state_map: StateMap | None = None

    def __post_init__(self) -> None:
        volt = checks.number("read_volt", self.read_volt, "V", minimum=-math.inf)
        if volt == 0.0:
            raise ParameterError.about(
                "read_volt", got=0, expected="a voltage other than 0", remedy="such as 0.2"
            )
        object.__setattr__(self, "read_volt", volt)
        if self.states is not None:
            low, high = _pair(self.states)
            object.__setattr__(self, "states", (low, high))
        check_kind("state_map", self.state_map, StateMap | None, "xc.calibration.with_states(cell)")
        if self.supply is not None and self.supply not in self.held_volt:
            raise ParameterError.about(
                "supply",
                got=repr(self.supply),
                expected=f"one of the held ports, {', '.join(self.held_volt) or '(none)'}",
                remedy="hold it at a voltage, or leave supply out if the row feeds the current",
            )
        TabulatedCell.__post_init__(self)

    @property
    def held_volt(self) -> Mapping[str, float]:
        """Ports that are held, with their voltages above the crossbar's 0 V [V]."""
        raise NotImplementedError

    @property
    def drive_volt(self) -> float | None:
        """Supply voltage above the crossbar's 0 V [V]; None where the row supplies the current."""
        return None if self.supply is None else self.held_volt[self.supply]

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {self.line_node(port): volt for port, volt in self.held_volt.items()}

    def line_node(self, port: str) -> str:
        """Return the node of the line that holds a port of all cells.

        Parameters
        ----------
        port
            One of :attr:`held_volt`.

        Returns
        -------
        str
            Its name; that of the `supply` is what every cell on a supply line calls it.
        """
        return SUPPLY if port == self.supply else f"own_{port}"

    def fed_at(self, volt: float) -> Self:
        """Return the cell with another voltage at its `supply`, without a table.

        Its states keep the conductances that they have at the cell's own voltage: they are names.

        Parameters
        ----------
        volt
            Voltage above the crossbar's 0 V [V].

        Returns
        -------
        Self
            The same cell at that voltage.
        """
        raise NotImplementedError

    def known_states(self) -> StateMap:
        """Return the map from states to conductances, for callers that cannot do without it.

        Returns
        -------
        StateMap
            The cell's `state_map`.

        Raises
        ------
        ParameterError
            The cell has none, yet or at all.
        """
        if self.state_map is None:
            raise ParameterError.about(
                "cell.state_map",
                got=None,
                expected="a map from conductances to states"
                if self.states is not None
                else "a cell with states; this one's state is the conductance itself",
                remedy="cell = xc.calibration.with_states(cell)",
            )
        return self.state_map

    def conductance(self, state: ArrayLike) -> FloatArray:
        """Return the conductance I/V of states at the read voltage.

        Parameters
        ----------
        state
            State in its own unit, any shape; a conductance [S] where `states` is None.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `state`.

        Raises
        ------
        ParameterError
            A state is out of range, or the map is missing.
        """
        if self.states is None:
            return checks.non_negative("state", state, "S")
        return self.known_states().conductance(state)

    def state_of(self, conductance: ArrayLike) -> FloatArray:
        """Return the states that have these conductances, the inverse of :meth:`conductance`.

        Parameters
        ----------
        conductance
            Conductance I/V at the read voltage [S], any shape.

        Returns
        -------
        FloatArray
            State in its own unit, of the shape of `conductance`; the conductance itself [S] where
            `states` is None.

        Raises
        ------
        ParameterError
            A conductance is out of range, or the map is missing.
        """
        if self.states is None:
            return checks.non_negative("conductance", conductance, "S")
        return self.known_states().state(conductance)

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides the cell's current, model files included."""
        sample = self.state_elements(["a", "b"], ["r", "r"], ["c", "c"], self._two_states())
        lines = (f"{node} {spice_number(volt)}" for node, volt in self.lines().items())
        text = "\n".join((self.source_digest, *lines, *sample, repr(self.state_map)))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def source_digest(self) -> str:
        """A digest of the model's files."""
        raise NotImplementedError

    def _two_states(self) -> list[float]:
        return list(self.states or (1e-6, 1e-5))

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the elements of each cell, in the state that its conductance means.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            What :meth:`state_elements` returns for these states.

        Raises
        ------
        ParameterError
            A conductance is out of range, or the map to states is missing.
        """
        states = self.state_of(np.asarray(conductances, dtype=np.float64)).tolist()
        return self.state_elements(names, row_nodes, column_nodes, states)

    def fed_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        supply_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the elements of cells that each have a supply node of their own.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].
        supply_nodes
            Node of the supply line at each cell.

        Returns
        -------
        Iterable[str]
            What :meth:`state_elements` returns for these states.

        Raises
        ------
        ParameterError
            A conductance is out of range, or the map to states is missing.
        """
        states = self.state_of(np.asarray(conductances, dtype=np.float64)).tolist()
        return self.state_elements(names, row_nodes, column_nodes, states, supply_nodes)

    def state_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        states: Sequence[float],
        supply_nodes: Sequence[str] | None = None,
    ) -> Iterable[str]:
        """Return the elements of each cell by its state instead of its conductance.

        Parameters
        ----------
        names, row_nodes, column_nodes
            As in :meth:`xbar_circuit.devices.Cell.spice_elements`.
        states
            State of each cell, in its own unit.
        supply_nodes
            Node that feeds each cell at its `supply`; None is the line that all share.

        Returns
        -------
        Iterable[str]
            SPICE lines, at least one for each cell.
        """
        raise NotImplementedError

    def line_sources(self) -> list[str]:
        """Return the sources that hold the shared lines.

        Returns
        -------
        list
            One voltage source for each of :meth:`lines`, between its node and ground.
        """
        return [f"V{node} {node} 0 DC {spice_number(volt)}" for node, volt in self.lines().items()]


def _pair(states: object) -> tuple[float, float]:
    """Return the smallest and the largest state."""
    if not isinstance(states, Sequence) or len(states) != 2:
        raise ParameterError.about(
            "states",
            got=repr(states),
            expected="the smallest and the largest value of the state",
            remedy="for example states=(3.3, 4.9)",
        )
    low, high = (
        checks.number("states", value, "the state's unit", minimum=-math.inf) for value in states
    )
    if not high > low:
        raise ParameterError.about(
            "states", got=(low, high), expected="the smaller one first", remedy="swap them"
        )
    return low, high
