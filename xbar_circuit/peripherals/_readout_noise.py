"""White noise of a column and its amplifier at the input of a converter, at 27 C."""

from __future__ import annotations

import math

from xbar_circuit.peripherals.amplifiers import Amplifier
from xbar_circuit.peripherals.amplifiers.opamp import FOUR_KT
from xbar_circuit.peripherals.converters import Converter

__all__ = ["column_noise", "output_hertz"]


def column_noise(
    amplifier: Amplifier | None,
    converter: Converter,
    source_ohm: float,
    source_farad: float,
    *,
    column: bool,
) -> float:
    """Return the rms noise of one column at a converter's input [V or A]; NaN if unknown.

    Parameters
    ----------
    amplifier, converter
        Parts of the read-out.
    source_ohm, source_farad
        Resistance and capacitance of a column to where its rows are held [ohm, F].
    column
        Whether the thermal noise of that resistance is in it.
    """
    window = converter.window_second
    if window is not None:
        own = converter.column_ohm  # unknown for a circuit: 0 gives the most noise
        whole = source_ohm + (own if math.isfinite(own) else 0.0)
        density = FOUR_KT / whole if column else 0.0
        if amplifier is not None:
            density = amplifier.output_density(source_ohm, column=column)
        return math.sqrt(density / (2.0 * window))
    if amplifier is None:
        return 0.0
    return amplifier.output_noise(source_ohm, source_farad, column=column)


def output_hertz(amplifier: Amplifier, source_ohm: float, source_farad: float) -> float | None:
    """Return the bandwidth of an amplifier's output for its column's noise [Hz]; None if unknown.

    The power that the thermal noise of `source_ohm` adds, over what its density gives at rest.
    """
    whole, own = (
        amplifier.output_noise(source_ohm, source_farad, column=column) for column in (True, False)
    )
    slope = amplifier.output_line[1]
    rest = slope**2 * FOUR_KT / (source_ohm + amplifier.column_ohm)
    hertz = (whole**2 - own**2) / rest
    return hertz if math.isfinite(hertz) and hertz > 0.0 else None
