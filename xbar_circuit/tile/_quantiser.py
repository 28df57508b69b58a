"""Rounding to codes in single precision: evenly where a converter is even, else by its thresholds.

A place is a converter's input in LSB above the lower end of its range. Every converter of this
package is monotone without noise, so its thresholds say all that it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.peripherals.readout import Readout

__all__ = ["Quantiser"]

Reals = NDArray[Any]

_EVEN = 1e-6  # LSB by which thresholds may be off their even places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantiser:
    """What turns places into codes.

    samples : thresholds of each converter (levels - 1,), one for all or one each; None is exact.
    even : first threshold and step where all are one even staircase, or None.
    """

    samples: tuple[Reals, ...] | None
    even: tuple[np.float32, np.float32] | None
    highest: np.float32

    @classmethod
    def of(cls, readout: Readout) -> Quantiser:
        """Return that of a read-out's converter, or of its samples."""
        converter = readout.converter
        highest = np.float32(converter.levels - 1)
        if converter.exact:
            return cls(samples=None, even=None, highest=highest)
        kinds = (converter,) if readout.samples is None else readout.samples
        low, lsb = converter.input_low, converter.lsb
        edges = [(_edges(kind) - low) / lsb for kind in kinds]
        even = None
        if len(edges) == 1:
            count = len(edges[0])
            step = (edges[0][-1] - edges[0][0]) / (count - 1) if count > 1 else 1.0
            line = edges[0][0] + step * np.arange(count)
            if step > 0.0 and np.abs(edges[0] - line).max() < _EVEN:
                even = (np.float32(edges[0][0] - step), np.float32(1.0 / step))
        samples = tuple(one.astype(np.float32) for one in edges)
        return cls(samples=samples, even=even, highest=highest)

    def round(self, place: Reals) -> Reals:
        """Return the codes of places (batch, converters), float32; in place where it can."""
        if self.samples is None:
            return place
        if self.even is not None:
            first, steps = self.even
            if first != 0.0:
                place -= first
            if steps != 1.0:
                place *= steps
            np.floor(place, out=place)
            return np.clip(place, np.float32(0.0), self.highest, out=place)
        if len(self.samples) == 1:
            codes = np.searchsorted(self.samples[0], place, side="right")
        else:
            codes = np.stack(
                [
                    np.searchsorted(one, place[:, k], side="right")
                    for k, one in enumerate(self.samples)
                ],
                axis=1,
            )
        result: Reals = codes.astype(np.float32)
        return result


@lru_cache(maxsize=4096)
def _edges(converter: Converter) -> NDArray[np.float64]:
    edges = converter.edges()
    edges.flags.writeable = False
    return edges
