"""Parts from plain tables: what a TOML file says of drivers, read-outs, synapses and circuits.

Every part is a table whose ``kind`` names it and whose other keys are the arguments of Python; a
part in a part is a table in a table. Unknown keys are refused, so a typing error cannot change a
result quietly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from xbar_circuit import _checks as checks
from xbar_circuit import cells, devices, peripherals
from xbar_circuit.errors import ParameterError
from xbar_circuit.tile import CHAINS

__all__ = ["PARTS", "build_part", "known_keys", "part"]

#: Parts by what they are for and by the name they have in a file; the first is the default.
PARTS: dict[str, dict[str, Callable[..., Any]]] = {
    "synapse": {
        "pair": cells.DifferentialPair,
        "multi_device": cells.MultiDevice,
        "bit_slices": cells.BitSlices,
        "8t4r": cells.EightT4R,
    },
    "cell": {
        "ohmic": devices.Ohmic,
        "sinh": devices.Sinh,
        "pcm": devices.PcmCell.sebastian2017,
    },
    "driver": {
        "dac": peripherals.Dac,
        "pulse_width": peripherals.PulseWidth,
        "bit_serial": peripherals.BitSerial,
        "exact": peripherals.ExactDriver,
        "buffer": peripherals.WordLineBuffer,
    },
    "converter": {
        "ideal": peripherals.IdealConverter,
        "sar": peripherals.Sar,
        "ramp": peripherals.Ramp,
        "flash": peripherals.Flash,
        "oscillator": peripherals.OscillatorCounter,
        "sense_amplifier": peripherals.SenseAmplifier,
    },
    "amplifier": {
        "transimpedance": peripherals.TransimpedanceAmplifier,
        "integrator": peripherals.ChargeIntegrator,
        "conveyor": peripherals.CurrentConveyor,
    },
    "opamp": {"behavioural": peripherals.OpAmp},
    "difference": {"amplifier": peripherals.DifferenceAmplifier},
}

_CIRCUIT = "subcircuit"
_CHAIN = "chain"


def part(role: str, content: Any, *, name: str, folder: Path) -> Any:
    """Return a part.

    Parameters
    ----------
    role
        One of :data:`PARTS`, ``"readout"``, or any other for a circuit of one's own.
    content
        Its table; what is no table is returned as it is.
    name
        What to call it in a message.
    folder
        Where file names start.

    Raises
    ------
    ParameterError
        An unknown kind or key, or a value that the part refuses.
    """
    if not isinstance(content, Mapping):
        return content
    table = dict(content)
    if role == "readout" and _CHAIN in table:
        return _chain(table, name)
    if role == "readout":
        return build_part(peripherals.Readout, name, {"converter": {}, **table}, folder=folder)
    kinds = PARTS.get(role, {})
    kind = table.pop("kind", next(iter(kinds), _CIRCUIT))
    if kind == _CIRCUIT:
        return _subcircuit(table, name, folder)
    checks.choice(f"{name}.kind", kind, (*kinds, _CIRCUIT))
    return build_part(kinds[kind], name, table, folder=folder)


def build_part(
    kind: Callable[..., Any], name: str, content: Mapping[str, Any], *, folder: Path
) -> Any:
    """Return ``kind(**content)``, with the tables in it as parts.

    Raises
    ------
    ParameterError
        A key that the part does not have, or one that it misses.
    """
    if is_dataclass(kind):
        known_keys(name, content, {field.name for field in fields(kind) if field.init})
    values = {
        key: None
        if value == "exact" and key == "bits"
        else part(key, value, name=f"{name}.{key}", folder=folder)
        for key, value in content.items()
    }
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    except TypeError as error:
        raise ParameterError.about(
            name,
            got=str(error),
            expected="the arguments that the part has in Python",
            remedy="see its docstring",
        ) from error


def known_keys(name: str, content: Mapping[str, Any], allowed: set[str]) -> None:
    """Refuse keys that are none.

    Raises
    ------
    ParameterError
        There is one.
    """
    unknown = set(content) - allowed
    if unknown:
        raise ParameterError.about(
            name,
            got=f"unknown keys {sorted(unknown)}",
            expected=f"some of {sorted(allowed)}",
            remedy="correct the spelling",
        )


def _chain(table: dict[str, Any], name: str) -> Any:
    """Return a ready read-out by its name."""
    known_keys(name, table, {_CHAIN, "bits"})
    chosen = checks.choice(f"{name}.{_CHAIN}", table[_CHAIN], tuple(CHAINS))
    return CHAINS[chosen](bits=checks.count(f"{name}.bits", table.get("bits", 8), maximum=16))[0]


def _subcircuit(table: dict[str, Any], name: str, folder: Path) -> peripherals.Subcircuit:
    """Return a circuit of one's own: ``file``, ``name``, ``ports`` and the rest of `Subcircuit`."""
    known_keys(name, table, {"file", "name", "ports", "supplies", "models", "parameters"})
    for key in ("file", "name", "ports"):
        if key not in table:
            raise ParameterError.about(
                name, got=f"no {key}", expected="file, name and ports", remedy="add it"
            )
    models = table.get("models")
    return peripherals.Subcircuit(
        folder / table["file"],
        table["name"],
        ports=table["ports"],
        supplies=table.get("supplies"),
        models=folder / models if isinstance(models, str) else models,
        parameters=table.get("parameters"),
    )
