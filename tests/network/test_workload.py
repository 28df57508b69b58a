"""Networks and images that are made to fit each other."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from xbar_circuit import ModelFileError, ParameterError
from xbar_circuit.network.execution import run
from xbar_circuit.network.importers import load
from xbar_circuit.network.lenet import mnist_lenet5
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.storage import save
from xbar_circuit.network.workload import load_workload

RNG = np.random.default_rng(3)
RAW = Normalisation(divide=1.0)


@pytest.fixture
def files(tmp_path):
    """A channels-last network of open size with two outputs, and channels-first images."""
    weight = RNG.normal(size=(3, 4)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x"], ["m"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["m", "w"], ["y"]),
            helper.make_node("Erf", ["m"], ["z"]),
        ],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "h", "w_", 3])],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in ("y", "z")],
        [numpy_helper.from_array(weight, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(made, tmp_path / "net.onnx")
    test, known = (RNG.normal(size=(n, 3, 6, 5)).astype(np.float32) for n in (4, 9))
    np.savez(tmp_path / "test.npz", images=test, labels=np.arange(4))
    np.savez(tmp_path / "known.npz", images=np.concatenate([test, known]), labels=np.zeros(13))
    return tmp_path, test, weight


def test_open_sizes_and_layouts_come_from_the_images(files):
    folder, test, weight = files
    workload = load_workload(
        str(folder / "net.onnx"),
        data=str(folder / "test.npz"),
        calibration=folder / "known.npz",
        normalisation=RAW,
        output="y",
    )
    assert workload.network.input_shape == (6, 5, 3)
    assert len(workload.calibration) == 9  # without the four of the test set
    expected = test.mean(axis=(2, 3)) @ weight
    np.testing.assert_allclose(run(workload.network, workload.test.images), expected, atol=1e-6)


def test_what_is_not_stated_is_asked_for(files):
    folder, *_ = files
    data, known = str(folder / "test.npz"), folder / "known.npz"
    with pytest.raises(ParameterError, match="--divide 255"):
        load_workload("lenet5", data=data, calibration=known)
    with pytest.raises(ParameterError, match="--calibration"):
        load_workload("lenet5", data=data, normalisation=RAW)
    with pytest.raises(ParameterError, match="not in the test set"):
        load_workload(
            str(folder / "net.onnx"), data=data, calibration=data, normalisation=RAW, output="y"
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": "labels.npy"}, "labels: got a value together with"),
        ({"calibration": "known.npz"}, "calibration: got"),
        ({"normalisation": RAW}, "normalisation: got"),
        ({"output": "y"}, "output: got 'y'"),
    ],
)
def test_what_the_packages_own_images_would_ignore_is_refused(given, message):
    with pytest.raises(ParameterError, match=message):
        load_workload("lenet5", **given)


def test_a_mean_without_what_stands_before_it_is_refused():
    assert Normalisation.stated(None) is None
    assert Normalisation.stated(255.0, [0.5]) == Normalisation(divide=255.0, mean=(0.5,))
    for given in ({"mean": [0.5]}, {"std": [2.0]}):
        with pytest.raises(ParameterError, match="--divide 255"):
            Normalisation.stated(None, **given)


def test_a_native_file_has_one_shape_and_one_output(tmp_path):
    save(mnist_lenet5(), tmp_path / "n.npz")
    assert load(tmp_path / "n.npz", input_shape=(1, 28, 28)).input_shape == (1, 28, 28)
    for given in ({"input_shape": (1, 32, 32)}, {"output": "y"}):
        with pytest.raises(ModelFileError, match="one network of one shape"):
            load(tmp_path / "n.npz", **given)
