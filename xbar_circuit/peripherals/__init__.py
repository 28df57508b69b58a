"""Drivers, amplifiers and converters: what stands around the array."""

from xbar_circuit.peripherals.converters import (
    Converter,
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
)

__all__ = ["Converter", "Flash", "OscillatorCounter", "Ramp", "Sar"]
