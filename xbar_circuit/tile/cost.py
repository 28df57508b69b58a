"""What a matrix-vector product costs: time, energy and area, by component.

It can be compared with the HERMES core (Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57,
1027, 2022): 256 x 256 in 14 nm, 130 ns a product, 10.5 TOPS/W, 1.59 TOPS/mm2, two operations a
multiply-accumulate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.drivers import Driver, WordLines
from xbar_circuit.peripherals.readout import Readout

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

    latency_second : time from the inputs' step to the codes [s].
    energy_joule : energy by component [J]: drivers, array, read-outs.
    area_square_metre : the HERMES core's density scaled by the number of devices [m2]; no circuit
        of this package has a layout.
    operations : two for each multiply-accumulate.
    assumptions : what the numbers assume, in words.
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
        """Operations for each picojoule [TOPS/W]."""
        return self.operations / self.total_joule * 1e-12

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON, with the HERMES core for comparison.

        Returns
        -------
        dict
            Field -> value, with the total energy [J] and the efficiency [TOPS/W].
        """
        content = {name: getattr(self, name) for name in self.__slots__}
        return content | {
            "total_joule": self.total_joule,
            "tops_per_watt": self.tops_per_watt,
            "hermes_core": HERMES_CORE,
        }


def tile_cost(
    crossbar: Crossbar,
    driver: Driver,
    readout: Readout,
    reads: Sequence[WordLines],
    *,
    column_joule: float,
    operations: int,
) -> TileCost:
    """Return the cost of products.

    Parameters
    ----------
    crossbar, driver, readout
        Parts of the tile.
    reads
        Signals of the word lines, over a batch of products.
    column_joule
        Energy of a column's read-out in a read, see :func:`readout_joule` [J].
    operations
        Operations of a product.
    """
    rows, cols = crossbar.shape
    line_farad = driver.farad + cols * crossbar.wires.row_farad
    period, row_siemens = readout.timing.period_second, crossbar.conductance.sum(axis=1)
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
            "read-outs": column_joule * cols * len(reads),
        },
        area_square_metre=HERMES_CORE["area_square_metre"] * rows * cols / 256**2,
        operations=operations,
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


def readout_joule(
    readout: Readout, model: ReadoutModel | None, supply_watt: float | None = None
) -> float:
    """Return what a column's read-out takes for a read [J]; see :meth:`Tile.readout_joule`.

    Raises
    ------
    ParameterError
        It contains a circuit whose power has not been measured.
    """
    converter = readout.converter
    if supply_watt is not None:
        share = 0.5 if readout.subtracts_before else 1.0
        own = converter.energy_joule
        if converter.circuit is not None:
            own -= converter.circuit_joule
        return own * share + supply_watt * readout.timing.period_second
    if model is not None and np.isfinite(model.readout_joule):
        return model.readout_joule
    joule = readout.cost.energy_joule
    if not np.isfinite(joule):
        raise ParameterError.about(
            "supply_watt",
            got="None for a read-out that contains a circuit",
            expected="its measured power [W]",
            remedy="calibrate the tile, or take power_watt from studies.characterize_amplifier",
        )
    return joule
