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
from xbar_circuit.devices.pcm_statistics import PcmState, PcmStatistics
from xbar_circuit.devices.pulsed_set import PulsedSet
from xbar_circuit.devices.sinh import Sinh

__all__ = [
    "Cell",
    "CellResponse",
    "ClippedLog",
    "Curve",
    "Ohmic",
    "PcmState",
    "PcmStatistics",
    "Piecewise",
    "Polynomial",
    "PulsedSet",
    "SaturatedPower",
    "Sinh",
    "Table",
]
