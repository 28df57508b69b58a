"""Threshold switching: the ON state that a high field opens and a low voltage lets fall.

An electronic state ``x`` between 0 and 1 relaxes towards

    x_inf = 1 / (1 + exp(-(|V| - V_t + (V_t - V_h)*x) / w))

in a real time constant. The bracket holds the hysteresis: with x = 0 the cell turns on at V_t, with
x = 1 it stays on down to V_h. Both grow with the solid amorphous thickness u (a threshold field and
a field in the ON state); molten GST has neither. The ON current is
``x**8 * g_on * s*ln(1 + exp((V - V_x)/s))``, odd in V (the power lets the voltage fall before the
current has risen, which is the snap-back); everything is smooth, and the states are of the order of
1, so that no simulator meets a cliff.

Switching needs carriers over the barrier: the threshold field falls with temperature and rises as
the barrier relaxes,

    F_t(T, t) = F_t * (E_a(t) - lambda*k*T) / (E_a - lambda*k*300 K),

which with lambda = 2 is -0.09 %/K and +4 % a decade of time. lambda is fitted to textbook orders:
V_t falls by tenths of a percent per kelvin and drifts by a few percent per decade. (Pirovano et
al., IEEE Trans. Electron Devices 51, 714 (2004), and Le Gallo et al., J. Appl. Phys. 119, 025704
(2016), are where to look for measurements; neither could be read for this model, and no number here
is theirs.) The other numbers are fitted: threshold at 1 to 1.5 V for 30 nm and holding near 0.5 V
(textbook orders), the ON path to the published pulses, see :mod:`.hot_spot`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm._numbers import PcmNumbers

__all__ = ["ThresholdSwitch", "fold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSwitch:
    """The ON path's parameters.

    Of the defaults, threshold and holding are fitted to textbook orders, the ON path to the
    published pulses; widths and time constant are choices that keep a simulator's steps finite.

    Parameters
    ----------
    on_siemens
        Conductance of the ON path above its offset [S].
    on_volt, on_field
        Offset of the ON path at zero thickness [V] and its growth with u [V/m].
    hold_margin_volt
        How far V_h lies above the offset [V].
    threshold_volt, threshold_field
        V_t at zero thickness [V] and F_t, its growth with u [V/m], at 300 K after programming.
    carrier_log
        lambda of the equations: which barrier, in kT, is as good as open.
    width_volt, softness_volt
        w and s of the equations [V].
    switching_second
        Time constant of x [s].
    """

    on_siemens: float = 4.3e-3
    on_volt: float = 0.41
    on_field: float = 24e6
    hold_margin_volt: float = 0.03
    threshold_volt: float = 0.5
    threshold_field: float = 31e6
    carrier_log: float = 2.0
    width_volt: float = 0.02
    softness_volt: float = 0.02
    switching_second: float = 1e-9

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = checks.number(name, getattr(self, name), "SI", above=name != "carrier_log")
            object.__setattr__(self, name, value)
        # V_t must stay above V_h at every thickness
        checks.number("threshold_field", self.threshold_field, "V/m", minimum=self.on_field)
        lowest = self.on_volt + self.hold_margin_volt
        checks.number("threshold_volt", self.threshold_volt, "V", minimum=lowest)


def fold(p: PcmNumbers, solid: FloatArray, age: FloatArray) -> FloatArray:
    """Return the voltage across the GST at which the OFF state ceases to exist [V].

    The fold of ``x = x_inf(V, x)``: ``x*(1 - x) = w / (V_t - V_h)``. Infinite without a fold: in a
    cell that is all crystal the switching is gradual.
    """
    reach = law.span(p, solid, age)
    ratio = p.v_width / np.maximum(reach, 1e-9)
    folds = ratio < 0.25
    x = 0.5 - np.sqrt(0.25 - np.where(folds, ratio, 0.1))
    size = law.threshold(p, solid, age) - reach * x + p.v_width * np.log(x / (1.0 - x))
    square = np.maximum(size * size - law.ROUNDING_VOLT**2, 0.0)
    return np.where(folds, np.sqrt(square), math.inf)
