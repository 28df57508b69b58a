"""What each metric computes of outputs, targets and the digital run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from xbar_circuit.errors import ShapeError
from xbar_circuit.network._metric_intervals import delong, jackknife, placements
from xbar_circuit.network.intervals import Estimate, mean_of, proportion, ratio
from xbar_circuit.network.operators import Array

__all__ = [
    "MetricFunction",
    "Targets",
    "accuracy_of",
    "auc",
    "edit",
    "edit_distance",
    "mse",
    "sequence",
    "snr",
    "surprise",
    "top_share",
]

#: Classes, or numbers.
Targets = NDArray[Any]
#: Of outputs, targets and the outputs of the digital run.
MetricFunction = Callable[[Array, Targets | None, Array], Estimate]

_FLOOR = 1e-30  # of the signal: 300 dB, where found and reference are the same to the last bit


def _flat(outputs: Array, targets: Targets) -> tuple[Array, Targets]:
    """Return outputs (n, positions, classes) and labels (n, positions) of sequences, or of one."""
    n = len(outputs)
    if outputs.size != n and outputs[..., 0].size == targets.size:
        return outputs.reshape(n, -1, outputs.shape[-1]), targets.reshape(n, -1)
    if targets.size == n:  # classes in any shape, one label a sample
        return outputs.reshape(n, 1, -1), targets.reshape(n, 1)
    raise ShapeError.about(
        "targets",
        got=f"shape {targets.shape} for outputs of shape {outputs.shape}",
        expected="one label per sample, or per position of outputs (n, positions, classes)",
        remedy="put the classes last",
    )


def _hits(outputs: Array, targets: Targets) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which positions are right, and which count (n, positions)."""
    values, labels = _flat(outputs, targets)
    return values.argmax(axis=-1) == labels, labels >= 0


def accuracy_of(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
    """Return the share of samples, or positions, whose largest output is the label's."""
    assert targets is not None  # noqa: S101  what `needs` says
    hit, counts = _hits(outputs, targets)
    if hit.shape[1] > 1:
        return ratio((hit & counts).sum(axis=1), counts.sum(axis=1))
    return proportion(hit[counts])


def sequence(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
    """Return the share of sequences that are right at every position."""
    assert targets is not None  # noqa: S101
    hit, counts = _hits(outputs, targets)
    return proportion((hit | ~counts).all(axis=1))


def top_share(most: int) -> MetricFunction:
    """Return the metric of labels among the `most` largest outputs."""

    def share(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
        assert targets is not None  # noqa: S101
        values, labels = _flat(outputs, targets)
        counts = labels >= 0
        if int(labels.max(initial=0)) >= values.shape[-1]:
            return proportion(np.zeros(counts.sum(), dtype=bool))
        own = np.take_along_axis(values, np.maximum(labels, 0)[..., None], axis=-1)
        place = np.arange(values.shape[-1]) < labels[..., None]
        above = (values > own) | ((values == own) & place)  # of equals the first counts as larger
        hit = above.sum(axis=-1) < most
        if hit.shape[1] > 1:
            return ratio((hit & counts).sum(axis=1), counts.sum(axis=1))
        return proportion(hit[counts])

    return share


def surprise(outputs: Array, targets: Targets | None) -> Estimate:
    """Return the mean of ``-ln p(label)``."""
    assert targets is not None  # noqa: S101
    values, labels = _flat(outputs, targets)
    wide = values.astype(np.float64)
    if wide.min() >= 0.0 and np.abs(wide.sum(axis=-1) - 1.0).max() < 1e-3:
        logs = np.log(np.maximum(wide, np.finfo(np.float32).tiny))
    else:
        logs = log_softmax(wide, axis=-1)
    counts = labels >= 0
    own = np.take_along_axis(logs, np.maximum(labels, 0)[..., None], axis=-1)[..., 0]
    return ratio(np.where(counts, -own, 0.0).sum(axis=1), counts.sum(axis=1))


def snr(outputs: Array, _: Targets | None, reference: Array) -> Estimate:
    """Return the ratio of the digital run's power to that of the difference to it [dB]."""
    n = len(outputs)
    wanted = reference.reshape(n, -1).astype(np.float64)
    error = ((outputs.reshape(n, -1) - wanted) ** 2).sum(axis=1)
    signal = (wanted**2).sum(axis=1)
    if not signal.any():
        return Estimate(value=math.nan, low=math.nan, high=math.nan, samples=n, method="none")
    found = ratio(error, signal, positive=True)
    return found.mapped(lambda share: -10.0 * math.log10(max(share, _FLOOR)))


def mse(outputs: Array, targets: Targets | None, reference: Array) -> Estimate:
    """Return the mean squared error against the targets, or the digital run."""
    n = len(outputs)
    wanted = np.asarray(reference if targets is None else targets, dtype=np.float64).reshape(n, -1)
    found = outputs.reshape(n, -1).astype(np.float64)
    if found.shape != wanted.shape:
        raise ShapeError.about(
            "targets",
            got=f"shape {wanted.shape} for outputs of shape {outputs.shape}",
            expected="one number for each output",
            remedy="take a metric of classes, such as accuracy",
        )
    return mean_of(((found - wanted) ** 2).mean(axis=1))


def auc(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
    """Return the area, with the interval of DeLong et al. on the logit scale."""
    assert targets is not None  # noqa: S101
    n = len(outputs)
    labels, scores = targets.reshape(-1), outputs.reshape(n, -1).astype(np.float64)
    if labels.size != n:
        raise ShapeError.about(
            "targets", got=f"shape {targets.shape}", expected="(n,), one class per sample",
            remedy="take position for sequences",
        )  # fmt: skip
    if scores.shape[1] == 2:
        scores = scores[:, 1:] - scores[:, :1]
    if scores.shape[1] == 1:
        return delong(scores[:, 0], labels > 0)
    whole = np.arange(n)

    def area(which: NDArray[np.intp]) -> float:
        own = labels[which]
        classes = [k for k in range(scores.shape[1]) if 0 < (own == k).sum() < own.size]
        areas = [placements(scores[which, k], own == k)[0].mean() for k in classes]
        return float(np.mean(areas)) if areas else math.nan

    return jackknife(area, whole)


def edit(*, joined: bool) -> MetricFunction:
    """Return the metric of edit distances, repeats and blanks left out where `joined`."""

    def rate(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
        assert targets is not None  # noqa: S101
        n = len(outputs)
        values = outputs.reshape(n, -1, outputs.shape[-1])
        distances, lengths = [], []
        for best, wanted in zip(values.argmax(axis=-1), targets.reshape(n, -1), strict=True):
            found = [k for i, k in enumerate(best) if k and (i == 0 or best[i - 1] != k)]
            label = wanted[wanted >= 0]
            distances.append(edit_distance(found if joined else best.tolist(), label.tolist()))
            lengths.append(label.size)
        return ratio(distances, lengths)

    return rate


def edit_distance(found: Sequence[int], wanted: Sequence[int]) -> int:
    """Return how many insertions, deletions and replacements lead from one sequence to another.

    Levenshtein, Sov. Phys. Dokl. 10, 707 (1966); by Wagner and Fischer, J. ACM 21, 168 (1974).

    >>> edit_distance([1, 2, 3], [2, 3, 4])
    2
    """
    before = list(range(len(wanted) + 1))
    for k, one in enumerate(found, start=1):
        now = [k]
        for j, other in enumerate(wanted, start=1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (one != other)))
        before = now
    return before[-1]
