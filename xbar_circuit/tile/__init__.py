"""A tile: crossbar, drivers and read-outs together, fast or in ngspice."""

from xbar_circuit.tile.calibrate import Calibration, calibrate, fit_readout, random_inputs
from xbar_circuit.tile.chains import CHAINS, chain, transistor_circuit
from xbar_circuit.tile.compiled import CompiledTile, compile_tile
from xbar_circuit.tile.correction import ColumnCorrection, IdealScale, calibrate_columns
from xbar_circuit.tile.cost import HERMES_CORE, TileCost
from xbar_circuit.tile.export import EXPORT_BODIES, EXPORT_FORMATS, export_array
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.tile.noise import ReadNoise, TileNoise
from xbar_circuit.tile.presets import hermes_like
from xbar_circuit.tile.result import TileResult
from xbar_circuit.tile.tile import Tile

__all__ = [
    "CHAINS",
    "EXPORT_BODIES",
    "EXPORT_FORMATS",
    "HERMES_CORE",
    "Calibration",
    "ColumnCorrection",
    "CompiledTile",
    "IdealScale",
    "ReadNoise",
    "Tile",
    "TileCost",
    "TileNoise",
    "TileResult",
    "calibrate",
    "calibrate_columns",
    "chain",
    "compile_tile",
    "export_array",
    "fit_readout",
    "hermes_like",
    "macromodel_lines",
    "random_inputs",
    "transistor_circuit",
]
