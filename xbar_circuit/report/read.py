"""The page, the summary and the tables of one read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._csv_text import csv_text
from xbar_circuit._files import write_text
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.result import ReadResult
from xbar_circuit.units import engineering, si_scale

__all__ = ["error_text", "mean_loss", "read_summary", "write_read_page", "write_read_tables"]

_TABLES = (
    "column_current",
    "row_voltage",
    "column_voltage",
    "device_current",
    "row_segment_current",
    "column_segment_current",
)
_SAMPLES = 8  # shown on the page; the files hold all


def read_summary(result: ReadResult, comparison: Mapping[str, float]) -> dict[str, Any]:
    """Return a read as plain data in SI units.

    Parameters
    ----------
    result
        The read.
    comparison
        Engine -> largest difference of its column currents, relative to the largest of them.
    """
    return {
        "rows": result.crossbar.rows,
        "cols": result.crossbar.cols,
        "engine": result.engine,
        "column_current": result.column_current,
        "mean_loss": mean_loss(result),
        "column_current_error": [
            [None if np.isnan(one) else one for one in row] for row in result.column_current_error
        ],
        "residual": result.residual,
        "difference": dict(comparison),
    }


def error_text(result: ReadResult) -> str:
    """Return the largest error bound of the column currents, relative to the largest of them."""
    bound, largest = result.column_current_error.max(), np.abs(result.column_current).max()
    if np.isnan(bound):
        return "not known for this cell"
    return f"{bound / largest:.1e} of the largest" if largest > 0.0 else f"{bound:.1e} A"


def write_read_tables(result: ReadResult, folder: Path) -> list[Path]:
    """Write one CSV file a quantity, headed by its unit and axes; return their paths.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    written = [folder / "column_current.csv"]
    write_text(written[0], _csv(["sample", "column", "column_current [A]"], result.column_current))
    for name, unit in (
        ("row_voltage", "V"),
        ("column_voltage", "V"),
        ("device_current", "A"),
        ("row_segment_current", "A"),
        ("column_segment_current", "A"),
    ):
        axes = {
            "row_segment_current": ("row", "segment"),
            "column_segment_current": ("segment", "column"),
        }
        heading = ["sample", *axes.get(name, ("row", "column")), f"{name} [{unit}]"]
        written.append(folder / f"{name}.csv")
        write_text(written[-1], _csv(heading, getattr(result, name)))
    return written


def write_read_page(
    result: ReadResult,
    folder: Path,
    *,
    picture: Path,
    comparison: Mapping[str, float],
    footer: str,
) -> Path:
    """Write ``index.html`` and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    path = folder / "index.html"
    loss = mean_loss(result)
    numbers = {
        "largest column current": engineering(float(np.abs(result.column_current).max()), "A"),
        "bound on the error of the column currents": error_text(result),
        **{f"difference from {name}": f"{value:.1e}" for name, value in comparison.items()},
    }
    if loss is not None:
        numbers = {"mean current lost to wires and terminals": f"{100 * loss:.3g} %"} | numbers
    batch = len(result.volts)
    shown = result.column_current[:_SAMPLES]
    scale, prefix = si_scale(float(np.abs(shown).max(initial=0.0)))
    cut = "" if batch <= _SAMPLES else f"The first {_SAMPLES} of {batch} inputs."
    write_page(
        path,
        title="Read of a crossbar",
        lead=f"{result.crossbar.rows} x {result.crossbar.cols} array, {batch} input"
        f" vector{'s' if batch > 1 else ''}, solved by {result.engine}.",
        key_numbers=numbers,
        sections=[
            Section(
                title="Maps of the first input",
                figures=[
                    Figure(
                        path=picture,
                        caption="Node voltages, device currents, and the current of every wire"
                        " segment.",
                    )
                ],
            ),
            Section(
                title="Column currents",
                paragraphs=[cut] if cut else [],
                tables=[
                    Table(
                        columns=["column", *(f"input {k} [{prefix}A]" for k in range(len(shown)))],
                        rows=[
                            [str(j), *(f"{value / scale:.4f}" for value in column)]
                            for j, column in enumerate(shown.T)
                        ],
                    )
                ],
            ),
            Section(
                title="All values",
                paragraphs=["Every quantity of every input, with its unit in the heading."],
                files=[*(f"{name}.csv" for name in _TABLES), "summary.json"],
            ),
        ],
        footer=footer,
    )
    return path


def mean_loss(result: ReadResult) -> float | None:
    """Return the share of the current that wires and terminals take; None without an ideal."""
    ideal = result.ideal_column_current
    if ideal is None or not np.abs(ideal).sum() > 0.0:
        return None
    return float(1.0 - np.abs(result.column_current).sum() / np.abs(ideal).sum())


def _csv(heading: list[str], values: FloatArray) -> str:
    places = np.ndindex(values.shape)
    return csv_text([heading, *([*place, repr(float(values[place]))] for place in places)])
