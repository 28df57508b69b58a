"""The page of an inference's cost."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.accelerator._layer_cost import COMPONENTS
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.architecture import PUBLISHED
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.units import engineering

__all__ = ["cost_components", "cost_sections", "write_cost_page"]


def write_cost_page(cost: Cost, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` next to the figures in `folder` and return its path."""
    path = folder / "index.html"
    write_page(
        path,
        title="What an inference costs",
        lead=f"{cost.network_name or 'A network'} on {cost.tiles} tiles of"
        f" {cost.accelerator.rows} x {cost.accelerator.cols}, {cost.periphery.name}.",
        key_numbers={
            "energy": engineering(cost.total_joule, "J"),
            "latency": engineering(cost.latency_second, "s"),
            "efficiency": f"{cost.tops_per_watt:.3g} TOPS/W",
            "one full tile": f"{cost.full_tile['tops_per_watt']:.3g} TOPS/W",
        },
        sections=cost_sections(cost, folder),
        footer=footer,
    )
    return path


def cost_sections(cost: Cost, folder: Path) -> list[Section]:
    """Return the sections; ``cost.png`` and ``chips.png`` must be in `folder`."""
    caption = "Energy of each layer by component; time of each stage of the pipeline."
    return [
        Section(
            title="Energy, time, area",
            tables=[cost_components(cost), _layers(cost)],
            figures=[Figure(path=folder / "cost.png", caption=caption)],
        ),
        Section(
            title="Compared with published chips",
            paragraphs=[
                "Chips are quoted at full use of every cell. A full tile of this model is"
                " comparable to them; the inference is not: its tiles are partly empty"
                f" ({100 * cost.utilisation:.0f} % of the cells hold a weight), tiles wait while"
                " others work, and it pays for digital work, buffers and wires between tiles."
            ],
            tables=[_chips(cost)],
            figures=[Figure(path=folder / "chips.png", caption="Efficiency.")],
        ),
        Section(
            title="Assumptions of the cost",
            paragraphs=[f"Source: {cost.periphery.source}.", *cost.assumptions],
        ),
    ]


def cost_components(cost: Cost) -> Table:
    """Return energy and area by component."""
    rows = []
    for name in COMPONENTS:
        joule, area = cost.joule[name], cost.area_square_metre.get(name)
        rows.append(
            [
                name,
                engineering(joule, "J"),
                f"{100 * joule / cost.total_joule:.1f} %",
                _area(area),
            ]
        )
    total = f"{cost.square_metre * 1e6:.4g} mm2" if cost.square_metre > 0.0 else "not known"
    rows.append(["all", engineering(cost.total_joule, "J"), "100 %", total])
    return Table(columns=["component", "energy", "share", "area"], rows=rows)


def _layers(cost: Cost) -> Table:
    rows = [
        [
            layer.load.name,
            f"{len(layer.load.tiles)}",
            f"{layer.replicas}",
            f"{layer.load.products:,}",
            f"{layer.load.macs:,}",
            engineering(layer.second, "s"),
            engineering(sum(layer.joule.values()), "J"),
        ]
        for layer in cost.layers
    ]
    columns = ["layer", "tiles", "replicas", "products", "MACs", "stage", "energy"]
    return Table(columns=columns, rows=rows)


def _chips(cost: Cost) -> Table:
    rows = [
        [
            chip.name,
            chip.array,
            _number(chip.tops),
            _number(chip.tops_per_watt),
            _number(chip.tops_per_mm2),
            chip.source,
        ]
        for chip in PUBLISHED
    ]
    size = f"{cost.accelerator.rows} x {cost.accelerator.cols}"
    peak = cost.full_tile
    rows.append(
        [
            "one full tile",
            size,
            _number(peak["tops"]),
            _number(peak["tops_per_watt"]),
            _number(peak.get("tops_per_mm2")),
            f"this model: {cost.periphery.name}",
        ]
    )
    rows.append(
        [
            "this inference",
            f"{cost.tiles} x {size}",
            _number(cost.tops),
            _number(cost.tops_per_watt),
            _number(cost.tops_per_mm2),
            "this model, pipeline full",
        ]
    )
    return Table(columns=["", "arrays", "TOPS", "TOPS/W", "TOPS/mm2", "source"], rows=rows)


def _area(area: float | None) -> str:
    if area is None:
        return "not counted"
    return "in another" if area == 0.0 else f"{area * 1e6:.4g} mm2"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
