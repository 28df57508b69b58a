"""Device laws and their statistics: what a cross-point is made of."""

from xbar_circuit.devices.cell import Cell, CellResponse
from xbar_circuit.devices.curves import (
    ClippedLog,
    Curve,
    Piecewise,
    Polynomial,
    SaturatedPower,
    Table,
)
from xbar_circuit.devices.ohmic import Ohmic
from xbar_circuit.devices.pcm import (
    AmorphousPlug,
    CrystalGrowth,
    PcmCell,
    PcmState,
    PcmStatistics,
    PulsedSet,
    ThresholdSwitch,
)
from xbar_circuit.devices.sinh import Sinh

__all__ = [
    "AmorphousPlug",
    "Cell",
    "CellResponse",
    "ClippedLog",
    "CrystalGrowth",
    "Curve",
    "Ohmic",
    "PcmCell",
    "PcmState",
    "PcmStatistics",
    "Piecewise",
    "Polynomial",
    "PulsedSet",
    "SaturatedPower",
    "Sinh",
    "Table",
    "ThresholdSwitch",
]
