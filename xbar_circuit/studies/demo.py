"""The main job: a trained network on tiles with wires, 10,000 real images, checked in ngspice.

LeNet-5 on the whole Fashion-MNIST test set: in NumPy; on ideal tiles; with exact wires at several
segment resistances and converter widths. Then one tile of every shape goes through ngspice with
voltages that really occur in its layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import nodal
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.inference import Analog, calibrate, prepare
from xbar_circuit.accelerator.mapping import Mapping, map_network
from xbar_circuit.accelerator.programming import program
from xbar_circuit.accelerator.spot_check import TileCheck, choose_tiles, spot_check
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.execution import accuracy, run
from xbar_circuit.network.images import (
    Dataset,
    fashion_mnist_calibration,
    fashion_mnist_test,
)
from xbar_circuit.network.lenet import fashion_mnist_lenet5
from xbar_circuit.network.operators import Array
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.wires import Wires

__all__ = ["BITS", "CLASSES", "SEGMENT_OHM", "Demo", "DropMap", "run_demo"]

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

#: Told of progress: stage, steps done now, steps in all.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demo:
    """Everything that the demonstration measured.

    Parameters
    ----------
    images
        Test images.
    mapping
        The network on the default accelerator.
    digital_accuracy, ideal_accuracy, analog_accuracy
        In NumPy; on tiles without wires; with exact wires and default converters.
    accuracy_by_ohm, accuracy_by_bits
        The two studies: segment resistance [ohm] at the default width, width at the default wires.
    same_answer
        Share of images that the analog network puts in the class that the digital one does.
    checks
        One for every tile shape of every layer.
    drop
        The IR-drop map of the most loaded tile.
    shown, labels, digital_classes, analog_classes
        Some test images, (k, 28, 28), and what was said of them.
    seconds
        Of each stage.
    """

    images: int
    mapping: Mapping
    digital_accuracy: float
    ideal_accuracy: float
    analog_accuracy: float
    accuracy_by_ohm: dict[float, float]
    accuracy_by_bits: dict[int, float]
    same_answer: float
    checks: list[TileCheck]
    drop: DropMap
    shown: Array
    labels: NDArray[np.int64]
    digital_classes: NDArray[np.int64]
    analog_classes: NDArray[np.int64]
    seconds: dict[str, float]

    @property
    def spice_vectors(self) -> int:
        """Input vectors that went through ngspice."""
        return sum(len(check.volts) for check in self.checks)

    @property
    def worst_relative_difference(self) -> float:
        """Between the two engines, over all checked tiles."""
        return max(check.worst_relative_difference for check in self.checks)

    def summary(self) -> dict[str, object]:
        """Return the numbers as plain data for ``summary.json``."""
        return {
            "images": self.images,
            "digital_accuracy": self.digital_accuracy,
            "ideal_tiles_accuracy": self.ideal_accuracy,
            "analog_accuracy": self.analog_accuracy,
            "same_answer_as_digital": self.same_answer,
            "accuracy_by_segment_ohm": {f"{k:g}": v for k, v in self.accuracy_by_ohm.items()},
            "accuracy_by_converter_bits": {str(k): v for k, v in self.accuracy_by_bits.items()},
            "tiles": self.mapping.tile_count,
            "utilisation": self.mapping.utilisation,
            "spice_vectors": self.spice_vectors,
            "worst_relative_difference": self.worst_relative_difference,
            "spice_checks": [
                {
                    "layer": check.layer,
                    "shape": check.shape,
                    "vectors": len(check.volts),
                    "worst_relative_difference": check.worst_relative_difference,
                    "float32_relative_difference": check.float32_relative_difference,
                    "wires_relative_difference": check.ideal_relative_difference,
                    "seconds": check.seconds,
                }
                for check in self.checks
            ],
            "seconds": sum(self.seconds.values()),
            "seconds_by_stage": self.seconds,
        }


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
        How many test images; None is all 10,000.
    vectors
        Input vectors of each checked tile.
    report
        Told of progress.

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
    outputs = {}
    for ohm in SEGMENT_OHM:
        wires = Wires(row_ohm=ohm, column_ohm=ohm)
        mapping = map_network(network, replace(usual, wires=wires))
        main = wires == usual.wires
        outputs[ohm] = study.infer(mapping, "analog inference" if main else "wire study")
        by_ohm[ohm] = accuracy(outputs[ohm], test.labels)
    for bits in BITS:
        mapping = map_network(network, replace(usual, output_bits=bits))
        main = bits == usual.output_bits
        by_bits[bits] = (
            by_ohm[usual.wires.row_ohm]
            if main
            else accuracy(study.infer(mapping, "converter study"), test.labels)
        )

    mapping = map_network(network, usual)
    checks, drop = study.check(mapping, vectors)
    analog = outputs[usual.wires.row_ohm]
    shown = _interesting(digital, analog)
    return Demo(
        images=len(test),
        mapping=mapping,
        digital_accuracy=accuracy(digital, test.labels),
        ideal_accuracy=by_ohm[0.0],
        analog_accuracy=by_ohm[usual.wires.row_ohm],
        accuracy_by_ohm=by_ohm,
        accuracy_by_bits=by_bits,
        same_answer=accuracy(analog, digital.argmax(axis=1)),
        checks=checks,
        drop=drop,
        shown=test.images[shown, 0],
        labels=test.labels[shown],
        digital_classes=digital[shown].argmax(axis=1),
        analog_classes=analog[shown].argmax(axis=1),
        seconds=clock.seconds,
    )


@dataclass(slots=True, kw_only=True)
class _Study:
    """The test set under changing hardware."""

    clock: _Clock
    test: Dataset
    calibration: Dataset
    report: Report
    prepared: dict[Wires, tuple[tuple[FloatArray, ...], ...]] = field(default_factory=dict)

    def transfers(self, mapping: Mapping) -> tuple[tuple[FloatArray, ...], ...]:
        """Return the transfers of a mapping; one reduction serves all converter widths."""
        wires = mapping.accelerator.wires
        if wires not in self.prepared:
            with self.clock.stage("wires (reduction of all tiles)"):
                self.prepared[wires] = prepare(mapping, program(mapping).conductances())
        return self.prepared[wires]

    def analog(self, mapping: Mapping) -> Analog:
        """Return the tiles with their converters' ranges calibrated."""
        transfers = self.transfers(mapping)
        with self.clock.stage("calibration"):
            ranges = calibrate(mapping, transfers, self.calibration.images)
        return Analog(mapping, transfers, ranges)

    def infer(self, mapping: Mapping, stage: str) -> Array:
        """Return the outputs of the whole test set."""
        analog = self.analog(mapping)
        steps = {
            "analog inference": len(self.test),
            "wire study": (len(SEGMENT_OHM) - 1) * len(self.test),
            "converter study": (len(BITS) - 1) * len(self.test),
        }
        with self.clock.stage(stage):
            return run(
                mapping.network,
                self.test.images,
                analog,
                progress=lambda n: self.report(stage, n, steps[stage]),
            )

    def check(self, mapping: Mapping, vectors: int) -> tuple[list[TileCheck], DropMap]:
        """Run tiles through ngspice, and draw the map of the one that loses most."""
        conductances = program(mapping).conductances()
        transfers = self.transfers(mapping)
        analog = self.analog(mapping)
        with self.clock.stage("ngspice"):
            codes = record_vectors(mapping.network, self.test.images[:64], analog, vectors=vectors)
            tiles = choose_tiles(mapping)
            checks = spot_check(
                mapping,
                conductances,
                transfers,
                analog,
                codes,
                tiles=tiles,
                progress=lambda n: self.report("ngspice", n, len(tiles)),
            )
        with self.clock.stage("IR-drop map"):
            worst = max(range(len(checks)), key=lambda k: checks[k].ideal_relative_difference)
            layer, tile = tiles[worst]
            drop = _drop_map(mapping, conductances[layer][tile], checks[worst])
        return checks, drop


def _drop_map(mapping: Mapping, conductance: FloatArray, check: TileCheck) -> DropMap:
    result = nodal.read(mapping.crossbar(conductance), check.volts)
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
