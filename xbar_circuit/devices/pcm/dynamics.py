"""A cell in time: what a waveform does to voltage, temperature, electronic state and phase.

Five states a cell, each of the order of 1: the voltage across the GST [V], the strength of the
heat source [1000 K], the electronic state, u_a [10 nm], and the age ln(1 + t/t0). They are the
nodes of the subcircuit ``pcm_cell`` in ``device_models/pcm_cell.lib``, with the same capacitances.
A waveform is driven through a load resistance (the select transistor's, a current limiter's), which
is what makes the snap-back visible. Many cells advance together, each with its own phase and
amplitude.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _rosenbrock as rosenbrock
from xbar_circuit.devices.pcm._numbers import HasNumbers, PcmNumbers
from xbar_circuit.errors import ParameterError, ShapeError

__all__ = ["PcmTrace", "Pulse", "rates", "transient"]

KELVIN_PER_UNIT = 1e3  # of the states, as in the subcircuit
METER_PER_UNIT = 1e-8  # likewise
_USUAL = 1e-3  # relative tolerance of a step, for which the absolute ones are meant
_ABSOLUTE = np.array([1e-3, 1e-4, 1e-3, 1e-4, 1e-3])  # of V, 1000 K, 1, 10 nm and 1
_FIRST_STEP = 1e-11  # s, a hundredth of the fastest state's time constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """A trapezoid of voltage through a load.

    The default edges, rest and load are choices: edges that quench, a rest of many thermal time
    constants, and a load of the order of a select transistor's.

    Parameters
    ----------
    volt
        Amplitude [V]; one number, programming loops give each cell its own.
    width_second
        Length of the plateau [s].
    rise_second, fall_second
        Edges [s]; a fall of a microsecond anneals, one of a few nanoseconds quenches.
    rest_second
        Time at 0 V afterwards, in which the cell cools [s].
    load_ohm
        Resistance between the driver and the cell [ohm].

    >>> pulse = Pulse(volt=2.0, width_second=100e-9)
    >>> round(pulse.seconds * 1e9, 6)
    160.0
    """

    volt: float
    width_second: float
    rise_second: float = 5e-9
    fall_second: float = 5e-9
    rest_second: float = 50e-9
    load_ohm: float = 5e3

    def __post_init__(self) -> None:
        for name, unit in (
            ("width_second", "s"),
            ("rise_second", "s"),
            ("fall_second", "s"),
            ("rest_second", "s"),
        ):
            value = checks.number(name, getattr(self, name), unit, above=True)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "load_ohm", checks.number("load_ohm", self.load_ohm, "ohm"))
        volt = checks.number("volt", self.volt, "V", minimum=-np.inf)
        object.__setattr__(self, "volt", volt)

    @property
    def seconds(self) -> float:
        """Duration with edges and rest [s]."""
        return self.rise_second + self.width_second + self.fall_second + self.rest_second

    def waveform(self) -> tuple[list[float], list[float]]:
        """Return the corners of the trapezoid, as :func:`transient` takes them.

        Returns
        -------
        tuple
            The five corner times, from 0 [s], and the voltages there [V].
        """
        top = self.rise_second + self.width_second
        times = [0.0, self.rise_second, top, top + self.fall_second, self.seconds]
        return times, [0.0, self.volt, self.volt, 0.0, 0.0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmTrace:
    """State at each accepted step; arrays have shape (steps, cells).

    seconds : times (steps,) [s].
    drive_volt : the driver's voltage [V].
    volt : across the cell's terminals [V].
    current : through the cell [A].
    celsius : temperature of the hot spot [degree Celsius].
    interface_celsius : temperature where plug and crystal meet [degree Celsius].
    on : electronic state, between 0 and 1.
    thickness : u_a [m].
    log_age : ln(1 + t/t0) of relaxation, dimensionless.
    valid : (cells,) whether u_a stayed below ``heat.valid_metre``, where the cell was compared with
        published ones; beyond it everything stays physical, but nothing was compared.
    """

    seconds: FloatArray
    drive_volt: FloatArray
    volt: FloatArray
    current: FloatArray
    celsius: FloatArray
    interface_celsius: FloatArray
    on: FloatArray
    thickness: FloatArray
    log_age: FloatArray
    valid: NDArray[np.bool_]

    @property
    def energy_joule(self) -> FloatArray:
        """Energy that the driver delivered to each cell and its load (cells,) [J]."""
        power = self.drive_volt * self.current
        steps = np.diff(self.seconds)[:, np.newaxis]
        energy: FloatArray = (0.5 * (power[1:] + power[:-1]) * steps).sum(axis=0)
        return energy


def transient(
    cell: HasNumbers | PcmNumbers,
    thickness: ArrayLike,
    seconds: Sequence[float],
    volts: ArrayLike,
    *,
    load_ohm: float = 0.0,
    relative: float = _USUAL,
) -> PcmTrace:
    """Drive cells with a piecewise-linear waveform, from rest.

    Parameters
    ----------
    cell
        The parameter set, or devices that differ.
    thickness
        u_a of each cell at the start [m], shape (cells,) or a scalar.
    seconds
        Corner times of the waveform, rising [s].
    volts
        Driver voltage at the corners [V], shape (corners,) or (corners, cells).
    load_ohm
        Resistance between the driver and each cell [ohm].
    relative
        Relative tolerance of a step. The absolute ones (1 mV, 0.1 K, 1 pm, 1e-3 of the electronic
        state and of the age) shrink with it below 1e-3.

    Returns
    -------
    PcmTrace
        Times (steps,) [s]; voltage [V], current [A], temperature [degree Celsius] and amorphous
        thickness [m] of every cell, (steps, cells).

    Raises
    ------
    ParameterError
        Times that do not rise, a number that is not finite, or no cell.
    ShapeError
        `volts` does not fit the corners and the cells.
    ConvergenceError
        The integrator gave up; see its message.

    >>> import numpy as np
    >>> from xbar_circuit.devices import PcmCell
    >>> trace = transient(PcmCell.sebastian2017(), 20e-9, [0.0, 10e-9], [0.1, 0.1])
    >>> trace.volt[-1], trace.valid
    (array([0.1]), array([ True]))
    """
    u = np.atleast_1d(checks.non_negative("thickness", thickness, "m"))
    corners, instants = checks.real("volts", volts), checks.real("seconds", seconds)
    rising = instants.size > 1 and bool(np.all(np.diff(instants) > 0.0))
    if not (rising and np.isfinite(instants).all() and np.isfinite(corners).all() and u.size):
        raise ParameterError.about(
            "seconds, volts, thickness",
            got=f"{instants.size} corners from {instants[:1]} s, {u.size} cells",
            expected="at least two finite corners, times that rise, and at least one cell",
            remedy="leave out corners that repeat a time; an edge needs a duration",
        )
    corners = corners[:, np.newaxis] if corners.ndim == 1 else corners
    if u.ndim != 1 or corners.ndim != 2 or corners.shape[0] != len(seconds):
        raise ShapeError.about(
            "volts",
            got=f"shape {np.shape(volts)} for {len(seconds)} corners and thickness {u.shape}",
            expected="(corners,) or (corners, cells)",
            remedy="give one voltage for each corner, cells along the last axis",
        )
    cells = max(u.size, corners.shape[1])
    u = np.broadcast_to(u, (cells,))
    corners = np.broadcast_to(corners, (len(seconds), cells))
    load = checks.number("load_ohm", load_ohm, "ohm")
    numbers = cell if isinstance(cell, PcmNumbers) else cell.numbers
    circuit = _Circuit(numbers, load)
    state = np.zeros((cells, 5))
    state[:, 3] = u / METER_PER_UNIT
    state[:, 4] = numbers.log_age
    times, states, drives = [float(seconds[0])], [state], [corners[0]]
    for (start, end), (low, high) in zip(pairwise(seconds), pairwise(corners), strict=True):
        slope = (high - low) / (end - start)
        for t, advanced in rosenbrock.integrate(
            circuit.rate_of(low, slope, start),
            circuit.rate_of_time(slope, state.shape),
            state,
            (start, end),
            absolute=_ABSOLUTE * min(1.0, relative / _USUAL),
            relative=relative,
            first_step=_FIRST_STEP,
        ):
            state = advanced
            times.append(t)
            states.append(state)
            drives.append(low + slope * (t - start))
    return circuit.trace(np.array(times), np.array(states), np.array(drives))


def rates(p: PcmNumbers, y: FloatArray, through: FloatArray) -> FloatArray:
    """Return the time derivatives of the five states of cells that carry a current.

    Parameters
    ----------
    p
        The cells' numbers.
    y
        States along the last axis, in their units of the order of 1.
    through
        Current through each cell's heater [A].

    Returns
    -------
    numpy.ndarray
        Shape of `y`, a second.
    """
    v, on, age = y[..., 0], y[..., 2], np.maximum(y[..., 4], 0.0)
    source, u = KELVIN_PER_UNIT * y[..., 1], np.maximum(y[..., 3], 0.0) * METER_PER_UNIT
    solid = law.solid_length(p, u, law.molten_length(p, source))
    kelvin = np.maximum(p.t_amb + law.heated(p, source), 1.0)
    flowing, _, _ = law.gst_current(p, v, kelvin, on, solid, age)
    return np.stack(
        [
            (through - flowing) / p.c_par,
            (p.r_th * v * flowing / KELVIN_PER_UNIT - y[..., 1]) / p.t_heat,
            (law.switch_target(p, v, on, solid, age) - on) / p.t_switch,
            -law.shrink(p, source, u, solid) / METER_PER_UNIT,
            law.relaxation(p, kelvin, source, age),
        ],
        axis=-1,
    )


@dataclass(frozen=True, slots=True)
class _Circuit:
    """A cell behind its load: the right-hand side of the five states."""

    p: PcmNumbers
    load_ohm: float

    @property
    def series_ohm(self) -> FloatArray:
        return self.p.r_series + self.load_ohm

    def rate_of(
        self, low: FloatArray, slope: FloatArray, start: float
    ) -> Callable[[float, FloatArray], FloatArray]:
        return lambda t, y: self.rate(y, low + slope * (t - start))

    def rate_of_time(
        self, slope: FloatArray, shape: tuple[int, ...]
    ) -> Callable[[float], FloatArray]:
        out = np.zeros(shape)
        out[:, 0] = slope / (self.series_ohm * self.p.c_par)
        return lambda _t: out

    def rate(self, y: FloatArray, drive: FloatArray) -> FloatArray:
        return rates(self.p, y, (drive - y[..., 0]) / self.series_ohm)

    def trace(self, times: FloatArray, states: FloatArray, drive: FloatArray) -> PcmTrace:
        p = self.p
        current = (drive - states[..., 0]) / self.series_ohm
        source = KELVIN_PER_UNIT * states[..., 1]
        thickness = np.maximum(states[..., 3], 0.0) * METER_PER_UNIT
        return PcmTrace(
            seconds=times,
            drive_volt=drive,
            volt=states[..., 0] + current * p.r_series,
            current=current,
            celsius=p.t_amb + law.heated(p, source) - ZERO_CELSIUS_KELVIN,
            interface_celsius=law.interface(p, source, thickness) - ZERO_CELSIUS_KELVIN,
            on=states[..., 2],
            thickness=thickness,
            log_age=states[..., 4],
            valid=np.asarray(thickness.max(axis=0) <= p.u_valid),
        )
