"""A network over time, its error budget, and the command line around both."""

import json

import numpy as np
import pytest

from xbar_circuit import ParameterError
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.cli import main
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.images import fashion_mnist_calibration, fashion_mnist_test
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Dense, Flatten
from xbar_circuit.network.storage import save
from xbar_circuit.studies.network import chips
from xbar_circuit.studies.network.chips import make_chip, mapped
from xbar_circuit.studies.network.inference import evaluate

PCM = {
    "accelerator": {"wires": {"row_ohm": 0.0, "column_ohm": 0.0}},
    "pcm": {"preset": "joshi2020"},
    "run": {"seconds": [25.0, 2_592_000.0], "seeds": 2, "images": 400},
}


def study(**run):
    settings = from_dictionary({**PCM, "run": {**PCM["run"], **run}})
    return evaluate(
        fashion_mnist_lenet5(),
        fashion_mnist_test(),
        fashion_mnist_calibration().first(64),
        settings,
    )


def test_a_month_without_compensation_costs_accuracy_and_with_it_little():
    with_it, without = study(), study(drift_compensation="none")
    assert with_it.accuracy.shape == (2, 2)
    assert with_it.mean[1] > with_it.digital_accuracy - 0.05
    assert without.mean[1] < with_it.mean[1]
    assert np.all(with_it.half_width > 0.0)
    assert np.array_equal(study().accuracy, with_it.accuracy)


def test_accuracy_falls_with_heat_and_one_factor_makes_some_of_it_good():
    found = study(seeds=1, celsius=[26.85, 80.0], images=300)
    room, hot = (found.by_celsius[degree] for degree in (26.85, 80.0))
    assert hot[1].value < room[1].value
    assert hot[1].value >= hot[0].value
    assert hot[1].low < hot[1].value < hot[1].high
    assert found.to_dict()["by_celsius"]["80"]["global"] == hot[1].to_dict()
    ages = found.settings.seconds
    assert [found.at(age) for age in ages] == found.mean.tolist()
    with pytest.raises(ParameterError, match=r"seconds: got 5\.0"):
        found.at(5.0)


def test_the_budget_names_what_the_settings_have():
    settings = from_dictionary(
        {
            "accelerator": {
                "wires": {"row_ohm": 5.0, "column_ohm": 5.0},
                "driver": {"kind": "exact"},
                "readout": {"converter": {"kind": "ideal", "bits": 6, "noise": 1e-8}},
                "thermal_noise": True,
            },
            "pcm": {"drift_scale": 1.0, "read_scale": 0.0},
        }
    )
    test, known = fashion_mnist_test().first(200), fashion_mnist_calibration().first(64)
    chip = make_chip(mapped(fashion_mnist_lenet5(), settings), settings, known, seed=0)
    budget = chip.at(3600.0).budget(test.images, test.labels, calibration=known.images)
    ratio = dict(zip(budget.effects, budget.ratio_db, strict=True))
    assert "drivers" not in ratio
    assert "driver jitter" not in ratio
    assert ratio["read noise"].min() > 90.0  # switched off: float32's rounding is left
    for effect in ("programming", "drift", "wires", "read-outs"):
        assert 10.0 < ratio[effect].min() < 60.0
    for noise in ("thermal noise", "read-out noise"):
        assert 20.0 < ratio[noise].min() < 90.0
    assert np.all(ratio["all together"] < ratio["programming"] + 1.0)
    assert budget.layers == ("conv1", "conv2", "dense1", "dense2", "dense3")


def test_the_command_line_takes_somebodys_files(tmp_path, monkeypatch):
    made = []
    real = chips.program_mapping

    def counted(*arguments, **more):
        made.append(more["seed"])
        return real(*arguments, **more)

    monkeypatch.setattr(chips, "program_mapping", counted)
    weight = np.random.default_rng(5).normal(size=(784, 10)).astype(np.float32)
    dense = Dense(weight=weight, bias=np.zeros(10, np.float32))
    nodes = (
        Node(name="flat", operator=Flatten(), inputs=(INPUT,)),
        Node(name="dense", operator=dense, inputs=("flat",)),
    )
    save(Network(nodes=nodes, input_shape=(1, 28, 28)), tmp_path / "net.npz")
    test, known = fashion_mnist_test().first(50), fashion_mnist_calibration().first(20)
    np.savez(tmp_path / "test.npz", images=255.0 * test.images, labels=test.labels)
    np.save(tmp_path / "known.npy", 255.0 * known.images)
    (tmp_path / "a.toml").write_text("[run]\nseconds = [0.0]\nseeds = 2\n")
    words = ["infer", str(tmp_path / "net.npz"), "--data", str(tmp_path / "test.npz")]
    words += ["--calibration", str(tmp_path / "known.npy"), "--divide", "255"]
    words += ["--config", str(tmp_path / "a.toml"), "--out", str(tmp_path / "out")]
    words += ["--spice-tiles", "1", "--spice-vectors", "2"]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["images"] == 50
    assert summary["worst_relative_difference"] < 1e-6
    assert made == [0, 1]  # each chip once, for accuracy, budget, cost and spot check
    assert summary["spice_vectors"] == 2
    assert summary["codes_in_ngspice"]["dense"]["within_one"] == 1.0
    assert summary["cost"]["joule"] > 0.0
    assert set(summary["error_budget"]["accuracy"]) == {
        "drivers",
        "wires",
        "read-outs",
        "all together",
    }
    html = (tmp_path / "out/index.html").read_text()
    assert html.count("data:image/png;base64,") == 6


@pytest.mark.parametrize("missing", ["--divide", "--calibration"])
def test_what_would_have_to_be_guessed_is_asked_for(tmp_path, capsys, missing):
    known = fashion_mnist_calibration().first(2)
    np.savez(tmp_path / "x.npz", images=known.images, labels=known.labels)
    given = {"--divide": "1", "--calibration": str(tmp_path / "x.npz")}
    given.pop(missing)
    words = [word for pair in given.items() for word in pair]
    with pytest.raises(SystemExit) as left:
        main(["infer", "lenet5", "--data", str(tmp_path / "x.npz"), *words])
    assert left.value.code == 2
    assert missing in capsys.readouterr().err
