"""The operators that a network is made of, and the table of their names."""

from xbar_circuit.network.operators.activation import (
    Clip,
    Erf,
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
from xbar_circuit.network.operators.arithmetic import Add, Affine, Concat, MatMul, Mul
from xbar_circuit.network.operators.convolution import Convolution
from xbar_circuit.network.operators.dense import Dense
from xbar_circuit.network.operators.onnx_operator import OnnxOperator
from xbar_circuit.network.operators.pooling import (
    AveragePool,
    GlobalAveragePool,
    GlobalMaxPool,
    LocalResponse,
    MaxPool,
    Mean,
)
from xbar_circuit.network.operators.protocol import (
    AnyOperator,
    Array,
    MatrixOperator,
    Operator,
    Product,
    RecurrentOperator,
)
from xbar_circuit.network.operators.recurrent import Recurrent
from xbar_circuit.network.operators.shape import (
    Cast,
    Constant,
    Flatten,
    Identity,
    Pad,
    Reshape,
    Transpose,
)
from xbar_circuit.network.operators.transposed_convolution import TransposedConvolution

__all__ = [
    "KINDS",
    "Add",
    "Affine",
    "AnyOperator",
    "Array",
    "AveragePool",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "Convolution",
    "Dense",
    "Erf",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "LocalResponse",
    "LogSoftmax",
    "MatMul",
    "MatrixOperator",
    "MaxPool",
    "Mean",
    "Mul",
    "OnnxOperator",
    "Operator",
    "Pad",
    "Prelu",
    "Product",
    "Recurrent",
    "RecurrentOperator",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Transpose",
    "TransposedConvolution",
]

#: Every operator by the name it has in a file.
KINDS = {
    kind.__name__: kind
    for kind in (
        Add,
        Affine,
        AveragePool,
        Cast,
        Clip,
        Concat,
        Constant,
        Convolution,
        Dense,
        Erf,
        Flatten,
        GlobalAveragePool,
        GlobalMaxPool,
        HardSigmoid,
        HardSwish,
        Identity,
        LeakyRelu,
        LocalResponse,
        LogSoftmax,
        MatMul,
        MaxPool,
        Mean,
        Mul,
        Pad,
        Prelu,
        Recurrent,
        OnnxOperator,
        Relu,
        Reshape,
        Sigmoid,
        Softmax,
        Tanh,
        Transpose,
        TransposedConvolution,
    )
}
