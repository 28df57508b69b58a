"""``xbar placement``: which layers must leave the analog tiles, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Out,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.plots.placement import draw_placement
from xbar_circuit.report.placement import PLACEMENT_COLUMNS, placement_rows, write_placement_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.network.placement import find_placement

__all__ = ["placement"]


@draws()
@resumes
@given.takes_workload
def placement(
    context: typer.Context,
    network: given.NETWORK = "lenet5",  # noqa: ARG001  in the workload
    *,
    workload: given.AskedWorkload,
    config: given.CONFIG = None,
    accuracy: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Target, from 0 to 1. Default: digital minus --lost."),
    ] = None,
    lost: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Accuracy that may be lost against the digital run."),
    ] = 0.01,
    digital_bits: Annotated[
        int, typer.Option(min=0, max=16, help="Integer width of the digital layers; 0 for float32.")
    ] = 8,
    images: given.IMAGES = None,
    seeds: given.SEEDS = None,
    seed: given.FIRST_SEED = None,
    out: Out = Path("out/placement"),
) -> None:
    """Find the placement of layers that reaches an accuracy with the least energy.

    Placements are kept in the folder: the same command resumes an interrupted run.
    """
    refuse_idle(
        context, {} if accuracy is None else {"lost": "no --accuracy, which says the target,"}
    )
    usual = InferenceSettings(
        accelerator=Accelerator(statistics=PcmStatistics.joshi2020()),
        seconds=(86400.0,),
        seeds=2,
        images=2000,
    )
    settings = given.settings_of(config, usual, images=images, seeds=seeds, seed=seed)
    work = workload.load()
    with progress_bar() as bar:
        found = find_placement(
            work.network,
            work.test,
            work.calibration,
            settings,
            wanted=accuracy,
            lost=lost,
            bits=digital_bits or None,
            folder=out / "kept",
            report=bar.add,
        )
    draw_placement(found, out / "placement.png")
    write_json(out / "summary.json", found.to_dict())
    footer = made_by()
    page = write_placement_page(found, out, footer=footer)
    table = Table(
        title=f"{found.images:,} images, {settings.seeds} chips; wanted"
        f" {100 * found.wanted:.2f} %, digital {100 * found.digital_accuracy:.2f} %"
    )
    for column in PLACEMENT_COLUMNS:
        table.add_column(column)
    for row in placement_rows(found):
        table.add_row(*row, style="bold" if row[0].startswith("chosen") else None)
    console = SafeConsole()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
