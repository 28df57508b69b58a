"""Weights beside an ONNX file: only plain files of its own folder, as long as the tensor says."""

import os

import numpy as np
import pytest

import xbar_circuit as xc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

VALUES = np.arange(16, dtype=np.float32)


def model(location, *, offset=None, length=None, sides=(4, 4)):
    """Return a network of one matrix, which lies in another file."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=sides)
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length}.items():
        if value is not None:
            weight.external_data.add(key=key, value=str(value))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="m")
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], initializer=[weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.fixture
def folder(tmp_path):
    """A colleague's folder, and beside it what is none of hers."""
    (tmp_path / "secret.bin").write_bytes(VALUES.tobytes())
    own = tmp_path / "own"
    own.mkdir()
    (own / "w.bin").write_bytes(VALUES.tobytes())
    (own / "link.bin").symlink_to(tmp_path / "secret.bin")
    (own / "hard.bin").hardlink_to(tmp_path / "secret.bin")
    (own / "up").symlink_to(tmp_path)
    os.mkfifo(own / "pipe")
    with (own / "huge.bin").open("wb") as file:
        file.truncate(1 << 37)  # a hole: it takes nothing on the disk
    return own


def saved(folder, *words, **options):
    path = folder / "m.onnx"
    path.write_bytes(model(*words, **options).SerializeToString())
    return path


def test_weights_in_a_file_of_the_folder_are_read(folder):
    network = xc.network.load(saved(folder, "w.bin"))
    (found,) = network.run({"x": np.ones((1, 4), np.float32)})
    assert found.tolist() == [VALUES.reshape(4, 4).sum(axis=0).tolist()]


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../secret.bin", "own/../../secret.bin", "up/secret.bin", "link.bin"),
        *("hard.bin", "pipe", "/dev/zero", "/proc/self/environ", ".", "", "w.bin\0x", "none.bin"),
        *("huge.bin", "m.onnx"),
    ],
)
def test_nothing_else_is_read(folder, name):
    with pytest.raises(xc.ModelFileError, match=r"m\.onnx"):
        xc.network.load(saved(folder, name))


@pytest.mark.parametrize(
    "said",
    [
        {"offset": -4}, {"offset": 2**62}, {"offset": 4}, {"offset": "a"},
        {"length": 2**62}, {"length": -1}, {"length": 60}, {"length": 65},
        {"sides": (2**31, 2**31)}, {"sides": (4, 5)},
    ],
)  # fmt: skip
def test_a_shape_that_the_file_does_not_hold_is_refused(folder, said):
    with pytest.raises(xc.ModelFileError, match=r"m\.onnx"):
        xc.network.load(saved(folder, "w.bin", **said))


def test_more_than_the_limit_is_refused_before_it_is_read(folder):
    """A tensor as long as its file, which is 128 GiB."""
    with pytest.raises(xc.ModelFileError, match="more than the"):
        xc.network.load(saved(folder, "huge.bin", sides=(1 << 20, 1 << 15)))


def test_a_tensor_where_onnx_does_not_look_is_refused(folder, monkeypatch):
    """ONNX would take it from the current folder."""
    monkeypatch.chdir(folder)
    one = model("w.bin")
    sparse = one.graph.sparse_initializer.add()
    sparse.dims.extend([4, 4])
    sparse.values.CopyFrom(one.graph.initializer[0])
    sparse.values.dims[:] = [16]
    sparse.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [16], range(16)))
    del one.graph.initializer[:]
    path = folder / "m.onnx"
    path.write_bytes(one.SerializeToString())
    with pytest.raises(xc.ModelFileError, match="where it is not looked for"):
        xc.network.load(path)
