"""``xbar characterize sense-amplifier``: offsets, hysteresis, kickback and noise of a latch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import (
    Out,
    Samples,
    draws,
    takes,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._amplifier import measure_sense_amplifier
from xbar_circuit.cli.characterize._conditions import Conditions
from xbar_circuit.cli.characterize._honoured import refuse_unused
from xbar_circuit.cli.characterize._options import CONDITIONS, OWN_CIRCUIT, tell
from xbar_circuit.peripherals import Subcircuit

__all__ = ["sense_amplifier"]


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def sense_amplifier(
    context: typer.Context,
    *,
    out: Out = Path("out/characterize/sense-amplifier"),
    common_mode_volt: Annotated[
        float, typer.Option(help="Common-mode voltage of both inputs [V].")
    ] = 0.3,
    clock: Annotated[
        str, typer.Option(help='Clock level at which it decides: "decides low" or "decides high".')
    ] = "decides low",
    source_ohm: Annotated[
        float, typer.Option(help="Resistance of the input's source, which sets the kickback [ohm].")
    ] = 1e3,
    noise_decisions: Annotated[
        int, typer.Option(min=0, help="Decisions that the noise is measured from; 0 measures none.")
    ] = 96,
    samples: Samples = 48,
    own: Callable[[], Subcircuit | None],
    conditions: Callable[[], Conditions],
) -> None:
    """Measure a clocked comparator, ours (StrongARM) or your own, over many drawn samples."""
    measured = conditions()
    refuse_unused(context, samples=samples, kit_samples=measured.kit_samples)
    console = SafeConsole()
    table, name, page = measure_sense_amplifier(
        own(),
        measured,
        common_mode_volt=common_mode_volt,
        clock=clock,
        source_ohm=source_ohm,
        noise_decisions=noise_decisions,
        out=out,
    )
    tell(console, name, table, page)
