"""Studies of whole networks on tiles: accuracy over time, wire-aware programming."""

from xbar_circuit.studies.network.demo import Demo, run_demo
from xbar_circuit.studies.network.inference import Evaluation, evaluate
from xbar_circuit.studies.network.mnist import Mnist, measure_mnist
from xbar_circuit.studies.network.point import network_point
from xbar_circuit.studies.network.recovery import Recovery, recovery_of, recovery_point

__all__ = [
    "Demo",
    "Evaluation",
    "Mnist",
    "Recovery",
    "evaluate",
    "measure_mnist",
    "network_point",
    "recovery_of",
    "recovery_point",
    "run_demo",
]
