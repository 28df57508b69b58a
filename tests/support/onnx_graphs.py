"""Small ONNX graphs of each kind, for several tests."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(7)
KINDS = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}


def floats(*shape):
    return (0.5 * RNG.normal(size=shape)).astype(np.float32)


def node(kind, inputs, outputs="y", **options):
    outputs = [outputs] if isinstance(outputs, str) else list(outputs)
    return helper.make_node(kind, list(inputs), outputs, **options)


def content_of(nodes, constants, inputs, outputs=("y",), opset=17):
    """`inputs`: shape by name; a name that ends in ``:i`` has whole numbers."""
    graph = helper.make_graph(
        nodes,
        "test",
        [
            helper.make_tensor_value_info(name.split(":")[0], KINDS[(name + ":f").split(":")[1]], s)
            for name, s in inputs.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    made = onnx.shape_inference.infer_shapes(made)
    return made.SerializeToString()


def recurrent(kind, direction, *, lengths=None, initial=False, steps=5, batch=3, **options):
    count, gates = 1 + (direction == "bidirectional"), {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    wide, many = 4, 6
    constants = {
        "W": floats(count, gates * many, wide),
        "R": floats(count, gates * many, many),
        "B": floats(count, 2 * gates * many),
    }
    names, inputs = ["x", "W", "R", "B", "", ""], {"x": [steps, batch, wide]}
    if lengths:
        constants["L"], names[4] = np.array(lengths, np.int32), "L"
    if initial:
        inputs["h"], names[5] = [count, batch, many], "h"
        if kind == "LSTM":
            inputs["c"], names = [count, batch, many], [*names, "c"]
    outputs = ["Y", "Yh", "Yc"] if kind == "LSTM" else ["Y", "Yh"]
    layer = node(
        kind, names, outputs, name="cell", direction=direction, hidden_size=many, **options
    )
    feeds = {name: floats(*shape) for name, shape in inputs.items()}
    return content_of([layer], constants, inputs, outputs), feeds


def transformer(*, tokens=True, steps=6, wide=8, heads=2):
    """One pre-norm block of two heads over an embedding, as exporters write it."""
    constants = {
        "table": floats(11, wide),
        "places": floats(1, steps, wide),
        **{f"w{n}": floats(wide, wide) for n in "qkvo"},
        "up": floats(wide, 4 * wide),
        "down": floats(4 * wide, wide),
        "head": floats(wide, 11),
        "split": np.array([0, 0, heads, wide // heads]),
        "join": np.array([0, 0, wide]),
        "scale": np.float32((wide // heads) ** -0.5),
        "mask": np.triu(np.full((steps, steps), -np.inf, np.float32), 1),
        "one": np.ones(wide, np.float32),
        "half": np.float32(0.5),
        "root": np.float32(2**-0.5),
        "unit": np.float32(1.0),
    }
    nodes = [node("Gather", ("table", "x"), "e0")] if tokens else []
    nodes += [
        node("Add", ("e0", "places"), "e"),
        node("LayerNormalization", ("e", "one"), "n"),
    ]
    for name in "qkv":
        perm = [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]
        nodes += [
            node("MatMul", ("n", f"w{name}"), f"{name}1"),
            node("Reshape", (f"{name}1", "split"), f"{name}2"),
            node("Transpose", (f"{name}2",), name, perm=perm),
        ]
    nodes += [
        node("MatMul", ("q", "k"), "s1"),
        node("Mul", ("s1", "scale"), "s2"),
        node("Add", ("s2", "mask"), "s3"),
        node("Softmax", ("s3",), "p", axis=-1),
        node("MatMul", ("p", "v"), "a1"),
        node("Transpose", ("a1",), "a2", perm=[0, 2, 1, 3]),
        node("Reshape", ("a2", "join"), "a3"),
        node("MatMul", ("a3", "wo"), "a"),
        node("Add", ("e", "a"), "r"),
        node("LayerNormalization", ("r", "one"), "m"),
        node("MatMul", ("m", "up"), "u"),
        node("Mul", ("u", "root"), "g1"),
        node("Erf", ("g1",), "g2"),
        node("Add", ("g2", "unit"), "g3"),
        node("Mul", ("u", "g3"), "g4"),
        node("Mul", ("g4", "half"), "g"),
        node("MatMul", ("g", "down"), "d"),
        node("Add", ("r", "d"), "z"),
        node("MatMul", ("z", "head"), "y"),
    ]
    return content_of(nodes, constants, {"x:i": ["n", steps]})
