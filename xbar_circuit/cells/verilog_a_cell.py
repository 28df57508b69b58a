"""A cell that is a Verilog-A module of the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from xbar_circuit import _checks as checks
from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number
from xbar_circuit.verilog_a import Module, compile_cached, declared_module, source_digest

__all__ = ["VerilogACell"]

_MODEL = "own_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerilogACell(OwnCell):
    """Any Verilog-A module with two terminals, or three and more of which the others are held.

    ngspice and VACASK load it compiled, by ``openvaf-r``; the fast engine reads its table.

    Parameters
    ----------
    path
        The ``.va`` file.
    module
        Name of the module in it.
    row, column
        Its ports on the word line and on the bit line.
    held
        Port -> voltage [V] of all others; a port that shows the state is named by `state`.
    parameters
        Values of the module's parameters, in its own units.
    state
        The parameter that the conductance sets. One that is declared
        ``(* type="instance" *)`` costs nothing; for any other each cell gets a model of its own.
        Or a port that shows the state as a voltage: it is held at the state's value during a read.

    Raises
    ------
    ModelFileError
        The file is missing or has no such module.
    ParameterError
        A port is unknown or unconnected, or a parameter is not declared.
    """

    path: Path
    module: str
    row: str
    column: str
    held: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    declared: Module = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = Path(self.path).expanduser().resolve()
        object.__setattr__(self, "path", path)
        declared = declared_module(path, self.module)
        object.__setattr__(self, "declared", declared)
        for name in ("held", "parameters"):
            values = {
                str(key): checks.number(f"{name}[{key!r}]", value, "SI", minimum=-math.inf)
                for key, value in getattr(self, name).items()
            }
            object.__setattr__(self, name, MappingProxyType(values))
        used = [self.row, self.column, *self.held]
        used += [self.state] if self.by_port else []
        for what, wrong in (
            ("unknown", [port for port in used if port not in declared.ports]),
            ("connected twice", sorted({port for port in used if used.count(port) > 1})),
            ("unconnected", [port for port in declared.ports if port not in used]),
        ):
            if wrong:
                raise ParameterError.about(
                    "row, column, held",
                    got=f"{what}: {', '.join(wrong)}",
                    expected=f"every port of {self.module}({', '.join(declared.ports)}) once",
                    remedy="give row=, column=, and the others in held={port: volts}",
                )
        free = [] if self.by_port else [self.state]
        for key in (*self.parameters, *free):
            if key not in declared.parameters:
                raise ParameterError.about(
                    "state" if key == self.state else f"parameters[{key!r}]",
                    got=f"{key!r}, which module {self.module} does not declare",
                    expected=f"one of {', '.join(declared.parameters) or '(it declares none)'}",
                    remedy="correct the name; capitals count",
                )
        if self.state in self.parameters:
            raise ParameterError.about(
                "parameters",
                got=f"a value for {self.state}",
                expected="none: the conductance sets it",
                remedy="leave it out",
            )
        OwnCell.__post_init__(self)

    def __hash__(self) -> int:
        return hash((self.path, self.fingerprint, self.table))

    def __reduce__(self) -> tuple[Any, ...]:
        """Make it again in another process, from the same file."""
        names = ("table", "state", "states", "read_volt", "supply", "state_map")
        settings = {name: getattr(self, name) for name in (*names, "module", "row", "column")}
        maps = {"held": dict(self.held), "parameters": dict(self.parameters)}
        return _again, ({"path": self.path} | settings | maps,)

    @property
    def by_port(self) -> bool:
        """Whether the state is held at a port."""
        return self.state in self.declared.ports

    @property
    def by_instance(self) -> bool:
        """Whether the state is a parameter of instances, not of models."""
        return self.state in self.declared.instance_parameters

    @property
    def held_volt(self) -> Mapping[str, float]:
        """Ports that are held, with their voltages above the crossbar's 0 V [V]."""
        return self.held

    @property
    def source_digest(self) -> str:
        """A digest of the model's files."""
        return f"{self.module}|{self.model_values}|{source_digest(self.path)}"

    @property
    def model_values(self) -> str:
        """The module's parameters as a model line has them, each with a space before it."""
        return "".join(f" {key}={spice_number(v)}" for key, v in self.parameters.items())

    def run_settings(self) -> dict[str, Any]:
        """Return what the cell needs of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            ``osdi``: the compiled module, which is made if it does not exist yet.

        Raises
        ------
        ModelFileError, SimulatorNotFoundError
            The compiler refused the file, or there is none.
        """
        return {"osdi": (compile_cached(self.path),)}

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
        return replace(self, held={**self.held, str(self.supply): volt}, table=None)

    def nodes(self, name: str, row: str, column: str, feed: str | None = None) -> str:
        """Return the nodes of a cell in the order of the module's ports.

        Parameters
        ----------
        name
            Name of the cell.
        row, column
            Its nodes on the word line and on the bit line.
        feed
            Its node on the supply line; None is the line that all cells share.

        Returns
        -------
        str
            Node names with spaces between them.
        """
        at = {self.row: row, self.column: column}
        if self.by_port:
            at[self.state] = f"state_{name}"
        if self.supply is not None and feed is not None:
            at[self.supply] = feed
        return " ".join(at.get(port, self.line_node(port)) for port in self.declared.ports)

    def spice_preamble(self) -> str:
        """Return what the elements need once in a deck.

        Returns
        -------
        str
            The model, where all cells share one, and the sources of the held ports.
        """
        model = f".model {_MODEL} {self.module}{self.model_values}"
        shared = self.by_port or self.by_instance
        return "\n".join([*([model] if shared else []), *self.line_sources()])

    def state_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        states: Sequence[float],
        supply_nodes: Sequence[str] | None = None,
    ) -> Iterable[str]:
        """Return one ``N`` element for each cell.

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
            An element for each cell, with a model of its own or the source of its state where the
            state needs one.
        """
        feeds = [None] * len(names) if supply_nodes is None else supply_nodes
        places = zip(names, row_nodes, column_nodes, states, feeds, strict=True)
        for name, row, column, state, feed in places:
            nodes, value = self.nodes(name, row, column, feed), spice_number(state)
            if self.by_port:
                yield f"N{name} {nodes} {_MODEL}"
                yield f"Vstate_{name} state_{name} 0 DC {value}"
            elif self.by_instance:
                yield f"N{name} {nodes} {_MODEL} {self.state}={value}"
            else:
                own = f"{self.module}{self.model_values} {self.state}={value}"
                yield f".model {_MODEL}_{name} {own}"
                yield f"N{name} {nodes} {_MODEL}_{name}"


def _again(settings: dict[str, Any]) -> VerilogACell:
    return VerilogACell(**settings)
