"""Agreement of the two engines: one comparison, made by tests and by users."""

from xbar_circuit.agreement.cases import (
    LINEAR_TOLERANCE,
    NONLINEAR_TOLERANCE,
    Case,
    KnownCase,
    known_cases,
    matrix,
)
from xbar_circuit.agreement.check import KnownOutcome, Outcome, check, check_known
from xbar_circuit.agreement.compare import Difference, compare, relative_difference
from xbar_circuit.agreement.tiles import TileCase, TileOutcome, check_tile, tile_cases

__all__ = [
    "LINEAR_TOLERANCE",
    "NONLINEAR_TOLERANCE",
    "Case",
    "Difference",
    "KnownCase",
    "KnownOutcome",
    "Outcome",
    "TileCase",
    "TileOutcome",
    "check",
    "check_known",
    "check_tile",
    "compare",
    "known_cases",
    "matrix",
    "relative_difference",
    "tile_cases",
]
