"""What a temperature makes of the numbers that a behavioural part states for 27 C.

Three things move. Thermal noise: its power goes with the absolute temperature, ``4 k T`` (Nyquist,
Phys. Rev. 32, 110, 1928). A gain, a resistor or a reference: by a relative coefficient, first
order, as SPICE's ``tc1`` of a resistor. An offset: by so many volts or amperes a degree, as data
sheets state the offset drift of an amplifier. No coefficient holds for all designs, so each is 0
unless it is given.
"""

from __future__ import annotations

import math

from xbar_circuit import _checks as checks
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.errors import ParameterError

__all__ = ["CELSIUS", "check_coefficients", "offset_at", "scaled_at", "thermal_power"]

#: For which parts state their numbers [degree Celsius]: SPICE's own.
CELSIUS = 27.0


def thermal_power(celsius: float) -> float:
    """Return thermal noise power at a temperature over that at 27 C."""
    return (celsius + ZERO_CELSIUS_KELVIN) / (CELSIUS + ZERO_CELSIUS_KELVIN)


def check_coefficients(part: object, *names: str) -> None:
    """Refuse coefficients that are no finite numbers.

    Raises
    ------
    ParameterError
        One is not.
    """
    for name in names:
        unit = {"volt": "V", "ampere": "A"}.get(name.split("_")[1], "1") + "/degree Celsius"
        checks.number(name, getattr(part, name), unit, minimum=-math.inf)


def offset_at(celsius: float, value: float, per_celsius: float) -> float:
    """Return an offset at a temperature, in its own unit."""
    return value + per_celsius * (celsius - CELSIUS)


def scaled_at(celsius: float, part: object, value: float, name: str) -> float:
    """Return `value` times what the part's relative coefficient `name` makes of 1.

    Raises
    ------
    ParameterError
        Nothing is left of it at this temperature.
    """
    factor: float = 1.0 + getattr(part, name) * (celsius - CELSIUS)
    if factor <= 0.0:
        raise ParameterError.about(
            name,
            got=f"{getattr(part, name):g} a degree at {celsius:g} degrees, which leaves nothing",
            expected="a coefficient that holds over the temperatures in use",
            remedy="a straight line through 27 C is meant; give its slope there",
        )
    return value * factor
