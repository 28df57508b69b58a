"""The equations of the cell, one function each.

The same equations, with similar names, are in ``device_models/pcm_cell.lib`` and ``pcm_cell.va``.

`p` is a :class:`~xbar_circuit.devices.pcm._numbers.PcmNumbers`. `solid` is the solid amorphous
thickness, with the gap that always remains [m]; `age` is ``ln(1 + t_eff/t0)``; `source` is the
strength of the heat source [K]. Arguments broadcast.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN_EV, ROOM_KELVIN
from xbar_circuit.devices.pcm._numbers import PcmNumbers

__all__ = [
    "barrier",
    "bulk_share",
    "cell_noise",
    "crystal_ohm",
    "drift_exponent",
    "gst_current",
    "heated",
    "interface",
    "molten_length",
    "noise_amplitude",
    "off_conductance",
    "on_current",
    "plug",
    "relaxation",
    "shrink",
    "solid_length",
    "span",
    "switch_target",
    "threshold",
    "velocity",
]

ON_POWER = 8  # fitted: the voltage falls before the current has risen
ROUNDING_VOLT = 1e-3  # |V| of the switch is sqrt(V**2 + ROUNDING_VOLT**2)
BEND_VOLT = 0.05  # over which the asymmetry sets in
MELT_WIDTH_KELVIN = 10.0  # over which melting sets in
MELT_ROUNDING_METER, MELT_ONSET_METER = 0.05e-9, 1e-9  # over which solid turns to melt
ROUNDING_METER = 1e-13  # keeps the slope finite where nothing is amorphous
RESET_SECOND = 1e-9  # melting forgets the age within this time
_NOTHING = 1e-40  # a gate that opens no further adds no digit to the current of the plug
_LARGEST_ARGUMENT = 80.0  # exp(80) is beyond every current here and far from overflow


def bulk_share(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    """Return which share of the plug behaves as the bulk glass does."""
    square = solid * solid
    share: FloatArray = square / (square + p.u_bulk * p.u_bulk)
    return share


def drift_exponent(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    """Return nu of the plug."""
    exponent: FloatArray = p.nu_thin + (p.nu_thick - p.nu_thin) * bulk_share(p, solid)
    return exponent


def noise_amplitude(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    """Return Q of the plug: its conductance has the relative noise density ``Q**2 / f``."""
    amplitude: FloatArray = p.q_thin + (p.q_thick - p.q_thin) * bulk_share(p, solid)
    return amplitude


def barrier(p: PcmNumbers, solid: FloatArray, age: FloatArray) -> FloatArray:
    """Return the activation energy over k [K]."""
    thin = p.e_thin * np.exp(-solid / p.u_thin)
    energy: FloatArray = p.e_act - thin + ROOM_KELVIN * drift_exponent(p, solid) * age
    return energy


def plug(
    p: PcmNumbers, volt: FloatArray, kelvin: FloatArray, solid: FloatArray, age: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the plug's chord conductance [S] and its slopes over volt [S/V] and kelvin [S/K]."""
    double = 2.0 * BOLTZMANN_EV * kelvin
    scale = double * (solid + p.u_contact) / p.trap_dz
    energy = barrier(p, solid, age)
    low = p.i_scale * np.exp(-energy / kelvin) * p.trap_dz / double / solid
    a = np.clip(volt / scale, -_LARGEST_ARGUMENT, _LARGEST_ARGUMENT)
    small = np.abs(a) < 1e-3
    safe = np.where(small, 1.0, a)
    sinhc = np.where(small, 1.0 + a * a / 6.0, np.sinh(safe) / safe)
    slope = np.where(small, a / 3.0, (np.cosh(safe) - sinhc) / safe)  # d sinhc / da
    root = np.sqrt(volt * volt + BEND_VOLT**2)
    bend = 1.0 + p.asym * volt / root
    chord = low * sinhc * bend
    per_volt = low * (slope / scale * bend + sinhc * p.asym * BEND_VOLT**2 / root**3)
    per_kelvin = bend * low / kelvin * (sinhc * (energy / kelvin - 1.0) - slope * a)
    return chord + p.g_liner / solid, per_volt, per_kelvin


def crystal_ohm(p: PcmNumbers, kelvin: FloatArray, age: FloatArray) -> FloatArray:
    """Return the resistance of the crystalline GST [ohm]."""
    log = p.e_crystal * (1.0 / kelvin - 1.0 / ROOM_KELVIN) + p.nu_crystal * age
    ohm: FloatArray = p.r_crystal * np.exp(log)
    return ohm


def off_conductance(p: PcmNumbers, kelvin: FloatArray, solid: FloatArray) -> FloatArray:
    """Return the conductance of the whole cell at small voltages [S]."""
    chord, _, _ = plug(p, np.zeros(()), kelvin, solid, p.log_age)
    g: FloatArray = 1.0 / (p.r_series + crystal_ohm(p, kelvin, p.log_age) + 1.0 / chord)
    return g


def cell_noise(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    """Return Q of a read of the whole cell: the plug's, times its share of the resistance."""
    chord, _, _ = plug(p, np.zeros(()), p.t_amb, solid, p.log_age)
    rest = p.r_series + crystal_ohm(p, p.t_amb, p.log_age)
    amplitude: FloatArray = noise_amplitude(p, solid) / (1.0 + chord * rest)
    return amplitude


def on_current(p: PcmNumbers, volt: FloatArray, solid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the current of the fully open ON path [A] and its slope [S]."""
    offset = p.v_on + p.f_on * solid
    ahead, behind = (volt - offset) / p.v_soft, (-volt - offset) / p.v_soft
    rise = np.logaddexp(0.0, ahead) - np.logaddexp(0.0, behind)
    slope = 1.0 + 0.5 * (np.tanh(0.5 * ahead) + np.tanh(0.5 * behind))
    return p.g_on * p.v_soft * rise, p.g_on * slope


def gst_current(  # noqa: PLR0917 - the voltage and the four states, as everywhere
    p: PcmNumbers,
    volt: FloatArray,
    kelvin: FloatArray,
    state: FloatArray,
    solid: FloatArray,
    age: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the GST's current [A] and its slopes over volt [S] and kelvin [A/K] at fixed state."""
    chord, per_volt, per_kelvin = plug(p, volt, kelvin, solid, age)
    ohm = crystal_ohm(p, kelvin, age)
    share = 1.0 / (1.0 + ohm * chord)
    gate = state**ON_POWER
    on = on_slope = np.zeros(())
    if np.any(gate > _NOTHING):
        on, on_slope = on_current(p, volt, solid)
    warmer = per_kelvin + chord * chord * ohm * p.e_crystal / (kelvin * kelvin)
    return (
        volt * chord * share + gate * on,
        chord * share + volt * per_volt * share**2 + gate * on_slope,
        volt * warmer * share**2,
    )


def threshold(p: PcmNumbers, solid: FloatArray, age: FloatArray) -> FloatArray:
    """Return V_t [V]."""
    volt: FloatArray = p.v_th + p.f_th * (1.0 + p.d_th * age) * solid
    return volt


def span(p: PcmNumbers, solid: FloatArray, age: FloatArray) -> FloatArray:
    """Return ``V_t - V_h`` [V]: by how much an open ON path lowers what keeps it open."""
    volt: FloatArray = threshold(p, solid, age) - p.v_on - p.v_hold - p.f_on * solid
    return volt


def switch_target(
    p: PcmNumbers, volt: FloatArray, state: FloatArray, solid: FloatArray, age: FloatArray
) -> FloatArray:
    """Return x_inf for the voltage across the GST and the present state."""
    size = np.sqrt(volt * volt + ROUNDING_VOLT**2)
    ahead = size - threshold(p, solid, age) + span(p, solid, age) * state
    return logistic(ahead / p.v_width)


def logistic(a: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-a))``, the argument bounded at 80."""
    return 1.0 / (1.0 + np.exp(-np.clip(a, -_LARGEST_ARGUMENT, _LARGEST_ARGUMENT)))


def heated(p: PcmNumbers, source: FloatArray) -> FloatArray:
    """Return f(s): the rise of temperature over ambient [K]."""
    melt = p.t_melt - p.t_amb
    beyond = np.maximum(source - melt, 0.0)
    rise: FloatArray = np.minimum(source, melt) + p.t_over * -np.expm1(-beyond / p.t_over)
    return rise


def interface(p: PcmNumbers, source: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return the temperature where plug and crystal meet [K]."""
    decay = np.maximum(1.0 - thickness / p.u_reach, 0.0) / (1.0 + thickness / p.u_heat)
    return p.t_amb + heated(p, decay * source)


def molten_length(p: PcmNumbers, source: FloatArray) -> FloatArray:
    """Return u_m: how far the molten core reaches [m]."""
    melt = p.t_melt - p.t_amb
    w = MELT_WIDTH_KELVIN
    above = melt + w * np.logaddexp(0.0, (source - melt) / w)
    ratio = melt / above
    length: FloatArray = (1.0 - ratio) / (1.0 / p.u_reach + ratio / p.u_heat)
    return length


def solid_length(
    p: PcmNumbers, thickness: FloatArray, molten: FloatArray | float = 0.0
) -> FloatArray:
    """Return ``max(u_a - u_m, 0)``, rounded where something is molten, with the gap [m]."""
    a = thickness - molten
    rounding = 4.0 * MELT_ROUNDING_METER * molten * molten / (molten + MELT_ONSET_METER)
    length: FloatArray = 0.5 * (a + np.sqrt(a * a + rounding + ROUNDING_METER**2)) + p.u_gap
    return length


def velocity(p: PcmNumbers, kelvin: FloatArray) -> FloatArray:
    """Return the growth velocity [m/s]; see :class:`~xbar_circuit.devices.CrystalGrowth`."""
    t = np.clip(kelvin, 200.0, 2000.0)
    log = p.b_vft * (1.0 / (np.maximum(t, p.t_glass) - p.t_vft) - 1.0 / (p.t_glass - p.t_vft))
    log = log + p.e_visc * (1.0 / np.minimum(t, p.t_glass) - 1.0 / p.t_glass)
    drive = p.t_drive * (p.t_melt - t) / (2.0 * p.t_melt**2)
    speed: FloatArray = p.v_pre * t / (np.exp(log) + p.x_limit) * 2.0 * np.sinh(drive)
    return speed


def shrink(
    p: PcmNumbers, source: FloatArray, thickness: FloatArray, solid: FloatArray
) -> FloatArray:
    """Return ``-du_a/dt`` [m/s]: the crystal around the plug grows, and so do nuclei within.

    Each nucleus on the way of the current grows at both of its faces, as fast as the temperature in
    the middle of what is solid has it. Growth slows at the end of the plug, melting does not.
    """
    speed = velocity(p, interface(p, source, thickness))
    inner = velocity(p, interface(p, source, thickness - 0.5 * solid))
    slow = thickness / (thickness + p.u_gap + p.u_grow)
    grown = np.maximum(speed, 0.0) + 2.0 * p.n_nuclei * solid * np.maximum(inner, 0.0)
    rate: FloatArray = grown * slow * slow + np.minimum(speed, 0.0)
    return rate


def relaxation(
    p: PcmNumbers, kelvin: FloatArray, source: FloatArray, age: FloatArray
) -> FloatArray:
    """Return ``da/dt`` [1/s]: relaxation at this temperature, forgotten when the core melts."""
    stretch = np.exp(p.e_relax * (1.0 / ROOM_KELVIN - 1.0 / kelvin))
    molten = logistic((source - (p.t_melt - p.t_amb)) / MELT_WIDTH_KELVIN)
    rate: FloatArray = stretch / p.t_zero * np.exp(-age) - age * molten / RESET_SECOND
    return rate
