"""``xbar characterize amplifier`` and ``conveyor``: on a loaded column."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xbar_circuit._checks import choice
from xbar_circuit.cli.characterize._amplifier import Conditions, measure_amplifier
from xbar_circuit.cli.characterize._honoured import refuse_unused
from xbar_circuit.cli.characterize._options import (
    Accept,
    Bias,
    Bits,
    Celsius,
    Cols,
    Compatibility,
    Corner,
    KitSamples,
    Models,
    Osdi,
    Out,
    Ports,
    Rows,
    Samples,
    Seed,
    Subckt,
    Supplies,
    Vary,
    Workers,
    tell,
)
from xbar_circuit.cli.characterize._subcircuit import own_subcircuit
from xbar_circuit.errors import ParameterError

__all__ = ["amplifier", "conveyor"]

_KINDS = ("behavioural", "transistor")
_Kind = Annotated[
    str, typer.Argument(help="behavioural or transistor; --subcircuit takes your own.")
]
_Array = Annotated[str, typer.Option(help="auto, full, or macromodel for large arrays.")]
_Reference = Annotated[float, typer.Option(help="Where it holds the bit line [V].")]


def amplifier(
    context: typer.Context,
    circuit: _Kind = "behavioural",
    *,
    out: Out = Path("out/characterize"),
    rows: Rows = 64,
    cols: Cols = 2,
    array: _Array = "auto",
    bits: Bits = 8,
    feedback_ohm: Annotated[float, typer.Option(help="Feedback resistor [ohm].")] = 4e3,
    feedback_farad: Annotated[float, typer.Option(help="Capacitor beside it [F].")] = 0.0,
    reference_volt: _Reference = 0.5,
    celsius: Celsius = None,
    corner: Corner = None,
    vary: Vary = "",
    samples: Samples = 1,
    kit_samples: KitSamples = 0,
    workers: Workers = None,
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
    """Measure a transimpedance amplifier: offset, impedance, phase margin, settling, noise."""
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
    _check_kind(circuit, own=own is not None)
    conditions = Conditions(
        celsius=celsius or [27.0],
        corners=corner or [],
        vary=vary,
        samples=samples,
        kit_samples=kit_samples,
        workers=workers or 2,
        seed=seed,
    )
    plain = "amplifier" if circuit == "behavioural" else "transistor-amplifier"
    console = Console()
    table, name, page = measure_amplifier(
        plain if own is None else "subcircuit",
        own,
        conditions,
        rows=rows,
        cols=cols,
        array=array,
        bits=bits,
        feedback_ohm=feedback_ohm,
        feedback_farad=feedback_farad,
        reference_volt=reference_volt,
        out=out,
    )
    tell(console, name, table, page)


def conveyor(
    context: typer.Context,
    circuit: _Kind = "behavioural",
    *,
    out: Out = Path("out/characterize"),
    rows: Rows = 64,
    cols: Cols = 2,
    array: _Array = "auto",
    bits: Bits = 8,
    load_ohm: Annotated[float, typer.Option(help="Resistor at its output [ohm].")] = 4e3,
    reference_volt: _Reference = 0.5,
    celsius: Celsius = None,
    corner: Corner = None,
    vary: Vary = "",
    samples: Samples = 1,
    kit_samples: KitSamples = 0,
    workers: Workers = None,
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
    """Measure a current conveyor: offset, impedance, bandwidth, settling, noise."""
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
    _check_kind(circuit, own=own is not None)
    conditions = Conditions(
        celsius=celsius or [27.0],
        corners=corner or [],
        vary=vary,
        samples=samples,
        kit_samples=kit_samples,
        workers=workers or 2,
        seed=seed,
    )
    plain = "conveyor" if circuit == "behavioural" else "transistor-conveyor"
    console = Console()
    table, name, page = measure_amplifier(
        plain,
        own,
        conditions,
        rows=rows,
        cols=cols,
        array=array,
        bits=bits,
        feedback_ohm=load_ohm,
        feedback_farad=0.0,
        reference_volt=reference_volt,
        out=out,
    )
    tell(console, name, table, page)


def _check_kind(circuit: str, *, own: bool) -> None:
    """Refuse an unknown circuit, or two of them.

    Raises
    ------
    ParameterError
        Neither of ours, or ours of transistors beside one of the user's.
    """
    choice("circuit", circuit, _KINDS)
    if own and circuit != "behavioural":
        raise ParameterError.about(
            "circuit",
            got=f"{circuit} and --subcircuit",
            expected="one circuit to measure",
            remedy="leave one of them out",
        )
