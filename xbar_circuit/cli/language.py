"""``xbar language``: a character-level transformer on PCM tiles, fresh and a year old."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator._drift import COMPENSATIONS
from xbar_circuit.architecture import preset
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Architecture,
    Bits,
    Out,
    Pcm,
    Seed,
    SegmentOhm,
    Tile,
    draws,
    single,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.errors import ParameterError
from xbar_circuit.report.progress import progress_bar

__all__ = ["language"]


@draws()
@resumes
def language(
    context: typer.Context,
    *,
    segment_ohm: SegmentOhm = None,
    tile: Tile = None,
    bits: Bits = 8,
    pcm: Pcm = "joshi2020",
    compensation: Annotated[
        str, typer.Option(help="Drift compensation: column, global or none.")
    ] = "column",
    windows: Annotated[
        int, typer.Option(min=2, help="Number of pieces of the test text, 64 characters each.")
    ] = 64,
    seeds: given.SEEDS = 1,
    seed: Seed = SEED,
    placement: Annotated[
        list[str] | None,
        typer.Option(help="Which layers stay digital; repeat for several."),
    ] = None,
    age: Annotated[
        list[str] | None,
        typer.Option(
            help="Age of the chips: 25 s, 1 day, 30 days, 1 year; repeat for several. Default: all."
        ),
    ] = None,
    prompt: Annotated[
        str, typer.Option(help="Prompt of the generated texts.")
    ] = "And the LORD said unto ",
    written: Annotated[
        int, typer.Option(min=0, help="Number of characters to generate; 0 for none.")
    ] = 240,
    architecture: Architecture = None,
    out: Out = Path("out/language"),
) -> None:
    """Run a transformer of a million weights on PCM tiles: bits per character, energy, its text.

    Finished chips are kept in the folder: the same command resumes an interrupted run.
    """
    refuse_idle(context, {} if written else {"prompt": "--written above 0"})
    choice("--compensation", compensation, COMPENSATIONS)
    if architecture is not None:
        preset(architecture)  # a typing error is told before the work
    # torch takes a second to import, and is an extra
    from xbar_circuit.plots.language import draw_language  # noqa: PLC0415
    from xbar_circuit.report.language import (  # noqa: PLC0415
        language_summary,
        language_table,
        write_language_page,
    )
    from xbar_circuit.studies.network.language import (  # noqa: PLC0415
        AGES,
        PLACEMENTS,
        measure_language,
    )
    from xbar_circuit.torch.language import (  # noqa: PLC0415
        SHIPPED_LANGUAGES,
        shipped_language,
        shipped_text,
    )

    unknown = sorted({*(age or ())} - set(AGES))
    if unknown:
        raise ParameterError.about(
            "--age", got=str(unknown), expected=f"some of {list(AGES)}", remedy="take one"
        )
    ohm = single("--segment-ohm", segment_ohm, 0.35)
    side = single("--tile", tile, 128)
    accelerator = given.pcm_accelerator(pcm, side=side, segment_ohm=ohm, bits=bits)
    with progress_bar(counted=True) as bar:
        study = measure_language(
            {name: shipped_language(name) for name in SHIPPED_LANGUAGES},
            accelerator,
            test=shipped_text("test"),
            calibration=shipped_text("calibration"),
            window_count=windows,
            seeds=seeds or 1,
            seed=seed,
            ages={name: AGES[name] for name in age} if age else None,
            placements=placement or PLACEMENTS,
            drift_compensation=compensation,
            prompt=prompt,
            written=written,
            architecture=architecture,
            folder=out / "kept",
            progress=bar.add,
        )
    picture = out / "language.png"
    draw_language(study, picture)
    write_json(out / "summary.json", language_summary(study))
    page = write_language_page(
        study,
        out,
        picture=picture,
        lead=f"A character-level transformer of {study.weights:,} weights, trained on the King"
        f" James Version, on {side} x {side} tiles of PCM with {ohm:g} ohm per wire segment.",
        footer=made_by(),
    )
    content = language_table(study)
    table = Table(title=content.caption)
    for column in content.columns:
        table.add_column(column)
    for row in content.rows:
        table.add_row(*row)
    console = SafeConsole()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
