"""The page of a design-space study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xbar_circuit.architecture import preset
from xbar_circuit.network.metrics import find_metric
from xbar_circuit.network.workload import FASHION_MNIST
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.sweep.design import Design, best_designs, worth
from xbar_circuit.units import duration, engineering

__all__ = ["design_table", "write_design_page"]


def design_table(designs: Sequence[Design]) -> Table:
    """Return all designs, the best first; a star marks those that nothing beats."""
    best = best_designs(designs)
    metric = find_metric(designs[0].metric)
    return Table(
        columns=[
            *("tile", "bits", "devices", metric.name, "95 % over samples"),
            *("energy", "latency", "tiles", "best"),
        ],
        rows=[
            [
                f"{one.tile} x {one.tile}",
                str(one.bits),
                str(one.devices),
                metric.text(one.score),
                f"{metric.text(one.low)} to {metric.text(one.high)}",
                engineering(one.joule, "J"),
                engineering(one.latency_second, "s"),
                str(one.tiles),
                "*" if one in best else "",
            ]
            for one in sorted(designs, key=lambda d: (-worth(d), d.joule))
        ],
        caption=f"A star: no other design has as good a value of {metric.name} for less energy.",
    )


def write_design_page(
    designs: Sequence[Design],
    folder: Path,
    *,
    fixed: Mapping[str, Any],
    seeds: int,
    footer: str,
) -> Path:
    """Write ``index.html`` next to ``design.png`` and return its path.

    Parameters
    ----------
    designs
        At least one.
    folder
        Where the figure is.
    fixed
        What was the same in all of them.
    seeds
        Chips of each.
    footer
        How to make the page again.
    """
    path = folder / "index.html"
    best = best_designs(designs)
    top, least, metric = best[-1], best[0], find_metric(best[0].metric)
    architecture = preset(str(fixed["run.architecture"]))
    write_page(
        path,
        title="Design space",
        lead=f"{fixed['network']} on {fixed.get('data', FASHION_MNIST)}, {fixed['images']} images,"
        f" {seeds} {'chip' if seeds == 1 else 'chips'} of every design,"
        f" {duration(float(fixed['seconds']))} after programming.",
        key_numbers={
            f"best {metric.name}": metric.text(top.score),
            "energy of the best": engineering(top.joule, "J"),
            "lowest energy": engineering(least.joule, "J"),
            f"{metric.name} at the lowest energy": metric.text(least.score),
        },
        sections=[
            Section(
                title=f"{metric.name.capitalize()} against energy",
                figures=[
                    Figure(
                        path=folder / "design.png",
                        caption="Energy of one image; the line joins the designs that nothing"
                        " beats.",
                    )
                ],
                tables=[design_table(designs)],
            ),
            Section(
                title="What was the same",
                tables=[
                    Table(
                        columns=["parameter", "value"],
                        rows=[[name, str(value)] for name, value in fixed.items()],
                    )
                ],
            ),
            Section(
                title="Assumptions of the cost",
                paragraphs=[f"Source: {architecture.source}.", *architecture.assumptions],
            ),
        ],
        footer=footer,
    )
    return path
