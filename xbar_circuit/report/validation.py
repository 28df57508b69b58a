"""The page of truths from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xbar_circuit.report import Section, Table, write_page
from xbar_circuit.studies._truth import Truth

__all__ = ["COLUMNS", "truth_rows", "write_validation_page"]

COLUMNS = ("what", "ours", "theirs", "ratio", "verdict", "source", "command")
_NOT_RUN = (
    "CrossSim is not on the package index, so it is not run: what its DFT tutorial prints stands"
    " for it.",
    "aihwkit's package index has wheels for some Pythons only. Without one its noise models, which"
    " are Python over torch, run from the unpacked source archive (--aihwkit FOLDER); its compiled"
    " tiles are not run.",
)


def truth_rows(truths: Sequence[Truth]) -> list[tuple[str, ...]]:
    """Return the rows of the table."""
    return [
        (
            one.what,
            "-" if one.missing else f"{one.ours:.6g} {one.unit}",
            "-" if one.missing else f"{one.theirs:.6g} {one.unit}",
            "-" if one.missing else f"{one.ratio:.9g}",
            _verdict(one),
            one.source,
            one.command,
        )
        for one in truths
    ]


def _verdict(one: Truth) -> str:
    if one.missing:
        return one.missing
    if one.agrees:
        return f"agrees, to {one.tolerance:.2g}"
    return f"differs; {one.shortfall}" if one.shortfall else f"differs, to {one.tolerance:.2g}"


def write_validation_page(truths: Sequence[Truth], folder: Path, *, footer: str = "") -> Path:
    """Write ``index.html``; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    ran = [one for one in truths if not one.missing]
    write_page(
        page,
        title="Comparison with independent references",
        lead="Results of other simulators, textbooks and papers, compared with ours.",
        key_numbers={
            "agree": f"{sum(bool(one.agrees) for one in ran)} of {len(ran)}",
            "not run": str(len(truths) - len(ran)),
        },
        sections=[
            Section(title="Numbers", tables=[Table(columns=COLUMNS, rows=truth_rows(truths))]),
            Section(title="What was not run", paragraphs=_NOT_RUN),
        ],
        footer=footer,
    )
    return page
