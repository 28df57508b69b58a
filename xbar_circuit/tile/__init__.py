"""A tile: crossbar, drivers and read-outs together, fast or in ngspice."""

from xbar_circuit.tile.calibrate import Calibration, calibrate, fit_readout, random_inputs
from xbar_circuit.tile.cost import HERMES_CORE, TileCost
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.tile.tile import Tile, TileResult

__all__ = [
    "HERMES_CORE",
    "Calibration",
    "Tile",
    "TileCost",
    "TileResult",
    "calibrate",
    "fit_readout",
    "macromodel_lines",
    "random_inputs",
]
