"""The operators that a network is made of, and the table of their names."""

from xbar_circuit.network.operators.activation import (
    Clip,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    LogSoftmax,
    Prelu,
    Relu,
    Sigmoid,
    Softmax,
    Tanh,
)
from xbar_circuit.network.operators.arithmetic import Add, Affine, Concat, Mul
from xbar_circuit.network.operators.matrix import Convolution, Dense
from xbar_circuit.network.operators.pooling import (
    AveragePool,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool,
    Mean,
)
from xbar_circuit.network.operators.protocol import Array, MatrixOperator, Operator
from xbar_circuit.network.operators.shape import Flatten, Identity, Pad, Reshape, Transpose

__all__ = [
    "KINDS",
    "Add",
    "Affine",
    "Array",
    "AveragePool",
    "Clip",
    "Concat",
    "Convolution",
    "Dense",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "LogSoftmax",
    "MatrixOperator",
    "MaxPool",
    "Mean",
    "Mul",
    "Operator",
    "Pad",
    "Prelu",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Transpose",
]

#: Every operator by the name it has in a file.
KINDS = {
    kind.__name__: kind
    for kind in (
        Add,
        Affine,
        AveragePool,
        Clip,
        Concat,
        Convolution,
        Dense,
        Flatten,
        GlobalAveragePool,
        GlobalMaxPool,
        HardSigmoid,
        HardSwish,
        Identity,
        LeakyRelu,
        LogSoftmax,
        MaxPool,
        Mean,
        Mul,
        Pad,
        Prelu,
        Relu,
        Reshape,
        Sigmoid,
        Softmax,
        Tanh,
        Transpose,
    )
}
