"""What storage does to the phase: the crystal grows into the plug, slowly, at ambient temperature.

At rest the interface is as warm as the cell, so ``du/dt = -v_g(T) * (u / (u + c))**2`` separates:

    F(u) = u + 2*c*ln(u) - c**2/u,     F(u(t)) = F(u(0)) - v_g(T)*t.

It is the law of :mod:`.dynamics` at 0 V, integrated over any time.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm._numbers import PcmNumbers

__all__ = ["remaining"]

_ITERATIONS = 100  # bisection alone needs 60


def remaining(p: PcmNumbers, thickness: FloatArray, seconds: float, kelvin: float) -> FloatArray:
    """Return u_a after `seconds` at rest at `kelvin` [m]."""
    grown = law.velocity(p, np.asarray(kelvin)) * seconds
    if not np.any(grown > 0.0):
        return thickness
    contact = p.u_gap + p.u_grow
    start = np.maximum(thickness, 1e-30)
    aim = (start / contact + 2.0 * np.log(start / contact) - contact / start) - grown / contact
    # in z = ln(u/c) the left side rises with a slope of at least 2
    z = np.log(start / contact)
    low, high = z - (grown / contact + 1.0) / 2.0, z.copy()
    for _ in range(_ITERATIONS):
        value = np.exp(z) + 2.0 * z - np.exp(-z) - aim
        low, high = np.where(value < 0.0, z, low), np.where(value < 0.0, high, z)
        new = z - value / (np.exp(z) + 2.0 + np.exp(-z))
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        if np.all(np.abs(new - z) <= 1e-15 * (1.0 + np.abs(new))):
            break
        z = new
    return np.where(thickness > 0.0, np.minimum(contact * np.exp(z), thickness), thickness)
