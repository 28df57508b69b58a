"""An axis of a table: uniform knots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = ["TableAxis"]

_EDGE = 1e-9  # rounding allowed at the ends of an axis, in steps


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAxis:
    """Uniform knots from `start` to `stop`, both included, at least 5.

    start, stop : ends of the axis, in the unit of what it holds.
    points : number of knots.
    """

    start: float
    stop: float
    points: int

    def __post_init__(self) -> None:
        checks.count("points", self.points, minimum=5)
        if not self.stop > self.start:
            raise ParameterError.about(
                "stop", got=self.stop, expected=f"above {self.start:g}", remedy="widen the range"
            )

    @property
    def step(self) -> float:
        """Distance between two knots, in the axis' unit."""
        return (self.stop - self.start) / (self.points - 1)

    @property
    def values(self) -> FloatArray:
        """All knots (points,), in the axis' unit."""
        return np.linspace(self.start, self.stop, self.points)

    @property
    def middles(self) -> FloatArray:
        """Middles between knots (points - 1,) in the axis' unit, where a spline errs most."""
        return self.values[:-1] + 0.5 * self.step

    def locate(self, where: FloatArray) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.bool_]]:
        """Return where values lie between the knots.

        Parameters
        ----------
        where
            Values in the axis' unit, any shape.

        Returns
        -------
        tuple
            Interval of each value, its fraction within that interval (0 to 1), and whether it lies
            on the axis; a value beyond an end is placed at that end.
        """
        place = (where - self.start) / self.step
        inside = (place >= -_EDGE) & (place <= self.points - 1 + _EDGE)
        place = np.clip(place, 0.0, self.points - 1)
        index = np.minimum(place.astype(np.int64), self.points - 2)
        return index, place - index, inside
