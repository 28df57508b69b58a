"""LeNet-5 on MNIST with the statistics of PCM, compared with other tools and with chips.

The reference is aihwkit's (Rasch et al., AICAS 2021): the polynomials of Joshi et al., 8-bit
converters, tiles of 256 x 256, no wires, global drift compensation. Around it stand the other
compensations, the same chips with exact wires, with and without wire-aware programming, what a run
takes in time and memory, and the two published numbers that every such simulator is judged by: the
error of a product of PCM weights, and the energy of the HERMES core.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.usual import usual_accelerator
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.network.execution import run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import Dataset, load_dataset, load_images
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.peripherals import Dac, IdealConverter, Readout
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.studies.array.mvm_error import gaussian_weights, mvm_error, sparse_inputs
from xbar_circuit.studies.network.chips import Report, make_chip, mapped
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.studies.network.inference import evaluate
from xbar_circuit.wires import Wires

__all__ = [
    "AGES",
    "AIHWKIT",
    "BY_COLUMN",
    "MVM_PUBLISHED",
    "REFERENCE",
    "SCALED_BY_TILE",
    "SEGMENT_OHM",
    "UNCOMPENSATED",
    "Measured",
    "Mnist",
    "Variant",
    "core_costs",
    "evaluate_all",
    "measure_mnist",
    "mnist_images",
    "mvm_errors",
    "peak_of_a_run",
    "timed_settings",
    "variants",
]

#: Accuracy that aihwkit reaches, by the age of the chips [s].
AIHWKIT = {25.0: 0.9877, 2_592_000.0: 0.9815}
#: Names of the configurations without wires.
REFERENCE = "no wires"
SCALED_BY_TILE = "no wires, one weight scale a tile"
BY_COLUMN = "no wires, drift compensated by column"
UNCOMPENSATED = "no wires, drift not compensated"
#: Ages of the curves [s]: 25 s, an hour, a day, 30 days, a year.
AGES = (25.0, 3600.0, 86_400.0, 2_592_000.0, 31_557_600.0)
#: Segment resistances of the wire study [ohm].
SEGMENT_OHM = (0.35, 1.0, 2.0)
#: Relative L2 error of a 512 x 512 product of PCM weights after 1 s: Le Gallo et al., APL Mach.
#: Learn. 1, 041102 (2023).
MVM_PUBLISHED = 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A configuration of the study, with the name it has in the report."""

    name: str
    settings: InferenceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run over all images took in one process.

    images : how many.
    digital_second, analog_second : inference in NumPy, and on tiles with exact wires; the least
        of three runs, taken in turns [s].
    preparing_second : programming, wires and calibration [s].
    peak_bytes : resident memory of a process of its own that did all this, at most [byte].
    limit_bytes : what it was allowed for its working memory [byte].
    """

    images: int
    digital_second: float
    analog_second: float
    preparing_second: float
    peak_bytes: int
    limit_bytes: int

    @property
    def ratio(self) -> float:
        """Analog over digital."""
        return self.analog_second / self.digital_second

    @property
    def configuration_second(self) -> float:
        """One configuration from the weights to the accuracy [s]."""
        return self.preparing_second + self.analog_second


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mnist:
    """The whole study.

    evaluations : of each variant, the reference first; the network as the training script makes it.
    plain : the same of a network trained without noise on its weights; may be empty.
    measured : time and memory of a run.
    mvm : error of PCM products by technology, see `mvm_errors`.
    cores : what a full tile costs by architecture, see `core_costs`.
    """

    evaluations: dict[str, Evaluation]
    plain: dict[str, Evaluation]
    measured: Measured
    mvm: dict[str, float]
    cores: dict[str, Cost]

    def rows(self) -> list[tuple[str, Evaluation]]:
        """Return all evaluations with the name that a table gives them.

        Returns
        -------
        list of tuples
            (name, evaluation), those of the noise-aware network first.
        """
        return [
            *self.evaluations.items(),
            *((f"plain training, {name}", found) for name, found in self.plain.items()),
        ]


def mnist_images(folder: Path | str, *, calibration_images: int = 256) -> tuple[Dataset, Dataset]:
    """Return MNIST's test set, and calibration images from its training set.

    Parameters
    ----------
    folder
        With the IDX files ``t10k-images-idx3-ubyte``, ``t10k-labels-idx1-ubyte`` and
        ``train-images-idx3-ubyte``, plain or gzipped.
    calibration_images
        How many, evenly over the training set.

    Raises
    ------
    ModelFileError
        A file is missing or damaged.
    """
    pixels = Normalisation(divide=255.0)
    images, labels = (
        _file(folder, f"t10k-{part}-ubyte") for part in ("images-idx3", "labels-idx1")
    )
    test = load_dataset(images, labels, normalisation=pixels, name="MNIST test set")
    training = _file(folder, "train-images-idx3-ubyte")
    known = load_images(training, normalisation=pixels, count=calibration_images)
    return test.arranged((1, 28, 28)), known.arranged((1, 28, 28))


def variants(*, seeds: int, seed: int = 0, images: int | None) -> list[Variant]:
    """Return the configurations, the reference first."""
    reference = InferenceSettings(
        accelerator=Accelerator(
            rows=256,
            cols=256,
            synapse=DifferentialPair(g_min_siemens=0.0, g_max_siemens=25e-6),
            wires=Wires(row_ohm=0.0, column_ohm=0.0),
            statistics=PcmStatistics.joshi2020(),
        ),
        seconds=AGES,
        seeds=seeds,
        seed=seed,
        images=images,
    )
    by_tile = reference.accelerator.changed(weight_scale="tile")
    found = [
        Variant(name=REFERENCE, settings=reference),
        Variant(name=SCALED_BY_TILE, settings=replace(reference, accelerator=by_tile)),
        *(
            Variant(name=name, settings=replace(reference, drift_compensation=kind))
            for name, kind in ((BY_COLUMN, "column"), (UNCOMPENSATED, "none"))
        ),
    ]
    for ohm in SEGMENT_OHM:
        wires = Wires(row_ohm=ohm, column_ohm=ohm)
        wired = replace(
            reference,
            accelerator=reference.accelerator.changed(wires=wires),
            seconds=tuple(AIHWKIT),
        )
        found += [
            Variant(name=f"{ohm:g} ohm", settings=wired),
            Variant(name=f"{ohm:g} ohm, wire-aware", settings=replace(wired, wire_aware=True)),
        ]
    return found


def timed_settings(*, images: int | None) -> InferenceSettings:
    """Return the configuration whose time and memory are measured: 1 ohm per segment, one chip."""
    return next(
        replace(variant.settings, seeds=1, seconds=(25.0,))
        for variant in variants(seeds=1, images=images)
        if variant.name == "1 ohm"
    )


def evaluate_all(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    chosen: list[Variant],
    *,
    folder: Path | None,
    workers: int = 2,
    report: Report = lambda *_: None,
) -> Iterator[tuple[str, Evaluation]]:
    """Yield the evaluation of every variant; finished chips are kept in a folder."""
    for variant in chosen:

        def report_stage(stage: str, done: int, total: int, name: str = variant.name) -> object:
            return report(name, done, total) if stage == "analog inference" else None

        yield (
            variant.name,
            evaluate(
                network,
                test,
                calibration,
                variant.settings,
                workers=workers,
                folder=folder,
                report=report_stage,
            ),
        )


def measure_mnist(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    workers: int = 2,
    report: Report = lambda *_: None,
) -> Measured:
    """Time one chip over all test images against NumPy, and measure the memory of such a run.

    Parameters
    ----------
    network
        What runs.
    test
        Images that are timed.
    calibration
        Images that set the ranges.
    settings
        Accelerator and age.
    workers
        Number of processes.
    report
        Called with (stage, done, total).

    Returns
    -------
    Measured
        Times [s] and memory [byte].
    """
    one = replace(settings, seeds=1, seconds=settings.seconds[:1])
    test = test if settings.images is None else test.first(settings.images)
    start = time.perf_counter()
    chip = make_chip(mapped(network, one), one, calibration, seed=0).at(one.seconds[0])
    multiplier = chip.multiplier()
    preparing = time.perf_counter() - start
    stage, rounds = "time and memory", 3
    report(stage, 0, rounds + 1)
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for analog in (False, True):
            start = time.perf_counter()
            run(
                network,
                test.images,
                multiplier if analog else None,
                memory_bytes=working_bytes(one.memory_bytes, chip.mapping, test.images),
                workers=workers,
            )
            times[analog].append(time.perf_counter() - start)
        report(stage, 1, rounds + 1)
    peak = peak_of_a_run(network, test, calibration, one, workers=workers)
    report(stage, 1, rounds + 1)
    return Measured(
        images=len(test),
        digital_second=min(times[False]),
        analog_second=min(times[True]),
        preparing_second=preparing,
        peak_bytes=peak,
        limit_bytes=one.memory_bytes,
    )


def peak_of_a_run(
    network: Network,
    test: Dataset,
    calibration: Dataset,
    settings: InferenceSettings,
    *,
    workers: int = 2,
) -> int:
    """Return the largest resident memory of a fresh process that evaluates a configuration [byte].

    Everything counts: the interpreter, its libraries, the images, the tiles and the work.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak, network, test, calibration, settings, workers).result()


def mvm_errors(*, seed: int = 0) -> dict[str, float]:
    """Return the error of products of PCM weights at 512 x 512, by the technology's name.

    After 1 s, with one drift factor for all columns, as in Le Gallo et al., APL Mach. Learn. 1,
    041102 (2023): normal weights of sigma 0.246 clipped to 1, half of the inputs zero.
    """
    found = {}
    for name, statistics in (
        ("Joshi 2020", PcmStatistics.joshi2020()),
        ("HERMES, one device", PcmStatistics.hermes_single()),
        ("HERMES, two devices", PcmStatistics.hermes_double()),
    ):
        rng = np.random.default_rng(seed)
        weights, inputs = gaussian_weights(512, 512, rng=rng), sparse_inputs(200, 512, rng=rng)
        got = mvm_error(statistics, weights=weights, inputs=inputs, seconds=[1.0], rng=rng)
        found[name] = float(got.compensated[0])
    return found


def core_costs(network: Network, calibration: Dataset) -> dict[str, Cost]:
    """Return what the network costs on tiles of the HERMES core's size, by architecture.

    256 x 256 unit cells of both signs; with the core's own published numbers, and with this
    project's circuits, whose inputs are voltages.
    """
    core = usual_accelerator("hermes").changed(statistics=PcmStatistics.joshi2020())
    levels = Readout(
        converter=IdealConverter(bits=core.readout.converter.known_bits()),
        amplifier=core.readout.amplifier,
        difference=core.readout.difference,
    )
    found = {}
    for name, accelerator in (
        ("hermes", core),
        ("own circuits", core.changed(driver=Dac(bits=8), readout=levels)),
    ):
        chip = accelerator.program(network, calibration=calibration.images)
        found[name] = chip.cost(calibration.images, architecture=name)
    return found


def _peak(
    network: Network, test: Dataset, calibration: Dataset, settings: InferenceSettings, workers: int
) -> int:
    evaluate(network, test, calibration, settings, workers=workers)
    return peak_bytes()


def _file(folder: Path | str, name: str) -> Path:
    plain = Path(folder) / name
    return plain if plain.is_file() else plain.with_name(f"{name}.gz")
