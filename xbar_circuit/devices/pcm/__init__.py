"""Phase-change memory: the physics of a cell, and the statistics of an array."""

from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.crystal_growth import CrystalGrowth
from xbar_circuit.devices.pcm.dynamics import PcmTrace, Pulse, transient
from xbar_circuit.devices.pcm.hot_spot import HotSpot
from xbar_circuit.devices.pcm.pulsed_set import PulsedSet
from xbar_circuit.devices.pcm.state import PcmState
from xbar_circuit.devices.pcm.statistics import PcmStatistics
from xbar_circuit.devices.pcm.threshold_switch import ThresholdSwitch
from xbar_circuit.devices.pcm.variability import PcmDevices, PcmVariability

__all__ = [
    "AmorphousPlug",
    "CrystalGrowth",
    "HotSpot",
    "PcmCell",
    "PcmDevices",
    "PcmState",
    "PcmStatistics",
    "PcmTrace",
    "PcmVariability",
    "Pulse",
    "PulsedSet",
    "ThresholdSwitch",
    "transient",
]
