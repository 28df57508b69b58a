"""Sources that follow points in time, as SPICE text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from xbar_circuit.units import spice_number

__all__ = ["piecewise", "staircase"]


def staircase(
    source: str, values: NDArray[Any], step_second: NDArray[Any], edge_second: float
) -> Iterator[str]:
    """Yield a source that goes to ``values[k]`` at ``step_second[k]``; the first holds from 0 s.

    `source` is its beginning, such as ``"Vin in 0"``.
    """
    points = [(0.0, float(values[0]))]
    for k in range(1, len(values)):
        if values[k] == values[k - 1]:
            continue
        begin = float(step_second[k])
        points += [(begin, float(values[k - 1])), (begin + edge_second, float(values[k]))]
    yield from piecewise(source, points)


def piecewise(source: str, points: list[tuple[float, float]]) -> Iterator[str]:
    """Yield a source through (second, value); a single point is a DC value."""
    if len(points) == 1:
        yield f"{source} DC {spice_number(points[0][1])}"
        return
    text = [f"{spice_number(t)} {spice_number(v)}" for t, v in points]
    yield f"{source} PWL("
    for begin in range(0, len(text), 6):
        yield "+ " + " ".join(text[begin : begin + 6])
    yield "+ )"
