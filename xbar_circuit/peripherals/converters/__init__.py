"""Converters: from a voltage or a current to a code."""

from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.cyclic import Cyclic
from xbar_circuit.peripherals.converters.flash import Flash
from xbar_circuit.peripherals.converters.ideal import IdealConverter
from xbar_circuit.peripherals.converters.oscillator import OscillatorCounter
from xbar_circuit.peripherals.converters.ramp import Ramp
from xbar_circuit.peripherals.converters.sar import Sar
from xbar_circuit.peripherals.converters.sense_amplifier import SenseAmplifier

__all__ = [
    "CodeArray",
    "Converter",
    "Cyclic",
    "Flash",
    "IdealConverter",
    "OscillatorCounter",
    "Ramp",
    "Sar",
    "SenseAmplifier",
]
