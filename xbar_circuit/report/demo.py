"""The page of the demonstration."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import counted_words
from xbar_circuit.report.hardware import accelerator_words, codes_table, part_words
from xbar_circuit.studies.network.demo import Demo, behavioural_readout
from xbar_circuit.units import engineering

__all__ = ["write_demo_page"]


def write_demo_page(demo: Demo, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` next to the figures in `folder` and return its path."""
    path = folder / "index.html"
    write_page(
        path,
        title="LeNet-5 on crossbar tiles",
        lead=f"{demo.images:,} Fashion-MNIST test images through {demo.mapping.tile_count} tiles"
        " with exact wires, and the same tiles in ngspice.",
        key_numbers={
            "digital accuracy": _percent(demo.digital_accuracy),
            "on tiles without wires": _percent(demo.ideal_accuracy),
            "on tiles with exact wires": _percent(demo.analog_accuracy),
            "with an op-amp and a SAR": _percent(demo.behavioural_accuracy),
            "array against ngspice": f"{demo.worst_relative_difference:.1e}",
        },
        sections=[
            _hardware(demo),
            _accuracy(demo, folder),
            _agreement(demo, folder),
            _drop(demo, folder),
            _images(folder),
            _time(demo),
        ],
        footer=footer,
    )
    return path


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _hardware(demo: Demo) -> Section:
    a = demo.mapping.accelerator
    rows = [
        [
            plan.name,
            f"{plan.rows} x {plan.cols}",
            str(len(plan.tiles)),
            ", ".join(sorted({f"{t.shape[0]} x {t.shape[1]}" for t in plan.tiles})),
        ]
        for plan in demo.mapping.layers
    ]
    return Section(
        title="The hardware",
        paragraphs=[
            *accelerator_words(a),
            "Wires are solved exactly in every tile. Partial sums, biases, activations and pooling"
            " are digital.",
        ],
        tables=[
            Table(
                columns=["layer", "weights", "tiles", "used cells of a tile"],
                rows=rows,
                caption=f"{demo.mapping.network.weight_count:,} weights on"
                f" {demo.mapping.tile_count} tiles, {_percent(demo.mapping.utilisation)} of all"
                " cells hold one.",
            )
        ],
    )


def _accuracy(demo: Demo, folder: Path) -> Section:
    usual = Accelerator()
    return Section(
        title="Accuracy",
        paragraphs=[
            f"{_percent(demo.same_answer)} of the images get the same answer from the tiles with"
            " exact wires as from the digital network."
        ],
        figures=[
            Figure(
                path=folder / "accuracy.png",
                caption="Each point is the whole test set with its own calibration.",
            )
        ],
        tables=[
            Table(
                columns=["ohm per segment", *(f"{ohm:g}" for ohm in demo.accuracy_by_ohm)],
                rows=[["accuracy", *map(_percent, demo.accuracy_by_ohm.values())]],
                caption=f"{usual.readout.converter.bits}-bit column converters."
                f" {counted_words(demo.analog_accuracy, demo.images)}",
            ),
            Table(
                columns=["converter bits", *map(str, demo.accuracy_by_bits)],
                rows=[["accuracy", *map(_percent, demo.accuracy_by_bits.values())]],
                caption=f"Wires of {usual.wires.row_ohm:g} ohm per segment."
                f" {counted_words(demo.analog_accuracy, demo.images)}",
            ),
        ],
    )


def _agreement(demo: Demo, folder: Path) -> Section:
    rows = [
        [
            check.layer,
            f"{check.shape[0]} x {check.shape[1]}",
            str(len(check.volts)),
            f"{check.worst_relative_difference:.1e}",
            f"{check.float32_relative_difference:.1e}",
            f"{check.ideal_relative_difference:.1e}",
            f"{check.seconds:.1f} s",
        ]
        for check in demo.checks
    ]
    return Section(
        title="The same tiles in ngspice",
        paragraphs=[
            "One tile of every shape of every layer, from the driver to the code, with activations"
            " that occur in that layer: with ideal converters (first table); tiles of the first and"
            " the last layer with a behavioural read-out too (second table), with which the network"
            f" has {_percent(demo.behavioural_accuracy)}: {part_words(behavioural_readout())}."
            " Differences of currents are those of the bare array, relative to the largest of the"
            " vector."
        ],
        figures=[
            Figure(
                path=folder / "agreement.png",
                caption="The engines agree far better than the wires matter; the dashed line is"
                " the tolerance. Inference computes in float32.",
            )
        ],
        tables=[
            codes_table(demo.checks),
            codes_table(demo.behavioural_checks),
            Table(
                columns=[
                    "layer",
                    "tile",
                    "vectors",
                    "array - ngspice",
                    "float32 - float64",
                    "wires - no wires",
                    "ngspice took",
                ],
                rows=rows,
            ),
        ],
    )


def _drop(demo: Demo, folder: Path) -> Section:
    volt = demo.mapping.accelerator.driver.full_scale_volt
    return Section(
        title="IR drop",
        figures=[
            Figure(
                path=folder / "ir_drop.png",
                caption="The tile in which the wires do most. Drivers are on the left, sense"
                " terminals at the bottom; the largest input is"
                f" {engineering(volt, 'V')}.",
            )
        ],
    )


def _images(folder: Path) -> Section:
    return Section(
        title="What it saw",
        figures=[
            Figure(
                path=folder / "images.png",
                caption="The last ones are images on which the analog and the digital network"
                " differ; orange where the analog network is wrong.",
            )
        ],
    )


def _time(demo: Demo) -> Section:
    rows = [[stage, f"{spent:.1f} s"] for stage, spent in demo.seconds.items()]
    rows.append(["together", f"{sum(demo.seconds.values()):.1f} s"])
    return Section(title="Time", tables=[Table(columns=["stage", "time"], rows=rows)])
