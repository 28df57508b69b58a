"""What a network is made of, as a verb."""

import json

import numpy as np
import pytest

from closeness import approx
from onnx_graphs import content_of, floats, node, recurrent, transformer
from xbar_circuit.cli import main
from xbar_circuit.network.census import take_census
from xbar_circuit.network.importers import from_onnx


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        main(["check", *map(str, words)])
    return leaving.value.code or 0


def test_work_is_counted_by_type_and_place():
    found = take_census(from_onnx(transformer()))
    rows = {(row.kind, row.place): row for row in found.rows}
    dense = rows["Gemm, MatMul", "tiles"]
    assert (dense.count, dense.weights) == (7, 4 * 64 + 2 * 256 + 88)
    assert dense.macs == 6 * dense.weights  # of six tokens
    products = rows["MatMul of activations", "digital"]
    assert (products.count, products.macs) == (2, 2 * 6 * 6 * 8)
    assert rows["LayerNormalization", "digital"].count == 2
    assert found.tile_share == approx(5136 / (5136 + 576), rel=1e-12)
    assert not found.missing


def test_a_recurrent_layer_counts_every_step():
    found = take_census(from_onnx(recurrent("LSTM", "bidirectional")[0]))
    (row,) = (row for row in found.rows if row.kind == "LSTM")
    assert row.place == "tiles"
    assert row.weights == 2 * (4 * 24 + 6 * 24)
    assert row.macs == 5 * 3 * row.weights
    assert found.tile_share == 1.0


def test_the_command_tells_types_not_nodes(tmp_path, capsys):
    product = node("Einsum", ("x", "x", "w"), "e", equation="bi,bj,ij->bi")
    content = content_of(
        [
            product,
            node("MatMul", ("x", "w"), "m"),
            node("Shrink", ("m",), "s"),  # there is no faster one than the reference's
            node("MatMul", ("s", "e"), "y"),
        ],
        {"w": floats(6, 6)},
        {"x": [6, 6]},
    )
    (tmp_path / "net.onnx").write_bytes(content)
    assert run(tmp_path / "net.onnx", "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "MatMul of activations" in printed
    assert "weights that stay digital: 36 in Einsum" in printed
    assert len(printed.splitlines()) < 30
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["operators"][0]["operator"] == "Gemm, MatMul"
    assert sum(row["share"] for row in summary["operators"]) == approx(1.0, rel=1e-12)
    page = (tmp_path / "out/index.html").read_text()
    assert "On tiles" in page
    assert "Digital, by ONNX" in page


def test_what_nobody_knows_is_missing_by_name_and_the_exit_code_says_so(tmp_path, capsys):
    pool = node("MaxRoiPool", ("x", "r"), pooled_shape=[1, 1])  # the reference has none
    content = content_of([pool], {"r": floats(1, 5)}, {"x": ["n", 3, 8, 8]})
    (tmp_path / "net.onnx").write_bytes(content)
    assert run(tmp_path / "net.onnx", "--out", tmp_path / "out") == 1
    assert "MaxRoiPool" in capsys.readouterr().out
    assert json.loads((tmp_path / "out/summary.json").read_text())["missing"] == ["MaxRoiPool"]


def test_shapes_and_constants_are_typed_as_options_and_named_so(tmp_path, capsys):
    nodes = [
        node("Equal", ("rate", "high"), "c"),
        node("Where", ("c", "x", "z"), "w"),
        node("Flatten", ("w",), "f"),
        node("MatMul", ("f", "v"), "y"),
    ]
    constants = {"high": np.array(16000), "z": np.float32(0.0), "v": floats(77, 2)}
    inputs = {"x": ["n", "a", "b"], "rate:i": []}
    (tmp_path / "net.onnx").write_bytes(content_of(nodes, constants, inputs))
    words = tmp_path / "net.onnx", "--constant", "rate=16000", "--out", tmp_path / "out"
    assert run(*words, "--shape", "7,11") == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["shapes"] == {"x": [7, 11]}
    assert run(*words, "--shape", "x=1,7,11") == 0
    capsys.readouterr()
    assert run(*words, "--shape", "7,11,2") == 4
    assert "--shape (7, 11, 2)" in capsys.readouterr().err.replace("\n", " ")
    assert run(*words, "--shape", "seven") == 2
    assert run(tmp_path / "net.onnx", "--constant", "rate", "--out", tmp_path) == 2
    assert run("lenet5", "--shape", "1,28,28", "--out", tmp_path) == 2
    assert "lenet5" in capsys.readouterr().err
