"""Studies of an array: IR drop, products of programmed weights, half-selected cells, speed."""

from xbar_circuit.studies.array.exploration import Exploration, ExplorationSetting, explore
from xbar_circuit.studies.array.half_select import HalfSelect, half_select
from xbar_circuit.studies.array.ir_drop import IrDropReport, measure_ir_drop
from xbar_circuit.studies.array.mvm_error import (
    HOURS,
    MvmError,
    gaussian_weights,
    mvm_error,
    sparse_inputs,
)
from xbar_circuit.studies.array.speed import EngineTiming, measure_speed

__all__ = [
    "HOURS",
    "EngineTiming",
    "Exploration",
    "ExplorationSetting",
    "HalfSelect",
    "IrDropReport",
    "MvmError",
    "explore",
    "gaussian_weights",
    "half_select",
    "measure_ir_drop",
    "measure_speed",
    "mvm_error",
    "sparse_inputs",
]
