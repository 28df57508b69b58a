"""Drivers, amplifiers and converters as SPICE subcircuits, and the clockwork that moves them."""

from xbar_circuit.netlist.periphery.amplifiers import (
    amplifier_definition,
    opamp_subcircuit,
    supply_sources,
    transimpedance_lines,
)
from xbar_circuit.netlist.periphery.converters import (
    converter_includes,
    converter_subcircuit,
    converter_supplies,
)
from xbar_circuit.netlist.periphery.timing import Timing, clock_lines, staircase, timing_of

__all__ = [
    "Timing",
    "amplifier_definition",
    "clock_lines",
    "converter_includes",
    "converter_subcircuit",
    "converter_supplies",
    "opamp_subcircuit",
    "staircase",
    "supply_sources",
    "timing_of",
    "transimpedance_lines",
]
