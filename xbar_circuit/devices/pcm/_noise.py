"""Noise in time: sequences whose spectrum is 1/f, and what they do to a cell's current.

A 1/f sequence is white noise through a filter of half an integration (Kasdin, Proc. IEEE 83, 802
(1995)): with unit variance going in and a step dt, its one-sided spectrum is
``2*dt / (2*sin(pi*f*dt))``, close to ``1/(pi*f)`` below the Nyquist frequency. ngspice's TRNOISE
makes the same sequence.
"""

from __future__ import annotations

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray

__all__ = ["flicker_sequence"]


def flicker_sequence(
    samples: int, *, rng: np.random.Generator, traces: tuple[int, ...] = ()
) -> FloatArray:
    """Return 1/f sequences of spectrum ``1/f`` (one-sided, for any step), (*traces, samples).

    Multiply by Q for a relative noise of density ``Q**2 / f``. The band reaches from the inverse of
    the sequence's length to the Nyquist frequency.

    >>> flicker_sequence(1024, rng=np.random.default_rng(0), traces=(3,)).shape
    (3, 1024)
    """
    count = checks.count("samples", samples)
    k = np.arange(1, count)
    impulse = np.concatenate([[1.0], np.cumprod((k - 0.5) / k)])
    white = rng.standard_normal((*traces, count))
    padded = 2 ** (2 * count - 1).bit_length()  # scipy.signal would cost every import half a second
    spectrum = np.fft.rfft(white, padded) * np.fft.rfft(impulse, padded)
    shaped = np.fft.irfft(spectrum, padded)[..., :count]
    return np.asarray(shaped * np.sqrt(np.pi))
