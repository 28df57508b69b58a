"""A user's own circuit on the command line."""

from __future__ import annotations

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_libraries import library_named
from xbar_circuit.resources import device_model
from xbar_circuit.units import parse_spice

__all__ = ["own_subcircuit", "pairs", "shipped_subcircuit"]


def shipped_subcircuit(name: str, ports: tuple[str, ...]) -> Subcircuit:
    """Return one of this package's transistor circuits, typical, with corners to go to."""
    return Subcircuit(
        device_model(f"{name}.lib"),
        name,
        ports=ports,
        supplies={"vdd": 1.1, "vss": 0.0},
        models=(device_model("cmos45_corners.lib"), "tt"),
    )


def own_subcircuit(
    *,
    subcircuit: str,
    ports: str,
    supplies: str,
    library: list[str] | None,
    bias: str,
    osdi: list[str] | None,
    compatibility: str,
    accept: list[str] | None,
) -> Subcircuit | None:
    """Return the circuit of ``--subcircuit FILE:NAME`` and its further options; None without.

    Raises
    ------
    ParameterError, ModelFileError
        An option cannot be read, or does not fit the file.
    """
    if not subcircuit:
        return None
    file, _, name = subcircuit.rpartition(":")
    if not file:
        raise ParameterError.about(
            "--subcircuit",
            got=repr(subcircuit),
            expected="FILE:NAME",
            remedy="for example --subcircuit my_amp.lib:my_amp --ports plus=inp,minus=inn,out=vout",
        )
    rails, sinks = (
        {key: parse_spice(value) for key, value in pairs(option, text).items()}
        for option, text in (("--supplies", supplies), ("--bias", bias))
    )
    return Subcircuit(
        file,
        name,
        ports=pairs("--ports", ports),
        supplies=rails,
        currents=sinks,
        models=[library_named(text) for text in library or ()] or None,
        osdi=osdi or [],
        compatibility=compatibility,
        accept=accept or [],
    )


def pairs(option: str, text: str) -> dict[str, str]:
    """Read ``a=b,c=d``.

    Raises
    ------
    ParameterError
        A part is something else.
    """
    result: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, sign, value = part.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ParameterError.about(
                option, got=repr(part), expected="name=value", remedy="separate pairs by commas"
            )
        result[key.strip()] = value.strip()
    return result
