"""``xbar characterize`` measures converters, amplifiers, sense amplifiers and whole columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit.checks import choice
from xbar_circuit.cli._amplifier import (
    AMPLIFIERS,
    Conditions,
    measure_amplifier,
    measure_sense_amplifier,
)
from xbar_circuit.cli._column import measure_column
from xbar_circuit.cli._honoured import OWN_CIRCUIT, refuse_ignored
from xbar_circuit.cli._product import measure_product
from xbar_circuit.cli._subcircuit import OwnCircuit, own_subcircuit
from xbar_circuit.cli._yield import MISMATCH, measure_yield
from xbar_circuit.files import write_json, write_text
from xbar_circuit.netlist.testbench import conversion_bench
from xbar_circuit.peripherals import (
    Flash,
    OscillatorCounter,
    Ramp,
    Sar,
    Subcircuit,
)
from xbar_circuit.plots.periphery import draw_converter
from xbar_circuit.report.periphery import (
    converter_rows,
    write_converter,
)
from xbar_circuit.studies import characterize_converter
from xbar_circuit.tile import CHAINS

__all__ = ["characterize"]


_CIRCUIT = ("subcircuit", *OWN_CIRCUIT)
_SPREAD = ("celsius", "corner", "vary", "samples", "kit_samples", "workers", "seed")
_CONVERTER = ("bits", "noise_lsb", "mismatch", "samples", "workers", "engine", "seed")
_ON_A_COLUMN = ("rows", "cols", "array", "bits", "feedback_ohm", "reference_volt", *_SPREAD)
_HONOURED = {
    "flash": _CONVERTER,
    **dict.fromkeys(("sar", "ramp", "oscillator"), (*_CONVERTER, *_CIRCUIT)),
    **dict.fromkeys(AMPLIFIERS, (*_ON_A_COLUMN, "feedback_farad", *_CIRCUIT)),
    **dict.fromkeys(("conveyor", "transistor-conveyor"), (*_ON_A_COLUMN, *_CIRCUIT)),
    "sense-amplifier": (
        *("common_mode_volt", "clock", "source_ohm", "noise_decisions"),
        *(*_SPREAD, *_CIRCUIT),
    ),
    "column": (
        *("chain", "rows", "cols", "bits", "engine", "array", "products", "programmed"),
        *("noise_lsb", "seed"),
    ),
    "product": ("chain", "rows", "cols", "bits", "seed"),
}


def characterize(
    context: typer.Context,
    circuit: Annotated[
        str,
        typer.Argument(
            help="sar, ramp, flash, oscillator; amplifier, conveyor, transistor-amplifier,"
            " transistor-conveyor; subcircuit, an op-amp of your own (--subcircuit);"
            " sense-amplifier, ours or your own; column, end to end (--chain);"
            " or product, the cost of a whole tile's product (--chain hermes)."
        ),
    ] = "sar",
    *,
    out: Annotated[Path, typer.Option(help="Folder for JSON, PNG, HTML and the deck.")] = Path(
        "out/characterize"
    ),
    bits: Annotated[int, typer.Option(help="Of the converter, or of the settling.")] = 8,
    noise_lsb: Annotated[float, typer.Option(help="Noise of a converter's decision.")] = 0.0,
    mismatch: Annotated[
        float,
        typer.Option(
            help="Sigma of a unit capacitor (sar), resistor (flash), slope (ramp) or frequency"
            " (oscillator)."
        ),
    ] = 0.0,
    samples: Annotated[
        int,
        typer.Option(min=1, help="More than one is a Monte Carlo study (48 of a sense amplifier)."),
    ] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes of a Monte Carlo study.")] = 2,
    engine: Annotated[
        str, typer.Option(help="fast or spice; by default spice for a column, else fast.")
    ] = "",
    rows: Annotated[
        int | None, typer.Option(min=1, help="Of the array; 64, of a product 256.")
    ] = None,
    cols: Annotated[
        int | None, typer.Option(min=1, help="Of the array; 1, of a product 256.")
    ] = None,
    chain: Annotated[
        str,
        typer.Option(
            help=f"Of a column or product: {', '.join(CHAINS)}; of a product also hermes, the"
            " 256 x 256 preset."
        ),
    ] = "",
    array: Annotated[
        str,
        typer.Option(
            help="In ngspice: full, or macromodel, which is the default for an amplifier."
        ),
    ] = "",
    products: Annotated[int, typer.Option(min=2, help="Of a column.")] = 48,
    programmed: Annotated[
        bool, typer.Option(help="A column's devices with PCM programming errors.")
    ] = True,
    feedback_ohm: Annotated[float, typer.Option(help="Of the amplifier.")] = 4e3,
    feedback_farad: Annotated[float, typer.Option(help="Of the amplifier.")] = 0.0,
    reference_volt: Annotated[float, typer.Option(help="Of the amplifier.")] = 0.5,
    common_mode_volt: Annotated[float, typer.Option(help="Of a sense amplifier.")] = 0.3,
    clock: Annotated[
        str, typer.Option(help='Of a sense amplifier: "decides low" or "decides high".')
    ] = "decides low",
    source_ohm: Annotated[
        float, typer.Option(help="Of a sense amplifier's input, for its kickback.")
    ] = 1e3,
    noise_decisions: Annotated[
        int, typer.Option(min=0, help="Counted for a sense amplifier's noise; 0 measures none.")
    ] = 96,
    celsius: Annotated[
        list[float] | None, typer.Option(help="Temperature; may be repeated, the first is nominal.")
    ] = None,
    corner: Annotated[
        list[str] | None, typer.Option(help="Section of the model library; may be repeated.")
    ] = None,
    vary: Annotated[
        str, typer.Option(help="Mismatch of an amplifier: PARAMETER=SIGMA,... ; ours have theirs.")
    ] = "",
    subcircuit: Annotated[str, typer.Option(help="FILE:NAME of your own circuit.")] = "",
    ports: Annotated[str, typer.Option(help="plus=inp,minus=inn,out=vout")] = "",
    supplies: Annotated[str, typer.Option(help="vdd=1.1,vss=0")] = "",
    models: Annotated[
        list[str] | None,
        typer.Option(help="Transistor library: FILE or FILE:CORNER; may be repeated."),
    ] = None,
    bias: Annotated[str, typer.Option(help="Currents into ports: ibias=20u")] = "",
    osdi: Annotated[
        list[str] | None,
        typer.Option(help="Verilog-A model of your circuit, .va or .osdi; may be repeated."),
    ] = None,
    compatibility: Annotated[
        str, typer.Option(help="Dialect of your files, ngspice's ngbehavior: hsa, psa, lta.")
    ] = "",
    accept: Annotated[
        str, typer.Option(help="Settings in your files that may hold for the deck: scale,gmin")
    ] = "",
    kit_samples: Annotated[
        int, typer.Option(min=0, help="Samples of the model library's own Monte Carlo.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of mismatch, noise and conductances.")] = 1,
) -> None:
    """Measure a converter, an amplifier on a loaded column, a sense amplifier, or a whole column.

    The report is a table here, and JSON, a figure, a page and a deck in the folder.
    """
    choice("circuit", circuit, tuple(_HONOURED))
    refuse_ignored(context, circuit, _HONOURED[circuit])
    console = Console()
    if circuit == "product":
        measure_product(
            chain or "hermes",
            rows=rows or 256,
            cols=cols or 256,
            bits=bits,
            seed=seed,
            out=out,
            console=console,
        )
        return
    side = rows or 64
    engine = engine or ("spice" if circuit == "column" or subcircuit else "fast")
    choice("engine", engine, ("fast", "spice"))
    if circuit == "column":
        table, name, page = measure_column(
            chain or "sar",
            rows=side,
            cols=cols or 1,
            bits=bits,
            engine=engine,
            array=array or "full",
            products=products,
            programmed=programmed,
            noise=noise_lsb > 0.0,
            seed=seed,
            out=out,
            console=console,
        )
        _tell(console, name, table, page)
        return
    given = OwnCircuit(
        subcircuit=subcircuit,
        ports=ports,
        supplies=supplies,
        models=models or [],
        bias=bias,
        osdi=osdi or [],
        compatibility=compatibility,
        accept=accept,
    )
    own = own_subcircuit(given) if subcircuit else None
    conditions = Conditions(
        celsius=celsius or [27.0],
        corners=corner or [],
        vary=vary,
        samples=samples,
        kit_samples=kit_samples,
        workers=workers,
        seed=seed,
    )
    if circuit == "sense-amplifier":
        table, name, page = measure_sense_amplifier(
            own,
            conditions,
            common_mode_volt=common_mode_volt,
            clock=clock,
            source_ohm=source_ohm,
            noise_decisions=noise_decisions,
            out=out,
            console=console,
        )
        _tell(console, name, table, page)
        return
    if circuit in AMPLIFIERS:
        if circuit == "subcircuit" and own is None:
            own = own_subcircuit(given)  # says what is missing
        table, name, page = measure_amplifier(
            circuit,
            own,
            conditions,
            rows=side,
            cols=cols or 2,
            array=array or "auto",
            bits=bits,
            feedback_ohm=feedback_ohm,
            feedback_farad=feedback_farad,
            reference_volt=reference_volt,
            out=out,
            console=console,
        )
        _tell(console, name, table, page)
        return
    rng = np.random.default_rng(seed)
    footer = f"xbar_circuit {__version__}, seed {seed}"
    picture = out / "characterize.png"
    if samples > 1:
        plain = _converter(circuit, bits, noise_lsb, 0.0, np.random.default_rng(seed), own=own)
        name, table, page = measure_yield(
            plain,
            mismatch={MISMATCH[circuit]: mismatch},
            samples=samples,
            noise=noise_lsb > 0.0,
            engine=engine,
            workers=workers,
            seed=seed,
            out=out,
            console=console,
        )
        _tell(console, name, table, page)
        return
    converter = _converter(circuit, bits, noise_lsb, mismatch, rng, own=own)
    settings: dict[str, Any] = {"rng": rng if noise_lsb > 0.0 else None}
    if engine == "spice":
        settings |= {"engine": "spice", "folder": out / "decks"}
    with console.status("converting"):
        measured = characterize_converter(converter, **settings)
    table, content = converter_rows(measured), measured.to_dict()
    draw_converter(measured, picture)
    page = write_converter(measured, out, picture=picture, footer=footer)
    span = converter.input_high - converter.input_low
    values = converter.input_low + span * (np.arange(16) + 0.5) / 16
    write_text(out / "deck.cir", conversion_bench(converter, values).deck)
    write_json(out / "characterize.json", content)
    _tell(console, str(content["name"]), table, page)


def _tell(console: Console, name: str, rows: list[tuple[str, str]], page: Path) -> None:
    shown = Table("figure of merit", "value", title=name)
    for what, value in rows:
        shown.add_row(what, value)
    console.print(shown)
    console.print(f"written to {page}", highlight=False)


def _converter(
    kind: str,
    bits: int,
    noise_lsb: float,
    mismatch: float,
    rng: np.random.Generator,
    *,
    own: Subcircuit | None,
) -> Sar | Ramp | Flash | OscillatorCounter:
    noise = noise_lsb / 2.0**bits
    if kind == "sar":
        return Sar(bits=bits, noise_volt=noise, comparator=own).drawn(rng, unit_sigma=mismatch)
    if kind == "ramp":
        return Ramp(bits=bits, noise_volt=noise, analog=own).drawn(rng, slope_sigma=mismatch)
    if kind == "flash":
        flash = Flash(bits=bits, noise_volt=noise)
        return flash.drawn(rng, resistor_sigma=mismatch, offset_sigma_volt=0.0)
    jitter = noise_lsb / 2.0 ** (bits / 2.0)
    counter = OscillatorCounter(
        bits=bits, full_scale_ampere=50e-6, jitter_cycle=jitter, oscillator=own
    )
    return counter.drawn(rng, gain_sigma=mismatch)
