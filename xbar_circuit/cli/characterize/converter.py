"""``xbar characterize converter sar``: transfer, noise and energy of a converter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._options import (
    ENGINE,
    Bits,
    EngineName,
    Out,
    draws,
    in_spice,
    takes,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.cli.characterize._conditions import Conditions, footer_of
from xbar_circuit.cli.characterize._honoured import refuse_ignored
from xbar_circuit.cli.characterize._options import CONDITIONS, OWN_CIRCUIT, tell
from xbar_circuit.cli.characterize._yield import MISMATCH, measure_yield
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._testbench import conversion_bench
from xbar_circuit.peripherals import Cyclic, Flash, OscillatorCounter, Ramp, Sar, Subcircuit
from xbar_circuit.plots.periphery import draw_converter
from xbar_circuit.report.periphery import converter_rows, write_converter
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies import characterize_converter, vary_converter
from xbar_circuit.tile import CHAINS

__all__ = ["USUAL_MISMATCH", "converter", "made"]

#: Mismatch that is usual: a unit capacitor of about a femtofarad of metal has 1 %; the others are
#: assumptions of that order, all to be replaced by those of the technology at hand.
USUAL_MISMATCH = {"sar": 0.01, "flash": 0.01, "ramp": 0.01, "oscillator": 0.03, "cyclic": 0.002}

_WITH_CIRCUIT = ("sar", "ramp", "oscillator")
_OF_TRANSISTORS = tuple(name for name in CHAINS if name.startswith("transistor-"))


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def converter(
    context: typer.Context,
    circuit: Annotated[str, typer.Argument(help=", ".join((*MISMATCH, *_OF_TRANSISTORS)))] = "sar",
    *,
    out: Out = Path("out/characterize/converter"),
    bits: Bits = 8,
    low_volt: Annotated[float, typer.Option(help="Lower end of its range [V].")] = 0.0,
    high_volt: Annotated[float, typer.Option(help="Upper end of its range [V].")] = 1.0,
    low_ampere: Annotated[
        float, typer.Option(help="Lower end of an oscillator's range [A].")
    ] = 0.0,
    high_ampere: Annotated[float, typer.Option(help="Upper end of that range [A].")] = 50e-6,
    window_second: Annotated[float, typer.Option(help="How long it integrates [s].")] = 128e-9,
    noise_lsb: Annotated[float, typer.Option(min=0.0, help="Noise of a decision.")] = 0.0,
    mismatch: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Sigma of a unit capacitor (sar), resistor (flash), slope (ramp), frequency"
            " (oscillator) or gain (cyclic); by default one that is usual, 0 is none.",
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            help="Of thresholds in ngspice: full; bracketed by the fast model (of transistors);"
            " critical, so but 23 of them."
        ),
    ] = "",
    engine: Annotated[EngineName | None, ENGINE] = None,
    own: Callable[[], Subcircuit | None],
    conditions: Callable[[], Conditions],
) -> None:
    """Measure a converter: INL, DNL, missing codes, ENOB, noise, energy; or the yield of many.

    Those named transistor-... are ours, with circuits of transistors inside, as in the read-outs of
    that name; ngspice finds all their thresholds. A circuit of your own inside is measured again at
    corners, temperatures, supplies and with samples of its mismatch (--vary, --kit-samples); each
    finds the critical thresholds.
    """
    choice("circuit", circuit, (*MISMATCH, *_OF_TRANSISTORS))
    ours = circuit in _OF_TRANSISTORS
    asked = conditions()
    inside = ours or bool(context.params.get("subcircuit"))
    usual = EngineName.SPICE if inside else EngineName.NODAL
    spice = in_spice(engine or usual)
    sheet = bool(asked.corners or asked.supplies or asked.vary or asked.kit_samples)
    sheet = sheet or len(asked.celsius) > 1
    many = asked.samples > 1 and not sheet
    honoured = _honoured(circuit, sheet=sheet, many=many, spice=spice, inside=inside)
    refuse_ignored(context, circuit, honoured)
    console = SafeConsole()
    mine = own()
    rng = np.random.default_rng(asked.seed)
    sigma = USUAL_MISMATCH.get(circuit, 0.0) if mismatch is None else mismatch
    ends = (low_ampere, high_ampere) if circuit == "oscillator" else (low_volt, high_volt)
    if many and not ours:
        name, table, page = measure_yield(
            made(circuit, bits, noise_lsb, 0.0, rng, own=mine, ends=ends, window=window_second),
            mismatch={MISMATCH[circuit]: sigma},
            samples=asked.samples,
            noise=noise_lsb > 0.0,
            engine="spice" if spice else "fast",
            workers=asked.workers,
            seed=asked.seed,
            out=out,
        )
        tell(console, name, table, page)
        return
    measured_one = (
        CHAINS[circuit](bits=bits)[0].converter
        if ours
        else made(circuit, bits, noise_lsb, sigma, rng, own=mine, ends=ends, window=window_second)
    )
    settings: dict[str, Any] = {"rng": rng if noise_lsb > 0.0 else None}
    settings["celsius"] = asked.celsius[0]
    if spice:
        settings |= {"engine": "spice", "folder": out / "decks", "search": search or None}
        settings |= {"workers": asked.workers}
    with progress_bar(transient=True, counted=True) as bar:
        bar.expect("conversions", None)

        def told(done: int) -> None:
            bar.add("conversions", done)

        measured = characterize_converter(measured_one, progress=told, **settings)
        if sheet:
            bar.expect("conditions", None)
            variations = vary_converter(
                measured_one,
                corners=asked.corners,
                celsius=asked.celsius,
                supplies=asked.supplies,
                mismatch=asked.mismatch(circuit, measured_one.circuit)
                if asked.samples > 1
                else None,
                samples=asked.samples,
                kit_samples=asked.kit_samples,
                rng=rng,
                search=search or "critical",
                folder=out,
                workers=asked.workers,
                progress=lambda _: bar.add("conditions"),
            )
            measured = dataclasses.replace(measured, variations=variations)
    picture = out / "characterize.png"
    draw_converter(measured, picture)
    footer = footer_of(asked, measured_one.circuit)
    page = write_converter(measured, out, picture=picture, footer=footer)
    span = measured_one.input_high - measured_one.input_low
    values = measured_one.input_low + span * (np.arange(16) + 0.5) / 16
    write_deck(out / "deck.cir", conversion_bench(measured_one, values).standalone())
    write_json(out / "summary.json", measured.to_dict() | {"provenance": footer})
    table = converter_rows(measured)
    table += [("failed", f"{v.name}: {v.failure}") for v in measured.variations if v.failure]
    tell(console, measured.name, table, page)


def _honoured(circuit: str, *, sheet: bool, many: bool, spice: bool, inside: bool) -> list[str]:
    """Return the options that have an effect."""
    honoured = ["bits", "engine", "seed", "celsius"]
    if circuit in _OF_TRANSISTORS:
        honoured += ["samples"] if sheet else []
    else:
        ranged = ["low_ampere", "high_ampere", "window_second"]
        honoured += ["noise_lsb", "mismatch", "samples"]
        honoured += ranged if circuit == "oscillator" else ["low_volt", "high_volt"]
    honoured += [*OWN_CIRCUIT.options] if circuit in _WITH_CIRCUIT else []
    honoured += ["workers"] if many or spice else []
    honoured += ["search"] if spice and not many else []
    honoured += ["corner", "supply", "vary", "kit_samples"] if inside else []
    return honoured


def made(
    kind: str,
    bits: int,
    noise_lsb: float,
    mismatch: float,
    rng: np.random.Generator,
    *,
    own: Subcircuit | None,
    ends: tuple[float, float] = (0.0, 1.0),
    window: float = 128e-9,
) -> Sar | Ramp | Flash | OscillatorCounter | Cyclic:
    """Return a converter of a kind, its `ends` [V or A], its noise in LSB, its mismatch drawn."""
    low, high = ends
    common: dict[str, Any] = {"bits": bits, "low_volt": low, "high_volt": high}
    common["noise_volt"] = noise_lsb * (high - low) / 2.0**bits
    if kind == "sar":
        return Sar(**common, comparator=own).drawn(rng, unit_sigma=mismatch)
    if kind == "ramp":
        return Ramp(**common, analog=own).drawn(rng, slope_sigma=mismatch)
    if kind == "cyclic":
        return Cyclic(**common).drawn(rng, gain_sigma=mismatch)
    if kind == "flash":
        flash = Flash(**common)
        return flash.drawn(rng, resistor_sigma=mismatch, offset_sigma_volt=0.0)
    jitter = noise_lsb / 2.0 ** (bits / 2.0)
    counter = OscillatorCounter(
        bits=bits,
        low_ampere=low,
        full_scale_ampere=high - low,
        window_second=window,
        jitter_cycle=jitter,
        oscillator=own,
    )
    return counter.drawn(rng, gain_sigma=mismatch)
