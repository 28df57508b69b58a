"""``xbar characterize sense-amplifier``: offsets, hysteresis, kickback and noise of a latch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xbar_circuit.cli.characterize._amplifier import Conditions, measure_sense_amplifier
from xbar_circuit.cli.characterize._honoured import refuse_unused
from xbar_circuit.cli.characterize._options import (
    Accept,
    Bias,
    Celsius,
    Compatibility,
    Corner,
    KitSamples,
    Models,
    Osdi,
    Out,
    Ports,
    Samples,
    Seed,
    Subckt,
    Supplies,
    Vary,
    Workers,
    tell,
)
from xbar_circuit.cli.characterize._subcircuit import own_subcircuit

__all__ = ["sense_amplifier"]


def sense_amplifier(
    context: typer.Context,
    *,
    out: Out = Path("out/characterize"),
    common_mode_volt: Annotated[float, typer.Option(help="Of both inputs [V].")] = 0.3,
    clock: Annotated[str, typer.Option(help='"decides low" or "decides high".')] = "decides low",
    source_ohm: Annotated[float, typer.Option(help="Of the input, for its kickback [ohm].")] = 1e3,
    noise_decisions: Annotated[
        int, typer.Option(min=0, help="Counted for its noise; 0 measures none.")
    ] = 96,
    celsius: Celsius = None,
    corner: Corner = None,
    vary: Vary = "",
    samples: Samples = 48,
    kit_samples: KitSamples = 0,
    workers: Workers = 2,
    subcircuit: Subckt = "",
    ports: Ports = "",
    supplies: Supplies = "",
    models: Models = None,
    bias: Bias = "",
    osdi: Osdi = None,
    compatibility: Compatibility = "",
    accept: Accept = "",
    seed: Seed = 1,
) -> None:
    """Measure a clocked comparator, ours (StrongARM) or your own, over many drawn samples."""
    refuse_unused(context, samples=samples, kit_samples=kit_samples)
    own = own_subcircuit(
        subcircuit=subcircuit,
        ports=ports,
        supplies=supplies,
        models=models or [],
        bias=bias,
        osdi=osdi or [],
        compatibility=compatibility,
        accept=accept,
    )
    conditions = Conditions(
        celsius=celsius or [27.0],
        corners=corner or [],
        vary=vary,
        samples=samples,
        kit_samples=kit_samples,
        workers=workers or 2,
        seed=seed,
    )
    console = Console()
    table, name, page = measure_sense_amplifier(
        own,
        conditions,
        common_mode_volt=common_mode_volt,
        clock=clock,
        source_ohm=source_ohm,
        noise_decisions=noise_decisions,
        out=out,
    )
    tell(console, name, table, page)
