"""``xbar validate``: this package compared with other simulators, textbooks and papers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import SEED, Only, Out, Seed
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.validation import COLUMNS, truth_rows, write_validation_page
from xbar_circuit.runs import Kept
from xbar_circuit.studies.validation import TRUTHS, Truth
from xbar_circuit.studies.validation import validate as run_all

__all__ = ["validate"]


@resumes
def validate(
    context: typer.Context,
    *,
    out: Out = Path("out/validate"),
    only: Only = None,
    aihwkit: Annotated[
        Path | None,
        typer.Option(help="Unpacked source of aihwkit. Default: the installed package."),
    ] = None,
    seed: Seed = SEED,
) -> None:
    """Compare the package with other simulators, closed forms and published figures.

    Parts: vacask, badcrossbar, aihwkit, dft, devices, staircase, circuits, chips. A part whose
    package is not installed says so. Exit code 1 if a number differs.
    The same command resumes an interrupted run. Page, numbers and the documentation's
    page (truths.md) go to the folder.
    """
    console = SafeConsole()
    names = tuple(choice("--only", name, tuple(TRUTHS)) for name in only or ())
    refuse_idle(context, {} if not names or "aihwkit" in names else {"aihwkit": "--only aihwkit"})
    groups: dict[str, list[Truth]] = {}
    kept = Kept(
        folder=out / "kept",
        function=validate,
        arguments={"seed": seed, "aihwkit": aihwkit},
    )
    with progress_bar(transient=True, counted=True) as bar:
        for name in names or tuple(TRUTHS):
            bar.add(name, 0, 1)
            found = kept.load(name)
            if found is None:
                found = run_all((name,), seed=seed, aihwkit=aihwkit)
                if not any(one.missing for one in found):  # it may be installed by the next time
                    kept.keep(name, found)
            groups[name] = found
            bar.add(name)
    truths = [one for group in groups.values() for one in group]
    footer = made_by()
    page = write_validation_page(groups, out, version=__version__, footer=footer)
    write_json(
        out / "summary.json",
        [
            asdict(one)
            | {"ratio": None if one.missing else one.ratio, "agrees": one.agrees}
            | ({"ours": None, "theirs": None} if one.missing else {})
            for one in truths
        ],
    )
    table = Table(*COLUMNS[:6])
    for row in truth_rows(truths):
        table.add_row(*row[:6])
    console.print(table)
    console.print(f"written to {page}", highlight=False)
    if any(one.agrees is False for one in truths):
        raise typer.Exit(1)
