"""Heat: how warm the hot spot at the heater is, and the interface at the end of the plug.

The power P that the GST dissipates (that of the heater flows down into the bottom electrode) makes
a source of strength ``s = R_th * P`` with a time constant of a few ns. Heat spreads into the GST
and ends in the top electrode, a heat sink at the distance L: between two spheres of radius d and
d + L the temperature falls as ``1/(d + u) - 1/(d + L)``, that is

    S(u) = (1 - u/L) / (1 + u/d),     T_int = T_amb + f(S(u) * s),     T_hot = T_amb + f(s),

with ``f(s) = s`` below the melting point. Above it the molten core grows with the power, so that
its surface stays at T_m and only a bounded overheating is left,

    f(s) = s_m + dT * (1 - exp(-(s - s_m)/dT)),   s_m = T_m - T_amb.

The core reaches to ``u_m``, where ``S(u_m) * s = s_m``. Molten GST conducts: what blocks the
current is ``max(u_a - u_m, 0)``. At any power u_a stays below L and the temperature below
``T_m + dT``.

R_th, d and L are fitted together with the ON path and the nuclei to published pulses: a RESET of
440 uA for 1 us leaves 60 to 100 nm, SET pulses of 50 ns and less than 100 uA bring it back
(Sebastian et al., Nat. Commun. 8, 1115 (2017)), along the measured staircase of Nandakumar et al.,
J. Appl. Phys. 124, 152135 (2018): 200 cells that differ have 1.04, 0.89, 0.92 and 1.02 of the
measured means after 1, 5, 10 and 20 pulses, and 0.95, 0.91, 1.04 and 1.18 of the measured standard
deviations (``xbar validate --only staircase``). The interface sees 2.5 K/uW after RESET. The paper
estimates up to 2 K/uW, Ciocchini et al., Sci. Rep. 6, 29162 (2016), measured 2.7 K/uW; it matters
which power counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import _checks as checks

__all__ = ["HotSpot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """Thermal surroundings of the plug.

    Parameters
    ----------
    celsius_per_watt
        R_th of the hot spot, at the heater [K/W, degrees a watt]; fitted, see above.
    depth_metre, reach_metre
        d and L: over how much GST the temperature halves, and where the heat sink lies [m];
        fitted, see above.
    overheat_celsius
        dT: how far the melt can get above the melting point [degrees]; a choice of the order
        of magnitude, from a
        melt that conducts heat about as well as the solid around it.
    second
        Time constant [s]; a textbook order.
    valid_metre
        Thickness up to which the cell was held against published ones [m]. Beyond it u_a and
        temperature stay physical, but nothing was compared.
    """

    celsius_per_watt: float = 4.24e6
    depth_metre: float = 190e-9
    reach_metre: float = 308e-9
    overheat_celsius: float = 300.0
    second: float = 3e-9
    valid_metre: float = 100e-9

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = checks.number(name, getattr(self, name), "SI", above=True)
            object.__setattr__(self, name, value)
        checks.number("valid_metre", self.valid_metre, "m", maximum=self.reach_metre)
