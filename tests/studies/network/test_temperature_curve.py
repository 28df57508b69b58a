"""A network over temperature: what one factor per array can make good, and what it cannot."""

import json
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.cli import main
from xbar_circuit.devices import PcmStatistics, TabulatedCurve
from xbar_circuit.network import fashion_mnist_lenet5, fashion_mnist_test
from xbar_circuit.network.images import fashion_mnist_calibration
from xbar_circuit.peripherals import ExactDriver, IdealConverter, Readout
from xbar_circuit.studies.network.temperature import temperature_curve

QUIET = replace(
    PcmStatistics.joshi2020(),
    programming_scale=0.0,
    drift_scale=0.0,
    read_scale=0.0,
    activation_sigma_ev=0.0,
)
ALIKE = replace(QUIET, activation_curve=TabulatedCurve(x=(0.0, 1.0), y=(0.15, 0.15)))


def curve(statistics, celsius, *, readout=None, **options):
    accelerator = Accelerator(
        statistics=statistics,
        driver=ExactDriver(),
        readout=readout or Readout(converter=IdealConverter(bits=None)),
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
    )
    settings = InferenceSettings(accelerator=accelerator, seconds=(3600.0,), images=300)
    known = fashion_mnist_calibration().first(16)
    net, test = fashion_mnist_lenet5(), fashion_mnist_test()
    return temperature_curve(net, test, known, settings, celsius=celsius, **options)


def test_one_factor_makes_good_what_is_common_to_all_states():
    """With one activation energy nothing but a size is left, and that is the digital network."""
    found = curve(ALIKE, (0.0, 25.0, 85.0))
    assert found.mean("none")[1] == found.digital_accuracy
    assert (found.mean("global") == found.digital_accuracy).all()
    assert found.mean("none")[0] < found.digital_accuracy - 0.1  # biases are not scaled
    assert found.lost("none") > 0.1
    assert found.lost("global") == 0.0
    content = json.loads(json.dumps(found.to_dict()))
    assert content["mean_accuracy"]["none"] == found.mean("none").tolist()


def test_activation_that_differs_by_state_is_left_over():
    """Small conductances rise more: the weights are bent, and no factor straightens them."""
    steep = replace(QUIET, activation_curve=TabulatedCurve(x=(0.0, 1.0), y=(0.6, 0.0)))
    found = curve(steep, (25.0, 85.0))
    assert found.mean("global")[0] == found.digital_accuracy
    assert found.mean("global")[1] < found.digital_accuracy - 0.02


def test_a_warm_store_drifts_more():
    drifting = replace(ALIKE, drift_scale=3.0)
    kept, stored = (
        curve(drifting, (85.0,), stored_warm=warm).mean("none")[0] for warm in (False, True)
    )
    assert stored != kept


def test_the_verb_writes_the_curve(tmp_path, capsys):
    words = [
        "temperature",
        "--images",
        "60",
        "--seeds",
        "1",
        "--celsius",
        "25",
        "--celsius",
        "85",
        "--out",
    ]
    with pytest.raises(SystemExit) as ended:
        main([*words, str(tmp_path)])
    assert not ended.value.code
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["celsius"] == [25.0, 85.0]
    assert np.shape(content["accuracy_by_seed"]["global"]) == (1, 2)
    assert content["mean_accuracy"]["global"][0] > 0.8
    page = (tmp_path / "index.html").read_text()
    assert "one factor per array" in page
    assert (tmp_path / "temperature.png").read_bytes().startswith(b"\x89PNG")
    assert "85 C" in capsys.readouterr().out
