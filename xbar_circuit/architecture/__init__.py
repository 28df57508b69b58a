"""Numbers for energy, time and area: published chips, designs and measured circuits, with sources.

They can replace the figures that an accelerator's parts have of their own; the cost of an
inference is `xbar_circuit.accelerator.cost`.
"""

from xbar_circuit.architecture.chips import PUBLISHED, PublishedChip
from xbar_circuit.architecture.components import (
    Architecture,
    Buffer,
    DigitalUnit,
    Interconnect,
    PublishedDriver,
    PublishedReadout,
)
from xbar_circuit.architecture.logic import Logic
from xbar_circuit.architecture.neurram import NeurramModel, neurram
from xbar_circuit.architecture.presets import (
    PRESETS,
    adc_survey,
    cmos45,
    hermes_64,
    hermes_core,
    isaac,
    preset,
)

__all__ = [
    "PRESETS",
    "PUBLISHED",
    "Architecture",
    "Buffer",
    "DigitalUnit",
    "Interconnect",
    "Logic",
    "NeurramModel",
    "PublishedChip",
    "PublishedDriver",
    "PublishedReadout",
    "adc_survey",
    "cmos45",
    "hermes_64",
    "hermes_core",
    "isaac",
    "neurram",
    "preset",
]
