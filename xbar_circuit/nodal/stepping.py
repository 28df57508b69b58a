"""TR-BDF2: implicit steps with a few factorisations, for any inputs.

The wires settle in femtoseconds while the inputs move in nanoseconds, so the system is stiff.
TR-BDF2 is of second order, L-stable, and both its stages share one matrix, ``C + d h Y`` with
``d = 1 - 1/sqrt(2)`` (R. E. Bank and others, IEEE Trans. CAD 4, 436, 1985; M. E. Hosea and L. F.
Shampine, Appl. Numer. Math. 20, 21, 1996, whose error estimate is used). Steps are taken from a
ladder, each four times the one below, so that a few factorisations serve the whole run; corners of
the inputs are met exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal.dynamics import Dynamics, Record
from xbar_circuit.nodal.sparse import Factors, factorise

__all__ = ["TrBdf2"]

_GAMMA = 2.0 - np.sqrt(2.0)
_D = _GAMMA / 2.0
_W = np.sqrt(2.0) / 4.0
_WEIGHTS = (1.0 - 4.0 * _W) / 3.0, 1.0 / 3.0, -2.0 * _D / 3.0
_RATIO = 4.0
_MOST_STEPS = 200_000
_KEPT_FACTORS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TrBdf2:
    """Implicit time steps of second order with step control."""

    def follow(self, system: Dynamics, stop: float, tolerance: float) -> tuple[Record, str]:
        """Step from rest to `stop` [s]; return the record and a word on the work.

        Raises
        ------
        ConvergenceError
            The steps became too many for the time span.
        """
        wave = system.waveform
        stepper = _Stepper(system)
        factors = factorise(system.own)
        v = np.zeros(0) if factors is None else factors.solve(system.drive @ wave.at(0.0))
        allowed = tolerance * (float(np.abs(wave.volts).max()) or 1.0)
        corners = [float(t) for t in wave.time_second[1:] if t < stop] + [stop]
        now, step = 0.0, corners[0] * _RATIO**-6
        times, voltages = [now], [v]
        for corner in corners:
            while now < corner:
                if len(times) > _MOST_STEPS:
                    raise ConvergenceError(
                        f"transient: got {_MOST_STEPS} steps by {now:g} s, expected to reach"
                        f" {stop:g} s; raise the tolerance, shorten the run, or slow the edges"
                    )
                rung = stop * _RATIO ** np.floor(np.log(step / stop) / np.log(_RATIO) + 1e-9)
                left = corner - now
                last = bool(rung >= left * (1.0 - 1e-9))
                h = float(f"{left:.12e}") if last else float(rung)  # equal spans share factors
                trial, error = stepper.step(now, v, h)
                if error > allowed and h > stop * _RATIO**-30:
                    step = h / _RATIO
                    continue
                now, v = corner if last else now + h, trial
                times.append(now)
                voltages.append(v)
                growth = _RATIO if error < allowed * _RATIO**-3 else 1.0
                step = min(max(step, h) if last else h * growth, stop)
        output = (system.outputs(None) @ np.array(voltages).T).T
        record = system.record(np.array(times), output)
        return record, f"TR-BDF2, {len(times) - 1} steps, {stepper.factorisations} factorisations"


class _Stepper:
    """One system with the factors of the steps it last used."""

    def __init__(self, system: Dynamics) -> None:
        self._system = system
        self._factors: dict[float, Factors] = {}
        self.factorisations = 0

    def step(self, now: float, v: FloatArray, h: float) -> tuple[FloatArray, float]:
        """Return the voltages one step on, and the largest error estimate [V]."""
        if v.size == 0:
            return v, 0.0
        own, drive, mass = self._system.own, self._system.drive, self._system.mass
        wave, factors = self._system.waveform, self._factored(h)
        first = drive @ wave.at(now) - own @ v
        middle_drive = drive @ wave.at(now + _GAMMA * h)
        middle = factors.solve(mass * v + _D * h * (first + middle_drive))
        second = middle_drive - own @ middle
        end_drive = drive @ wave.at(now + h)
        end = factors.solve(mass * v + h * (_W * first + _W * second + _D * end_drive))
        third = end_drive - own @ end
        error = sum(w * p for w, p in zip(_WEIGHTS, (first, second, third), strict=True))
        return end, float(np.abs(factors.solve(h * error)).max())

    def _factored(self, h: float) -> Factors:
        """Return the factors of ``C + d h Y``."""
        factors = self._factors.pop(h, None)
        if factors is None:
            self.factorisations += 1
            mass = sparse.diags_array(self._system.mass)
            factors = factorise(sparse.csc_array(mass + _D * h * self._system.own))
        if factors is None:
            raise ConvergenceError("transient: got no unknown node, expected one; use nodal.read")
        self._factors[h] = factors
        while len(self._factors) > _KEPT_FACTORS:
            self._factors.pop(next(iter(self._factors)))
        return factors
