"""From a plan to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from xbar_circuit._files import write_json, write_text
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.runs.runner import run_items
from xbar_circuit.studies.sweep.dataset import need_xarray, to_dataset, write_csv, write_netcdf
from xbar_circuit.studies.sweep.plan import SweepPlan

__all__ = ["run_sweep"]


def run_sweep(
    plan: SweepPlan,
    folder: Path,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
) -> tuple[ItemOutcome, ...]:
    """Compute every point of a plan and write the results into a folder.

    ``items/`` holds the finished points, from which an interrupted sweep resumes;
    ``results.nc``, ``results.csv``, ``failures.json`` and ``study.toml`` are written at the end.

    Parameters
    ----------
    plan
        What to compute.
    folder
        Where to.
    executor, workers, progress
        As in `run_items`.

    Raises
    ------
    ModelFileError
        xarray, h5netcdf or h5py is missing.
    ParameterError
        The study function did not return numbers by name.
    XbarError
        A result cannot be written.
    """
    need_xarray()
    outcomes = run_items(
        plan.function,
        plan.items(),
        executor=executor,
        workers=workers,
        folder=folder / "items",
        progress=progress,
        input_files=plan.files,
    )
    write_csv(plan, outcomes, folder / "results.csv")
    write_netcdf(to_dataset(plan, outcomes), folder / "results.nc")
    write_text(folder / "study.toml", plan.text or f"# {json.dumps(dict(plan.fixed))}\n")
    failures = [
        {
            "name": outcome.item.name,
            "kind": outcome.failure.kind,
            "message": outcome.failure.message,
            "trace": outcome.failure.trace,
        }
        for outcome in outcomes
        if outcome.failure is not None
    ]
    write_json(folder / "failures.json", failures)
    return outcomes
