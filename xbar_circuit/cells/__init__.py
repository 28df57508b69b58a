"""Unit cells and synapses.

A bare device law (:class:`xbar_circuit.devices.Ohmic` and the others) is the 1R cell.
"""

from xbar_circuit.cells.cell_file import load_cell
from xbar_circuit.cells.memory_transistor import MemoryTransistor
from xbar_circuit.cells.one_selector import OneS1R
from xbar_circuit.cells.one_transistor import GateInput, OneT1R
from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.cells.presets import CELL_PRESETS, CellPreset, cell_preset
from xbar_circuit.cells.state_map import StateMap
from xbar_circuit.cells.subcircuit_cell import SubcircuitCell
from xbar_circuit.cells.supply_line import OnSupplyLine
from xbar_circuit.cells.synapse import Synapse
from xbar_circuit.cells.synapse_kinds import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    MultiDevice,
    SelectionCounter,
)
from xbar_circuit.cells.table import CurrentTable, TableQuality
from xbar_circuit.cells.table_axis import TableAxis
from xbar_circuit.cells.tabulated import TabulatedCell
from xbar_circuit.cells.transistor_cell import TransistorCell
from xbar_circuit.cells.verilog_a_cell import VerilogACell

__all__ = [
    "CELL_PRESETS",
    "BitSlices",
    "CellPreset",
    "CurrentTable",
    "DifferentialPair",
    "EightT4R",
    "GateInput",
    "MemoryTransistor",
    "MultiDevice",
    "OnSupplyLine",
    "OneS1R",
    "OneT1R",
    "OwnCell",
    "SelectionCounter",
    "StateMap",
    "SubcircuitCell",
    "Synapse",
    "TableAxis",
    "TableQuality",
    "TabulatedCell",
    "TransistorCell",
    "VerilogACell",
    "cell_preset",
    "load_cell",
]
