"""The read law compiled by numba; imported only where it is installed.

The equations of :mod:`._law` and :mod:`._read_law` for cells that share their numbers, below
threshold and below melting. Here the switch carries nothing (see `ReadStates`), and one Newton step
from a good start is enough. Other cells are left to `_read_law.read`, which also says what is
wrong with a voltage.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xbar_circuit._compiler import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_STEPS = 12  # one from the table of starts, 4 without
_CLOSE = 1e-8  # last step, relative to the voltage: what is left falls as its square
_LARGEST = 80.0  # as in `_law`
_BEND_SQUARE = 0.05**2  # as in `_law`
_SERIES = 2.0  # arguments of sinh up to here by its series
_SAFE = 0.7  # of the melting source, as in `_read_law`
_TERMS = tuple(1.0 / math.factorial(2 * k + 1) for k in range(13))


@jit
def _sinhc(a: float) -> Any:
    """Return ``sinh(a)/a`` and its slope."""
    size = abs(a)
    if size <= _SERIES:
        # x**k / (2k + 1)! and its derivative, even and odd powers apart so that neither waits
        x = a * a
        y = x * x
        even, odd, even_slope, odd_slope = _TERMS[12], 0.0, 12.0 * _TERMS[12], 0.0
        for k in range(11, 0, -2):
            odd = odd * y + _TERMS[k]
            odd_slope = odd_slope * y + k * _TERMS[k]
            even = even * y + _TERMS[k - 1]
            if k > 1:
                even_slope = even_slope * y + (k - 1.0) * _TERMS[k - 1]
        return even + x * odd, 2.0 * a * (odd_slope + x * even_slope)
    up = math.exp(min(size, _LARGEST))
    down = 1.0 / up
    value = 0.5 * (up - down) / size
    slope = (0.5 * (up + down) - value) / size
    return value, (slope if a > 0.0 else -slope)


@jit
def weights(t: float) -> Any:
    """Return the weights of four neighbours for a place between the inner two, 0 <= t <= 1."""
    before, after, beyond = t + 1.0, t - 1.0, t - 2.0
    return (
        -t * after * beyond / 6.0,
        before * after * beyond / 2.0,
        -before * t * beyond / 2.0,
        before * t * after / 6.0,
    )


@jit
def _start(cell: Any, place: float, starts: Any) -> float:
    """Return which share of the voltage lies across the GST, from the table."""
    at, top = int(place), int(cell[6])
    v0, v1, v2, v3 = weights(place - at)
    ratio = 0.0
    for n in range(4):
        own = starts[top + n]
        along = v0 * own[at] + v1 * own[at + 1] + v2 * own[at + 2] + v3 * own[at + 3]
        ratio += cell[7 + n] * along
    return ratio


@jit
def read(
    volt: Any, numbers: Any, cells: Any, per_volt: float, starts: Any, current: Any, slope: Any
) -> int:
    """Solve the read law of all cells for many voltages (samples, cells) [V].

    `numbers`, `cells`, `starts`, `per_volt` : as `ReadStates` holds them. Fills in `current` [A]
    and `slope` [S], NaN where a cell is left to `_read_law`; returns how many these are.
    """
    r_series, r_th, t_amb, melt, r_crystal, e_crystal, asym = numbers
    samples, count = volt.shape
    siemens = 1.0 / r_series
    last = starts.shape[1] - 3
    left = 0
    for k in range(samples):
        for j in range(count):
            own_cell = cells[j]
            energy, low, arm, liner = own_cell[0], own_cell[1], own_cell[2], own_cell[3]
            closed, ratio = own_cell[4], own_cell[5]
            applied = volt[k, j]
            size = abs(applied)
            sign = -1.0 if applied < 0.0 else 1.0
            if last > 0 and size * per_volt < last - 1:
                ratio = _start(own_cell, size * per_volt, starts)
            v = size * ratio
            done = False
            for _ in range(_STEPS):
                through = (size - v) * siemens
                source = r_th * v * through
                if not (v >= 0.0 and v <= closed and source <= _SAFE * melt):
                    break
                each = 1.0 / (t_amb + source)
                over = energy * each
                sinhc, rising = _sinhc(sign * v * arm * each)
                bend, bending = 1.0, 0.0
                if asym != 0.0:
                    root = math.sqrt(v * v + _BEND_SQUARE)
                    bend += asym * sign * v / root
                    bending = asym * _BEND_SQUARE / (root * root * root)
                least = low * each * math.exp(-over)
                chord = least * sinhc * bend + liner
                by_volt = least * (rising * arm * each * bend + sinhc * bending)
                by_kelvin = (
                    bend * least * each * (sinhc * (over - 1.0) - rising * sign * v * arm * each)
                )
                ohm = r_crystal * math.exp(e_crystal * each)
                share = 1.0 / (1.0 + ohm * chord)
                carried = v * chord * share
                own_slope = chord * share + sign * v * by_volt * share * share
                warmer = by_kelvin + chord * chord * ohm * e_crystal * each * each
                heat = v * warmer * share * share * r_th
                damped = r_series * (own_slope + heat * (size - 2.0 * v) * siemens)
                part = 1.0 / (1.0 + damped)
                step = (through - carried) * r_series * part
                if abs(step) <= _CLOSE * size:
                    # between both expressions of the current, as the straight lines meet
                    current[k, j] = sign * (carried + through * damped) * part
                    slope[k, j] = (own_slope + heat * through) * part
                    done = True
                    break
                v += step
            if not done:
                left += 1
                current[k, j] = slope[k, j] = np.nan
    return left
