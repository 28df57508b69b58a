"""The modes of a reduced model under straight-line inputs: their values and their integrals.

Each mode follows ``tau dz/dt = F s(t) - z`` with s(t) straight between corners, so that from a
corner on

    ``z(t) = F s(t) - tau F s' + gap exp(-t / tau)``,

with a gap that each corner leaves. Values, integrals and first moments are written down; nothing
is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray

__all__ = ["Modes"]

_SERIES = 1e-2  # of length / tau, below which the first moment is its series


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Modes:
    """Modes and what drives them.

    tau : time constants (modes,) [s]. force : (modes, signals). output : (outputs, modes).
    corners : (points,) [s]. values : of the signals at the corners (points, signals); constant
    after the last.
    """

    tau: FloatArray
    force: FloatArray
    output: FloatArray
    corners: FloatArray
    values: FloatArray

    @property
    def _slopes(self) -> FloatArray:
        """Return the slopes of the signals after each corner (points, signals)."""
        length = np.diff(self.corners)[:, np.newaxis]
        last = np.zeros((1, self.values.shape[1]))
        return np.concatenate([np.diff(self.values, axis=0) / length, last])

    def _gaps(self, slopes: FloatArray) -> FloatArray:
        """Return the gap that each corner leaves (points, modes), from rest at the first."""
        lag = self.tau * (slopes @ self.force.T)
        rest = self.values @ self.force.T
        gaps = np.empty_like(lag)
        z = rest[0]
        for k in range(len(self.corners)):
            gaps[k] = z - rest[k] + lag[k]
            if k + 1 < len(self.corners):
                passed = self.corners[k + 1] - self.corners[k]
                z = rest[k + 1] - lag[k] + gaps[k] * _decay(passed, self.tau)
        return gaps

    def outputs(self, time: FloatArray) -> FloatArray:
        """Return the outputs at some times (times, outputs)."""
        slopes = self._slopes
        gaps = self._gaps(slopes)
        k = np.searchsorted(self.corners, time, side="right") - 1
        after = (time - self.corners[k])[:, np.newaxis]
        straight = self.values[k] + after * slopes[k]
        lag = self.tau * (slopes[k] @ self.force.T)
        state = straight @ self.force.T - lag + gaps[k] * _decay(after, self.tau)
        return np.asarray(state @ self.output.T)

    def moments(self, begin: FloatArray, length: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ``int y dt`` and ``int t y dt`` of the outputs, t from the beginning of a span.

        Parameters
        ----------
        begin, length
            Spans of time (spans,) [s], none with a corner inside.

        Returns
        -------
        integral, moment
            (spans, outputs) each.
        """
        slopes = self._slopes
        gaps = self._gaps(slopes)
        k = np.searchsorted(self.corners, begin, side="right") - 1
        h = length[:, np.newaxis]
        after = (begin - self.corners[k])[:, np.newaxis]
        start = (self.values[k] + after * slopes[k]) @ self.force.T
        slope = slopes[k] @ self.force.T
        start = start - self.tau * slope
        gap = gaps[k] * _decay(after, self.tau)
        zeroth, first = _exponential_moments(h, self.tau)
        integral = start * h + 0.5 * slope * h**2 + gap * zeroth
        moment = 0.5 * start * h**2 + slope * h**3 / 3.0 + gap * first
        return np.asarray(integral @ self.output.T), np.asarray(moment @ self.output.T)


def _decay(after: FloatArray | float, tau: FloatArray) -> FloatArray:
    """Return ``exp(-after / tau)``; a mode without inertia keeps nothing, even at once."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(tau > 0.0, np.exp(-after / tau), 0.0)


def _exponential_moments(length: FloatArray, tau: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``int exp(-t / tau) dt`` and ``int t exp(-t / tau) dt`` from 0 to `length`."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = np.where(tau > 0.0, length / tau, np.inf)
    zeroth = -tau * np.expm1(-x)
    small = x < _SERIES
    near = np.where(small, x, 0.0)
    series = length**2 * (0.5 - near / 3.0 + near**2 / 8.0 - near**3 / 30.0 + near**4 / 144.0)
    far = np.where(small | np.isinf(x), 1.0, x)
    whole = tau**2 * np.where(np.isinf(x), 1.0, -np.expm1(-far) - far * np.exp(-far))
    return zeroth, np.where(small, series, whole)
