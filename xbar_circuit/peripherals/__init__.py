"""Drivers, amplifiers and converters: the periphery of an array."""

from xbar_circuit.peripherals.amplifiers import (
    Amplifier,
    ChargeIntegrator,
    CurrentConveyor,
    DifferenceAmplifier,
    OpAmp,
    TransimpedanceAmplifier,
)
from xbar_circuit.peripherals.converters import (
    Converter,
    Cyclic,
    Flash,
    IdealConverter,
    OscillatorCounter,
    Ramp,
    Sar,
    SenseAmplifier,
)
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.drivers import (
    BitSerial,
    Dac,
    Driver,
    ExactDriver,
    PulseWidth,
    WordLineBuffer,
    WordLines,
    WriteLines,
)
from xbar_circuit.peripherals.quiet import quiet
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = [
    "Amplifier",
    "BitSerial",
    "ChargeIntegrator",
    "Converter",
    "CurrentConveyor",
    "Cyclic",
    "Dac",
    "DifferenceAmplifier",
    "Driver",
    "ExactDriver",
    "Flash",
    "IdealConverter",
    "OpAmp",
    "OscillatorCounter",
    "PartCost",
    "PulseWidth",
    "Ramp",
    "Readout",
    "Sar",
    "SenseAmplifier",
    "Subcircuit",
    "TransimpedanceAmplifier",
    "WordLineBuffer",
    "WordLines",
    "WriteLines",
    "quiet",
]
