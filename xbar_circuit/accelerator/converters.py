"""Converters between numbers, voltages and codes: ideal, uniform, with a calibrated range.

A code is a float32 whole number. Zero is always a code, so nothing in gives nothing out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.operators import Array

__all__ = ["Converter", "calibrated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter:
    """A uniform converter: ``code = clip(round(x / step), lowest, highest)``.

    Parameters
    ----------
    bits
        Width; None neither rounds nor clips, and its code is ``x / full_scale``.
    full_scale
        The value of the highest code, in the unit of x.
    signed
        Whether codes run from -(2**(bits-1) - 1) to 2**(bits-1) - 1, or from 0 to 2**bits - 1.
    """

    bits: int | None
    full_scale: float
    signed: bool

    def __post_init__(self) -> None:
        checks.number("full_scale", self.full_scale, "unit of x", above=True)
        if self.bits is not None:
            checks.count("bits", self.bits, minimum=2 if self.signed else 1, maximum=24)

    @property
    def highest(self) -> float:
        """The highest code."""
        if self.bits is None:
            return 1.0
        return float(2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1)

    @property
    def step(self) -> float:
        """What one code is worth, in the unit of x."""
        return self.full_scale / self.highest

    def round(self, scaled: Array) -> Array:
        """Turn ``x / step`` into codes, in place."""
        if self.bits is None:
            return scaled
        np.rint(scaled, out=scaled)
        lowest = -self.highest if self.signed else 0.0
        return np.clip(scaled, np.float32(lowest), np.float32(self.highest), out=scaled)


def calibrated(bits: int | None, samples: NDArray[np.floating], percentile: float) -> Converter:
    """Return a converter whose range ends at a percentile of the samples' magnitudes.

    Unsigned where no sample is negative by more than rounding (1e-6 of the range). Zeros do not
    count: a sparse input would otherwise shrink its own range.
    """
    magnitude = np.abs(samples[samples != 0.0])
    full_scale = float(np.percentile(magnitude, percentile)) if magnitude.size else 1.0
    signed = bool((samples < -1e-6 * full_scale).any())
    if bits == 1 and signed:
        raise ParameterError.about(
            "bits",
            got=1,
            expected="at least 2 for inputs or currents of both signs",
            remedy="give the converter another bit, or inputs that are not negative",
        )
    return Converter(bits=bits, full_scale=full_scale, signed=signed)
