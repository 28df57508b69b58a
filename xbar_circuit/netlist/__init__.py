"""The SPICE rendering: decks as text, and PySpice circuits to build upon."""

from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.deck import deck, driver_expression, header_lines, sweep_bounds
from xbar_circuit.netlist.names import column_node, column_nodes, row_node, row_nodes
from xbar_circuit.netlist.options import SpiceOptions
from xbar_circuit.netlist.pyspice import circuit
from xbar_circuit.netlist.terminals import Terminal, drivers, senses

__all__ = [
    "SpiceOptions",
    "Terminal",
    "array_lines",
    "circuit",
    "column_node",
    "column_nodes",
    "deck",
    "driver_expression",
    "drivers",
    "header_lines",
    "row_node",
    "row_nodes",
    "senses",
    "sweep_bounds",
    "write_deck",
]
