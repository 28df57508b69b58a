"""What a network's outputs are worth: against labels, targets, or the digital run.

=============  ==================  ===============================================================
metric         targets             value
=============  ==================  ===============================================================
``snr``        none                outputs against the digital run, ``10 log10(sum d^2 / sum
                                   (found - d)^2)`` [dB]
``mse``        numbers, or none    mean squared error against the targets, or the digital run
``accuracy``   classes             share of samples whose largest output is the label's
``top-K``      classes             share of samples whose label is among the K largest outputs
``auc``        classes             area under the receiver's curve; one against the rest, averaged
                                   over the classes
``position``   classes, sequence   share of positions whose largest output is the label's
``sequence``   classes, sequence   share of sequences that are right at every position
``edit``       classes, sequence   edit distance of the sequences over the length of the labels
``ctc``        classes, sequence   the same after repeats are joined and blanks (class 0) left out
``perplexity`` classes, sequence   ``exp`` of the mean of ``-ln p(label)``
``bits``       classes, sequence   the mean of ``-log2 p(label)``: bits per character [bit]
``module:f``   what `f` takes      what your own ``f(outputs, targets)`` returns: a number, or one a
                                   sample
=============  ==================  ===============================================================

Classes are the outputs' last axis. Labels below 0 are positions that do not count. Outputs whose
classes add up to 1 are probabilities, all others logits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, log_softmax, logit

from xbar_circuit._user_modules import import_own
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.intervals import CONFIDENCE, Estimate, grouped, mean_of, proportion, ratio
from xbar_circuit.network.operators import Array

__all__ = ["METRICS", "Metric", "edit_distance", "find_metric", "usual_metrics"]

Targets = NDArray[Any]
_Function = Callable[[Array, Targets | None, Array], Estimate]

_TOP = re.compile(r"top-(\d+)")
_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))
_FLOOR = 1e-30  # of the signal: 300 dB, where found and reference are the same to the last bit


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A measure of outputs.

    Parameters
    ----------
    name
        As in the table above.
    unit
        ``"%"`` of shares, ``"dB"``, ``"bit"``, or empty.
    higher_is_better
        Of two values.
    needs
        ``"classes"``, ``"numbers"`` or nothing of the targets.
    function
        Of outputs, targets and the outputs of the digital run.
    """

    name: str
    function: _Function
    unit: str = ""
    higher_is_better: bool = True
    needs: str = ""

    def estimate(self, outputs: Array, targets: Targets | None, reference: Array) -> Estimate:
        """Return the value with its 95 % confidence interval over the samples.

        Parameters
        ----------
        outputs
            (n, ...) of the chip, or of whatever is judged.
        targets
            (n,) or (n, ...): classes or numbers; None where there are none.
        reference
            (n, ...) of the digital run.

        Raises
        ------
        ParameterError
            There are no targets, or not of the kind that is needed.
        ShapeError
            Outputs and targets do not fit.
        """
        if self.needs and targets is None:
            raise ParameterError.about(
                "metric",
                got=f"{self.name} without targets",
                expected=f"{self.needs} to compare with",
                remedy="give --labels, or take snr, which compares with the digital run",
            )
        if self.needs == "classes" and targets is not None and targets.dtype.kind not in "iub":
            raise ParameterError.about(
                "metric",
                got=f"{self.name} with targets that are {targets.dtype} numbers",
                expected="classes, whole numbers",
                remedy="take mse or snr",
            )
        return self.function(outputs, targets, reference)

    def text(self, value: float) -> str:
        """Return a value in words."""
        if not math.isfinite(value):
            return "-"
        if self.unit == "%":
            return f"{100 * value:.2f} %"
        return f"{value:.4g} {self.unit}".rstrip()


def find_metric(name: str) -> Metric:
    """Return a metric by its name.

    Parameters
    ----------
    name
        One of `METRICS`, ``"top-5"``, or ``"my_module:function"``.

    Returns
    -------
    Metric
        The metric, with its unit and how it is computed.

    Raises
    ------
    ParameterError
        There is no such metric.
    ModelFileError
        The user's module cannot be imported.

    >>> find_metric("accuracy").unit
    '%'
    """
    top = _TOP.fullmatch(name)
    if top and int(top[1]) > 0:
        return Metric(name=name, function=_top(int(top[1])), unit="%", needs="classes")
    if name in METRICS:
        return METRICS[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise ParameterError.about(
            "metric",
            got=repr(name),
            expected=f"one of {', '.join(METRICS)}, top-5, or my_module:function",
            remedy="correct the spelling",
        )
    found = getattr(import_own(module, said_by="metric", own=False), function, None)
    if not callable(found):
        raise ParameterError.about(
            "metric",
            got=f"no function {function!r} in {module}",
            expected="a function of outputs and targets",
            remedy="correct the spelling",
        )
    return Metric(name=name, function=_own(name, found))


def usual_metrics(targets: Targets | None) -> tuple[Metric, ...]:
    """Return the default metrics; the first one represents the rest."""
    if targets is None:
        return (METRICS["snr"],)
    if targets.dtype.kind not in "iub":
        return METRICS["mse"], METRICS["snr"]
    return METRICS["accuracy" if targets.ndim == 1 else "position"], METRICS["snr"]


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


def _accuracy(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
    assert targets is not None  # noqa: S101  what `needs` says
    hit, counts = _hits(outputs, targets)
    if hit.shape[1] > 1:
        return ratio((hit & counts).sum(axis=1), counts.sum(axis=1))
    return proportion(hit[counts])


def _sequence(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
    assert targets is not None  # noqa: S101
    hit, counts = _hits(outputs, targets)
    return proportion((hit | ~counts).all(axis=1))


def _top(most: int) -> _Function:
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


def _surprise(outputs: Array, targets: Targets | None) -> Estimate:
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


def _snr(outputs: Array, _: Targets | None, reference: Array) -> Estimate:
    n = len(outputs)
    wanted = reference.reshape(n, -1).astype(np.float64)
    error = ((outputs.reshape(n, -1) - wanted) ** 2).sum(axis=1)
    signal = (wanted**2).sum(axis=1)
    if not signal.any():
        return Estimate(value=math.nan, low=math.nan, high=math.nan, samples=n, method="none")
    found = ratio(error, signal, positive=True)
    return found.mapped(lambda share: -10.0 * math.log10(max(share, _FLOOR)))


def _mse(outputs: Array, targets: Targets | None, reference: Array) -> Estimate:
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


def _auc(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
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
        return _delong(scores[:, 0], labels > 0)
    whole = np.arange(n)

    def area(which: NDArray[np.intp]) -> float:
        own = labels[which]
        classes = [k for k in range(scores.shape[1]) if 0 < (own == k).sum() < own.size]
        areas = [_placements(scores[which, k], own == k)[0].mean() for k in classes]
        return float(np.mean(areas)) if areas else math.nan

    return _jackknife(area, whole)


def _placements(
    scores: NDArray[np.float64], own: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each sample of the class, the share of others below it; and the reverse."""
    ranks = stats.rankdata(scores)
    inside, outside = stats.rankdata(scores[own]), stats.rankdata(scores[~own])
    return (ranks[own] - inside) / outside.size, 1.0 - (ranks[~own] - outside) / inside.size


def _delong(scores: NDArray[np.float64], own: NDArray[np.bool_]) -> Estimate:
    """Return the area under the curve with its interval.

    The variance of DeLong, DeLong and Clarke-Pearson, Biometrics 44, 837 (1988), by midranks (Sun
    and Xu, IEEE Signal Process. Lett. 21, 1389, 2014), on the logit scale, which stays in 0 to 1.
    """
    if not 0 < own.sum() < own.size:
        raise ParameterError.about(
            "metric",
            got="auc with labels of one class",
            expected="samples of both classes",
            remedy="take more samples",
        )
    above, below = _placements(scores, own)
    value, low, high = float(above.mean()), math.nan, math.nan
    if min(above.size, below.size) > 1 and 0.0 < value < 1.0:
        variance = above.var(ddof=1) / above.size + below.var(ddof=1) / below.size
        reach = _Z * math.sqrt(variance) / (value * (1.0 - value))
        low, high = (float(expit(logit(value) + sign * reach)) for sign in (-1.0, 1.0))
    return Estimate(value=value, low=low, high=high, samples=own.size, method="DeLong, logit")


def _jackknife(function: Callable[[NDArray[np.intp]], float], whole: NDArray[np.intp]) -> Estimate:
    """Return a function of samples with the interval of its delete-a-group jackknife.

    ``(g - 1) / g * sum((v_k - mean)**2)`` over the values without each of g = 20 groups, and
    Student's t (Kott, J. Off. Stat. 17, 521, 2001).
    """
    value, low, high = float(function(whole)), math.nan, math.nan
    groups = grouped(whole.size)
    if len(groups) > 1 and math.isfinite(value):
        left = np.array([function(np.setdiff1d(whole, group)) for group in groups])
        count = len(groups)
        error = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
        reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * error
        low, high = value - reach, value + reach
    return Estimate(
        value=value, low=low, high=high, samples=whole.size, method="jackknife of 20 groups"
    )


def _edit(*, joined: bool) -> _Function:
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


def _own(name: str, function: Callable[..., Any]) -> _Function:
    """Return the estimate of a function of the user's own."""

    def estimate(outputs: Array, targets: Targets | None, _: Array) -> Estimate:
        def of(which: NDArray[np.intp]) -> Any:
            try:
                made = function(outputs[which], None if targets is None else targets[which])
                return np.asarray(made, dtype=np.float64)
            except Exception as error:
                raise ParameterError.about(
                    "metric",
                    got=f"{name}, which raised {error!r}",
                    expected="a function of outputs and targets that returns a number, or one for"
                    " each sample",
                    remedy="correct it",
                ) from error

        whole = np.arange(len(outputs))
        values = of(whole)
        if values.shape == (len(outputs),) and len(outputs) > 1:
            return mean_of(values)
        if values.size != 1:
            raise ParameterError.about(
                "metric",
                got=f"{name}, which returned shape {values.shape}",
                expected=f"one number, or ({len(outputs)},)",
                remedy="correct it",
            )
        return _jackknife(lambda which: float(of(which).reshape(())), whole)

    return estimate


#: Metrics by their name; ``top-K`` and functions of the user's own come from `find_metric`.
METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        Metric(name="snr", function=_snr, unit="dB"),
        Metric(name="mse", function=_mse, higher_is_better=False),
        Metric(name="accuracy", function=_accuracy, unit="%", needs="classes"),
        Metric(name="auc", function=_auc, needs="classes"),
        Metric(name="position", function=_accuracy, unit="%", needs="classes"),
        Metric(name="sequence", function=_sequence, unit="%", needs="classes"),
        Metric(
            name="edit",
            function=_edit(joined=False),
            unit="%",
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="ctc",
            function=_edit(joined=True),
            unit="%",
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="perplexity",
            function=lambda o, t, _: _surprise(o, t).mapped(math.exp),
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="bits",
            function=lambda o, t, _: _surprise(o, t).mapped(lambda nat: nat / math.log(2.0)),
            unit="bit",
            higher_is_better=False,
            needs="classes",
        ),
    )
}
