"""The coherent sine: signal to noise and distortion, effective bits, spurious-free range.

A whole, odd number of periods fits the record, so no window is needed (IEEE Std 1241, section 4.1).
A sine is fitted by least squares; what is left is noise and distortion. For an ideal converter of
N bits the ratio is ``6.02 N + 1.76`` dB (Bennett, Bell Syst. Tech. J. 27, 446, 1948), where the
quantisation error is spread evenly. At the very ends of the range it is not: there the peaks dwell
on an edge of the staircase, half an LSB off, which costs 0.1 dB at 8 bits and 0.25 dB at 4. The
sine therefore stops `PEAK_GAP_LSB` short of both ends, which keeps an ideal converter of 4 to 12
bits within 0.03 dB of the formula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.studies.readout._thresholds import Convert

__all__ = ["PEAK_GAP_LSB", "SineResult", "coherent_sine"]

#: How far the sine's peaks stay inside the range's ends.
PEAK_GAP_LSB = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SineResult:
    """Result of the sine test.

    sinad_db : signal over noise and distortion [dB].
    sfdr_db : signal over the largest other line of the spectrum [dB].
    enob : ``(sinad - 1.76) / 6.02``, at the amplitude used, which fills the range.
    spectrum_db : lines of the spectrum relative to the signal, from DC to half the rate [dB].
    """

    sinad_db: float
    sfdr_db: float
    enob: float
    spectrum_db: FloatArray


def coherent_sine(
    convert: Convert, *, low: float, high: float, levels: int, samples: int = 4096
) -> SineResult:
    """Convert a sine that fills the range and take it apart.

    Parameters
    ----------
    convert
        Inputs -> codes.
    low, high
        Ends of the range, where the first and the last code end.
    levels
        Number of codes.
    samples
        Length of the record, a power of two.
    """
    periods = _odd_prime_near(samples * 0.2371)
    phase = 2.0 * np.pi * periods * np.arange(samples) / samples
    peak = (high - low) * (0.5 - PEAK_GAP_LSB / levels)
    inputs = 0.5 * (low + high) + peak * np.sin(phase + 0.1)
    codes = convert(inputs).astype(np.float64)
    basis = np.column_stack([np.sin(phase), np.cos(phase), np.ones(samples)])
    weights = np.linalg.lstsq(basis, codes, rcond=None)[0]
    rest = codes - basis @ weights
    signal = 0.5 * (weights[0] ** 2 + weights[1] ** 2)
    noise = float(np.mean(rest**2))
    sinad = _decibel(signal, noise)
    lines = np.abs(np.fft.rfft(codes)) ** 2 * 2.0 / samples**2
    others = lines.copy()
    others[[0, periods]] = 0.0
    return SineResult(
        sinad_db=sinad,
        sfdr_db=_decibel(float(lines[periods]), float(others.max())),
        enob=(sinad - 1.76) / 6.02,
        spectrum_db=10.0 * np.log10(np.maximum(lines, 1e-30) / max(float(lines[periods]), 1e-30)),
    )


def _decibel(signal: float, noise: float) -> float:
    return float(10.0 * np.log10(max(signal, 1e-30) / max(noise, 1e-30)))


def _odd_prime_near(value: float) -> int:
    candidate = max(3, int(value) | 1)
    while any(candidate % k == 0 for k in range(3, int(candidate**0.5) + 1, 2)):
        candidate += 2
    return candidate
