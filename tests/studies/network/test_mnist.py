"""The MNIST study on a small network and images of its own; the real numbers are `make mnist`'s."""

import json
import struct

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.cli import main
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.images import Dataset, fashion_mnist_calibration, fashion_mnist_test
from xbar_circuit.network.lenet import mnist_lenet5
from xbar_circuit.network.operators import Convolution, Dense, Flatten, GlobalAveragePool, MaxPool
from xbar_circuit.network.storage import save
from xbar_circuit.studies.network import chips
from xbar_circuit.studies.network.inference import evaluate
from xbar_circuit.studies.network.mnist import (
    AGES,
    AIHWKIT,
    MVM_PUBLISHED,
    mnist_images,
    mvm_errors,
    peak_of_a_run,
    variants,
)


def small():
    weight = np.random.default_rng(5).normal(size=(49, 10)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(10, np.float32))
    pool = MaxPool(kernel=(4, 4), stride=(4, 4), padding=((0, 0), (0, 0)), dilation=(1, 1))
    nodes = (
        Node(name="pool", operator=pool, inputs=(INPUT,)),
        Node(name="flat", operator=Flatten(), inputs=("pool",)),
        Node(name="dense", operator=dense, inputs=("flat",)),
    )
    return Network(nodes=nodes, input_shape=(1, 28, 28), source="one layer")


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_images(folder):
    test, known = fashion_mnist_test().first(40), fashion_mnist_calibration().first(20)
    write_idx(folder / "t10k-images-idx3-ubyte", 255.0 * test.images[:, 0])
    write_idx(folder / "t10k-labels-idx1-ubyte", test.labels)
    write_idx(folder / "train-images-idx3-ubyte", 255.0 * known.images[:, 0])


def test_the_whole_study_in_one_command(tmp_path):
    save(small(), tmp_path / "net.npz")
    write_images(tmp_path)
    words = ["mnist", "--folder", str(tmp_path), "--network-file", str(tmp_path / "net.npz")]
    words += ["--seeds", "2", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    found = json.loads((tmp_path / "out/summary.json").read_text())
    rows = found["evaluations"]
    assert list(rows) == [v.name for v in variants(seeds=2, images=None)]
    assert rows["no wires"]["seconds_after_programming"] == list(AGES)
    assert rows["2 ohm, wire-aware"]["wire_aware_error_before"][0] > 1e-3
    assert np.shape(rows["1 ohm"]["accuracy_by_seed"]) == (2, len(AIHWKIT))
    assert 0 < found["measured"]["peak_bytes"] < found["measured"]["limit_bytes"]
    assert found["cores"]["hermes"]["product_joule"] == approx(12.5e-9)
    assert found["cores"]["own circuits"]["product_second"] < 20e-9
    html = (tmp_path / "out/index.html").read_text()
    assert html.count("data:image/png;base64,") == 2
    assert "aihwkit" in html
    aware = sum("wire-aware" in name for name in rows)  # their programming is kept beside
    assert len(list((tmp_path / "out/chips").iterdir())) == 2 * len(rows) + aware


def test_an_interrupted_study_goes_on_where_it_was(tmp_path, monkeypatch):
    settings = from_dictionary(
        {"pcm": {"preset": "joshi2020"}, "run": {"seeds": 3, "images": 20, "seconds": [25.0]}}
    )
    given = small(), fashion_mnist_test(), fashion_mnist_calibration().first(20), settings
    whole = evaluate(*given)
    real, calls = chips.program_mapping, []

    def broken(*arguments, **more):
        calls.append(more["seed"])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **more)

    monkeypatch.setattr(chips, "program_mapping", broken)
    with pytest.raises(KeyboardInterrupt):
        evaluate(*given, folder=tmp_path)
    resumed = evaluate(*given, folder=tmp_path)
    assert np.array_equal(resumed.accuracy, whole.accuracy)
    assert resumed.chip is None  # the last chip alone was made, and is not the first one
    assert calls == [0, 1, 2, 2]
    evaluate(small(), *given[1:3], from_dictionary({"run": {"images": 20}}), folder=tmp_path)
    assert calls[-1] == 0  # another study is not answered from what was kept


def test_the_error_of_products_is_the_published_one():
    found = mvm_errors()
    assert found["Joshi 2020"] == approx(MVM_PUBLISHED, abs=0.005)
    assert found["Joshi 2020"] < found["HERMES, two devices"] < found["HERMES, one device"]


def test_the_shipped_networks_are_two():
    noisy, plain = mnist_lenet5(), mnist_lenet5(plain=True)
    assert noisy.weight_count == plain.weight_count == 61_470
    first = [dict(net.matrix_nodes)["conv1"].matrices for net in (noisy, plain)]
    assert np.abs(first[0] - first[1]).max() > 1e-3 * np.abs(first[1]).max()


def test_missing_images_are_told(tmp_path):
    with pytest.raises(ModelFileError, match="t10k-images"):
        mnist_images(tmp_path)


def hungry():
    """Return a network whose patches alone are 24 MB an image, twelve of which fill 290 MB."""
    rng = np.random.default_rng(0)

    def convolution(before, after):
        return Convolution(
            weight=(0.1 * rng.normal(size=(after, before, 3, 3))).astype(np.float32),
            bias=np.zeros(after, np.float32),
            stride=(1, 1),
            padding=((1, 1), (1, 1)),
            dilation=(1, 1),
        )

    return Network(
        nodes=(
            Node(name="first", operator=convolution(1, 32), inputs=(INPUT,)),
            Node(name="second", operator=convolution(32, 8), inputs=("first",)),
            Node(name="pool", operator=GlobalAveragePool(), inputs=("second",)),
        ),
        input_shape=(1, 144, 144),
    )


def test_a_process_stays_below_its_memory_limit():
    rng = np.random.default_rng(1)
    images = rng.uniform(size=(16, 1, 144, 144)).astype(np.float32)
    test, known = (
        Dataset(images=part, labels=np.zeros(len(part), np.int64))
        for part in (images[:12], images[12:])
    )
    limit = 460_000_000  # without one, this run takes 570 to 620 MB
    settings = from_dictionary({"run": {"memory_bytes": limit}})
    assert peak_of_a_run(hungry(), test, known, settings) < limit
    with pytest.raises(ParameterError, match="memory_bytes"):
        evaluate(hungry(), test, known, from_dictionary({"run": {"memory_bytes": 1000}}))
    nothing = Dataset(images=np.zeros_like(known.images), labels=known.labels)
    with pytest.raises(ParameterError, match="nothing but zeros"):
        evaluate(hungry(), test.first(1), nothing, settings)
