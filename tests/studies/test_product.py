"""What a product costs: by formula, by measurement, and beside the HERMES core."""

import json

import numpy as np
import pytest

from xbar_circuit.cli import main
from xbar_circuit.studies import characterize_product
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


def test_circuits_are_measured_in_ngspice(tmp_path):
    tile = chain("transistor-oscillator", rows=8, cols=2, bits=4, rng=np.random.default_rng(1))
    report = characterize_product(tile, rng=np.random.default_rng(2), folder=tmp_path)
    assert report.measured
    # the circuit draws a few hundred microamperes from 1.1 V
    power = report.energy_joule["converters"] / 2 / tile.period_second
    assert 5e-5 < power < 2e-3
    assert list(tmp_path.glob("*.cir"))


def test_the_command_tells_components_and_assumptions(tmp_path, capsys):
    asked = ["characterize", "product", "--chain", "hermes", "--rows", "16", "--cols", "8"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--out", str(tmp_path)])
    assert not ended.value.code
    content = json.loads((tmp_path / "characterize.json").read_text())
    assert set(content["energy_joule"]) == {"drivers", "array", "amplifiers", "converters"}
    assert content["hermes_core"]["latency_second"] == 130e-9
    said = capsys.readouterr().out
    assert "HERMES core" in said
    assert "- inputs:" in said
    assert (tmp_path / "characterize.png").read_bytes().startswith(b"\x89PNG")
