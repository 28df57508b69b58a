"""Newton's method with the exact Jacobian, each step an elimination that never subtracts.

Each step puts a straight line in place of each cell, ``I = a u - b w + s``, and solves the
linear network with the currents s injected beside the cells (`Elimination`). The line is the
tangent at the last solution or, where the cell would carry far more current there than its line
did, the tangent where it carries what the line did (so a diode's junction voltage is limited in
SPICE: L. W. Nagel, Memo ERL-M520, University of California, Berkeley, 1975).

A sample has converged when no line was bent and a step changed no column current by more than the
tolerance, relative to the column's full scale, the sum of |V| times the transfer. Where floating
wires hang by steep selectors rounding alone may move it by more; after many steps a larger change
is enough, and is part of the bound on the error that every answer carries. The last currents
are those of the resistors that carry what the cells do: sums of products of one sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import SUM_ERROR, Elimination, certified
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Bounded
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.direct import PreparedDirect, Solved, factor_bytes, refuse_large
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["Newton", "PreparedNewton", "answer"]

IntArray = NDArray[np.int64]

_OVERSHOOT = 2.0  # a cell's current over its line's, from where the tangent is taken elsewhere
_BENT = 1e-3  # how closely a bent tangent meets the line's current
_BISECTIONS = 80
_PATIENCE = 40  # steps after which points are taken half-way only
_STANDSTILL = 1e-10  # change that then is enough: rounding moves wires that hardly anything holds
_BYTES_AT_ONCE = 1 << 28
_SHARES = 8.0  # of a column's full scale for each share by which all resistors may be off
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newton:
    """Newton with direct steps: slow but reliable, for any cell, wires and terminals.

    Parameters
    ----------
    tolerance
        Change of the column currents to reach, relative to their full scale.
    steps
        Largest number of Newton steps per sample.

    Raises
    ------
    ParameterError
        A setting is out of range.
    """

    tolerance: float = 1e-12
    steps: int = 200

    def __post_init__(self) -> None:
        tolerance = checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)
        object.__setattr__(self, "tolerance", tolerance)
        object.__setattr__(self, "steps", checks.count("steps", self.steps))

    def prepare(self, crossbar: Crossbar) -> PreparedNewton:
        """Return the array ready for reads.

        Parameters
        ----------
        crossbar
            The array, of any cells.

        Returns
        -------
        PreparedNewton
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            The array is so large that its factors would take more than 4 GiB.
        """
        refuse_large(crossbar, "nodal.Newton")
        return PreparedNewton(crossbar, self)


class PreparedNewton:
    """A crossbar of any cells, ready for Newton's method."""

    def __init__(self, crossbar: Crossbar, method: Newton) -> None:
        self._crossbar = crossbar
        self._method = method

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Node voltages and currents, and the number of iterations of each sample.
        """
        clean = checks.read_volts("volts", volts, self._crossbar.rows)
        return answer(
            self._crossbar, clean, self.solve(clean), engine="nodal: Newton, direct elimination"
        )

    def transfer(self) -> FloatArray:
        """Return the transfer matrix of linear cells; a nonlinear array has none.

        Returns
        -------
        array
            (rows, cols) [S].

        Raises
        ------
        ParameterError
            The cells are not linear.
        """
        refuse_nonlinear(self._crossbar, "transfer()")
        return self.read(np.eye(self._crossbar.rows)).column_current

    def solve(self, volts: FloatArray) -> Solved:
        """Return node voltages and currents of every sample, converged or not.

        Parameters
        ----------
        volts
            (batch, rows) [V], float64.

        Returns
        -------
        Solved
            Voltages (batch, rows, cols) [V] and currents (batch, cols) [A]; `converged` says of
            which samples they are a solution.
        """
        bar = self._crossbar
        if bar.cell.linear:
            return PreparedDirect(bar).solve(volts)
        solved = Solved.empty(bar, len(volts))
        step = max(1, _BYTES_AT_ONCE // factor_bytes(bar))
        with threads(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for start in range(0, len(volts), step):
                part = np.arange(start, min(start + step, len(volts)))
                _Iteration(bar, self._method, volts, solved, part).run()
        return solved


class _Iteration:
    """Newton's iteration of some samples side by side."""

    def __init__(
        self,
        crossbar: Crossbar,
        method: Newton,
        volts: FloatArray,
        solved: Solved,
        part: IntArray,
    ) -> None:
        self._bar, self._method, self._solved = crossbar, method, solved
        self._active = part
        self._volts = volts
        self._there = crossbar.conductance > 0.0

    def run(self) -> None:
        """Iterate until every sample has converged or given up."""
        bar, solved = self._bar, self._solved
        shape = (len(self._active), *bar.shape)
        a = np.broadcast_to(slopes(bar), shape)
        b, source = a, np.zeros(shape)
        point_u = point_w = np.zeros(shape)
        before = np.full((len(self._active), bar.cols), np.nan)
        for step in range(self._method.steps + 1):
            volts = self._volts[self._active]
            factors = Elimination(bar, a, b)
            drive = np.stack([volts, np.abs(volts)], axis=-1)
            sources = np.stack([source, np.zeros_like(source)], axis=-1)
            found = factors.solve(drive, -sources, sources)
            u, w = found.row[..., 0], found.column[..., 0]
            current, scale = found.current[..., 0], found.current[..., 1]
            line = a * u - b * w + source
            blur = _ROUNDING * (np.abs(a * u) + np.abs(b * w) + np.abs(source))
            point_u, point_w, bent = self._points((point_u, point_w), (u, w), (line, blur), step)
            change = np.abs(current - before)
            enough = self._method.tolerance if step <= _PATIENCE else _STANDSTILL
            good = ~bent & (change <= enough * scale).all(axis=1)
            solved.iterations[self._active] = step
            if good.any():
                which = self._active[good]
                solved.row[which], solved.column[which] = u[good], w[good]
                solved.current[which] = current[good]
                solved.error[which], solved.scale[which] = change[good], scale[good]
                self._settle(which)
            lost = ~good & ~(np.isfinite(u) & np.isfinite(w)).all(axis=(1, 2))
            going = ~good & ~lost
            self._active, before = self._active[going], current[going]
            if self._active.size == 0:
                return
            point_u, point_w = point_u[going], point_w[going]
            value, a, b = self._respond(point_u, point_w)
            source = value - a * point_u + b * point_w

    def _respond(self, u: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the cells' currents and slopes; 0 where open, slopes never negative."""
        response = self._bar.cell.respond(u, w, self._bar.conductance)
        value, a, b = response.current, response.row_slope, -response.column_slope
        there = self._there
        return (
            np.where(there, value, 0.0),
            np.where(there, np.maximum(a, 0.0), 0.0),
            np.where(there, np.maximum(b, 0.0), 0.0),
        )

    def _points(
        self,
        last: tuple[FloatArray, FloatArray],
        new: tuple[FloatArray, FloatArray],
        lines: tuple[FloatArray, FloatArray],
        step: int,
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Return where the next tangents are taken (u, w), and which samples have bent ones.

        `lines` are the currents of the lines and what rounding may have made of them: a cell at the
        end of a floating wire carries nothing else, and its line says nothing.
        """
        line, blur = lines
        u0, w0 = last
        u, w = (np.where(self._there, part, 0.0) for part in new)

        def current(share: FloatArray | float) -> FloatArray:
            u1, w1 = u0 + share * (u - u0), w0 + share * (w - w0)
            return self._bar.cell.respond(u1, w1, self._bar.conductance).current

        def over(value: FloatArray, most: float) -> NDArray[np.bool_]:
            excess = ~(np.abs(value) <= most * np.abs(line) + blur) & ~(line * value < 0.0)
            return np.asarray(excess & self._there & (value != 0.0))

        value, full = current(1.0), np.ones_like(u)
        bent = over(value, _OVERSHOOT) & ~(np.abs(value) <= np.abs(current(0.0)))
        if bent.any():
            low, high = np.zeros_like(u), np.where(bent, 1.0, 0.0)
            for _ in range(_BISECTIONS):
                middle = 0.5 * (low + high)
                far = over(current(middle), 1.0)
                high = np.where(far, middle, high)
                low = np.where(far, low, middle)
                if (high - low <= _BENT * high).all():
                    break
            full = np.where(bent, low, full)
        which = np.asarray(bent.any(axis=(1, 2)))
        if step > _PATIENCE:
            full = 0.5 * full
        return u0 + full * (u - u0), w0 + full * (w - w0), which

    def _settle(self, which: IntArray) -> None:
        """Give the converged samples the currents of the resistors that carry what cells do.

        What the rounding of the voltages does to these resistors, and what the last step changed,
        is the bound on the error.
        """
        solved, bar = self._solved, self._bar
        solved.converged[which] = True
        u, w = solved.row[which], solved.column[which]
        value, a, _ = self._respond(u, w)
        size = np.abs(u) + np.abs(w)
        if not bar.cell.loads_row:
            solved.scale[which] = np.abs(value).sum(axis=1)
            solved.error[which] += _ROUNDING * (a * size).sum(axis=1)
            solved.error[which] += SUM_ERROR * solved.scale[which]
            return
        drop = u - w
        secant = np.where(drop * value > 0.0, value / drop, a)
        drive = np.stack([self._volts[which], np.abs(self._volts[which])], axis=-1)
        found = Elimination(bar, secant, secant).solve(drive)
        current, scale = found.current[..., 0], found.current[..., 1]
        # how far the rounding of the voltages moves a resistor, relative to itself
        moved = np.abs(a * drop / value - 1.0) * np.minimum(_ROUNDING * size / np.abs(drop), 1.0)
        moved = np.where((drop == 0.0) | (value == 0.0), 0.0, moved).max(axis=(1, 2))
        error = solved.error[which] + np.abs(current - solved.current[which])
        error += (SUM_ERROR + _SHARES * moved[:, np.newaxis]) * scale
        solved.current[which], solved.scale[which], solved.error[which] = current, scale, error


def answer(crossbar: Crossbar, volts: FloatArray, solved: Solved, *, engine: str) -> ReadResult:
    """Return the result of a read, or raise it inside a ``ConvergenceError``.

    Raises
    ------
    ConvergenceError
        Not all samples converged, or the error bound of some is too large; the failed ones are NaN
        in the result it carries.
    ParameterError
        A solution lies outside the table of the cells.
    """
    ok = solved.converged
    if isinstance(crossbar.cell, Bounded):
        crossbar.cell.refuse_beyond(solved.row[ok], solved.column[ok])
    failed = ~ok
    row, column = solved.row, solved.column
    current, error = solved.current, solved.error
    if failed.any():
        row, column, current, error = (np.array(part) for part in (row, column, current, error))
        for part in (row, column, current, error):
            part[failed] = np.nan
    result = ReadResult(
        crossbar=crossbar,
        volts=volts,
        column_current=current,
        column_current_error=error,
        nodes=NodeVoltages(row=row, column=column),
        engine=engine,
        iterations=solved.iterations,
        converged=ok,
    )
    if failed.any():
        which = np.flatnonzero(failed).tolist()
        raise ConvergenceError(
            f"volts: got {len(which)} of {len(volts)} samples that did not converge"
            f" (samples {which[:8]}{'...' if len(which) > 8 else ''}), expected an error within"
            " the tolerance; lower the read voltages, or allow more steps with"
            " method=nodal.Newton(steps=...)",
            failed=which,
            result=result,
        )
    return certified(result, scale=solved.scale)
