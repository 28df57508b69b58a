"""A sheet of a circuit over conditions and samples: the tables that all benches share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from xbar_circuit.report import Section, Table
from xbar_circuit.studies import Variation
from xbar_circuit.studies.readout.variations import spread_over
from xbar_circuit.units import engineering

__all__ = ["sheet_rows", "sheet_sections"]

_COLUMNS = ("", "nominal", "mean", "sigma of the samples", "least", "largest")
_UNITS = {
    "_volt": "V",
    "_ohm": "ohm",
    "_second": "s",
    "_joule": "J",
    "_watt": "W",
    "_hertz": "Hz",
    "_ampere": "A",
    "_lsb": "LSB",
}


def sheet_rows(
    merits: Mapping[str, float], variations: Sequence[Variation], *, condition: str | None = None
) -> list[tuple[str, ...]]:
    """Return (what, nominal, mean, sigma, least, largest) of each figure."""
    rows = []
    for merit, nominal in merits.items():
        what, write = _written(merit)
        spread = spread_over(variations, merit, condition=condition)
        shown = ["-" if value != value else write(value) for value in (nominal, *spread)]  # noqa: PLR0124  NaN
        rows.append((what, *shown))
    return rows


def sheet_sections(merits: Mapping[str, float], variations: Sequence[Variation]) -> list[Section]:
    """Return the sections of a page: over everything, then condition by condition."""
    if not variations:
        return []
    failed = [(f"{v.name}: {v.failure}",) for v in variations if v.failure]
    tables = [Table(columns=_COLUMNS, rows=sheet_rows(merits, variations))]
    sections = [
        Section(
            title="Corners, temperatures, supplies and mismatch",
            paragraphs=(
                "Sigma is that of drawn samples alone, within each condition; the range is that of"
                f" all {len(variations)}.",
            ),
            tables=[*tables, *([Table(columns=("failed",), rows=failed)] if failed else [])],
        )
    ]
    names = tuple(dict.fromkeys(variation.condition for variation in variations))
    for name in names if len(names) > 1 else ():
        rows = sheet_rows(merits, variations, condition=name)
        sections.append(Section(title=name, tables=[Table(columns=_COLUMNS, rows=rows)]))
    return sections


def _written(merit: str) -> tuple[str, Callable[[float], str]]:
    """Return the words for a figure and how its value is written."""
    for ending, unit in _UNITS.items():
        if merit.endswith(ending):
            words = merit.removesuffix(ending).replace("_", " ")
            if unit == "LSB":
                return words, lambda value: f"{value:.3g} LSB"
            return words, partial(engineering, unit=unit)
    if merit == "gain_error":
        return "gain error", lambda value: f"{100.0 * value:.3g} %"
    return merit.replace("_", " "), lambda value: f"{value:.4g}"
