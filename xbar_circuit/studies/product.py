"""What a matrix-vector product of a tile costs, by component, beside the HERMES core.

Energies of circuits are measured in ngspice, as mean power of their supplies over a product, on one
column; those of behavioural parts are their formulas. Areas are published densities: of the
components from the ISAAC design's table, of the whole from the HERMES core; no circuit of ours has
a layout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import checks
from xbar_circuit.architecture import isaac
from xbar_circuit.checks import FloatArray
from xbar_circuit.tile import HERMES_CORE, Tile

__all__ = ["ProductReport", "characterize_product"]

_MEASURED = 3  # products in ngspice; the power hardly depends on the inputs
_KEYS = ("drivers", "array", "amplifiers", "converters")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReport:
    """The cost of a product.

    name : of the tile.
    rows, outputs : its size in weights, one code an output.
    latency_second : from the inputs' first edge to the codes.
    energy_joule : by component.
    area_square_metre : by component, from the ISAAC design's densities.
    whole_area_square_metre : at the HERMES core's density.
    measured : whether circuits were measured in ngspice.
    assumptions : what the numbers rest on, in words.
    """

    name: str
    rows: int
    outputs: int
    latency_second: float
    energy_joule: dict[str, float]
    area_square_metre: dict[str, float]
    whole_area_square_metre: float
    measured: bool
    assumptions: tuple[str, ...]

    @property
    def total_joule(self) -> float:
        """All components [J]."""
        return sum(self.energy_joule.values())

    @property
    def tops_per_watt(self) -> float:
        """Two operations a weight, over the energy [10**12/J]."""
        return 2.0 * self.rows * self.outputs / self.total_joule * 1e-12

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON, with the HERMES core beside it."""
        return dataclasses.asdict(self) | {
            "total_joule": self.total_joule,
            "tops_per_watt": self.tops_per_watt,
            "hermes_core": HERMES_CORE,
        }


def characterize_product(
    tile: Tile,
    *,
    rng: np.random.Generator,
    inputs: int = 64,
    folder: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    name: str = "tile",
) -> ProductReport:
    """Return what a product takes: energy and area by component, and time.

    Parameters
    ----------
    tile
        The tile. If its read-out contains circuits, one column is run in ngspice.
    rng
        Draws the inputs, independent and even from -1 to 1.
    inputs
        Over how many the energy of array and drivers is averaged.
    folder, progress
        As in :meth:`Tile.in_spice`.
    name
        What to call it in the report.

    Raises
    ------
    ParameterError
        An argument is out of range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.count("inputs", inputs)
    rows, cols = tile.crossbar.shape
    x = rng.uniform(-1.0, 1.0, (inputs, rows))
    amplifiers, converters, measured = _readout(tile, x, folder=folder, progress=progress)
    cost = tile.cost(x, supply_watt=0.0)  # its read-outs are replaced by their two halves
    reads = tile.driver.read_count
    parts = (
        cost.energy_joule["drivers"],
        cost.energy_joule["array"],
        amplifiers * cols * reads,
        converters * tile.converters * reads,
    )
    outputs = cols if tile.readout.difference is None else cols // 2
    design = isaac()
    return ProductReport(
        name=name,
        rows=rows,
        outputs=outputs,
        latency_second=cost.latency_second,
        energy_joule=dict(zip(_KEYS, parts, strict=True)),
        area_square_metre={
            "drivers": rows * (design.driver.area_m2 or 0.0),
            "array": rows * cols * (design.cell_m2 or 0.0),
            "converters": tile.converters * (design.readout.area_m2 or 0.0),
        },
        whole_area_square_metre=HERMES_CORE["area_square_metre"] * rows * outputs / 256**2,
        measured=measured,
        assumptions=(
            f"inputs: {inputs} vectors of independent numbers, even from -1 to 1",
            *(line for line in cost.assumptions if not line.startswith(("read-outs", "area"))),
            "amplifiers and converters: circuits as measured in ngspice, from 45 nm-class cards;"
            " behavioural amplifiers their stated quiescent power, behavioural converters the"
            " energy model in their docstring",
            "logic: the model's energy of a SAR's search and of a ramp's ticks; the counter behind"
            " an oscillator of transistors is not counted",
            "area by component: densities of the ISAAC design at 32 nm (one-bit drivers, bare"
            " cells, SAR converters); amplifiers are not counted",
            "area of the whole: density of the HERMES core, 14 nm",
            "HERMES core: 14 nm, energy and area follow from its published 10.5 TOPS/W and"
            " 1.59 TOPS/mm2, with everything on the core in them",
        ),
    )


def _readout(tile: Tile, x: FloatArray, **settings: Any) -> tuple[float, float, bool]:
    """Return the energy of an amplifier and of a converter for a read [J], and if measured."""
    converter, amplifier = tile.readout.converter, tile.readout.amplifier
    period = tile.period_second
    own = converter.energy_joule
    inside = converter.circuit is not None
    power = 0.0 if amplifier is None else amplifier.power_watt
    if not inside and np.isfinite(power):
        return power * period, own, False
    array = "macromodel" if tile.crossbar.cell.linear else "full"
    column = tile.crossbar.cols // 2
    paired = tile.readout.subtracts_before
    answers = tile.in_spice(
        tile.one_read(x[:_MEASURED]),
        array=array,
        columns=None if paired else (column,),
        **settings,
    )
    watts = answers[0].supply_watt
    share = 1.0 if not paired else 1.0 / tile.crossbar.cols
    before = sum(watt for source, watt in watts.items() if source.startswith("Vamplifier"))
    after = sum(watt for source, watt in watts.items() if not source.startswith("Vamplifier"))
    if inside:
        own -= converter.circuit_joule
    return before * share * period, own + after * share * period, True
