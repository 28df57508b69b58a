"""Studies: questions to a circuit, each answered by a report.

`run_items` is what every sweep, corner list and Monte Carlo study runs on.
"""

from xbar_circuit.studies.amplifier import characterize_amplifier
from xbar_circuit.studies.amplifier_report import AmplifierReport
from xbar_circuit.studies.column import ColumnReport, characterize_column
from xbar_circuit.studies.converter import (
    MURMANN_SURVEY,
    ConverterReport,
    characterize_converter,
)
from xbar_circuit.studies.converter_yield import ConverterYield, converter_yield
from xbar_circuit.studies.half_select import HalfSelect, half_select
from xbar_circuit.studies.integrator import IntegratorReport, characterize_integrator
from xbar_circuit.studies.mvm_error import (
    HOURS,
    MvmError,
    gaussian_weights,
    mvm_error,
    sparse_inputs,
)
from xbar_circuit.studies.product import ProductReport, characterize_product
from xbar_circuit.studies.sense_amplifier import characterize_sense_amplifier
from xbar_circuit.studies.sense_amplifier_report import SenseAmplifierReport, SenseCondition
from xbar_circuit.studies.variations import Variation

__all__ = [
    "HOURS",
    "MURMANN_SURVEY",
    "AmplifierReport",
    "ColumnReport",
    "ConverterReport",
    "ConverterYield",
    "HalfSelect",
    "IntegratorReport",
    "MvmError",
    "ProductReport",
    "SenseAmplifierReport",
    "SenseCondition",
    "Variation",
    "characterize_amplifier",
    "characterize_column",
    "characterize_converter",
    "characterize_integrator",
    "characterize_product",
    "characterize_sense_amplifier",
    "converter_yield",
    "gaussian_weights",
    "half_select",
    "mvm_error",
    "sparse_inputs",
]
