"""Graphs of any kind against onnxruntime: several inputs, attention, recurrence, control flow."""

import tracemalloc

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import xbar_circuit as xc
from closeness import approx
from onnx_graphs import content_of, floats, node, recurrent, transformer
from xbar_circuit import ModelFileError, ParameterError, ShapeError
from xbar_circuit.network.census import take_census
from xbar_circuit.network.importers import from_onnx
from xbar_circuit.network.operators import MatMul, OnnxOperator, Recurrent
from xbar_circuit.network.storage import read_npz, save

RNG = np.random.default_rng(7)


def runtime(content, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def check(content, feeds, network=None, tolerance=1e-5, **options):
    network = network or from_onnx(content, **options)
    found = network.run(feeds)
    expected = runtime(content, feeds)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        assert np.abs(one - other).max() <= tolerance * np.abs(other).max()
    return network


RECURRENT = [
    (kind, direction, options)
    for kind in ("LSTM", "GRU", "RNN")
    for direction, options in (
        ("forward", {}),
        ("reverse", {"initial": True}),
        ("bidirectional", {"lengths": [5, 2, 3], "initial": True}),
    )
]
RECURRENT += [
    ("GRU", "bidirectional", {"linear_before_reset": 1}),
    ("LSTM", "forward", {"input_forget": 1, "clip": 0.3}),
    ("GRU", "forward", {"clip": 0.2}),
    ("RNN", "forward", {"activations": ["Relu"]}),
    ("LSTM", "forward", {"activations": ["HardSigmoid", "Softsign", "Tanh"]}),
]


@pytest.mark.parametrize(("kind", "direction", "options"), RECURRENT)
def test_recurrent_layers_agree_with_onnxruntime(kind, direction, options):
    content, feeds = recurrent(kind, direction, **options)
    network = check(content, feeds)
    assert isinstance(network.nodes[-1].operator, Recurrent)
    names = [name for name, _ in network.matrix_nodes]
    end = ".reverse" if direction == "bidirectional" else ""
    assert f"Y.input{end}" in names
    assert f"Y.recurrent{end}" in names
    assert not network.stacks  # the batch is the second axis


def test_a_recurrent_layer_with_the_batch_first_is_the_other_one_turned():
    """onnxruntime does not have this layout."""
    content, feeds = recurrent("LSTM", "bidirectional", initial=True)
    made = onnx.load_model_from_string(content)
    turned = onnx.load_model_from_string(content)
    turned.graph.node[0].attribute.append(helper.make_attribute("layout", 1))
    for item in turned.graph.input:
        first, second = item.type.tensor_type.shape.dim[:2]
        first.dim_value, second.dim_value = second.dim_value, first.dim_value
    turns = {name: value.swapaxes(0, 1) for name, value in feeds.items()}
    states, last, cell = from_onnx(made.SerializeToString()).run(feeds)
    network = from_onnx(turned.SerializeToString())
    assert network.stacks
    found = network.run(turns)
    np.testing.assert_allclose(found[0], states.transpose(2, 0, 1, 3), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found[1], last.swapaxes(0, 1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found[2], cell.swapaxes(0, 1), rtol=1e-5, atol=1e-7)


def test_peepholes_are_refused_by_name():
    content, _ = recurrent("LSTM", "forward", initial=True)
    made = onnx.load_model_from_string(content)
    made.graph.node[0].input.append("P")
    made.graph.initializer.append(numpy_helper.from_array(floats(1, 18), "P"))
    with pytest.raises(ModelFileError, match=r"'cell' \(LSTM\) with peepholes"):
        from_onnx(made.SerializeToString())


def test_a_sequence_of_another_length_or_batch_makes_the_network_of_it():
    constants = {"W": floats(1, 12, 4), "R": floats(1, 12, 3)}
    layer = node("LSTM", ("x", "W", "R"), ("Y", "Yh", "Yc"), hidden_size=3)
    content = content_of([layer], constants, {"x": ["steps", "batch", 4]}, ("Y", "Yc"))
    network = from_onnx(content)
    for steps, batch in ((3, 2), (8, 1), (1, 5), (1, 5)):
        check(content, {"x": floats(steps, batch, 4)}, network)
    with pytest.raises(ShapeError, match="images"):
        network.run({"x": floats(3, 2, 5)})


def test_a_transformer_block_has_its_projections_as_weights_and_its_products_digital():
    content = transformer()
    tokens = RNG.integers(0, 11, (3, 6))
    network = check(content, {"x": tokens})
    assert network.stacks
    assert network.input_kind == "int64"
    assert [name for name, _ in network.matrix_nodes] == [
        "q1",
        "k1",
        "v1",
        "a",
        "u",
        "d",
        "y",
    ]
    assert sum(isinstance(one.operator, MatMul) for one in network.nodes) == 2
    many = RNG.integers(0, 11, (150, 6))  # more than one batch
    check(content, {"x": many}, network)


@pytest.mark.parametrize(
    ("weights", "given"),
    [
        ((3, 4, 5), (2, 3, 6, 4)),  # as the heads of attention
        ((3, 4, 5), (3, 6, 4)),
        ((3, 4, 5), (6, 4)),  # one input for all matrices
        ((2, 3, 4, 5), (2, 3, 6, 4)),
        ((2, 1, 4, 5), (2, 3, 6, 4)),
        ((2, 3, 4, 5), (3, 6, 4)),
        ((1, 3, 4, 5), (2, 3, 6, 4)),
        ((1, 1, 4, 5), (6, 4)),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_every_matrix_of_a_stack_is_a_layer(weights, given, first):
    w, x = floats(*weights), floats(*given)
    names = ("x", "w")
    if first:  # the weights
        w, x, names = w.swapaxes(-1, -2).copy(), x.swapaxes(-1, -2).copy(), ("w", "x")
    content = content_of([node("MatMul", names, ("y",))], {"w": w}, {"x": list(x.shape)}, ("y",))
    network = check(content, {"x": x})
    layers = [one for name, one in network.matrix_nodes if name.startswith("y")]
    assert len(layers) == np.prod(weights[:-2])
    wanted = [w[k].T if first else w[k] for k in np.ndindex(*weights[:-2])]
    for layer, one in zip(layers, wanted, strict=True):
        np.testing.assert_array_equal(layer.matrices[0], one)
    if not first and len(layers) > 1:
        names = [name for name, _ in network.matrix_nodes]
        assert names == [f"y[{k}]" for k in range(len(layers))]


def test_an_imported_graph_survives_its_file(tmp_path):
    for content, feeds in (
        (transformer(), {"x": RNG.integers(0, 11, (3, 6))}),
        recurrent("GRU", "bidirectional", initial=True),
    ):
        network = from_onnx(content)
        save(network, tmp_path / "n.npz")
        loaded = read_npz(tmp_path / "n.npz")
        assert loaded.stacks == network.stacks
        for one, other in zip(loaded.run(feeds), network.run(feeds), strict=True):
            assert np.array_equal(one, other)


def test_several_inputs_and_outputs_are_named_as_in_the_file():
    nodes = [
        node("MatMul", ("a", "w"), "p"),
        node("Add", ("p", "b"), "q"),
        node("Split", ("q",), ("first", "second"), axis=1),
    ]
    inputs = {"a": ["n", 4], "b": ["n", 6]}
    content = content_of(nodes, {"w": floats(4, 6)}, inputs, ("second", "first"), opset=13)
    feeds = {"a": floats(5, 4), "b": floats(5, 6)}
    network = check(content, feeds)
    with pytest.raises(ParameterError, match="arrays of the names 'a', 'b'"):
        network.run({"a": feeds["a"]})
    with pytest.raises(ParameterError, match="one array"):
        network.fed(feeds["a"])
    with pytest.raises(ShapeError, match="inputs"):
        network.run({"a": feeds["a"], "b": floats(4, 6)})


def test_decided_branches_and_loops_are_unrolled_and_others_are_left_to_the_reference():
    shapes = {"i": [], "go": [], "on": []}

    def graph(nodes, outputs, inputs=(), constants=()):
        return helper.make_graph(
            nodes,
            "inner",
            [helper.make_tensor_value_info(n, k, shapes.get(n)) for n, k in inputs],
            [helper.make_tensor_value_info(n, k, shapes.get(n)) for n, k in outputs],
            [numpy_helper.from_array(np.asarray(v), n) for n, v in dict(constants).items()],
        )

    weights = {"v": floats(4, 4)}
    then = graph([node("MatMul", ("x", "v"), "t")], [("t", 1)], constants=weights)
    other = graph([node("Relu", ("x",), "e")], [("e", 1)])
    body = graph(
        [
            node("MatMul", ("h", "w"), "g"),
            node("Tanh", ("g",), "next"),
            node("Identity", ("go",), "on"),
            node("Identity", ("next",), "seen"),
        ],
        [("on", 9), ("next", 1), ("seen", 1)],
        inputs=[("i", 7), ("go", 9), ("h", 1)],
    )
    for flag in ("known", "computed"):
        nodes = [
            node("Shape", ("x",), "s"),
            node("Gather", ("s", "last"), "size"),
            node("Equal", ("size", "four"), "known"),
            node("ReduceSum", ("x",), "total", keepdims=0),
            node("Greater", ("total", "none"), "computed"),
            node("If", (flag,), "b", then_branch=then, else_branch=other),
            node("Loop", ("count", "", "b"), ("h", "y"), body=body),
        ]
        constants = {
            "last": np.array(1),
            "four": np.array(4),
            "none": np.float32(0.0),
            "count": np.array(3),
            "w": floats(4, 4),
        }
        content = content_of(nodes, constants, {"x": [2, 4]}, ("h", "y"))
        for sign in (1.0, -1.0):
            network = check(content, {"x": np.float32(sign) * np.abs(floats(2, 4))})
        kinds = [
            one.operator.kind for one in network.nodes if isinstance(one.operator, OnnxOperator)
        ]
        assert not {"If", "Loop"} & set(kinds)
        assert ("Where" in kinds) == (flag == "computed")  # of both branches, each on its tiles
        assert len({op.weight.tobytes() for _, op in network.matrix_nodes}) == 2
        assert not network.stacks


def decided(*, wide=False):
    """Return a dense layer, or else another, by the sign of the inputs' sum."""

    def branch(weight, width):
        return helper.make_graph(
            [node("MatMul", ("x", "v"), "o")],
            "inner",
            [],
            [helper.make_tensor_value_info("o", 1, [1, width])],
            [numpy_helper.from_array(weight, "v")],
        )

    nodes = [
        node("ReduceSum", ("x",), "total", keepdims=0),
        node("Greater", ("total", "none"), "computed"),
        node(
            "If",
            ("computed",),
            "y",
            then_branch=branch(np.full((6, 3), 0.5, np.float32), 3),
            else_branch=branch(np.full((6, 5 if wide else 3), 2.0, np.float32), 5 if wide else 3),
        ),
    ]
    return content_of(nodes, {"none": np.float32(0.0)}, {"x": [1, 6]})


def test_samples_that_decide_differently_are_not_run_together():
    """Of a random network two random samples may well decide alike: it is not left to them."""
    network = from_onnx(decided())
    x = np.abs(floats(4, 6))
    x[1::2] *= -1.0
    (found,) = network.run({"x": x})
    sums = x.sum(axis=1)
    wanted = np.where(sums > 0.0, 0.5 * sums, 2.0 * sums)[:, None].repeat(3, axis=1)
    assert found == approx(wanted, rel=1e-5)
    assert len(network.matrix_nodes) == 2
    chip = xc.Accelerator(
        driver=xc.peripherals.ExactDriver(),
        readout=xc.peripherals.Readout(converter=xc.peripherals.IdealConverter(bits=None)),
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
    ).program(network, calibration=x)
    (analog,) = chip.run(x)
    assert analog == approx(wanted, rel=1e-4)


def test_weights_that_no_tile_takes_are_named():
    census = take_census(from_onnx(decided(wide=True)))  # branches of other shapes
    assert census.weights == 0
    assert census.digital_weights == {"If": 6 * 3 + 6 * 5}
    taken = take_census(from_onnx(decided()))
    assert (taken.weights, dict(taken.digital_weights)) == (36, {})
    content = content_of(
        [node("Relu", ("x",), "r"), node("Einsum", ("x", "r", "w"), equation="bi,bj,ij->b")],
        {"w": floats(6, 6)},
        {"x": ["n", 6]},
    )
    assert take_census(from_onnx(content)).digital_weights == {"Einsum": 36}


def test_a_sequence_of_unequal_tensors_is_taken_apart():
    nodes = [
        node("Split", ("x", "sizes"), ("a", "b"), axis=1),
        node("SequenceConstruct", ("a", "b"), "s"),
        node("SequenceAt", ("s", "second"), "c"),
        node("MatMul", ("c", "w"), "y"),
    ]
    constants = {"sizes": np.array([1, 4]), "second": np.array(1), "w": floats(4, 3)}
    network = check(content_of(nodes, constants, {"x": [2, 5]}), {"x": floats(2, 5)})
    assert len(network.matrix_nodes) == 1


def test_a_scan_over_a_sequence_is_unrolled():
    step = helper.make_graph(
        [
            node("MatMul", ("h", "r"), "a"),
            node("Add", ("a", "x_t"), "b"),
            node("Tanh", ("b",), "n"),
            node("Identity", ("n",), "o"),
        ],
        "step",
        [helper.make_tensor_value_info(n, 1, None) for n in ("h", "x_t")],
        [helper.make_tensor_value_info(n, 1, None) for n in ("n", "o")],
    )
    nodes = [node("Scan", ("h0", "x"), ("last", "y"), body=step, num_scan_inputs=1)]
    inputs = {"h0": [2, 3], "x": [5, 2, 3]}
    content = content_of(nodes, {"r": floats(3, 3)}, inputs, ("last", "y"))
    network = check(content, {"h0": floats(2, 3), "x": floats(5, 2, 3)})
    assert len(network.matrix_nodes) == 5  # one product a step


def test_inputs_may_become_constants():
    nodes = [
        node("Equal", ("rate", "high"), "c"),
        node("Where", ("c", "x", "z"), "y"),
    ]
    constants = {"high": np.array(16000), "z": np.float32(0.0)}
    content = content_of(nodes, constants, {"x": ["n", 3], "rate:i": []})
    x = floats(4, 3)
    network = from_onnx(content, constants={"rate": 16000})
    assert [port.name for port in network.inputs] == ["x"]
    assert np.array_equal(network.run({"x": x})[0], x)
    assert not from_onnx(content, constants={"rate": 8000}).run({"x": x})[0].any()
    check(content, {"x": x, "rate": np.array(16000)})
    with pytest.raises(ModelFileError, match=r"'speed'.*'x', 'rate'"):
        from_onnx(content, constants={"speed": 1})


def quantised(array, *, signed=False):
    scale = np.float32(np.abs(array).max() / 127)
    kind = np.int8 if signed else np.uint8
    zero = kind(0 if signed else 128)
    return (np.rint(array / scale) + zero).astype(kind), scale, zero


def test_weights_of_integer_exports_are_found():
    w, ws, wz = quantised(floats(5, 4, 3, 3), signed=True)
    constants = {
        "w": w,
        "ws": ws,
        "wz": wz,
        "xs": np.float32(0.02),
        "xz": np.uint8(120),
        "ys": np.float32(0.05),
        "yz": np.uint8(130),
        "b": RNG.integers(-500, 500, 5).astype(np.int32),
    }
    x = floats(2, 4, 7, 7)
    first = node("QuantizeLinear", ("x", "xs", "xz"), "q")
    last = node("DequantizeLinear", ("r", "ys", "yz"), "y")
    operator = [
        first,
        node("QLinearConv", ("q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"), "r", pads=[1] * 4),
        last,
    ]
    content = content_of(operator, constants, {"x": ["n", 4, 7, 7]})
    network = from_onnx(content)
    assert network.weight_count == w.size
    (found,), (expected,) = network.run({"x": x}), runtime(content, {"x": x})
    steps = np.abs(found - expected) / constants["ys"]  # a rounding may fall on a tie
    assert steps.max() < 1.001
    assert (steps > 0.5).mean() < 0.01
    pair = [
        first,
        node("DequantizeLinear", ("q", "xs", "xz"), "d"),
        node("DequantizeLinear", ("w", "ws", "wz"), "v"),
        node("Conv", ("d", "v")),
    ]
    network = check(content_of(pair, constants, {"x": ["n", 4, 7, 7]}), {"x": x})
    assert network.weight_count == w.size


@pytest.mark.parametrize("kind", ["MatMulInteger", "ConvInteger"])
def test_integer_products_are_exact(kind):
    shape, weight = ((6,), (6, 5)) if kind == "MatMulInteger" else ((3, 6, 6), (4, 3, 3, 3))
    w, _, wz = quantised(floats(*weight))
    constants = {"w": w, "wz": wz, "xz": np.uint8(120), "xs": np.float32(0.01)}
    nodes = [
        node("QuantizeLinear", ("x", "xs", "xz"), "q"),
        node(kind, ("q", "w", "xz", "wz"), "y"),
    ]
    content = content_of(nodes, constants, {"x": ["n", *shape]})
    network = check(content, {"x": floats(2, *shape)}, tolerance=0.0)
    assert network.weight_count == w.size


def test_weights_behind_what_moves_numbers_are_found():
    half = floats(5, 12).astype(np.float16)
    nodes = [
        node("Cast", ("w",), "a", to=TensorProto.FLOAT),
        node("Identity", ("a",), "b"),
        node("Transpose", ("b",), "c"),
        node("Reshape", ("c", "s"), "d"),
        node("MatMul", ("x", "d"), "y"),
    ]
    content = content_of(nodes, {"w": half, "s": np.array([12, 5])}, {"x": ["n", 12]})
    network = check(content, {"x": floats(3, 12)})
    assert network.weight_count == 60
    assert len(network.nodes) == 1


def test_weights_in_a_file_of_their_own_are_read(tmp_path):
    weight = floats(64, 32)
    content = content_of([node("MatMul", ("x", "w"))], {"w": weight}, {"x": ["n", 64]})
    onnx.save_model(
        onnx.load_model_from_string(content),
        tmp_path / "net.onnx",
        save_as_external_data=True,
        location="net.data",
        size_threshold=16,
    )
    assert (tmp_path / "net.onnx").stat().st_size < weight.nbytes
    x = floats(3, 64)
    (found,) = xc.network.load(tmp_path / "net.onnx").run({"x": x})
    np.testing.assert_allclose(found, x @ weight, rtol=1e-5, atol=1e-6)


def test_what_depends_on_the_data_is_left_to_the_reference():
    nodes = [
        node("NonZero", ("x",), "places"),
        node("Transpose", ("places",), "t", perm=[1, 0]),
        node("GatherND", ("x", "t"), "y"),
    ]
    content = content_of(nodes, {}, {"x": [3, 4]})
    check(content, {"x": np.maximum(floats(3, 4), 0.0)})


def test_an_import_holds_the_samples_that_are_still_needed_only():
    """Of a deep network all activations together are more than any computer has."""
    size, depth = 50_000, 120
    names = ["x", *(f"a{k}" for k in range(depth - 1)), "y"]
    nodes = [node("Exp" if k % 2 else "Sigmoid", (names[k],), names[k + 1]) for k in range(depth)]
    content = content_of(nodes, {}, {"x": [1, size]})
    tracemalloc.start()
    network = from_onnx(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(network.nodes) == depth
    assert peak < 40 * 4 * size  # of 120 activations; the test of stacking takes most
