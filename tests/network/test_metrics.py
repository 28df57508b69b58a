"""Metrics against what others print, brute force, and coverage counted exactly."""

import itertools
import math
import sys

import numpy as np
import pytest
from scipy import stats

from closeness import approx
from xbar_circuit import ModelFileError, ParameterError, ShapeError
from xbar_circuit._user_modules import look_in
from xbar_circuit.network.intervals import mean_of, paired_difference, proportion, ratio
from xbar_circuit.network.metrics import METRICS, edit_distance, find_metric, usual_metrics

RNG = np.random.default_rng(7)


def value(name, outputs, targets=None, reference=None):
    outputs = np.asarray(outputs, dtype=np.float32)
    reference = outputs if reference is None else np.asarray(reference, dtype=np.float32)
    targets = None if targets is None else np.asarray(targets)
    return find_metric(name).estimate(outputs, targets, reference)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
     (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_a_share_has_the_interval_that_newcombe_prints(hits, of, low, high):
    """Newcombe, Statist. Med. 17, 857 (1998), table I, method 3."""
    found = proportion([True] * hits + [False] * (of - hits))
    assert (found.low, found.high) == (approx(low, abs=5e-5), approx(high, abs=5e-5))
    assert found.value == hits / of
    assert found.samples == of


def test_one_image_of_one_chip_is_no_certainty():
    assert proportion([True]).low < 0.3
    assert math.isnan(mean_of([3.0]).low)


@pytest.mark.parametrize(("gain", "loss"), [(0.02, 0.05), (0.1, 0.1), (0.0, 0.08)])
def test_a_difference_is_covered_as_often_as_it_says(gain, loss):
    """Every outcome of 40 pairs, weighed with its probability."""
    n, covered = 40, 0.0
    agree = np.zeros(n, dtype=bool)
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            weight = stats.multinomial.pmf([gained, lost, n - gained - lost],
                                           n, [gain, loss, 1.0 - gain - loss])  # fmt: skip
            if weight < 1e-7:
                continue
            found, reference = agree.copy(), agree.copy()
            found[:gained] = True
            reference[gained : gained + lost] = True
            one = paired_difference(found, reference)
            covered += weight * (one.low <= gain - loss <= one.high)
            assert one.value == (gained - lost) / n
    assert 0.93 < covered < 0.999  # rare disagreements: on the safe side


def test_a_ratio_with_equal_parts_is_students_mean():
    values = RNG.normal(2.0, 1.0, 30)
    found = mean_of(values)
    truth = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == (approx(truth.low, rel=1e-9), approx(truth.high, rel=1e-9))
    assert ratio(values, np.full(30, 4.0)).value == approx(values.mean() / 4.0, rel=1e-12)


def test_a_ratio_of_unequal_samples_is_covered():
    rng, covered, runs = np.random.default_rng(3), 0, 400
    for _ in range(runs):
        below = rng.integers(1, 30, 60)
        above = rng.binomial(below, 0.3)
        one = ratio(above, below)
        covered += one.low <= 0.3 <= one.high
    assert 0.91 < covered / runs < 0.98


def test_accuracy_and_top_k_count_as_a_sort_does():
    outputs = RNG.normal(size=(200, 12)).astype(np.float32)
    outputs[:40] = np.round(outputs[:40])  # equal outputs: the first counts as the larger
    labels = RNG.integers(0, 12, 200)
    order = np.argsort(-outputs, axis=1, kind="stable")
    for most in (1, 3, 12):
        truth = np.mean([label in row[:most] for label, row in zip(labels, order, strict=True)])
        assert value(f"top-{most}", outputs, labels).value == truth
    assert value("accuracy", outputs, labels).value == np.mean(order[:, 0] == labels)


def test_the_area_is_the_share_of_pairs_and_its_interval_is_covered():
    scores = np.round(RNG.normal(size=60), 1)
    labels = RNG.integers(0, 2, 60)
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, b in itertools.product(scores[labels == 1], scores[labels == 0])
    ]
    found = value("auc", scores[:, None], labels)
    assert found.value == approx(np.mean(pairs), rel=1e-6)
    two = np.stack([-scores / 2, scores / 2], axis=1)
    assert value("auc", two, labels).value == approx(np.mean(pairs), rel=1e-6)
    rng, covered, runs = np.random.default_rng(1), 0, 300
    truth = stats.norm.cdf(1.0 / math.sqrt(2.0))  # two normals, one sigma apart
    for _ in range(runs):
        own = np.r_[rng.normal(1.0, 1.0, 40), rng.normal(0.0, 1.0, 50)]
        one = value("auc", own[:, None], np.r_[np.ones(40, int), np.zeros(50, int)])
        covered += one.low <= truth <= one.high
    assert 0.9 < covered / runs <= 0.99
    perfect = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    assert value("auc", perfect, [0, 1, 2, 0, 1, 2]).value == 1.0


def test_the_textbook_example_of_delong():
    """Two positives of three above all: 5 of 6 pairs; variance by the structural components."""
    found = value("auc", np.array([[0.9], [0.8], [0.3], [0.5], [0.1]]), [1, 1, 1, 0, 0])
    assert found.value == approx(5 / 6, rel=1e-6)
    variance = np.var([1.0, 1.0, 0.5], ddof=1) / 3 + np.var([2 / 3, 1.0], ddof=1) / 2
    reach = 1.959964 * math.sqrt(variance) / (5 / 6 * 1 / 6)
    low = 1.0 / (1.0 + math.exp(-(math.log(5.0) - reach)))
    assert found.low == approx(low, rel=1e-5)


def test_perplexity_of_a_fair_die_is_six_whatever_the_outputs_are():
    labels = RNG.integers(0, 6, (4, 9))
    for outputs in (np.zeros((4, 9, 6)), np.full((4, 9, 6), 1 / 6), np.full((4, 9, 6), 50.0)):
        found = value("perplexity", outputs, labels)
        assert found.value == approx(6.0, rel=1e-6)
        assert value("bits", outputs, labels).value == approx(math.log2(6.0), rel=1e-6)


def test_bits_are_minus_the_logarithm_of_the_probability_and_masked_positions_do_not_count():
    outputs = RNG.normal(size=(5, 7, 4)).astype(np.float32)
    labels = RNG.integers(0, 4, (5, 7))
    labels[2, 3:] = -100
    wide = np.exp(outputs.astype(float))
    p = wide / wide.sum(axis=-1, keepdims=True)
    own = [-math.log2(p[i, j, labels[i, j]]) for i, j in np.ndindex(5, 7) if labels[i, j] >= 0]
    assert value("bits", outputs, labels).value == approx(np.mean(own), rel=1e-6)
    assert value("bits", p, labels).value == approx(np.mean(own), rel=1e-5)


def test_sequences_are_counted_by_position_whole_and_by_edits():
    outputs = np.zeros((3, 4, 5))
    best = [[1, 1, 0, 2], [3, 0, 3, 3], [4, 4, 4, 4]]
    for i, row in enumerate(best):
        outputs[i, np.arange(4), row] = 1.0
    labels = [[1, 1, 0, 2], [3, 0, 3, 1], [4, 4, -1, -1]]
    assert value("position", outputs, labels).value == 9 / 10
    assert value("sequence", outputs, labels).value == 2 / 3
    assert value("edit", outputs, labels).value == (0 + 1 + 2) / 10
    joined = [[1, 2, -1, -1], [3, 3, -1, -1], [4, 1, -1, -1]]
    assert value("ctc", outputs, joined).value == (0 + 0 + 1) / 6


@pytest.mark.parametrize(
    ("found", "wanted", "distance"),
    [("kitten", "sitting", 3), ("saturday", "sunday", 3), ("", "abc", 3), ("abc", "abc", 0),
     ("intention", "execution", 5)],
)  # fmt: skip
def test_edit_distances_of_the_textbooks(found, wanted, distance):
    assert edit_distance([*map(ord, found)], [*map(ord, wanted)]) == distance


def test_signal_to_noise_is_against_the_digital_run():
    reference = RNG.normal(size=(50, 3, 4)).astype(np.float32)
    noise = RNG.normal(0.0, 0.1, reference.shape).astype(np.float32)
    found = value("snr", reference + noise, None, reference)
    wide = reference.astype(float)
    given = (reference + noise).astype(float)
    truth = 10.0 * math.log10((wide**2).sum() / ((given - wide) ** 2).sum())
    assert found.value == approx(truth, rel=1e-9)
    assert found.low < 20.0 < found.high  # 0.1 of 1
    assert value("snr", reference, None, reference).value == 300.0
    assert math.isnan(value("snr", noise, None, np.zeros_like(noise)).value)


def test_floats_are_compared_as_numbers():
    outputs, targets = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 2))
    truth = np.mean((outputs.astype(np.float32).astype(float) - targets) ** 2)
    assert value("mse", outputs, targets).value == approx(truth, rel=1e-9)
    assert value("mse", outputs, None, outputs).value == 0.0
    with pytest.raises(ShapeError, match="one number for each output"):
        value("mse", outputs, np.zeros(20))
    with pytest.raises(ParameterError, match="classes, whole numbers"):
        value("accuracy", outputs, np.zeros(20))
    with pytest.raises(ParameterError, match="accuracy without targets"):
        value("accuracy", outputs)
    with pytest.raises(ShapeError, match="one label per sample"):
        value("accuracy", outputs, np.zeros((20, 7), dtype=int))
    with pytest.raises(ParameterError, match="one class"):
        value("auc", outputs[:, :1], np.ones(20, int))


def test_what_is_usual_follows_from_the_targets():
    names = lambda targets: [one.name for one in usual_metrics(targets)]  # noqa: E731
    assert names(None) == ["snr"]
    assert names(np.zeros(3)) == ["mse", "snr"]
    assert names(np.zeros(3, int)) == ["accuracy", "snr"]
    assert names(np.zeros((3, 5), int)) == ["position", "snr"]


def test_a_function_of_ones_own(tmp_path):
    (tmp_path / "my_measures.py").write_text(
        "import numpy as np\n"
        "def median(outputs, targets):\n    return np.median(outputs)\n"
        "def worst(outputs, targets):\n    return abs(outputs - targets).max(axis=1)\n"
        "def wrong(outputs, targets):\n    return outputs\n"
        "def broken(outputs, targets):\n    return outputs['x']\n"
    )
    look_in(tmp_path)
    outputs = RNG.normal(5.0, 1.0, size=(400, 3))
    found = value("my_measures:median", outputs)
    assert found.value == approx(np.median(outputs.astype(np.float32)), rel=1e-6)
    assert found.low < 5.0 < found.high
    assert found.high - found.low < 0.6
    per_sample = value("my_measures:worst", outputs, np.zeros((400, 3)))
    assert per_sample.value == approx(np.abs(outputs).max(axis=1).mean(), rel=1e-6)
    assert per_sample.method == "Student"
    with pytest.raises(ParameterError, match=r"returned shape \(400, 3\)"):
        value("my_measures:wrong", outputs)
    with pytest.raises(ParameterError, match="which raised IndexError"):
        value("my_measures:broken", outputs)
    with pytest.raises(ParameterError, match="no function 'none' in my_measures"):
        find_metric("my_measures:none")
    with pytest.raises(ModelFileError, match="no_such_measures"):
        find_metric("no_such_measures:f")
    with pytest.raises(ParameterError, match="one of snr, mse"):
        find_metric("acuracy")
    sys.modules.pop("my_measures")


def test_estimates_are_plain_data_and_words():
    found = proportion([True, True, False]).to_dict()
    assert found["value"] == 2 / 3
    assert found["interval"] == "Wilson"
    assert mean_of([1.0]).to_dict()["confidence_95"] == [None, None]
    assert METRICS["accuracy"].text(0.5) == "50.00 %"
    assert METRICS["snr"].text(12.345) == "12.35 dB" or METRICS["snr"].text(12.345) == "12.34 dB"
    assert METRICS["snr"].text(math.nan) == "-"
