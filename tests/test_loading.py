"""Files that are not what they say are refused by name, before anything is allocated for them."""

import gzip
import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import onnx
import pytest
from file_fuzz import NORMAL, formats, idx, readout, survey
from onnx import TensorProto, helper

import xbar_circuit as xc
from xbar_circuit import _loading as loading
from xbar_circuit.calibration.readout import ReadoutModel
from xbar_circuit.network import images

LITTLE = 64 << 20  # bytes


@pytest.fixture
def frugal():
    """Refuse by what is written, not by what was tried."""
    tracemalloc.start()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < LITTLE


def test_damaged_files_of_every_format_are_refused_by_name():
    wrong = {}
    for name, outcomes in survey(25, seed=20261127).items():
        assert outcomes["refused"] > 0, name
        traces = [text for text in outcomes if text not in {"loaded", "refused"}]
        if traces:
            wrong[name] = traces[0]
    assert wrong == {}


def test_the_examples_themselves_load(tmp_path):
    """Otherwise a refusal would prove nothing."""
    for name, form in formats().items():
        for k, content in enumerate(form.examples):
            folder = tmp_path / f"{name} {k}".replace("/", "_") / "class"
            folder.mkdir(parents=True)
            path = folder / f"file{form.suffix}"
            path.write_bytes(content)
            form.load(path)


def header(shape, descr="|u1"):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                for block in content:
                    entry.write(block)
    return file.getvalue()


HUGE = (6, 1 << 15, 1 << 15)
ZEROS = bytes(1 << 24)


def compressed_bomb():
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(bytes((0, 0, 8, 3)) + struct.pack(">3I", *HUGE))
        file.write(ZEROS)
    return packed.getvalue()


def zip_bomb(blocks):
    labels = [header((6,)), bytes(6)]
    return zipped(images=[header(HUGE), *[ZEROS] * blocks], labels=labels)


#: Files of a few megabytes, or bytes, that promise gigabytes; made when their test runs.
BOMBS = {
    "npy, huge.npy": lambda: header(HUGE),
    "npy, exabytes.npy": lambda: header((1 << 62,)),
    "npy, negative.npy": lambda: header((-1, 5)) + bytes(5),
    "npy, empty and huge.npy": lambda: header((0, 1 << 62)),
    "npy, objects.npy": lambda: header((2,), "|O") + bytes(16),
    "npz, promises.npz": lambda: zip_bomb(0),
    "npz, expands.npz": lambda: zip_bomb(144),
    "idx, promises.idx": lambda: idx(np.zeros((1, 1, 1), np.uint8))[:4] + struct.pack(">3I", *HUGE),
    "idx, expands.idx": compressed_bomb,
    "idx, axes.idx": lambda: gzip.compress(bytes((0, 0, 14, 255)) + b"\xff" * 1020),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_promises_are_held_against_the_file(tmp_path, frugal, bomb):
    name, content = f"b.{bomb.rsplit('.')[-1]}", BOMBS[bomb]()
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(xc.ModelFileError, match=name):
        images.load_images(path, normalisation=NORMAL, count=1)


def test_a_picture_of_gigapixels_is_refused(tmp_path, frugal):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "wide.pgm"
    path.write_bytes(b"P5\n90000 90000\n255\n" + bytes(100))
    with pytest.raises(xc.ModelFileError, match=r"wide\.pgm"):
        images.load_dataset(tmp_path, normalisation=NORMAL)


def network(nodes, *, shape=(1, 1, 4, 4), constants=(), inputs=("x",)):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=list(constants),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def whole(name, values):
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def growing():
    """Small graphs whose tensors would not fit into any memory."""
    large = [1 << 31, 1 << 31]
    relu = helper.make_node("Relu", ["x"], ["y"])
    yield network([relu], shape=(1, 1 << 31, 1 << 31))
    yield network([relu], shape=(1 << 40, 4))
    for kind, given in (
        ("ConstantOfShape", [whole("a", large)]),
        ("Expand", [helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0]), whole("a", large)]),
        ("Tile", [helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0]), whole("a", [1 << 62])]),
    ):
        grown = helper.make_node(kind, [item.name for item in given], ["c"])
        add = helper.make_node("Add", ["x", "c"], ["y"])
        yield network([grown, add], constants=given)
    pool = {"kernel_shape": [1, 1], "pads": [1 << 20, 1 << 20, 1 << 20, 1 << 20]}
    yield network([helper.make_node("MaxPool", ["x"], ["y"], **pool)])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 1, 1], [1.0])
    spread = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[1 << 20, 1 << 20])
    yield network([spread], constants=[weight])
    pads = whole("p", [0, 0, 1 << 20, 1 << 20, 0, 0, 1 << 20, 1 << 20])
    yield network([helper.make_node("Pad", ["x", "p"], ["y"])], constants=[pads])


@pytest.mark.parametrize("model", list(growing()))
def test_a_graph_that_grows_without_end_is_refused(tmp_path, frugal, model):
    path = tmp_path / "n.onnx"
    onnx.save(model, path)
    with pytest.raises(xc.ModelFileError, match=r"n\.onnx"):
        xc.network.load(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thresholds", [0.2, 0.1, 0.3]),
        ("thresholds", [0.1, None, 0.3]),
        ("thresholds", "abc"),
        ("coefficients", [None, 1.0]),
        ("coefficients", []),
        ("low", 2.0),
        ("input_ohm", "10"),
        ("scale_ampere", True),
        ("held_out", {"codes": 1}),
        ("surprise", 1),
    ],
)
def test_a_spoilt_read_out_is_refused(tmp_path, field, value):
    content = json.loads(readout())
    content[field] = value
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content))
    with pytest.raises(xc.ModelFileError, match=r"m\.json.*calibrate again"):
        ReadoutModel.load(path)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_json_has_no_such_numbers(word):
    with pytest.raises(ValueError, match="where a number was expected"):
        loading.parse_json(f'{{"a": [1, {word}]}}')


@pytest.mark.parametrize("bad", [[0.1, 0.1, np.nan], [0.3, 0.2], [np.inf]])
def test_a_read_out_of_falling_or_missing_thresholds_is_refused(bad):
    with pytest.raises(xc.ParameterError, match="thresholds"):
        ReadoutModel(
            input_ohm=1.0,
            input_volt=0.0,
            scale_ampere=1e-6,
            coefficients=(0.0, 1.0),
            thresholds=tuple(bad),
        )
