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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._user_modules import import_own
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._metric_functions import (
    MetricFunction,
    Targets,
    accuracy_of,
    auc,
    edit,
    edit_distance,
    mse,
    sequence,
    snr,
    surprise,
    top_share,
)
from xbar_circuit.network._metric_intervals import jackknife
from xbar_circuit.network.intervals import Estimate, mean_of
from xbar_circuit.network.operators import Array

__all__ = ["METRICS", "Metric", "edit_distance", "find_metric", "usual_metrics"]


_TOP = re.compile(r"top-(\d+)")


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
    function: MetricFunction
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

        Returns
        -------
        Estimate
            In the metric's unit; a share from 0 to 1 where that is ``"%"``.

        Raises
        ------
        ParameterError
            There are no targets, or not of the kind that is needed.
        ShapeError
            Outputs and targets do not fit.

        >>> import numpy as np
        >>> outputs = np.array([[0.1, 0.9], [0.8, 0.2]])
        >>> find_metric("accuracy").estimate(outputs, np.array([1, 1]), outputs).value
        0.5
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
        """Return a value in words.

        Parameters
        ----------
        value
            In the metric's unit; a share from 0 to 1 where that is ``"%"``.

        Returns
        -------
        str
            The number with its unit; ``"-"`` where it is not finite.

        >>> find_metric("accuracy").text(0.914)
        '91.40 %'
        """
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
        return Metric(name=name, function=top_share(int(top[1])), unit="%", needs="classes")
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


def _own(name: str, function: Callable[..., Any]) -> MetricFunction:
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
        return jackknife(lambda which: float(of(which).reshape(())), whole)

    return estimate


#: Metrics by their name; ``top-K`` and functions of the user's own come from `find_metric`.
METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        Metric(name="snr", function=snr, unit="dB"),
        Metric(name="mse", function=mse, higher_is_better=False),
        Metric(name="accuracy", function=accuracy_of, unit="%", needs="classes"),
        Metric(name="auc", function=auc, needs="classes"),
        Metric(name="position", function=accuracy_of, unit="%", needs="classes"),
        Metric(name="sequence", function=sequence, unit="%", needs="classes"),
        Metric(
            name="edit",
            function=edit(joined=False),
            unit="%",
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="ctc",
            function=edit(joined=True),
            unit="%",
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="perplexity",
            function=lambda o, t, _: surprise(o, t).mapped(math.exp),
            higher_is_better=False,
            needs="classes",
        ),
        Metric(
            name="bits",
            function=lambda o, t, _: surprise(o, t).mapped(lambda nat: nat / math.log(2.0)),
            unit="bit",
            higher_is_better=False,
            needs="classes",
        ),
    )
}
