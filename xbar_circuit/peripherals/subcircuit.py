"""Bring your own circuit: any ``.subckt`` of the user's, put in the seat of one of ours.

The file is read once, when the description is made, so that a wrong name, a missing port or a
command that has no place in a circuit is found before anything is simulated. Our testbenches speak
of *roles* (``plus``, ``minus``, ``out`` of an op-amp; ``input``, ``start``, ``clock`` and ``b0``,
``b1`` ... of a converter); `ports` says which port of the subcircuit plays which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xbar_circuit import checks
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.peripherals.subcircuit_file import declaration, refuse_control
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
        of a ``.lib``, or a sequence of these.
    parameters
        Parameters of the instance, such as ``{"w": 1e-6}``.

    Raises
    ------
    ModelFileError
        A file is missing, has no such subcircuit, or contains a control block.
    ParameterError
        A port is unknown, unconnected, or given twice.
    """

    path: Path
    name: str
    ports: Mapping[str, str]
    supplies: Mapping[str, float]
    models: tuple[tuple[Path, str | None], ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def __init__(
        self,
        path: str | Path,
        name: str,
        *,
        ports: Mapping[str, str] | Sequence[str],
        supplies: Mapping[str, float] | None = None,
        models: str | Path | tuple[str | Path, str] | Sequence[object] | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> None:
        file = Path(path).expanduser().resolve()
        order, known = declaration(file, name)
        rails = {
            str(port).lower(): checks.number(f"supplies[{port!r}]", volt, "V", minimum=-1e6)
            for port, volt in (supplies or {}).items()
        }
        roles = _roles(ports, order, rails, name)
        _check_connected(order, roles, rails, name)
        values = _parameter_values(parameters or {}, known, name)
        libraries = _libraries(models)
        refuse_control(file, libraries)
        for attribute, value in (
            ("path", file),
            ("name", name),
            ("ports", MappingProxyType(roles)),
            ("supplies", MappingProxyType(rails)),
            ("models", libraries),
            ("parameters", MappingProxyType(values)),
            ("order", order),
        ):
            object.__setattr__(self, attribute, value)

    def require(self, *roles: str) -> None:
        """Refuse a seat whose roles are not all played.

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
        self, *, corner: str | None = None, parameters: Mapping[str, float] | None = None
    ) -> Subcircuit:
        """Return the same circuit at another corner, or with other values of some parameters.

        Parameters
        ----------
        corner
            Section of every library that was given with one; None leaves them.
        parameters
            Replace those of the same name.

        Raises
        ------
        ParameterError
            No library was given with a section, or a parameter is unknown.
        ModelFileError
            A library has no such section.
        """
        models = self.models
        if corner is not None:
            if not any(section is not None for _, section in models):
                raise ParameterError.about(
                    "corner",
                    got=repr(corner),
                    expected=f"a circuit whose models have corners, {self!r} has none",
                    remedy='give models=("pdk.lib", "tt")',
                )
            models = tuple((path, None if old is None else corner) for path, old in models)
        return Subcircuit(
            self.path,
            self.name,
            ports=self.ports,
            supplies=self.supplies,
            models=models,
            parameters={**self.parameters, **(parameters or {})},
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Make it again in another process, from the same files."""
        settings = {
            "ports": dict(self.ports),
            "supplies": dict(self.supplies),
            "models": self.models,
            "parameters": dict(self.parameters),
        }
        return _again, (self.path, self.name, settings)

    def include_lines(self) -> list[str]:
        """Return the lines that load models and file."""
        lines = [
            f'.include "{path}"' if corner is None else f'.lib "{path}" {corner}'
            for path, corner in self.models
        ]
        return [*lines, f'.include "{self.path}"']

    def instance_lines(self, instance: str, nodes: Mapping[str, str]) -> list[str]:
        """Return the instance, its ports on ``nodes[role]``, and its supplies.

        A role that the seat does not know gets a node of its own. A supply is the source
        ``V<instance>_<port>``; its current is negative where it delivers.
        """
        played = {port: nodes.get(role, f"{instance}_{role}") for role, port in self.ports.items()}
        rails = {port: f"{instance}_{port}" for port in self.supplies}
        wires = " ".join(played.get(port) or rails[port] for port in self.order)
        values = "".join(f" {key}={spice_number(v)}" for key, v in self.parameters.items())
        return [
            f"X{instance} {wires} {self.name}{values}",
            *(
                f"V{instance}_{port} {rails[port]} 0 DC {spice_number(volt)}"
                for port, volt in self.supplies.items()
            ),
        ]

    def __repr__(self) -> str:
        return f"Subcircuit({self.path.name!r}, {self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subcircuit) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return (
            self.path,
            self.name,
            tuple(sorted(self.ports.items())),
            tuple(sorted(self.supplies.items())),
            self.models,
            tuple(sorted(self.parameters.items())),
        )


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


def _libraries(models: object) -> tuple[tuple[Path, str | None], ...]:
    if models is None:
        return ()
    if isinstance(models, (str, Path)):
        entries: list[object] = [models]
    elif isinstance(models, tuple) and len(models) == 2 and not Path(str(models[1])).is_file():
        entries = [models]
    elif isinstance(models, Sequence):
        entries = list(models)
    else:
        raise ParameterError.about(
            "models",
            got=repr(models),
            expected="a file, (file, corner), or a sequence of these",
            remedy='for example ("pdk.lib", "tt")',
        )
    result: list[tuple[Path, str | None]] = []
    for entry in entries:
        first, corner = entry if isinstance(entry, tuple) else (entry, None)
        file = Path(str(first)).expanduser().resolve()
        if not file.is_file():
            raise ModelFileError(
                f"models: got {str(file)!r}, expected a model library that exists; correct the path"
            )
        result.append((file, None if corner is None else str(corner)))
    return tuple(result)
