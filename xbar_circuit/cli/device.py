"""``xbar device``: a PCM device from all sides."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Celsius,
    Out,
    Seed,
    draws,
    single,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.devices import PcmCell
from xbar_circuit.devices._constants import ROOM_CELSIUS
from xbar_circuit.plots.device import (
    draw_conduction,
    draw_device_temperature,
    draw_drift,
    draw_neighbours,
    draw_products,
    draw_programming,
    draw_pulses,
    draw_statistics,
    draw_written,
)
from xbar_circuit.report.device import device_summary, write_device_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.device.characterization import DeviceReport, characterize_device

__all__ = ["device"]


class Preset(StrEnum):
    """What ``--preset`` understands."""

    SEBASTIAN = "sebastian2017"
    PROJECTED = "projected"


@draws()
@resumes
def device(
    *,
    out: Out = Path("out/device"),
    preset: Annotated[Preset, typer.Option(help="Cell: with or without a liner.")] = (
        Preset.SEBASTIAN
    ),
    celsius: Celsius = None,
    seed: Seed = SEED,
    cells: Annotated[
        int, typer.Option(min=10, max=100_000, help="Cells of the programming loops.")
    ] = 400,
    size: Annotated[
        int, typer.Option(min=2, max=32, help="Rows and columns of the array that is written.")
    ] = 8,
) -> None:
    """Characterise the PCM cell and its statistics, against the papers and against ngspice.

    The long stages are kept in the folder: the same command resumes an interrupted run.
    """
    console = SafeConsole()
    degree = single("--celsius", celsius, ROOM_CELSIUS)
    with progress_bar() as bar:
        bar.reach("start", 0, 1)
        cell = PcmCell.projected() if preset is Preset.PROJECTED else PcmCell.sebastian2017()
        report = characterize_device(
            replace(cell, celsius=degree),
            seed=seed,
            cells=cells,
            array=size,
            folder=out / "kept",
            progress=bar.reach,
        )
    for name, draw in (
        ("conduction", draw_conduction),
        ("pulses", draw_pulses),
        ("drift", draw_drift),
        ("statistics", draw_statistics),
        ("written", draw_written),
        ("programming", draw_programming),
        ("products", draw_products),
        ("temperature", draw_device_temperature),
        ("neighbours", draw_neighbours),
    ):
        draw(report, out / f"{name}.png")
    write_json(out / "summary.json", device_summary(report))
    page = write_device_page(
        report,
        out,
        footer=made_by(),
    )
    _tell(console, report)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _tell(console: SafeConsole, report: DeviceReport) -> None:
    table = Table(title="Against the papers")
    for heading in ("", "published", "drawn here", "difference"):
        table.add_column(heading, justify="left" if not heading else "right")
    for point in report.published:
        table.add_row(
            point.what,
            f"{point.published:g} {point.unit}",
            f"{point.ours:.4g} {point.unit}",
            f"{100 * point.relative:+.2f} %",
        )
    console.print(table)
    table = Table(title="Against ngspice")
    table.add_column("")
    table.add_column("relative difference", justify="right")
    for name, value in report.agreement.items():
        table.add_row(name, f"{value:.1e}")
    console.print(table)
