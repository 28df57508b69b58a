"""The main job: a trained network on tiles with wires, 10,000 real images, checked in ngspice.

LeNet-5 on the whole Fashion-MNIST test set: in NumPy; on ideal tiles; with exact wires at several
segment resistances and converter widths; and with a behavioural read-out, an op-amp with a feedback
resistor and an 8-bit SAR converter. Then one tile of every shape goes through ngspice from the
driver to the code, with activations that really occur in its layer; tiles of the first and the last
layer with the behavioural read-out too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import nodal
from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator.chip import Chip
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.spot_check import TileCheck, agreement_by_layer, choose_tiles
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.graph import Network
from xbar_circuit.network.images import (
    Dataset,
    fashion_mnist_calibration,
    fashion_mnist_test,
)
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Array
from xbar_circuit.peripherals import IdealConverter, Readout
from xbar_circuit.tile import CHAINS
from xbar_circuit.wires import Wires

__all__ = ["BITS", "CLASSES", "SEGMENT_OHM", "Demo", "DropMap", "behavioural_readout", "run_demo"]

IDEAL, BEHAVIOURAL = "ideal", "behavioural"

_CHECKED = ("conv1", "dense3")  # with the behavioural read-out, whose decks are slow
_SLOW_VECTORS = 2

#: Segment resistances of the wire study [ohm]; 0.35 is IBM's PCM tile (aihwkit's preset).
SEGMENT_OHM = (0.0, 0.35, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
#: Widths of the column converters in the other study.
BITS = (3, 4, 5, 6, 8)
#: What the labels 0 to 9 mean.
CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

#: Called with the progress: stage, steps done now, steps in all.
Report = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DropMap:
    """Where a tile loses its voltage.

    layer : name of the node.
    conductance : (rows, columns) [S].
    loss_volt : (rows, columns), mean over the vectors of what the driver applies and the device
        does not see [V]; negative where a bit line lifts a word line that is not driven.
    column_error : (columns,), mean relative error of the column currents over the vectors.
    """

    layer: str
    conductance: FloatArray
    loss_volt: FloatArray
    column_error: FloatArray


@brief(
    lambda self: headline(self, "", "images", "digital_accuracy", "analog_accuracy"),
    picture=lambda self: self.drop.loss_volt,
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demo:
    """Everything that the demonstration measured.

    Parameters
    ----------
    images
        Test images.
    mapping
        The network on the default accelerator.
    digital_accuracy, ideal_accuracy, analog_accuracy, behavioural_accuracy
        In NumPy; on tiles without wires; with exact wires and default converters; with the
        behavioural read-out instead.
    accuracy_by_ohm, accuracy_by_bits
        The two studies: segment resistance [ohm] at the default width, width at the default wires.
    same_answer
        Share of images that the analog network puts in the class that the digital one does.
    checks, behavioural_checks
        One for every tile shape of every layer with the ideal read-out; with the behavioural one,
        of the first and the last layer.
    drop
        The IR-drop map of the most loaded tile.
    shown, labels, digital_classes, analog_classes
        Some test images, (k, 28, 28), with their classifications.
    seconds
        Of each stage.
    """

    images: int
    mapping: Mapping
    digital_accuracy: float
    ideal_accuracy: float
    analog_accuracy: float
    behavioural_accuracy: float
    accuracy_by_ohm: dict[float, float]
    accuracy_by_bits: dict[int, float]
    same_answer: float
    checks: list[TileCheck]
    behavioural_checks: list[TileCheck]
    drop: DropMap
    shown: Array
    labels: NDArray[np.int64]
    digital_classes: NDArray[np.int64]
    analog_classes: NDArray[np.int64]
    seconds: dict[str, float]

    @property
    def spice_vectors(self) -> int:
        """Input vectors that went through ngspice."""
        return sum(len(check.volts) for check in (*self.checks, *self.behavioural_checks))

    @property
    def worst_relative_difference(self) -> float:
        """Between the two engines, over all checked tiles."""
        return max(check.worst_relative_difference for check in self.checks)

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data for ``summary.json``.

        Returns
        -------
        dict
            Accuracies (0 to 1), checks against ngspice tile by tile, and the time of each stage
            [s].
        """
        return {
            "images": self.images,
            "digital_accuracy": self.digital_accuracy,
            "ideal_tiles_accuracy": self.ideal_accuracy,
            "analog_accuracy": self.analog_accuracy,
            "behavioural_readout_accuracy": self.behavioural_accuracy,
            "same_answer_as_digital": self.same_answer,
            "accuracy_by_segment_ohm": {f"{k:g}": v for k, v in self.accuracy_by_ohm.items()},
            "accuracy_by_converter_bits": {str(k): v for k, v in self.accuracy_by_bits.items()},
            "tiles": self.mapping.tile_count,
            "utilisation": self.mapping.utilisation,
            "spice_vectors": self.spice_vectors,
            "worst_relative_difference": self.worst_relative_difference,
            "spice_checks": _plain(self.checks),
            "codes_by_layer": _by_layer(self.checks),
            "behavioural_spice_checks": _plain(self.behavioural_checks),
            "behavioural_codes_by_layer": _by_layer(self.behavioural_checks),
            "seconds": sum(self.seconds.values()),
            "stage_second": self.seconds,
        }


def _plain(checks: list[TileCheck]) -> list[dict[str, object]]:
    return [
        {
            "layer": check.layer,
            "shape": check.shape,
            "vectors": len(check.volts),
            "codes": check.codes.to_dict(),
            "worst_relative_difference": check.worst_relative_difference,
            "float32_relative_difference": check.float32_relative_difference,
            "wires_relative_difference": check.ideal_relative_difference,
            "seconds": check.seconds,
        }
        for check in checks
    ]


def _by_layer(checks: list[TileCheck]) -> dict[str, dict[str, float]]:
    return {name: found.to_dict() for name, found in agreement_by_layer(checks).items()}


@dataclass(slots=True)
class _Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        spent = time.perf_counter() - start
        self.seconds[name] = self.seconds.get(name, 0.0) + spent


def run_demo(
    *, images: int | None = None, vectors: int = 8, report: Report = lambda *_: None
) -> Demo:
    """Run the whole demonstration.

    Parameters
    ----------
    images
        Number of test images; None uses all 10,000.
    vectors
        Input vectors of each checked tile.
    report
        Receives the progress.

    Returns
    -------
    Demo
        Accuracies, agreement with ngspice, the IR-drop map and the times of the stages [s].

    Raises
    ------
    SimulatorError, SimulatorNotFoundError
        ngspice is missing or failed.
    """
    clock = _Clock()
    with clock.stage("load"):
        network = fashion_mnist_lenet5()
        test = fashion_mnist_test()
        test = test if images is None else test.first(images)
        calibration = fashion_mnist_calibration()
    with clock.stage("digital inference"):
        digital = run(
            network, test.images, progress=lambda n: report("digital inference", n, len(test))
        )

    usual = Accelerator()
    study = _Study(clock=clock, test=test, calibration=calibration, report=report)
    by_ohm, by_bits = {}, {}
    outputs: dict[float, Array] = {}
    chips: dict[str, Chip] = {}
    for ohm in SEGMENT_OHM:
        wires = Wires(row_ohm=ohm, column_ohm=ohm)
        main = wires == usual.wires
        chip = study.chip(network, usual.changed(wires=wires))
        if main:
            chips[IDEAL] = chip
        outputs[ohm] = study.infer(chip, "analog inference" if main else "wire study")
        by_ohm[ohm] = accuracy(outputs[ohm], test.classes)
    for bits in BITS:
        main = bits == usual.readout.converter.bits
        if not main:
            other = usual.changed(readout=Readout(converter=IdealConverter(bits=bits)))
            found = study.infer(study.chip(network, other), "converter study")
        by_bits[bits] = by_ohm[usual.wires.row_ohm] if main else accuracy(found, test.classes)
    chips[BEHAVIOURAL] = study.chip(network, usual.changed(readout=behavioural_readout()))
    behavioural = study.infer(chips[BEHAVIOURAL], "behavioural read-out")

    every = choose_tiles(chips[IDEAL].mapping)
    some = [place for place in every if chips[IDEAL].mapping.layers[place[0]].name in _CHECKED]
    chosen = {IDEAL: (every, vectors), BEHAVIOURAL: (some, min(vectors, _SLOW_VECTORS))}
    total = sum(len(places) for places, _ in chosen.values())
    checks = {name: study.check(chips[name], *chosen[name], total) for name in chips}
    drop = study.drop(chips[IDEAL], checks[IDEAL])
    analog = outputs[usual.wires.row_ohm]
    shown = _interesting(digital, analog)
    return Demo(
        images=len(test),
        mapping=chips[IDEAL].mapping,
        digital_accuracy=accuracy(digital, test.classes),
        ideal_accuracy=by_ohm[0.0],
        analog_accuracy=by_ohm[usual.wires.row_ohm],
        behavioural_accuracy=accuracy(behavioural, test.classes),
        accuracy_by_ohm=by_ohm,
        accuracy_by_bits=by_bits,
        same_answer=accuracy(analog, digital.argmax(axis=1)),
        checks=checks[IDEAL],
        behavioural_checks=checks[BEHAVIOURAL],
        drop=drop,
        shown=test.images[shown, 0],
        labels=test.classes[shown],
        digital_classes=digital[shown].argmax(axis=1),
        analog_classes=analog[shown].argmax(axis=1),
        seconds=clock.seconds,
    )


def behavioural_readout() -> Readout:
    """Return the read-out of the second run: op-amp, feedback resistor, 8-bit SAR converter."""
    readout, _ = CHAINS["sar"](bits=8)
    return readout


@dataclass(slots=True, kw_only=True)
class _Study:
    """The test set under changing hardware."""

    clock: _Clock
    test: Dataset
    calibration: Dataset
    report: Report

    def chip(self, network: Network, accelerator: Accelerator) -> Chip:
        """Return a programmed chip with its ranges set."""
        with self.clock.stage("programming, wires and ranges"):
            return accelerator.program(network, calibration=self.calibration.images)

    def infer(self, chip: Chip, stage: str) -> Array:
        """Return the outputs of the whole test set."""
        steps = {
            "wire study": (len(SEGMENT_OHM) - 1) * len(self.test),
            "converter study": (len(BITS) - 1) * len(self.test),
        }
        total = steps.get(stage, len(self.test))
        with self.clock.stage(stage):
            (outputs,) = chip.run(self.test.images, progress=lambda n: self.report(stage, n, total))
        return outputs

    def check(
        self, chip: Chip, tiles: list[tuple[int, int]], vectors: int, total: int
    ) -> list[TileCheck]:
        """Run tiles through ngspice, from the driver to the code."""
        with self.clock.stage("ngspice"):
            return chip.spot_check(
                self.test.images[:64],
                tiles=tiles,
                vectors=vectors,
                progress=lambda n: self.report("ngspice", n, total),
            )

    def drop(self, chip: Chip, checks: list[TileCheck]) -> DropMap:
        """Draw the map of the tile that loses most."""
        with self.clock.stage("IR-drop map"):
            worst = max(checks, key=lambda check: check.ideal_relative_difference)
            names = [plan.name for plan in chip.mapping.layers]
            return _drop_map(chip, chip.conductances[names.index(worst.layer)][worst.tile], worst)


def _drop_map(chip: Chip, conductance: FloatArray, check: TileCheck) -> DropMap:
    result = nodal.read(chip.accelerator.crossbar(conductance), check.volts)
    lost = check.volts[:, :, None] - (result.row_voltage - result.column_voltage)
    ideal = check.volts @ conductance
    error = (result.column_current.sum(axis=0) - ideal.sum(axis=0)) / ideal.sum(axis=0)
    return DropMap(
        layer=check.layer,
        conductance=conductance,
        loss_volt=lost.mean(axis=0),
        column_error=error,
    )


def _interesting(digital: Array, analog: Array, count: int = 10) -> NDArray[np.int64]:
    """Return a few images: the first that analog and digital see apart, then the first ones."""
    apart = np.flatnonzero(digital.argmax(axis=1) != analog.argmax(axis=1))[: count // 2]
    rest = np.setdiff1d(np.arange(min(len(digital), 2 * count)), apart)
    return np.concatenate([rest[: count - len(apart)], apart])
