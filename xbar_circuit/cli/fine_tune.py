"""``xbar fine-tune``: a network trained through the wires that it runs on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit._files import write_json
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import PCM_PRESETS
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._options import SEED, Bits, Out, Pcm, Seconds, Seed, SegmentOhm, Tile, single
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Dac, IdealConverter, Readout
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.wires import Wires

__all__ = ["fine_tune"]


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
    data: given.DATA = None,
    labels: given.LABELS = None,
    calibration: given.CALIBRATION = None,
    divide: given.DIVIDE = None,
    mean: given.MEAN = None,
    std: given.STD = None,
    out: Out = Path("out/fine-tune"),
) -> None:
    """Fine-tune a network through the exact array that it runs on, without labels."""
    # torch takes a second to import, and is an extra
    from xbar_circuit.plots.fine_tuning import draw_fine_tuning  # noqa: PLC0415
    from xbar_circuit.report.fine_tuning import (  # noqa: PLC0415
        fine_tuning_summary,
        fine_tuning_table,
        write_fine_tuning_page,
    )
    from xbar_circuit.studies.network.fine_tuning import measure_fine_tuning  # noqa: PLC0415

    if pcm != "exact" and pcm not in PCM_PRESETS:
        raise ParameterError.about(
            "--pcm",
            got=repr(pcm),
            expected=f"{', '.join(PCM_PRESETS)} or 'exact'",
            remedy="take one of them",
        )
    workload = given.workload_of(
        network,
        data=data,
        labels=labels,
        calibration=calibration,
        divide=divide,
        mean=mean,
        std=std,
    )
    ohm = single("--segment-ohm", segment_ohm, 20.0)
    side = single("--tile", tile, 256)
    statistics = None if pcm == "exact" else PCM_PRESETS[pcm]()
    g_max = 25e-6 if statistics is None else statistics.g_max_siemens
    accelerator = Accelerator(
        rows=side,
        cols=side,
        synapse=DifferentialPair(g_min_siemens=0.1e-6, g_max_siemens=g_max),
        wires=Wires(row_ohm=ohm, column_ohm=ohm),
        driver=Dac(bits=bits),
        readout=Readout(converter=IdealConverter(bits=bits)),
        statistics=statistics,
    )
    with progress_bar(counted=True) as bar:
        study = measure_fine_tuning(
            workload.network,
            accelerator,
            test=workload.test.first(images) if images else workload.test,
            calibration=workload.calibration,
            steps=steps,
            seeds=seeds or 3,
            seed=seed,
            second=25.0 if seconds is None else seconds,
            adjoint=adjoint,
            progress=bar.add,
        )
    picture = out / "fine_tuning.png"
    draw_fine_tuning(study, picture)
    write_json(out / "summary.json", fine_tuning_summary(study))
    page = write_fine_tuning_page(
        study,
        out,
        picture=picture,
        lead=f"{network} on {side} x {side} tiles of PCM with {ohm:g} ohm a wire segment.",
        footer=f"xbar_circuit {__version__}; made by: xbar fine-tune {network}"
        f" --segment-ohm {ohm:g} --tile {side} --bits {bits} --pcm {pcm} --seconds {seconds:g}"
        f" --steps {steps} --adjoint {adjoint} --seeds {seeds} --seed {seed} --images {images}",
    )
    content = fine_tuning_table(study)
    table = Table()
    for column in content.columns:
        table.add_column(column)
    for row in content.rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
