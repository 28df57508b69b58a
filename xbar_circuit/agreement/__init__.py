"""Agreement of the two engines: one comparison, made by tests and by users."""

from xbar_circuit.agreement.analyses import (
    AnalysisCase,
    AnalysisOutcome,
    analysis_cases,
    check_analysis,
    transient_deck,
)
from xbar_circuit.agreement.cases import (
    LINEAR_TOLERANCE,
    NONLINEAR_TOLERANCE,
    KnownCase,
    ReadCase,
    known_cases,
    matrix,
    own_cases,
)
from xbar_circuit.agreement.check import KnownOutcome, ReadOutcome, check, check_known
from xbar_circuit.agreement.compare import Difference, compare, relative_difference
from xbar_circuit.agreement.tiles import TileCase, TileOutcome, check_tile, tile_cases

__all__ = [
    "LINEAR_TOLERANCE",
    "NONLINEAR_TOLERANCE",
    "AnalysisCase",
    "AnalysisOutcome",
    "Difference",
    "KnownCase",
    "KnownOutcome",
    "ReadCase",
    "ReadOutcome",
    "TileCase",
    "TileOutcome",
    "analysis_cases",
    "check",
    "check_analysis",
    "check_known",
    "check_tile",
    "compare",
    "known_cases",
    "matrix",
    "own_cases",
    "relative_difference",
    "tile_cases",
    "transient_deck",
]
