"""Result of a tile."""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["TileResult"]


@brief(
    lambda self: f"batch={self.code.shape[0]} cols={self.code.shape[1]} engine={self.engine!r}",
    picture=lambda self: self.code.astype(float),
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileResult:
    """Result of a tile.

    code : (batch, outputs), one output a column, or one a pair of columns that are subtracted. Of a
        driver with several reads, their codes weighted and added.
    column_current : mean current into the read-outs over their window, by the fast model (batch,
        cols) [A], of several reads weighted and added; None from ngspice.
    engine : ``"fast"`` or ``"spice"``.
    simulator_second : time inside ngspice [s]; 0 for the fast engine.
    """

    code: CodeArray
    column_current: FloatArray | None
    engine: str
    simulator_second: float = 0.0
