"""Physical constants, CODATA 2018 (exact since the SI of 2019)."""

ELEMENTARY_CHARGE = 1.602176634e-19
"""Charge of the electron [C]."""

BOLTZMANN = 1.380649e-23
"""Boltzmann constant [J/K]."""

BOLTZMANN_EV = BOLTZMANN / ELEMENTARY_CHARGE
"""Boltzmann constant [eV/K]."""

ZERO_CELSIUS_KELVIN = 273.15
"""0 degrees Celsius [K]."""

ROOM_KELVIN = 300.0
"""Reference temperature of every parameter set in this package [K]."""

ROOM_CELSIUS = 26.85
"""The same [degree Celsius]."""


def kelvin(celsius: float) -> float:
    """Return a temperature in kelvin, 26.85 degrees as exactly 300.0."""
    return round(float(celsius) + ZERO_CELSIUS_KELVIN, 9)
