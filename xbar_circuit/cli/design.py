"""``xbar design``: accuracy against energy over tile size, converter width, devices a sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit._files import write_json
from xbar_circuit.errors import ParameterError
from xbar_circuit.plots.design import draw_design
from xbar_circuit.report.design import design_table, write_design_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep import run_sweep
from xbar_circuit.studies.sweep.design import Design, design_plan, designs_of

__all__ = ["design"]


def design(
    network: Annotated[str, typer.Argument(help="A .onnx or .npz file, or 'lenet5'.")] = "lenet5",
    *,
    tiles: Annotated[str, typer.Option(help="Rows and columns of a tile.")] = "64,128,256",
    bits: Annotated[str, typer.Option(help="Widths of the column converters.")] = "4,5,6,8",
    devices: Annotated[str, typer.Option(help="Devices for each sign of a weight.")] = "1,2,4",
    pcm: Annotated[str, typer.Option(help="Device statistics.")] = "joshi2020",
    ohm: Annotated[float, typer.Option(min=0.0, help="Wire resistance of a segment.")] = 1.0,
    seconds: Annotated[float, typer.Option(min=0.0, help="Age of the chips [s].")] = 86400.0,
    technology: Annotated[
        str, typer.Option(help="Whose numbers the cost takes.")
    ] = "survey median",
    images: Annotated[int, typer.Option(min=1, help="Test images.")] = 1000,
    seeds: Annotated[int, typer.Option(min=1, help="Chips of each design.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.")] = None,
    data: Annotated[str, typer.Option(help="As for xbar infer.")] = "fashion-mnist",
    labels: Annotated[Path | None, typer.Option(help="As for xbar infer.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="As for xbar infer.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/design"),
) -> None:
    """Explore designs of an accelerator for a network; resumes where an earlier run stopped."""
    fixed: dict[str, Any] = {
        "network": network,
        "data": data,
        "images": images,
        "seconds": seconds,
        "pcm.preset": pcm,
        "run.technology": technology,
        "accelerator.wires.row_ohm": ohm,
        "accelerator.wires.column_ohm": ohm,
    }
    fixed |= {"labels": str(labels)} if labels else {}
    fixed |= {"calibration": str(calibration)} if calibration else {}
    plan = design_plan(
        tiles=_numbers("--tiles", tiles),
        bits=_numbers("--bits", bits),
        devices=_numbers("--devices", devices),
        seeds=seeds,
        fixed=fixed,
    )
    console = Console()
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
        seeds=seeds,
        footer=f"xbar_circuit {__version__}; made by: xbar design {network} --tiles {tiles}"
        f" --bits {bits} --devices {devices} --seeds {seeds} --images {images}",
    )
    content = design_table(found)
    table = Table(title="most accurate designs first", caption=content.caption)
    for column in content.columns:
        table.add_column(column, justify="right")
    for row in content.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"results and page: {out / 'results.nc'}, {page}", soft_wrap=True)


def _numbers(option: str, text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError as error:
        raise ParameterError.about(
            option,
            got=repr(text),
            expected="whole numbers with commas between them",
            remedy="for example 64,128",
        ) from error


def _plain(one: Design) -> dict[str, float]:
    return {name: getattr(one, name) for name in one.__slots__}
