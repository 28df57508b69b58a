"""``xbar characterize converter sar``: transfer, noise and energy of a converter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

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
from xbar_circuit.cli.characterize._yield import measure_yield
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._testbench import conversion_bench
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals.converters import CONVERTERS, ConverterBench, bench_of
from xbar_circuit.plots.periphery import draw_converter
from xbar_circuit.report.periphery import converter_rows, write_converter
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies import characterize_converter, vary_converter
from xbar_circuit.tile import CHAINS

__all__ = ["converter"]

_BENCHES = {kind.name: kind.bench for kind in CONVERTERS.values() if kind.bench is not None}
_MISMATCH = ", ".join(f"{bench.mismatch_of} ({name})" for name, bench in _BENCHES.items())
_OF_TRANSISTORS = tuple(name for name in CHAINS if name.startswith("transistor-"))


@draws()
@resumes
@takes(OWN_CIRCUIT, CONDITIONS)
def converter(
    context: typer.Context,
    circuit: Annotated[str, typer.Argument(help=", ".join((*_BENCHES, *_OF_TRANSISTORS)))] = "sar",
    *,
    out: Out = Path("out/characterize/converter"),
    bits: Bits = 8,
    low_volt: Annotated[float, typer.Option(help="Lower end of the input range [V].")] = 0.0,
    high_volt: Annotated[float, typer.Option(help="Upper end of the input range [V].")] = 1.0,
    low_ampere: Annotated[
        float, typer.Option(help="Lower end of an oscillator's range [A].")
    ] = 0.0,
    high_ampere: Annotated[
        float, typer.Option(help="Upper end of an oscillator's range [A].")
    ] = 50e-6,
    window_second: Annotated[float, typer.Option(help="Integration time [s].")] = 128e-9,
    noise_lsb: Annotated[float, typer.Option(min=0.0, help="Rms noise of a decision [LSB].")] = 0.0,
    mismatch: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help=f"Sigma of {_MISMATCH}; a typical one by default, 0 is none.",
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            help="How thresholds are found in ngspice: full; bracketed, around those of the fast"
            " model (circuits of transistors only); critical, the same for 23 of them."
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
    bench = None if circuit in _OF_TRANSISTORS else bench_of(circuit, besides=_OF_TRANSISTORS)
    asked = conditions()
    inside = bench is None or bool(context.params.get("subcircuit"))
    usual = EngineName.SPICE if inside else EngineName.NODAL
    spice = in_spice(engine or usual)
    sheet = bool(asked.corners or asked.supplies or asked.vary or asked.kit_samples)
    sheet = sheet or len(asked.celsius) > 1
    many = asked.samples > 1 and not sheet
    honoured = _honoured(bench, sheet=sheet, many=many, spice=spice, inside=inside)
    refuse_ignored(context, circuit, honoured)
    console = SafeConsole()
    mine = own()
    rng = np.random.default_rng(asked.seed)
    ranges = {"low_volt": low_volt, "high_volt": high_volt, "low_ampere": low_ampere}
    ranges |= {"high_ampere": high_ampere, "window_second": window_second}
    if many and bench is not None:
        name, table, page = measure_yield(
            bench.make(bits, noise_lsb, ranges, mine),
            mismatch=bench.sigmas(mismatch),
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
        if bench is None
        else bench.drawn(
            rng, bits=bits, noise_lsb=noise_lsb, sigma=mismatch, given=ranges, circuit=mine
        )
    )
    settings: dict[str, Any] = {"rng": rng if noise_lsb > 0.0 else None}
    settings["celsius"] = asked.celsius[0]
    if spice:
        settings |= {"engine": "spice", "folder": out / "decks", "search": search or None}
        settings |= {"workers": asked.workers}
    with progress_bar(transient=True, counted=True) as bar:
        bar.expect("conversions", None)

        def count_done(done: int) -> None:
            bar.add("conversions", done)

        measured = characterize_converter(measured_one, progress=count_done, **settings)
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


def _honoured(
    bench: ConverterBench | None, *, sheet: bool, many: bool, spice: bool, inside: bool
) -> list[str]:
    """Return the options that have an effect; without a bench it is one of transistors."""
    honoured = ["bits", "engine", "seed"] + ([] if many else ["celsius"])
    if bench is None:
        honoured += ["samples"] if sheet else []
    else:
        honoured += ["noise_lsb", "mismatch", "samples", *bench.ranges]
        honoured += [*OWN_CIRCUIT.options] if bench.takes_circuit else []
    honoured += ["workers"] if many or spice else []
    honoured += ["search"] if spice and not many else []
    honoured += ["corner", "supply", "vary", "kit_samples"] if inside else []
    return honoured
