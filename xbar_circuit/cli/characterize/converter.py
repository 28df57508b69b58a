"""``xbar characterize converter sar``: transfer, noise and energy of a converter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from xbar_circuit import __version__
from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit.cli._options import (
    ENGINE,
    SEED,
    Bits,
    EngineName,
    Out,
    Samples,
    Seed,
    Workers,
    draws,
    takes,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._honoured import refuse_ignored
from xbar_circuit.cli.characterize._options import OWN_CIRCUIT, tell
from xbar_circuit.cli.characterize._yield import MISMATCH, measure_yield
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._testbench import conversion_bench
from xbar_circuit.peripherals import Cyclic, Flash, OscillatorCounter, Ramp, Sar, Subcircuit
from xbar_circuit.plots.periphery import draw_converter
from xbar_circuit.report.periphery import converter_rows, write_converter
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies import characterize_converter

__all__ = ["converter", "made"]

_ALL = ("bits", "noise_lsb", "mismatch", "samples", "engine", "seed")
_WITH_CIRCUIT = ("sar", "ramp", "oscillator")


@draws()
@resumes
@takes(OWN_CIRCUIT)
def converter(
    context: typer.Context,
    circuit: Annotated[str, typer.Argument(help=", ".join(MISMATCH))] = "sar",
    *,
    out: Out = Path("out/characterize/converter"),
    bits: Bits = 8,
    noise_lsb: Annotated[float, typer.Option(min=0.0, help="Noise of a decision.")] = 0.0,
    mismatch: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Sigma of a unit capacitor (sar), resistor (flash), slope (ramp), frequency"
            " (oscillator) or gain (cyclic).",
        ),
    ] = 0.0,
    samples: Samples = 1,
    search: Annotated[
        str,
        typer.Option(
            help="Of thresholds in ngspice: full; bracketed by the fast model (of transistors);"
            " critical, so but 23 of them."
        ),
    ] = "",
    workers: Workers = None,
    engine: Annotated[EngineName | None, ENGINE] = None,
    seed: Seed = SEED,
    own: Callable[[], Subcircuit | None],
) -> None:
    """Measure a converter: INL, DNL, missing codes, ENOB, noise, energy; or the yield of many."""
    choice("circuit", circuit, tuple(MISMATCH))
    honoured = [*_ALL]
    honoured += [*OWN_CIRCUIT.options] if circuit in _WITH_CIRCUIT else []
    usual = EngineName.SPICE if context.params.get("subcircuit") else EngineName.NODAL
    spice = (engine or usual) is EngineName.SPICE
    honoured += ["workers"] if samples > 1 or spice else []
    honoured += ["search"] if samples == 1 and spice else []
    refuse_ignored(context, circuit, honoured)
    console = Console()
    mine = own()
    rng = np.random.default_rng(seed)
    if samples > 1:
        name, table, page = measure_yield(
            made(circuit, bits, noise_lsb, 0.0, rng, own=mine),
            mismatch={MISMATCH[circuit]: mismatch},
            samples=samples,
            noise=noise_lsb > 0.0,
            engine="spice" if spice else "fast",
            workers=workers or 2,
            seed=seed,
            out=out,
        )
        tell(console, name, table, page)
        return
    measured_one = made(circuit, bits, noise_lsb, mismatch, rng, own=mine)
    settings: dict[str, Any] = {"rng": rng if noise_lsb > 0.0 else None}
    if spice:
        settings |= {"engine": "spice", "folder": out / "decks", "search": search or None}
        settings |= {"workers": workers or 2}
    with progress_bar(transient=True, counted=True) as bar:
        bar.expect("conversions", None)

        def told(done: int) -> None:
            bar.add("conversions", done)

        measured = characterize_converter(measured_one, progress=told, **settings)
    picture = out / "characterize.png"
    draw_converter(measured, picture)
    footer = f"xbar_circuit {__version__}, seed {seed}"
    page = write_converter(measured, out, picture=picture, footer=footer)
    span = measured_one.input_high - measured_one.input_low
    values = measured_one.input_low + span * (np.arange(16) + 0.5) / 16
    write_deck(out / "deck.cir", conversion_bench(measured_one, values).standalone())
    write_json(out / "summary.json", measured.to_dict())
    tell(console, measured.name, converter_rows(measured), page)


def made(
    kind: str,
    bits: int,
    noise_lsb: float,
    mismatch: float,
    rng: np.random.Generator,
    *,
    own: Subcircuit | None,
) -> Sar | Ramp | Flash | OscillatorCounter | Cyclic:
    """Return a converter of a kind, its noise in LSB, its mismatch drawn."""
    noise = noise_lsb / 2.0**bits
    if kind == "sar":
        return Sar(bits=bits, noise_volt=noise, comparator=own).drawn(rng, unit_sigma=mismatch)
    if kind == "ramp":
        return Ramp(bits=bits, noise_volt=noise, analog=own).drawn(rng, slope_sigma=mismatch)
    if kind == "cyclic":
        return Cyclic(bits=bits, noise_volt=noise).drawn(rng, gain_sigma=mismatch)
    if kind == "flash":
        flash = Flash(bits=bits, noise_volt=noise)
        return flash.drawn(rng, resistor_sigma=mismatch, offset_sigma_volt=0.0)
    jitter = noise_lsb / 2.0 ** (bits / 2.0)
    counter = OscillatorCounter(
        bits=bits, full_scale_ampere=50e-6, jitter_cycle=jitter, oscillator=own
    )
    return counter.drawn(rng, gain_sigma=mismatch)
