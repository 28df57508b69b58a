"""``xbar fine-tune``: a network trained through the wires that it runs on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Bits,
    Out,
    Pcm,
    Seconds,
    Seed,
    SegmentOhm,
    Tile,
    draws,
    single,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.report.progress import progress_bar

__all__ = ["fine_tune"]


@draws()
@resumes
@given.takes_workload
def fine_tune(
    network: given.NETWORK = "lenet5",
    *,
    segment_ohm: SegmentOhm = None,
    tile: Tile = None,
    bits: Bits = 8,
    pcm: Pcm = "joshi2020",
    seconds: Seconds = 25.0,
    steps: Annotated[int, typer.Option(min=1, help="Batches of the training.")] = 300,
    adjoint: Annotated[
        str, typer.Option(help="Gradient through the wires: exact, or diagonal, ten times faster.")
    ] = "diagonal",
    seeds: given.SEEDS = 3,
    seed: Seed = SEED,
    images: given.IMAGES = 2000,
    workload: given.AskedWorkload,
    out: Out = Path("out/fine-tune"),
) -> None:
    """Fine-tune a network through the exact array that it runs on, without labels.

    The training and every chip are kept in the folder: the same command resumes an
    interrupted run.
    """
    # torch takes a second to import, and is an extra
    from xbar_circuit.plots.fine_tuning import draw_fine_tuning  # noqa: PLC0415
    from xbar_circuit.report.fine_tuning import (  # noqa: PLC0415
        fine_tuning_summary,
        fine_tuning_table,
        write_fine_tuning_page,
    )
    from xbar_circuit.studies.network.fine_tuning import measure_fine_tuning  # noqa: PLC0415

    ohm = single("--segment-ohm", segment_ohm, 20.0)
    side = single("--tile", tile, 256)
    accelerator = given.pcm_accelerator(pcm, side=side, segment_ohm=ohm, bits=bits)
    work = workload.load()
    with progress_bar(counted=True) as bar:
        study = measure_fine_tuning(
            work.network,
            accelerator,
            test=work.test.first(images) if images else work.test,
            calibration=work.calibration,
            steps=steps,
            seeds=seeds or 3,
            seed=seed,
            second=25.0 if seconds is None else seconds,
            adjoint=adjoint,
            folder=out / "kept",
            progress=bar.add,
        )
    picture = out / "fine_tuning.png"
    draw_fine_tuning(study, picture)
    write_json(out / "summary.json", fine_tuning_summary(study))
    page = write_fine_tuning_page(
        study,
        out,
        picture=picture,
        lead=f"{network} on {side} x {side} tiles of PCM with {ohm:g} ohm per wire segment.",
        footer=made_by(),
    )
    content = fine_tuning_table(study)
    table = Table()
    for column in content.columns:
        table.add_column(column)
    for row in content.rows:
        table.add_row(*row)
    console = SafeConsole()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
