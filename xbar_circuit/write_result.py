"""What a write pulse did to the cells of an array: one result for both engines."""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar

__all__ = ["WriteResult"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WriteResult:
    """The array after a write; fields are (rows, cols), 0 where a device is open.

    crossbar : what was written.
    before_metre, after_metre : state of each cell [m]: the amorphous thickness u_a of a PCM cell,
        the length of a filament.
    peak_volt : largest magnitude of the voltage between the wires at each cell [V].
    peak_ampere : largest magnitude of its current [A].
    peak_celsius : its largest hot-spot temperature [degree Celsius].
    energy_joule : delivered by the drivers of all lines together [J].
    time_second : the engine's times (steps,) [s].
    row_ampere, column_ampere : from the drivers of the lines (steps, rows), (steps, cols) [A].
    residual : largest error of Kirchhoff's current law at any time, relative to the largest current
        of a driver; NaN where the engine does not tell.
    engine : for display.
    """

    crossbar: Crossbar
    before_metre: FloatArray
    after_metre: FloatArray
    peak_volt: FloatArray
    peak_ampere: FloatArray
    peak_celsius: FloatArray
    energy_joule: float
    time_second: FloatArray
    row_ampere: FloatArray
    column_ampere: FloatArray
    residual: float
    engine: str
