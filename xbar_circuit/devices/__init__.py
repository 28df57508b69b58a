"""Device laws and their statistics: what a cross-point is made of."""

from xbar_circuit.devices.cell import Cell, CellResponse
from xbar_circuit.devices.ohmic import Ohmic
from xbar_circuit.devices.sinh import Sinh

__all__ = ["Cell", "CellResponse", "Ohmic", "Sinh"]
