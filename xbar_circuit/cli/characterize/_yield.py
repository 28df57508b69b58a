"""``xbar characterize converter sar --samples 100``: a Monte Carlo study of a converter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xbar_circuit._files import write_json
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.peripherals import Converter
from xbar_circuit.plots.periphery import draw_yield
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies import ConverterYield, converter_yield

__all__ = ["measure_yield"]

Rows = list[tuple[str, str]]


def measure_yield(
    converter: Converter,
    *,
    mismatch: Mapping[str, float],
    samples: int,
    noise: bool,
    engine: str,
    workers: int,
    seed: int,
    out: Path,
) -> tuple[str, Rows, Path]:
    """Measure, write JSON, figure and page; return the report's name, the table and the page."""
    with progress_bar(transient=True) as bar:
        found = converter_yield(
            converter,
            mismatch=mismatch,
            samples=samples,
            seed=seed,
            noise=noise,
            engine=engine,
            workers=workers,
            folder=out,
            progress=lambda _: bar.add("samples", 1, samples),
        )
    picture = out / "characterize.png"
    draw_yield(found, picture)
    rows = _rows(found)
    footer = made_by("27 C", f"{samples} samples", f"seed {seed}")
    page = out / "index.html"
    write_page(
        page,
        title=found.name,
        lead=f"Drawn with {', '.join(f'{key} = {value:g}' for key, value in mismatch.items())},"
        f" engine: {engine}.",
        key_numbers={"yield": f"{100 * found.yield_share:.1f} %"},
        sections=[
            Section(
                title="Spread",
                tables=[Table(columns=("", "value"), rows=rows)],
                figures=[Figure(path=picture, caption="INL, DNL, their worst, effective bits")],
            )
        ],
        footer=footer,
    )
    write_json(out / "summary.json", found.to_dict() | {"provenance": footer})
    return found.name, rows, page


def _rows(found: ConverterYield) -> Rows:
    def spread(name: str, unit: str, scale: float = 1.0) -> str:
        values = scale * found.figures[name]
        low, middle, high = np.percentile(values, [2.5, 50.0, 97.5])
        return f"{middle:.3g} {unit} ({low:.3g} to {high:.3g})"

    return [
        (
            f"yield, INL and DNL within {found.limit_lsb:g} LSB",
            f"{100 * found.yield_share:.1f} +/- {100 * found.yield_half_width:.1f} %",
        ),
        ("largest INL, median (95 %)", spread("worst_inl_lsb", "LSB")),
        ("largest DNL, median (95 %)", spread("worst_dnl_lsb", "LSB")),
        ("offset, median (95 %)", spread("offset_lsb", "LSB")),
        ("gain error, median (95 %)", spread("gain_error", "%", 100.0)),
        ("ENOB, median (95 %)", spread("enob", "bit")),
        ("SFDR, median (95 %)", spread("sfdr_db", "dB")),
        ("samples that failed", "; ".join(found.failures) or "none"),
    ]
