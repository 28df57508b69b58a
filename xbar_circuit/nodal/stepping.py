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

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal._dynamics import Dynamics
from xbar_circuit.nodal.sparse import Factors, factorise

__all__ = ["Steps", "TrBdf2"]

_GAMMA = 2.0 - np.sqrt(2.0)
_D = _GAMMA / 2.0
_W = np.sqrt(2.0) / 4.0
_WEIGHTS = (1.0 - 4.0 * _W) / 3.0, 1.0 / 3.0, -2.0 * _D / 3.0
# of the parabola through 0, gamma and 1: its integral and its first moment from 0 to 1
_INTEGRALS = np.array(
    [
        (1 / 3 - (1 + _GAMMA) / 2 + _GAMMA) / _GAMMA,
        -1 / 6 / (_GAMMA * (_GAMMA - 1)),
        (1 / 3 - _GAMMA / 2) / (1 - _GAMMA),
    ]
)
_MOMENTS = np.array(
    [
        (1 / 4 - (1 + _GAMMA) / 3 + _GAMMA / 2) / _GAMMA,
        -1 / 12 / (_GAMMA * (_GAMMA - 1)),
        (1 / 4 - _GAMMA / 3) / (1 - _GAMMA),
    ]
)
_RATIO = 4.0
_MOST_STEPS = 200_000
_LOOK_EVERY, _HOPELESS = 5_000, 20_000_000  # steps
_KEPT_FACTORS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TrBdf2:
    """Implicit time steps of second order with step control."""

    def follow(self, system: Dynamics, stop: float, tolerance: float) -> Steps:
        """Step from the steady state of the inputs at time 0 to `stop`.

        A step is accepted when its error estimate is below the tolerance in the node voltages,
        relative to the largest driver voltage, and in the currents of drivers and columns, relative
        to the largest of each so far or at rest after any corner of the inputs. (Relative to what
        has flowed so far alone, an edge after a pause at 0 V would be judged by its first
        attoamperes, which rounding spoils.)

        Parameters
        ----------
        system
            The array and its waveforms.
        stop
            End [s].
        tolerance
            As above, dimensionless.

        Returns
        -------
        Steps
            The outputs at the steps, and between them.

        Raises
        ------
        ConvergenceError
            The steps became too many for the time span.
        """
        wave = system.waveform
        stepper = _Stepper(system)
        factors = factorise(system.own)
        v = np.zeros(0) if factors is None else factors.solve(system.drive @ wave.at(0.0))
        matrix = system.outputs(None)
        judge = _Judge(system, matrix, tolerance)
        corners = [float(t) for t in wave.time_second[1:] if t < stop] + [stop]
        now, step = 0.0, corners[0] * _RATIO**-6
        times, lengths, ends, middles = [now], [], [matrix @ v], []
        judge.accept(now, ends[0])
        if factors is not None:
            for corner in corners:
                judge.accept(corner, matrix @ factors.solve(system.drive @ wave.at(corner)))
        for corner in corners:
            while now < corner:
                if len(times) > _MOST_STEPS or (
                    len(times) % _LOOK_EVERY == 0 and _hopeless(times, corner)
                ):
                    raise ConvergenceError(
                        f"transient: got {len(times)} steps by {now:g} s, expected to reach"
                        f" {stop:g} s; raise the tolerance, shorten the run, or slow the edges"
                    )
                rung = stop * _RATIO ** np.floor(np.log(step / stop) / np.log(_RATIO) + 1e-9)
                left = corner - now
                last = bool(rung >= left * (1.0 - 1e-9))
                h = float(f"{left:.12e}") if last else float(rung)  # equal spans share factors
                middle, end, error = stepper.step(now, v, h)
                output = matrix @ end
                after = corner if last else now + h
                share = judge.share(after, output, error)
                if share > 1.0 and h > stop * _RATIO**-30:
                    step = h / _RATIO
                    continue
                judge.accept(after, output)
                lengths.append(after - now)
                now, v = after, end
                times.append(now)
                ends.append(output)
                middles.append(matrix @ middle)
                growth = _RATIO if share < _RATIO**-3 else 1.0
                step = min(max(step, h) if last else h * growth, stop)
        return Steps(
            time_second=np.array(times),
            length=np.array(lengths),
            ends=np.array(ends),
            middles=np.array(middles),
            work=f"TR-BDF2, {len(lengths)} steps, {stepper.factorisations} factorisations",
        )


def _hopeless(times: list[float], corner: float) -> bool:
    """Whether the last steps, in which a decay would have let them grow, lead nowhere."""
    pace = (times[-1] - times[-_LOOK_EVERY // 2]) / (_LOOK_EVERY // 2)
    return pace * _HOPELESS < corner - times[-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """What the steps left: a `Solution`.

    time_second : beginnings of the steps and the end (steps + 1,) [s]. length : (steps,) [s].
    ends, middles : outputs at the beginnings and the end (steps + 1, outputs), and after the
    trapezoidal stage of each step (steps, outputs). work : for people.
    """

    time_second: FloatArray
    length: FloatArray
    ends: FloatArray
    middles: FloatArray
    work: str

    def outputs(self, time: FloatArray) -> FloatArray:
        """Return the outputs at some times, by the parabola through each step.

        Parameters
        ----------
        time
            (times,) [s].

        Returns
        -------
        array
            (times, outputs), in the units of the system's outputs.
        """
        last = len(self.length) - 1
        k = np.clip(np.searchsorted(self.time_second, time, side="right") - 1, 0, last)
        s = ((time - self.time_second[k]) / self.length[k])[:, np.newaxis]
        begin, middle, end = self.ends[k], self.middles[k], self.ends[k + 1]
        result: FloatArray = (
            begin * (s - _GAMMA) * (s - 1.0) / _GAMMA
            + middle * s * (s - 1.0) / (_GAMMA * (_GAMMA - 1.0))
            + end * s * (s - _GAMMA) / (1.0 - _GAMMA)
        )
        return result

    def moments(
        self,
        begin: FloatArray,
        length: FloatArray,  # noqa: ARG002  the steps have their own
    ) -> tuple[FloatArray, FloatArray]:
        """Return the integrals and first moments of the outputs over spans.

        Of the parabola through each step: exact for inputs and outputs that are straight, so that
        large parts of a driver's current that cancel do so in the integrals too.

        Parameters
        ----------
        begin, length
            Of each span (spans,) [s]; every span is made of whole steps.

        Returns
        -------
        tuple of arrays
            Integral of ``y`` and of ``(t - begin) y`` over each span (spans, outputs).
        """
        start = self.time_second[:-1]
        span = np.searchsorted(begin, start + 0.5 * self.length, side="right") - 1
        h, after = self.length[:, np.newaxis], (start - begin[span])[:, np.newaxis]
        parts = np.stack([self.ends[:-1], self.middles, self.ends[1:]])
        mean, lever = (np.tensordot(w, parts, axes=1) for w in (_INTEGRALS, _MOMENTS))
        integral = np.zeros((len(begin), self.ends.shape[1]))
        moment = np.zeros_like(integral)
        np.add.at(integral, span, h * mean)
        np.add.at(moment, span, h * (after * mean + h * lever))
        return integral, moment


class _Judge:
    """How large an error is, as a share of what is allowed."""

    def __init__(
        self, system: Dynamics, matrix: FloatArray | sparse.csr_array, tolerance: float
    ) -> None:
        self._system = system
        self._matrix = matrix
        self._tolerance = tolerance
        self._volt = float(np.abs(system.waveform.volts).max()) or 1.0
        self._ampere = [0.0 for _ in system.currents]

    def accept(self, now: float, output: FloatArray) -> None:
        """Take note of the currents at a time."""
        self._ampere = self._largest(now, output)

    def share(self, now: float, output: FloatArray, error: FloatArray) -> float:
        """Return the error of a step as a share of the allowed; `error` of the voltages [V]."""
        if error.size == 0:
            return 0.0
        worst = float(np.abs(error).max()) / self._volt
        current = np.abs(self._matrix @ error)
        for part, ampere in zip(self._system.currents, self._largest(now, output), strict=True):
            if ampere > 0.0:
                worst = max(worst, float(current[part].max()) / ampere)
        return worst / self._tolerance

    def _largest(self, now: float, output: FloatArray) -> list[float]:
        direct = self._system.direct(self._system.waveform.at(now))
        return [
            max(before, float(np.abs(output[part] + direct[part]).max()))
            for part, before in zip(self._system.currents, self._ampere, strict=True)
        ]


class _Stepper:
    """One system with the factors of the steps it last used."""

    def __init__(self, system: Dynamics) -> None:
        self._system = system
        self._factors: dict[float, Factors] = {}
        self.factorisations = 0

    def step(
        self, now: float, v: FloatArray, h: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the voltages after the first stage and one step on, and the error estimate [V]."""
        if v.size == 0:
            return v, v, v
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
        return middle, end, factors.solve(h * error)

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
