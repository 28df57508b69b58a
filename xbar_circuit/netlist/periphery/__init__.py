"""Drivers, amplifiers and converters as SPICE subcircuits, and the clockwork that moves them."""

from xbar_circuit.netlist.periphery.converters import converter_subcircuit
from xbar_circuit.netlist.periphery.timing import Timing, clock_lines, staircase, timing_of

__all__ = ["Timing", "clock_lines", "converter_subcircuit", "staircase", "timing_of"]
