"""A resistor and a sinh selector in series, compiled by numba; imported only if it is installed.

With y the selector's voltage over v0, Y the cell's and k the selector's conductance over the
resistor's, Kirchhoff's current law is ``y + k sinh(y) = Y``. The left side rises and is convex
above 0, and both ``Y / (1 + k)`` and ``asinh(Y / k)`` lie above the solution: from the smaller one
Newton's method comes down to it without ever passing it, in four or five steps.
"""

from __future__ import annotations

import math
from typing import Any

from xbar_circuit._compiler import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_STEPS = 60  # never reached: for voltages that are not finite
_CLOSE = 1e-9  # last step, relative: what is left falls as its square


@jit
def respond(volt: Any, siemens: Any, selector: float, v0: float, current: Any, slope: Any) -> None:
    """Fill in current [A] and slope [S] (batch, cells).

    `volt` : across both (batch, cells) [V]. `siemens` : of the resistors (cells,). `selector`,
    `v0` : slope at 0 V [S] and scale [V] of the selector.
    """
    batch, cells = volt.shape
    for n in range(batch):
        for k in range(cells):
            g = siemens[k]
            if not g > 0.0:
                current[n, k] = slope[n, k] = 0.0
                continue
            across = abs(volt[n, k])
            whole, ratio = across / v0, selector / g
            y = min(whole / (1.0 + ratio), math.asinh(whole / ratio))
            sinh, cosh = 0.0, 1.0
            for _ in range(_STEPS):
                less = math.expm1(y)
                more = less + 1.0
                sinh, cosh = 0.5 * (less + less / more), 0.5 * (more + 1.0 / more)
                step = (y + ratio * sinh - whole) / (1.0 + ratio * cosh)
                y -= step
                if not abs(step) > _CLOSE * y:
                    # what the step changes of them is in the first order right
                    sinh, cosh = sinh - step * cosh, cosh - step * sinh
                    break
            own = selector * cosh
            # the part that takes more of the voltage knows its current better
            value = selector * v0 * sinh if g > own else g * (across - v0 * y)
            current[n, k] = math.copysign(value, volt[n, k])
            slope[n, k] = g * own / (g + own)
