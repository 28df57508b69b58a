"""Threshold switching: the ON state that a high field opens and a low voltage lets fall.

An electronic state ``x`` between 0 and 1 relaxes towards

    x_inf = 1 / (1 + exp(-(|V| - V_t + (V_t - V_h)*x) / w))

in a real time constant. The bracket holds the hysteresis: with x = 0 the cell turns on at V_t, with
x = 1 it stays on down to V_h. Both grow with the amorphous thickness (a threshold field and a field
in the ON state). The ON current is ``x**8 * g_on * s*ln(1 + exp((V - V_x)/s))``, odd in V (the
power lets the voltage fall before the current has risen, which is the snap-back); everything is
smooth, and the states are of the order of 1, so that no simulator meets a cliff.

The numbers are fitted parameters of the textbook orders of magnitude: threshold at 1 to 1.5 V for
20 to 40 nm, holding near 0.5 V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray

__all__ = ["ThresholdSwitch"]

ON_POWER = 8
ROUNDING_VOLT = 1e-3  # |V| is sqrt(V**2 + ROUNDING_VOLT**2)
_LARGEST_ARGUMENT = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSwitch:
    """The ON path's parameters.

    Parameters
    ----------
    on_siemens
        Conductance of the ON path above its offset [S].
    on_volt, on_field
        Offset of the ON path at zero thickness [V] and its growth with u_a [V/m].
    hold_margin_volt
        How far V_h lies above the offset [V].
    threshold_volt, threshold_field
        V_t at zero thickness [V] and its growth with u_a [V/m].
    width_volt, softness_volt
        w and s of the equations [V].
    switching_second
        Time constant of x [s].
    """

    on_siemens: float = 3e-3
    on_volt: float = 0.45
    on_field: float = 8e6
    hold_margin_volt: float = 0.03
    threshold_volt: float = 0.5
    threshold_field: float = 25e6
    width_volt: float = 0.02
    softness_volt: float = 0.02
    switching_second: float = 1e-9

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = checks.number(name, getattr(self, name), "SI", above=True)
            object.__setattr__(self, name, value)
        # V_t must stay above V_h at every thickness
        checks.number("threshold_field", self.threshold_field, "V/m", minimum=self.on_field)
        lowest = self.on_volt + self.hold_margin_volt
        checks.number("threshold_volt", self.threshold_volt, "V", minimum=lowest)

    def offset(self, thickness: FloatArray) -> FloatArray:
        """Return V_x of the ON path [V] over u_a [m]."""
        return self.on_volt + self.on_field * thickness

    def span(self, thickness: FloatArray) -> FloatArray:
        """Return ``V_t - V_h`` [V] over u_a [m]."""
        base = self.threshold_volt - self.on_volt - self.hold_margin_volt
        return base + (self.threshold_field - self.on_field) * thickness

    def target(self, volt: FloatArray, state: FloatArray, thickness: FloatArray) -> FloatArray:
        """Return x_inf for the voltage across the GST [V] and the present x."""
        size = np.sqrt(volt * volt + ROUNDING_VOLT**2)
        ahead = size - self.threshold_volt - self.threshold_field * thickness
        a = (ahead + self.span(thickness) * state) / self.width_volt
        return 1.0 / (1.0 + np.exp(-np.clip(a, -_LARGEST_ARGUMENT, _LARGEST_ARGUMENT)))

    def current(
        self, volt: FloatArray, state: FloatArray, thickness: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the ON path's current [A] and its slope over volt at fixed x [S]."""
        s = self.softness_volt
        ahead = (volt - self.offset(thickness)) / s
        behind = (-volt - self.offset(thickness)) / s
        rise = np.logaddexp(0.0, ahead) - np.logaddexp(0.0, behind)
        slope = _logistic(ahead) + _logistic(behind)
        scale = self.on_siemens * state**ON_POWER
        return scale * s * rise, scale * slope

    def threshold(self, thickness: float) -> float:
        """Return the voltage across the GST at which the OFF state ceases to exist [V].

        The fold of ``x = x_inf(V, x)``: ``x*(1 - x) = w / (V_t - V_h)``. Without a fold (a cell
        that is all crystal) the switching is gradual and V_t itself is returned.
        """
        u = np.asarray(thickness, dtype=np.float64)
        span = float(self.span(u))
        top = self.threshold_volt + self.threshold_field * float(thickness)
        ratio = self.width_volt / span if span > 0.0 else math.inf
        if ratio >= 0.25:
            return top
        x = 0.5 - math.sqrt(0.25 - ratio)
        return top - span * x + self.width_volt * math.log(x / (1.0 - x))


def _logistic(a: FloatArray) -> FloatArray:
    out: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * a))
    return out
