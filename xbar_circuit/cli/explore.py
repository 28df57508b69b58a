"""``xbar explore``: an array to play with, in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.report.explorer import serve

__all__ = ["explore"]


@one_shot
def explore(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open a page with sliders for size, wires, devices and inputs, and live maps."""
    console = SafeConsole()
    serve(
        port=port,
        show=browser,
        ready=lambda address: console.print(
            f"the page: {address} (only this machine can open it); stop with Ctrl-C",
            soft_wrap=True,
            highlight=False,
        ),
    )
