"""Studies: questions to a circuit, each answered by a report."""

from xbar_circuit.studies.converter import (
    MURMANN_SURVEY,
    ConverterReport,
    characterize_converter,
)

__all__ = ["MURMANN_SURVEY", "ConverterReport", "characterize_converter"]
