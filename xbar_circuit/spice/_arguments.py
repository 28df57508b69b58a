"""Arguments that several analyses share: their checks, and their text in an ngspice command."""

from __future__ import annotations

from collections.abc import Mapping

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["check_name", "check_sweep", "frequencies", "too_few"]


def check_name(name: str, value: str) -> None:
    """Refuse a name that could carry a second command."""
    if not value or any(sign in value for sign in " ;\n\t\r`$&|<>!"):
        raise ParameterError.about(
            name, got=repr(value), expected="one SPICE name", remedy="give it without spaces"
        )


def check_sweep(start_hertz: float, stop_hertz: float, points: int, spacing: str) -> None:
    """Refuse a sweep of frequency that is out of range."""
    checks.number("start_hertz", start_hertz, "Hz", above=True)
    checks.number("stop_hertz", stop_hertz, "Hz", minimum=start_hertz)
    checks.count("points", points)
    checks.choice("spacing", spacing, ("dec", "oct", "lin"))


def frequencies(start_hertz: float, stop_hertz: float, points: int, spacing: str) -> str:
    """Return a sweep of frequency as ngspice reads it."""
    return f"{spacing} {points} {spice_number(start_hertz)} {spice_number(stop_hertz)}"


def too_few(vectors: Mapping[str, FloatArray], expected: int) -> str:
    """Say how many points an answer has if they are fewer than expected; else return nothing."""
    points = min((vector.size for vector in vectors.values()), default=0)
    return "" if points >= expected else f"{points} of {expected} points"
