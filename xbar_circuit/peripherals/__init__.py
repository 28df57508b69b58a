"""Drivers, amplifiers and converters: what stands around the array."""

from xbar_circuit.peripherals.amplifiers import OpAmp, TransimpedanceAmplifier
from xbar_circuit.peripherals.converters import (
    Converter,
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = [
    "Converter",
    "Flash",
    "OpAmp",
    "OscillatorCounter",
    "Ramp",
    "Sar",
    "Subcircuit",
    "TransimpedanceAmplifier",
]
