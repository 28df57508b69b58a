"""Studies of a read-out: amplifiers, comparators, converters, integrators, columns, products."""

from xbar_circuit.studies.readout.amplifier import characterize_amplifier
from xbar_circuit.studies.readout.amplifier_report import AmplifierReport
from xbar_circuit.studies.readout.calibration import CalibrationReport, calibrate_chain
from xbar_circuit.studies.readout.column import characterize_column
from xbar_circuit.studies.readout.column_report import ColumnReport
from xbar_circuit.studies.readout.conversion import SpiceConversion, convert_in_spice
from xbar_circuit.studies.readout.converter import (
    MURMANN_SURVEY,
    ConverterReport,
    characterize_converter,
)
from xbar_circuit.studies.readout.converter_sheet import vary_converter
from xbar_circuit.studies.readout.converter_yield import ConverterYield, converter_yield
from xbar_circuit.studies.readout.integrator import IntegratorReport, characterize_integrator
from xbar_circuit.studies.readout.product import ProductReport, characterize_product
from xbar_circuit.studies.readout.sense_amplifier import characterize_sense_amplifier
from xbar_circuit.studies.readout.sense_amplifier_report import (
    SenseAmplifierReport,
    SenseCondition,
)
from xbar_circuit.studies.readout.variations import Variation

__all__ = [
    "MURMANN_SURVEY",
    "AmplifierReport",
    "CalibrationReport",
    "ColumnReport",
    "ConverterReport",
    "ConverterYield",
    "IntegratorReport",
    "ProductReport",
    "SenseAmplifierReport",
    "SenseCondition",
    "SpiceConversion",
    "Variation",
    "calibrate_chain",
    "characterize_amplifier",
    "characterize_column",
    "characterize_converter",
    "characterize_integrator",
    "characterize_product",
    "characterize_sense_amplifier",
    "convert_in_spice",
    "converter_yield",
    "vary_converter",
]
