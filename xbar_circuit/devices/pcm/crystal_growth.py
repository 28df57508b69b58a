"""How fast the crystal grows into the amorphous plug, and how fast it melts back.

Classical growth theory: a driving free energy times an interface mobility that the viscosity of the
undercooled melt limits,

    dg  = dH_f * v_m * (T_m - T) / T_m * (T / T_m)
    v_g = v_m**(1/3) * gamma * 2*sinh(dg / (2*k*T)),   gamma = k*T / (3*pi*lambda**3 * eta)

with eta Arrhenius at and below the glass transition and Vogel-Fulcher-Tammann above, joined with
equal value and slope. Above the melting point dg is negative and the same expression melts the
crystal: one equation serves SET, RESET and quench.

Source of form and constants: Burr et al., J. Appl. Phys. 111, 104308 (2012), undoped GST. The
absolute speed differs by orders between materials; `peak_speed` [m/s] is therefore a fitted
parameter, as is the VFT temperature, chosen so that the peak lies near 750 K as Sebastian et al.,
Nat. Commun. 8, 1115 (2017) report for doped GST.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices.constants import BOLTZMANN, BOLTZMANN_EV

__all__ = ["CrystalGrowth"]

COLDEST_KELVIN, HOTTEST_KELVIN = 200.0, 2000.0  # the law is frozen beyond, far from any use


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalGrowth:
    """Growth velocity of the crystal over temperature.

    Parameters
    ----------
    melt_kelvin, glass_kelvin
        Melting point and glass transition [K].
    activation_ev
        Activation energy of viscosity at and below the glass transition [eV].
    fusion_joule_per_cubic_meter, monomer_cubic_meter
        Heat of fusion dH_f [J/m3] and volume of a monomer v_m [m3].
    vft_kelvin
        Temperature at which the VFT viscosity would diverge [K], below `glass_kelvin`; fitted.
    peak_speed
        Largest growth velocity [m/s]; 0.5 m/s is 0.5 nm/ns; fitted.

    >>> growth = CrystalGrowth()
    >>> round(float(growth.velocity(np.array(747.0))), 3)
    0.5
    >>> bool(growth.velocity(np.array(950.0)) < 0.0)
    True
    """

    melt_kelvin: float = 900.0
    glass_kelvin: float = 428.0
    activation_ev: float = 2.3
    fusion_joule_per_cubic_meter: float = 6.1e8
    monomer_cubic_meter: float = 2.9e-28
    vft_kelvin: float = 328.0
    peak_speed: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = checks.number(name, getattr(self, name), "SI or eV", above=True)
            object.__setattr__(self, name, value)
        checks.number("glass_kelvin", self.glass_kelvin, "K", maximum=self.melt_kelvin)
        checks.number("vft_kelvin", self.vft_kelvin, "K", maximum=self.glass_kelvin - 1.0)

    @property
    def vft_slope_kelvin(self) -> float:
        """B of ``ln eta = B / (T - vft_kelvin)``, from equal slopes at the glass transition [K]."""
        reach = (self.glass_kelvin - self.vft_kelvin) / self.glass_kelvin
        return self.activation_ev / BOLTZMANN_EV * reach**2

    @property
    def drive_kelvin(self) -> float:
        """``dH_f * v_m / k``: the driving energy as a temperature [K]."""
        return self.fusion_joule_per_cubic_meter * self.monomer_cubic_meter / BOLTZMANN

    @property
    def prefactor(self) -> float:
        """Velocity per kelvin of the mobility, scaled to reach `peak_speed` [m/(s*K)]."""
        return _prefactor(self)

    def velocity(self, kelvin: FloatArray) -> FloatArray:
        """Return the interface's velocity [m/s]; positive grows the crystal, negative melts it."""
        return self.prefactor * self._shape(np.clip(kelvin, COLDEST_KELVIN, HOTTEST_KELVIN))

    def _shape(self, kelvin: FloatArray) -> FloatArray:
        above = np.maximum(kelvin, self.glass_kelvin)
        log_viscosity = (
            self.vft_slope_kelvin / (above - self.vft_kelvin)
            + self.activation_ev / BOLTZMANN_EV / np.minimum(kelvin, self.glass_kelvin)
            - self.activation_ev / BOLTZMANN_EV / self.glass_kelvin
        )
        drive = self.drive_kelvin * (self.melt_kelvin - kelvin) / (2.0 * self.melt_kelvin**2)
        shape: FloatArray = kelvin * np.exp(-log_viscosity) * 2.0 * np.sinh(drive)
        return shape


@lru_cache(maxsize=64)
def _prefactor(growth: CrystalGrowth) -> float:
    kelvin = np.linspace(growth.glass_kelvin, growth.melt_kelvin, 20_001)
    return growth.peak_speed / float(growth._shape(kelvin).max())  # noqa: SLF001 - same module
