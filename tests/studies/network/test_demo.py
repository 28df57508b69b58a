"""The main job on a few images; the command line, from words to files."""

import json

import numpy as np
import pytest

from xbar_circuit.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "deep" / "er"
    with pytest.raises(SystemExit) as left:
        main(["demo", "--out", str(out), "--images", "200", "--spice-vectors", "2"])
    assert left.value.code == 0
    return out


def test_summary_says_what_was_measured(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["images"] == 200
    assert summary["digital_accuracy"] > 0.85
    assert abs(summary["analog_accuracy"] - summary["digital_accuracy"]) < 0.03
    assert summary["spice_vectors"] == 5 * 2 + 2 * 2
    assert abs(summary["behavioural_readout_accuracy"] - summary["digital_accuracy"]) < 0.05
    for layers in ("codes_by_layer", "behavioural_codes_by_layer"):
        for codes in summary[layers].values():
            assert codes["codes"] >= 12
            assert codes["within_one"] >= 0.99
    assert 0.0 < summary["worst_relative_difference"] <= 1e-6
    assert summary["seconds"] > 0.0
    assert summary["tiles"] == 14
    worst = summary["accuracy_by_segment_ohm"]
    assert worst["50"] < worst["1"] - 0.05
    bits = summary["accuracy_by_converter_bits"]
    assert bits["3"] < bits["8"] - 0.05


def test_wires_matter_far_more_than_the_engines_differ(folder):
    checks = json.loads((folder / "summary.json").read_text())["spice_checks"]
    assert {check["layer"] for check in checks} == {
        "conv1",
        "conv2",
        "dense1",
        "dense2",
        "dense3",
    }
    for check in checks:
        assert check["wires_relative_difference"] > 1e4 * check["worst_relative_difference"]
        assert check["float32_relative_difference"] < 1e-6


def test_the_page_is_whole(folder):
    html = (folder / "index.html").read_text()
    assert html.count("data:image/png;base64,") == 4
    assert "http://" not in html.replace("http://www.w3.org", "")
    for name in ("accuracy", "agreement", "ir_drop", "images"):
        content = (folder / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert np.frombuffer(content, np.uint8).size > 10_000
