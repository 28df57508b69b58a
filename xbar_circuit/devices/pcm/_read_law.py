"""The read law: a cell's current at a given voltage with its phase at rest, and its slope.

The voltage v across the GST solves

    I_gst(v, T, x) = (V - v) / R_series,   T = T_amb + f(R_th * v * I),   x = x_inf(v, x),

on the OFF branch of the electronic state: its smallest root x. The left side rises with v as far as
that branch exists, so a Newton iteration kept inside a bracket finds the one solution; self-heating
by the read itself is part of it. A voltage that switches the cell on, or melts it, is a write and
not a read: it is refused. Every answer has converged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm.threshold_switch import fold
from xbar_circuit.errors import ConvergenceError, ParameterError

__all__ = ["CLOSED", "ReadPoint", "read"]

_ITERATIONS = 200  # bisection alone needs 50
_STEP = 1e-15  # relative to the applied voltage
_STATE_ITERATIONS = 100  # bisection alone needs 50
_NOTHING = 1e-30  # [1/V], times an ON current of at most some milliamperes: no slope that counts
CLOSED = -12.0  # an ON state of exp(-12): x**8 of 1e-42 carries nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPoint:
    """Current [A] and its exact slope over the applied voltage [S]."""

    current: FloatArray
    slope: FloatArray


def read(p: PcmNumbers, volt: FloatArray, thickness: FloatArray) -> ReadPoint:
    """Solve the read law; `volt` [V] and `thickness` [m] broadcast with the devices.

    Raises
    ------
    ParameterError
        A voltage that switches a cell on or melts it.
    ConvergenceError
        The iteration did not end; no such case is known.
    """
    applied, u = np.broadcast_arrays(volt, law.solid_length(p, thickness), p.r_series)[:2]
    size, sign = np.abs(applied), np.where(applied < 0.0, -1.0, 1.0)
    edge = fold(p, u, p.log_age) * (1.0 - 1e-12)
    low, high = np.zeros_like(size), np.minimum(size, edge)
    v = np.minimum(size * (1.0 - p.r_series * _small_signal(p, u)), high)
    beyond = size > edge
    if np.any(beyond):
        beyond &= _error(p, size, high, sign, u)[0] < 0.0
    if np.any(beyond):
        at = int(np.argmax(beyond))
        raise ParameterError.about(
            "read_volt",
            got=f"{size.flat[at]:g} V on {u.flat[at]:.3g} m of amorphous material",
            expected=f"less than {edge.flat[at]:.4g} V across it: more switches the cell on",
            remedy="read below threshold; use devices.transient for pulses",
        )
    last = size.copy()
    for _ in range(_ITERATIONS):
        error, slope, conducted = _error(p, size, v, sign, u)
        low, high = np.where(error < 0.0, v, low), np.where(error < 0.0, high, v)
        step = -error / slope
        new = v + step
        good = (new > low) & (new < high) & (np.abs(step) < 0.7 * last)
        new = np.where(good, new, 0.5 * (low + high))
        last = np.abs(new - v)
        settled = (np.abs(step) <= _STEP * size) | (high - low <= 4.0 * _STEP * size)
        if settled.all():
            break
        v = np.where(settled, v, new)
    else:
        raise ConvergenceError(f"the read law of {int((~settled).sum())} cells did not converge")
    if np.any(p.r_th * v * (size - v) / p.r_series > 0.7 * (p.t_melt - p.t_amb)):
        raise ParameterError.about(
            "read_volt",
            got=f"{size.max():g} V",
            expected="a read that does not melt the cell",
            remedy="lower it; use devices.transient for pulses",
        )
    # where the straight lines of both expressions of the current meet: V - v alone loses digits
    # where the heater has little of the resistance; the slope by implicit differentiation
    damped = p.r_series * slope
    return ReadPoint(
        current=sign * ((size - v) / p.r_series + error / damped),
        slope=np.asarray(conducted / damped),
    )


def _small_signal(p: PcmNumbers, solid: FloatArray) -> FloatArray:
    return law.off_conductance(p, p.t_amb, solid)


def _error(
    p: PcmNumbers, size: FloatArray, v: FloatArray, sign: FloatArray, solid: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ``e = I_gst - (V - v)/R``, its slope de/dv and ``dI/dV * R * de/dv``.

    `sign` is the polarity.
    """
    ohm = p.r_series
    through = (size - v) / ohm
    source = p.r_th * v * through
    melt = p.t_melt - p.t_amb
    cool = source <= melt
    kelvin = p.t_amb + law.heated(p, source)
    per_source = np.where(cool, 1.0, np.exp(-np.maximum(source - melt, 0.0) / p.t_over))
    state, state_slope = _off_state(p, v, solid)
    signed, per_volt, per_kelvin = law.gst_current(p, sign * v, kelvin, state, solid, p.log_age)
    opening = law.ON_POWER * state ** (law.ON_POWER - 1) * state_slope
    rise = np.zeros(())
    if np.any(opening > _NOTHING):
        rise = law.on_current(p, v, solid)[0] * opening
    per_kelvin = sign * per_kelvin * per_source * p.r_th
    slope = per_volt + rise + per_kelvin * (size - 2.0 * v) / ohm + 1.0 / ohm
    return sign * signed - through, slope, per_volt + rise + per_kelvin * through


def _off_state(p: PcmNumbers, volt: FloatArray, solid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the smallest root x of ``x = x_inf(v, x)`` and dx/dv [1/V].

    In ``y = ln(x/(1 - x))`` the root lies right of where the closed state puts it and is concave up
    to the fold, so Newton's steps from the left never pass it; without a fold a bracket holds them.
    """
    size = np.sqrt(volt * volt + law.ROUNDING_VOLT**2)
    reach, w = law.span(p, solid, p.log_age), p.v_width
    start = np.asarray((size - law.threshold(p, solid, p.log_age)) / w)
    shape = np.broadcast_shapes(start.shape, reach.shape)
    reach, width = np.broadcast_to(reach, shape), np.broadcast_to(w, shape)
    y = np.broadcast_to(start, shape).copy()
    live = y + reach / width * np.exp(np.minimum(y + 3.0, 0.0)) > CLOSED
    if live.any():
        y[live] = _root(y[live], (reach / width)[live])
    x = law.logistic(y)
    ahead = x * (1.0 - x)
    slope = ahead / np.maximum(1.0 - ahead * reach / width, 1e-12) / width * volt / size
    return x, slope


def _root(start: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return the smallest root of ``y - ratio*sigma(y) = start``."""
    low, high = start.copy(), start + ratio
    y = start.copy()
    for _ in range(_STATE_ITERATIONS):
        x = law.logistic(y)
        value = y - ratio * x - start
        low, high = np.where(value < 0.0, y, low), np.where(value < 0.0, high, y)
        slope = np.maximum(1.0 - ratio * x * (1.0 - x), 1e-9)
        new = y - value / slope
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        if np.all(np.abs(new - y) <= 4e-16 * (1.0 + np.abs(new))):
            break
        y = new
    return new
