"""A cell that is a ``.subckt`` of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.cells.tabulated import check_kind
from xbar_circuit.devices._model_library import scan
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.units import spice_number

__all__ = ["SubcircuitCell"]

_ROLES = ("row", "column", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubcircuitCell(OwnCell):
    """Any subcircuit with two terminals, or three and more of which the others are held.

    Parameters
    ----------
    circuit
        The file, the subcircuit, which of its ports is the ``row`` and which the ``column``, and
        at which voltages the others are held (`supplies`). A port with the role ``state`` shows
        the state as a voltage: it is held at the state's value during a read. Libraries, corners,
        Verilog-A models and dialect are given in the circuit.
    state
        A parameter of the subcircuit, or ``"state"`` for the port with that role.

    Raises
    ------
    ParameterError
        A role is missing or unknown, the state is no parameter of the subcircuit, or has a value
        already.

    Examples
    --------
    ::

        circuit = xc.peripherals.Subcircuit(
            "reram.lib", "reram", ports={"row": "te", "column": "be"}
        )
        cell = xc.cells.SubcircuitCell(circuit=circuit, state="filament", states=(3.3, 4.9))
        cell = xc.calibration.tabulate(cell, volts=(0.0, 0.3))
        xbar = xc.Crossbar(conductance=cell.conductance(filaments), wires=wires, cell=cell)
    """

    circuit: Subcircuit

    def __post_init__(self) -> None:
        example = 'xc.peripherals.Subcircuit(path, name, ports={"row": "te", "column": "be"})'
        check_kind("circuit", self.circuit, Subcircuit, example)
        self.circuit.require("row", "column")
        strangers = [role for role in self.circuit.ports if role not in _ROLES]
        if strangers or self.circuit.currents:
            raise ParameterError.about(
                "circuit.ports",
                got=f"the roles {', '.join(strangers)}" if strangers else "bias currents",
                expected=f"the roles {', '.join(_ROLES)}; other ports held at a voltage",
                remedy="give the other ports in supplies",
            )
        known = self.circuit.declared.parameters
        name = str(self.state).lower()
        if self._by_port == (name != "state") or (not self._by_port and name not in known):
            raise ParameterError.about(
                "state",
                got=repr(self.state),
                expected='"state", as a port has that role'
                if self._by_port
                else f"a parameter of {self.circuit.name}: {', '.join(sorted(known)) or '(none)'}",
                remedy="declare it on the .subckt line, NAME=default, or show the state at a port",
            )
        if name in {key.lower() for key in self.circuit.parameters}:
            raise ParameterError.about(
                "circuit.parameters",
                got=f"a value for {self.state}",
                expected="none: the conductance sets it",
                remedy="leave it out",
            )
        OwnCell.__post_init__(self)

    @property
    def _by_port(self) -> bool:
        return "state" in self.circuit.ports

    @property
    def held_volt(self) -> Mapping[str, float]:
        """Ports that are held, with their voltages above the crossbar's 0 V [V]."""
        return self.circuit.supplies

    @property
    def source_digest(self) -> str:
        """A digest of the model's files."""
        circuit = self.circuit
        parts = [scan(circuit.path, dialect=circuit.compatibility).digest, circuit.declared.text]
        parts += [
            scan(path, section or "", dialect=circuit.compatibility).digest
            for path, section in circuit.models
        ]
        return "|".join([*parts, *map(str, circuit.osdi), circuit.compatibility, str(circuit.seed)])

    def run_settings(self) -> dict[str, Any]:
        """Return what the cell needs of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            Keyword arguments ``osdi`` (files of compiled Verilog-A models), ``compatibility``
            (dialect) and ``seed`` of the circuit.
        """
        return dict(run_settings([self.circuit]))

    def fed_at(self, volt: float) -> Self:
        """Return the cell with another voltage at its `supply`, without a table.

        Parameters
        ----------
        volt
            Voltage above the crossbar's 0 V [V].

        Returns
        -------
        Self
            The same cell at that voltage.
        """
        circuit = self.circuit.varied(supplies={str(self.supply): volt})
        return replace(self, circuit=circuit, table=None)

    def spice_preamble(self) -> str:
        """Return what the calls need once in a deck.

        Returns
        -------
        str
            The lines that load models and file, and the sources of the held ports.
        """
        return "\n".join([*self.circuit.include_lines(), *self.line_sources()])

    def state_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        states: Sequence[float],
        supply_nodes: Sequence[str] | None = None,
    ) -> Iterable[str]:
        """Return one subcircuit call for each cell.

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
            A line ``X<name> ...`` for each cell and, where a port shows the state, the source that
            holds it there.
        """
        circuit = self.circuit
        fixed = "".join(f" {key}={spice_number(v)}" for key, v in circuit.parameters.items())
        feeds = [None] * len(names) if supply_nodes is None else supply_nodes
        places = zip(names, row_nodes, column_nodes, states, feeds, strict=True)
        for name, row, column, state, feed in places:
            at = {circuit.ports["row"]: row, circuit.ports["column"]: column}
            if self.supply is not None and feed is not None:
                at[self.supply] = feed
            if self._by_port:
                at[circuit.ports["state"]] = f"state_{name}"
            nodes = " ".join(at.get(port, self.line_node(port)) for port in circuit.order)
            value = "" if self._by_port else f" {self.state}={spice_number(state)}"
            yield f"X{name} {nodes} {circuit.name}{fixed}{value}"
            if self._by_port:
                yield f"Vstate_{name} state_{name} 0 DC {spice_number(state)}"
