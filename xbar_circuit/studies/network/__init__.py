"""Studies of whole networks on tiles: accuracy over time, wire-aware programming."""

from xbar_circuit.studies.network.inference import Evaluation, evaluate
from xbar_circuit.studies.network.point import network_point
from xbar_circuit.studies.network.recovery import Recovery, recovery_of, recovery_point

__all__ = [
    "Evaluation",
    "Recovery",
    "evaluate",
    "network_point",
    "recovery_of",
    "recovery_point",
]
