"""The converters of a tile at work, one kind for all columns or one sample for each."""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals import Readout
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["converted"]


def converted(readout: Readout, entering: FloatArray, noise: FloatArray | None) -> CodeArray:
    """Return the codes of what enters the converters (batch, converters) [V or A].

    `noise` holds standard normal numbers (batch, converters, decisions), or is None.
    """
    if readout.samples is None:
        return readout.converter.convert_with(entering, noise)
    return np.column_stack(
        [
            sample.convert_with(entering[:, k], None if noise is None else noise[:, k])
            for k, sample in enumerate(readout.samples)
        ]
    )
