"""What storage does to the phase: the crystal grows into the plug, slowly, at ambient temperature.

At rest the plug is as warm as the cell, so ``du/dt = -v_g(T) * (1 + (u + g)/s) * (u / (u + c))**2``
separates; g is the gap that always remains and s half the distance between nuclei. With
``q = g + s``, times ``q/s``:

    F(u) = (q - c)**2/q * ln(1 + u/q) + c*(2 - c/q)*ln(u) - c**2/u,
    F(u(t)) = F(u(0)) - (q/s)*v_g(T)*t,

and without nuclei ``F(u) = u + 2*c*ln(u) - c**2/u``. It is the law of :mod:`.dynamics` at 0 V,
integrated over any time.
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
    full = 1.0 + 2.0 * p.n_nuclei * p.u_gap  # q/s
    share = 2.0 * p.n_nuclei * contact / full  # c/q
    start = np.maximum(thickness, 1e-30) / contact
    aim = _travelled(start, share)[0] - full * grown / contact
    z = np.log(start)
    # below u = c the terms but -c**2/u are at most (1 - share)**2 + |share - 2|*ln(c/u), and
    # |a|*ln(x) < a**2 + x/4
    least = np.maximum(-aim, 1.0) + (1.0 - share) ** 2 + (2.0 - share) ** 2
    low, high = np.minimum(-np.log(2.0 * least), z), z.copy()
    for _ in range(_ITERATIONS):
        value, slope = _travelled(np.exp(z), share)
        value = value - aim
        low, high = np.where(value < 0.0, z, low), np.where(value < 0.0, high, z)
        new = z - value / slope
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        if np.all(np.abs(new - z) <= 1e-15 * (1.0 + np.abs(new))):
            break
        z = new
    return np.where(thickness > 0.0, np.minimum(contact * np.exp(z), thickness), thickness)


def _travelled(ratio: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return F/c and its slope over ln(u) at ``ratio = u/c``; `share` is c/q."""
    bent = np.where(share > 0.0, np.log1p(share * ratio) / np.maximum(share, 1e-300), ratio)
    value: FloatArray = (1.0 - share) ** 2 * bent + (2.0 - share) * np.log(ratio) - 1.0 / ratio
    slope: FloatArray = (ratio + 1.0) ** 2 / (ratio * (1.0 + share * ratio))
    return value, slope
