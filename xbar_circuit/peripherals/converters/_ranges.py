"""How a range is divided among codes so that nothing falls on the middle of one."""

from __future__ import annotations

import math

from xbar_circuit.errors import ParameterError

__all__ = ["code_range"]


def code_range(low: float, high: float, levels: int, *, exact: bool) -> tuple[float, float]:
    """Return the currents where the first code begins and the last one ends [A].

    Raises
    ------
    ParameterError
        There is no range, or two codes for both signs.
    """
    signed = low < 0.0 < high
    if high - low <= 0.0 or (signed and levels == 2):
        raise ParameterError.about(
            "low_ampere, high_ampere",
            got=f"{low:g} A to {high:g} A for {levels} codes",
            expected="a range about 0 A, of one sign for two codes",
            remedy="give the converter another bit, or the smallest and the largest current",
        )
    if exact:
        return 0.0, max(high, -low)
    lsb = (high - low) / (levels - 2 if signed else levels - 1)
    zero = math.ceil(-low / lsb - 1e-9)
    bottom = -(zero + 0.5) * lsb
    return bottom, bottom + levels * lsb
