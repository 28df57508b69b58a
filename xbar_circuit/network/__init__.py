"""Trained networks on crossbar tiles: import, mapping, programming, inference.

A few lines of Python run a network of your own::

    from xbar_circuit import network
    from xbar_circuit.studies.inference import evaluate

    mine = network.bring("mine.onnx", data="images.npy", labels="labels.npy",
                         calibration="training.npy",
                         normalisation=network.Normalisation(divide=255.0))
    settings = network.read_settings("accelerator.toml")
    print(evaluate(mine.network, mine.test, mine.calibration, settings).mean)
"""

from xbar_circuit.network.accelerator import Accelerator
from xbar_circuit.network.bring import Brought, bring
from xbar_circuit.network.drift import compensate
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.graph import Network, Node
from xbar_circuit.network.images import (
    Dataset,
    Normalisation,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
    load_images,
)
from xbar_circuit.network.importers import from_onnx, from_torch, read_network
from xbar_circuit.network.inference import Analog, calibrate, prepare
from xbar_circuit.network.lenet import fashion_mnist_lenet5, mnist_lenet5
from xbar_circuit.network.mapping import Mapping, map_network
from xbar_circuit.network.programming import ProgrammedNetwork, program
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.network.settings import Settings, read_settings
from xbar_circuit.network.spot_check import TileCheck, choose_tiles, spot_check
from xbar_circuit.network.storage import load_network, save_network
from xbar_circuit.network.wire_aware import WireAware, wire_aware

__all__ = [
    "Accelerator",
    "Analog",
    "Brought",
    "Dataset",
    "Mapping",
    "Network",
    "Node",
    "Normalisation",
    "ProgrammedNetwork",
    "Settings",
    "TileCheck",
    "WireAware",
    "accuracy",
    "bring",
    "calibrate",
    "choose_tiles",
    "compensate",
    "fashion_mnist_calibration",
    "fashion_mnist_lenet5",
    "fashion_mnist_test",
    "from_onnx",
    "from_torch",
    "load_dataset",
    "load_images",
    "load_network",
    "map_network",
    "mnist_lenet5",
    "prepare",
    "program",
    "read_network",
    "read_settings",
    "record_vectors",
    "run",
    "save_network",
    "spot_check",
    "wire_aware",
]
