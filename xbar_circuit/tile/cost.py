"""What a matrix-vector product costs: time, energy and area, by component.

Beside it stands the HERMES core (Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027,
2022): 256 x 256 in 14 nm, 130 ns a product, 10.5 TOPS/W, 1.59 TOPS/mm2, two operations a
multiply-accumulate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbar_circuit.checks import FloatArray

if TYPE_CHECKING:
    from xbar_circuit.tile.tile import Tile

__all__ = ["HERMES_CORE", "TileCost", "tile_cost"]

_OPERATIONS = 2 * 256 * 256

#: Latency [s], energy of a product [J], area [m2] and size of the HERMES core; energy and area
#: follow from its published efficiency and density.
HERMES_CORE = {
    "rows": 256,
    "cols": 256,
    "latency_second": 130e-9,
    "energy_joule": _OPERATIONS / 10.5e12,
    "area_square_metre": _OPERATIONS / 130e-9 / 1.59e12 * 1e-6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TileCost:
    """Cost of one product of a tile.

    latency_second : from the inputs' step to the codes.
    energy_joule : by component: drivers, array, read-outs.
    area_square_metre : the HERMES core's density scaled by the number of devices; None of our
        circuits has a layout.
    operations : two for each multiply-accumulate.
    assumptions : what the numbers rest on, in words.
    """

    latency_second: float
    energy_joule: dict[str, float]
    area_square_metre: float
    operations: int
    assumptions: tuple[str, ...]

    @property
    def total_joule(self) -> float:
        """All components together [J]."""
        return sum(self.energy_joule.values())

    @property
    def tops_per_watt(self) -> float:
        """Operations for each picojoule."""
        return self.operations / self.total_joule * 1e-12

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON, with the HERMES core beside it."""
        content = {name: getattr(self, name) for name in self.__slots__}
        return content | {
            "total_joule": self.total_joule,
            "tops_per_watt": self.tops_per_watt,
            "hermes_core": HERMES_CORE,
        }


def tile_cost(tile: Tile, volts: FloatArray, *, supply_watt: float | None = None) -> TileCost:
    """Return the cost of products with these row voltages; see :meth:`Tile.cost`."""
    rows, cols = tile.crossbar.shape
    line_farad = tile.driver.farad + cols * tile.crossbar.wires.row_farad
    squares = float((volts**2).sum(axis=1).mean())
    array_watt = float((volts**2 @ tile.crossbar.conductance.sum(axis=1)).mean())
    period = tile.period_second
    return TileCost(
        latency_second=period,
        energy_joule={
            "drivers": squares * line_farad,
            "array": array_watt * period,
            "read-outs": tile.readout_joule(supply_watt) * cols,
        },
        area_square_metre=HERMES_CORE["area_square_metre"] * rows * cols / 256**2,
        operations=2 * rows * cols,
        assumptions=(
            "array: inputs applied for the whole period, device voltages without IR drop",
            "drivers: their own and the word lines' capacitance charged once a product",
            "read-outs: circuits as measured in ngspice, behavioural amplifiers their quiescent"
            " power, converters the energy model in their docstring, for the whole period",
            "no buffers, no digital accumulation, no clock distribution, no leakage",
            "area: density of the HERMES core, not a layout",
        ),
    )
