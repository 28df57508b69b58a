"""A network on an accelerator over time: several chips, each read at several ages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from xbar_circuit._brief import brief, full_text, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._making import program_mapping
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.cost import balanced_replicas
from xbar_circuit.accelerator.mapping import Mapping, map_network
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.network.intervals import Estimate
from xbar_circuit.network.metrics import Metric, usual_metrics
from xbar_circuit.network.operators import Array
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept
from xbar_circuit.studies.network._outputs import SavedOutputs

__all__ = [
    "CORRECTIONS",
    "Evaluation",
    "Report",
    "accuracy_at",
    "copies_of",
    "evaluate",
    "make_chip",
    "mapped",
    "placement_of",
]

#: Digital corrections that are compared, by the name that `Chip.drift_compensation` has for them.
CORRECTIONS = {"none": "no correction", "global": "one factor per array"}

#: Told of progress: stage, steps done now, steps in all.
Report = Callable[[str, int, int], object]


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
        seeds = len(self.value)
        if seeds == 1:
            return np.full(self.value.shape[1], np.nan)
        spread = self.value.std(axis=0, ddof=1) / np.sqrt(seeds)
        return np.asarray(stats.t.ppf(0.975, seeds - 1) * spread)

    @property
    def over_samples(self) -> FloatArray:
        """Ends of the 95 % interval over the samples (times, 2), the mean of the chips' own."""
        return np.stack([self.low.mean(axis=0), self.high.mean(axis=0)], axis=1)

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data; None is no number."""
        return {
            "unit": self.metric.unit,
            "digital": self.digital.to_dict(),
            "mean": _plain(self.mean),
            "confidence_95_over_samples": _plain(self.over_samples),
            "confidence_95_half_width_over_chips": _plain(self.half_width),
            "by_seed": _plain(self.value),
        }


def _plain(values: FloatArray) -> list[object]:
    return [
        _plain(one) if np.ndim(one) else float(one) if np.isfinite(one) else None for one in values
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
        The first chip at the first time, for further analyses; None where all chips were
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
    by_celsius: dict[float, tuple[float, float]]
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
        """Return the mean of the first metric at one of the ages [s]."""
        return float(self.mean[self.settings.seconds.index(seconds)])

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data."""
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
                f"{degree:g}": {"none": none, "global": factor}
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


def mapped(network: Network, settings: InferenceSettings) -> Mapping:
    """Return a network on the accelerators of some settings."""
    return map_network(
        network, settings.accelerator, digital=settings.digital, elsewhere=settings.elsewhere
    )


def make_chip(
    mapping: Mapping,
    settings: InferenceSettings,
    calibration: Dataset,
    *,
    seed: int,
    aware: WireAware | None = None,
    celsius: float | None = None,
) -> Chip:
    """Program a chip and set its ranges; `Chip.at` lets it age.

    Parameters
    ----------
    mapping
        The network on its accelerators.
    settings
        Say whether programming is wire-aware, how drift is compensated, and the memory limit.
    calibration
        What the ranges are set by.
    seed
        Seed of the random generator.
    aware
        What wire-aware programming made of this mapping, where it is known.
    celsius
        Temperature of the programming [degree Celsius]; None is that of the statistics.
    """
    return program_mapping(
        Chip,
        mapping,
        calibration=calibration.images,
        seed=seed,
        celsius=celsius,
        aware=settings.wire_aware if aware is None else aware,
        drift_compensation=settings.drift_compensation,
        memory_bytes=settings.memory_bytes,
    )


def accuracy_at(
    chip: Chip,
    test: Dataset,
    celsius: float,
    *,
    second: float,
    stored_warm: bool = False,
    measure: Callable[[Array], float] | None = None,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> dict[str, float]:
    """Return a chip's accuracy at a temperature, by correction.

    Parameters
    ----------
    chip
        Already programmed; it may be of any age.
    test
        Images with labels.
    celsius
        Temperature of the read [degree Celsius].
    second
        Age [s].
    stored_warm
        Whether it was kept at that temperature since it was programmed.
    measure
        What outputs are worth; None is their accuracy.
    workers, progress
        As for `Chip.run`.

    Raises
    ------
    ParameterError
        A table or a calibrated model belongs to another temperature.
    """
    store = celsius if stored_warm else None
    found = {}
    for kind in CORRECTIONS:
        warm = replace(chip, drift_compensation=kind)
        warm = warm.at(second, celsius=celsius, storage_celsius=store)
        (outputs,) = warm.run(test.images, workers=workers, progress=progress)
        found[kind] = accuracy(outputs, test.classes) if measure is None else measure(outputs)
    return found


def evaluate(  # noqa: PLR0915  one story, told from the first step to the last
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    metrics: Sequence[Metric] | None = None,
    workers: int = 2,
    folder: Path | None = None,
    outputs: Path | None = None,
    report: Report = lambda *_: None,
    known: Callable[[dict[str, object]], object] = lambda _: None,
) -> Evaluation:
    """Evaluate a network on an accelerator.

    Parameters
    ----------
    network
        The network.
    test
        Test data.
    calibration
        Calibration data for the converters; never the test set.
    settings
        The configuration.
    metrics
        Metrics, see `xbar_circuit.network.metrics`; None chooses them by the labels.
    workers
        Threads of the inference; the result does not depend on it.
    folder
        Where every finished chip is kept at once. The same study finds it there and goes on where
        it was interrupted; anything else that is evaluated is computed anew. None keeps nothing.
    outputs
        Where outputs are saved, `outputs/*.npy`, and of classes ``predictions.csv``; None saves
        none.
    report
        Receives the progress.
    known
        Receives each result as soon as it is known: the digital run, then chip by chip.

    Returns
    -------
    Evaluation
        Every metric at every age with its confidence interval, the mapping, and the last chip.

    Raises
    ------
    XbarError
        A finished chip cannot be kept, or a metric does not go with the labels.
    """
    clock: dict[str, float] = {}
    start = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal start
        now = time.perf_counter()
        clock[stage] = clock.get(stage, 0.0) + now - start
        start = now

    test = test if settings.images is None else test.first(settings.images)
    chosen = tuple(metrics) if metrics else usual_metrics(test.labels)
    mapping = mapped(network, settings)
    digital = run(
        network,
        test.images,
        memory_bytes=working_bytes(settings.memory_bytes, mapping, test.images),
        workers=workers,
        progress=lambda n: report("digital inference", n, len(test)),
    )
    reference = {one.name: one.estimate(digital, test.labels, digital) for one in chosen}
    saved = SavedOutputs(outputs, test.labels)
    saved.keep("digital", digital)
    told: dict[str, object] = {
        "images": len(test),
        "digital": {name: one.to_dict() for name, one in reference.items()},
    }
    known(told)
    lap("digital inference")
    programming = None
    if settings.wire_aware:
        programming = wire_aware(
            mapping,
            progress=lambda n: report("wire-aware programming", n, mapping.tile_count),
        )
        lap("wire-aware programming")

    ages = len(settings.seconds)
    total = settings.seeds * ages * len(test)
    found = np.full((settings.seeds, ages, len(chosen), 3), np.nan)
    first: Chip | None = None
    kept = Kept(
        folder=folder,
        function=evaluate,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "metrics": [one.name for one in chosen],
            "settings": replace(settings, seeds=1, seed=0, celsius=()),
        },
    )
    lines: list[dict[str, object]] = []
    for k_chip, seed in enumerate(range(settings.seed, settings.seed + settings.seeds)):
        before = kept.load(f"chip {seed}")
        if before is not None and all(":" not in one.name for one in chosen):
            found[k_chip] = before
            report("analog inference", ages * len(test), total)
            lines += [_line(chosen, seed, settings.seconds[k], before[k]) for k in range(ages)]
            known(told | {"chips": lines})
            continue
        chip = make_chip(mapping, settings, calibration, seed=seed, aware=programming)
        lap("programming and wires")
        for k, second in enumerate(settings.seconds):
            now = chip.at(second)
            if first is None:
                first = now
            (made,) = now.run(
                test.images,
                workers=workers,
                progress=lambda n: report("analog inference", n, total),
            )
            each = [one.estimate(made, test.labels, digital) for one in chosen]
            found[k_chip, k] = [(one.value, one.low, one.high) for one in each]
            if k_chip == 0:
                saved.keep(f"chip {seed} at {second:g} s", made)
            lines.append(_line(chosen, seed, second, found[k_chip, k]))
            known(told | {"chips": lines})
            lap("analog inference")
        kept.keep(f"chip {seed}", found[k_chip])
    warm = {}
    if settings.celsius:
        if first is None:
            first = make_chip(
                mapping, settings, calibration, seed=settings.seed, aware=programming
            ).at(settings.seconds[0])

        def measure(made: Array) -> float:
            return chosen[0].estimate(made, test.labels, digital).value

        warm = _by_celsius(first, settings, test, measure, workers=workers, report=report)
        lap("temperatures")
    return Evaluation(
        network_name=network.source,
        data_name=test.name,
        settings=settings,
        mapping=mapping if programming is None else programming.mapping,
        images=len(test),
        scores={
            one.name: Scores(
                metric=one,
                digital=reference[one.name],
                value=found[:, :, m, 0],
                low=found[:, :, m, 1],
                high=found[:, :, m, 2],
            )
            for m, one in enumerate(chosen)
        },
        by_celsius=warm,
        chip=first,
        programming=programming,
        stage_second=clock,
        peak_bytes=peak_bytes(),
    )


def _line(metrics: Sequence[Metric], seed: int, second: float, row: Any) -> dict[str, object]:
    """Return the scores of one chip at one age, as plain data."""
    values = dict(zip((one.name for one in metrics), _plain(np.asarray(row)), strict=True))
    return {"seed": seed, "seconds": second, "value_low_high": values}


def copies_of(mapping: Mapping, settings: InferenceSettings) -> dict[str, int]:
    """Return how many copies of each layer the tile budget makes, 1 without one.

    Raises
    ------
    ParameterError
        An unknown architecture, or fewer tiles than one copy needs.
    """
    if settings.tile_budget is None:
        return {plan.name: 1 for plan in mapping.layers}
    return balanced_replicas(
        mapping, tiles=settings.tile_budget, architecture=settings.architecture
    )


def placement_of(settings: InferenceSettings) -> dict[str, str]:
    """Return where layers are that are not on the accelerator's own tiles, in words."""
    widths = {
        name: "float32" if bits is None else f"int{bits}" for name, bits in settings.digital.items()
    }
    return widths | {name: repr(other) for name, other in settings.elsewhere.items()}


def _by_celsius(
    chip: Chip,
    settings: InferenceSettings,
    test: Dataset,
    measure: Callable[[Array], float],
    *,
    workers: int,
    report: Report,
) -> dict[float, tuple[float, float]]:
    """Return the values at each temperature: without compensation, and with a global factor."""
    total = len(CORRECTIONS) * len(settings.celsius) * len(test)
    found = {}
    for degree in settings.celsius:
        pair = accuracy_at(
            chip,
            test,
            degree,
            second=settings.seconds[-1],
            measure=measure,
            workers=workers,
            progress=lambda n: report("temperatures", n, total),
        )
        found[degree] = (pair["none"], pair["global"])
    return found
