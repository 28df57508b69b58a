"""Shares that were counted, in words: each with its interval; one chip has none over chips."""

import numpy as np
import pytest
from scipy import stats

from closeness import approx
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.network.intervals import (
    chips_intervals,
    half_width,
    proportion,
    share_ends,
)
from xbar_circuit.report.counted import chips_words, share_words
from xbar_circuit.report.temperature import temperature_rows
from xbar_circuit.studies.network.temperature import TemperatureCurve


@pytest.mark.parametrize("count", [0, 1, 37, 99, 100])
def test_ends_of_known_shares_are_those_of_the_counted_hits(count):
    found = proportion(np.arange(100) < count)
    low, high = share_ends(np.full((2, 3), count / 100), 100)
    assert low.shape == high.shape == (2, 3)
    assert low[0, 0] == (0.0 if count == 0 else approx(found.low, rel=1e-12))
    assert high[1, 2] == (1.0 if count == 100 else approx(found.high, rel=1e-12))


def test_the_interval_over_chips_is_students_and_one_chip_has_none():
    values = np.array([[0.9, 0.5], [0.92, 0.6], [0.91, 0.4]])
    low, high = stats.t.interval(0.95, 2, loc=values.mean(axis=0), scale=stats.sem(values))
    assert half_width(values) == approx((high - low) / 2, rel=1e-12)
    assert np.isnan(half_width(values[:1])).all()
    assert chips_words([0.9]) == "one chip"
    assert chips_intervals([0.9], 10)["confidence_95_half_width_over_chips"] is None


def test_words_have_the_mean_of_the_chips_own_ends():
    ends = [proportion(np.arange(200) < count) for count in (150, 170)]
    low, high = (100 * np.mean([getattr(e, k) for e in ends]) for k in ("low", "high"))
    assert share_words([0.75, 0.85], 200) == f"80.00 % ({low:.2f} to {high:.2f})"


def test_one_chip_over_temperature_is_not_told_to_be_certain():
    curve = TemperatureCurve(
        network_name="", data_name="", settings=InferenceSettings(), programmed_celsius=25.0,
        stored_warm=False, celsius=np.array([25.0, 60.0]), digital_accuracy=0.9, images=100,
        accuracy={"none": np.array([[0.9, 0.5]]), "global": np.array([[0.9, 0.89]])},
    )  # fmt: skip
    columns, rows = temperature_rows(curve)
    assert len(columns) == len(rows[1]) == 5
    assert rows[1][1] == "50.00 % (40.38 to 59.62)"
    assert [rows[1][2], rows[1][4]] == ["one chip", "one chip"]
    told = curve.to_dict()
    assert told["confidence_95_half_width_over_chips"] == {"none": [None] * 2, "global": [None] * 2}
    assert told["confidence_95_over_samples"]["none"][1] == approx([0.4038, 0.5962], rel=1e-3)
