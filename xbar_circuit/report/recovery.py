"""The page and the summary of wire-aware programming."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from xbar_circuit.network.intervals import chips_intervals
from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import chips_words, share_words
from xbar_circuit.studies.network.recovery import Recovery, RecoveryPoint

__all__ = ["recovery_summary", "recovery_table", "write_recovery_page"]


def recovery_summary(recovery: Recovery) -> dict[str, Any]:
    """Return the study as plain data."""
    return {
        "digital_accuracy": recovery.digital_accuracy,
        "images": recovery.images,
        "points": [_plain(point, recovery.images) for point in recovery.points],
        "limit_ohm_as_mapped": recovery.limit_ohm(aware=False),
        "limit_ohm_wire_aware": recovery.limit_ohm(aware=True),
    }


def _plain(point: RecoveryPoint, images: int) -> dict[str, Any]:
    plain: dict[str, Any] = asdict(point)
    for name, value, chips in (
        ("mapped", point.mapped, point.mapped_by_chip),
        ("aware", point.aware, point.aware_by_chip),
    ):
        intervals = chips_intervals(chips, images)
        plain |= {name: value} | {f"{name}_{key}": ends for key, ends in intervals.items()}
    return plain


def write_recovery_page(
    recovery: Recovery, folder: Path, *, network: str, picture: Path, footer: str
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
    limits = {
        f"less than 1 point lost, {name}": _limit(recovery, aware=aware)
        for name, aware in (("as mapped", False), ("wire-aware", True))
    }
    write_page(
        path,
        title="Wire-aware programming",
        lead=f"{network}: conductances chosen so that the array with its wires realises the target"
        " matrix, compared with conductances as mapped.",
        key_numbers={"digital": _percent(recovery.digital_accuracy), **limits},
        sections=[
            Section(
                title="What it recovers, and where it saturates",
                paragraphs=[
                    "The error of the weights stays below the tolerance of the iteration as long as"
                    " the devices have range left: each column is scaled down until its hardest"
                    " device fits, and its output is scaled up digitally. What the wires cost then"
                    " is signal. Converters, programming errors and noise count more for a weaker"
                    " signal, and this is where the recovered accuracy saturates and falls.",
                    f"Each chip is made twice from the same random numbers and judged on"
                    f" {recovery.images:,} images; in brackets the 95 % interval over the images."
                    " Bars are those of the mean over the chips, or over the images of one chip.",
                ],
                figures=[
                    Figure(
                        path=picture,
                        caption="Rows and columns have the same resistance per segment.",
                    )
                ],
                tables=[recovery_table(recovery)],
            )
        ],
        footer=footer,
    )
    return path


def recovery_table(recovery: Recovery) -> Table:
    """Return one row for each resistance."""
    return Table(
        columns=[
            *("ohm", "mapped", "over chips", "aware", "over chips"),
            *("error mapped", "error aware"),
            *("signal", "weakest", "clipped"),
        ],
        rows=[
            [
                f"{p.ohm:g}",
                share_words(p.mapped_by_chip, recovery.images, digits=1),
                chips_words(p.mapped_by_chip),
                share_words(p.aware_by_chip, recovery.images, digits=1),
                chips_words(p.aware_by_chip),
                f"{p.error_mapped:.1e}",
                f"{p.error_aware:.1e}",
                f"{p.signal:.3f}",
                f"{p.least_signal:.3f}",
                f"{100 * p.clipped:.2f} %",
            ]
            for p in recovery.points
        ],
    )


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _limit(recovery: Recovery, *, aware: bool) -> str:
    limit = recovery.limit_ohm(aware=aware)
    if limit is None:
        return "nowhere"
    beyond = "or more" if limit == recovery.points[-1].ohm else ""
    return f"to {limit:.2g} ohm {beyond}".strip()
