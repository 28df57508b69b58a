"""The page of a network on an accelerator."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._layer import LayerParts
from xbar_circuit.accelerator.budget import Budget
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.spot_check import TileCheck
from xbar_circuit.network.intervals import Estimate
from xbar_circuit.network.metrics import Metric
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.hardware import accelerator_words, codes_table
from xbar_circuit.report.mapping import mapping_section
from xbar_circuit.studies.network.chips import copies_of
from xbar_circuit.studies.network.evaluation import Evaluation, Scores, placement_of
from xbar_circuit.units import duration

__all__ = ["write_inference_page"]


def write_inference_page(
    evaluation: Evaluation,
    folder: Path,
    *,
    checks: Sequence[TileCheck],
    budget: Budget | None,
    corrections: MappingOf[str, LayerParts] | None = None,
    further: Sequence[Section] = (),
    footer: str,
) -> Path:
    """Write ``index.html`` next to the figures in `folder` and return its path."""
    path = folder / "index.html"
    main, settings = evaluation.main, evaluation.settings
    numbers = {}
    if main.metric.name != "snr":
        numbers[f"digital {main.metric.name}"] = main.metric.text(main.digital.value)
    for place in dict.fromkeys((0, len(settings.seconds) - 1)):
        title = f"{main.metric.name}, {duration(settings.seconds[place])}"
        numbers[title] = main.metric.text(float(main.mean[place]))
    if checks:
        alike = float(np.mean([check.codes.within_one for check in checks]))
        numbers["codes within 1 LSB of ngspice"] = _percent(alike)
    sections = [
        _accuracy(evaluation, folder),
        *([_temperature(evaluation, folder)] if evaluation.by_celsius else []),
        _hardware(evaluation),
        mapping_section(
            evaluation.mapping, folder, copies_of(evaluation.mapping, evaluation.settings)
        ),
    ]
    if corrections:
        sections.append(_corrections(corrections, evaluation.settings.accelerator))
    if budget is not None:
        sections.append(_budget(budget, folder))
    if checks:
        sections.append(_checks(checks))
    write_page(
        path,
        title=evaluation.network_name or "A network on crossbar tiles",
        lead=f"{evaluation.images:,} images of {evaluation.data_name}; "
        f"{evaluation.mapping.network.weight_count:,} weights on"
        f" {evaluation.mapping.tile_count} tiles.",
        key_numbers=numbers,
        sections=[*sections, *further, _time(evaluation)],
        footer=footer,
    )
    return path


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _accuracy(evaluation: Evaluation, folder: Path) -> Section:
    return Section(
        title=evaluation.main.metric.name.capitalize(),
        paragraphs=[
            "Two intervals, both of 95 %: over the samples, how far another set of images would"
            " move a chip's value; over the chips, how far the mean of other chips would lie. One"
            f" chip has no interval over chips. Drift compensation: {_compensation(evaluation)}."
        ],
        tables=[_scores(evaluation, one) for one in evaluation.scores.values()],
        figures=[
            Figure(path=folder / "time.png", caption="Dots are chips; the line is their mean.")
        ],
    )


def _compensation(evaluation: Evaluation) -> str:
    return evaluation.settings.drift_compensation


def _scores(evaluation: Evaluation, scores: Scores) -> Table:
    """Return the values of a metric over time."""
    text = scores.metric.text
    rows = [
        [
            duration(age),
            text(scores.mean[k]),
            f"{text(scores.over_samples[k][0])} to {text(scores.over_samples[k][1])}",
            "one chip" if np.isnan(half) else f"+/- {text(half)}",
            text(scores.value[:, k].min()),
            text(scores.value[:, k].max()),
        ]
        for k, (age, half) in enumerate(
            zip(evaluation.settings.seconds, scores.half_width, strict=True)
        )
    ]
    digital = scores.digital
    chips = len(scores.value)
    words = "1 chip" if chips == 1 else f"{chips} chips (seeds)"
    words += f", {evaluation.images:,} samples"
    if scores.metric.name != "snr":
        words += f"; digital: {text(digital.value)} ({text(digital.low)} to {text(digital.high)})"
    return Table(
        columns=["age", scores.metric.name, "over samples", "over chips", "lowest", "highest"],
        rows=rows,
        caption=f"{words}; interval over samples: {digital.method}.",
    )


def _hardware(evaluation: Evaluation) -> Section:
    settings = evaluation.settings
    words = accelerator_words(settings.accelerator)
    elsewhere = placement_of(settings)
    if elsewhere:
        placements = "; ".join(f"{name}: {place}" for name, place in elsewhere.items())
        words.append(f"Layers that are elsewhere: {placements}.")
    programming = evaluation.programming
    tables = []
    if programming is not None:
        words.append(
            "Conductances were chosen for the array with its wires: the error of the realised"
            " matrix falls as the table shows. A scale below 1 is signal given up so that"
            " conductances stay in range."
        )
        tables.append(
            Table(
                columns=["layer", "error without", "error with", "scale", "clipped devices"],
                rows=[
                    [plan.name, f"{b:.2e}", f"{c:.2e}", f"{s:.3f}", _percent(share)]
                    for plan, b, c, s, share in zip(
                        evaluation.mapping.layers,
                        programming.error_before,
                        programming.error_after,
                        programming.scale,
                        programming.clipped,
                        strict=True,
                    )
                ],
                caption="Wire-aware programming; errors relative to the target matrix.",
            )
        )
    return Section(
        title="The hardware",
        paragraphs=words,
        tables=tables,
    )


def _between(metric: Metric, found: Estimate) -> str:
    """Return a value of a metric with its interval over the samples."""
    return f"{metric.text(found.value)} ({metric.text(found.low)} to {metric.text(found.high)})"


def _points(change: FloatArray) -> list[str]:
    value, low, high = (100 * one for one in change.tolist())
    return [f"{value:+.2f}", f"{low:+.2f} to {high:+.2f}"]


def _budget(budget: Budget, folder: Path) -> Section:
    rows = [
        [
            effect,
            *(f"{value:.1f}" for value in (ratio.min(), np.median(ratio))),
            budget.layers[int(ratio.argmin())],
            *(["-", "-"] if np.isnan(change).any() else _points(change)),
        ]
        for effect, ratio, change in zip(
            budget.effects, budget.ratio_db, budget.change, strict=True
        )
    ]
    return Section(
        title="Error budget",
        paragraphs=[
            "Each imperfection switched on alone, then all together, on one chip of age"
            f" {duration(budget.second)}. The signal-to-error ratio of a layer is for exact"
            " inputs of that layer."
        ],
        tables=[
            Table(
                columns=[
                    "imperfection",
                    "worst dB",
                    "median dB",
                    "worst layer",
                    "points",
                    "95 % over samples",
                ],
                rows=rows,
                caption=f"Points of accuracy on {budget.samples:,} samples, against the digital run"
                " on the same samples.",
            )
        ],
        figures=[Figure(path=folder / "budget.png", caption="Which layer, which imperfection.")],
    )


def _corrections(corrections: MappingOf[str, LayerParts], accelerator: Accelerator) -> Section:
    rows = [
        [
            name,
            str(found.held_out),
            f"{100 * found.linear_rms:.3f} %",
            f"{100 * found.rms:.3f} %",
            f"{100 * found.worst:.3f} %",
            f"{parts.gain:.4f}",
        ]
        for name, parts in corrections.items()
        if (found := parts.correction) is not None
    ]
    step = _half_step(accelerator)
    beside = "" if step is None else f" Half a step of the converters is {100 * step:.3f} %."
    return Section(
        title="Nonlinear cells",
        paragraphs=[
            "Inference multiplies by the transfer of the zero-bias conductances and corrects the"
            " columns' currents for the cells' law. The correction was fitted to Newton's solutions"
            " of some tiles of each layer, right after programming, for inputs of the calibration"
            " set; the table is for inputs that it was not fitted to. The spot check compares it"
            f" with ngspice.{beside}"
        ],
        tables=[
            Table(
                columns=["layer", "held out", "rms without", "rms", "worst", "digital gain"],
                rows=rows,
                caption="Errors of column currents against Newton, relative to the largest.",
            )
        ],
    )


def _half_step(accelerator: Accelerator) -> float | None:
    """Return half a step of the column converters relative to their full scale."""
    bits = accelerator.readout.converter.bits
    return None if bits is None else 0.5 / (2**bits - 1)


def _temperature(evaluation: Evaluation, folder: Path) -> Section:
    rows = [
        [f"{degree:g}", *(_between(evaluation.main.metric, one) for one in (none, factor))]
        for degree, (none, factor) in sorted(evaluation.by_celsius.items())
    ]
    return Section(
        title="Temperature",
        paragraphs=[
            "One chip, programmed and its ranges set at the temperature of the statistics, read at"
            f" other temperatures {duration(evaluation.settings.seconds[-1])} later: conduction is"
            " activated, that of nearly RESET devices the most."
        ],
        tables=[Table(columns=["celsius", "no compensation", "one factor per tile"], rows=rows)],
        figures=[Figure(path=folder / "temperature.png", caption="Accuracy over temperature.")],
    )


def _checks(checks: Sequence[TileCheck]) -> Section:
    rows = [
        [
            check.layer,
            f"{check.shape[0]} x {check.shape[1]}",
            str(len(check.volts)),
            f"{100 * check.codes.within_one:.2f} %",
            f"{check.codes.worst:g}",
            f"{check.worst_relative_difference:.1e}",
            f"{check.float32_relative_difference:.1e}",
            f"{check.ideal_relative_difference:.1e}",
            f"{check.seconds:.1f} s",
        ]
        for check in checks
    ]
    return Section(
        title="Spot check in ngspice, from the driver to the code",
        paragraphs=[
            "Tiles as they were programmed, with activations that occur in their layer. Differences"
            " of currents are those of the bare array, relative to the largest of the vector."
        ],
        tables=[
            codes_table(checks),
            Table(
                columns=[
                    "layer",
                    "tile",
                    "vectors",
                    "within 1 LSB",
                    "worst [LSB]",
                    "array - ngspice",
                    "float32 - float64",
                    "wires - no wires",
                    "ngspice took",
                ],
                rows=rows,
            ),
        ],
    )


def _time(evaluation: Evaluation) -> Section:
    spent = evaluation.stage_second
    rows = [[stage, f"{value:.1f} s"] for stage, value in spent.items()]
    limit = evaluation.settings.memory_bytes
    words = (
        f"Peak memory of the whole process: {evaluation.peak_bytes / 1e9:.2f} GB, interpreter,"
        f" libraries and images included; its limit: {limit / 1e9:.2f} GB."
    )
    return Section(
        title="Time and memory of this study",
        paragraphs=[words],
        tables=[Table(columns=["stage", "time"], rows=rows)],
    )
