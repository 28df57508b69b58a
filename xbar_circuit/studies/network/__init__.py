"""Studies of whole networks on tiles: over time and temperature, by read-out, layer by layer."""

from xbar_circuit.studies.network.demo import Demo, run_demo
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.studies.network.inference import evaluate
from xbar_circuit.studies.network.mnist import Mnist, measure_mnist
from xbar_circuit.studies.network.placement import (
    LayerPlacement,
    PlacementReport,
    find_placement,
)
from xbar_circuit.studies.network.point import network_point
from xbar_circuit.studies.network.readouts import (
    ReadoutComparison,
    ReadoutRow,
    compare_readouts,
    own_readout,
    usual_readouts,
)
from xbar_circuit.studies.network.recovery import Recovery, recovery_of, recovery_point
from xbar_circuit.studies.network.temperature import TemperatureCurve, temperature_curve

__all__ = [
    "Demo",
    "Evaluation",
    "LayerPlacement",
    "Mnist",
    "PlacementReport",
    "ReadoutComparison",
    "ReadoutRow",
    "Recovery",
    "TemperatureCurve",
    "compare_readouts",
    "evaluate",
    "find_placement",
    "measure_mnist",
    "network_point",
    "own_readout",
    "recovery_of",
    "recovery_point",
    "run_demo",
    "temperature_curve",
    "usual_readouts",
]
