"""A network on an accelerator over time: several chips, each read at several ages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

from xbar_circuit.accelerator.drift import compensate
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.mapping import Mapping, map_network
from xbar_circuit.accelerator.memory import working_bytes
from xbar_circuit.accelerator.programming import Conductances, program
from xbar_circuit.accelerator.settings import Settings
from xbar_circuit.accelerator.wire_aware import WireAware, wire_aware
from xbar_circuit.architecture import (
    Cost,
    array_joules,
    balanced_replicas,
    cost,
    preset,
    with_readout,
)
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import accuracy, batch_size, run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept

__all__ = ["Chip", "Evaluation", "copies_of", "evaluate", "inference_cost", "make_chip"]

_LOADING_IMAGES = 16  # whose activations load the arrays for their energy

#: Told of progress: stage, steps done now, steps in all.
Report = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chip:
    """One programmed and calibrated chip, aged.

    mapping : with its final targets.
    conductances, transfers : at the age that was asked for [S].
    analog : multiplies for `execution.run`.
    """

    mapping: Mapping
    conductances: Conductances
    transfers: Conductances
    analog: Analog


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
    programming
        What wire-aware programming reached, if it was asked for.
    seconds_by_stage
        Wall time of each stage [s]; chips that were found finished took none.
    peak_bytes
        Largest resident memory of this process so far, the interpreter included [byte].
    """

    network_name: str
    data_name: str
    settings: Settings
    mapping: Mapping
    images: int
    digital_accuracy: float
    accuracy: FloatArray
    programming: WireAware | None
    seconds_by_stage: dict[str, float]
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

    def summary(self) -> dict[str, object]:
        """Return the numbers as plain data."""
        a = self.settings.accelerator
        return {
            "network": self.network_name,
            "data": self.data_name,
            "images": self.images,
            "weights": self.mapping.network.weight_count,
            "tiles": self.mapping.tile_count,
            "utilisation": self.mapping.utilisation,
            "tile_rows": a.tile_rows,
            "tile_cols": a.tile_cols,
            "row_ohm": a.wires.row_ohm,
            "column_ohm": a.wires.column_ohm,
            "input_bits": a.input_bits,
            "output_bits": a.output_bits,
            "digital_accuracy": self.digital_accuracy,
            "analog_accuracy": float(self.mean[0]),
            "seconds_after_programming": list(self.settings.seconds),
            "mean_accuracy": self.mean,
            "confidence_95_half_width": self.half_width,
            "accuracy_by_seed": self.accuracy,
            "settings": repr(self.settings),
            "wire_aware_error_before": self.programming and self.programming.error_before,
            "wire_aware_error_after": self.programming and self.programming.error_after,
            "seconds": sum(self.seconds_by_stage.values()),
            "seconds_by_stage": self.seconds_by_stage,
            "memory_limit_bytes": self.settings.memory_bytes,
            "peak_memory_bytes": self.peak_bytes,
        }


def make_chip(
    mapping: Mapping, settings: Settings, calibration: Dataset, *, seed: int, seconds: float
) -> Chip:
    """Program a chip, calibrate it right away, and let it age.

    The converters keep the ranges of programming time; drift compensation is digital.
    """
    return next(iter(_ages(mapping, settings, calibration, seed=seed, seconds=(seconds,))))


def evaluate(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: Settings,
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
    mapping = map_network(network, settings.accelerator)
    room = working_bytes(settings.memory_bytes, mapping, test.images)
    digital = run(
        network,
        test.images,
        memory_bytes=room,
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
        mapping = programming.mapping
        lap("wire-aware programming")

    ages = len(settings.seconds)
    total = settings.seeds * ages * len(test)
    found = np.zeros((settings.seeds, ages))
    kept = Kept(
        folder=folder,
        function=evaluate,
        arguments={
            "network": network,
            "test": test,
            "calibration": calibration,
            "settings": replace(settings, seeds=1),
        },
    )
    for seed in range(settings.seeds):
        before = kept.load(f"chip {seed}")
        if before is not None:
            found[seed] = before
            report("analog inference", ages * len(test), total)
            continue
        chips = _ages(mapping, settings, calibration, seed=seed, seconds=settings.seconds)
        for k, chip in enumerate(chips):
            lap("programming and wires")
            outputs = run(
                network,
                test.images,
                chip.analog,
                memory_bytes=room,
                workers=workers,
                progress=lambda n: report("analog inference", n, total),
            )
            found[seed, k] = accuracy(outputs, test.labels)
            lap("analog inference")
        kept.keep(f"chip {seed}", found[seed])
    return Evaluation(
        network_name=network.source,
        data_name=test.name,
        settings=settings,
        mapping=mapping,
        images=len(test),
        digital_accuracy=accuracy(digital, test.labels),
        accuracy=found,
        programming=programming,
        seconds_by_stage=clock,
        peak_bytes=peak_bytes(),
    )


def copies_of(mapping: Mapping, settings: Settings) -> dict[str, int]:
    """Return how many copies of each layer the tile budget makes, 1 without one.

    Raises
    ------
    ParameterError
        An unknown architecture, or fewer tiles than one copy needs.
    """
    if settings.tile_budget is None:
        return {plan.name: 1 for plan in mapping.layers}
    return balanced_replicas(mapping, preset(settings.technology), tiles=settings.tile_budget)


def inference_cost(chip: Chip, settings: Settings, test: Dataset) -> Cost:
    """Return what an inference costs on a chip, with copies of slow layers if settings allow.

    Raises
    ------
    ParameterError
        An unknown architecture, converters without a width, or fewer tiles than one copy needs.
    """
    mapping, architecture = chip.mapping, preset(settings.technology)
    replicas = copies_of(mapping, settings)
    if settings.accelerator.readout is not None:
        architecture = with_readout(architecture, settings.accelerator.readout)
    room = working_bytes(settings.memory_bytes, mapping, test.images)
    most = batch_size(mapping.network, room // 2, largest=_LOADING_IMAGES)
    images = test.first(max(1, most)).images
    joules = array_joules(mapping, chip.conductances, chip.analog, architecture, images)
    return cost(mapping, architecture, joules, replicas=replicas)


def _ages(
    mapping: Mapping,
    settings: Settings,
    calibration: Dataset,
    *,
    seed: int,
    seconds: tuple[float, ...],
) -> Iterator[Chip]:
    """Yield one chip at several ages."""
    if not calibration.images.any():
        raise ParameterError.about(
            "calibration images",
            got="nothing but zeros",
            expected="images like those that will be inferred, to set the converters' ranges",
            remedy="give images of the training set, and check the normalisation",
        )
    programmed = program(mapping, statistics=settings.statistics, seed=seed)
    fresh = programmed.conductances()
    before = prepare(mapping, fresh)
    ranges = calibrate(
        mapping,
        before,
        calibration.images,
        conductances=fresh,
        memory_bytes=working_bytes(settings.memory_bytes, mapping, calibration.images),
    )
    for age in seconds:
        conductances = programmed.conductances(age)
        now = before if settings.statistics is None else prepare(mapping, conductances)
        gains = compensate(mapping, before, now, kind=settings.drift_compensation)
        yield Chip(
            mapping=mapping,
            conductances=conductances,
            transfers=now,
            analog=Analog(mapping, now, ranges, gains=gains),
        )
