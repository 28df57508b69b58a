"""A transistor's SPICE card as a VACASK model: BSIM4, which VACASK has from SPICE's own source.

Of the two BSIM4 that VACASK brings it is the one with SPICE's equations and defaults; the Verilog-A
one of Berkeley has other defaults and gives 16 % more of the same card's current.
"""

from __future__ import annotations

import re

from xbar_circuit.devices import Transistor
from xbar_circuit.errors import ParameterError
from xbar_circuit.spice_text import read, statements
from xbar_circuit.units import parse_spice, spice_number

__all__ = ["TRANSISTORS", "has_card", "model_line"]

TRANSISTORS = "spice/bsim4v8.osdi"  # below VACASK's own modules
_CARD = re.compile(r"\.model\s+(\S+)\s+(nmos|pmos)\b(.*)", re.IGNORECASE | re.DOTALL)
_SETTING = re.compile(r"(\w+)\s*=\s*(\S+)")
_LEVELS = ("14", "54")  # ngspice's numbers of BSIM4
_SPICE_ONLY = ("level", "version")


def has_card(transistor: Transistor) -> bool:
    """Whether it is one plain BSIM4 card of numbers in the library file itself."""
    return _card(transistor) is not None


def model_line(transistor: Transistor) -> str:
    """Return the line that makes a transistor's model known by the name ``transistor``.

    Raises
    ------
    ParameterError
        It is not one plain BSIM4 card of numbers in the library file itself.
    """
    found = _card(transistor)
    if found is not None:
        kind, numbers = found
        return f"model transistor sp_bsim4v8 type={kind} {numbers}"
    raise ParameterError.about(
        "transistor",
        got=f"{transistor.model!r} of {transistor.library.name}",
        expected="a .model of level 54 (BSIM4) in the file itself, which VACASK can be given",
        remedy="read it in ngspice, xc.spice.read",
    )


def _card(transistor: Transistor) -> tuple[int, str] | None:
    """Return the polarity and the numbers of a transistor's card; None if it is no such card."""
    for line in statements("" if transistor.section else read(transistor.library)):
        card = _CARD.match(line)
        if card is None or card[1].lower() != transistor.model.lower():
            continue
        settings = {name.lower(): value for name, value in _SETTING.findall(card[3].strip("() "))}
        if settings.get("level") not in _LEVELS:
            return None
        try:
            numbers = " ".join(
                f"{name}={spice_number(parse_spice(value))}"
                for name, value in settings.items()
                if name not in _SPICE_ONLY
            )
        except ParameterError:  # an expression
            return None
        return (1 if card[2].lower() == "nmos" else -1), numbers
    return None
