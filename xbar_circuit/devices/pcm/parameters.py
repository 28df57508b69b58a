"""A PCM mushroom cell as one parameter set: conduction, heat, phase, drift and noise.

The heater (``series_ohm``) feeds a layer of GST. One state variable, the amorphous thickness u_a,
blocks it; below threshold the plug conducts in series with the crystal, above it an ON path opens.
The dissipated power heats the hot spot, whose temperature decays with distance,

    T_int = T_amb + R_th * P / (1 + u_a / depth),

and the interface moves with the growth velocity at T_int: ``du_a/dt = -v_g(T_int)`` (Sebastian et
al., Nat. Commun. 8, 1115 (2017)). Near u_a = 0 the growth slows as ``(u_a / (u_a + 5 nm))**2``, a
fitted form that keeps u_a positive and lets a staircase of SET pulses saturate as the measured one
does: 12 to 14 uS after 50 pulses of 50 ns, at about 140 uA here where the paper needs 50 to 100 uA.

Three renderings share these numbers: NumPy (:mod:`.read_law`, :mod:`.dynamics`), a subcircuit of
behavioural sources (``device_models/pcm_cell.lib``) and Verilog-A (``device_models/pcm_cell.va``).
This module knows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices.constants import ROOM_KELVIN
from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug
from xbar_circuit.devices.pcm.crystal_growth import CrystalGrowth
from xbar_circuit.devices.pcm.threshold_switch import ThresholdSwitch
from xbar_circuit.errors import ParameterError

__all__ = ["PcmParameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmParameters:
    """The numbers of a phase-change memory cell.

    Parameters
    ----------
    plug, switch, growth
        Conduction of the amorphous plug, threshold switching, crystal growth.
    series_ohm, crystal_ohm
        Heater, and crystalline GST at low field [ohm].
    thermal_kelvin_per_watt, thermal_depth_meter, thermal_second
        Thermal resistance of the hot spot [K/W], the depth over which its temperature halves [m]
        and its time constant [s].
    parasitic_farad
        Capacitance across the GST [F].
    growth_contact_meter, crystal_gap_meter
        Length below which growth slows, and the smallest plug that counts [m].
    noise_amplitude
        Q of the 1/f noise: ``S_I / I**2 = Q**2 / f``.
    kelvin, age_second, storage_kelvin
        Ambient temperature [K], time since programming [s] and the temperature of that time [K].

    Raises
    ------
    ParameterError
        A number that is not finite or out of range.

    """

    plug: AmorphousPlug = field(default_factory=AmorphousPlug)
    switch: ThresholdSwitch = field(default_factory=ThresholdSwitch)
    growth: CrystalGrowth = field(default_factory=CrystalGrowth)
    series_ohm: float = 2e3
    crystal_ohm: float = 34e3
    thermal_kelvin_per_watt: float = 2e6
    thermal_depth_meter: float = 60e-9
    thermal_second: float = 3e-9
    parasitic_farad: float = 20e-15
    growth_contact_meter: float = 5e-9
    crystal_gap_meter: float = 0.02e-9
    noise_amplitude: float = 0.01
    kelvin: float = ROOM_KELVIN
    age_second: float = 0.0
    storage_kelvin: float = ROOM_KELVIN

    def __post_init__(self) -> None:
        for name, kind in (
            ("plug", AmorphousPlug),
            ("switch", ThresholdSwitch),
            ("growth", CrystalGrowth),
        ):
            if not isinstance(getattr(self, name), kind):
                raise ParameterError.about(
                    name,
                    got=repr(getattr(self, name)),
                    expected=f"an instance of {kind.__name__}",
                    remedy=f"for example {kind.__name__}()",
                )
        for name in [f.name for f in fields(self)][3:]:
            above = name not in ("noise_amplitude", "age_second")
            value = checks.number(name, getattr(self, name), "SI", above=above)
            object.__setattr__(self, name, value)
        checks.number("kelvin", self.kelvin, "K", minimum=200.0, maximum=600.0)
        checks.number("storage_kelvin", self.storage_kelvin, "K", minimum=200.0, maximum=600.0)

    @property
    def activation_ev(self) -> float:
        """Activation energy of the plug at this age [eV]."""
        return self.plug.aged_activation_ev(self.age_second, self.storage_kelvin)

    @property
    def g_max_siemens(self) -> float:
        """Largest zero-bias conductance, that of the crystal [S]."""
        return float(self.zero_bias(np.zeros(()), fresh=True))

    def zero_bias(self, thickness: FloatArray, *, fresh: bool = False) -> FloatArray:
        """Return the conductance at small voltages over u_a [m], in siemens.

        `fresh` asks for 300 K right after programming instead of this temperature and age.
        """
        kelvin = ROOM_KELVIN if fresh else self.kelvin
        energy = self.plug.activation_ev if fresh else self.activation_ev
        unit = self.plug.low_field_siemens_meter(np.asarray(kelvin), energy)
        plug_ohm = (thickness + self.crystal_gap_meter) / unit
        return np.asarray(1.0 / (self.series_ohm + self.crystal_ohm + plug_ohm))

    def threshold_volt(self, thickness: float) -> float:
        """Return the voltage across the GST at which the cell switches on [V]."""
        return self.switch.threshold(thickness + self.crystal_gap_meter)

    def noise_density(self, current: ArrayLike, hertz: ArrayLike) -> FloatArray:
        """Return the 1/f current noise density ``(Q*I)**2 / f`` [A2/Hz], infinite at 0 Hz."""
        i, f = np.asarray(current, dtype=np.float64), checks.non_negative("hertz", hertz, "Hz")
        with np.errstate(divide="ignore"):
            return np.asarray((self.noise_amplitude * i) ** 2 / f)

    def aged(self, seconds: float, *, storage_kelvin: float = ROOM_KELVIN) -> Self:
        """Return the same cell, read `seconds` after programming."""
        return replace(self, age_second=seconds, storage_kelvin=storage_kelvin)
