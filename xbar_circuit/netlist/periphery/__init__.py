"""Drivers, amplifiers and converters as SPICE subcircuits, and the clockwork that moves them."""

from xbar_circuit.netlist.periphery.amplifiers import (
    amplifier_definition,
    amplifier_lines,
    conveyor_lines,
    difference_lines,
    load_lines,
    opamp_subcircuit,
    supply_sources,
)
from xbar_circuit.netlist.periphery.converters import (
    converter_includes,
    converter_subcircuit,
    converter_supplies,
)
from xbar_circuit.netlist.periphery.drivers import driver_definition, driver_lines
from xbar_circuit.netlist.periphery.timing import (
    Timing,
    clock_lines,
    integrate_lines,
    staircase,
    timing_of,
    window_of,
)

__all__ = [
    "Timing",
    "amplifier_definition",
    "amplifier_lines",
    "clock_lines",
    "converter_includes",
    "converter_subcircuit",
    "converter_supplies",
    "conveyor_lines",
    "difference_lines",
    "driver_definition",
    "driver_lines",
    "integrate_lines",
    "load_lines",
    "opamp_subcircuit",
    "staircase",
    "supply_sources",
    "timing_of",
    "window_of",
]
