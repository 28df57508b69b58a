"""Amplifiers: what holds a bit line at a virtual ground and turns its current into a voltage."""

from xbar_circuit.peripherals.amplifiers.opamp import OpAmp
from xbar_circuit.peripherals.amplifiers.transimpedance import TransimpedanceAmplifier

__all__ = ["OpAmp", "TransimpedanceAmplifier"]
