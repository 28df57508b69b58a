"""The page and the summary of the language study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xbar_circuit.network.intervals import Estimate
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.network.language import LanguageStudy

__all__ = ["language_summary", "language_table", "write_language_page"]


def language_summary(study: LanguageStudy) -> dict[str, Any]:
    """Return the study as plain data."""
    return {
        "characters": study.characters,
        "weights": study.weights,
        "digital_bits_per_character": {n: e.to_dict() for n, e in study.digital.items()},
        "points": [
            {
                "network": point.network,
                "placement": point.placement,
                "age": point.age,
                "bits_per_character": point.bits.to_dict(),
                "relative_to_digital": point.relative.to_dict(),
                "chips": list(point.chips),
            }
            for point in study.points
        ],
        "costs_of_a_character": {n: cost.to_dict() for n, cost in study.costs.items()},
        "prompt": study.prompt,
        "texts": dict(study.texts),
    }


def language_table(study: LanguageStudy) -> Table:
    """Return one row for each network and placement, one column for each age."""
    ages = list(dict.fromkeys(point.age for point in study.points))
    pairs = list(dict.fromkeys((point.network, point.placement) for point in study.points))
    return Table(
        columns=["network", "placement", "digital", *ages],
        rows=[
            [
                network.replace("_", "-"),
                placement,
                f"{study.digital[network].value:.3f}",
                *(_both(study, network, placement, age) for age in ages),
            ]
            for network, placement in pairs
        ],
        caption="Bits per character, and how much more than digital, with its 95 % interval.",
    )


def write_language_page(
    study: LanguageStudy, folder: Path, *, picture: Path, lead: str, footer: str
) -> Path:
    """Write ``index.html`` and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    first, placement = next(iter(study.digital)), study.points[0].placement
    ages = list(dict.fromkeys(point.age for point in study.points))
    fresh, old = (study.point(first, placement, age) for age in (ages[0], ages[-1]))
    key = {
        "digital": f"{study.digital[first].value:.3f} bits per character",
        f"chip after {ages[0]}": _more(fresh.relative),
        f"chip after {ages[-1]}": _more(old.relative),
    }
    cost = study.costs.get(placement)
    if cost is not None:
        key["energy"] = f"{1e6 * cost.total_joule:.2f} uJ per character"
    sections = [
        Section(
            title="Bits per character",
            paragraphs=[
                f"{study.characters:,} characters of the test chapters, each after at least half"
                " a context. Both networks share most of their training; one then saw noise on its"
                " weights, the other none. All placements judge the same characters, so the"
                " difference between chip and digital is known far better than either of them.",
            ],
            figures=[
                Figure(path=picture, caption="Over the age of the chips; energy by component.")
            ],
            tables=[language_table(study)],
        )
    ]
    if study.texts:
        sections.append(
            Section(
                title="Generated text",
                paragraphs=[
                    "All are sampled with the same random numbers, so networks that agree write the"
                    " same text. Keys and values of earlier characters are cached.",
                ],
                tables=[
                    Table(
                        columns=["network", "text"],
                        rows=[[who, f"{study.prompt}{text}"] for who, text in study.texts.items()],
                    )
                ],
            )
        )
    if study.costs:
        sections.append(_cost_section(study))
    write_page(
        folder / "index.html",
        title="Language on the array",
        lead=lead,
        key_numbers=key,
        sections=sections,
        footer=footer,
    )
    return folder / "index.html"


def _cost_section(study: LanguageStudy) -> Section:
    """Return energy by component, and what it assumes."""
    one = next(iter(study.costs.values()))
    return Section(
        title="Energy per character",
        paragraphs=[
            "One character after a full context: every layer multiplies once. The products of"
            " queries, keys and values are digital, in float32 as they were computed, keys and"
            " values read from a buffer; digital layers are 8-bit integers.",
            *one.assumptions,
        ],
        tables=[
            Table(
                columns=["placement", *one.joule, "total [uJ]", "tiles"],
                rows=[
                    [
                        name,
                        *(f"{1e6 * value:.3f}" for value in cost.joule.values()),
                        f"{1e6 * cost.total_joule:.3f}",
                        str(cost.tiles),
                    ]
                    for name, cost in study.costs.items()
                ],
            )
        ],
    )


def _both(study: LanguageStudy, network: str, placement: str, age: str) -> str:
    point = study.point(network, placement, age)
    return f"{point.bits.value:.3f} ({_more(point.relative)})"


def _more(relative: Estimate) -> str:
    reach = 50.0 * (relative.high - relative.low)
    return f"{100.0 * (relative.value - 1.0):+.2f} +/- {reach:.2f} %"
