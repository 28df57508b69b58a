"""Curves of one variable, as data: what a published fit of a device's statistics is made of.

Every curve is a frozen, hashable object that is called with an array. The variable is a relative
conductance ``x = g / g_max`` unless its user says otherwise. A curve is a formula from a paper or a
table of measured points; both may be joined with :class:`Piecewise`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = ["ClippedLog", "Curve", "Piecewise", "Polynomial", "SaturatedPower", "TabulatedCurve"]

_TINY = 1e-7  # logarithms and powers start here, as in aihwkit's `_ZERO_CLIP`


@runtime_checkable
class Curve(Protocol):
    """A function of one variable that can be compared and hashed."""

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the curve's value, of the shape of `x`."""
        ...


@dataclass(frozen=True, slots=True)
class Polynomial:
    """``c0 + c1*x + c2*x**2 + ...``.

    >>> Polynomial((1.0, 0.5))(np.array([0.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        values = tuple(_finite("coefficients", c) for c in self.coefficients)
        object.__setattr__(self, "coefficients", values or (0.0,))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Evaluate the polynomial."""
        value = np.polynomial.polynomial.polyval(x, self.coefficients)
        return np.asarray(value, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippedLog:
    """``clip(slope * ln x + offset, low, high)``; `x` below 1e-7 counts as 1e-7.

    >>> curve = ClippedLog(slope=-0.1, offset=0.0, low=0.0, high=0.3)
    >>> curve(np.array([0.0, 0.5, 2.0])).round(6).tolist()
    [0.3, 0.069315, 0.0]
    """

    slope: float
    offset: float
    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("slope", "offset", "low", "high"):
            object.__setattr__(self, name, _finite(name, getattr(self, name)))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Evaluate the logarithm and clip it."""
        log = np.log(np.maximum(x, _TINY))
        return np.clip(self.slope * log + self.offset, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturatedPower:
    """``min(scale / max(x**exponent, floor), high)``.

    >>> curve = SaturatedPower(scale=0.1, exponent=0.5, floor=1e-3, high=1.0)
    >>> curve(np.array([0.0, 0.25, 1.0])).tolist()
    [1.0, 0.2, 0.1]
    """

    scale: float
    exponent: float
    floor: float
    high: float

    def __post_init__(self) -> None:
        for name in ("scale", "exponent", "floor", "high"):
            value = checks.number(name, getattr(self, name), "1", above=name == "floor")
            object.__setattr__(self, name, value)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Evaluate the power law, saturated at `high`."""
        power = np.maximum(np.maximum(x, 0.0) ** self.exponent, self.floor)
        return np.minimum(self.scale / power, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piecewise:
    """`below` where ``x < split``, `above` elsewhere.

    >>> curve = Piecewise(split=0.5, below=Polynomial((1.0,)), above=Polynomial((0.0, 2.0)))
    >>> curve(np.array([0.25, 0.75])).tolist()
    [1.0, 1.5]
    """

    split: float
    below: Curve
    above: Curve

    def __post_init__(self) -> None:
        object.__setattr__(self, "split", _finite("split", self.split))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Evaluate both branches and choose."""
        return np.where(x < self.split, self.below(x), self.above(x))


@dataclass(frozen=True, slots=True, kw_only=True)
class TabulatedCurve:
    """Measured points, joined by straight lines and held constant beyond the ends.

    Raises
    ------
    ParameterError
        Fewer than two points, lengths that differ, or an `x` that does not rise.

    >>> TabulatedCurve(x=(0.0, 1.0), y=(0.25, 0.0))(np.array([0.5, 2.0])).tolist()
    [0.125, 0.0]
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            values = tuple(_finite(name, value) for value in getattr(self, name))
            object.__setattr__(self, name, values)
        rising = all(a < b for a, b in itertools.pairwise(self.x))
        if len(self.x) != len(self.y) or len(self.x) < 2 or not rising:
            raise ParameterError.about(
                "x",
                got=f"{len(self.x)} abscissae and {len(self.y)} values",
                expected="as many values as abscissae, at least two, rising strictly",
                remedy="sort the points by x and drop the doubles",
            )

    def __call__(self, x: FloatArray) -> FloatArray:
        """Interpolate linearly."""
        return np.asarray(np.interp(x, self.x, self.y), dtype=np.float64)


def _finite(name: str, value: float) -> float:
    return checks.number(name, value, "1", minimum=-np.inf)
