"""The read law: a cell's current at a given voltage with its phase at rest, and its slope.

The voltage v across the GST solves

    I_gst(v, T) = (V - v) / R_series,   T = T_amb + R_th * V * I,

below threshold, that is with the electronic state at its OFF value ``x = x_inf(V, 0)``. Off and ON
path stand in parallel; the plug and the crystal combine as chord conductances,
``g / (1 + R_crystal * g)``. The left side rises with v, so a Newton iteration kept inside a bracket
always finds the one solution; self-heating by the read itself is part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit.checks import FloatArray
from xbar_circuit.devices.pcm.parameters import PcmParameters
from xbar_circuit.devices.pcm.threshold_switch import ON_POWER

__all__ = ["ReadPoint", "gst_current", "read"]

_ITERATIONS = 60
_STEP = 1e-14  # relative to the applied voltage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPoint:
    """Current [A] and its exact slope over the applied voltage [S]."""

    current: FloatArray
    slope: FloatArray


def gst_current(
    cell: PcmParameters,
    volt: FloatArray,
    kelvin: FloatArray,
    state: FloatArray,
    thickness: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the GST's current [A] and its slopes over volt [S] and kelvin [A/K] at fixed state.

    `thickness` is u_a [m]; negative values of an integrator on its way count as 0.
    """
    u = np.maximum(thickness, 0.0) + cell.crystal_gap_meter
    chord, per_volt, per_kelvin = cell.plug.conductance(volt, kelvin, u, cell.activation_ev)
    share = 1.0 / (1.0 + cell.crystal_ohm * chord)
    on, on_slope = cell.switch.current(volt, state, u)
    return (
        volt * chord * share + on,
        chord * share + volt * per_volt * share**2 + on_slope,
        volt * per_kelvin * share**2,
    )


def read(cell: PcmParameters, volt: FloatArray, thickness: FloatArray) -> ReadPoint:
    """Solve the read law; `volt` [V] and `thickness` [m] broadcast."""
    applied, u = np.broadcast_arrays(volt, thickness)
    shape, applied, u = applied.shape, applied.ravel(), u.ravel()
    size = np.abs(applied)  # the law is odd in V
    low, high = np.zeros_like(size), size.copy()
    ohm, heat = cell.series_ohm, cell.thermal_kelvin_per_watt
    v = size * (1.0 - ohm * cell.zero_bias(u))
    closed = np.zeros_like(size)
    for _ in range(_ITERATIONS):
        through = (size - v) / ohm
        kelvin = cell.kelvin + heat * size * through
        state = cell.switch.target(v, closed, u + cell.crystal_gap_meter)
        current, per_volt, per_kelvin = gst_current(cell, v, kelvin, state, u)
        per_volt = per_volt + _state_slope(cell, v, state, u)
        error = current - through
        low, high = np.where(error < 0.0, v, low), np.where(error < 0.0, high, v)
        slope = per_volt - per_kelvin * heat * size / ohm + 1.0 / ohm
        step = v - error / slope
        inside = (step >= low) & (step <= high)
        new = np.where(inside, step, 0.5 * (low + high))
        done = bool(np.all(np.abs(new - v) <= _STEP * size))
        v = new
        if done:
            break
    # implicit differentiation: f(v, V) = I_gst(v, T(v, V)) - (V - v)/R = 0
    by_applied = per_kelvin * heat * (2.0 * size - v) / ohm - 1.0 / ohm
    inner = -by_applied / slope
    return ReadPoint(
        current=(np.sign(applied) * current).reshape(shape),
        slope=((1.0 - inner) / ohm).reshape(shape),
    )


def _state_slope(
    cell: PcmParameters, volt: FloatArray, state: FloatArray, thickness: FloatArray
) -> FloatArray:
    """Return how the ON current rises because the OFF state's x rises with v [S]."""
    u = thickness + cell.crystal_gap_meter
    full, _ = cell.switch.current(volt, np.ones_like(volt), u)
    size = np.sqrt(volt * volt + 1e-6)
    slope: FloatArray = (
        full * ON_POWER * state**ON_POWER * (1.0 - state) / cell.switch.width_volt * volt / size
    )
    return slope
