"""``xbar design``: accuracy against energy over tile size, converter width, devices a sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Architecture,
    Out,
    Pcm,
    Seconds,
    Seed,
    SegmentOhm,
    Tile,
    Workers,
    draws,
    single,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.plots.design import draw_design
from xbar_circuit.report.design import design_table, write_design_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep import run_sweep
from xbar_circuit.studies.sweep.design import Design, design_plan, designs_of

__all__ = ["design"]


@draws()
@resumes
@given.takes_workload
def design(
    network: given.NETWORK = "lenet5",  # noqa: ARG001  in the workload
    *,
    tile: Tile = None,
    bits: Annotated[
        list[int] | None,
        typer.Option(
            min=1, max=32, help="Resolution of the column converters [bit]; repeat for several."
        ),
    ] = None,
    devices_per_sign: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Devices for each sign of a weight; repeat for several."),
    ] = None,
    pcm: Pcm = "joshi2020",
    segment_ohm: SegmentOhm = None,
    seconds: Seconds = 86400.0,
    metric: given.METRIC = None,
    architecture: Architecture = "survey median",
    images: given.IMAGES = 1000,
    seeds: given.SEEDS = 1,
    seed: Seed = SEED,
    workers: Workers = None,
    workload: given.AskedWorkload,
    out: Out = Path("out/design"),
) -> None:
    """Explore designs of an accelerator for a network; resumes where an earlier run stopped."""
    tile, bits = tile or [64, 128, 256], bits or [4, 5, 6, 8]
    devices, chips = devices_per_sign or [1, 2, 4], seeds or 1
    ohm = single("--segment-ohm", segment_ohm, 1.0)
    fixed: dict[str, Any] = {
        **workload.parameters(),
        **given.pcm_parameters(pcm),
        "images": images or 1000,
        "seconds": seconds,
        "run.architecture": architecture,
        "accelerator.wires.row_ohm": ohm,
        "accelerator.wires.column_ohm": ohm,
    }
    if metric is not None:
        fixed["metrics"] = metric
    plan = design_plan(
        tiles=tile,
        bits=bits,
        devices=devices,
        seeds=range(seed, seed + chips),
        fixed=fixed,
    )
    console = SafeConsole()
    with progress_bar(counted=True) as bar:
        bar.expect("design space", len(plan.items()))

        def tell(_: ItemOutcome) -> None:
            bar.add("design space")

        outcomes = run_sweep(plan, out, workers=workers, progress=tell)
    found = designs_of(plan, outcomes)
    for outcome in outcomes:
        if outcome.failed:
            outcome.unwrap()
    draw_design(found, out / "design.png")
    write_json(out / "summary.json", [_plain(one) for one in found])
    page = write_design_page(
        found,
        out,
        fixed=fixed,
        seeds=chips,
        footer=made_by(),
    )
    content = design_table(found)
    table = Table(title="best designs first", caption=content.caption)
    for column in content.columns:
        table.add_column(column, justify="right")
    for row in content.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"results and page: {out / 'results.nc'}, {page}", soft_wrap=True)


def _plain(one: Design) -> dict[str, float | str]:
    numbers = {name: getattr(one, name) for name in one.__slots__}
    return numbers | {one.metric: one.score}
