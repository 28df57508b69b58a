"""What a product costs: by formula, by measurement, and beside the HERMES core."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.architecture import Logic
from xbar_circuit.cli import main
from xbar_circuit.studies import characterize_product
from xbar_circuit.studies.readout.product import REST_WATT_PER_SQUARE_METRE
from xbar_circuit.tile import HERMES_CORE, chain, hermes_like


def test_the_preset_has_the_cores_size_and_time_and_its_energy_by_formula():
    tile = hermes_like(rng=np.random.default_rng(1))
    report = characterize_product(tile, rng=np.random.default_rng(2), inputs=16)
    assert (report.rows, report.outputs) == (256, 256)
    np.testing.assert_allclose(report.latency_second, HERMES_CORE["latency_second"], rtol=1e-3)
    # even inputs as widths of pulses: half of the window on average, full height
    ticks = np.abs(np.rint(127 * np.linspace(-1, 1, 4001))).mean() * 1e-9
    heat = 0.2**2 * tile.crossbar.conductance.sum() * ticks
    np.testing.assert_allclose(report.energy_joule["array"], heat, rtol=0.03)
    one = tile.readout.converter.energy_joule
    np.testing.assert_allclose(report.energy_joule["converters"], 256 * one)
    np.testing.assert_allclose(
        report.energy_joule["amplifiers"], 512 * 20e-6 * tile.period_second, rtol=1e-9
    )
    assert not report.measured
    assert len(report.assumptions) > 5
    np.testing.assert_allclose(
        report.tops_per_watt, 2 * 256 * 256 / report.total_joule * 1e-12, rtol=1e-12
    )


def test_the_account_of_the_preset_comes_to_the_published_energy_by_one_fitted_number():
    tile = hermes_like(rng=np.random.default_rng(3))
    plain, whole = (
        characterize_product(tile, rng=np.random.default_rng(2), inputs=16, rest=rest)
        for rest in (False, True)
    )
    known = plain.total_joule
    assert 3e-9 < known < 5e-9  # a third of the published 12.5 nJ is accounted for
    assert whole.total_joule == approx(HERMES_CORE["energy_joule"], rel=0.01)
    fitted = REST_WATT_PER_SQUARE_METRE * HERMES_CORE["area_square_metre"] * plain.latency_second
    assert whole.energy_joule["rest, fitted"] == approx(fitted)
    assert whole.total_joule == approx(known + fitted)
    assert any("fitted" in line for line in whole.assumptions)
    assert not any("fitted" in line for line in plain.assumptions)


def test_the_logic_of_the_preset_by_hand():
    tile = hermes_like(rng=np.random.default_rng(1), rows=16, outputs=8)
    report = characterize_product(
        tile, rng=np.random.default_rng(2), inputs=4, logic=Logic(nm=45, supply_volt=0.9)
    )
    assert {name: report.energy_joule[name] for name in list(report.energy_joule)[4:]} == approx(
        {
            # 16 rows compare 7 bits of magnitude at 127 ticks, one bit of an adder each
            "pulse generation": 16 * 7 * 127 * 0.1e-12 / 32,
            "local logic": 8 * (0.2e-12 + 0.1e-12),
            # code and counter bits of a row, count and result of 9 bits; 130 cycles
            "clock": (16 * 14 + 2 * 8 * 9) * tile.period_second * 1e9 * 1e-15 * 0.9**2,
            "inputs and outputs": 24 * 10e-12 / 8,
        }
    )
    assert report.programming_joule == approx(16 * 16 * 10 * 440e-6**2 * 2e3 * 1e-6)


def test_logic_scales_as_its_authors_example():
    """Stillmaker and Baas, erratum of 2017: from 65 nm at 1.3 V to 32 nm at 0.9 V, 0.1755."""
    ratio = Logic(nm=32, supply_volt=0.9).scale / Logic(nm=65, supply_volt=1.3).scale
    assert ratio == approx(0.1755, rel=1e-3)
    assert Logic(nm=45, supply_volt=0.9).scale == 1.0
    with pytest.raises(xc.ParameterError, match="nm: got 12"):
        Logic(nm=12)


def test_circuits_are_measured_in_ngspice(tmp_path):
    tile = chain("transistor-oscillator", rows=8, cols=2, bits=4, rng=np.random.default_rng(1))
    report = characterize_product(tile, rng=np.random.default_rng(2), folder=tmp_path)
    assert report.measured
    # the circuit draws a few hundred microamperes from 1.1 V
    power = report.energy_joule["converters"] / 2 / tile.period_second
    assert 5e-5 < power < 2e-3
    assert list(tmp_path.glob("*.cir"))


def test_the_command_tells_components_and_assumptions(tmp_path, capsys):
    asked = ["characterize", "product", "hermes", "--rows", "16", "--cols", "8"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--out", str(tmp_path)])
    assert not ended.value.code
    content = json.loads((tmp_path / "summary.json").read_text())
    assert list(content["energy_joule"]) == [
        *("drivers", "array", "amplifiers", "converters", "pulse generation", "local logic"),
        *("clock", "inputs and outputs", "rest, fitted"),
    ]
    assert content["hermes_core"]["latency_second"] == 130e-9
    said = capsys.readouterr().out
    assert "HERMES core" in said
    assert "- inputs:" in said
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
