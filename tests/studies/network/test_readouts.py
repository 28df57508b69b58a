"""One network on several read-outs: one description each, and ngspice's codes."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import Accelerator, InferenceSettings
from xbar_circuit.accelerator.calibrate import calibrate_readout, reach_ampere
from xbar_circuit.cli import main
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.operators import Dense
from xbar_circuit.peripherals import Dac, OscillatorCounter, Readout
from xbar_circuit.studies.network.readouts import compare_readouts, own_readout, usual_readouts

#: An op-amp that somebody else wrote, of a gain of 3000 and with an offset of 2 mV.
OWN = """.subckt mine inp inn vout vdd vss
Bgain inner 0 V=3000*(V(inp)-V(inn)+2m)
Rpole inner vout 1
Cpole vout 0 1p
Rload vdd vss 10k
.ends
"""


def network():
    weight = np.random.default_rng(1).normal(size=(12, 5))
    dense = Dense(weight=weight, bias=np.zeros(5))
    return Network(nodes=(Node(name="d", operator=dense, inputs=(INPUT,)),), input_shape=(12,))


def dataset(seed, count):
    images = np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)
    (scores,) = network().run({"input": images})
    return Dataset(name="drawn", images=images, labels=scores.argmax(axis=1))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.lib").write_text(OWN)
    (folder / "none.lib").write_text("* nothing\n")
    own = own_readout(
        folder / "mine.lib", "mine", ("plus", "minus", "out"), models=folder / "none.lib"
    )
    readouts = usual_readouts(own)
    del readouts["transistor oscillator"]  # it takes minutes; xbar compare-readouts runs it
    settings = InferenceSettings(
        accelerator=Accelerator(
            rows=16,
            cols=12,
            driver=Dac(full_scale_volt=0.6),  # to fill a range that a circuit fixes
            wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
        )
    )
    found = compare_readouts(
        network(),
        dataset(2, 300),
        dataset(3, 60),
        settings,
        readouts,
        samples=16,
        held_out=4,
        folder=folder / "calibration",
    )
    return folder, found


def test_each_read_out_computes_the_network_and_ngspice_agrees(compared):
    _, found = compared
    assert found.digital_accuracy == 1.0
    assert [row.name for row in found.rows] == ["ideal", "behavioural SAR", "own subcircuit"]
    for row in found.rows:
        assert row.accuracy > 0.85
        assert row.codes.within_one == 1.0
        assert row.codes.codes == (8 if row.accelerator.readout.circuits else 10)
        assert np.ptp(row.checks[0].spice_code) > 20


def test_energy_and_time_are_of_the_same_parts(compared):
    """What a read-out of one's own takes is what ngspice measured: 10 kohm at 1.1 V, and the SAR's.

    Two columns an output, 5 outputs, one product of the layer.
    """
    _, found = compared
    ideal, sar, own = found.rows
    assert ideal.cost.periphery.name == "ADC survey, median"
    assert sar.cost.periphery.name == own.cost.periphery.name == "its own parts"
    period = own.accelerator.readout.timing.period_second
    converter = own.accelerator.readout.converter.energy_joule
    column = 1.1**2 / 10e3 * period + converter
    assert own.cost.joule["read-out"] == approx(10 * column, rel=1e-3)
    assert own.cost.product_second == approx(period, rel=1e-12)
    assert sar.cost.product_second == sar.accelerator.readout.timing.period_second


def test_a_calibration_is_kept_with_its_model(compared):
    folder, found = compared
    home = folder / "calibration" / "own-subcircuit"
    model = xc.calibration.ReadoutModel.load(home / "model.json")
    assert model == found.rows[2].accelerator.model
    assert model.held_out.within_one == 1.0
    assert model.input_volt == approx(2e-3, rel=0.1)  # less R G of what flows in
    assert list(home.glob("*.cir"))


def test_the_range_of_ideal_parts_is_what_a_calibration_fills():
    """A transimpedance amplifier of 6 kohm about 0.35 V before 0.1 to 0.6 V; an offset counter."""
    assert reach_ampere(own_readout()) == approx(0.25 / 6e3, rel=1e-9)
    counter = OscillatorCounter(bits=8, full_scale_ampere=75e-6, low_ampere=-40e-6)
    assert reach_ampere(Readout(converter=counter)) == approx(35e-6, rel=1e-9)
    plain = OscillatorCounter(bits=8, full_scale_ampere=75e-6)
    with pytest.raises(xc.ParameterError, match="both signs"):
        reach_ampere(Readout(converter=plain))


def test_models_of_other_temperatures_are_kept(compared):
    folder, found = compared
    own = calibrate_readout(
        found.rows[2].accelerator,
        rng=np.random.default_rng(1),
        celsius=85.0,
        samples=10,
        held_out=1,
        analog=False,
        folder=folder,
    )
    assert [model.celsius for model in own.models] == [85.0, 27.0]
    assert own.tile(np.full((2, 2), 1e-5), celsius=27.0).model.celsius == 27.0


def test_the_verb_compares_what_it_is_asked_for(tmp_path, capsys):
    words = ["compare-readouts", "--images", "50", "--spice-vectors", "1", "--spice-outputs", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--readout", "behavioural SAR", "--out", str(tmp_path)])
    assert not ended.value.code
    content = json.loads((tmp_path / "summary.json").read_text())
    assert [row["name"] for row in content["readouts"]] == ["behavioural SAR"]
    for row in content["readouts"]:
        assert row["codes_in_ngspice"]["within_one"] == 1.0
        assert len(row["codes_by_layer"]) == 5
        assert row["accuracy"] > 0.8
    assert (tmp_path / "readouts.png").read_bytes().startswith(b"\x89PNG")
    assert "behavioural SAR" in (tmp_path / "index.html").read_text()
    assert "accuracy" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["compare-readouts", "--readout", "nonsense", "--out", str(tmp_path)])
    assert ended.value.code == 2
