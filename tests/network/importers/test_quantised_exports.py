"""Integer exports as onnxruntime's quantizer writes them, in every format, beside onnxruntime."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_dynamic,
    quantize_static,
)

from onnx_graphs import content_of, floats, node
from xbar_circuit.network.importers import from_onnx

KINDS = {
    "dynamic": {"ConvInteger", "MatMulInteger"},
    "QDQ": {"DequantizeLinear"},
    "QOperator": {
        *("QLinearConv", "QGemm", "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearSigmoid"),
        *("QLinearLeakyRelu", "QLinearAveragePool", "QLinearGlobalAveragePool"),
    },
}


class Samples(CalibrationDataReader):
    def __init__(self, arrays):
        self.left = iter(arrays)

    def get_next(self):
        x = next(self.left, None)
        return None if x is None else {"x": x}


def network():
    """Convolutions, a sum, a product, a concatenation, poolings, a gate and a dense layer."""
    nodes = [
        node("Conv", ("x", "w1", "b1"), "a", pads=[1, 1, 1, 1]),
        node("Relu", ("a",), "r"),
        node("Conv", ("r", "w2", "b2"), "c", pads=[1, 1, 1, 1]),
        node("Sigmoid", ("c",), "s"),
        node("Mul", ("r", "s"), "m"),
        node("Add", ("m", "r"), "p"),
        node("LeakyRelu", ("p",), "l", alpha=0.1),
        node("Concat", ("l", "c"), "k", axis=1),
        node("AveragePool", ("k",), "v", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ("v",), "g"),
        node("Flatten", ("g",), "f"),
        node("Gemm", ("f", "w3", "b3"), "y", transB=1),
    ]
    constants = {"w1": floats(4, 1, 3, 3), "b1": floats(4), "w2": floats(4, 4, 3, 3)}
    constants |= {"b2": floats(4), "w3": floats(3, 8), "b3": floats(3)}
    return content_of(nodes, constants, {"x": [1, 1, 8, 8]})


@pytest.mark.parametrize("form", ["dynamic", "QDQ", "QOperator"])
def test_a_quantised_network_is_the_runtimes_and_has_its_weights_on_tiles(form, tmp_path):
    plain, path = tmp_path / "plain.onnx", tmp_path / "integers.onnx"
    plain.write_bytes(network())
    samples = [floats(1, 1, 8, 8) for _ in range(4)]
    if form == "dynamic":
        quantize_dynamic(plain, path)
    else:
        quantize_static(plain, path, Samples(samples), quant_format=QuantFormat[form])
    kinds = {one.op_type for one in onnx.load(path).graph.node}
    assert KINDS[form] <= kinds
    found = from_onnx(path)
    assert len(found.matrix_nodes) == 3
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for x in samples:
        (wanted,) = session.run(None, {"x": x})
        step = np.abs(wanted).max() / 127  # a rounding on the other side of a tie
        np.testing.assert_allclose(found.run({"x": x})[0], wanted, rtol=0, atol=2 * step)
