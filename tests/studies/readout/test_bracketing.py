"""Thresholds by a bracketed bisection, of converters whose thresholds are known."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Sar
from xbar_circuit.studies import characterize_converter
from xbar_circuit.studies.readout._bracketing import bracketed, critical_codes

LEVELS, LSB = 256, 1.0 / 256
CODES = np.arange(1, LEVELS)
IDEAL = CODES * LSB


def thresholds(gain, offset, alternation, seed=3):
    """Thresholds that a fast model does not know: gain, offset, a light last bit, and noise."""
    rng = np.random.default_rng(seed)
    shift = offset + alternation * (CODES % 2 - 0.5) + 0.05 * rng.standard_normal(CODES.size)
    return IDEAL / (1.0 + gain) + LSB * shift


def circuit(edges):
    return lambda values: np.searchsorted(np.sort(edges), values, side="right")


@pytest.mark.parametrize(("gain", "offset"), [(-0.014, 0.4), (0.03, -6.0), (0.0, 0.0)])
def test_every_threshold_is_found_to_its_resolution_in_few_conversions(gain, offset):
    edges = np.sort(thresholds(gain, offset, 0.5))
    found = bracketed(circuit(edges), IDEAL, lsb=LSB)
    assert np.abs(found.thresholds - edges).max() <= 0.5001 * found.resolution
    assert found.resolution == approx(LSB / 16.0)
    assert found.monotonic
    assert found.conversions < 5 * CODES.size


def test_critical_thresholds_predict_the_others():
    edges = np.sort(thresholds(-0.014, 0.4, 0.5))
    codes = critical_codes(LEVELS)
    found = bracketed(circuit(edges), IDEAL, lsb=LSB, codes=codes)
    measured = np.isfinite(found.thresholds)
    assert np.array_equal(np.flatnonzero(measured) + 1, codes)
    assert found.conversions < 200
    assert np.abs(found.predicted - edges).max() < 0.3 * LSB


def test_a_wrong_fast_model_costs_conversions_and_no_accuracy():
    edges = IDEAL + 5.0 * LSB * np.sin(np.linspace(0.0, 9.0, CODES.size))
    edges = np.sort(edges)
    found = bracketed(circuit(edges), IDEAL, lsb=LSB)
    assert np.abs(found.thresholds - edges).max() <= 0.5001 * found.resolution


def test_codes_that_no_input_reaches_have_no_threshold():
    edges = IDEAL.copy()
    edges[200:] = 10.0
    found = bracketed(circuit(edges), IDEAL, lsb=LSB)
    assert np.isnan(found.thresholds[200:]).all()
    assert np.abs(found.thresholds[:200] - edges[:200]).max() <= 0.5001 * found.resolution


def test_a_circuit_in_ngspice_has_the_thresholds_of_its_model(tmp_path):
    sar = Sar(bits=4, capacitor_errors=(0.03, -0.02, 0.01, 0.0, 0.0), offset_volt=0.02)
    settings = {"engine": "spice", "search": "bracketed", "folder": tmp_path}
    report = characterize_converter(sar, **settings)
    exact = characterize_converter(sar)
    # half a bracket, and what the circuit's edges and switches add
    assert np.abs(report.thresholds - exact.thresholds).max() < 0.04 / 16.0
    assert report.conversions < 5 * 15
    again = characterize_converter(sar, **settings)
    assert again.thresholds.tolist() == report.thresholds.tolist()
    with pytest.raises(xc.ParameterError, match="outside of ngspice"):
        characterize_converter(sar, search="critical")
