"""The pages of truths from outside: HTML for a run, Markdown for the documentation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from xbar_circuit._files import write_text
from xbar_circuit.report import Section, Table, write_page
from xbar_circuit.studies._truth import Truth

__all__ = ["COLUMNS", "truth_rows", "truths_page", "write_validation_page"]

COLUMNS = ("what", "ours", "theirs", "ratio", "verdict", "source", "command")
_NOT_RUN = (
    "CrossSim is not on the package index, so it is not run: what its DFT tutorial prints stands"
    " for it.",
    "aihwkit's package index has wheels for some Pythons only. Without one its noise models, which"
    " are Python over torch, run from the unpacked source archive (--aihwkit FOLDER); its compiled"
    " tiles are not run.",
)


_HEADS = {
    "vacask": "VACASK, a second circuit simulator",
    "badcrossbar": "badcrossbar, an array solver",
    "aihwkit": "aihwkit's own classes",
    "dft": "CrossSim's tutorial",
    "devices": "Published statistics of devices",
    "staircase": "Gradual SET of the compact cell",
    "circuits": "Closed forms of circuits",
    "chips": "Published chips",
}


def truths_page(groups: Mapping[str, Sequence[Truth]], *, version: str) -> str:
    """Return the documentation's page of a run, in Markdown: a table for each group."""
    measured = [one for truths in groups.values() for one in truths if not one.missing]
    lines = [
        "# Comparison with independent references",
        "",
        "Results of other simulators, textbooks and papers, compared with ours. This page"
        f" was written by `make truths` with version {version}:"
        f" {sum(bool(one.agrees) for one in measured)} of {len(measured)} agree.",
        "",
    ]
    for name, truths in groups.items():
        lines += [f"## {_HEADS.get(name, name)}", ""]
        lines += [_markdown_row(COLUMNS), _markdown_row(["---"] * len(COLUMNS))]
        lines += [_markdown_row((*row[:6], f"`{row[6]}`")) for row in truth_rows(truths)]
        lines.append("")
    return "\n".join([*lines, "## What was not run", "", "\n\n".join(_NOT_RUN), ""])


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def truth_rows(truths: Sequence[Truth]) -> list[tuple[str, ...]]:
    """Return the rows of the table."""
    return [
        (
            one.what,
            "-" if one.missing else f"{one.ours:.6g} {one.unit}",
            "-" if one.missing else f"{one.theirs:.6g} {one.unit}",
            "-" if one.missing else _ratio(one.ratio),
            _verdict(one),
            one.source,
            one.command,
        )
        for one in truths
    ]


def _ratio(ratio: float) -> str:
    """Return a ratio with as many digits as tell it from 1, three at least."""
    apart = abs(ratio - 1.0)
    digits = 3 if apart == 0.0 or not math.isfinite(apart) else 2 - math.floor(math.log10(apart))
    return f"{ratio:.{min(max(digits, 3), 9)}f}"


def _verdict(one: Truth) -> str:
    if one.missing:
        return one.missing
    return f"{'agrees' if one.agrees else 'differs'}, to {one.tolerance:.2g}"


def _section(name: str, truths: Sequence[Truth]) -> Section:
    """Return a group's section; a command that all its rows share is said once, above them."""
    commands = {one.command for one in truths}
    shared = len(commands) == 1
    columns = COLUMNS[:-1] if shared else COLUMNS
    return Section(
        title=_HEADS.get(name, name),
        paragraphs=[f"Command: {commands.pop()}"] if shared else [],
        tables=[Table(columns=columns, rows=[row[: len(columns)] for row in truth_rows(truths)])],
    )


def write_validation_page(
    groups: Mapping[str, Sequence[Truth]], folder: Path, *, version: str, footer: str = ""
) -> Path:
    """Write ``index.html``, and ``truths.md`` for the documentation; return the former's path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    truths = [one for group in groups.values() for one in group]
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
            *(_section(name, found) for name, found in groups.items()),
            Section(title="What was not run", paragraphs=_NOT_RUN),
        ],
        footer=footer,
    )
    write_text(folder / "truths.md", truths_page(groups, version=version))
    return page
