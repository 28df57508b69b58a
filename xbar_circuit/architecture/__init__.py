"""What an inference costs: latency, energy and area of a stated architecture."""

from xbar_circuit.architecture.chips import PUBLISHED, PublishedChip
from xbar_circuit.architecture.components import (
    Architecture,
    Buffer,
    DigitalUnit,
    Driver,
    Interconnect,
    Readout,
)
from xbar_circuit.architecture.cost import Cost, LayerCost, balanced_replicas, cost
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
    usual_accelerator,
    with_readout,
)
from xbar_circuit.architecture.product import tile_peak
from xbar_circuit.architecture.workload import LayerLoad, array_joules, count_loads

__all__ = [
    "PRESETS",
    "PUBLISHED",
    "Architecture",
    "Buffer",
    "Cost",
    "DigitalUnit",
    "Driver",
    "Interconnect",
    "LayerCost",
    "LayerLoad",
    "Logic",
    "NeurramModel",
    "PublishedChip",
    "Readout",
    "adc_survey",
    "array_joules",
    "balanced_replicas",
    "cmos45",
    "cost",
    "count_loads",
    "hermes_64",
    "hermes_core",
    "isaac",
    "neurram",
    "preset",
    "tile_peak",
    "usual_accelerator",
    "with_readout",
]
