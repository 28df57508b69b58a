"""Circuit-level simulation of analog in-memory-computing crossbars.

One description (`Crossbar`), two renderings (ngspice and NumPy), one result type.
"""

from xbar_circuit import (
    accelerator,
    calibration,
    cells,
    devices,
    netlist,
    network,
    nodal,
    peripherals,
    programming,
    runs,
    spice,
    studies,
)
from xbar_circuit.accelerator import Accelerator
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import (
    ConvergenceError,
    ModelFileError,
    ParameterError,
    ShapeError,
    SimulatorError,
    SimulatorNotFoundError,
    XbarError,
)
from xbar_circuit.result import NodeVoltages, ReadResult
from xbar_circuit.tile import Tile, TileResult
from xbar_circuit.version import __version__
from xbar_circuit.wires import Terminals, Wires

__all__ = [
    "Accelerator",
    "ConvergenceError",
    "Crossbar",
    "ModelFileError",
    "NodeVoltages",
    "ParameterError",
    "ReadResult",
    "ShapeError",
    "SimulatorError",
    "SimulatorNotFoundError",
    "Terminals",
    "Tile",
    "TileResult",
    "Wires",
    "XbarError",
    "__version__",
    "accelerator",
    "calibration",
    "cells",
    "devices",
    "netlist",
    "network",
    "nodal",
    "peripherals",
    "programming",
    "runs",
    "spice",
    "studies",
]
