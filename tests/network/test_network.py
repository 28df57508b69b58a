"""The graph, its file, and running it in NumPy."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import ModelFileError, ParameterError, ShapeError
from xbar_circuit.network.execution import accuracy, apply_digitally, batch_size, run
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.images import fashion_mnist_test
from xbar_circuit.network.lenet import fashion_mnist_lenet5, lenet5, mnist_lenet5
from xbar_circuit.network.operators import Add, Clip, Convolution, Dense, Flatten, Relu
from xbar_circuit.network.storage import read_npz, save


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (3,), ()], ids=str)
def test_labels_of_another_shape_than_the_samples_are_refused(shape):
    outputs = np.array([[0.1, 0.9], [0.8, 0.2]], dtype=np.float32)
    assert accuracy(outputs, np.array([1, 1])) == 0.5
    with pytest.raises(ShapeError, match="labels"):
        accuracy(outputs, np.ones(shape, dtype=int))


def residual_network():
    eye = Dense(weight=np.eye(3), bias=np.ones(3))
    return Network(
        nodes=(
            Node(name="a", operator=eye, inputs=(INPUT,)),
            Node(name="b", operator=Relu(), inputs=("a",)),
            Node(name="c", operator=Add(), inputs=("b", INPUT)),
        ),
        input_shape=(3,),
    )


def test_branches_meet_again():
    found = run(residual_network(), np.array([[-3.0, 0.0, 2.0]]))
    assert found.tolist() == [[-3.0, 1.0, 5.0]]


def test_the_shipped_network_has_the_accuracy_that_is_claimed_for_it():
    test = fashion_mnist_test()
    assert len(test) == 10_000
    outputs = run(fashion_mnist_lenet5(), test.images)
    assert accuracy(outputs, test.labels) >= 0.89


def test_the_digits_network_has_the_weights_of_lenet():
    """Its accuracy is a matter of `make mnist`, which fetches the images."""
    network = mnist_lenet5()
    assert network.weight_count == 61_470
    digits = np.zeros((1, 1, 28, 28), np.float32)
    digits[0, 0, 4:24, 13:16] = 1.0  # an upright stroke
    assert run(network, digits).argmax() == 1


def test_node_names_may_begin_like_one_another(tmp_path):
    dense = Dense(weight=np.eye(2), bias=np.zeros(2))
    network = Network(
        nodes=(
            Node(name="/a", operator=dense, inputs=(INPUT,)),
            Node(name="/a/b", operator=dense, inputs=("/a",)),
        ),
        input_shape=(2,),
    )
    save(network, tmp_path / "n.npz")
    assert [n.name for n in read_npz(tmp_path / "n.npz").nodes] == ["/a", "/a/b"]


def test_a_network_survives_its_file(tmp_path):
    network = fashion_mnist_lenet5()
    save(network, tmp_path / "copy.npz")
    copy = read_npz(tmp_path / "copy.npz")
    x = fashion_mnist_test().images[:3]
    assert np.array_equal(run(copy, x), run(network, x))
    assert [node.inputs for node in copy.nodes] == [node.inputs for node in network.nodes]


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ModelFileError, match=r"broken\.npz"):
        read_npz(path)
    with pytest.raises(ModelFileError, match=r"none\.npz"):
        read_npz(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(ModelFileError, match="native network file"):
        read_npz(tmp_path / "other.npz")


def test_the_answer_does_not_depend_on_workers():
    network, x = fashion_mnist_lenet5(), fashion_mnist_test().images[:200]
    assert np.array_equal(run(network, x, workers=1), run(network, x, workers=3))


def test_memory_decides_the_batch():
    network = fashion_mnist_lenet5()
    assert batch_size(network, 2**30) == 64
    assert batch_size(network, 2**20) < 8
    assert batch_size(network, 1) == 0
    x = fashion_mnist_test().images[:3]
    one_at_a_time = run(network, x, memory_bytes=500_000)
    np.testing.assert_allclose(one_at_a_time, run(network, x), rtol=1e-5, atol=1e-5)
    with pytest.raises(ParameterError, match="memory_bytes"):
        run(network, x, memory_bytes=1000)


def test_lenet_has_its_textbook_shapes():
    weights = dict.fromkeys(("conv1.bias",), np.zeros(6, np.float32))
    weights |= {
        "conv1.weight": np.ones((6, 1, 5, 5), np.float32),
        "conv2.weight": np.ones((16, 6, 5, 5), np.float32),
        "conv2.bias": np.zeros(16, np.float32),
        "dense1.weight": np.ones((120, 400), np.float32),
        "dense1.bias": np.zeros(120, np.float32),
        "dense2.weight": np.ones((84, 120), np.float32),
        "dense2.bias": np.zeros(84, np.float32),
        "dense3.weight": np.ones((10, 84), np.float32),
        "dense3.bias": np.zeros(10, np.float32),
    }
    network = lenet5(weights)
    assert network.weight_count == 61_470
    assert run(network, np.ones((1, 1, 28, 28))).shape == (1, 10)


def test_graphs_that_cannot_be_walked_are_refused():
    relu = Relu()
    with pytest.raises(ParameterError, match="unknown so far"):
        Network(nodes=(Node(name="a", operator=relu, inputs=("b",)),), input_shape=(3,))
    twice = tuple(Node(name="a", operator=relu, inputs=(INPUT,)) for _ in range(2))
    with pytest.raises(ParameterError, match="name each once"):
        Network(nodes=twice, input_shape=(3,))
    with pytest.raises(ParameterError, match="at least one node"):
        Network(nodes=(), input_shape=(3,))


def test_images_that_do_not_fit_are_refused():
    network = Network(
        nodes=(Node(name="f", operator=Flatten(), inputs=(INPUT,)),), input_shape=(2, 2)
    )
    with pytest.raises(ShapeError, match="images"):
        run(network, np.zeros((1, 3, 2)))
    with pytest.raises(ShapeError, match="n >= 1"):
        run(network, np.zeros((0, 2, 2)))


def test_a_network_is_loaded_and_run_by_the_name_of_its_input(tmp_path):
    network = replace(residual_network(), input_name="x")
    save(network, tmp_path / "n.npz")
    loaded = xc.network.load(tmp_path / "n.npz")
    (found,) = loaded.run({"x": np.array([[-3.0, 0.0, 2.0]])})
    assert found.tolist() == [[-3.0, 1.0, 5.0]]
    with pytest.raises(ParameterError, match="name 'x'"):
        loaded.run({"y": np.zeros((1, 3))})


def test_an_activation_that_follows_a_layer_is_the_same_with_it_and_after_it():
    """Beside `walk`, which finishes a layer with its activation, every node by itself."""
    rng = np.random.default_rng(3)

    def weights(*shape):
        return rng.normal(size=shape).astype(np.float32)

    options = {"padding": ((1, 0), (0, 1)), "dilation": (1, 1)}
    nodes = (
        Node(
            name="conv",
            operator=Convolution(
                weight=weights(4, 2, 3, 3), bias=weights(4), stride=(1, 2), **options
            ),
            inputs=(INPUT,),
        ),
        Node(name="clip", operator=Clip(low=-0.5, high=1.0), inputs=("conv",)),
        Node(
            name="depthwise",
            operator=Convolution(
                weight=weights(4, 1, 2, 2), bias=weights(4), stride=(1, 1), groups=4, **options
            ),
            inputs=("clip",),
        ),
        Node(name="relu", operator=Relu(), inputs=("depthwise",)),
        Node(name="flat", operator=Flatten(), inputs=("relu",)),
        Node(
            name="dense", operator=Dense(weight=weights(168, 5), bias=weights(5)), inputs=("flat",)
        ),
        Node(name="kept", operator=Relu(), inputs=("dense",)),
        Node(name="both", operator=Add(), inputs=("dense", "kept")),
    )
    network = Network(nodes=nodes, input_shape=(2, 8, 12))
    x = weights(3, 2, 8, 12)
    values = {INPUT: x}
    for node in nodes:
        values[node.name] = apply_digitally(node.operator, *(values[n] for n in node.inputs))
    assert (values["clip"] != values["conv"]).any()
    np.testing.assert_allclose(run(network, x), values["both"], rtol=1e-5, atol=0)
    np.testing.assert_allclose(run(network, x), values["both"], rtol=1e-5, atol=0)  # as prepared
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(run(again, x), run(network, x))
