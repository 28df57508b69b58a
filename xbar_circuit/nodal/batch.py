"""Newton's iteration for many inputs side by side.

Each step puts a straight line in the place of each cell and solves for the currents. The line is
the tangent at the voltage that the wires give the cell, or, where the cell would answer that with
far too much current, the tangent where it carries the current that the wires do (so a diode's
junction voltage is limited in SPICE: L. W. Nagel, Memo ERL-M520, University of California,
Berkeley, 1975). A step that raises the error is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal.corrections import Corrections
from xbar_circuit.nodal.hierarchical import slopes

__all__ = ["BatchNewton", "Settings"]

IntArray = NDArray[np.int64]

_FORCING = 0.03  # how far the linear solves go at least, relative
_SMALLEST_STEP = 2.0**-10
_ASYMMETRY = 0.5  # beyond it the mean of both slopes is no guide
_OVERSHOOT = 1.0  # excess current, relative to the largest, from where tangents are bent
_BENT = 0.1  # how closely a bent tangent meets the current
_BENDS = 40


class Settings(Protocol):
    """What the iteration needs to know of `NewtonKrylov`."""

    @property
    def tolerance(self) -> float:
        """Current error to reach, relative to the largest branch current."""
        ...

    @property
    def steps(self) -> int:
        """Largest number of steps."""
        ...


@dataclass(slots=True)
class _State:
    """Currents f [A] through the wires and the voltages u, w [V] at the cells, one batch."""

    f: FloatArray
    u: FloatArray
    w: FloatArray

    def only(self, which: IntArray | NDArray[np.bool_]) -> _State:
        """Return some samples."""
        return _State(self.f[which], self.u[which], self.w[which])

    def moved(self, step: _State) -> _State:
        """Return the state a step further."""
        return _State(self.f + step.f, self.u + step.u, self.w + step.w)

    def half_way(self, other: _State, which: NDArray[np.bool_]) -> _State:
        """Return the middle of both, of some samples."""
        pairs = ((self.f, other.f), (self.u, other.u), (self.w, other.w))
        f, u, w = (0.5 * (one[which] + two[which]) for one, two in pairs)
        return _State(f, u, w)

    def replace(self, which: NDArray[np.bool_], other: _State) -> None:
        """Take some samples from elsewhere, in place."""
        self.f[which], self.u[which], self.w[which] = other.f, other.u, other.w


@dataclass(slots=True)
class _Tangent:
    """Cells as straight lines: current beyond f at the wires' voltages, slopes to u and -w."""

    excess: FloatArray
    a: FloatArray
    b: FloatArray

    def only(self, which: IntArray | NDArray[np.bool_]) -> _Tangent:
        """Return some samples."""
        return _Tangent(self.excess[which], self.a[which], self.b[which])


class BatchNewton:
    """The iteration of one batch of samples.

    `f` are the currents that the wires carry, `u` and `w` the node voltages that these cause:
    Kirchhoff's law holds for them at any time, and steps mix them freely.
    """

    def __init__(
        self, method: Settings, crossbar: Crossbar, corrections: Corrections, volts: FloatArray
    ) -> None:
        self._method, self._bar, self._corrections = method, crossbar, corrections
        self._open = np.flatnonzero(crossbar.conductance.ravel() == 0.0)
        self._loads_row = crossbar.cell.loads_row
        shape = (len(volts), *crossbar.shape)
        self._whole_volts = volts[:, :, np.newaxis]
        self.u, self.w = np.empty(shape), np.empty(shape)
        self.current = np.full((len(volts), crossbar.cols), np.nan)  # of the columns
        self.iterations = np.zeros(len(volts), dtype=np.int64)
        self.converged = np.zeros(len(volts), dtype=bool)

    def run(self) -> None:
        """Iterate until every sample has converged or given up."""
        bar, method = self._bar, self._method
        active = np.arange(len(self.u))
        volts = np.array(np.broadcast_to(self._whole_volts, self.u.shape))
        state = _State(np.zeros(self.u.shape), volts, np.zeros(self.u.shape))
        slope = np.broadcast_to(slopes(bar), self.u.shape)
        most = 0.03 * method.tolerance if bar.cell.linear else _FORCING
        bent = np.zeros(len(active), dtype=bool)
        tangent = _Tangent(slope * volts, slope, slope)
        step = self._step(tangent, np.full(len(active), most), bent)
        start, state = state, state.moved(step)
        fraction = np.ones(len(active))
        error = np.full(len(active), np.inf)
        self.iterations += 1
        for _ in range(method.steps + 1):
            tangent = self._respond(state)
            size, peak = _mismatch(tangent, state.f)
            good = (size <= method.tolerance * peak) & np.isfinite(peak)
            steep, was_bent = self._bend(state, tangent, good), bent
            bent = np.isfinite(steep)
            merit = np.where(bent, steep, size)
            better = (merit < error) | (bent != was_bent)
            worse = ~good & ~(better & np.isfinite(merit))
            self._finish(active[good], state.only(good))
            self.current[active[good]] = (tangent.excess[good] + state.f[good]).sum(axis=1)
            going = ~good & (self.iterations[active] < method.steps)
            going &= ~worse | (fraction > _SMALLEST_STEP)
            if not going.any():
                self._finish(active[~good], state.only(~good), converged=False)
                return
            if not going.all():
                lost = ~good & ~going
                self._finish(active[lost], state.only(lost), converged=False)
                active, state, start, tangent = (
                    active[going],
                    state.only(going),
                    start.only(going),
                    tangent.only(going),
                )
                size, peak, merit, error = size[going], peak[going], merit[going], error[going]
                worse, bent, fraction = worse[going], bent[going], fraction[going]
            relative = np.where(bent, 1.0, size / peak)
            forcing = np.clip(relative, 0.3 * method.tolerance / relative, _FORCING)
            forcing[worse] = 1.0
            tangent.excess[worse] = 0.0
            step = self._step(tangent, forcing, bent)
            fraction = np.where(worse, 0.5 * fraction, 1.0)
            ahead = state.moved(step)
            if worse.any():
                ahead.replace(worse, start.half_way(state, worse))
                state.replace(worse, start.only(worse))
            start, state = state, ahead
            error = np.where(worse, error, merit)
            self.iterations[active[~worse]] += 1
        self._finish(active, state, converged=False)

    def _finish(self, which: IntArray, state: _State, *, converged: bool = True) -> None:
        self.u[which], self.w[which] = state.u, state.w
        self.converged[which] = converged

    def _respond(self, state: _State) -> _Tangent:
        """Return the cells' excess of current over the wires', and slopes; 0 where open."""
        response = self._bar.cell.respond(state.u, state.w, self._bar.conductance)
        excess = np.subtract(response.current, state.f, order="C")
        a, b = response.row_slope, -response.column_slope
        if self._open.size:
            a, b = np.array(a, order="C"), np.array(b, order="C")
            for part in (excess, a, b):
                part.reshape(len(part), -1)[:, self._open] = 0.0
        return _Tangent(excess, a, b)

    def _bend(self, state: _State, tangent: _Tangent, good: NDArray[np.bool_]) -> FloatArray:
        """Where cells overshoot, take their tangents at the wires' current instead, in place.

        A cell whose current rises exponentially answers a step of the voltage with far too much
        current; its tangent at the voltage where it carries what the wires do tells more. Returns
        the largest distance between both voltages of each sample [V], NaN where none is bent.
        """
        distance = np.full(len(state.f), np.nan)
        if self._bar.cell.linear or not self._loads_row:
            return distance
        peak = np.abs(state.f).max(axis=(1, 2))
        with np.errstate(over="ignore", invalid="ignore"):
            over = (np.abs(tangent.excess) > _OVERSHOOT * peak[:, np.newaxis, np.newaxis]) & ~(
                tangent.excess * state.f < 0.0
            )
        which = np.flatnonzero(over.any(axis=(1, 2)) & ~good & (peak > 0.0))
        if which.size == 0:
            return distance
        own = state.only(which)
        theta = np.zeros_like(own.f)
        bend = tangent.only(which)
        for _ in range(_BENDS):
            rising = bend.excess * own.f > 0.0
            slope = 0.5 * (bend.a + bend.b)
            far = rising & (np.abs(bend.excess) > _BENT * np.abs(own.f)) & (slope > 0.0)
            if not far.any():
                break
            theta[far] += bend.excess[far] / slope[far]
            bend = self._respond(_State(own.f, own.u - 0.5 * theta, own.w + 0.5 * theta))
        bend.excess += 0.5 * (bend.a + bend.b) * theta
        for whole, part in (
            (tangent.excess, bend.excess),
            (tangent.a, bend.a),
            (tangent.b, bend.b),
        ):
            whole[which] = part
        distance[which] = np.abs(theta).max(axis=(1, 2))
        return distance

    def _step(self, tangent: _Tangent, forcing: FloatArray, bent: NDArray[np.bool_]) -> _State:
        """Return Newton's step of currents and voltages."""
        a, b, excess = tangent.a, tangent.b, tangent.excess
        lopsided = np.zeros(len(a), dtype=bool)
        if self._loads_row and a is not b:
            lopsided = np.abs(a - b).max(axis=(1, 2)) > _ASYMMETRY * np.abs(b).max(axis=(1, 2))
            root = np.sqrt(np.maximum(0.5 * (a + b), 0.0))
        else:
            root = np.sqrt(np.maximum(b, 0.0))
        known = np.divide(excess, root, out=np.zeros_like(root), where=root > 0.0)
        change = self._corrections.solve(root, known, forcing, exact=bent)
        change *= root
        change[lopsided] = np.nan  # not for conjugate gradients: the direct method takes it
        lines = self._corrections.lines
        w = lines.column.drop_across(change)
        u = -lines.row.drop_along(change) if self._loads_row else np.zeros_like(w)
        return _State(change, u, w)


def _mismatch(tangent: _Tangent, f: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest current error and the largest branch current, (batch,) [A]."""
    current = tangent.excess + f
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(tangent.excess).max(axis=(1, 2))
        peak = np.maximum(
            np.abs(current.sum(axis=1)).max(axis=1), np.abs(current.sum(axis=2)).max(axis=1)
        )
    peak = np.maximum(peak, np.abs(current).max(axis=(1, 2)))
    return size, np.where(peak > 0.0, peak, 1.0)
