"""The design space and the network's place in a sweep."""

import json

import numpy as np
import pytest

from xbar_circuit import ParameterError
from xbar_circuit.cli import main
from xbar_circuit.studies.network.chips import make_chip, mapped
from xbar_circuit.studies.network.point import network_point, point_of
from xbar_circuit.studies.sweep import sweep_plan_from_dictionary
from xbar_circuit.studies.sweep.design import Design, best_designs


def test_more_bits_cost_energy_and_give_accuracy(tmp_path):
    words = [
        "design",
        "--tile",
        "128",
        "--bits",
        "3",
        "--bits",
        "8",
        "--devices-per-sign",
        "1",
        "--images",
        "200",
    ]
    with pytest.raises(SystemExit) as left:
        main([*words, "--workers", "1", "--segment-ohm", "0", "--out", str(tmp_path)])
    assert left.value.code == 0
    coarse, fine = json.loads((tmp_path / "summary.json").read_text())
    assert (coarse["bits"], fine["bits"]) == (3, 8)
    assert fine["joule"] > 2.0 * coarse["joule"]
    assert fine["accuracy"] > coarse["accuracy"] + 0.02
    assert (tmp_path / "design.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "results.nc").stat().st_size > 0
    page = (tmp_path / "index.html").read_text()
    assert "data:image/png;base64," in page
    assert "figure of merit" in page  # the assumptions of the cost


def test_the_best_designs_are_beaten_by_none():
    def design(joule, score, metric="accuracy"):
        shape = {"tile": 64, "bits": 8, "devices": 1, "tiles": 1, "latency_second": 1.0}
        return Design(metric=metric, score=score, low=score, high=score, joule=joule, **shape)

    every = [design(3.0, 0.9), design(1.0, 0.5), design(2.0, 0.4), design(1.0, 0.3)]
    assert best_designs(every) == [design(1.0, 0.5), design(3.0, 0.9)]
    errors = [design(3.0, 0.9, "mse"), design(1.0, 0.5, "mse"), design(2.0, 0.4, "mse")]
    assert best_designs(errors) == [errors[1], errors[2]]  # less is better


def test_a_point_has_every_metric_with_its_interval_and_the_digital_value():
    setting = {"network": "lenet5", "images": 60, "metrics": ["top-2", "accuracy", "snr"]}
    found = network_point(rng=np.random.default_rng(0), **setting)
    assert next(iter(found)) == "top_2"
    for name in ("top_2", "accuracy", "snr"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
    assert found["digital_top_2"] >= found["digital_accuracy"] > 0.8
    assert "digital_snr" not in found
    point = point_of(**setting)
    chip_seed = int(np.random.default_rng(0).integers(2**31))
    chip = make_chip(
        mapped(point.network, point.settings), point.settings, point.calibration, seed=chip_seed
    ).at(0.0)
    assert found["accuracy"] == chip.accuracy(point.test.images, point.test.classes)


def test_an_unknown_metric_is_refused_before_any_point():
    content = {"study": {"function": "network"}, "parameters": {"metrics": ["acuracy"]}}
    with pytest.raises(ParameterError, match="acuracy"):
        sweep_plan_from_dictionary({**content, "grid": {"seconds": [0.0]}})


def test_a_sweep_file_reaches_every_setting():
    plan = sweep_plan_from_dictionary(
        {
            "study": {"function": "network"},
            "parameters": {"images": 100, "pcm": {"preset": "hermes_double"}},
            "grid": {"accelerator.wires.row_ohm, accelerator.wires.column_ohm": [0.0]},
        }
    )
    assert plan.function is network_point
    assert plan.calls()[0] == {
        "images": 100,
        "pcm.preset": "hermes_double",
        "accelerator.wires.row_ohm": 0.0,
        "accelerator.wires.column_ohm": 0.0,
    }


def test_lists_that_are_no_numbers_are_refused(capsys):
    with pytest.raises(SystemExit) as left:
        main(["design", "--bits", "four"])
    assert left.value.code == 2
    assert "--bits" in capsys.readouterr().err


def test_a_misspelt_setting_is_refused():
    with pytest.raises(ParameterError, match="row"):
        network_point(rng=np.random.default_rng(0), **{"accelerator.row": 3})
