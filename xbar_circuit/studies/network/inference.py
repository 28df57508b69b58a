"""A network on an accelerator over time: several chips, each read at several ages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

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
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept

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
CORRECTIONS = {"none": "no correction", "global": "one factor an array"}

#: Told of progress: stage, steps done now, steps in all.
Report = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """What a configuration does to a network.

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
    digital_accuracy
        In NumPy.
    accuracy
        (seeds, times).
    by_celsius
        Accuracy of the first chip at the last time, at each temperature of the settings: without
        drift compensation, and with one global factor.
    chip
        The first chip at the first time, for what else is asked of it; None where all chips were
        found finished.
    programming
        What wire-aware programming reached, if it was asked for.
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
    digital_accuracy: float
    accuracy: FloatArray
    by_celsius: dict[float, tuple[float, float]]
    chip: Chip | None
    programming: WireAware | None
    stage_second: dict[str, float]
    peak_bytes: int = 0

    @property
    def mean(self) -> FloatArray:
        """Mean accuracy over the seeds (times,)."""
        return np.asarray(self.accuracy.mean(axis=0))

    @property
    def half_width(self) -> FloatArray:
        """Half of the 95 % confidence interval of the mean (times,); Student, 0 for one seed."""
        seeds = len(self.accuracy)
        if seeds == 1:
            return np.zeros(self.accuracy.shape[1])
        spread = self.accuracy.std(axis=0, ddof=1) / np.sqrt(seeds)
        return np.asarray(stats.t.ppf(0.975, seeds - 1) * spread)

    def at(self, seconds: float) -> float:
        """Return the mean accuracy at one of the ages [s]."""
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
            "driver": repr(a.driver),
            "readout": repr(a.readout),
            "layers": placement_of(self.settings),
            "digital_accuracy": self.digital_accuracy,
            "analog_accuracy": float(self.mean[0]),
            "seconds_after_programming": list(self.settings.seconds),
            "mean_accuracy": self.mean,
            "confidence_95_half_width": self.half_width,
            "accuracy_by_seed": self.accuracy,
            "accuracy_by_celsius": {
                f"{degree:g}": {"none": none, "global": factor}
                for degree, (none, factor) in self.by_celsius.items()
            },
            "settings": repr(self.settings),
            "wire_aware_error_before": self.programming and self.programming.error_before,
            "wire_aware_error_after": self.programming and self.programming.error_after,
            "seconds": sum(self.stage_second.values()),
            "stage_second": self.stage_second,
            "memory_limit_bytes": self.settings.memory_bytes,
            "peak_memory_bytes": self.peak_bytes,
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
        Of everything that is drawn.
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
        found[kind] = warm.accuracy(test.images, test.labels, workers=workers, progress=progress)
    return found


def evaluate(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    workers: int = 2,
    folder: Path | None = None,
    report: Report = lambda *_: None,
) -> Evaluation:
    """Measure the accuracy of a network on an accelerator.

    Parameters
    ----------
    network
        Any network.
    test
        What accuracy is measured on.
    calibration
        What converters are calibrated on; never the test set.
    settings
        The configuration.
    workers
        Threads of the inference; the result does not depend on it.
    folder
        Where every finished chip is kept at once. The same study finds it there and goes on where
        it was interrupted; anything else that is evaluated is computed anew. None keeps nothing.
    report
        Told of progress.

    Raises
    ------
    XbarError
        A finished chip cannot be kept.
    """
    clock: dict[str, float] = {}
    start = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal start
        now = time.perf_counter()
        clock[stage] = clock.get(stage, 0.0) + now - start
        start = now

    test = test if settings.images is None else test.first(settings.images)
    mapping = mapped(network, settings)
    digital = run(
        network,
        test.images,
        memory_bytes=working_bytes(settings.memory_bytes, mapping, test.images),
        workers=workers,
        progress=lambda n: report("digital inference", n, len(test)),
    )
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
    found = np.zeros((settings.seeds, ages))
    first: Chip | None = None
    kept = Kept(
        folder=folder,
        function=evaluate,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "settings": replace(settings, seeds=1, seed=0, celsius=()),
        },
    )
    for k_chip, seed in enumerate(range(settings.seed, settings.seed + settings.seeds)):
        before = kept.load(f"chip {seed}")
        if before is not None:
            found[k_chip] = before
            report("analog inference", ages * len(test), total)
            continue
        chip = make_chip(mapping, settings, calibration, seed=seed, aware=programming)
        lap("programming and wires")
        for k, second in enumerate(settings.seconds):
            now = chip.at(second)
            if first is None:
                first = now
            (outputs,) = now.run(
                test.images,
                workers=workers,
                progress=lambda n: report("analog inference", n, total),
            )
            found[k_chip, k] = accuracy(outputs, test.labels)
            lap("analog inference")
        kept.keep(f"chip {seed}", found[k_chip])
    warm = {}
    if settings.celsius:
        if first is None:
            first = make_chip(
                mapping, settings, calibration, seed=settings.seed, aware=programming
            ).at(settings.seconds[0])
        warm = _by_celsius(first, settings, test, workers, report)
        lap("temperatures")
    return Evaluation(
        network_name=network.source,
        data_name=test.name,
        settings=settings,
        mapping=mapping if programming is None else programming.mapping,
        images=len(test),
        digital_accuracy=accuracy(digital, test.labels),
        accuracy=found,
        by_celsius=warm,
        chip=first,
        programming=programming,
        stage_second=clock,
        peak_bytes=peak_bytes(),
    )


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
    chip: Chip, settings: InferenceSettings, test: Dataset, workers: int, report: Report
) -> dict[float, tuple[float, float]]:
    """Return the accuracies at each temperature: without compensation, and with a global factor."""
    second, total = settings.seconds[-1], 2 * len(settings.celsius) * len(test)
    found = {}
    for degree in settings.celsius:
        pair = accuracy_at(
            chip,
            test,
            degree,
            second=second,
            workers=workers,
            progress=lambda n: report("temperatures", n, total),
        )
        found[degree] = (pair["none"], pair["global"])
    return found
