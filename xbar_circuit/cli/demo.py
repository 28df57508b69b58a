"""``xbar demo``: the main job, from real images to a page."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.spot_check import agreement_by_layer
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._network_options import IMAGES
from xbar_circuit.cli._options import (
    Out,
    SpiceVectors,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.plots.demo import draw_accuracy, draw_agreement, draw_drop, draw_images
from xbar_circuit.report.demo import write_demo_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.network.demo import Demo, run_demo

__all__ = ["demo"]

_TOLERANCE = 1e-6  # of currents
_ENOUGH = 0.99  # of codes within one LSB


@draws()
@one_shot
def demo(
    *,
    out: Out = Path("out/demo"),
    images: IMAGES = None,
    spice_vectors: SpiceVectors = 4,
) -> None:
    """Run LeNet-5 on 10,000 Fashion-MNIST images through tiles with wires; check in ngspice."""
    console = SafeConsole()
    with progress_bar() as bar:
        result = run_demo(images=images, vectors=spice_vectors, report=bar.add)
    for name, draw in (
        ("accuracy", draw_accuracy),
        ("agreement", draw_agreement),
        ("ir_drop", draw_drop),
        ("images", draw_images),
    ):
        draw(result, out / f"{name}.png")
    page = write_demo_page(
        result,
        out,
        footer=made_by("no random numbers", " Fashion-MNIST by Zalando SE, MIT licence"),
    )
    write_json(out / "summary.json", result.to_dict())
    _tell(console, result)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
    if result.worst_relative_difference > _TOLERANCE:
        console.print(f"The engines differ by more than {_TOLERANCE:g}.", style="bold red")
        raise typer.Exit(1)
    codes = [check.codes for check in (*result.checks, *result.behavioural_checks)]
    if min(found.within_one for found in codes) < _ENOUGH:
        console.print("Codes differ by more than one LSB.", style="bold red")
        raise typer.Exit(1)


def _tell(console: SafeConsole, result: Demo) -> None:
    table = Table(title=f"{result.images:,} images, {result.mapping.tile_count} tiles")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("digital accuracy", f"{100 * result.digital_accuracy:.2f} %")
    for ohm, value in result.accuracy_by_ohm.items():
        label = "tiles without wires" if ohm == 0.0 else f"{ohm:g} ohm per segment"
        table.add_row(label, f"{100 * value:.2f} %")
    for bits, value in result.accuracy_by_bits.items():
        table.add_row(f"{bits}-bit column converters", f"{100 * value:.2f} %")
    table.add_row("op-amp and 8-bit SAR read-out", f"{100 * result.behavioural_accuracy:.2f} %")
    for check in result.checks:
        rows, columns = check.shape
        table.add_row(
            f"array in ngspice, {check.layer}, {rows} x {columns}, {len(check.volts)} vectors",
            f"{check.worst_relative_difference:.1e}",
        )
    for words, checks in (
        ("ideal", result.checks),
        ("op-amp and SAR", result.behavioural_checks),
    ):
        for name, found in agreement_by_layer(checks).items():
            table.add_row(
                f"codes in ngspice, {words}, {name}, {found.codes:,}",
                f"{100 * found.within_one:.1f} % within 1 LSB",
            )
    for stage, spent in result.seconds.items():
        table.add_row(stage, f"{spent:.1f} s")
    console.print(table)
