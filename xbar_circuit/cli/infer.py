"""``xbar infer``: a network and images of the user's own, on an accelerator."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit import _user_modules as user_modules
from xbar_circuit._backend import preferred
from xbar_circuit._files import write_json, write_text
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer import LayerParts
from xbar_circuit.accelerator._reference import example_toml, json_schema
from xbar_circuit.accelerator.budget import EFFECTS, Budget
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.spot_check import TileCheck, agreement_by_layer, choose_tiles
from xbar_circuit.architecture import preset
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._doubts import read_config
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Celsius,
    Out,
    SpiceVectors,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli._words import bytes_of
from xbar_circuit.cli.mapping import write_mapping
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.metrics import find_metric
from xbar_circuit.network.workload import Workload
from xbar_circuit.peripherals import ExactDriver
from xbar_circuit.plots.cost import draw_chips, draw_cost
from xbar_circuit.plots.inference import draw_budget, draw_temperature, draw_time
from xbar_circuit.report.cost import cost_sections
from xbar_circuit.report.inference import write_inference_page
from xbar_circuit.report.progress import ProgressBar, progress_bar
from xbar_circuit.runs import Kept
from xbar_circuit.studies.network.chips import copies_of, make_chip, mapped
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.studies.network.inference import evaluate
from xbar_circuit.units import duration

__all__ = ["infer"]


def _write_config(path: Path | None) -> None:
    """Write the example of a --config with its schema for editors; then exit."""
    if path is None:
        return
    schema = path.with_name(f"{path.stem}.schema.json")
    for place in (path, schema):
        if place.exists():
            raise ParameterError.about(
                "--write-config",
                got=f"{place}, which already exists",
                expected="a new file",
                remedy="give another name, or remove it",
            )
    write_text(schema, json.dumps(json_schema(), indent=1) + "\n")
    write_text(path, example_toml(schema.name))
    typer.echo(f"every key with its default: {path}; for editors: {schema}")
    raise typer.Exit


@draws()
@resumes
@given.takes_workload
def infer(
    context: typer.Context,
    network: given.NETWORK,  # noqa: ARG001  in the workload
    *,
    workload: given.AskedWorkload,
    images: given.IMAGES = None,
    metric: given.METRIC = None,
    config: given.CONFIG = None,
    write_config: Annotated[
        Path | None,
        typer.Option(
            help="Write a --config with every key, its meaning and default, and exit.",
            is_eager=True,
            callback=_write_config,
        ),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Limit on the memory of the whole process, such as 4GB.")
    ] = None,
    celsius: Celsius = None,
    seed: given.FIRST_SEED = None,
    out: Out = Path("out/infer"),
    error_budget: Annotated[
        bool,
        typer.Option(
            "--error-budget/--no-error-budget",
            " /--no-budget",
            help="Measure the error budget too.",
        ),
    ] = True,
    budget_images: Annotated[
        int, typer.Option(min=1, help="Samples for the budget's accuracies.")
    ] = 1000,
    cost: Annotated[bool, typer.Option(help="Report energy, latency and area too.")] = True,
    spot_check: Annotated[bool, typer.Option(help="Check tiles in ngspice too.")] = True,
    spice_tiles: Annotated[int, typer.Option(min=0, help="Tiles checked in ngspice.")] = 4,
    spice_vectors: SpiceVectors = 4,
) -> None:
    """Run a network on an accelerator: accuracy over time, error budget, mapping, spot check."""
    del write_config  # it has left already
    refuse_idle(
        context,
        ({} if error_budget else {"budget_images": "--error-budget"})
        | ({} if spot_check else {"spice_tiles": "--spot-check", "spice_vectors": "--spot-check"}),
    )
    settings = InferenceSettings() if config is None else read_config(config)
    if celsius:
        settings = replace(settings, celsius=tuple(celsius))
    if images is not None:
        settings = replace(settings, images=images)
    if memory is not None:
        settings = replace(settings, memory_bytes=bytes_of("--memory", memory))
    if seed is not None:
        settings = replace(settings, seed=seed)
    user_modules.look_in(Path.cwd())  # a torch module or a metric of the user's own
    metrics = [find_metric(name) for name in metric or ()]
    if settings.architecture is not None:
        preset(settings.architecture)  # a typing error is refused before the work
    work = workload.load()
    console = SafeConsole()
    with progress_bar() as bar, preferred(settings.device):
        found = evaluate(
            work.network,
            work.test,
            work.calibration,
            settings,
            metrics=metrics,
            folder=out / "chips",
            outputs=out / "outputs",
            report=bar.add,
            known=lambda so_far: write_json(out / "summary.json", {"complete": False, **so_far}),
        )
        asked = _Asked(
            budget=budget_images if error_budget else 0,
            cost=cost,
            tiles=spice_tiles if spot_check else 0,
            vectors=spice_vectors,
        )
        write_json(out / "summary.json", {"complete": False, **found.to_dict()})
        more = _examine(found, work, asked, bar, folder=out / "chips")
    _write(found, more, out)
    _tell(console, found, more)
    console.print(f"summary and page: {out / 'summary.json'}, {out / 'index.html'}", soft_wrap=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What else is asked of the first chip; 0 is nothing.

    budget : samples of its error budget. cost : whether. tiles, vectors : products in ngspice.
    """

    budget: int
    cost: bool
    tiles: int
    vectors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _More:
    """What was measured on the first chip besides its accuracy."""

    budget: Budget | None
    checks: list[TileCheck]
    cost: Cost | None
    corrections: dict[str, LayerParts]


def _examine(
    found: Evaluation, workload: Workload, asked: _Asked, bar: ProgressBar, *, folder: Path
) -> _More:
    """Ask the first chip for its budget, its cost and its codes in ngspice; each is kept."""
    settings = found.settings
    test = workload.test if settings.images is None else workload.test.first(settings.images)
    chip = found.chip
    if chip is None:  # its accuracy was found finished
        mapping = mapped(workload.network, settings)
        made = make_chip(mapping, settings, workload.calibration, seed=settings.seed)
        chip = made.at(settings.seconds[0])
    kept = Kept(
        folder=folder,
        function=_examine,
        arguments={
            "network": workload.network,
            "test": test,
            "calibration": workload.calibration,
            "settings": replace(settings, seeds=1, celsius=()),
        },
    )

    def budget() -> Budget:
        part = test.first(asked.budget)
        return chip.at(settings.seconds[-1]).budget(
            part.images,
            part.labels if part.has_classes else None,
            calibration=workload.calibration.images,
            progress=lambda n: bar.add("error budget", n, len(EFFECTS)),
        )

    def checked() -> list[TileCheck]:
        chosen = choose_tiles(chip.mapping, most=asked.tiles)
        return chip.spot_check(
            test.images[:8],
            tiles=chosen,
            vectors=asked.vectors,
            progress=lambda n: bar.add("ngspice", n, len(chosen)),
        )

    wanted = kept.once(f"budget of {asked.budget}", budget) if asked.budget > 0 else None
    cost = None
    if asked.cost and all(_has_widths(plan.accelerator) for plan in chip.mapping.layers):
        copies = copies_of(chip.mapping, settings)
        cost = chip.cost(test.images, architecture=settings.architecture, replicas=copies)
    checks: list[TileCheck] = []
    if asked.tiles > 0 and chip.mapping.layers:
        checks = kept.once(f"{asked.vectors} products of {asked.tiles} tiles", checked)
    bent = {name: parts for name, parts in chip.parts.items() if parts.correction is not None}
    return _More(budget=wanted, checks=checks, cost=cost, corrections=bent)


def _has_widths(accelerator: Hardware) -> bool:
    exact = isinstance(accelerator.driver, ExactDriver)
    return not exact and accelerator.readout.converter.bits is not None


def _write(found: Evaluation, more: _More, out: Path) -> None:
    if more.cost is not None:  # exact converters have none
        draw_cost(more.cost, out / "cost.png")
        draw_chips(more.cost, out / "chips.png")
    draw_time(found, out / "time.png")
    if found.by_celsius:
        draw_temperature(found, out / "temperature.png")
    write_mapping(found.mapping, copies_of(found.mapping, found.settings), out)
    if more.budget is not None:
        draw_budget(more.budget, out / "budget.png")
    write_inference_page(
        found,
        out,
        checks=more.checks,
        budget=more.budget,
        corrections=more.corrections,
        further=[] if more.cost is None else cost_sections(more.cost, out),
        footer=made_by(
            f"seeds {found.settings.seed} to {found.settings.seed + found.settings.seeds - 1}",
            "all settings are in summary.json",
        ),
    )
    summary = {"complete": True, **found.to_dict()}
    if more.budget is not None:
        summary["error_budget"] = more.budget.to_dict()
    if more.corrections:
        summary["nonlinear_cells"] = {
            name: {
                "held_out_inputs": one.held_out,
                "rms_of_full_scale": one.rms,
                "worst_of_full_scale": one.worst,
                "rms_without_correction": one.linear_rms,
                "gain": parts.gain,
            }
            for name, parts in more.corrections.items()
            if (one := parts.correction) is not None
        }
    summary["cost"] = None if more.cost is None else more.cost.to_dict()
    if more.checks:
        summary["spice_vectors"] = sum(len(check.volts) for check in more.checks)
        summary["codes_in_ngspice"] = {
            name: codes.to_dict() for name, codes in agreement_by_layer(more.checks).items()
        }
        summary["worst_relative_difference"] = max(
            check.worst_relative_difference for check in more.checks
        )
        summary["worst_float32_difference"] = max(
            check.float32_relative_difference for check in more.checks
        )
    write_json(out / "summary.json", summary)


def _tell(console: SafeConsole, found: Evaluation, more: _More) -> None:
    table = Table(
        title=f"{found.images:,} samples, {found.mapping.tile_count} tiles",
        caption="over samples: 95 % of what other samples would give",
    )
    for column in ("", "value", "over samples", "over chips"):
        table.add_column(column, justify="right" if column else "left")
    for name, scores in found.scores.items():
        text, digital = scores.metric.text, scores.digital
        if name != "snr":
            ends = f"{text(digital.low)} to {text(digital.high)}"
            table.add_row(f"{name}, digital", text(digital.value), ends, "")
        for k, age in enumerate(found.settings.seconds):
            low, high = scores.over_samples[k]
            half = float(scores.half_width[k])
            chips = "one chip" if math.isnan(half) else f"+/- {text(half)}"
            ends = f"{text(float(low))} to {text(float(high))}"
            table.add_row(f"{name}, {duration(age)}", text(float(scores.mean[k])), ends, chips)
    text = found.main.metric.text
    for degree, (none, factor) in sorted(found.by_celsius.items()):
        for name, one in (("", none), (", one factor per tile", factor)):
            ends = f"{text(one.low)} to {text(one.high)}"
            table.add_row(f"{degree:g} degrees Celsius{name}", text(one.value), ends, "")
    for name, codes in agreement_by_layer(more.checks).items():
        words = f"{100 * codes.within_one:.1f} % within 1 LSB"
        table.add_row(f"codes in ngspice, {name}, {codes.codes:,}", words, "", "")
    for stage, spent in found.stage_second.items():
        table.add_row(stage, f"{spent:.1f} s", "", "")
    console.print(table)
