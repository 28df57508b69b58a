"""Device laws and their statistics."""

from xbar_circuit.devices.cell import Bounded, Cell, CellResponse, Warmed
from xbar_circuit.devices.curves import (
    ClippedLog,
    Curve,
    Piecewise,
    Polynomial,
    SaturatedPower,
    TabulatedCurve,
)
from xbar_circuit.devices.filament import FilamentCell
from xbar_circuit.devices.iv_table import IvTable
from xbar_circuit.devices.ohmic import Ohmic
from xbar_circuit.devices.pcm import (
    AmorphousPlug,
    CrystalGrowth,
    HotSpot,
    PcmCell,
    PcmDevices,
    PcmState,
    PcmStatistics,
    PcmTrace,
    PcmVariability,
    Pulse,
    PulsedSet,
    ThresholdSwitch,
    transient,
)
from xbar_circuit.devices.sinh import Sinh
from xbar_circuit.devices.transistor import Transistor

__all__ = [
    "AmorphousPlug",
    "Bounded",
    "Cell",
    "CellResponse",
    "ClippedLog",
    "CrystalGrowth",
    "Curve",
    "FilamentCell",
    "HotSpot",
    "IvTable",
    "Ohmic",
    "PcmCell",
    "PcmDevices",
    "PcmState",
    "PcmStatistics",
    "PcmTrace",
    "PcmVariability",
    "Piecewise",
    "Polynomial",
    "Pulse",
    "PulsedSet",
    "SaturatedPower",
    "Sinh",
    "TabulatedCurve",
    "ThresholdSwitch",
    "Transistor",
    "Warmed",
    "transient",
]
