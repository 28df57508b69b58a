"""``xbar characterize amplifier`` and ``conveyor``: on a loaded column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit._checks import choice
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import (
    Array,
    Bits,
    Cols,
    Out,
    ReferenceVolt,
    Rows,
    draws,
    takes,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._amplifier import measure_amplifier
from xbar_circuit.cli.characterize._conditions import Conditions
from xbar_circuit.cli.characterize._honoured import refuse_unused
from xbar_circuit.cli.characterize._options import CONDITIONS, OWN_CIRCUIT, tell
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Subcircuit

__all__ = ["amplifier", "conveyor"]

_KINDS = ("behavioural", "transistor")
_Kind = Annotated[
    str, typer.Argument(help="behavioural or transistor; --subcircuit takes your own.")
]

SettleSecond = Annotated[
    float, typer.Option(min=0.0, help="Settling time before the output is sampled [s].")
]
LoadFarad = Annotated[float, typer.Option(min=0.0, help="Load at the output [F].")]


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def amplifier(
    context: typer.Context,
    circuit: _Kind = "behavioural",
    *,
    out: Out = Path("out/characterize/amplifier"),
    rows: Rows = 64,
    cols: Cols = 2,
    array: Array = "auto",
    bits: Bits = 8,
    feedback_ohm: Annotated[float, typer.Option(help="Feedback resistor [ohm].")] = 4e3,
    feedback_farad: Annotated[float, typer.Option(help="Feedback capacitor [F].")] = 0.0,
    reference_volt: ReferenceVolt = 0.5,
    load_farad: LoadFarad = 0.0,
    settle_second: SettleSecond = 20e-9,
    own: Callable[[], Subcircuit | None],
    conditions: Callable[[], Conditions],
) -> None:
    """Measure a transimpedance amplifier: offset, impedance, phase margin, settling, noise."""
    measured = conditions()
    refuse_unused(context, samples=measured.samples, kit_samples=measured.kit_samples)
    mine = own()
    _check_kind(circuit, own=mine is not None)
    plain = "amplifier" if circuit == "behavioural" else "transistor-amplifier"
    console = SafeConsole()
    table, name, page = measure_amplifier(
        plain if mine is None else "subcircuit",
        mine,
        measured,
        rows=rows,
        cols=cols,
        array=array,
        bits=bits,
        feedback_ohm=feedback_ohm,
        feedback_farad=feedback_farad,
        reference_volt=reference_volt,
        load_farad=load_farad,
        settle_second=settle_second,
        out=out,
    )
    tell(console, name, table, page)


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def conveyor(
    context: typer.Context,
    circuit: _Kind = "behavioural",
    *,
    out: Out = Path("out/characterize/conveyor"),
    rows: Rows = 64,
    cols: Cols = 2,
    array: Array = "auto",
    bits: Bits = 8,
    load_ohm: Annotated[float, typer.Option(help="Load resistor at the output [ohm].")] = 4e3,
    reference_volt: ReferenceVolt = 0.5,
    load_farad: LoadFarad = 0.0,
    settle_second: SettleSecond = 5e-9,
    own: Callable[[], Subcircuit | None],
    conditions: Callable[[], Conditions],
) -> None:
    """Measure a current conveyor: offset, impedance, bandwidth, settling, noise."""
    measured = conditions()
    refuse_unused(context, samples=measured.samples, kit_samples=measured.kit_samples)
    mine = own()
    _check_kind(circuit, own=mine is not None)
    plain = "conveyor" if circuit == "behavioural" else "transistor-conveyor"
    console = SafeConsole()
    table, name, page = measure_amplifier(
        plain,
        mine,
        measured,
        rows=rows,
        cols=cols,
        array=array,
        bits=bits,
        feedback_ohm=load_ohm,
        feedback_farad=0.0,
        reference_volt=reference_volt,
        load_farad=load_farad,
        settle_second=settle_second,
        out=out,
    )
    tell(console, name, table, page)


def _check_kind(circuit: str, *, own: bool) -> None:
    """Refuse an unknown circuit, or two of them.

    Raises
    ------
    ParameterError
        Neither of ours, or ours of transistors together with one of the user's.
    """
    choice("circuit", circuit, _KINDS)
    if own and circuit != "behavioural":
        raise ParameterError.about(
            "circuit",
            got=f"{circuit} and --subcircuit",
            expected="one circuit to measure",
            remedy="leave one of them out",
        )
