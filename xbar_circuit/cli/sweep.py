"""``xbar sweep``: a study over a grid or a list of parameters, times seeds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as RichTable

from xbar_circuit import __version__
from xbar_circuit import _user_modules as user_modules
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Workers,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.errors import ModelFileError, XbarError
from xbar_circuit.plots.sweep import draw_sweep
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.sweep import sweep_tables, write_sweep_page
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep import SweepPlan, read_sweep_plan, run_sweep, to_dataset

__all__ = ["sweep"]


@draws()
@resumes
def sweep(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="TOML file that describes the study.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
    workers: Workers = None,
    dask: Annotated[
        str | None,
        typer.Option(
            help="Dask scheduler, in place of local processes: tcp://HOST:PORT or its file."
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="Installed module whose function the study may name; repeat for several."
        ),
    ] = None,
) -> Path:
    """Run a study over parameters and seeds; resumes where an earlier run stopped.

    Results are written to out/NAME, with the name of the study, unless --out is given.
    """
    refuse_idle(
        context, {} if dask is None else {"workers": "no --dask, whose cluster has its own,"}
    )
    console = SafeConsole()
    user_modules.look_in(study.resolve().parent)  # a study function of the user's own
    user_modules.allow(allow or ())
    plan = read_sweep_plan(study)
    folder = Path("out") / plan.name if out is None else out
    counts = {"found": 0, "failed": 0}
    with (
        progress_bar(counted=True) as bar,
        _executor(dask, plan) as executor,
    ):
        title = plan.name
        bar.expect(title, len(plan.items()))

        def tell(outcome: ItemOutcome) -> None:
            counts["found"] += outcome.restored
            counts["failed"] += outcome.failed
            note = f", {counts['failed']} failed" if counts["failed"] else ""
            bar.add(title)
            bar.rename(title, title + note)

        outcomes = run_sweep(plan, folder, executor=executor, workers=workers, progress=tell)
    dataset = to_dataset(plan, outcomes)
    write_json(folder / "summary.json", _summary(plan, outcomes))
    draw_sweep(dataset, folder / "sweep.png")
    page = write_sweep_page(
        plan,
        dataset,
        outcomes,
        folder,
        footer=made_by(),
    )
    content = sweep_tables(dataset, spread=False)
    table = RichTable(title=f"{title}: {len(outcomes)} points, mean over the seeds")
    fitting = max(3, console.width // 13)
    for k, column in enumerate(content.columns[:fitting]):
        name = column.rpartition(".")[2]
        table.add_column(name, justify="left" if k == 0 else "right", overflow="fold")
    for row in content.rows[:40]:
        table.add_row(*row[:fitting])
    console.print(table)
    if len(content.columns) > fitting or len(content.rows) > 40:
        console.print("more columns and rows are in results.csv")
    if counts["found"]:
        console.print(f"{counts['found']} of them reused from an earlier run")
    console.print(f"results: {folder / 'results.nc'}, {folder / 'results.csv'}, {page}")
    first = next((outcome for outcome in outcomes if outcome.failure is not None), None)
    if first is not None and first.failure is not None:
        raise XbarError(
            f"{counts['failed']} of {len(outcomes)} points failed, see {folder / 'failures.json'};"
            " run it again to retry them; the first,"
            f" {first.item.name}: {first.failure.kind}: {first.failure.message}"
        )
    return folder


def _summary(plan: SweepPlan, outcomes: Sequence[ItemOutcome]) -> dict[str, Any]:
    """Return the points of a sweep and what was found there, as plain data."""
    places = ((point, seed) for point in plan.swept() for seed in plan.seeds)
    return {
        "version": __version__,
        "study": plan.name,
        "points": [
            {
                "parameters": dict(point),
                "seed": seed,
                "found": outcome.value,
                "failure": outcome.failure and f"{outcome.failure.kind}: {outcome.failure.message}",
            }
            for (point, seed), outcome in zip(places, outcomes, strict=True)
        ],
    }


@contextmanager
def _executor(address: str | None, plan: SweepPlan) -> Iterator[Executor | None]:
    """Yield the executor of a Dask cluster that has the study's module, or None."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelFileError(
            f"--dask: got {error}, expected Dask; pip install 'xbar_circuit[sweep]'"
        ) from error
    where = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        client = Client(**where, timeout=20)
    except (OSError, ValueError) as error:
        raise XbarError(
            f"--dask: got no answer from {address} ({error}), expected a running scheduler; start"
            " one with: dask scheduler"
        ) from error
    module = sys.modules[plan.function.__module__]
    with client:
        if module.__name__.partition(".")[0] != "xbar_circuit" and module.__file__:
            _send(client, module.__file__)
        yield client.get_executor()


def _send(client: Any, path: str) -> None:
    """Give a cluster the module of a study, which is in a folder that it may not have."""
    try:
        client.upload_file(path)
    except Exception as error:
        raise XbarError(
            f"--dask: got {error!r} when the cluster imported {path}, expected a module that it can"
            " import; install what it needs on the cluster, or set PYTHONPATH for its workers"
        ) from error
