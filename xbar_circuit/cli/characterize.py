"""``xbar characterize`` measures an amplifier, a converter, or a whole column end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from xbar_circuit import __version__
from xbar_circuit.checks import choice
from xbar_circuit.cli._column import measure_column
from xbar_circuit.cli._product import measure_product
from xbar_circuit.cli._yield import MISMATCH, measure_yield
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.files import write_json, write_text
from xbar_circuit.netlist.loaded_column import Stimulus, loaded_column
from xbar_circuit.netlist.testbench import conversion_bench
from xbar_circuit.peripherals import (
    Flash,
    OpAmp,
    OscillatorCounter,
    Ramp,
    Sar,
    Subcircuit,
    TransimpedanceAmplifier,
)
from xbar_circuit.plots.periphery import draw_amplifier, draw_converter
from xbar_circuit.report.periphery import (
    amplifier_rows,
    converter_rows,
    write_amplifier,
    write_converter,
)
from xbar_circuit.resources import device_model
from xbar_circuit.studies import characterize_amplifier, characterize_converter
from xbar_circuit.tile import CHAINS
from xbar_circuit.units import parse_spice
from xbar_circuit.wires import Wires

__all__ = ["characterize"]

_CONVERTERS = ("sar", "ramp", "flash", "oscillator")
_AMPLIFIERS = ("amplifier", "transistor-amplifier", "subcircuit")


def characterize(
    circuit: Annotated[
        str,
        typer.Argument(
            help="sar, ramp, flash, oscillator; amplifier, transistor-amplifier;"
            " subcircuit, an op-amp of your own (--subcircuit); column, end to end (--chain);"
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
        int, typer.Option(min=1, help="Of a converter: more than one is a Monte Carlo study.")
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
        str, typer.Option(help="Of a column in ngspice: full, or macromodel for large arrays.")
    ] = "full",
    products: Annotated[int, typer.Option(min=2, help="Of a column.")] = 48,
    programmed: Annotated[
        bool, typer.Option(help="A column's devices with PCM programming errors.")
    ] = True,
    feedback_ohm: Annotated[float, typer.Option(help="Of the amplifier.")] = 4e3,
    feedback_farad: Annotated[float, typer.Option(help="Of the amplifier.")] = 0.0,
    reference_volt: Annotated[float, typer.Option(help="Of the amplifier.")] = 0.5,
    celsius: Annotated[float, typer.Option(help="Temperature.")] = 27.0,
    subcircuit: Annotated[str, typer.Option(help="FILE:NAME of your op-amp.")] = "",
    ports: Annotated[str, typer.Option(help="plus=inp,minus=inn,out=vout")] = "",
    supplies: Annotated[str, typer.Option(help="vdd=1.1,vss=0")] = "",
    models: Annotated[str, typer.Option(help="Transistor library: FILE or FILE:CORNER.")] = "",
    seed: Annotated[int, typer.Option(help="Of mismatch, noise and conductances.")] = 1,
) -> None:
    """Measure a converter, an amplifier on a loaded column, or a column end to end.

    The report is a table here, and JSON, a figure, a page and a deck in the folder.
    """
    choice("circuit", circuit, (*_CONVERTERS, *_AMPLIFIERS, "column", "product"))
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
    engine = engine or ("spice" if circuit == "column" else "fast")
    choice("engine", engine, ("fast", "spice"))
    if circuit == "column":
        table, name, page = measure_column(
            chain or "sar",
            rows=side,
            cols=cols or 1,
            bits=bits,
            engine=engine,
            array=array,
            products=products,
            programmed=programmed,
            noise=noise_lsb > 0.0,
            seed=seed,
            out=out,
            console=console,
        )
        _tell(console, name, table, page)
        return
    rng = np.random.default_rng(seed)
    footer = f"xbar_circuit {__version__}, seed {seed}"
    picture = out / "characterize.png"
    content: dict[str, Any]
    if circuit in _CONVERTERS and samples > 1:
        plain = _converter(circuit, bits, noise_lsb, 0.0, np.random.default_rng(seed))
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
    if circuit in _CONVERTERS:
        converter = _converter(circuit, bits, noise_lsb, mismatch, rng)
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
    else:
        amplifier = TransimpedanceAmplifier(
            opamp=_opamp(circuit, subcircuit, ports, supplies, models),
            feedback_ohm=feedback_ohm,
            feedback_farad=feedback_farad,
            reference_volt=reference_volt,
        )
        crossbar = Crossbar(
            conductance=rng.uniform(1e-6, 20e-6, (side, 2)),
            wires=Wires(row_ohm=1.0, column_ohm=1.0, row_farad=0.2e-15, column_farad=0.2e-15),
        )
        pattern = np.full(side, 0.2 / feedback_ohm / crossbar.conductance[:, 0].sum())
        with console.status("ngspice"):
            merits = characterize_amplifier(
                amplifier, crossbar=crossbar, pattern=pattern, bits=bits, celsius=celsius
            )
        table, content = amplifier_rows(merits), merits.to_dict()
        draw_amplifier(merits, picture)
        page = write_amplifier(merits, out, picture=picture, footer=footer)
        deck = loaded_column(amplifier, crossbar, 0, pattern, Stimulus(scale="DC 0 AC 1"))
        write_text(out / "deck.cir", deck)
    write_json(out / "characterize.json", content)
    _tell(console, str(content["name"]), table, page)


def _tell(console: Console, name: str, rows: list[tuple[str, str]], page: Path) -> None:
    shown = Table("figure of merit", "value", title=name)
    for what, value in rows:
        shown.add_row(what, value)
    console.print(shown)
    console.print(f"written to {page}", highlight=False)


def _converter(
    kind: str, bits: int, noise_lsb: float, mismatch: float, rng: np.random.Generator
) -> Sar | Ramp | Flash | OscillatorCounter:
    noise = noise_lsb / 2.0**bits
    if kind == "sar":
        return Sar(bits=bits, noise_volt=noise).drawn(rng, unit_sigma=mismatch)
    if kind == "ramp":
        return Ramp(bits=bits, noise_volt=noise).drawn(rng, slope_sigma=mismatch)
    if kind == "flash":
        flash = Flash(bits=bits, noise_volt=noise)
        return flash.drawn(rng, resistor_sigma=mismatch, offset_sigma_volt=0.0)
    jitter = noise_lsb / 2.0 ** (bits / 2.0)
    counter = OscillatorCounter(bits=bits, full_scale_ampere=50e-6, jitter_cycle=jitter)
    return counter.drawn(rng, gain_sigma=mismatch)


def _opamp(
    kind: str, subcircuit: str, ports: str, supplies: str, models: str
) -> OpAmp | Subcircuit:
    if kind == "amplifier":
        return OpAmp(
            dc_gain=2000.0,
            unity_hertz=2e9,
            second_pole_hertz=5e9,
            slew_volt_per_second=1e9,
            noise_volt_per_root_hertz=5e-9,
            output_low_volt=0.05,
            output_high_volt=1.05,
        )
    if kind == "transistor-amplifier":
        return Subcircuit(
            device_model("two_stage_opamp.lib"),
            "two_stage_opamp",
            ports=("plus", "minus", "out"),
            supplies={"vdd": 1.1, "vss": 0.0},
            models=device_model("cmos45.lib"),
        )
    file, _, name = subcircuit.rpartition(":")
    if not file:
        raise ParameterError.about(
            "--subcircuit",
            got=repr(subcircuit),
            expected="FILE:NAME",
            remedy="for example --subcircuit my_amp.lib:my_amp --ports plus=inp,minus=inn,out=vout",
        )
    library, _, corner = models.partition(":")
    chosen: Any = None
    if library:
        chosen = (library, corner) if corner else library
    rails = {key: parse_spice(value) for key, value in _pairs("--supplies", supplies).items()}
    return Subcircuit(file, name, ports=_pairs("--ports", ports), supplies=rails, models=chosen)


def _pairs(option: str, text: str) -> dict[str, str]:
    """Read ``a=b,c=d``."""
    result: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, sign, value = part.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ParameterError.about(
                option, got=repr(part), expected="name=value", remedy="separate pairs by commas"
            )
        result[key.strip()] = value.strip()
    return result
