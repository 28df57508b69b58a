"""``xbar wire-aware``: what conductances chosen for the wires recover."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit._files import write_json
from xbar_circuit.accelerator.settings import PCM_PRESETS
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.workload import FASHION_MNIST, NETWORKS
from xbar_circuit.plots.recovery import draw_recovery
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.recovery import recovery_summary, recovery_table, write_recovery_page
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.network.recovery import recovery_of
from xbar_circuit.studies.sweep import run_sweep, sweep_plan_from_dictionary

__all__ = ["wire_aware"]


def wire_aware(
    network: Annotated[str, typer.Argument(help=NETWORKS)] = "lenet5",
    *,
    ohm: Annotated[
        list[float] | None,
        typer.Option(min=0.0, help="Wire segment [ohm]; may be repeated. 0 is the reference."),
    ] = None,
    tile: Annotated[int, typer.Option(min=2, help="Rows and columns of a tile.")] = 256,
    bits: Annotated[int, typer.Option(min=1, help="Input and column converters.")] = 8,
    pcm: Annotated[
        str, typer.Option(help=f"Device statistics: {', '.join(PCM_PRESETS)}, or 'exact'.")
    ] = "joshi2020",
    seconds: Annotated[float, typer.Option(min=0.0, help="Age of the chips [s].")] = 25.0,
    seeds: Annotated[int, typer.Option(min=1, help="Chips at each resistance.")] = 3,
    images: Annotated[int, typer.Option(min=1, help="Test images.")] = 2000,
    data: Annotated[str, typer.Option(help="As for xbar infer.")] = FASHION_MNIST,
    labels: Annotated[Path | None, typer.Option(help="As for xbar infer.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="As for xbar infer.")] = None,
    divide: Annotated[float | None, typer.Option(help="As for xbar infer.")] = None,
    mean: Annotated[list[float] | None, typer.Option(help="As for xbar infer.")] = None,
    std: Annotated[list[float] | None, typer.Option(help="As for xbar infer.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/wire-aware"),
) -> None:
    """Measure what wire-aware programming recovers; resumes where an earlier run stopped."""
    if divide is None and data != FASHION_MNIST:
        raise ParameterError.about(
            "--divide",
            got="nothing",
            expected="what the network's pixels were divided by",
            remedy="give --divide 255, or --divide 1 for numbers that are ready",
        )
    fixed: dict[str, Any] = {
        "network": network,
        "data": data,
        "images": images,
        "seconds": seconds,
        "accelerator.rows": tile,
        "accelerator.cols": tile,
        "accelerator.driver.bits": bits,
        "accelerator.readout.converter.bits": bits,
    }
    given: dict[str, Any] = {
        "labels": labels and str(labels),
        "calibration": calibration and str(calibration),
    }
    given |= {"divide": divide, "mean": mean, "std": std}
    given |= {"pcm.preset": None if pcm == "exact" else pcm}
    plan = sweep_plan_from_dictionary(
        {
            "study": {"function": "wire_aware", "seeds": seeds, "name": "wire-aware programming"},
            "parameters": fixed | {name: value for name, value in given.items() if value},
            "grid": {"ohm": sorted(ohm or [0.0, 0.35, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0])},
        }
    )
    console = Console()
    with progress_bar(counted=True) as bar:
        bar.expect(plan.name, len(plan.items()))

        def tell(_: ItemOutcome) -> None:
            bar.add(plan.name)

        outcomes = run_sweep(plan, out, workers=workers, progress=tell)
    found = recovery_of(outcomes)
    draw_recovery(found, out / "wire_aware.png")
    write_json(out / "summary.json", recovery_summary(found))
    page = write_recovery_page(
        found,
        out,
        network=network,
        picture=out / "wire_aware.png",
        footer=f"xbar_circuit {__version__}; made by: xbar wire-aware {network} --tile {tile}"
        f" --bits {bits} --pcm {pcm} --seconds {seconds:g} --seeds {seeds} --images {images}",
    )
    content = recovery_table(found)
    table = Table(title=f"{network}, {tile} x {tile} tiles, {bits} bit, {pcm}")
    for column in content.columns:
        table.add_column(column, justify="right")
    for row in content.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
