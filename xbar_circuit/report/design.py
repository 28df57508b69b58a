"""The page of a design-space study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xbar_circuit.architecture import preset
from xbar_circuit.network.workload import FASHION_MNIST
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.sweep.design import Design, best_designs
from xbar_circuit.units import duration, engineering

__all__ = ["design_table", "write_design_page"]


def design_table(designs: Sequence[Design]) -> Table:
    """Return all designs, the most accurate first; a star marks those that nothing beats."""
    best = best_designs(designs)
    return Table(
        columns=["tile", "bits", "devices", "accuracy", "energy", "latency", "tiles", "best"],
        rows=[
            [
                f"{one.tile} x {one.tile}",
                str(one.bits),
                str(one.devices),
                f"{100 * one.accuracy:.2f} %",
                engineering(one.joule, "J"),
                engineering(one.latency_second, "s"),
                str(one.tiles),
                "*" if one in best else "",
            ]
            for one in sorted(designs, key=lambda d: (-d.accuracy, d.joule))
        ],
        caption="A star: no other design is as accurate for less energy.",
    )


def write_design_page(
    designs: Sequence[Design],
    folder: Path,
    *,
    fixed: Mapping[str, Any],
    seeds: int,
    footer: str,
) -> Path:
    """Write ``index.html`` beside ``design.png`` and return its path.

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
    top, least = best[-1], best[0]
    architecture = preset(str(fixed["run.architecture"]))
    write_page(
        path,
        title="Design space",
        lead=f"{fixed['network']} on {fixed.get('data', FASHION_MNIST)}, {fixed['images']} images,"
        f" {seeds} {'chip' if seeds == 1 else 'chips'} of every design,"
        f" {duration(float(fixed['seconds']))} after programming.",
        key_numbers={
            "most accurate": f"{100 * top.accuracy:.2f} %",
            "for": engineering(top.joule, "J"),
            "most frugal": engineering(least.joule, "J"),
            "at": f"{100 * least.accuracy:.2f} %",
        },
        sections=[
            Section(
                title="Accuracy against energy",
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
