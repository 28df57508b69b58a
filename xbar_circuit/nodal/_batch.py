"""Newton's iteration for many inputs side by side.

Each step puts a straight line in place of each cell and solves for the currents. The line is
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

from xbar_circuit._backend import (
    Array,
    Backend,
    at_least,
    backend,
    empty,
    namespace,
    put_samples,
    take,
    zeros,
)
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import TOLERANCE, Cells
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import CellResponse, Ohmic, Sinh
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.nodal._certainty import certainty
from xbar_circuit.nodal._corrections import Corrections
from xbar_circuit.nodal._line_steps import LineSteps
from xbar_circuit.nodal.hierarchical import slopes

__all__ = ["BatchNewton", "BatchSettings"]

IntArray = NDArray[np.int64]

_FORCING = 0.03  # how far the linear solves go at least, relative
_SMALLEST_STEP = 2.0**-10
_ASYMMETRY = 0.5  # beyond it the mean of both slopes is no guide
_POOR = 0.7  # of all currents wrong: a start that is worth another one
_OVERSHOOT = 1.0  # excess current, relative to the largest, from where tangents are bent
_BENT = 0.1  # how closely a bent tangent meets the current
_BENDS = 40
_TINY = 1e-150  # root of a slope that counts as 0


class BatchSettings(Protocol):
    """What the iteration needs to know of `NewtonKrylov`."""

    @property
    def tolerance(self) -> float:
        """Current error to reach, relative to the largest branch current."""
        ...

    @property
    def steps(self) -> int:
        """Largest number of steps."""
        ...

    @property
    def iterations(self) -> int:
        """Largest number of iterations a step."""
        ...


@dataclass(slots=True)
class _State:
    """Currents f [A] through the wires and the voltages u, w [V] at the cells, one batch."""

    f: Array
    u: Array
    w: Array

    def only(self, which: IntArray | NDArray[np.bool_]) -> _State:
        """Return some samples."""
        return _State(take(self.f, which), take(self.u, which), take(self.w, which))

    def half_way(self, other: _State, which: NDArray[np.bool_]) -> _State:
        """Return the middle of both, of some samples."""
        pairs = ((self.f, other.f), (self.u, other.u), (self.w, other.w))
        f, u, w = (0.5 * (take(one, which) + take(two, which)) for one, two in pairs)
        return _State(f, u, w)

    def replace(self, which: NDArray[np.bool_], other: _State) -> None:
        """Take some samples from elsewhere, in place."""
        put_samples(self.f, which, other.f)
        put_samples(self.u, which, other.u)
        put_samples(self.w, which, other.w)


@dataclass(slots=True)
class _Tangent:
    """Cells as straight lines: current beyond f at the wires' voltages, slopes to u and -w.

    `current` is what the cells carry at these voltages; only the first step does not know it.
    """

    excess: Array
    a: Array
    b: Array
    current: Array | None = None

    def only(self, which: IntArray | NDArray[np.bool_]) -> _Tangent:
        """Return some samples."""
        a = take(self.a, which)
        b = a if self.b is self.a else take(self.b, which)
        return _Tangent(take(self.excess, which), a, b)


class BatchNewton:
    """The iteration of one batch of samples.

    `f` are the currents that the wires carry, `u` and `w` the node voltages that these cause:
    Kirchhoff's law holds for them at any time, and steps mix them freely. Fields live where `place`
    says; what is known of each sample, and all decisions, are NumPy's.
    """

    def __init__(
        self,
        method: BatchSettings,
        crossbar: Crossbar,
        corrections: Corrections,
        volts: FloatArray,
        place: Backend | None = None,
        *,
        slope: FloatArray | None = None,
    ) -> None:
        self._method, self._bar, self._corrections = method, crossbar, corrections
        self._place = backend(None) if place is None else place
        steps = LineSteps(crossbar, limit=method.iterations) if self._place.numpy else None
        self._lines = steps if steps is not None and steps.suit else None
        self._slope = slopes(crossbar) if slope is None else slope
        self._g = self._place.put(crossbar.conductance)
        live = crossbar.conductance > 0.0
        self._live = None if live.all() else self._place.put(live.astype(np.float64))
        self._loads_row = crossbar.cell.loads_row
        shape = (len(volts), *crossbar.shape)
        self._whole_volts = self._place.put(volts)[:, :, np.newaxis]
        self.u, self.w = empty(self._g, shape), empty(self._g, shape)
        columns = (len(volts), crossbar.cols)
        self.current = np.full(columns, np.nan)  # of the columns
        self.error, self.scale = np.full(columns, np.nan), np.full(columns, np.nan)
        self.iterations = np.zeros(len(volts), dtype=np.int64)
        self.converged = np.zeros(len(volts), dtype=bool)

    def run(self) -> None:
        """Iterate until every sample has converged or given up."""
        method, place = self._method, self._place
        active = np.arange(len(self.u))
        volts = zeros(self.u, self.u.shape) + self._whole_volts
        start, state, first = self._begin(volts, active)
        bent = np.zeros(len(active), dtype=bool)
        fraction = np.ones(len(active))
        error = np.full(len(active), np.inf)
        self.iterations += 1
        for _ in range(method.steps + 1):
            tangent = first if first is not None else self._respond(state)
            first = None
            size, peak = _mismatch(tangent, place)
            good = (size <= method.tolerance * peak) & np.isfinite(peak)
            good = self._certain(active, state, tangent, good)
            steep, was_bent = self._bend(state, tangent, size, good), bent
            bent = np.isfinite(steep)
            merit = np.where(bent, steep, size)
            better = (merit < error) | (bent != was_bent)
            worse = ~good & ~(better & np.isfinite(merit))
            self._finish(active[good], state.only(good))
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
            if worse.any():
                put_samples(tangent.excess, worse, 0.0 * take(tangent.excess, worse))
            step = self._step(tangent, forcing, bent)
            fraction = np.where(worse, 0.5 * fraction, 1.0)
            ahead = self._state(state.f + step, active)
            if worse.any():
                ahead.replace(worse, start.half_way(state, worse))
                state.replace(worse, start.only(worse))
            start, state = state, ahead
            error = np.where(worse, error, merit)
            self.iterations[active[~worse]] += 1
        self._finish(active, state, converged=False)

    def _begin(self, volts: Array, active: IntArray) -> tuple[_State, _State, _Tangent | None]:
        """Return where the iteration starts, its first step, and the tangents there if known.

        The first tangents are those at 0 V. They say little of cells that conduct far more at the
        inputs (selectors, diodes): there those at the inputs are taken, as if wires had no
        resistance, if that leaves less of the error.
        """
        method, place, xp = self._method, self._place, self._place.xp
        rest = _State(zeros(volts, volts.shape), volts, zeros(volts, volts.shape))
        slope = xp.broadcast_to(place.put(self._slope), self.u.shape)
        straight = np.zeros(len(active), dtype=bool)
        linear = self._bar.cell.linear
        most = np.full(len(active), 0.03 * method.tolerance if linear else _FORCING)
        state = self._state(
            self._step(_Tangent(slope * volts, slope, slope), most, straight), active
        )
        if linear:
            return rest, state, None
        tangent = self._respond(state)
        share = _share(tangent, place)
        which = np.flatnonzero(~(share <= _POOR))
        if which.size == 0:
            return rest, state, tangent
        try:
            known = self._respond(rest.only(which))
            other = self._state(self._step(known, most[which], straight[which]), which)
            found = self._respond(other)
        except (ParameterError, ConvergenceError):
            return rest, state, tangent  # a cell refuses what it would see without wires
        left = _share(found, place)
        better = np.isfinite(left) & ~(left >= share[which])  # the first may not even be a number
        if better.all() and which.size == len(active):
            return rest, other, found
        state.replace(_mask(which[better], len(active)), other.only(better))
        return rest, state, None if better.any() else tangent

    def _certain(
        self, active: IntArray, state: _State, tangent: _Tangent, good: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Keep the column currents of good samples; return those that are also certain."""
        which = np.flatnonzero(good)
        if which.size == 0:
            return good
        at, own, cells = active[which], state.only(which), tangent.only(which)
        found = certainty(
            self._bar,
            take(self._whole_volts, at),
            Cells(cells.excess + own.f, cells.excess, own.u - own.w, cells.a, cells.b),
            self._corrections,
        )
        self.current[at], self.error[at], self.scale[at] = found
        sure = good.copy()
        sure[which] = (found[1] <= TOLERANCE * found[2]).all(axis=1)
        return sure

    def _finish(self, which: IntArray, state: _State, *, converged: bool = True) -> None:
        put_samples(self.u, which, state.u)
        put_samples(self.w, which, state.w)
        self.converged[which] = converged

    def _respond(self, state: _State) -> _Tangent:
        """Return the cells' excess of current over the wires', and slopes; 0 where open."""
        response = self._law(state.u, state.w)
        current, a = response.current, response.row_slope
        b = a if response.symmetric else -response.column_slope
        if self._live is not None:  # where open, whatever the law says: 0, not 0 times infinity
            xp, live = self._place.xp, self._live > 0.0
            nothing = xp.zeros_like(current)
            same = b is a
            current, a = xp.where(live, current, nothing), xp.where(live, a, nothing)
            b = a if same else xp.where(live, b, nothing)
        return _Tangent(current - state.f, a, b, current)

    def _law(self, u: Array, w: Array) -> CellResponse:
        """Return what the cells carry; laws that only NumPy knows are asked there."""
        cell, place = self._bar.cell, self._place
        if place.numpy or isinstance(cell, Ohmic | Sinh):
            return cell.respond(u, w, self._g)
        here = cell.respond(place.get(u), place.get(w), self._bar.conductance)
        return CellResponse(
            current=place.put(here.current),
            row_slope=place.put(here.row_slope),
            column_slope=place.put(here.column_slope),
            symmetric=here.symmetric,
        )

    def _bend(
        self, state: _State, tangent: _Tangent, size: FloatArray, good: NDArray[np.bool_]
    ) -> FloatArray:
        """Where cells overshoot, take their tangents at the wires' current instead, in place.

        A cell whose current rises exponentially answers a step of the voltage with far too much
        current; its tangent at the voltage where it carries what the wires do tells more. Returns
        the largest distance between both voltages of each sample [V], NaN where none is bent.
        """
        distance = np.full(len(state.f), np.nan)
        if self._bar.cell.linear or not self._loads_row:
            return distance
        place = self._place
        xp = place.xp
        peak = place.get(_largest(state.f))
        which = np.flatnonzero((size > _OVERSHOOT * peak) & ~good & (peak > 0.0))
        if which.size:
            own, excess = state.only(which), take(tangent.excess, which)
            limit = xp.reshape(place.put(_OVERSHOOT * peak[which]), (-1, 1, 1))
            with np.errstate(over="ignore", invalid="ignore"):
                over = (xp.abs(excess) > limit) & ~(excess * own.f < 0.0)
            which = which[place.get(xp.any(over, axis=(1, 2)))]
        if which.size == 0:
            return distance
        own = state.only(which)
        theta = zeros(own.f, own.f.shape)
        bend = tangent.only(which)
        for _ in range(_BENDS):
            rising = bend.excess * own.f > 0.0
            slope = 0.5 * (bend.a + bend.b)
            far = rising & (xp.abs(bend.excess) > _BENT * xp.abs(own.f)) & (slope > 0.0)
            if not bool(xp.any(far)):
                break
            one = xp.ones_like(slope)
            move = xp.where(far, bend.excess, 0.0 * one) / xp.where(far, slope, one)
            theta = theta + move
            bend = self._respond(_State(own.f, own.u - 0.5 * theta, own.w + 0.5 * theta))
        bend.excess += 0.5 * (bend.a + bend.b) * theta
        put_samples(tangent.excess, which, bend.excess)
        put_samples(tangent.a, which, bend.a)
        if tangent.b is not tangent.a:
            put_samples(tangent.b, which, bend.b)
        distance[which] = place.get(_largest(theta))
        return distance

    def _step(self, tangent: _Tangent, forcing: FloatArray, bent: NDArray[np.bool_]) -> Array:
        """Return Newton's step of the currents."""
        a, b, excess = tangent.a, tangent.b, tangent.excess
        if self._lines is not None:
            return self._lines.change(a, b, excess, forcing)
        xp = self._place.xp
        lopsided = np.zeros(len(a), dtype=bool)
        slope = b
        if self._loads_row and a is not b:
            apart = self._place.get(_largest(a - b))
            lopsided = apart > _ASYMMETRY * self._place.get(_largest(b))
            slope = 0.5 * (a + b)
        root = xp.sqrt(at_least(slope, 0.0))
        known = excess / at_least(root, _TINY)  # without slope there is no excess either
        change = self._corrections.solve(root, known, forcing, exact=bent)
        change *= root
        if lopsided.any():  # not for conjugate gradients: the direct method takes it
            put_samples(change, lopsided, np.nan * take(change, lopsided))
        return change

    def _state(self, f: Array, active: IntArray) -> _State:
        """Return the state with some currents: the node voltages that they cause."""
        if self._lines is not None:
            volts = self._whole_volts[active, :, 0]
            return _State(f, *self._lines.voltages(f, volts))
        lines = self._corrections.lines
        u = zeros(f, f.shape) + take(self._whole_volts, active)
        if self._loads_row:
            lines.row.add_drop_along(f, u, -1.0)
        return _State(f, u, lines.column.drop_across(f))


def _largest(field: Array) -> Array:
    """Return the largest absolute value of each sample (batch,), NaN where there is one."""
    xp = namespace(field)
    return xp.maximum(xp.max(field, axis=(1, 2)), -xp.min(field, axis=(1, 2)))


def _mask(which: IntArray, size: int) -> NDArray[np.bool_]:
    """Return flags (size,), True for the samples of these numbers."""
    flags = np.zeros(size, dtype=bool)
    flags[which] = True
    return flags


def _share(tangent: _Tangent, place: Backend) -> FloatArray:
    """Return how much of all that the cells carry the wires do not, (batch,)."""
    xp = place.xp
    with np.errstate(over="ignore", invalid="ignore"):
        excess, whole = (
            place.get(xp.sum(xp.abs(part), axis=(1, 2)))
            for part in (tangent.excess, tangent.current)
        )
        return np.asarray(excess / np.where(whole > 0.0, whole, 1.0))


def _mismatch(tangent: _Tangent, place: Backend) -> tuple[FloatArray, FloatArray]:
    """Return the largest current error and the largest branch current, (batch,) [A]."""
    xp, current = place.xp, tangent.current
    with np.errstate(over="ignore", invalid="ignore"):
        size = place.get(_largest(tangent.excess))
        peak = place.get(
            xp.maximum(
                xp.maximum(
                    xp.max(xp.abs(xp.sum(current, axis=1)), axis=1),
                    xp.max(xp.abs(xp.sum(current, axis=2)), axis=1),
                ),
                _largest(current),
            )
        )
    return size, np.where(peak > 0.0, peak, 1.0)
