"""The amorphous plug: what carries the current of a RESET cell below threshold.

Trap-limited conduction, Ielmini and Zhang, J. Appl. Phys. 102, 054517 (2007),

    I = 2*q*A*N_T*(dz/tau0) * exp(-E_a/kT) * sinh(q*V*dz / (2*k*T*u)),

written as a low-field conductance ``g0 ~ 1/u`` times ``v0*sinh(V/v0)``; the field acts over
``u + u_contact``. Close to the crystal the barrier is lower,

    E_a(u) = E_a - E_thin * exp(-u/u_thin),

which is what spreads the published window of 25 to 1 uS over 4 to 31 nm of plug.

**Drift** is structural relaxation. The barrier rises with the logarithm of time,

    E_a(t) = E_a + k*T_ref*nu(u)*a,   a = ln(1 + t_eff/t0),

so that at room temperature ``g ~ (1 + t/t0)**(-nu)``: the law of Joshi et al., Nat. Commun. 11,
2473 (2020), with their time origin of 20 s. Storage at another temperature stretches time by an
Arrhenius factor, ``t_eff = t * exp(E_r/k * (1/300 K - 1/T))``. The exponent itself stays, which is
a simplification: in line cells of GST it rises from 0.07 at 125 K to 0.11 at 300 K, a line over
1/T, and about 0.1 is what is seen above (Khan et al., Appl. Phys. Lett. 116 (25) (2020), doi
10.1063/1.5144606, abstract). A thin plug, all of it near the crystal, drifts and fluctuates less
than a thick one: with the bulk share
``b(u) = u**2 / (u**2 + u_bulk**2)``, ``nu = nu_thin + (nu_thick - nu_thin)*b``, and the same form
for the amplitude of the 1/f noise. A **liner** (projected PCM) is a drift-free resistor in parallel
with u.

The form is textbook; the constants are fitted, each to what its line says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.devices._constants import (
    BOLTZMANN_EV,
    ELEMENTARY_CHARGE,
    ROOM_KELVIN,
    kelvin,
)

__all__ = ["AmorphousPlug"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmorphousPlug:
    """Conduction, drift, noise and liner of the amorphous volume.

    Parameters
    ----------
    radius_metre
        Radius of the conducting area, the heater's [m]; Sebastian et al. 2017.
    trap_density, trap_spacing_metre, attempt_second
        N_T [1/m3], dz [m] and tau0 [s] of the conduction law; textbook orders, the density fitted
        to 1 uS at 31 nm.
    activation_ev
        ``E_C - E_F`` of a thick plug right after programming [eV]; within the textbook's 0.2 to
        0.3 eV of RESET. Where the literature gives a range, set what was measured.
    thin_ev, thin_metre
        E_thin [eV] and u_thin [m]; fitted to a window of 25 to 5 uS at 4 to 14 nm.
    contact_metre
        Length added to u for the field alone [m]; fitted with the window.
    drift_exponent, thin_drift_exponent
        nu_thick and nu_thin; fitted to the mean exponents of Joshi et al. 2020 at 1 to 25 uS.
    drift_t0_second
        Time origin of drift [s]: the 20 s of Joshi et al. 2020.
    relaxation_ev
        Activation energy E_r of relaxation [eV]; a textbook order, not a measurement.
    bulk_metre
        u_bulk [m]; fitted together with the exponents and the noise.
    noise_amplitude, thin_noise_amplitude
        Q of the plug's 1/f noise ``S_I/I**2 = Q**2/f``, thick and thin; fitted to the read noise of
        Joshi et al. 2020 at 1 to 25 uS.
    asymmetry
        Relative difference of the plug's conductance between the polarities: it is multiplied by
        ``1 + asymmetry * V / sqrt(V**2 + (50 mV)**2)``. Syed et al., Adv. Mater. 35, 2201238 (2023)
        show that mushroom cells have one, from material and geometry; its size depends on the
        device, and is 0 here.
    liner_ohm_per_metre
        Resistance of the liner per length of plug [ohm/m]; None is a cell without liner.

    >>> plug = AmorphousPlug()
    >>> round(plug.stretch(85.0), 2), round(plug.log_age(3600.0, 26.85), 3)  # 1 h at 300 K
    (12.33, 5.198)
    """

    radius_metre: float = 20e-9
    trap_density: float = 6.3e24
    trap_spacing_metre: float = 6e-9
    attempt_second: float = 1e-14
    activation_ev: float = 0.24
    thin_ev: float = 0.08
    thin_metre: float = 20e-9
    contact_metre: float = 10e-9
    drift_exponent: float = 0.175
    thin_drift_exponent: float = 0.046
    drift_t0_second: float = 20.0
    relaxation_ev: float = 0.4
    bulk_metre: float = 60e-9
    noise_amplitude: float = 0.26
    thin_noise_amplitude: float = 0.0105
    asymmetry: float = 0.0
    liner_ohm_per_metre: float | None = None

    def __post_init__(self) -> None:
        zero_allowed = (
            "drift_exponent", "relaxation_ev", "activation_ev", "thin_ev", "thin_drift_exponent",
            "noise_amplitude", "thin_noise_amplitude",
        )  # fmt: skip
        for name in self.__slots__:
            value = getattr(self, name)
            if name == "liner_ohm_per_metre" and value is None:
                continue
            if name == "asymmetry":
                value = checks.number(name, value, "1", minimum=-0.5, maximum=0.5)
            else:
                value = checks.number(name, value, "SI or eV", above=name not in zero_allowed)
            object.__setattr__(self, name, value)

    @property
    def current_scale(self) -> float:
        """``2*q*A*N_T*dz/tau0`` [A]."""
        area = math.pi * self.radius_metre**2
        flux = self.trap_density * self.trap_spacing_metre / self.attempt_second
        return 2.0 * ELEMENTARY_CHARGE * area * flux

    @property
    def liner_siemens_metre(self) -> float:
        """Conductance of the liner times the length of the plug [S*m]."""
        return 0.0 if self.liner_ohm_per_metre is None else 1.0 / self.liner_ohm_per_metre

    def stretch(self, celsius: float) -> float:
        """Return how much faster relaxation goes on at a temperature than at 300 K.

        ``exp(E_r/k * (1/300 K - 1/T))``, the Arrhenius factor of this module's essay.

        Parameters
        ----------
        celsius
            Temperature of storage [degree Celsius].

        Returns
        -------
        float
            Factor, dimensionless; 1 at 300 K, larger where it is warmer.
        """
        hotter = 1.0 / ROOM_KELVIN - 1.0 / kelvin(celsius)
        return math.exp(self.relaxation_ev / BOLTZMANN_EV * hotter)

    def log_age(self, seconds: float, storage_celsius: float) -> float:
        """Return the age of the glass, ``a = ln(1 + t_eff/t0)``.

        Parameters
        ----------
        seconds
            Time since programming [s].
        storage_celsius
            Temperature of that time [degree Celsius].

        Returns
        -------
        float
            Dimensionless; 0 right after programming.
        """
        stretched = seconds * self.stretch(storage_celsius)
        return math.log1p(stretched / self.drift_t0_second)
