"""The one place where unit prefixes are made and read.

Inside the package every number is plain SI. Prefixes appear at two borders only: SPICE text, where
``M`` is *milli* and mega is ``MEG`` (ngspice manual, chapter 2, "Some basic entities"), and text
for people, where the SI prefixes hold.
"""

from __future__ import annotations

import math
import re

from xbar_circuit.errors import ParameterError

__all__ = ["duration", "engineering", "parse_spice", "si_scale", "spice_number"]

_SPICE_SCALE = {
    "t": 1e12,
    "g": 1e9,
    "meg": 1e6,
    "k": 1e3,
    "mil": 25.4e-6,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "a": 1e-18,
    "": 1.0,
}
_SPICE_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(meg|mil|[tgkmunpfa])?[a-z]*\s*", re.IGNORECASE
)
_SI_PREFIX = {
    -18: "a",
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "u",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
    12: "T",
}


def spice_number(value: float) -> str:
    """Write a number for SPICE, without a prefix, rounded to 15 digits.

    What a sum or a product left in the last bit (1 ps as 1.0000000000000002e-12) is gone; the
    number read back is the same within 5e-16 of itself.

    >>> spice_number(1e-3), spice_number(2.0), spice_number(10 * 1e-13 + 2e-28)
    ('0.001', '2.0', '1e-12')
    """
    return repr(float(f"{value:.15g}"))


def parse_spice(text: str) -> float:
    """Read a SPICE number, with its prefix and whatever unit letters trail it.

    Raises
    ------
    ParameterError
        The text is not a SPICE number.

    >>> parse_spice("2M"), parse_spice("2MEG"), parse_spice("10kohm")
    (0.002, 2000000.0, 10000.0)
    """
    match = _SPICE_NUMBER.fullmatch(text)
    if match is None:
        raise ParameterError.about(
            "text",
            got=repr(text),
            expected="a SPICE number such as 10k, 2MEG or 1e-6",
            remedy="write digits, then one of the prefixes t g meg k m u n p f a",
        )
    mantissa, prefix = match.groups()
    return float(mantissa) * _SPICE_SCALE[(prefix or "").lower()]


def engineering(value: float, unit: str, digits: int = 3) -> str:
    """Write a number for people, with an SI prefix and its unit.

    >>> engineering(2.5e-5, "S"), engineering(0.0, "A"), engineering(4.7e6, "ohm")
    ('25 uS', '0 A', '4.7 Mohm')
    """
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    rounded = float(f"{value:.{digits}g}")
    exponent = 3 * math.floor(math.log10(abs(rounded)) / 3)
    exponent = min(max(exponent, min(_SI_PREFIX)), max(_SI_PREFIX))
    return f"{rounded / 10.0**exponent:.{digits}g} {_SI_PREFIX[exponent]}{unit}"


def si_scale(largest: float) -> tuple[float, str]:
    """Return factor and SI prefix of values up to `largest`; a column of a table shares them.

    >>> si_scale(4.8e-5), si_scale(0.0)
    ((1e-06, 'u'), (1.0, ''))
    """
    if largest == 0.0 or not math.isfinite(largest):
        return 1.0, ""
    exponent = 3 * math.floor(math.log10(abs(largest)) / 3)
    exponent = min(max(exponent, min(_SI_PREFIX)), max(_SI_PREFIX))
    return 10.0**exponent, _SI_PREFIX[exponent]


def duration(seconds: float) -> str:
    """Return a time in the unit that people use for it.

    >>> duration(25.0), duration(86400.0)
    ('25 s', '1 day')
    """
    for unit, size in (("year", 365.25 * 86400.0), ("day", 86400.0), ("h", 3600.0)):
        if seconds >= 0.99 * size:
            count = seconds / size
            plural = "s" if unit != "h" and count >= 1.05 else ""
            return f"{count:.3g} {unit}{plural}"
    return f"{seconds:.3g} s"
