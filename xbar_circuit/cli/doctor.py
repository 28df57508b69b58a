"""``xbar doctor``: what this machine can do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from xbar_circuit import __version__
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.doctor import examine

__all__ = ["doctor"]

_STYLE = {"good": "green", "limited": "yellow", "bad": "bold red"}


@one_shot
def doctor(
    out: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
) -> None:
    """Show which ngspice is used and what it can do; exit code 1 if something is broken."""
    console = SafeConsole()
    with SafeConsole(stderr=True).status("looking"):
        findings = list(examine())
    table = Table("", "what", "found", title=f"xbar_circuit {__version__}", title_justify="left")
    for finding in findings:
        style = _STYLE[finding.state]
        text = finding.text + (f"\n-> {finding.remedy}" if finding.remedy else "")
        table.add_row(
            Text(finding.state, style=style), Text(finding.name), Text(text, overflow="fold")
        )
    console.print(table)
    if out is not None:
        write_json(out / "summary.json", {"findings": [asdict(finding) for finding in findings]})
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)


doctor.folder_on_request = True  # type: ignore[attr-defined]  # for --json, one that is not kept
