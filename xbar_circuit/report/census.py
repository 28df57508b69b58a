"""The page of what a network is made of."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.network.census import Census
from xbar_circuit.report import Section, Table, write_page

__all__ = ["write_census_page"]

_PLACES = {
    "tiles": "On tiles",
    "digital": "Digital",
    "reference": "Digital, by ONNX's reference",
    "missing": "Missing",
}


def write_census_page(found: Census, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` in `folder` and return its path."""
    path = folder / "index.html"
    sections = []
    for place, title in _PLACES.items():
        rows = [row for row in found.rows if row.place == place]
        if rows:
            table = Table(
                columns=("operator", "count", "weights", "products", "share"),
                rows=[
                    (
                        row.kind,
                        f"{row.count}",
                        f"{row.weights:,}" if row.weights else "",
                        f"{row.macs:,}" if row.macs else "",
                        f"{100 * row.macs / found.macs:.1f} %" if row.macs else "",
                    )
                    for row in rows
                ],
            )
            sections.append(Section(title=title, tables=[table]))
    shapes = "; ".join(f"{name} {shape}" for name, shape in found.shapes.items())
    lead = (
        f"Unsupported: {', '.join(found.missing)}: the network cannot run until it is replaced."
        if found.missing
        else f"{100 * found.tile_share:.1f} % of the multiply-accumulates run on tiles."
    )
    write_page(
        path,
        title=f"Check: {found.source or 'a network'}",
        lead=lead,
        sections=sections,
        key_numbers={
            "weights on tiles": f"{found.weights:,}",
            "weights that stay digital": f"{sum(found.digital_weights.values()):,}",
            "multiply-accumulates": f"{found.macs:,}",
            "inputs": shapes or "-",
        },
        footer=footer,
    )
    return path
