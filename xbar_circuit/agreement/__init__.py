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

__all__ = [
    "LINEAR_TOLERANCE",
    "NONLINEAR_TOLERANCE",
    "Case",
    "Difference",
    "KnownCase",
    "KnownOutcome",
    "Outcome",
    "check",
    "check_known",
    "compare",
    "known_cases",
    "matrix",
    "relative_difference",
]
