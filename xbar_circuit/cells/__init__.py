"""Unit cells: what a synapse is made of besides its device.

A bare device law (:class:`xbar_circuit.devices.Ohmic` and the others) is the 1R cell.
"""

from xbar_circuit.cells.one_transistor import GateInput, OneT1R
from xbar_circuit.cells.synapse import Synapse
from xbar_circuit.cells.synapse_kinds import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    MultiDevice,
    SelectionCounter,
)
from xbar_circuit.cells.table import CurrentTable, TableAxis, TableQuality
from xbar_circuit.cells.transistor_cell import TransistorCell

__all__ = [
    "BitSlices",
    "CurrentTable",
    "DifferentialPair",
    "EightT4R",
    "GateInput",
    "MultiDevice",
    "OneT1R",
    "SelectionCounter",
    "Synapse",
    "TableAxis",
    "TableQuality",
    "TransistorCell",
]
