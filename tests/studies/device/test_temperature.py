"""Weights in the warm: what scaling of an array takes away, and what it leaves."""

import math
from dataclasses import replace

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.devices import PcmStatistics, TabulatedCurve
from xbar_circuit.errors import ParameterError
from xbar_circuit.network import fashion_mnist_test
from xbar_circuit.studies.device.temperature import WeightPair, temperature_study

EXACT = replace(
    PcmStatistics.joshi2020(), programming_scale=0.0, drift_scale=0.0, read_scale=0.0,
    activation_sigma_ev=0.0, activation_curve=TabulatedCurve(x=(0.0, 1.0), y=(0.15, 0.15)),
)  # fmt: skip


def test_one_activation_for_all_is_one_factor():
    """The closed form: exp(E/k * (1/300 - 1/T)), which scaling takes away entirely."""
    weight = np.random.default_rng(0).normal(size=(20, 30))
    pair = WeightPair.program(EXACT, weight, rng=np.random.default_rng(1))
    rng = np.random.default_rng(2)
    warm = pair.at(85.0, scaled=False, rng=rng)
    factor = math.exp(0.15 / 8.617333262e-5 * (1 / 300.0 - 1 / 358.15))
    np.testing.assert_allclose(warm, factor * weight, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pair.at(85.0, scaled=True, rng=rng), weight, rtol=1e-9, atol=1e-12)


def test_scaling_keeps_the_network_as_published_though_products_bend():
    report = temperature_study(
        celsius=(0.0, 27.0, 85.0), images=fashion_mnist_test().first(1000), seed=1
    )
    assert report.accuracy_digital == approx(0.91, abs=0.02)
    assert report.accuracy_raw[0] < 0.5
    assert np.ptp(report.accuracy_scaled) < 0.025  # scaling suffices for the network
    assert report.accuracy_scaled.min() > report.accuracy_digital - 0.04
    assert report.product_raw[-1] > 3.0 * report.product_scaled[-1]
    assert report.product_scaled[-1] > 1.1 * report.product_scaled[1]  # what it leaves


def test_refusals():
    with pytest.raises(ParameterError, match="celsius"):
        temperature_study(celsius=(-300.0,))
