"""Values of options: amounts of memory, and the conductance beyond which a unit was mistaken."""

from __future__ import annotations

import re

from xbar_circuit.errors import ParameterError

__all__ = ["LARGEST_LIKELY", "bytes_of"]

#: Conductance [S] above which microsiemens or ohm may have been meant.
LARGEST_LIKELY = 1e-2

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?i?)B?")
_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"ki": 2**10, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def bytes_of(option: str, text: str) -> int:
    """Return an amount of memory [byte].

    Raises
    ------
    ParameterError
        It is none.

    >>> bytes_of("--memory", "1.5GB"), bytes_of("--memory", "2GiB")
    (1500000000, 2147483648)
    """
    found = _BYTES.fullmatch(text.strip())
    unit = None if found is None else (_DECIMAL | _BINARY).get(found[2])
    if found is None or unit is None or float(found[1]) <= 0.0:
        raise ParameterError.about(
            option, got=repr(text), expected="an amount of memory", remedy="for example 4GB"
        )
    return round(float(found[1]) * unit)
