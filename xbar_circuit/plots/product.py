"""The figure of a product's cost, compared with the HERMES core."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies import ProductReport
from xbar_circuit.tile import HERMES_CORE

__all__ = ["draw_product"]

_CORE = 256 * 256
_COLOURS = (*COLOURS, "#b0b7bc", "#7a5c00")


def draw_product(report: ProductReport, path: Path) -> None:
    """Draw the energy and the area of a product by component.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    share = report.rows * report.outputs / _CORE
    with figure(1, 2, width=10.5, height=4.0) as (page, (energy, area)):
        for axes, parts, published, scale, unit in (
            (energy, report.energy_joule, HERMES_CORE["energy_joule"], 1e9, "energy [nJ]"),
            (area, report.area_square_metre, HERMES_CORE["area_square_metre"], 1e6, "area [mm2]"),
        ):
            bottom = 0.0
            for name, value in parts.items():
                colour = _COLOURS[list(report.energy_joule).index(name) % len(_COLOURS)]
                axes.bar(report.name, scale * value, bottom=bottom, color=colour, label=name)
                bottom += scale * value
            core = "HERMES core" if share == 1.0 else "HERMES core,\nby weights"
            axes.bar(core, scale * published * share, color="#8a949c", label="published")
            axes.set(ylabel=unit)
        handles, labels = energy.get_legend_handles_labels()
        page.legend(handles, labels, loc="outside right center", fontsize=8)
        energy.set_title("Energy of a product")
        area.set_title("Area, published densities")
        save(page, path)
