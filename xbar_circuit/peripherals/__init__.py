"""Drivers, amplifiers and converters: what stands around the array."""

from xbar_circuit.peripherals.amplifiers import OpAmp, TransimpedanceAmplifier
from xbar_circuit.peripherals.converters import (
    Converter,
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
)
from xbar_circuit.peripherals.drivers import Dac
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = [
    "Converter",
    "Dac",
    "Flash",
    "OpAmp",
    "OscillatorCounter",
    "Ramp",
    "Readout",
    "Sar",
    "Subcircuit",
    "TransimpedanceAmplifier",
]
