"""Statistics out of physics, against the numbers of Joshi et al. 2020 written out by hand."""

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.devices import PcmCell, PcmVariability
from xbar_circuit.devices.pcm.variability import accumulated_noise
from xbar_circuit.errors import ParameterError
from xbar_circuit.studies.device.written_statistics import written_statistics

# at 1, 5, 12.5, 20 and 25 uS, from the published polynomials with x = g / 25 uS
X = np.array([0.04, 0.2, 0.5, 0.8, 1.0])
PROGRAMMING = (0.26348 + 1.9650 * X - 1.1731 * X**2) * 1e-6
DRIFT_MEAN = np.clip(-0.0155 * np.log(X) + 0.0244, 0.049, 0.1)
DRIFT_SIGMA = np.clip(-0.0125 * np.log(X) - 0.0059, 0.008, 0.045)
READ = X * 25e-6 * 0.0088 / X**0.65 * np.sqrt(np.log((20.0 + 250e-9) / 500e-9))


def test_a_thousand_written_cells_show_the_published_statistics():
    found = written_statistics(cells=1000, seed=0)
    np.testing.assert_allclose(found.target, X * 25e-6, rtol=1e-12)
    assert np.all(found.accepted >= 0.98)
    assert np.all(found.pulses < 30)
    np.testing.assert_allclose(found.programming_sigma, PROGRAMMING, rtol=0.15)
    np.testing.assert_allclose(found.drift_mean, DRIFT_MEAN, rtol=0.15)
    np.testing.assert_allclose(found.drift_sigma, DRIFT_SIGMA, rtol=0.15)
    np.testing.assert_allclose(found.read_sigma, READ, rtol=0.15)
    ratio = found.ratios["read_sigma"]
    np.testing.assert_allclose(ratio, found.read_sigma / READ, rtol=1e-9)


def test_devices_alike_have_no_spread_but_their_noise():
    alike = PcmVariability(
        thermal=0.0, area=0.0, noise=0.0, activation_ev=0.0, drift_exponent=0.0,
        thin_drift_exponent=0.0, crystal_drift_exponent=0.0, nuclei=0.0, pulse=0.0,
    )  # fmt: skip
    devices = alike.draw(PcmCell(), 500, rng=np.random.default_rng(0))
    u = np.full(500, 15e-9)
    g = devices.conductance(u)
    assert np.ptp(g) == 0.0
    assert g[0] == approx(float(PcmCell().conductance(15e-9, read_volt=0.2)), rel=1e-12)
    relative = devices.read(u, rng=np.random.default_rng(1)).std() / g[0]
    expected = float(PcmCell().noise_amplitude(15e-9)) * accumulated_noise(20.0, 250e-9)
    assert relative == approx(expected, rel=0.1)
    later = devices.at(3600.0, celsius=46.85, storage_celsius=56.85).conductance(u)
    cell = PcmCell(celsius=46.85, age_second=3600.0, storage_celsius=56.85)
    np.testing.assert_allclose(later, cell.conductance(15e-9, read_volt=0.2), rtol=1e-12)


def test_accumulated_noise_is_the_published_root():
    published = {0.0: 4.183825, 3600.0: 4.764755, 86400.0: 5.086810, 31536000.0: 5.636958}
    for second, factor in published.items():
        assert accumulated_noise(second + 20.0, 250e-9) == approx(factor, rel=1e-6)


def test_refusals():
    with pytest.raises(ParameterError, match="cells"):
        written_statistics(cells=0)
    with pytest.raises(ParameterError, match="thermal"):
        PcmVariability(thermal=-0.1)
