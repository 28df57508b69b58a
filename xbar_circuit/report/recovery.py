"""The page and the summary of wire-aware programming."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.network.recovery import Recovery

__all__ = ["recovery_summary", "recovery_table", "write_recovery_page"]


def recovery_summary(recovery: Recovery) -> dict[str, Any]:
    """Return the study as plain data."""
    return {
        "digital_accuracy": recovery.digital_accuracy,
        "points": [asdict(point) for point in recovery.points],
        "limit_ohm_as_mapped": recovery.limit_ohm(aware=False),
        "limit_ohm_wire_aware": recovery.limit_ohm(aware=True),
    }


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
                    "Each chip is made twice from the same random numbers; bars are one standard"
                    " deviation over the chips.",
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
            *("ohm", "mapped", "aware", "error mapped", "error aware"),
            *("signal", "weakest", "clipped"),
        ],
        rows=[
            [
                f"{p.ohm:g}",
                _percent(p.mapped),
                _percent(p.aware),
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
