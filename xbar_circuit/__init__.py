"""Circuit-level simulation of analog in-memory-computing crossbars.

One description (`Crossbar`), two renderings (ngspice and NumPy), one result type.

Sub-packages and names are imported on first use, so that unused parts cost no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from xbar_circuit.version import __version__

if TYPE_CHECKING:
    from xbar_circuit import (
        accelerator,
        calibration,
        cells,
        devices,
        netlist,
        network,
        nodal,
        peripherals,
        plots,
        programming,
        runs,
        spice,
        studies,
        vacask,
    )
    from xbar_circuit._read_array import read
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
    "plots",
    "programming",
    "read",
    "runs",
    "spice",
    "studies",
    "vacask",
]

_HOMES = {
    "Accelerator": "accelerator",
    "ConvergenceError": "errors",
    "Crossbar": "crossbar",
    "ModelFileError": "errors",
    "NodeVoltages": "result",
    "ParameterError": "errors",
    "ReadResult": "result",
    "read": "_read_array",
    "ShapeError": "errors",
    "SimulatorError": "errors",
    "SimulatorNotFoundError": "errors",
    "Terminals": "wires",
    "Tile": "tile",
    "TileResult": "tile",
    "Wires": "wires",
    "XbarError": "errors",
}


def __getattr__(name: str) -> Any:
    """Import a room, or the module that a name lives in."""
    if name in _HOMES:
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    if not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
