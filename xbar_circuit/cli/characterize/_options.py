"""Blocks of options that parts of ``xbar characterize`` share, and what they all end with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import SEED, Block, Celsius, Library, Samples, Seed, Workers
from xbar_circuit.cli.characterize._conditions import Conditions
from xbar_circuit.cli.characterize._subcircuit import own_subcircuit, pairs
from xbar_circuit.units import parse_spice

__all__ = ["CONDITIONS", "OWN_CIRCUIT", "tell"]


def _option(text: str) -> object:
    return Annotated[str, typer.Option(help=text)]


def _list(text: str) -> object:
    return Annotated[list[str] | None, typer.Option(help=f"{text}; repeat for several.")]


#: A circuit of the user's own: ``--subcircuit`` and what describes it.
OWN_CIRCUIT = Block(
    name="own",
    options={
        "subcircuit": (_option("Circuit of your own: FILE:NAME."), ""),
        "ports": (_option("Ports of that circuit: plus=inp,minus=inn,out=vout."), ""),
        "supplies": (_option("Supplies of that circuit [V]: vdd=1.1,vss=0."), ""),
        "library": (Library, None),
        "bias": (_option("Bias currents into its ports [A]: ibias=20u."), ""),
        "osdi": (_list("Verilog-A model that it uses, .va or .osdi"), None),
        "compatibility": (
            _option("Dialect of its files, ngspice's ngbehavior: hsa, psa, lta."),
            "",
        ),
        "accept": (
            _list("Setting in its files that may apply to the whole deck: scale or gmin"),
            None,
        ),
    },
    build=own_subcircuit,
)


def _conditions(
    *,
    celsius: list[float] | None,
    corner: list[str] | None,
    supply: list[str] | None,
    vary: str,
    samples: int,
    kit_samples: int,
    workers: int | None,
    seed: int,
) -> Conditions:
    return Conditions(
        celsius=celsius or [27.0],
        corners=corner or [],
        supplies=[
            {port: parse_spice(volt) for port, volt in pairs("--supply", text).items()}
            for text in supply or ()
        ],
        vary=vary,
        samples=samples,
        kit_samples=kit_samples,
        workers=workers or 2,
        seed=seed,
    )


#: Under which conditions a circuit is measured again.
CONDITIONS = Block(
    name="conditions",
    options={
        "celsius": (Celsius, None),
        "corner": (_list("Section of the model library"), None),
        "supply": (_list("Other supply voltages to measure at [V]: vdd=1.0"), None),
        "vary": (
            _option(
                "Mismatch to draw: PARAMETER=SIGMA,...; circuits of the package have their own."
            ),
            "",
        ),
        "samples": (Samples, 1),
        "kit_samples": (
            Annotated[
                int,
                typer.Option(
                    min=0, help="Samples of the model library's own Monte Carlo analysis."
                ),
            ],
            0,
        ),
        "workers": (Workers, None),
        "seed": (Seed, SEED),
    },
    build=_conditions,
)


def tell(console: SafeConsole, name: str, rows: list[tuple[str, str]], page: Path) -> None:
    """Print the table of a report, and where its page is."""
    shown = Table("figure of merit", "value", title=name)
    for what, value in rows:
        shown.add_row(what, value)
    console.print(shown)
    console.print(f"written to {page}", highlight=False)
