"""The amorphous plug: what carries the current of a RESET cell below threshold.

Trap-limited conduction, Ielmini and Zhang, J. Appl. Phys. 102, 054517 (2007),

    I = 2*q*A*N_T*(dz/tau0) * exp(-E_a/kT) * sinh(q*V*dz / (2*k*T*u)),

written as a low-field conductance ``g0 ~ 1/u_a`` times ``v0*sinh(V/v0)``, so that a plug that
shrinks to nothing becomes a wire and not an exponential: the field acts over
``u = u_a + u_contact``.

**Drift** is structural relaxation. The activation energy rises with the logarithm of time,

    E_a(t) = E_a + k*T_ref*nu * ln(1 + t_eff/t0),

so that at room temperature ``g ~ (1 + t/t0)**(-nu)``; storage at another temperature stretches time
by an Arrhenius factor. A **liner** (projected PCM) is a drift-free resistor in parallel with u_a.
All constants are fitted parameters of the textbook form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices.constants import BOLTZMANN_EV, ELEMENTARY_CHARGE, ROOM_KELVIN

__all__ = ["AmorphousPlug"]

_LARGEST_ARGUMENT = 80.0  # exp(80) is beyond every current here and far from overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class AmorphousPlug:
    """Conduction, drift and liner of the amorphous volume.

    Parameters
    ----------
    radius_meter
        Radius of the conducting area, the heater's [m].
    trap_density, trap_spacing_meter, attempt_second
        N_T [1/m3], dz [m] and tau0 [s] of the conduction law.
    activation_ev
        ``E_C - E_F`` right after programming [eV].
    contact_meter
        Length added to u_a for the field alone [m].
    drift_exponent, drift_t0_second, relaxation_ev
        nu, its time origin [s] and the activation energy of relaxation [eV].
    liner_ohm_per_meter
        Resistance of the liner per length of plug [ohm/m]; None is a cell without liner.
    """

    radius_meter: float = 20e-9
    trap_density: float = 5e25
    trap_spacing_meter: float = 6e-9
    attempt_second: float = 1e-14
    activation_ev: float = 0.30
    contact_meter: float = 10e-9
    drift_exponent: float = 0.1
    drift_t0_second: float = 1.0
    relaxation_ev: float = 0.4
    liner_ohm_per_meter: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if name == "liner_ohm_per_meter" and value is None:
                continue
            zero_allowed = name in ("drift_exponent", "relaxation_ev", "activation_ev")
            value = checks.number(name, value, "SI or eV", above=not zero_allowed)
            object.__setattr__(self, name, value)

    @property
    def current_scale(self) -> float:
        """``2*q*A*N_T*dz/tau0`` [A]."""
        area = math.pi * self.radius_meter**2
        flux = self.trap_density * self.trap_spacing_meter / self.attempt_second
        return 2.0 * ELEMENTARY_CHARGE * area * flux

    @property
    def liner_siemens_meter(self) -> float:
        """Conductance of the liner times the length of the plug [S*m]."""
        return 0.0 if self.liner_ohm_per_meter is None else 1.0 / self.liner_ohm_per_meter

    def aged_activation_ev(self, age_second: float, storage_kelvin: float) -> float:
        """Return the activation energy after `age_second` at `storage_kelvin` [eV]."""
        hotter = 1.0 / ROOM_KELVIN - 1.0 / storage_kelvin
        stretched = age_second * math.exp(self.relaxation_ev / BOLTZMANN_EV * hotter)
        rise = BOLTZMANN_EV * ROOM_KELVIN * self.drift_exponent
        return self.activation_ev + rise * math.log1p(stretched / self.drift_t0_second)

    def low_field_siemens_meter(self, kelvin: FloatArray, activation_ev: float) -> FloatArray:
        """Return the low-field conductance times u_a, with the liner's [S*m]."""
        thermal_volt = BOLTZMANN_EV * kelvin
        amorphous = (
            self.current_scale
            * np.exp(-activation_ev / thermal_volt)
            * self.trap_spacing_meter
            / (2.0 * thermal_volt)
        )
        return np.asarray(amorphous + self.liner_siemens_meter)

    def conductance(
        self, volt: FloatArray, kelvin: FloatArray, thickness: FloatArray, activation_ev: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the chord conductance I/V [S] and its slopes over volt [S/V] and kelvin [S/K].

        Parameters
        ----------
        volt, kelvin, thickness
            Voltage across the plug [V], its temperature [K] and u_a [m], above 0.
        activation_ev
            Activation energy, see :meth:`aged_activation_ev`.
        """
        thermal_volt = BOLTZMANN_EV * kelvin
        scale_volt = 2.0 * thermal_volt * (thickness + self.contact_meter) / self.trap_spacing_meter
        low = self.low_field_siemens_meter(kelvin, activation_ev) - self.liner_siemens_meter
        low = low / thickness
        a = np.clip(volt / scale_volt, -_LARGEST_ARGUMENT, _LARGEST_ARGUMENT)
        small = np.abs(a) < 1e-3
        safe = np.where(small, 1.0, a)
        sinhc = np.where(small, 1.0 + a * a / 6.0, np.sinh(safe) / safe)
        slope = np.where(small, a / 3.0, (np.cosh(safe) - sinhc) / safe)  # d sinhc / da
        chord = low * sinhc
        warmer = activation_ev / (thermal_volt * kelvin) - 1.0 / kelvin
        per_kelvin = chord * warmer - low * slope * a / kelvin
        liner = self.liner_siemens_meter / thickness
        return chord + liner, low * slope / scale_volt, per_kelvin
