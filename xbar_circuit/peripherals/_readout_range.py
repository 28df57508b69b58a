"""The codes of a read-out spread over a range of currents."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.amplifiers import DifferenceAmplifier
from xbar_circuit.peripherals.converters._ranges import code_range

if TYPE_CHECKING:
    from xbar_circuit.peripherals.readout import Readout

__all__ = ["spread"]


def spread(readout: Readout, low: float, high: float) -> Readout:
    """Return a read-out of behavioural parts for the currents `low` to `high` [A].

    See :meth:`xbar_circuit.peripherals.Readout.ranged`.

    Raises
    ------
    ParameterError
        The range is empty, or the amplifier's output lies outside the converter's range.
    """
    bottom, top = code_range(low, high, readout.converter.levels, exact=readout.converter.exact)
    if readout.converter.input_unit == "A":
        start, slope = (0.0, 1.0) if readout.amplifier is None else readout.converter_line
        ends = sorted((start + slope * bottom, start + slope * top))
        return dataclasses.replace(readout, converter=readout.converter.with_range(*ends))
    amplifier = readout.amplifier
    if amplifier is None:  # pragma: no cover  refused at construction
        raise ParameterError("amplifier")
    stage = readout.difference.gain if isinstance(readout.difference, DifferenceAmplifier) else 1.0
    middle, slope = readout.converter_line
    below, above = middle - readout.converter.input_low, readout.converter.input_high - middle
    rooms = (above, below) if slope > 0.0 else (below, above)
    gain = min(r / abs(i) for r, i in zip(rooms, (high, low), strict=True) if i != 0.0)
    if gain <= 0.0:
        raise ParameterError.about(
            "readout",
            got=f"an amplifier output of {middle:g} V without a current",
            expected="a voltage within the range of its converter",
            remedy="move the reference, or give the converter another range",
        )
    ranged = dataclasses.replace(readout, amplifier=amplifier.with_gain(gain / stage))
    middle, slope = ranged.converter_line
    ends = sorted((middle + slope * bottom, middle + slope * top))
    return dataclasses.replace(ranged, converter=readout.converter.with_range(*ends))
