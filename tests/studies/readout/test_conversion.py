"""Every converter gives in ngspice the codes of its NumPy twin, noise and mismatch included."""

import numpy as np
import pytest

from xbar_circuit.peripherals import Flash, OscillatorCounter, Ramp, Sar
from xbar_circuit.spice import _testbench as spice_testbench
from xbar_circuit.studies import characterize_converter
from xbar_circuit.studies.readout.conversion import convert_in_spice

DRAW = np.random.default_rng(7)
CASES = [
    Sar(bits=8),
    Sar(
        bits=6,
        low_volt=0.2,
        high_volt=0.8,
        offset_volt=3e-3,
        noise_volt=5e-3,
        parasitic_farad=3e-15,
    ).drawn(DRAW, unit_sigma=0.03),
    Flash(bits=4, noise_volt=2e-2).drawn(DRAW, resistor_sigma=0.05, offset_sigma_volt=0.01),
    OscillatorCounter(
        bits=8,
        full_scale_ampere=1e-5,
        low_ampere=-4e-6,
        jitter_cycle=0.05,
        offset_ampere=1e-7,
        saturation_ampere=1e-4,
        hold_volt=0.1,
        input_ohm=50.0,
    ),
]


@pytest.mark.parametrize("converter", CASES, ids=lambda c: f"{type(c).__name__}{c.bits}")
def test_circuit_and_fast_model_give_the_same_codes(converter):
    span = converter.input_high - converter.input_low
    values = converter.input_low + span * np.random.default_rng(1).uniform(-0.05, 1.05, 40)
    fast = converter.convert(values, rng=np.random.default_rng(5))
    exact = convert_in_spice(converter, values, rng=np.random.default_rng(5))
    assert np.unique(exact).size > 10
    np.testing.assert_array_equal(exact, fast)


def test_ramp_in_ngspice_is_within_one_code_of_its_fast_model():
    ramp = Ramp(bits=5, low_volt=0.3, droop=0.2, slope_error=0.02, noise_volt=1e-2)
    values = np.random.default_rng(1).uniform(0.25, 1.02, 24)
    fast = ramp.convert(values, rng=np.random.default_rng(5))
    exact = convert_in_spice(ramp, values, rng=np.random.default_rng(5))
    assert np.abs(exact - fast).max() <= 1
    assert (exact == fast).mean() > 0.9


def test_bench_measures_the_circuit_itself_and_keeps_its_decks(tmp_path, monkeypatch):
    sar = Sar(bits=3, offset_volt=0.02, capacitor_errors=(0.1, 0.0, 0.0, 0.0))

    def measure():
        return characterize_converter(
            sar, engine="spice", steps=8, per_code=4, samples=64, folder=tmp_path
        )

    report, twin = measure(), characterize_converter(sar)
    np.testing.assert_allclose(report.inl_lsb, twin.inl_lsb, atol=0.03)
    np.testing.assert_allclose(report.offset_lsb, twin.offset_lsb, atol=0.01)
    assert report.engine == "spice"
    deck = sorted(tmp_path.glob("conversions-*.cir"))[0].read_text()
    assert ".tran" in deck
    assert deck.endswith(".end\n")
    monkeypatch.setattr(spice_testbench, "run_persistently", None)  # all answers are there already
    again = measure()
    np.testing.assert_array_equal(again.thresholds, report.thresholds)
    assert again.enob == report.enob
