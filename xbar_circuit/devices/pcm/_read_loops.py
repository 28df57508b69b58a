"""The read law compiled by numba; imported only where it is installed.

The equations of :mod:`._law` and :mod:`._read_law` for cells that share their numbers, below
threshold and below melting. Here the switch carries nothing (see `ReadStates`), and one Newton step
from a good start is enough. Other cells are left to `_read_law.read`, which also says what is
wrong with a voltage.

Where there is a table of starts, cells go through that one step side by side, in loops simple
enough for the processor's vectors: exponentials of what heating changes by their series. A cell for
which this is not enough is solved alone.
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
_TOGETHER = 128  # cells side by side: their fields stay in the processor's nearest cache
_WARM = 0.5  # exponents up to here by their series
_TERMS = tuple(1.0 / math.factorial(2 * k + 1) for k in range(13))
_POWERS = tuple(1.0 / math.factorial(k) for k in range(15))


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
def _alone(size: float, sign: float, ratio: float, numbers: Any, cell: Any) -> Any:
    """Return whether a cell was solved at a voltage of `size` and `sign`, its current and slope.

    `ratio` : which share of the voltage lies across the GST, to start from.
    """
    r_series, r_th, t_amb, melt, r_crystal, e_crystal, asym = numbers
    energy, low, arm, liner, closed = cell[0], cell[1], cell[2], cell[3], cell[4]
    siemens = 1.0 / r_series
    v = size * ratio
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
        by_kelvin = bend * least * each * (sinhc * (over - 1.0) - rising * sign * v * arm * each)
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
            current = sign * (carried + through * damped) * part
            return True, current, (own_slope + heat * through) * part
        v += step
    return False, np.nan, np.nan


@jit
def _warmth(v: Any, size: Any, siemens: float, r_th: float, t_amb: float, each: Any) -> None:
    for k in range(len(v)):
        each[k] = 1.0 / (t_amb + r_th * v[k] * ((size[k] - v[k]) * siemens))


@jit
def _grown(factor: Any, each: Any, t_amb: float, out: Any) -> None:
    """Return ``exp(factor (1/t_amb - each))`` where that is at most exp(_WARM)."""
    for k in range(len(out)):
        x = factor[k] * (1.0 / t_amb - each[k])
        y = x * x
        even = _POWERS[14]
        even = even * y + _POWERS[12]
        even = even * y + _POWERS[10]
        even = even * y + _POWERS[8]
        even = even * y + _POWERS[6]
        even = even * y + _POWERS[4]
        even = even * y + _POWERS[2]
        odd = _POWERS[13]
        odd = odd * y + _POWERS[11]
        odd = odd * y + _POWERS[9]
        odd = odd * y + _POWERS[7]
        odd = odd * y + _POWERS[5]
        odd = odd * y + _POWERS[3]
        odd = odd * y + 1.0
        out[k] = 1.0 + (even * y + odd * x)


@jit
def _sinhcs(v: Any, arm: Any, each: Any, value: Any, slope: Any) -> None:
    """Return ``sinh(a)/a`` of ``a = v arm each`` up to _SERIES, and its slope to v."""
    for k in range(len(v)):
        by_volt = arm[k] * each[k]
        a = v[k] * by_volt
        x = a * a
        y = x * x
        even = _TERMS[12]
        even = even * y + _TERMS[10]
        even = even * y + _TERMS[8]
        even = even * y + _TERMS[6]
        even = even * y + _TERMS[4]
        even = even * y + _TERMS[2]
        even = even * y + 1.0
        odd = _TERMS[11]
        odd = odd * y + _TERMS[9]
        odd = odd * y + _TERMS[7]
        odd = odd * y + _TERMS[5]
        odd = odd * y + _TERMS[3]
        odd = odd * y + _TERMS[1]
        value[k] = even + x * odd
        even = 12.0 * _TERMS[12]
        even = even * y + 10.0 * _TERMS[10]
        even = even * y + 8.0 * _TERMS[8]
        even = even * y + 6.0 * _TERMS[6]
        even = even * y + 4.0 * _TERMS[4]
        even = even * y + 2.0 * _TERMS[2]
        odd = 11.0 * _TERMS[11]
        odd = odd * y + 9.0 * _TERMS[9]
        odd = odd * y + 7.0 * _TERMS[7]
        odd = odd * y + 5.0 * _TERMS[5]
        odd = odd * y + 3.0 * _TERMS[3]
        odd = odd * y + _TERMS[1]
        slope[k] = 2.0 * a * (odd + x * even) * by_volt


@jit
def _amorphous(low: Any, each: Any, least: Any, sinhc: Any, rising: Any) -> None:
    """Turn the growth into the conductance without field, and sinhc and its slope into S, S/V."""
    for k in range(len(low)):
        each_least = low[k] * each[k] * least[k]
        least[k] = each_least
        sinhc[k] *= each_least
        rising[k] *= each_least


@jit
def _by_kelvin(energy: Any, each: Any, lead: Any, by_volt: Any, v: Any, out: Any) -> None:
    for k in range(len(v)):
        out[k] = (lead[k] * (energy[k] * each[k] - 1.0) - v[k] * by_volt[k]) * each[k]


@jit
def _divide(lead: Any, liner: Any, ohm: Any, resistance: float, share: Any) -> None:
    """Add the liner to `lead`, in place, and find what the crystal leaves of its voltage."""
    for k in range(len(lead)):
        lead[k] += liner[k]
        ohm[k] *= resistance
        share[k] = 1.0 / (1.0 + ohm[k] * lead[k])


@jit
def _hotter(warmer: Any, chord: Any, ohm: Any, e_crystal: float, each: Any) -> None:
    for k in range(len(chord)):
        warmer[k] += chord[k] * chord[k] * ohm[k] * e_crystal * each[k] * each[k]


@jit
def _slopes(v: Any, chord: Any, share: Any, by_volt: Any, warmer: Any, r_th: float) -> None:
    """Turn the slopes to voltage and temperature into those of the whole GST, in place."""
    for k in range(len(v)):
        by_volt[k] = (chord[k] + v[k] * by_volt[k] * share[k]) * share[k]
        warmer[k] *= v[k] * share[k] * share[k] * r_th


@jit
def _meet(v: Any, size: Any, own: Any, heat: Any, r_series: float, damped: Any) -> None:
    for k in range(len(v)):
        damped[k] = r_series * own[k] + heat[k] * (size[k] - 2.0 * v[k])


@jit
def _together(
    volt: Any,
    numbers: Any,
    cells: Any,
    first: int,
    per_volt: float,
    starts: Any,
    room: Any,
    current: Any,
    slope: Any,
) -> int:
    """Solve cells from `first` on at voltages (cells,); return how many are left, which are NaN.

    `room` : (11, at least as many cells).
    """
    count = len(volt)
    last = first + count
    r_series, r_th, t_amb, melt, r_crystal, e_crystal, _ = numbers
    siemens = 1.0 / r_series
    energy, arm, liner = cells[0, first:last], cells[2, first:last], cells[3, first:last]
    closed, low = cells[4, first:last], cells[11, first:last]
    size, v, each, least = room[0, :count], room[1, :count], room[2, :count], room[3, :count]
    lead, by_volt, warmer = room[4, :count], room[5, :count], room[6, :count]
    ohm, share, damped = room[7, :count], room[8, :count], room[9, :count]
    crystal = room[10, :count]
    limit = starts.shape[1] - 4
    for k in range(count):
        size[k] = abs(volt[k])
        place = size[k] * per_volt
        # beyond the table, and for what is no number, the cell is solved alone
        v[k] = size[k] * _start(cells[:, first + k], place, starts) if place < limit else 0.0
        crystal[k] = -e_crystal
    _warmth(v, size, siemens, r_th, t_amb, each)
    _grown(energy, each, t_amb, least)
    _grown(crystal, each, t_amb, ohm)
    _sinhcs(v, arm, each, lead, by_volt)
    _amorphous(low, each, least, lead, by_volt)
    _by_kelvin(energy, each, lead, by_volt, v, warmer)
    _divide(lead, liner, ohm, r_crystal * math.exp(e_crystal / t_amb), share)
    _hotter(warmer, lead, ohm, e_crystal, each)
    _slopes(v, lead, share, by_volt, warmer, r_th)
    _meet(v, size, by_volt, warmer, r_series, damped)
    left = 0
    for k in range(count):
        sign = -1.0 if volt[k] < 0.0 else 1.0
        through = (size[k] - v[k]) * siemens
        carried = v[k] * lead[k] * share[k]
        part = 1.0 / (1.0 + damped[k])
        rise = r_th * v[k] * through
        most = max(energy[k], e_crystal) * rise * each[k] / t_amb
        if (
            abs((through - carried) * r_series * part) <= _CLOSE * size[k]
            and v[k] <= closed[k]
            and rise <= _SAFE * melt
            and most <= _WARM
            and v[k] * arm[k] * each[k] <= _SERIES
        ):
            current[k] = sign * (carried + through * damped[k]) * part
            slope[k] = (by_volt[k] + warmer[k] * through) * part
            continue
        place = size[k] * per_volt
        ratio = _start(cells[:, first + k], place, starts) if place < limit else cells[5, first + k]
        solved, current[k], slope[k] = _alone(size[k], sign, ratio, numbers, cells[:, first + k])
        left += not solved
    return left


@jit
def read(
    volt: Any, numbers: Any, cells: Any, per_volt: float, starts: Any, current: Any, slope: Any
) -> int:
    """Solve the read law of all cells for many voltages (samples, cells) [V].

    `numbers`, `cells`, `starts`, `per_volt` : as `ReadStates` holds them. Fills in `current` [A]
    and `slope` [S], NaN where a cell is left to `_read_law`; returns how many these are.
    """
    samples, count = volt.shape
    together = starts.shape[1] > 0 and numbers[6] == 0.0
    room = np.empty((11, _TOGETHER))
    left = 0
    for k in range(samples):
        if together:
            for start in range(0, count, _TOGETHER):
                stop = min(start + _TOGETHER, count)
                some = (volt[k, start:stop], numbers, cells, start, per_volt, starts, room)
                left += _together(*some, current[k, start:stop], slope[k, start:stop])
            continue
        for j in range(count):
            size = abs(volt[k, j])
            ratio = cells[5, j]
            if starts.shape[1] > 0 and size * per_volt < starts.shape[1] - 4:
                ratio = _start(cells[:, j], size * per_volt, starts)
            sign = -1.0 if volt[k, j] < 0.0 else 1.0
            solved, current[k, j], slope[k, j] = _alone(size, sign, ratio, numbers, cells[:, j])
            left += not solved
    return left
