"""A write pulse on a whole array of cells: every cell's state, and the wires between them.

With the states y of each cell and the currents I through it
(:mod:`xbar_circuit.nodal._written_cells`), the array is

    ``y' = f(y, u, w)``,   ``0 = D s(t) - G z - E I``,   ``I = h(y, u, w)``,

z the voltages of the wires' nodes, s the drivers' voltages, u and w the node voltages at the cells.
Of a PCM cell the current is that of its heater, with its transistor where there is one, and the
voltage of the GST is a state. Such a differential-algebraic system of index 1 is integrated by the
method that one cell is, Rodas3 (Sandu et al., Atmospheric Environment 31, 3459 (1997); Hairer and
Wanner, "Solving Ordinary Differential Equations II", section VI.4). In each stage the states of a
cell are eliminated by themselves, which leaves a linear crossbar: one factorisation a step, shared
by neighbouring steps as the preconditioner of GMRES where the array is large.

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
from xbar_circuit.errors import ConvergenceError, ParameterError, ShapeError
from xbar_circuit.nodal._write_network import WriteNetwork
from xbar_circuit.nodal._written_cells import Slopes, WrittenCells, written_cells
from xbar_circuit.peripherals.drivers.write_lines import WriteLines
from xbar_circuit.write_result import WriteResult

__all__ = ["write"]

_USUAL = 1e-3  # relative tolerance of a step, for which the absolute ones are meant; chosen
_NODE_VOLT = 1e-3  # what error of a wire's node does not matter
_FIRST_STEP = 1e-11  # s
_GROW, _SHRINK, _SAFETY = 5.0, 0.2, 0.9
_MOST_STEPS = 20_000


def write(
    crossbar: Crossbar,
    lines: WriteLines,
    *,
    access: tuple[OneT1R, OneT1R] | None = None,
    relative: float = _USUAL,
    progress: Callable[[float], None] | None = None,
) -> WriteResult:
    """Apply a pulse to an array of cells with a write law, and return the state of all of them.

    Parameters
    ----------
    crossbar
        The array before the pulse; its cells are :class:`~xbar_circuit.devices.PcmCell`,
        :class:`~xbar_circuit.cells.OneT1R` around one, or
        :class:`~xbar_circuit.devices.FilamentCell`. Its terminals play no part.
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
        Of every cell (rows, cols): amorphous thickness or length of the filament, before and after
        [m], peak voltage [V], current [A] and temperature [degree Celsius]; the energy of all
        drivers [J].

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
    system = _Array(crossbar, lines, written_cells(crossbar, lines, access))
    return system.follow(tolerance, progress or (lambda share: None))  # noqa: ARG005


@dataclass(slots=True)
class _Point:
    """States (cells, states) in their units, and voltages of the nodes (nodes,) [V]."""

    y: FloatArray
    z: FloatArray


class _Array:
    """Cells, wires and drivers as one system."""

    def __init__(self, crossbar: Crossbar, lines: WriteLines, cells: WrittenCells) -> None:
        self._bar, self._lines, self._cells = crossbar, lines, cells
        self._there: NDArray[np.bool_] = crossbar.conductance > 0.0
        self._net = WriteNetwork(crossbar, lines)

    def follow(self, relative: float, progress: Callable[[float], None]) -> WriteResult:
        """Integrate over the whole waveform, from rest."""
        lines, net = self._lines, self._net
        cells = self._cells
        point = _Point(cells.start, np.zeros(net.unknowns))
        drives = np.concatenate([lines.row_volt, lines.column_volt], axis=1)
        if np.any(drives[0] != 0.0):
            raise ParameterError.about(
                "lines",
                got="a waveform that does not begin at 0 V",
                expected="an array at rest at the first corner",
                remedy="begin with an edge from 0 V",
            )
        peaks = np.zeros((3, len(cells.start)))
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
                seen = np.abs(drop), np.abs(current), point.y[:, cells.heat]
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
        cold = float(cells.celsius(np.zeros(1))[0])
        rows = self._bar.rows
        return WriteResult(
            crossbar=self._bar,
            before_metre=self._spread(cells.metre(cells.start)),
            after_metre=self._spread(cells.metre(point.y)),
            peak_volt=self._spread(peaks[0]),
            peak_ampere=self._spread(peaks[1]),
            peak_celsius=self._spread(cells.celsius(peaks[2]), cold),
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

    def _ends(self, point: _Point) -> tuple[FloatArray, FloatArray]:
        """Return the voltages of the cells' nodes on their word and bit lines (cells,) [V]."""
        return point.z[self._net.row], point.z[self._net.column]

    def _residual(self, point: _Point, drive: FloatArray) -> tuple[FloatArray, float]:
        """Return the cells' currents and the largest error of KCL [A]."""
        current = self._cells.current(point.y, *self._ends(point))
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
        t, h, net, cells = begin, min(_FIRST_STEP, end - begin), self._net, self._cells
        unit = np.eye(cells.start.shape[1])
        moved = net.inject(slope)
        while t < end:
            current = cells.current(point.y, *self._ends(point))
            local = cells.slopes(point.y, *self._ends(point))
            f = local.rates
            g = net.imbalance(point.z, current, low + slope * (t - begin))
            while True:
                h = min(h, end - t)
                inverse: FloatArray = np.asarray(
                    np.linalg.inv(unit * (2.0 / h) - local.rate_by_state), dtype=np.float64
                )
                stage = _Stage(net, inverse, local)
                u1 = stage.solve(f, g + 0.5 * h * moved)
                u2 = stage.solve(f + (4.0 / h) * u1.y, g + 1.5 * h * moved)
                drive = low + slope * (t + h - begin)
                f3, g3 = self._right(point, drive, (2.0, u1))
                u3 = stage.solve(f3 + (u1.y - u2.y) / h, g3)
                f4, g4 = self._right(point, drive, (2.0, u1), (1.0, u3))
                u4 = stage.solve(f4 + (u1.y - u2.y - (8.0 / 3.0) * u3.y) / h, g4)
                new = _Point(point.y + 2.0 * u1.y + u3.y + u4.y, point.z + 2.0 * u1.z + u3.z + u4.z)
                error = _error(point, new, u4, relative, cells.absolute)
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
        ends = self._ends(there)
        current = self._cells.current(y, *ends)
        return self._cells.rates(y, *ends), self._net.imbalance(z, current, drive)


class _Stage:
    """The linear system of a step: the cells' states are eliminated, a crossbar is left.

    With M the matrix of a cell's stage, ``x = M^-1 (r + f_u du + f_w dw)``, so that its current
    changes by ``(a + k f_u) du - (b - k f_w) dw + k r`` with ``k = h_y M^-1``.
    """

    def __init__(self, net: WriteNetwork, inverse: FloatArray, local: Slopes) -> None:
        self._net, self._inverse, self._local = net, inverse, local
        self._through = np.einsum("ni,nij->nj", local.current_by_state, inverse)
        net.load(
            local.a + (self._through * local.rate_by_row).sum(axis=1),
            local.b - (self._through * local.rate_by_column).sum(axis=1),
        )

    def solve(self, cells: FloatArray, nodes: FloatArray) -> _Point:
        """Return the stage for right-hand sides of the states and of the nodes."""
        own = (self._through * cells).sum(axis=1)
        z = self._net.solve(nodes - self._net.collect(own))
        moved = self._local.rate_by_row * z[self._net.row][:, np.newaxis]
        moved += self._local.rate_by_column * z[self._net.column][:, np.newaxis]
        return _Point(np.einsum("nij,nj->ni", self._inverse, cells + moved), z)


def _error(
    before: _Point, after: _Point, error: _Point, relative: float, absolute: FloatArray
) -> float:
    """Return the largest error of a step over what is allowed; infinite where it is not finite."""
    shares, tight = [0.0], min(1.0, relative / _USUAL)
    for one, two, wrong, least in (
        (before.y, after.y, error.y, tight * absolute),
        (before.z, after.z, error.z, tight * _NODE_VOLT),
    ):
        if wrong.size:
            allowed = least + relative * np.maximum(np.abs(one), np.abs(two))
            shares.append(float(np.max(np.abs(wrong) / allowed)))
    return max(shares) if np.isfinite(shares).all() else np.inf


def _step_factor(error: float) -> float:
    if not np.isfinite(error):
        return _SHRINK
    return float(min(_GROW, max(_SHRINK, _SAFETY * max(error, 1e-12) ** (-1.0 / 3.0))))
