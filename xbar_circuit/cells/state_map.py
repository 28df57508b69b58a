"""Which state of a cell of one's own a conductance means.

A crossbar has conductances; a compact model has a filament, a gap, a polarisation or a threshold.
The map between them is measured in the simulator: the conductance is the chord I/V at the read
voltage, and its logarithm is interpolated over the state by a monotone cubic (Fritsch and Carlson,
SIAM J. Numer. Anal. 17, 238 (1980)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = ["StateMap"]

_BISECTIONS = 60  # to the last digit
_EDGE = 1e-9  # relative, rounding allowed at the ends


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMap:
    """Conductance over state, strictly rising or strictly falling.

    Made by :func:`xbar_circuit.calibration.with_states`.

    Parameters
    ----------
    states
        Increasing, at least 3, in the unit of the cell's parameter.
    conductances
        I/V at the read voltage [S].
    worst
        Largest relative error of the conductance half-way between these states, simulated but not
        used; NaN if not measured.

    Raises
    ------
    ParameterError
        The conductances are not above 0, or neither rise nor fall throughout.

    >>> StateMap(states=(1.0, 2.0, 3.0), conductances=(1e-6, 1e-5, 1e-4)).state(1e-5).item()
    2.0
    """

    states: tuple[float, ...]
    conductances: tuple[float, ...]
    worst: float = float("nan")

    def __post_init__(self) -> None:
        for name in ("states", "conductances"):
            values = tuple(float(value) for value in getattr(self, name))
            object.__setattr__(self, name, values)
        g = np.array(self.conductances)
        if len(self.states) < 3 or len(g) != len(self.states):
            raise ParameterError.about(
                "states",
                got=f"{len(self.states)} states, {len(g)} conductances",
                expected="the same number of each, at least 3",
                remedy="give more states",
            )
        steps = np.diff(np.log(g)) if (g > 0.0).all() else np.zeros(1)
        if not ((steps > 0.0).all() or (steps < 0.0).all()) or (np.diff(self.states) <= 0.0).any():
            raise ParameterError.about(
                "states",
                got=f"conductances {g[0]:.3g} ... {g[-1]:.3g} S over {self.states[0]:g} ..."
                f" {self.states[-1]:g} that do not change throughout in one direction",
                expected="a state that sets the conductance, one conductance for each",
                remedy="narrow states=, change read_volt=, or check which parameter is the state",
            )

    @property
    def range_siemens(self) -> tuple[float, float]:
        """Smallest and largest conductance [S]."""
        return min(self.conductances), max(self.conductances)

    def conductance(self, state: ArrayLike) -> FloatArray:
        """Return the conductance of states.

        Parameters
        ----------
        state
            State in the unit of `states`, any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `state`.

        Raises
        ------
        ParameterError
            A state lies outside `states`.
        """
        value = checks.real("state", state)
        low, high = self.states[0], self.states[-1]
        slack = _EDGE * (high - low)
        _refuse("state", value, (low - slack, high + slack), (low, high), "")
        return np.asarray(np.exp(self._curve()(np.clip(value, low, high))))

    def state(self, conductance: ArrayLike) -> FloatArray:
        """Return the states that have these conductances, the inverse of :meth:`conductance`.

        Parameters
        ----------
        conductance
            Conductance [S], any shape.

        Returns
        -------
        FloatArray
            State in the unit of `states`, of the shape of `conductance`.

        Raises
        ------
        ParameterError
            A conductance lies outside `range_siemens`.
        """
        value = checks.real("conductance", conductance)
        least, most = self.range_siemens
        wider = least * (1 - _EDGE), most * (1 + _EDGE)
        _refuse("conductance", value, wider, (least, most), " S")
        curve = self._curve()
        rising = self.conductances[-1] > self.conductances[0]
        aim = np.log(np.clip(value, least, most))
        low = np.full(value.shape, self.states[0])
        high = np.full(value.shape, self.states[-1])
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            more = (curve(middle) < aim) == rising
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return np.asarray(0.5 * (low + high))

    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415  slow to import

        return PchipInterpolator(np.array(self.states), np.log(self.conductances))


def _refuse(
    name: str,
    value: FloatArray,
    allowed: tuple[float, float],
    shown: tuple[float, float],
    unit: str,
) -> None:
    outside = ~((value >= allowed[0]) & (value <= allowed[1]))
    if outside.any():
        raise ParameterError.about(
            name,
            got=f"{value[outside].flat[0]:.6g}{unit}",
            expected=f"{shown[0]:.6g} to {shown[1]:.6g}{unit}, what the cell's states reach",
            remedy="scale it, or give the cell a wider range of states",
        )
