"""Trained networks: read from files, run in NumPy, with their test images; all digital.

A network is a graph of operators, independent of what computes the matrix products::

    import xbar_circuit as xc

    network = xc.network.load("mine.onnx")
    (logits,) = network.run({"image": images})

What puts it on crossbar tiles is `xbar_circuit.accelerator`.
"""

from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.graph import Network, Node
from xbar_circuit.network.images import (
    Dataset,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
    load_images,
)
from xbar_circuit.network.importers import from_onnx, from_torch, load
from xbar_circuit.network.intervals import Estimate, paired_difference, proportion
from xbar_circuit.network.lenet import fashion_mnist_lenet5, mnist_lenet5
from xbar_circuit.network.metrics import Metric, find_metric
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.network.storage import save
from xbar_circuit.network.workload import Workload, load_workload

__all__ = [
    "Dataset",
    "Estimate",
    "Metric",
    "Network",
    "Node",
    "Normalisation",
    "Workload",
    "accuracy",
    "fashion_mnist_calibration",
    "fashion_mnist_lenet5",
    "fashion_mnist_test",
    "find_metric",
    "from_onnx",
    "from_torch",
    "load",
    "load_dataset",
    "load_images",
    "load_workload",
    "mnist_lenet5",
    "paired_difference",
    "proportion",
    "record_vectors",
    "run",
    "save",
]
