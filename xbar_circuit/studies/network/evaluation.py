"""What came of a network on an accelerator: scores over chips, ages and temperatures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit._brief import brief, full_text, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.wire_aware import WireAware
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.intervals import Estimate, half_width
from xbar_circuit.network.metrics import Metric

__all__ = ["Evaluation", "Scores", "placement_of", "plain_numbers"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """One metric of a network on several chips of several ages.

    Parameters
    ----------
    metric
        What was measured.
    digital
        Of the digital run, with its interval over the samples.
    value, low, high
        (seeds, times); of each chip its value, and the ends of the 95 % interval over the samples.
    """

    metric: Metric
    digital: Estimate
    value: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean over the chips (times,)."""
        return np.asarray(self.value.mean(axis=0))

    @property
    def half_width(self) -> FloatArray:
        """Half of the 95 % interval of the mean over chips (times,); Student, NaN for one chip."""
        return half_width(self.value)

    @property
    def over_samples(self) -> FloatArray:
        """Ends of the 95 % interval over the samples (times, 2), the mean of the chips' own."""
        return np.stack([self.low.mean(axis=0), self.high.mean(axis=0)], axis=1)

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            ``unit`` of the metric, ``digital``, ``mean`` over the chips with both intervals, and
            ``by_seed``; None where a value is not finite.
        """
        return {
            "unit": self.metric.unit,
            "digital": self.digital.to_dict(),
            "mean": plain_numbers(self.mean),
            "confidence_95_over_samples": plain_numbers(self.over_samples),
            "confidence_95_half_width_over_chips": plain_numbers(self.half_width),
            "by_seed": plain_numbers(self.value),
        }


def plain_numbers(values: FloatArray) -> list[object]:
    """Return an array as nested lists; None is no number."""
    return [
        plain_numbers(one) if np.ndim(one) else float(one) if np.isfinite(one) else None
        for one in values
    ]


@brief(
    lambda self: headline(self, f"{self.network_name} on {self.data_name}", "images"), table=True
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """Result of running a network on an accelerator.

    Parameters
    ----------
    network_name, data_name
        For reports.
    settings
        The configuration.
    mapping
        The network on the accelerator.
    images
        Test images.
    scores
        Results by metric; the figures show the first one.
    by_celsius
        The first metric of the first chip at the last time, at each temperature of the settings:
        without drift compensation, and with one global factor.
    chip
        The first chip at the first time, for further analyses; None where its scores were
        found finished.
    programming
        Result of wire-aware programming, if it was used.
    stage_second
        Wall time of each stage [s]; chips that were found finished took none.
    peak_bytes
        Largest resident memory of this process so far, the interpreter included [byte].
    """

    network_name: str
    data_name: str
    settings: InferenceSettings
    mapping: Mapping
    images: int
    scores: dict[str, Scores]
    by_celsius: dict[float, tuple[Estimate, Estimate]]
    chip: Chip | None
    programming: WireAware | None
    stage_second: dict[str, float]
    peak_bytes: int = 0

    @property
    def main(self) -> Scores:
        """The first metric."""
        return next(iter(self.scores.values()))

    @property
    def accuracy(self) -> FloatArray:
        """The share of right answers (seeds, times).

        Raises
        ------
        KeyError
            It was not measured: there are no labels, or other metrics were chosen.
        """
        return self.scores["accuracy"].value

    @property
    def digital_accuracy(self) -> float:
        """The share of right answers in NumPy; raises as `accuracy`."""
        return self.scores["accuracy"].digital.value

    @property
    def mean(self) -> FloatArray:
        """Mean of the first metric over the chips (times,)."""
        return self.main.mean

    @property
    def half_width(self) -> FloatArray:
        """Half of the 95 % interval of that mean over chips (times,); NaN for one chip."""
        return self.main.half_width

    def at(self, seconds: float) -> float:
        """Return the mean of the first metric at one of the ages.

        Parameters
        ----------
        seconds
            One of the settings' ages [s].

        Returns
        -------
        float
            Mean over the chips, in the metric's unit; a share from 0 to 1 where that is ``"%"``.

        Raises
        ------
        ParameterError
            It is none of the settings' ages.
        """
        ages = self.settings.seconds
        if seconds not in ages:
            raise ParameterError.about(
                "seconds",
                got=seconds,
                expected=f"one of the ages that were run, {[f'{age:g}' for age in ages]} [s]",
                remedy="run the network at this age: seconds= of the settings",
            )
        return float(self.mean[ages.index(seconds)])

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            What was run, the ``metrics`` by name, the accelerator with its ``settings``, the time
            of each stage [s] and the memory [byte].
        """
        a = self.settings.accelerator
        return {
            "network": self.network_name,
            "data": self.data_name,
            "images": self.images,
            "weights": self.mapping.network.weight_count,
            "tiles": self.mapping.tile_count,
            "utilisation": self.mapping.utilisation,
            "rows": a.rows,
            "cols": a.cols,
            "row_ohm": a.wires.row_ohm,
            "column_ohm": a.wires.column_ohm,
            "driver": full_text(a.driver),
            "readout": full_text(a.readout),
            "layers": placement_of(self.settings),
            "chips": self.settings.seeds,
            "seconds_after_programming": list(self.settings.seconds),
            "metrics": {name: one.to_dict() for name, one in self.scores.items()},
            **self._accuracies(),
            "by_celsius": {
                f"{degree:g}": {"none": none.to_dict(), "global": factor.to_dict()}
                for degree, (none, factor) in self.by_celsius.items()
            },
            "settings": full_text(self.settings),
            "wire_aware_error_before": self.programming and self.programming.error_before,
            "wire_aware_error_after": self.programming and self.programming.error_after,
            "seconds": sum(self.stage_second.values()),
            "stage_second": self.stage_second,
            "memory_limit_bytes": self.settings.memory_bytes,
            "peak_memory_bytes": self.peak_bytes,
        }

    def _accuracies(self) -> dict[str, object]:
        """Return the numbers of most who look for one."""
        if "accuracy" not in self.scores:
            return {}
        own = self.scores["accuracy"]
        return {
            "digital_accuracy": own.digital.value,
            "analog_accuracy": float(own.mean[0]),
            "mean_accuracy": own.mean,
            "accuracy_by_seed": own.value,
        }


def placement_of(settings: InferenceSettings) -> dict[str, str]:
    """Return where layers are that are not on the accelerator's own tiles, in words."""
    widths = {
        name: "float32" if bits is None else f"int{bits}" for name, bits in settings.digital.items()
    }
    return widths | {name: repr(other) for name, other in settings.elsewhere.items()}
