"""A circuit of the user's own: any ``.subckt``, used in place of a behavioural part.

The file is read once, when the description is made, so that a wrong name, a missing port or a
command that has no place in a circuit is reported before anything is simulated. The testbenches
use *roles* (``plus``, ``minus``, ``out`` of an op-amp; ``input``, ``start``, ``clock`` and ``b0``,
``b1`` ... of a converter); `ports` says which port of the subcircuit plays which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._subcircuit_file import Declaration, declaration
from xbar_circuit.peripherals._subcircuit_libraries import at_corner, compiled, libraries_of
from xbar_circuit.units import spice_number

__all__ = ["Subcircuit"]

#: Ports whose names give their role away, to find a wrong order.
_LIKELY = {
    "plus": {"plus", "inp", "vinp", "vip", "in_p", "inplus"},
    "minus": {"minus", "inn", "vinn", "vim", "in_n", "inm", "inminus"},
    "out": {"out", "vout", "output"},
    "clock": {"clock", "clk", "ck"},
}


@dataclass(frozen=True, slots=True, init=False, eq=False)
class Subcircuit:
    """A user's subcircuit, with her models and her corner.

    Parameters
    ----------
    path
        The file with the ``.subckt``.
    name
        Name of the subcircuit in it.
    ports
        Role -> port of the subcircuit: ``{"plus": "inp", "minus": "inn", "out": "vout"}``; or the
        roles alone, in the order of the ``.subckt`` line, supplies left out.
    supplies
        Port -> voltage [V]: ``{"vdd": 1.0, "vss": 0.0}``. Bias voltages belong here too.
    models
        Library with the transistor models: a file to include, or ``(file, corner)`` for a section
        of a ``.lib``, or a sequence of these, each with a corner of its own.
    parameters
        Parameters of the instance, such as ``{"w": 1e-6}``.
    currents
        Port -> current into it [A]: bias currents, ``{"ibias": 20e-6}``.
    osdi
        Verilog-A models that the circuit needs: compiled ``.osdi`` files, or ``.va`` sources, which
        are compiled once into the folder of cached files.
    compatibility
        Dialect of its files, ngspice's ``ngbehavior``: ``"hsa"``, ``"psa"``, ``"lta"``.
    accept
        Settings in its files that may hold for the whole deck, such as ``("scale",)``; any other
        ``.options`` or ``.temp`` card is refused.
    seed
        Seed of the random functions (``agauss``) in the libraries: which Monte Carlo sample it is.

    Raises
    ------
    ModelFileError
        A file is missing or has no such subcircuit; or it has commands, analyses, elements outside
        of any subcircuit, or settings for the whole deck that are not accepted.
    ParameterError
        A port is unknown, unconnected, or given twice.
    """

    path: Path
    name: str
    ports: Mapping[str, str]
    supplies: Mapping[str, float]
    models: tuple[tuple[Path, str | None], ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    currents: Mapping[str, float] = field(default_factory=dict)
    osdi: tuple[Path, ...] = ()
    compatibility: str = ""
    accept: tuple[str, ...] = ()
    seed: int = 1
    order: tuple[str, ...] = ()
    declared: Declaration = field(init=False)

    def __init__(
        self,
        path: str | Path,
        name: str,
        *,
        ports: Mapping[str, str] | Sequence[str],
        supplies: Mapping[str, float] | None = None,
        models: str | Path | tuple[str | Path, str] | Sequence[object] | None = None,
        parameters: Mapping[str, float] | None = None,
        currents: Mapping[str, float] | None = None,
        osdi: str | Path | Sequence[str | Path] = (),
        compatibility: str = "",
        accept: Sequence[str] = (),
        seed: int = 1,
    ) -> None:
        file = Path(path).expanduser().resolve()
        libraries = libraries_of(models)
        accepted = (accept,) if isinstance(accept, str) else tuple(accept)
        checks.count("seed", seed)
        declared = declaration(file, name, libraries, dialect=compatibility, accept=accepted)
        order, known = declared.order, declared.parameters
        rails, sinks = (
            {
                str(port).lower(): checks.number(f"{what}[{port!r}]", value, unit, minimum=-1e6)
                for port, value in (given or {}).items()
            }
            for what, given, unit in (("supplies", supplies, "V"), ("currents", currents, "A"))
        )
        fed = {port: 0.0 for port in (*rails, *sinks) if port in order}
        roles = _roles(ports, order, fed, name)
        _check_globals(declared, roles, rails, name)
        _check_connected(order, roles, fed, name)
        strangers = [port for port in (*rails, *sinks) if port not in fed]
        strangers = [port for port in strangers if port not in declared.globals or port in sinks]
        if strangers:
            _check_connected(order, roles, dict.fromkeys((*fed, *strangers), 0.0), name)
        for attribute, value in (
            ("path", file),
            ("name", name),
            ("ports", MappingProxyType(roles)),
            ("supplies", MappingProxyType(rails)),
            ("models", libraries),
            ("parameters", MappingProxyType(_parameter_values(parameters or {}, known, name))),
            ("currents", MappingProxyType(sinks)),
            ("osdi", compiled(osdi)),
            ("compatibility", compatibility),
            ("accept", accepted),
            ("seed", seed),
            ("order", order),
            ("declared", declared),
        ):
            object.__setattr__(self, attribute, value)

    def require(self, *roles: str) -> None:
        """Refuse a circuit with missing roles.

        Parameters
        ----------
        roles
            Roles that the circuit must have, such as ``"input"``.

        Raises
        ------
        ParameterError
            A role is missing.
        """
        missing = [role for role in roles if role not in self.ports]
        if missing:
            raise ParameterError.about(
                "ports",
                got=f"{sorted(self.ports)} for subcircuit {self.name}",
                expected=f"the roles {', '.join(roles)}",
                remedy=f"say which port of ({' '.join(self.order)}) is {', '.join(missing)}",
            )

    def varied(
        self,
        *,
        corner: str | None = None,
        parameters: Mapping[str, float] | None = None,
        supplies: Mapping[str, float] | None = None,
        seed: int | None = None,
    ) -> Subcircuit:
        """Return the same circuit at another corner, or with other values of some settings.

        Parameters
        ----------
        corner
            Section of the libraries that were given with one; with several such libraries, one
            section for each, in their order: ``"ss+wcs"``. None leaves them.
        parameters, supplies
            Values that replace those of the same name [SI, V].
        seed
            Seed of the libraries' random functions; None leaves it.

        Returns
        -------
        Subcircuit
            The circuit with these settings, read and checked again.

        Raises
        ------
        ParameterError
            No library was given with a section, or a parameter is unknown.
        ModelFileError
            A library has no such section.
        """
        models = self.models if corner is None else at_corner(self.models, corner, repr(self))
        settings = self._settings() | {"models": models}
        settings["parameters"] = {**self.parameters, **(parameters or {})}
        settings["supplies"] = {**self.supplies, **(supplies or {})}
        settings["seed"] = self.seed if seed is None else seed
        return _again(self.path, self.name, settings)

    def _settings(self) -> dict[str, Any]:
        return {
            "ports": dict(self.ports),
            "supplies": dict(self.supplies),
            "models": self.models,
            "parameters": dict(self.parameters),
            "currents": dict(self.currents),
            "osdi": self.osdi,
            "compatibility": self.compatibility,
            "accept": self.accept,
            "seed": self.seed,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Make it again in another process, from the same files."""
        return _again, (self.path, self.name, self._settings())

    def include_lines(self) -> list[str]:
        """Return the lines that load models and file, needed once in a deck.

        Returns
        -------
        list
            SPICE lines: ``.include`` or ``.lib`` of the models, then the circuit's own text.
        """
        lines = [
            f'.include "{path}"' if corner is None else f'.lib "{path}" {corner}'
            for path, corner in self.models
        ]
        own = self.declared.text.splitlines() or [f'.include "{self.path}"']
        return [*lines, *own]

    def instance_lines(self, instance: str, nodes: Mapping[str, str]) -> list[str]:
        """Return one instance with its supplies and bias currents.

        A supply is the source ``V<instance>_<port>``; its current is negative where it delivers. A
        supply whose node is one for the whole deck (``.global``) feeds it through a milliohm, as
        several may do.

        Parameters
        ----------
        instance
            Name of the instance, without the letter of an element.
        nodes
            Role -> node; a role that is left out gets a node of its own.

        Returns
        -------
        list
            SPICE lines.
        """
        num = spice_number
        played = {port: nodes.get(role, f"{instance}_{role}") for role, port in self.ports.items()}
        rails = {port: f"{instance}_{port}" for port in (*self.supplies, *self.currents)}
        wires = " ".join(played.get(port) or rails[port] for port in self.order)
        values = "".join(f" {key}={num(v)}" for key, v in self.parameters.items())
        lines = [f"X{instance} {wires} {self.name}{values}"]
        for port, volt in self.supplies.items():
            lines.append(f"V{instance}_{port} {rails[port]} 0 DC {num(volt)}")
            if port in self.declared.globals:
                lines.append(f"R{instance}_{port} {rails[port]} {port} 1e-3")
        for port, ampere in self.currents.items():
            lines.append(f"I{instance}_{port} 0 {rails[port]} DC {num(ampere)}")
        return lines

    def __repr__(self) -> str:
        return f"Subcircuit({self.path.name!r}, {self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subcircuit) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        settings = tuple(
            (key, tuple(sorted(value.items())) if isinstance(value, dict) else value)
            for key, value in self._settings().items()
        )
        return self.path, self.name, settings


def _again(path: Path, name: str, settings: Mapping[str, Any]) -> Subcircuit:
    return Subcircuit(path, name, **settings)


def _parameter_values(
    parameters: Mapping[str, float], known: frozenset[str], name: str
) -> dict[str, float]:
    """Return the instance's parameters; ngspice would ignore one that is not declared."""
    values = {}
    for key, value in parameters.items():
        if str(key).lower() not in known:
            raise ParameterError.about(
                f"parameters[{key!r}]",
                got=f"one that .subckt {name} does not declare",
                expected=f"one of {', '.join(sorted(known)) or '(it declares none)'}",
                remedy="correct the name, or write NAME=default on the .subckt line",
            )
        values[str(key)] = checks.number(f"parameters[{key!r}]", value, "SI", minimum=-1e300)
    return values


def _roles(
    ports: Mapping[str, str] | Sequence[str],
    order: tuple[str, ...],
    rails: Mapping[str, float],
    name: str,
) -> dict[str, str]:
    if isinstance(ports, str):
        raise ParameterError.about(
            "ports", got=repr(ports), expected="a mapping role -> port", remedy="use a dictionary"
        )
    if isinstance(ports, Mapping):
        return {str(role): str(port).lower() for role, port in ports.items()}
    signals = [port for port in order if port not in rails]
    if len(ports) != len(signals):
        raise ParameterError.about(
            "ports",
            got=f"{len(ports)} roles ({' '.join(ports)})",
            expected=f"{len(signals)}, in the order of {name}'s ports ({' '.join(signals)})",
            remedy='or name them: {"plus": "inp", ...}',
        )
    for role, port in zip(ports, signals, strict=True):
        other = next((r for r in ports if r != role and port in _LIKELY.get(r, {r})), None)
        if other is not None and port not in _LIKELY.get(role, {role}):
            raise ParameterError.about(
                "ports",
                got=f"the role {role} on a port called {port}",
                expected=f"roles in the order of {name}'s ports ({' '.join(signals)})",
                remedy=f'put {other} there, or name them: {{"{role}": ..., "{other}": "{port}"}}',
            )
    return dict(zip(ports, signals, strict=True))


def _check_globals(
    declared: Declaration, roles: Mapping[str, str], rails: Mapping[str, float], name: str
) -> None:
    """Refuse a signal on, and a missing supply of, a node that is one for the whole deck."""
    for port in declared.globals:
        if port in roles.values():
            raise ParameterError.about(
                "ports",
                got=f"a role on {port}, which a .global card of {name} makes one for all circuits",
                expected="a signal of its own for each instance",
                remedy="take it out of the .global card, or give it in supplies",
            )
        if port not in rails and port not in {"0", "gnd"}:
            raise ParameterError.about(
                "supplies",
                got=f"no voltage for {port}, which a .global card of {name} connects",
                expected="a supply for every global node",
                remedy=f'add it: supplies={{"{port}": ...}}',
            )


def _check_connected(
    order: tuple[str, ...], roles: Mapping[str, str], rails: Mapping[str, float], name: str
) -> None:
    line = f".subckt {name} {' '.join(order)}"
    used = [*roles.values(), *rails]
    for what, wrong, remedy in (
        ("unknown", [p for p in used if p not in order], "use the names on the .subckt line"),
        ("connected twice", sorted({p for p in used if used.count(p) > 1}), "connect each once"),
        ("unconnected", [p for p in order if p not in used], "add them to ports or supplies"),
    ):
        if wrong:
            raise ParameterError.about(
                "ports",
                got=f"{what}: {', '.join(wrong)}",
                expected=f"every port of `{line}` once",
                remedy=remedy,
            )
