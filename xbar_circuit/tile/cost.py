"""What a matrix-vector product costs: time, energy and area, by component.

Beside it stands the HERMES core (Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027,
2022): 256 x 256 in 14 nm, 130 ns a product, 10.5 TOPS/W, 1.59 TOPS/mm2, two operations a
multiply-accumulate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.amplifiers import DifferenceAmplifier
from xbar_circuit.peripherals.drivers import WordLines

if TYPE_CHECKING:
    from xbar_circuit.tile.tile import Tile

__all__ = ["HERMES_CORE", "TileCost", "readout_joule", "tile_cost"]

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


def tile_cost(
    tile: Tile, reads: Sequence[WordLines], *, supply_watt: float | None = None
) -> TileCost:
    """Return the cost of products that take these reads; see :meth:`Tile.cost`."""
    rows, cols = tile.crossbar.shape
    line_farad = tile.driver.farad + cols * tile.crossbar.wires.row_farad
    period, row_siemens = tile.period_second, tile.crossbar.conductance.sum(axis=1)
    charged = heat = 0.0
    for read in reads:
        on = period if read.second is None else read.on_second(period)
        charged += float((read.volt**2).sum(axis=1).mean())
        heat += float(((read.volt**2 * on) @ row_siemens).mean())
    return TileCost(
        latency_second=period * len(reads),
        energy_joule={
            "drivers": charged * line_farad,
            "array": heat,
            "read-outs": tile.readout_joule(supply_watt) * cols * len(reads),
        },
        area_square_metre=HERMES_CORE["area_square_metre"] * rows * cols / 256**2,
        operations=2 * rows * (cols if tile.readout.difference is None else cols // 2),
        assumptions=(
            "array: levels applied for the whole period, pulses for their time; device"
            " voltages without IR drop",
            "drivers: their own and the word lines' capacitance charged once a read",
            "read-outs: circuits as measured in ngspice, behavioural amplifiers their quiescent"
            " power, converters the energy model in their docstring, for the whole period",
            "no buffers, no digital accumulation, no clock distribution, no leakage",
            "area: density of the HERMES core, not a layout",
        ),
    )


def readout_joule(tile: Tile, supply_watt: float | None = None) -> float:
    """Return what a column's read-out takes for a read; see :meth:`Tile.readout_joule`."""
    converter, amplifier = tile.readout.converter, tile.readout.amplifier
    inside = converter.circuit is not None
    share = tile.converters / tile.crossbar.cols
    if supply_watt is not None:
        own = converter.energy_joule - (converter.circuit_joule if inside else 0.0)
        return own * share + supply_watt * tile.period_second
    if tile.model is not None and np.isfinite(tile.model.readout_joule):
        return tile.model.readout_joule
    power = 0.0
    if amplifier is not None:
        power = amplifier.power_watt
    if isinstance(tile.readout.difference, DifferenceAmplifier):
        power += share * tile.readout.difference.power_watt
    if inside or not np.isfinite(power):
        raise ParameterError.about(
            "supply_watt",
            got="None for a read-out that contains a circuit",
            expected="its measured power [W]",
            remedy="calibrate the tile, or take power_watt from studies.characterize_amplifier",
        )
    return converter.energy_joule * share + power * tile.period_second
