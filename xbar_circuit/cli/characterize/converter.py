"""``xbar characterize converter sar``: transfer, noise and energy of a converter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from xbar_circuit import __version__
from xbar_circuit._checks import choice
from xbar_circuit._files import write_json, write_text
from xbar_circuit.cli.characterize._honoured import OWN_CIRCUIT, refuse_ignored
from xbar_circuit.cli.characterize._options import (
    Accept,
    Bias,
    Bits,
    Compatibility,
    Engine,
    Models,
    Osdi,
    Out,
    Ports,
    Samples,
    Seed,
    Subckt,
    Supplies,
    Workers,
    tell,
)
from xbar_circuit.cli.characterize._subcircuit import own_subcircuit
from xbar_circuit.cli.characterize._yield import MISMATCH, measure_yield
from xbar_circuit.netlist._testbench import conversion_bench
from xbar_circuit.peripherals import Cyclic, Flash, OscillatorCounter, Ramp, Sar, Subcircuit
from xbar_circuit.plots.periphery import draw_converter
from xbar_circuit.report.periphery import converter_rows, write_converter
from xbar_circuit.studies import characterize_converter

__all__ = ["converter", "made"]

_ALL = ("bits", "noise_lsb", "mismatch", "samples", "engine", "seed")
_WITH_CIRCUIT = ("sar", "ramp", "oscillator")


def converter(
    context: typer.Context,
    circuit: Annotated[str, typer.Argument(help=", ".join(MISMATCH))] = "sar",
    *,
    out: Out = Path("out/characterize"),
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
    workers: Workers = None,
    engine: Engine = "",
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
    """Measure a converter: INL, DNL, missing codes, ENOB, noise, energy; or the yield of many."""
    choice("circuit", circuit, tuple(MISMATCH))
    honoured = [*_ALL]
    honoured += ["subcircuit", *OWN_CIRCUIT] if circuit in _WITH_CIRCUIT else []
    honoured += ["workers"] if samples > 1 else []
    refuse_ignored(context, circuit, honoured)
    engine = engine or ("spice" if subcircuit else "fast")
    choice("engine", engine, ("fast", "spice"))
    console = Console()
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
    rng = np.random.default_rng(seed)
    if samples > 1:
        name, table, page = measure_yield(
            made(circuit, bits, noise_lsb, 0.0, rng, own=own),
            mismatch={MISMATCH[circuit]: mismatch},
            samples=samples,
            noise=noise_lsb > 0.0,
            engine=engine,
            workers=workers or 2,
            seed=seed,
            out=out,
        )
        tell(console, name, table, page)
        return
    measured_one = made(circuit, bits, noise_lsb, mismatch, rng, own=own)
    settings: dict[str, Any] = {"rng": rng if noise_lsb > 0.0 else None}
    if engine == "spice":
        settings |= {"engine": "spice", "folder": out / "decks"}
    with console.status("converting"):
        measured = characterize_converter(measured_one, **settings)
    picture = out / "characterize.png"
    draw_converter(measured, picture)
    footer = f"xbar_circuit {__version__}, seed {seed}"
    page = write_converter(measured, out, picture=picture, footer=footer)
    span = measured_one.input_high - measured_one.input_low
    values = measured_one.input_low + span * (np.arange(16) + 0.5) / 16
    write_text(out / "deck.cir", conversion_bench(measured_one, values).deck)
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
