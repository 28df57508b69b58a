"""A tile: crossbar, drivers and read-outs together, fast or in ngspice."""

from xbar_circuit.tile.calibrate import calibrate, random_inputs
from xbar_circuit.tile.cost import HERMES_CORE, TileCost
from xbar_circuit.tile.tile import Tile, TileResult

__all__ = ["HERMES_CORE", "Tile", "TileCost", "TileResult", "calibrate", "random_inputs"]
