"""The cell's SPICE renderings: the library of behavioural sources with a cell's own numbers.

``device_models/pcm_cell.lib`` holds two subcircuits, ``pcm_cell`` (everything) and ``pcm_read``
(the phase at rest: one internal node, for large arrays). Their ``.param`` block carries the default
preset; here it is rewritten with the parameters of the cell at hand, so that the file a designer
reads and the deck that ngspice runs differ in numbers only.
"""

from __future__ import annotations

import math
import re

from xbar_circuit import checks
from xbar_circuit.devices.constants import BOLTZMANN, BOLTZMANN_EV
from xbar_circuit.devices.pcm.parameters import PcmParameters
from xbar_circuit.resources import device_model

__all__ = ["library", "parameters", "verilog_a_model"]

LIBRARY = "pcm_cell.lib"
FLICKER_SOURCE, THERMAL_SOURCE = "If 0 fl DC 1", "It 0 th DC 0"


def parameters(cell: PcmParameters) -> dict[str, float]:
    """Return the numbers that all three renderings share, by the name they have there (SI)."""
    plug, switch, growth = cell.plug, cell.switch, cell.growth
    return {
        "r_series": cell.series_ohm,
        "r_crystal": cell.crystal_ohm,
        "i_scale": plug.current_scale,
        "e_act": cell.activation_ev / BOLTZMANN_EV,
        "trap_dz": plug.trap_spacing_meter,
        "u_contact": plug.contact_meter,
        "g_liner": plug.liner_siemens_meter,
        "u_gap": cell.crystal_gap_meter,
        "g_on": switch.on_siemens,
        "v_on": switch.on_volt,
        "f_on": switch.on_field,
        "v_hold": switch.hold_margin_volt,
        "v_th": switch.threshold_volt,
        "f_th": switch.threshold_field,
        "v_width": switch.width_volt,
        "v_soft": switch.softness_volt,
        "t_switch": switch.switching_second,
        "r_th": cell.thermal_kelvin_per_watt,
        "u_heat": cell.thermal_depth_meter,
        "t_heat": cell.thermal_second,
        "c_par": cell.parasitic_farad,
        "u_grow": cell.growth_contact_meter,
        "v_pre": growth.prefactor,
        "t_melt": growth.melt_kelvin,
        "t_glass": growth.glass_kelvin,
        "t_vft": growth.vft_kelvin,
        "b_vft": growth.vft_slope_kelvin,
        "e_visc": growth.activation_ev / BOLTZMANN_EV,
        "t_drive": growth.drive_kelvin,
        "q_noise": cell.noise_amplitude,
        "t_amb": cell.kelvin,
    }


def library(cell: PcmParameters, *, noise_step_second: float | None = None) -> str:
    """Return the text of the library with this cell's numbers in its ``.param`` block.

    Parameters
    ----------
    cell
        The parameters.
    noise_step_second
        Time step of transient noise [s]; with None a transient is free of noise, and only
        ``.noise`` sees the cell's sources.
    """
    text = device_model(LIBRARY).read_text(encoding="utf-8")
    for name, value in parameters(cell).items():
        text = re.sub(rf"(?m)^(\.param pcm_{name} =) \S+", rf"\1 {value!r}", text, count=1)
    if noise_step_second is None:
        return text
    step = checks.number("noise_step_second", noise_step_second, "s", above=True)
    flicker = cell.noise_amplitude * math.sqrt(math.pi)  # TRNOISE's variance is that of its input
    thermal = math.sqrt(2.0 * BOLTZMANN * cell.kelvin / step)  # of 1 ohm, over its band
    text = text.replace(FLICKER_SOURCE, f"{FLICKER_SOURCE} TRNOISE(0 {step!r} 1 {flicker!r})")
    return text.replace(THERMAL_SOURCE, f"{THERMAL_SOURCE} TRNOISE({thermal!r} {step!r} 0 0)")


def verilog_a_model(cell: PcmParameters, name: str) -> str:
    """Return the ``.model`` line of ``pcm_cell.va`` with this cell's numbers.

    An instance is then ``N<name> top bottom <model> ua=30n``; the compiled module must be loaded.
    """
    numbers = " ".join(f"{key}={value!r}" for key, value in parameters(cell).items())
    return f".model {name} pcm_cell {numbers}"
