"""Amplifiers: what holds a bit line at a virtual ground and hands its current on."""

from xbar_circuit.peripherals.amplifiers.base import Amplifier
from xbar_circuit.peripherals.amplifiers.conveyor import CurrentConveyor
from xbar_circuit.peripherals.amplifiers.difference import DifferenceAmplifier
from xbar_circuit.peripherals.amplifiers.integrator import ChargeIntegrator
from xbar_circuit.peripherals.amplifiers.opamp import OpAmp
from xbar_circuit.peripherals.amplifiers.transimpedance import TransimpedanceAmplifier

__all__ = [
    "Amplifier",
    "ChargeIntegrator",
    "CurrentConveyor",
    "DifferenceAmplifier",
    "OpAmp",
    "TransimpedanceAmplifier",
]
