"""The cost of an inference, beside published chips."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.network.cost import COMPONENTS, Cost
from xbar_circuit.network.technology import CHIPS
from xbar_circuit.report import Figure, Section, Table
from xbar_circuit.units import engineering

__all__ = ["cost_section"]


def cost_section(cost: Cost, folder: Path) -> Section:
    """Return the section; ``cost.png`` must be in `folder`."""
    total = cost.total_joule
    copies = sum(layer.copies > 1 for layer in cost.layers)
    return Section(
        title="Energy, time, area",
        paragraphs=[
            "Every layer has tiles of its own and all of a layer's tiles work at once; layers form"
            f" a pipeline over images; {copies or 'no'} layers are copied. A product takes"
            f" {engineering(cost.technology.cycle_seconds, 's')}. The arrays' energy comes from the"
            " exact row currents on real inputs; the rest is counted. Assumptions:"
            f" {cost.technology.source}.",
            "Published figures are for arrays that are full and always busy. Here a weight takes"
            " two columns (on the HERMES core both signs share one), layers do not fill their"
            " tiles, and a tile waits while others work: our figures are lower by these factors.",
        ],
        tables=[
            Table(
                columns=["", "energy of an image", "share"],
                rows=[
                    [part, engineering(cost.joule[part], "J"), f"{cost.joule[part] / total:.1%}"]
                    for part in COMPONENTS
                ]
                + [["together", engineering(total, "J"), "100 %"]],
            ),
            Table(
                columns=["", "TOPS", "TOPS/W", "TOPS/mm2", "source"],
                rows=[
                    [
                        "this network",
                        f"{cost.tops:.3g}",
                        f"{cost.tops_per_watt:.3g}",
                        f"{cost.tops_per_mm2:.3g}",
                        f"{engineering(cost.latency_seconds, 's')} an image,"
                        f" {cost.images_per_second:,.0f} images/s",
                    ]
                ]
                + [
                    [
                        f"{chip.name}, {chip.array}",
                        *(
                            "-" if value is None else f"{value:g}"
                            for value in (chip.tops, chip.tops_per_watt, chip.tops_per_mm2)
                        ),
                        chip.source,
                    ]
                    for chip in CHIPS
                ],
                caption="Two operations for each multiply-accumulate.",
            ),
        ],
        figures=[Figure(path=folder / "cost.png", caption="Where energy and time go.")],
    )
