"""How far an answer may be off: bounds on the error of column currents, and the one exit.

Every engine hands its answer to `certified` with a bound on the error of each column current
[A]; what is not finite or not certain to the tolerance is raised there, never returned.
"""

from xbar_circuit.certificate.bound import SUM_ERROR, TOLERANCE, Cells, wire_bound
from xbar_circuit.certificate.elimination import Elimination, Solution
from xbar_circuit.certificate.exit import certified, certify
from xbar_circuit.certificate.foreign import answer_bound

__all__ = [
    "SUM_ERROR",
    "TOLERANCE",
    "Cells",
    "Elimination",
    "Solution",
    "answer_bound",
    "certified",
    "certify",
    "wire_bound",
]
