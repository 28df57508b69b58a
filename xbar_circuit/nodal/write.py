"""A write pulse on a whole array of PCM cells: every cell's phase, and the wires between them.

A cell is its heater in series with the GST, whose voltage v is a state; so for given states the
array is a network of wires and heaters with a voltage source in each, and

    ``y' = f(y, I)``,   ``0 = D s(t) - G z - E I``,   ``I = T(u - v, w)``,

y the five states of each cell (:mod:`xbar_circuit.devices.pcm.dynamics`), z the voltages of the
wires' nodes, s the drivers' voltages, u and w the node voltages at the cells, and T the current of
the heater, with its transistor where there is one. Such a differential-algebraic system of index 1
is integrated by the method that one cell is, Rodas3 (Sandu et al., Atmospheric Environment 31, 3459
(1997); Hairer and Wanner, "Solving Ordinary Differential Equations II", section VI.4). In each
stage the states of a cell are eliminated by themselves, which leaves a linear crossbar: one
factorisation a step, shared by neighbouring steps as the preconditioner of GMRES where the array is
large.

Wires carry no charge here: their time constants are below picoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmCell
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm.dynamics import KELVIN_PER_UNIT, METER_PER_UNIT, rates
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal._write_network import WriteNetwork
from xbar_circuit.peripherals.drivers.write_lines import WriteLines
from xbar_circuit.write_result import WriteResult

__all__ = ["write"]

_ABSOLUTE = np.array([1e-3, 1e-4, 1e-3, 1e-4, 1e-3])  # of V, 1000 K, 1, 10 nm and 1, as one cell's
_NODE_VOLT = 1e-3  # the same of a wire's node
_FIRST_STEP = 1e-11  # s
_INCREMENT = 1e-6  # of a finite difference; states are of the order of 1
_GROW, _SHRINK, _SAFETY = 5.0, 0.2, 0.9
_MOST_STEPS = 20_000


def write(
    crossbar: Crossbar,
    lines: WriteLines,
    *,
    access: tuple[OneT1R, OneT1R] | None = None,
    relative: float = 1e-3,
    progress: Callable[[float], None] | None = None,
) -> WriteResult:
    """Apply a pulse to an array of PCM cells, and return the state of all of them.

    Parameters
    ----------
    crossbar
        The array before the pulse; its cells are :class:`~xbar_circuit.devices.PcmCell` or
        :class:`~xbar_circuit.cells.OneT1R` around one. Its terminals play no part.
    lines
        What drives the word and bit lines.
    access
        For cells with a transistor: the transistor in series with a resistor of the heater's
        conductance, with its table, once with the gate on and once with it off;
        :func:`xbar_circuit.calibration.write_access` makes them.
    relative
        Relative tolerance of a step.
    progress
        Called with the share of the time that is done.

    Returns
    -------
    WriteResult
        Of every cell (rows, cols): amorphous thickness before and after [m], peak voltage [V],
        current [A] and temperature [degree Celsius]; the energy of all drivers [J].

    Raises
    ------
    ParameterError
        The cells have no write law, a line is held without any resistance, or a cell with a
        transistor has no table.
    ShapeError
        The lines are not those of the array.
    ConvergenceError
        The integrator gave up; see its message.
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, ...)")
    checks.instance("lines", lines, WriteLines, example="WriteLines.biased(shape, ...)")
    tolerance = checks.number("relative", relative, "1", above=True, maximum=0.1)
    if lines.shape != crossbar.shape:
        raise ShapeError.about(
            "lines",
            got=f"lines of {lines.shape[0]} x {lines.shape[1]} cells",
            expected=f"{crossbar.rows} x {crossbar.cols}",
            remedy="make them for this array",
        )
    system = _Array(crossbar, lines, _heaters(crossbar, lines, access))
    return system.follow(tolerance, progress or (lambda share: None))  # noqa: ARG005


def pcm_of(crossbar: Crossbar) -> PcmCell:
    """Return the PCM cell that is written.

    Raises
    ------
    ParameterError
        The cells are of another kind.
    """
    cell = crossbar.cell.device if isinstance(crossbar.cell, OneT1R) else crossbar.cell
    if not isinstance(cell, PcmCell):
        raise ParameterError.about(
            "crossbar.cell",
            got=repr(crossbar.cell),
            expected="a cell with a write law: PcmCell, or OneT1R(device=PcmCell...)",
            remedy="give the crossbar xc.devices.PcmCell.sebastian2017()",
        )
    return cell


Heaters = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


def _heaters(
    crossbar: Crossbar, lines: WriteLines, access: tuple[OneT1R, OneT1R] | None
) -> Heaters:
    """Return the current of live cells and its slopes to both ends, less GST, by voltages there."""
    siemens = 1.0 / pcm_of(crossbar).series_ohm
    there = crossbar.conductance > 0.0
    if not isinstance(crossbar.cell, OneT1R):
        every = np.full(int(there.sum()), siemens)
        return lambda up, down: (siemens * (up - down), every, every)
    if access is None or any(one.table is None for one in access):
        raise ParameterError.about(
            "access",
            got=repr(access),
            expected="tables of the transistor with the heater, gate on and gate off",
            remedy="access=xc.calibration.write_access(crossbar.cell, volt=...)",
        )
    gates = np.ones(crossbar.shape, dtype=bool) if lines.gates is None else lines.gates
    on = gates[there]

    def current(up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = np.empty((3, on.size))
        for which, cell in ((on, access[0]), (~on, access[1])):
            part = cell.respond(up[which], down[which], np.full(int(which.sum()), siemens))
            found[:, which] = part.current, part.row_slope, -part.column_slope
        return found[0], found[1], found[2]

    return current


@dataclass(slots=True)
class _Point:
    """States (cells, 5) in their units, and voltages of the nodes (nodes,) [V]."""

    y: FloatArray
    z: FloatArray


class _Array:
    """Cells, wires and drivers as one system."""

    def __init__(self, crossbar: Crossbar, lines: WriteLines, heaters: Heaters) -> None:
        self._bar, self._lines, self._heaters = crossbar, lines, heaters
        self._cell = pcm_of(crossbar)
        self._p = self._cell.numbers
        self._there: NDArray[np.bool_] = crossbar.conductance > 0.0
        self._net = WriteNetwork(crossbar, lines)
        live = crossbar.conductance[self._there]
        self._start = self._cell.stored_thickness(live) if live.size else live
        nudges = np.vstack([np.zeros(5), _INCREMENT * np.eye(5)])
        self._nudges = nudges[:, np.newaxis]

    def follow(self, relative: float, progress: Callable[[float], None]) -> WriteResult:
        """Integrate over the whole waveform, from rest."""
        lines, net = self._lines, self._net
        y = np.zeros((self._start.size, 5))
        y[:, 3] = self._start / METER_PER_UNIT
        y[:, 4] = self._p.log_age
        point = _Point(y, np.zeros(net.unknowns))
        drives = np.concatenate([lines.row_volt, lines.column_volt], axis=1)
        if np.any(drives[0] != 0.0):
            raise ParameterError.about(
                "lines",
                got="a waveform that does not begin at 0 V",
                expected="an array at rest at the first corner",
                remedy="begin with an edge from 0 V",
            )
        peaks = np.zeros((3, self._start.size))
        times, ampere, power, worst, steps = [float(lines.seconds[0])], [], [], 0.0, 0
        ampere.append(net.driver_ampere(point.z, drives[0]))
        power.append(0.0)
        spans = zip(pairwise(lines.seconds.tolist()), pairwise(drives), strict=True)
        for (start, end), (low, high) in spans:
            slope = (high - low) / (end - start)
            for t, reached in self._span(point, (start, end), low, slope, relative):
                point, steps = reached, steps + 1
                drive = low + slope * (t - start)
                current, left = self._residual(point, drive)
                flow = net.driver_ampere(point.z, drive)
                worst = max(worst, left)
                drop = point.z[net.row] - point.z[net.column]
                seen = np.abs(drop), np.abs(current), point.y[:, 1]
                peaks = np.maximum(peaks, seen)
                times.append(t)
                ampere.append(flow)
                power.append(float(drive @ flow))
                progress((t - times[0]) / (lines.seconds[-1] - times[0]))
                if steps > _MOST_STEPS:
                    raise ConvergenceError(
                        f"write: got {steps} steps by {t:g} s, expected to reach"
                        f" {lines.seconds[-1]:g} s; shorten the pulse or loosen relative="
                    )
        seconds, flows = np.array(times), np.array(ampere)
        hot = self._p.t_amb + law.heated(self._p, KELVIN_PER_UNIT * peaks[2]) - ZERO_CELSIUS_KELVIN
        rows = self._bar.rows
        return WriteResult(
            crossbar=self._bar,
            before_metre=self._spread(self._start),
            after_metre=self._spread(np.maximum(point.y[:, 3], 0.0) * METER_PER_UNIT),
            peak_volt=self._spread(peaks[0]),
            peak_ampere=self._spread(peaks[1]),
            peak_celsius=self._spread(hot, float(self._p.t_amb) - ZERO_CELSIUS_KELVIN),
            energy_joule=float(np.trapezoid(power, seconds)),
            time_second=seconds,
            row_ampere=flows[:, :rows],
            column_ampere=flows[:, rows:],
            residual=worst / (float(np.abs(flows).max()) or 1.0),
            engine=f"nodal: Rodas3, {steps} steps, {net.factorisations} factorisations",
        )

    def _spread(self, values: FloatArray, where_open: float = 0.0) -> FloatArray:
        """Return values of live cells as (rows, cols)."""
        field = np.full(self._bar.shape, where_open)
        field[self._there] = values
        return field

    def _current(self, point: _Point) -> tuple[FloatArray, FloatArray, FloatArray]:
        row, column = point.z[self._net.row], point.z[self._net.column]
        return self._heaters(row - point.y[:, 0], column)

    def _residual(self, point: _Point, drive: FloatArray) -> tuple[FloatArray, float]:
        """Return the cells' currents and the largest error of KCL [A]."""
        current = self._current(point)[0]
        left = self._net.imbalance(point.z, current, drive)
        return current, float(np.abs(left).max()) if left.size else 0.0

    def _span(
        self,
        point: _Point,
        span: tuple[float, float],
        low: FloatArray,
        slope: FloatArray,
        relative: float,
    ) -> Iterator[tuple[float, _Point]]:
        """Yield each accepted step over a straight part of the waveform.

        Raises
        ------
        ConvergenceError
            The step has shrunk below what the clock can tell.
        """
        begin, end = span
        t, h, net, p = begin, min(_FIRST_STEP, end - begin), self._net, self._p
        moved = net.inject(slope)
        while t < end:
            current, a, b = self._current(point)
            fan = rates(p, point.y + self._nudges, current)
            f, local = fan[0], np.moveaxis((fan[1:] - fan[0]) / _INCREMENT, 0, -1)
            local[:, 0, 0] -= a / p.c_par  # the current falls as the GST's voltage rises
            g = net.imbalance(point.z, current, low + slope * (t - begin))
            while True:
                h = min(h, end - t)
                inverse = np.linalg.inv(np.eye(5) * (2.0 / h) - local)
                stage = _Stage(net, inverse, a, b, float(p.c_par))
                u1 = stage.solve(f, g + 0.5 * h * moved)
                u2 = stage.solve(f + (4.0 / h) * u1.y, g + 1.5 * h * moved)
                drive = low + slope * (t + h - begin)
                f3, g3 = self._right(point, drive, (2.0, u1))
                u3 = stage.solve(f3 + (u1.y - u2.y) / h, g3)
                f4, g4 = self._right(point, drive, (2.0, u1), (1.0, u3))
                u4 = stage.solve(f4 + (u1.y - u2.y - (8.0 / 3.0) * u3.y) / h, g4)
                new = _Point(point.y + 2.0 * u1.y + u3.y + u4.y, point.z + 2.0 * u1.z + u3.z + u4.z)
                error = _error(point, new, u4, relative)
                if error <= 1.0:
                    break
                h *= _step_factor(error)
                if not t + h > t:
                    raise ConvergenceError(
                        f"write: got a step of {h:g} s at t = {t:g} s, expected the pulse to be"
                        " followed; loosen relative=, or look for a line that nothing drives"
                    )
            t = end if h >= end - t else t + h
            point = new
            yield t, point
            h *= _step_factor(error)

    def _right(
        self, point: _Point, drive: FloatArray, *parts: tuple[float, _Point]
    ) -> tuple[FloatArray, FloatArray]:
        """Return rates and imbalance at the point moved by these parts."""
        y, z = point.y, point.z
        for weight, part in parts:
            y, z = y + weight * part.y, z + weight * part.z
        there = _Point(y, z)
        current = self._current(there)[0]
        return rates(self._p, y, current), self._net.imbalance(z, current, drive)


class _Stage:
    """The linear system of a step: the cells' states are eliminated, a crossbar is left.

    With M the matrix of a cell's stage, ``x = M^-1 (b + e (a du - b dw) / C)``, so that its current
    changes by ``(a du - b dw) (1 - a m / C) - a (M^-1 b)_v``, ``m = (M^-1)_vv``.
    """

    def __init__(
        self, net: WriteNetwork, inverse: FloatArray, a: FloatArray, b: FloatArray, farad: float
    ) -> None:
        self._net, self._inverse, self._a, self._b, self._farad = net, inverse, a, b, farad
        left = 1.0 - a * inverse[:, 0, 0] / farad
        net.load(a * left, b * left)

    def solve(self, cells: FloatArray, nodes: FloatArray) -> _Point:
        """Return the stage for right-hand sides of the states and of the nodes."""
        x = np.einsum("nij,nj->ni", self._inverse, cells)
        z = self._net.solve(nodes + self._net.collect(self._a * x[:, 0]))
        pull = self._a * z[self._net.row] - self._b * z[self._net.column]
        return _Point(x + self._inverse[:, :, 0] * (pull / self._farad)[:, np.newaxis], z)


def _error(before: _Point, after: _Point, error: _Point, relative: float) -> float:
    """Return the largest error of a step over what is allowed; infinite where it is not finite."""
    shares = [0.0]
    for one, two, wrong, least in (
        (before.y, after.y, error.y, _ABSOLUTE),
        (before.z, after.z, error.z, _NODE_VOLT),
    ):
        if wrong.size:
            allowed = least + relative * np.maximum(np.abs(one), np.abs(two))
            shares.append(float(np.max(np.abs(wrong) / allowed)))
    return max(shares) if np.isfinite(shares).all() else np.inf


def _step_factor(error: float) -> float:
    if not np.isfinite(error):
        return _SHRINK
    return float(min(_GROW, max(_SHRINK, _SAFETY * max(error, 1e-12) ** (-1.0 / 3.0))))
