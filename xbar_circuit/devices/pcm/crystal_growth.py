"""How fast the crystal grows into the amorphous plug, and how fast it melts back.

Classical growth theory: a driving free energy times an interface mobility,

    dg  = dH_f * v_m * (T_m - T) / T_m * (T / T_m)
    v_g = v_m**(1/3) * gamma * 2*sinh(dg / (2*k*T)),   1/gamma ~ (eta(T) + eta(T_x)) / (k*T)

The viscosity eta of the undercooled melt is Arrhenius at and below the glass transition and Vogel-
Fulcher-Tammann above, joined with equal value and slope. It limits growth when cold; in the hot
melt the kinetics of the interface do: the constant that is added to eta. Above the melting point dg
is negative and the same expression melts the crystal: one equation serves retention, SET, RESET and
quench.

Source of form and thermodynamic constants: Burr et al., J. Appl. Phys. 111, 104308 (2012), undoped
GST. The kinetics are fitted for doped GST, to both ends: the fastest growth, 0.5 nm/ns at 750 K,
negligible below 550 K (Sebastian et al., Nat. Commun. 8, 1115 (2017)), and retention. Burr's 2.3 eV
of viscosity with an eta that alone limits growth cannot meet these: with the peak at 750 K it
leaves a sixth of it at 550 K, and loses 30 nm within a minute at 358 K. Retention is fitted to what
data storage asks for, more than ten years slightly above room temperature (so stated by Pries et
al., Adv. Mater. 31, 1900784 (2019), abstract). Measured is that undoped films crystallise with an
activation of 2.34 eV where they are heated by less than 40 K a minute, and with a fourth of the
glass's above the glass transition ("Effect of heating rate on the activation energy for
crystallization of amorphous Ge2Sb2Te5 thin film", abstract; Pries et al.); other films gave 4.3 eV.
For cells, 10 years at about 85 C and 2.5 to 3.1 eV are textbook values, not re-checked. Here, with
3.0 eV, a plug of 30 nm and its nuclei lose 10 nm in ten years at 351 K.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN, BOLTZMANN_EV, ZERO_CELSIUS_KELVIN, kelvin
from xbar_circuit.errors import ParameterError

__all__ = ["CrystalGrowth"]

COLDEST_KELVIN, HOTTEST_KELVIN = 200.0, 2000.0  # the law is frozen beyond, far from any use


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalGrowth:
    """Growth velocity of the crystal over temperature.

    Parameters
    ----------
    melt_celsius, glass_celsius
        Melting point and glass transition [degree Celsius], 900 K and 428 K; Burr et al. 2012.
    activation_ev
        Activation energy of viscosity at and below the glass transition [eV]; fitted to ten years
        at 351 K, see above.
    fusion_joule_per_cubic_metre, monomer_cubic_metre
        Heat of fusion dH_f [J/m3] and volume of a monomer v_m [m3]; Burr et al. 2012.
    vft_celsius
        Temperature at which the VFT viscosity would diverge [degree Celsius], below
        `glass_celsius`; fitted to what is left of growth at 550 K.
    peak_celsius, peak_speed
        Temperature [degree Celsius] and value [m/s] of the fastest growth; 0.5 m/s is 0.5 nm/ns.
        Sebastian et al. 2017. They determine the interface's own limit.

    Raises
    ------
    ParameterError
        A number out of range, or a peak hotter than viscosity alone would put it.

    >>> growth = CrystalGrowth()
    >>> round(float(growth.velocity(np.array(476.85))), 6)
    0.5
    >>> bool(growth.velocity(np.array(676.85)) < 0.0)
    True
    """

    melt_celsius: float = 626.85
    glass_celsius: float = 154.85
    activation_ev: float = 3.0
    fusion_joule_per_cubic_metre: float = 6.1e8
    monomer_cubic_metre: float = 2.9e-28
    vft_celsius: float = -48.15
    peak_celsius: float = 476.85
    peak_speed: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            given = getattr(self, name)
            if name.endswith("celsius"):
                value = checks.celsius(name, given)
            else:
                value = checks.number(name, given, "SI or eV", above=True)
            object.__setattr__(self, name, value)
        checks.celsius("glass_celsius", self.glass_celsius, maximum=self.melt_celsius)
        checks.celsius("vft_celsius", self.vft_celsius, maximum=self.glass_celsius - 1.0)
        checks.celsius(
            "peak_celsius", self.peak_celsius, minimum=self.glass_celsius,
            maximum=self.melt_celsius - 1.0,
        )  # fmt: skip
        _kinetics(self)

    @property
    def vft_slope(self) -> float:
        """B of ``ln eta = B / (T - T_vft)``, from equal slopes at the glass transition [K]."""
        glass = kelvin(self.glass_celsius)
        reach = (glass - kelvin(self.vft_celsius)) / glass
        return self.activation_ev / BOLTZMANN_EV * reach**2

    @property
    def drive(self) -> float:
        """``dH_f * v_m / k``: the driving energy as a temperature [K]."""
        return self.fusion_joule_per_cubic_metre * self.monomer_cubic_metre / BOLTZMANN

    @property
    def prefactor(self) -> float:
        """Velocity per kelvin of the mobility at ``eta = eta(T_g)`` alone [m/(s*K)]."""
        return _kinetics(self)[0]

    @property
    def interface_limit(self) -> float:
        """``eta(T_x) / eta(T_g)``: the interface's own limit, a relative viscosity [1]."""
        return _kinetics(self)[1]

    def velocity(self, celsius: FloatArray) -> FloatArray:
        """Return how fast the crystal's front moves.

        The law is held constant below 200 K and above 2000 K.

        Parameters
        ----------
        celsius
            Temperature of the front [degree Celsius], any shape.

        Returns
        -------
        FloatArray
            Velocity [m/s], of the shape of `celsius`. Positive grows the crystal, negative melts
            it.
        """
        warm = np.asarray(celsius, dtype=np.float64) + ZERO_CELSIUS_KELVIN
        clipped = np.clip(warm, COLDEST_KELVIN, HOTTEST_KELVIN)
        return self.prefactor * self._shape(clipped, self.interface_limit)

    def _shape(self, warm: FloatArray, limit: float) -> FloatArray:
        """Return the velocity over the prefactor at temperatures [K]."""
        melt = kelvin(self.melt_celsius)
        drive = self.drive * (melt - warm) / (2.0 * melt**2)
        viscosity = np.exp(self._log_viscosity(warm)) + limit
        shape: FloatArray = warm / viscosity * 2.0 * np.sinh(drive)
        return shape

    def _log_viscosity(self, warm: FloatArray) -> FloatArray:
        """Return ``ln(eta / eta(T_g))`` at temperatures [K]."""
        glass, vft = kelvin(self.glass_celsius), kelvin(self.vft_celsius)
        above = np.maximum(warm, glass)
        log: FloatArray = self.vft_slope * (
            1.0 / (above - vft) - 1.0 / (glass - vft)
        ) + self.activation_ev / BOLTZMANN_EV * (1.0 / np.minimum(warm, glass) - 1.0 / glass)
        return log


@lru_cache(maxsize=64)
def _kinetics(growth: CrystalGrowth) -> tuple[float, float]:
    """Return prefactor and interface limit that put the peak where it is wanted."""
    # d ln(shape)/dT = 0 at the peak, where the slope of ln(viscosity) is -B / (T - T_vft)**2
    peak, melt = kelvin(growth.peak_celsius), kelvin(growth.melt_celsius)
    slope = -growth.vft_slope / (peak - kelvin(growth.vft_celsius)) ** 2
    half = growth.drive * (melt - peak) / (2.0 * melt**2)
    drive_slope = growth.drive / (2.0 * melt**2) / np.tanh(half)
    share = (drive_slope - 1.0 / peak) / -slope  # of viscosity in the whole
    if not 0.0 < share <= 1.0:
        raise ParameterError.about(
            "peak_celsius",
            got=f"{growth.peak_celsius:g} degree Celsius",
            expected="a temperature at which viscosity still limits growth",
            remedy="lower peak_celsius, or raise activation_ev or lower vft_celsius",
        )
    at = np.array(peak)
    limit = float(np.exp(growth._log_viscosity(at))) * (1.0 / share - 1.0)  # noqa: SLF001
    return growth.peak_speed / float(growth._shape(at, limit)), limit  # noqa: SLF001
