"""``xbar temperature``: a network that was programmed at one temperature, used at others."""

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
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Celsius,
    Out,
    Seconds,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.plots.temperature import draw_temperature_curve
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.temperature import temperature_rows, write_temperature_page
from xbar_circuit.studies.network.temperature import CELSIUS, temperature_curve

__all__ = ["temperature"]


@draws()
@resumes
@given.takes_workload
def temperature(
    network: given.NETWORK = "lenet5",  # noqa: ARG001  in the workload
    *,
    workload: given.AskedWorkload,
    config: given.CONFIG = None,
    celsius: Celsius = None,
    programmed_celsius: Annotated[
        float, typer.Option(help="Temperature during programming [degree Celsius].")
    ] = 25.0,
    stored_warm: Annotated[
        bool, typer.Option(help="Store the chip at the read temperature, so that drift is faster.")
    ] = False,
    seconds: Seconds = None,
    images: given.IMAGES = None,
    seeds: given.SEEDS = None,
    seed: given.FIRST_SEED = None,
    out: Out = Path("out/temperature"),
) -> None:
    """Measure accuracy over temperature, with and without one correction factor per array."""
    usual = InferenceSettings(
        accelerator=Accelerator(statistics=PcmStatistics.joshi2020()),
        seconds=(3600.0,),
        seeds=3,
        celsius=CELSIUS,
    )
    settings = given.settings_of(
        config, usual, images=images, seeds=seeds, seed=seed, seconds=seconds
    )
    work = workload.load()
    with progress_bar() as bar:
        found = temperature_curve(
            work.network,
            work.test,
            work.calibration,
            settings,
            celsius=celsius or settings.celsius or CELSIUS,
            programmed_celsius=programmed_celsius,
            stored_warm=stored_warm,
            folder=out / "kept",
            report=bar.add,
        )
    draw_temperature_curve(found, out / "temperature.png")
    write_json(out / "summary.json", found.to_dict())
    page = write_temperature_page(found, out, footer=made_by())
    table = Table(
        title=f"{found.images:,} images, {settings.seeds} chips, programmed at"
        f" {programmed_celsius:g} C;"
        f" digital {100 * found.digital_accuracy:.2f} %"
    )
    columns, rows = temperature_rows(found)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    console = SafeConsole()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
