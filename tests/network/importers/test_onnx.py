"""Every operator against onnxruntime, and networks written by others."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from xbar_circuit import ModelFileError
from xbar_circuit.network.execution import run
from xbar_circuit.network.importers import from_onnx, load
from xbar_circuit.network.importers.onnx import declared_onnx_shape
from xbar_circuit.network.operators import Affine, Convolution
from xbar_circuit.network.storage import read_npz, save

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
EXPORTS = Path(__file__).parents[2] / "data/torch_exports"
RNG = np.random.default_rng(11)


def model(nodes, constants, shape, opset=17, batch="n"):
    initializers = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_empty_tensor_value_info("y")],
        initializers,
    )
    graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made.SerializeToString()


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def check(content, shape, batch=3):
    network = from_onnx(content)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    x = 2.0 * floats(batch, *shape)
    expected = session.run(None, {session.get_inputs()[0].name: x})[0]
    (found,) = network.run({session.get_inputs()[0].name: x})
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())
    return network


def node(kind, inputs=("x",), output="y", **attributes):
    return helper.make_node(kind, list(inputs), [output], **attributes)


MAPS = (4, 9, 8)
ONE = {
    "Relu": (node("Relu"), {}, MAPS),
    "LeakyRelu": (node("LeakyRelu", alpha=0.3), {}, MAPS),
    "PRelu": (node("PRelu", ("x", "s")), {"s": floats(4, 1, 1)}, MAPS),
    "Clip": (node("Clip", ("x", "a", "b")), {"a": np.float32(-1), "b": np.float32(0.5)}, MAPS),
    "Clip, one end": (node("Clip", ("x", "a")), {"a": np.float32(-1)}, MAPS),
    "HardSigmoid": (node("HardSigmoid", alpha=0.3, beta=0.4), {}, MAPS),
    "HardSwish": (node("HardSwish"), {}, MAPS),
    "Sigmoid": (node("Sigmoid"), {}, MAPS),
    "Tanh": (node("Tanh"), {}, MAPS),
    "Softmax": (node("Softmax"), {}, MAPS),
    "LogSoftmax": (node("LogSoftmax", axis=1), {}, MAPS),
    "Softmax, axis": (node("Softmax", axis=1), {}, MAPS),
    "Conv": (node("Conv", ("x", "w", "b")), {"w": floats(5, 4, 3, 3), "b": floats(5)}, MAPS),
    "Conv, all": (
        node("Conv", ("x", "w"), strides=[2, 1], pads=[1, 0, 2, 1], dilations=[1, 2], group=2),
        {"w": floats(6, 2, 3, 2)},
        MAPS,
    ),
    "Conv, depthwise": (node("Conv", ("x", "w"), group=4), {"w": floats(4, 1, 3, 3)}, MAPS),
    "Conv, same": (
        node("Conv", ("x", "w"), auto_pad="SAME_UPPER", strides=[2, 2]),
        {"w": floats(2, 4, 3, 3)},
        MAPS,
    ),
    "Conv, same lower": (
        node("Conv", ("x", "w"), auto_pad="SAME_LOWER"),
        {"w": floats(2, 4, 2, 2)},
        MAPS,
    ),
    "Conv, 1-D": (
        node("Conv", ("x", "w"), pads=[2, 1], strides=[2], dilations=[2]),
        {"w": floats(3, 4, 3)},
        (4, 16),
    ),
    "Gemm": (
        node("Gemm", ("x", "w", "b"), alpha=0.5, beta=2.0, transB=1),
        {"w": floats(7, 10), "b": floats(7)},
        (10,),
    ),
    "MatMul": (node("MatMul", ("x", "w")), {"w": floats(10, 3)}, (10,)),
    "MatMul, sequence": (node("MatMul", ("x", "w")), {"w": floats(10, 3)}, (5, 10)),
    "BatchNormalization": (
        node("BatchNormalization", ("x", "s", "t", "m", "v"), epsilon=1e-3),
        {"s": floats(4), "t": floats(4), "m": floats(4), "v": floats(4) ** 2 + 0.1},
        MAPS,
    ),
    "MaxPool": (node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]), {}, MAPS),
    "MaxPool, ceil": (
        node("MaxPool", kernel_shape=[2, 3], strides=[2, 3], ceil_mode=1),
        {},
        MAPS,
    ),
    "LRN": (node("LRN", size=3, alpha=0.1, bias=1.5), {}, MAPS),
    "Erf": (node("Erf"), {}, MAPS),
    "MaxPool, dilated": (node("MaxPool", kernel_shape=[3, 3], dilations=[2, 2]), {}, MAPS),
    "AveragePool": (
        node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        {},
        MAPS,
    ),
    "AveragePool, counted": (
        node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        {},
        MAPS,
    ),
    "GlobalAveragePool": (node("GlobalAveragePool"), {}, MAPS),
    "GlobalMaxPool": (node("GlobalMaxPool"), {}, MAPS),
    "ReduceMean": (node("ReduceMean", axes=[2, 3], keepdims=0), {}, MAPS),
    "ReduceMean, channels last": (node("ReduceMean", axes=[1, -2]), {}, MAPS),
    "Add": (node("Add", ("x", "x")), {}, MAPS),
    "Add, constant": (node("Add", ("c", "x")), {"c": floats(1, 4, 1, 1)}, MAPS),
    "Mul": (node("Mul", ("x", "x")), {}, MAPS),
    "Mul, constant": (node("Mul", ("x", "c")), {"c": floats(8)}, MAPS),
    "Sub, constant": (node("Sub", ("c", "x")), {"c": floats(4, 1, 1)}, MAPS),
    "Div, constant": (node("Div", ("x", "c")), {"c": np.float32(3.0)}, MAPS),
    "Sum": (node("Sum", ("x", "x", "x")), {}, MAPS),
    "Concat": (node("Concat", ("x", "x"), axis=-1), {}, MAPS),
    "Flatten": (node("Flatten"), {}, MAPS),
    "Reshape": (node("Reshape", ("x", "s")), {"s": np.array([0, 2, -1, 8])}, MAPS),
    "Transpose": (node("Transpose", perm=[0, 2, 3, 1]), {}, MAPS),
    "Pad": (
        node("Pad", ("x", "p", "v")),
        {"p": np.array([0, 0, 1, 2, 0, 1, 0, 3]), "v": np.float32(0.5)},
        MAPS,
    ),
    **{
        f"Pad, {mode}": (
            node("Pad", ("x", "p"), mode=mode),
            {"p": np.array([0, 0, 1, 2, 0, 1, 0, 3])},
            MAPS,
        )
        for mode in ("edge", "reflect")
    },
    "Pad, cut": (node("Pad", ("x", "p")), {"p": np.array([0, 0, -1, 2, 0, 1, 1, -3])}, MAPS),
    "Pad, axes": (
        node("Pad", ("x", "p", "", "a")),
        {"p": np.array([1, 2, 0, 3]), "a": np.array([2, -1])},
        MAPS,
        18,
    ),
    "Unsqueeze": (node("Unsqueeze", ("x", "a")), {"a": np.array([1])}, MAPS),
    "Squeeze": (node("Squeeze", ("x", "a")), {"a": np.array([2])}, (4, 1, 5)),
    "Squeeze, all": (node("Squeeze"), {}, (4, 1, 5, 1)),
    "MatMul, stacked": (node("MatMul", ("x", "w")), {"w": floats(1, 10, 3)}, (5, 10)),
}


@pytest.mark.parametrize("case", ONE)
def test_operator_agrees_with_onnxruntime(case):
    made, constants, shape, *opset = ONE[case]
    check(model([made], constants, shape, *opset), shape)


def test_a_residual_network_with_everything_folded():
    nodes = [
        node("Conv", ("x", "w1"), "a", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ("a", "s", "t", "m", "v"), "b"),
        node("HardSwish", ("b",), "c"),
        node("Conv", ("c", "w2"), "d", pads=[1, 1, 1, 1], group=4),
        node("Add", ("d", "t1"), "e"),
        node("Add", ("e", "c"), "f"),
        node("GlobalAveragePool", ("f",), "g"),
        node("Shape", ("g",), "h"),
        node("Gather", ("h", "zero"), "i"),
        node("Unsqueeze", ("i", "axis"), "j"),
        node("Concat", ("j", "minus"), "k", axis=0),
        node("Reshape", ("g", "k"), "l"),
        node("Dropout", ("l",), "o"),
        node("MatMul", ("o", "w3"), "p"),
        node("Add", ("p", "b3")),
    ]
    constants = {
        "w1": floats(4, 3, 3, 3),
        "s": floats(4),
        "t": floats(4),
        "m": floats(4),
        "v": floats(4) ** 2 + 0.1,
        "w2": floats(4, 1, 3, 3),
        "t1": floats(4, 1, 1),
        "zero": np.array(0),
        "axis": np.array([0]),
        "minus": np.array([-1]),
        "w3": floats(4, 10),
        "b3": floats(10),
    }
    network = check(model(nodes, constants, (3, 8, 8)), (3, 8, 8))
    assert not any(isinstance(n.operator, Affine) for n in network.nodes)
    assert [n for n, _ in network.matrix_nodes] == ["a", "d", "p"]


def test_what_cannot_be_folded_stays():
    """A batch normalisation before the weights, and one after a shared output."""
    statistics = {"s": floats(3), "t": floats(3), "m": floats(3), "v": floats(3) ** 2 + 0.1}
    nodes = [
        node("BatchNormalization", ("x", "s", "t", "m", "v"), "a"),
        node("Conv", ("a", "w"), "b"),
        node("BatchNormalization", ("b", "s", "t", "m", "v"), "c"),
        node("Add", ("b", "c")),
    ]
    content = model(nodes, {**statistics, "w": floats(3, 3, 1, 1)}, (3, 5, 5))
    network = check(content, (3, 5, 5))
    assert sum(isinstance(n.operator, Affine) for n in network.nodes) == 2


def test_an_imported_network_survives_its_file(tmp_path):
    made, constants, shape = ONE["Conv, all"]
    network = from_onnx(model([made], constants, shape))
    save(network, tmp_path / "n.npz")
    x = floats(2, *shape)
    assert np.array_equal(run(load(tmp_path / "n.npz"), x), run(network, x))
    assert isinstance(read_npz(tmp_path / "n.npz").nodes[0].operator, Convolution)


@pytest.mark.parametrize("name", ["light_squeezenet", "light_shufflenet"])
def test_networks_written_by_others_run_unchanged(name):
    """Graphs of the ONNX project's own test data (caffe2 exports); their weights are constants.

    The logits are compared: of numbers near 7e9 in float32, the softmax depends on the last bit,
    and with it on the order in which a processor adds.
    """
    content = onnx.load(LIGHT / f"{name}.onnx")
    last = next(node for node in content.graph.node if node.op_type == "Softmax").input[0]
    content.graph.output.insert(0, helper.make_empty_tensor_value_info(last))
    content.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    network = from_onnx(content.SerializeToString(), output=last)
    assert network.weight_count > 1_000_000
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        content.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = floats(1, *network.input_shape)
    image = next(i.name for i in session.get_inputs() if "data" in i.name)
    expected = session.run([last], {image: x})[0]
    np.testing.assert_allclose(run(network, x).ravel(), expected.ravel(), rtol=1e-5, atol=0.0)


@pytest.mark.parametrize("path", sorted(EXPORTS.glob("*.onnx")), ids=lambda path: path.stem)
def test_what_torch_exports_runs_as_in_torch(path):
    with np.load(EXPORTS / "truth.npz") as truth:
        x, expected = (truth[f"{path.stem.split('_')[0]}_{letter}"] for letter in "xy")
    network = from_onnx(path)
    np.testing.assert_allclose(run(network, x), expected, atol=1e-6)
    assert not any(isinstance(n.operator, Affine) for n in network.nodes)  # all are folded


def test_unknown_operators_are_refused_before_any_work_by_name():
    nodes = [
        helper.make_node("Celu", ["x"], ["a"], name="bent"),  # the reference knows it
        helper.make_node("MaxRoiPool", ["a", "r"], ["b"], name="pool", pooled_shape=[1, 1]),
        helper.make_node("Twist", ["b"], ["y"], name="mine", domain="my.domain"),
    ]
    with pytest.raises(ModelFileError, match=r"unsupported node 'pool' \(MaxRoiPool\), 'mine'"):
        from_onnx(model(nodes, {"r": floats(1, 5)}, MAPS))


DIGITAL = {
    "Concat, constants": (node("Concat", ("x", "c"), axis=1), {"c": floats(3, 2, 9, 8)}, MAPS),
    "Concat, the batch": (node("Concat", ("x", "x"), axis=0), {}, MAPS),
    "Gemm, transA": (node("Gemm", ("x", "w"), transA=1), {"w": floats(3, 4)}, (5,)),
    "MatMul, activations": (node("MatMul", ("x", "x")), {}, (2, 6, 6)),
    "MatMul, weights first": (node("MatMul", ("w", "x")), {"w": floats(7, 6)}, (6, 5)),
    "MatMul, a vector": (node("MatMul", ("x", "w")), {"w": floats(6)}, (4, 6)),
    "Transpose, the batch": (node("Transpose", perm=[1, 0, 2, 3]), {}, MAPS),
    "Pad, the batch": (node("Pad", ("x", "p")), {"p": np.eye(8, dtype=np.int64)[4]}, MAPS),
    "ReduceMean, the batch": (node("ReduceMean", axes=[0, 1]), {}, MAPS),
    "ReduceMean, all": (node("ReduceMean"), {}, MAPS),
    "Clip, a moving end": (node("Clip", ("x", "", "c")), {"c": np.float32(0.1)}, MAPS),
    "Add, another axis": (node("Add", ("x", "c")), {"c": floats(2, 1, 4, 9, 8)}, MAPS),
    "Reshape, the batch": (node("Reshape", ("x", "s")), {"s": np.array([-1, 8])}, MAPS),
    "Sub, activations": (node("Sub", ("x", "x")), {}, MAPS),
    "Celu": (node("Celu", alpha=0.7), {}, MAPS),
    "LayerNormalization": (
        node("LayerNormalization", ("x", "s", "b"), axis=-1),
        {"s": floats(8), "b": floats(8)},
        MAPS,
    ),
    "Gather": (node("Gather", ("x", "i"), axis=2), {"i": np.array([[0, 3], [8, 1]])}, MAPS),
    "Slice": (
        node("Slice", ("x", "a", "b", "c", "d")),
        {"a": np.array([1]), "b": np.array([8]), "c": np.array([2]), "d": np.array([2])},
        MAPS,
    ),
    "Resize": (
        node("Resize", ("x", "", "f"), mode="linear"),
        {"f": np.array([1, 1, 2, 1.5], np.float32)},
        MAPS,
    ),
    "DepthToSpace": (node("DepthToSpace", blocksize=2), {}, MAPS),
    "Einsum": (node("Einsum", ("x", "x"), equation="bijk,bijl->bikl"), {}, MAPS),
    "InstanceNormalization": (
        node("InstanceNormalization", ("x", "s", "b")),
        {"s": floats(4), "b": floats(4)},
        MAPS,
    ),
    "ConvTranspose": (
        node("ConvTranspose", ("x", "w", "b"), strides=[2, 1], pads=[1, 0, 0, 2]),
        {"w": floats(4, 5, 3, 2), "b": floats(5)},
        MAPS,
    ),
    "ConvTranspose, all": (
        node(
            "ConvTranspose",
            ("x", "w"),
            strides=[3, 2],
            dilations=[1, 2],
            group=2,
            output_padding=[2, 1],
        ),
        {"w": floats(4, 3, 2, 3)},
        MAPS,
    ),
    "ConvTranspose, same": (
        node("ConvTranspose", ("x", "w"), strides=[2, 2], auto_pad="SAME_UPPER"),
        {"w": floats(4, 3, 3, 3)},
        MAPS,
    ),
    "Conv, 3-D": (
        node("Conv", ("x", "w"), pads=[1] * 6),
        {"w": floats(5, 4, 3, 3, 3)},
        (4, 5, 6, 7),
    ),
    "Gemm, rows of biases": (
        node("Gemm", ("x", "w", "b"), beta=0.5),
        {"w": floats(5, 4), "b": floats(3, 4)},
        (5,),
    ),
}
_TILES = ("Conv", "Gemm", "MatMul, weights", "MatMul, a")


@pytest.mark.parametrize("case", DIGITAL)
def test_what_has_no_fast_path_is_left_to_the_reference(case):
    """The batch may be mixed: then samples are run one by one, or the file's batch as a whole."""
    made, constants, shape, *opset = DIGITAL[case]
    fixed = {"batch": 3} if case in {"Concat, constants", "Gemm, transA"} else {}
    network = check(model([made], constants, shape, *opset, **fixed), shape)
    if case.startswith(_TILES) and case != "MatMul, activations":
        assert network.weight_count == next(v.size for k, v in constants.items() if k == "w")
    else:
        assert not network.weight_count


@pytest.mark.parametrize(
    ("made", "constants", "words"),
    [
        (node("Dropout", ("x", "r", "t")), {"r": np.float32(0.5), "t": np.bool_(1)}, "training"),
        (
            node("BatchNormalization", ("x", "s", "s", "s", "v")),
            {"s": np.ones(4, np.float32), "v": -np.ones(4, np.float32)},
            "invalid",
        ),
        (node("Conv", ("x", "w")), {"w": floats(2, 3, 3, 3)}, "Conv"),
        (node("Conv", ("x", "w")), {"w": np.full((2, 4, 3, 3), np.nan, np.float32)}, "finite"),
        (node("Pad", ("x", "p")), {"p": np.zeros(4, np.int64)}, "Pad"),
    ],
)
def test_what_is_wrong_is_named(made, constants, words):
    with pytest.raises(ModelFileError, match=words):
        from_onnx(model([made], constants, MAPS))


def test_what_the_graph_itself_gets_wrong_is_named():
    missing = node("Add", ("x", "places"))
    with pytest.raises(ModelFileError, match=r"'y' \(Add\) with the input 'places'"):
        from_onnx(model([missing], {}, MAPS))
    foreign = helper.make_node("Relu", ["x"], ["y"], name="mine", domain="my.domain")
    with pytest.raises(ModelFileError, match=r"'mine' \(my.domain.Relu\)"):
        from_onnx(model([foreign], {}, MAPS))
    random = [node("RandomNormal", (), "r", shape=[1]), node("Add", ("x", "r"))]
    with pytest.raises(ModelFileError, match="RandomNormal"):
        from_onnx(model(random, {}, MAPS))
    with pytest.raises(ModelFileError, match=r"opset 6.*version_converter"):
        from_onnx(model([node("Relu")], {}, MAPS, opset=6))


def test_inputs_of_different_ranks_may_mix_the_batch():
    nodes = [node("Squeeze", ("x", "a"), "z"), node("Add", ("x", "z"))]
    network = check(model(nodes, {"a": np.array([2])}, (5, 1, 1)), (5, 1, 1), batch=5)
    assert not network.stacks


def test_the_shape_of_a_tensor_may_be_cut():
    nodes = [
        node("Shape", ("x",), "s", start=2),
        node("Slice", ("s", "a", "b"), "t"),
        node("Concat", ("n", "t"), "u", axis=0),
        node("Reshape", ("x", "u")),
    ]
    constants = {"a": np.array([0]), "b": np.array([1]), "n": np.array([0, -1])}
    assert from_onnx(model(nodes, constants, MAPS)).nodes[-1].operator.shape == (32, 9)


def test_one_of_several_outputs_is_chosen_and_the_rest_is_left_out():
    nodes = [node("Relu", ("x",), "a"), node("Erf", ("a",), "b"), node("Tanh", ("a",), "y")]
    made = onnx.load_model_from_string(model(nodes, {}, MAPS))
    made.graph.output.append(helper.make_empty_tensor_value_info("b"))
    made.graph.output[1].type.tensor_type.elem_type = TensorProto.FLOAT
    content = made.SerializeToString()
    with pytest.raises(ModelFileError, match=r"the output 'c'.*'y', 'b'"):
        from_onnx(content, output="c")
    x = floats(2, *MAPS)
    both = from_onnx(content).run({"x": x})
    assert len(both) == 2
    np.testing.assert_array_equal(both[1], from_onnx(content, output="b").run({"x": x})[0])
    np.testing.assert_allclose(
        run(from_onnx(content, output="y"), x), np.tanh(np.maximum(x, 0.0)), rtol=1e-6
    )
    assert [n.name for n in from_onnx(content, output="a").nodes] == ["a"]


def test_a_batch_that_the_file_fixes_is_no_part_of_the_network():
    nodes = [node("Reshape", ("x", "s"), "a"), node("MatMul", ("a", "w"))]
    constants = {"s": np.array([4, -1]), "w": floats(6, 2)}
    content = model(nodes, constants, (2, 3), batch=4)
    network = check(content, (2, 3), batch=4)
    assert run(network, floats(7, 2, 3)).shape == (7, 2)


def test_files_that_are_no_networks_are_refused(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"not a protobuf")
    with pytest.raises(ModelFileError, match="broken"):
        load(tmp_path / "broken.onnx")
    with pytest.raises(ModelFileError, match=r"none\.onnx"):
        load(tmp_path / "none.onnx")
    with pytest.raises(ModelFileError, match=r"\.onnx, \.npz or \.pt"):
        load(tmp_path / "net.h5")


def test_an_open_shape_is_tried_or_stated():
    content = model([node("Relu")], {}, ("c", "h"))
    assert declared_onnx_shape(content) == (None, None)
    assert from_onnx(content, input_shape=(2, 3)).input_shape == (2, 3)
    x = floats(4, 2, 3)  # other sizes than were tried
    assert np.array_equal(from_onnx(content).run({"x": x})[0], np.maximum(x, 0.0))
    with pytest.raises(ModelFileError, match=r"\['n', 4, 9, 8\] and input_shape=\(4, 9\)"):
        from_onnx(model([node("Relu")], {}, MAPS), input_shape=(4, 9))
    dense = [node("Flatten", ("x",), "f"), node("MatMul", ("f", "w"))]
    odd = model(dense, {"w": floats(7 * 11, 2)}, ("c", "h"))
    with pytest.raises(ModelFileError, match="MatMul"):
        from_onnx(odd)
    assert from_onnx(odd, input_shape=(7, 11)).input_shape == (7, 11)
