"""A PCM mushroom cell as one parameter set: conduction, heat, phase, drift and noise.

The heater (``series_ohm``) feeds a layer of GST. One state variable, the amorphous thickness u_a,
blocks it; below threshold the plug conducts in series with the crystal, above it an ON path opens.
The power in the GST heats it (:mod:`.hot_spot`), and the interface moves with the growth velocity
at its temperature: ``du_a/dt = -v_g(T_int)`` (Sebastian et al., Nat. Commun. 8, 1115 (2017)). Near
u_a = 0 the growth slows as ``(u_a / (u_a + 8.5 nm))**2``, a fitted form that keeps u_a positive.

Nuclei that the quench left grow inside the plug at the same time. With a mean distance s between
them along the current, each grows at two faces, so that they take ``2*v_g*u/s`` off the plug where
the front takes v_g: Kolmogorov's law for nuclei that are all there at the start, in one dimension.
They see the temperature in the middle of the plug, where a thick one is hotter than at its end.
Melt-quenched GST holds such nuclei (Lee et al., J. Appl. Phys. 115, 063506 (2014)), a slower quench
leaves more of them in the dome of a cell (Appl. Phys. Lett. 104 (2014), "Distribution of nanoscale
nuclei in the amorphous dome of a phase change random access memory"), nucleation and growth both
shape the SET of arrays, by the thickness of the plug (Rizzi et al., IEDM 2014, 29.6), and electron
microscopy sees nucleation in mushroom cells (J. Mater. Chem. C (2023), doi 10.1039/D2TC04754C; all
four by their abstracts). Sebastian et al. describe their doped cells by one growing front: that is
`nuclei_spacing_metre` None, but such a cell begins the measured staircase seven times too slowly.
What one state cannot hold is the history beyond u_a: cells of equal conductance that had more or
fewer pulses since their RESET take the same next step here, :class:`PulsedSet` tells them apart.

The same equations hold for a pulse, for a read and for ten years of storage: relaxation and growth
run all the time, fast where it is hot.

Three renderings share these numbers: NumPy (:mod:`.law`, :mod:`.read_law`, :mod:`.dynamics`), a
subcircuit of behavioural sources (``device_models/pcm_cell.lib``) and Verilog-A
(``device_models/pcm_cell.va``). This module knows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Self

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.devices._constants import BOLTZMANN_EV, ROOM_CELSIUS, ROOM_KELVIN, kelvin
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug
from xbar_circuit.devices.pcm.crystal_growth import CrystalGrowth
from xbar_circuit.devices.pcm.hot_spot import HotSpot
from xbar_circuit.devices.pcm.threshold_switch import ThresholdSwitch
from xbar_circuit.errors import ParameterError

__all__ = ["PcmParameters"]

_PARTS = {
    "plug": AmorphousPlug, "switch": ThresholdSwitch, "growth": CrystalGrowth, "heat": HotSpot,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmParameters:
    """The numbers of a phase-change memory cell.

    Parameters
    ----------
    plug, switch, growth, heat
        Conduction of the amorphous plug, threshold switching, crystal growth, heat.
    series_ohm, crystal_ohm
        Heater, and crystalline GST at low field and 300 K [ohm]. Together 18 kohm, fitted: the
        drift of the published 25 uS states is that of a cell whose plug still carries half of the
        resistance.
    crystal_activation_ev
        Activation energy of the crystal's conduction [eV]; a choice: the textbook's SET is nearly
        flat, doped and fcc GST are quoted up to 0.15 eV.
    crystal_drift_exponent
        Drift exponent of the crystalline part, with what is left amorphous between its grains;
        fitted to the exponent of Joshi et al. 2020 at 25 uS.
    parasitic_farad
        Capacitance across the GST [F]; a choice, small compared with the wires of an array.
    growth_contact_metre, crystal_gap_metre
        Length below which growth slows, fitted with the staircase, and the smallest plug that
        counts, a choice that keeps a plug's conductance finite [m].
    nuclei_spacing_metre
        Mean distance, along the current, between the nuclei that a quench leaves in the plug [m];
        fitted to the first of the SET pulses of Nandakumar et al. 2018. None is a plug without
        nuclei, into which only the crystal around it grows.
    celsius, age_second, storage_celsius
        Ambient temperature [degree Celsius], time since programming [s] and the temperature of that
        time [degree Celsius].

    Raises
    ------
    ParameterError
        A number that is not finite or out of range.

    """

    plug: AmorphousPlug = field(default_factory=AmorphousPlug)
    switch: ThresholdSwitch = field(default_factory=ThresholdSwitch)
    growth: CrystalGrowth = field(default_factory=CrystalGrowth)
    heat: HotSpot = field(default_factory=HotSpot)
    series_ohm: float = 1.75e3
    crystal_ohm: float = 16.25e3
    crystal_activation_ev: float = 0.05
    crystal_drift_exponent: float = 0.046
    parasitic_farad: float = 20e-15
    growth_contact_metre: float = 8.5e-9
    crystal_gap_metre: float = 0.02e-9
    nuclei_spacing_metre: float | None = 26e-9
    celsius: float = ROOM_CELSIUS
    age_second: float = 0.0
    storage_celsius: float = ROOM_CELSIUS

    def __post_init__(self) -> None:
        for name, kind in _PARTS.items():
            if not isinstance(getattr(self, name), kind):
                raise ParameterError.about(
                    name,
                    got=repr(getattr(self, name)),
                    expected=f"an instance of {kind.__name__}",
                    remedy=f"for example {kind.__name__}()",
                )
        zero_allowed = ("age_second", "crystal_activation_ev", "crystal_drift_exponent")
        for name in [f.name for f in fields(self)][len(_PARTS) :]:
            given = getattr(self, name)
            if name == "nuclei_spacing_metre" and given is None:
                continue
            if name.endswith("celsius"):
                value = checks.celsius(name, given, minimum=-73.15, maximum=326.85)
            else:
                value = checks.number(name, given, "SI", above=name not in zero_allowed)
            object.__setattr__(self, name, value)

    @property
    def numbers(self) -> PcmNumbers:
        """The numbers that the equations read."""
        return _numbers(self)

    def aged(self, seconds: float, *, storage_celsius: float = ROOM_CELSIUS) -> Self:
        """Return the same cell, read some time after programming.

        A thickness or a conductance that is passed to its methods is that right after programming;
        relaxation and, in a warm store, crystallisation have gone on since.

        Parameters
        ----------
        seconds
            Time since programming [s].
        storage_celsius
            Temperature of that time [degree Celsius].

        Returns
        -------
        Self
            A cell with this `age_second` and `storage_celsius`, all else the same.

        >>> from xbar_circuit.devices import PcmCell
        >>> fresh = PcmCell.sebastian2017()
        >>> u = fresh.thickness(5e-6)
        >>> round(float(fresh.aged(86400.0).conductance(u)) * 1e6, 3)
        3.243
        """
        return replace(self, age_second=seconds, storage_celsius=storage_celsius)


@lru_cache(maxsize=256)
def _numbers(cell: PcmParameters) -> PcmNumbers:
    plug, switch, growth, heat = cell.plug, cell.switch, cell.growth, cell.heat
    cold = plug.activation_ev - switch.carrier_log * BOLTZMANN_EV * ROOM_KELVIN
    warm = plug.activation_ev - switch.carrier_log * BOLTZMANN_EV * kelvin(cell.celsius)
    if cold <= 0.0 or warm <= 0.0:
        cold = warm = 1.0  # the barrier is open: the field keeps its value
    age = plug.log_age(cell.age_second, cell.storage_celsius)
    values = {
        "r_series": cell.series_ohm,
        "r_crystal": cell.crystal_ohm,
        "e_crystal": cell.crystal_activation_ev / BOLTZMANN_EV,
        "nu_crystal": cell.crystal_drift_exponent,
        "i_scale": plug.current_scale,
        "e_act": plug.activation_ev / BOLTZMANN_EV,
        "e_thin": plug.thin_ev / BOLTZMANN_EV,
        "u_thin": plug.thin_metre,
        "trap_dz": plug.trap_spacing_metre,
        "u_contact": plug.contact_metre,
        "asym": plug.asymmetry,
        "g_liner": plug.liner_siemens_metre,
        "u_gap": cell.crystal_gap_metre,
        "nu_thin": plug.thin_drift_exponent,
        "nu_thick": plug.drift_exponent,
        "q_thin": plug.thin_noise_amplitude,
        "q_thick": plug.noise_amplitude,
        "u_bulk": plug.bulk_metre,
        "g_on": switch.on_siemens,
        "v_on": switch.on_volt,
        "f_on": switch.on_field,
        "v_hold": switch.hold_margin_volt,
        "v_th": switch.threshold_volt,
        "f_th": max(switch.threshold_field * warm / cold, switch.on_field),
        "d_th": BOLTZMANN_EV * ROOM_KELVIN * plug.drift_exponent / warm,
        "v_width": switch.width_volt,
        "v_soft": switch.softness_volt,
        "t_switch": switch.switching_second,
        "r_th": heat.celsius_per_watt,
        "u_heat": heat.depth_metre,
        "u_reach": heat.reach_metre,
        "u_valid": heat.valid_metre,
        "t_over": heat.overheat_celsius,
        "t_heat": heat.second,
        "c_par": cell.parasitic_farad,
        "u_grow": cell.growth_contact_metre,
        "n_nuclei": 1.0 / cell.nuclei_spacing_metre if cell.nuclei_spacing_metre else 0.0,
        "v_pre": growth.prefactor,
        "x_limit": growth.interface_limit,
        "t_melt": kelvin(growth.melt_celsius),
        "t_glass": kelvin(growth.glass_celsius),
        "t_vft": kelvin(growth.vft_celsius),
        "b_vft": growth.vft_slope,
        "e_visc": growth.activation_ev / BOLTZMANN_EV,
        "t_drive": growth.drive,
        "e_relax": plug.relaxation_ev / BOLTZMANN_EV,
        "t_zero": plug.drift_t0_second,
        "log_age": age,
        "t_amb": kelvin(cell.celsius),
    }
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    for array in arrays.values():
        array.flags.writeable = False
    return PcmNumbers(**arrays)
