"""The page of a product's cost."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies import ProductReport
from xbar_circuit.tile import HERMES_CORE
from xbar_circuit.units import engineering

__all__ = ["PRODUCT_COLUMNS", "product_rows", "write_product"]

PRODUCT_COLUMNS = ("component", "energy", "share", "area")


def product_rows(report: ProductReport) -> list[tuple[str, ...]]:
    """Return energy and area by component, and the HERMES core."""
    rows: list[tuple[str, ...]] = []
    for name, joule in report.energy_joule.items():
        area = report.area_square_metre.get(name)
        rows.append(
            (
                name,
                engineering(joule, "J"),
                f"{100 * joule / report.total_joule:.1f} %",
                "not counted" if area is None else f"{area * 1e6:.3g} mm2",
            )
        )
    whole = report.whole_area_square_metre * 1e6
    known = sum(report.area_square_metre.values()) * 1e6
    core = HERMES_CORE
    return [
        *rows,
        (
            f"all; {engineering(report.latency_second, 's')}, {report.tops_per_watt:.3g} TOPS/W",
            engineering(report.total_joule, "J"),
            "100 %",
            f"{known:.3g} mm2; {whole:.3g} mm2 at HERMES's density",
        ),
        (
            "programming of all devices, once",
            engineering(report.programming_joule, "J"),
            "",
            "",
        ),
        (
            f"HERMES core, 256 x 256; {engineering(core['latency_second'], 's')}, 10.5 TOPS/W",
            engineering(core["energy_joule"], "J"),
            "",
            f"{core['area_square_metre'] * 1e6:.3g} mm2",
        ),
    ]


def write_product(report: ProductReport, folder: Path, *, picture: Path, footer: str = "") -> Path:
    """Write ``index.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    write_page(
        page,
        title=f"A product of {report.name}",
        lead=f"{report.rows} inputs, {report.outputs} outputs;"
        f" circuits {'measured in ngspice' if report.measured else 'by their formulas'}.",
        key_numbers={
            "energy": engineering(report.total_joule, "J"),
            "time": engineering(report.latency_second, "s"),
            "efficiency": f"{report.tops_per_watt:.3g} TOPS/W",
        },
        sections=[
            Section(
                title="By component",
                tables=[Table(columns=PRODUCT_COLUMNS, rows=product_rows(report))],
                figures=[Figure(path=picture, caption="Energy and area, and the HERMES core")],
            ),
            Section(title="Assumptions", paragraphs=report.assumptions),
        ],
        footer=footer,
    )
    return page
