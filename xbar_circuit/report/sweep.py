"""The page of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.sweep import SweepPlan

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep_tables", "write_sweep_page"]

_MOST_LINES = 60  # of the study file
_SHOWN = 200  # rows of the table; the CSV file has all


def write_sweep_page(
    plan: SweepPlan,
    dataset: xr.Dataset,
    outcomes: Sequence[ItemOutcome],
    folder: Path,
    *,
    footer: str,
) -> Path:
    """Write ``index.html`` into `folder` and return its path; ``sweep.png`` must be there."""
    path = folder / "index.html"
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    points = " x ".join(f"{size} {name}" for name, size in plan.dimensions.items())
    figures = [
        Figure(
            path=folder / "sweep.png",
            caption="Mean over the seeds; bars are one standard deviation.",
        )
    ]
    sections = [
        Section(
            title="Results",
            figures=figures if (folder / "sweep.png").exists() else [],
            tables=[sweep_tables(dataset)],
        )
    ]
    if failed:
        rows = [
            [outcome.item.name, outcome.failure.kind, outcome.failure.message]
            for outcome in failed
            if outcome.failure is not None
        ]
        sections.append(
            Section(
                title="Failures",
                tables=[Table(columns=["point", "error", "message"], rows=rows)],
            )
        )
    configuration = Table(
        columns=["setting", "value"],
        rows=[
            [name, str(value)] for name, value in dataset.attrs.items() if name != "configuration"
        ],
    )
    sections.append(
        Section(
            title="Made with",
            tables=[configuration],
            code="\n".join(plan.text.splitlines()[:_MOST_LINES]),
        )
    )
    write_page(
        path,
        title=f"Sweep: {plan.name}",
        lead=f"{plan.function_name} over {points}.",
        key_numbers={"points": f"{len(outcomes):,}", "failures": f"{len(failed):,}"},
        sections=sections,
        footer=footer,
    )
    return path


def sweep_tables(dataset: xr.Dataset, *, spread: bool = True) -> Table:
    """Return one row for each point: mean and, if asked, standard deviation over the seeds."""
    names = [
        str(name)
        for name, variable in dataset.data_vars.items()
        if name != "computing_seconds" and variable.dtype.kind == "f"
    ]
    dimensions = [str(name) for name in dataset.sizes if name != "seed"]
    labels = [name for name in map(str, dataset.coords) if name != "seed"]
    shape = [dataset.sizes[name] for name in dimensions]
    rows: list[list[str]] = []
    for index in list(np.ndindex(*shape))[:_SHOWN]:
        place = dict(zip(dimensions, index, strict=True))
        row = []
        for label in labels:
            value = dataset[label].to_numpy()[place[str(dataset[label].dims[0])]]
            row.append(f"{value:g}" if np.issubdtype(type(value), np.number) else str(value))
        for name in names:
            values = dataset[name].isel(place).to_numpy()
            values = values[~np.isnan(values)]
            text = "failed" if values.size == 0 else f"{values.mean():.4g}"
            wide = spread and values.size > 1 and values.std() > 0.0
            row.append(text + (f" ± {values.std():.1g}" if wide else ""))
        rows.append(row)
    total = int(np.prod(shape))
    caption = f"The first {_SHOWN} of {total} points." if total > _SHOWN else ""
    return Table(columns=[*labels, *names], rows=rows, caption=caption)
