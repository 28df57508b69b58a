"""Drivers: from numbers to what the word lines do."""

from xbar_circuit.peripherals.drivers.base import Driver
from xbar_circuit.peripherals.drivers.bit_serial import BitSerial
from xbar_circuit.peripherals.drivers.buffer import WordLineBuffer
from xbar_circuit.peripherals.drivers.dac import Dac
from xbar_circuit.peripherals.drivers.exact import ExactDriver
from xbar_circuit.peripherals.drivers.pulse_width import PulseWidth
from xbar_circuit.peripherals.drivers.word_lines import Wave, WordLines
from xbar_circuit.peripherals.drivers.write_lines import WRITE_SCHEMES, WriteLines

__all__ = [
    "WRITE_SCHEMES",
    "BitSerial",
    "Dac",
    "Driver",
    "ExactDriver",
    "PulseWidth",
    "Wave",
    "WordLineBuffer",
    "WordLines",
    "WriteLines",
]
