"""``xbar infer``: somebody's network, somebody's images, an accelerator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__, user_modules
from xbar_circuit.accelerator.memory import working_bytes
from xbar_circuit.accelerator.nonlinear import Correction
from xbar_circuit.accelerator.settings import Settings, read_settings
from xbar_circuit.accelerator.spot_check import TileCheck, choose_tiles, spot_check
from xbar_circuit.architecture import Cost, preset
from xbar_circuit.backend import preferred
from xbar_circuit.cli.mapping import write_mapping
from xbar_circuit.files import write_json
from xbar_circuit.network.bring import FASHION_MNIST, NETWORKS, bring
from xbar_circuit.network.execution import batch_size
from xbar_circuit.network.images import Dataset, Normalisation
from xbar_circuit.network.recording import record_vectors
from xbar_circuit.plots.cost import draw_chips, draw_cost
from xbar_circuit.plots.inference import draw_budget, draw_time
from xbar_circuit.report.cost import cost_sections
from xbar_circuit.report.inference import write_inference_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.budget import Budget, error_budget
from xbar_circuit.studies.inference import (
    Chip,
    Evaluation,
    Report,
    copies_of,
    evaluate,
    inference_cost,
    make_chip,
)
from xbar_circuit.units import duration

__all__ = ["infer"]


def infer(
    network: Annotated[str, typer.Argument(help=NETWORKS)],
    *,
    data: Annotated[
        str, typer.Option(help="IDX, npy, npz or folder by class; 'fashion-mnist' is shipped.")
    ] = FASHION_MNIST,
    labels: Annotated[Path | None, typer.Option(help="Labels beside IDX or npy images.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Images to calibrate on; never the test set.")
    ] = None,
    calibration_images: Annotated[int, typer.Option(min=1, help="How many of them.")] = 256,
    divide: Annotated[
        float | None, typer.Option(help="What pixels are divided by, such as 255.")
    ] = None,
    mean: Annotated[list[float] | None, typer.Option(help="Then subtracted, by channel.")] = None,
    std: Annotated[list[float] | None, typer.Option(help="Then divided by, by channel.")] = None,
    output: Annotated[
        str | None, typer.Option(help="Which output of a network with several.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML with [accelerator], [pcm] and [run].")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/infer"),
    budget: Annotated[bool, typer.Option(help="Also the error budget.")] = True,
    spice_tiles: Annotated[int, typer.Option(min=0, help="Tiles checked in ngspice.")] = 4,
    spice_vectors: Annotated[int, typer.Option(min=1, help="Inputs of each.")] = 4,
) -> None:
    """Run a network on an accelerator: accuracy over time, error budget, mapping, spot check."""
    settings = Settings() if config is None else read_settings(config)
    user_modules.look_in(Path.cwd())  # a torch module of the user's own
    preset(settings.technology)  # a typing error is told before the work
    brought = bring(
        network,
        data=data,
        labels=labels,
        calibration=calibration,
        calibration_images=calibration_images,
        normalisation=Normalisation.stated(divide, mean, std),
        output=output,
    )
    chosen, test, known = brought.network, brought.test, brought.calibration
    console = Console()
    with progress_bar() as bar, preferred(settings.device):
        report = bar.add
        found = evaluate(chosen, test, known, settings, folder=out / "chips", report=report)
        wanted = error_budget(chosen, test, known, settings, report=report) if budget else None
        chip = make_chip(found.mapping, settings, known, seed=0, seconds=settings.seconds[0])
        widths = settings.accelerator.input_bits, settings.accelerator.output_bits
        cost = None if None in widths else inference_cost(chip, settings, test)
        checks = []
        if spice_tiles > 0:
            room = working_bytes(settings.memory_bytes, found.mapping, test.images)
            size = spice_tiles, spice_vectors
            checks = _spot_check(chip, test, size, report, memory_bytes=room)
    corrections = {
        name: layer.correction
        for name, layer in chip.analog.layers.items()
        if layer.correction is not None
    }
    _write(found, (wanted, checks, cost), corrections, out)
    _tell(console, found)
    console.print(f"summary and page: {out / 'summary.json'}, {out / 'index.html'}", soft_wrap=True)


def _spot_check(
    chip: Chip, test: Dataset, size: tuple[int, int], report: Report, *, memory_bytes: int
) -> list[TileCheck]:
    """Check tiles spread evenly over the network, as seed 0 programmed them."""
    tiles, vectors = size
    net = chip.mapping.network
    some = test.images[: max(1, batch_size(net, memory_bytes // 2, largest=8))]
    codes = record_vectors(net, some, chip.analog, vectors=vectors)
    every = choose_tiles(chip.mapping)
    step = max(1, len(every) // tiles)
    chosen = every[::step][:tiles]
    return spot_check(
        chip.mapping,
        chip.conductances,
        chip.transfers,
        chip.analog,
        codes,
        tiles=chosen,
        progress=lambda n: report("ngspice", n, len(chosen)),
    )


def _write(
    found: Evaluation,
    parts: tuple[Budget | None, list[TileCheck], Cost | None],
    corrections: dict[str, Correction],
    out: Path,
) -> None:
    budget, checks, cost = parts
    if cost is not None:  # exact converters have none
        draw_cost(cost, out / "cost.png")
        draw_chips(cost, out / "chips.png")
    draw_time(found, out / "time.png")
    write_mapping(found.mapping, copies_of(found.mapping, found.settings), out)
    if budget is not None:
        draw_budget(budget, out / "budget.png")
    write_inference_page(
        found,
        out,
        checks=checks,
        budget=budget,
        corrections=corrections,
        further=[] if cost is None else cost_sections(cost, out),
        footer=f"xbar_circuit {__version__}; made by: xbar infer; seeds 0 to"
        f" {found.settings.seeds - 1}; all settings stand in summary.json.",
    )
    summary = found.summary()
    if budget is not None:
        summary["error_budget"] = budget.summary()
    if corrections:
        summary["nonlinear_cells"] = {
            name: {
                "held_out_inputs": one.held_out,
                "rms_of_full_scale": one.rms,
                "worst_of_full_scale": one.worst,
                "rms_without_correction": one.linear_rms,
                "gain": one.gain,
            }
            for name, one in corrections.items()
        }
    summary["cost"] = None if cost is None else cost.summary()
    if checks:
        summary["spice_vectors"] = sum(len(check.volts) for check in checks)
        summary["worst_relative_difference"] = max(
            check.worst_relative_difference for check in checks
        )
        summary["worst_model_difference"] = max(check.model_relative_difference for check in checks)
        summary["worst_float32_difference"] = max(
            check.float32_relative_difference for check in checks
        )
    write_json(out / "summary.json", summary)


def _tell(console: Console, found: Evaluation) -> None:
    table = Table(title=f"{found.images:,} images, {found.mapping.tile_count} tiles")
    table.add_column("")
    table.add_column("accuracy", justify="right")
    table.add_row("digital", f"{100 * found.digital_accuracy:.2f} %")
    for age, mean, half in zip(found.settings.seconds, found.mean, found.half_width, strict=True):
        table.add_row(duration(age), f"{100 * mean:.2f} +/- {100 * half:.2f} %")
    for stage, spent in found.seconds_by_stage.items():
        table.add_row(stage, f"{spent:.1f} s")
    console.print(table)
