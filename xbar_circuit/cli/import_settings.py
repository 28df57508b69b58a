"""``xbar import-settings``: another simulator's configuration as an accelerator file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit._files import write_json, write_text
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator._reference import settings_toml
from xbar_circuit.accelerator.imported import from_aihwkit, from_crosssim
from xbar_circuit.cli._options import Out
from xbar_circuit.cli._resuming import one_shot

__all__ = ["Simulator", "import_settings"]


class Simulator(StrEnum):
    """Whose configuration it is."""

    AIHWKIT = "aihwkit"
    CROSSSIM = "crosssim"


_READERS = {Simulator.AIHWKIT: from_aihwkit, Simulator.CROSSSIM: from_crosssim}


@one_shot
def import_settings(
    file: Annotated[
        Path, typer.Argument(help="JSON of an InferenceRPUConfig or of CrossSimParameters.")
    ],
    *,
    simulator: Annotated[Simulator, typer.Option(help="Which simulator the file is for.")],
    out: Out = Path("out/import-settings"),
) -> None:
    """Write an accelerator file from a configuration of aihwkit or CrossSim; list what was left."""
    made = _READERS[simulator](file)
    path = out / "accelerator.toml"
    head = (
        f"# From {file.name} ({simulator}) by xbar import-settings, xbar_circuit {__version__}.\n"
        "# For xbar infer --config, mapping, cost and the studies of xbar sweep.\n\n"
    )
    write_text(path, head + settings_toml(made.settings))
    write_json(
        out / "summary.json",
        {"simulator": simulator.value, "taken": dict(made.taken), "left": dict(made.left)},
    )
    table = Table(title=f"{file.name}: {len(made.taken)} keys taken, {len(made.left)} left")
    for column in ("key", "becomes"):
        table.add_column(column, overflow="fold")
    for key, meaning in made.taken.items():
        table.add_row(key, meaning)
    for key, value in made.left.items():
        table.add_row(key, f"not used: {value!r:.60}", style="yellow")
    console = SafeConsole()
    console.print(table)
    console.print(f"accelerator file: {path}", soft_wrap=True)
