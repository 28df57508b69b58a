"""Converters: from a voltage or a current to a code.

A converter is one module here: its class, and its ``KIND``, from which files, verbs and studies
learn all that they need to offer it.
"""

from xbar_circuit.peripherals.converters import (
    cyclic,
    flash,
    ideal,
    oscillator,
    ramp,
    sar,
    sense_amplifier,
)
from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.cyclic import Cyclic
from xbar_circuit.peripherals.converters.flash import Flash
from xbar_circuit.peripherals.converters.ideal import IdealConverter
from xbar_circuit.peripherals.converters.kinds import (
    CONVERTERS,
    ConverterBench,
    ConverterKind,
    bench_of,
    register,
)
from xbar_circuit.peripherals.converters.oscillator import OscillatorCounter
from xbar_circuit.peripherals.converters.ramp import Ramp
from xbar_circuit.peripherals.converters.sar import Sar
from xbar_circuit.peripherals.converters.sense_amplifier import SenseAmplifier

__all__ = [
    "CONVERTERS",
    "CodeArray",
    "Converter",
    "ConverterBench",
    "ConverterKind",
    "Cyclic",
    "Flash",
    "IdealConverter",
    "OscillatorCounter",
    "Ramp",
    "Sar",
    "SenseAmplifier",
    "bench_of",
    "register",
]

for _module in (ideal, sar, ramp, cyclic, flash, oscillator, sense_amplifier):
    register(_module.KIND)
