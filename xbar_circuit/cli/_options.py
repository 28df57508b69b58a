"""Options that several verbs have: one word, one meaning, one type, written once.

An option that can be given several times is a list; ``NAME=VALUE,...`` is a mapping. Everything
that is drawn depends on ``--seed``, which is `SEED` unless said.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from xbar_circuit._checks import choice
from xbar_circuit.cells import CELL_PRESETS, cell_preset, load_cell
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh
from xbar_circuit.errors import ParameterError

__all__ = [
    "ENGINE",
    "SEED",
    "Architecture",
    "Array",
    "Bits",
    "Block",
    "BottomOhm",
    "Celsius",
    "Cols",
    "ColumnOhm",
    "Conductance",
    "DeviceLaw",
    "Engine",
    "EngineName",
    "FitProducts",
    "ImageFormat",
    "LawVolt",
    "LeftOhm",
    "Library",
    "MaxSide",
    "NetworkFile",
    "OneDeviceLaw",
    "Only",
    "Out",
    "Output",
    "Pcm",
    "Products",
    "ReferenceVolt",
    "RowOhm",
    "Rows",
    "Samples",
    "Seconds",
    "Seed",
    "SegmentOhm",
    "SpiceVectors",
    "States",
    "Tile",
    "TileBudget",
    "UnitSiemens",
    "Workers",
    "device_law",
    "draws",
    "in_spice",
    "repeated",
    "single",
    "single_library",
    "takes",
]

#: Seed of the random numbers where none is given; of several chips, that of the first.
SEED = 0

Out = Annotated[Path, typer.Option(help="Folder for the results.")]
Seed = Annotated[
    int,
    typer.Option(
        min=0, help="Seed of the random generator; with several chips, the seed of the first."
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Number of processes.")]
Bits = Annotated[int, typer.Option(min=1, max=32, help="Resolution of the converters [bit].")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        help="A part to run, one of those named above; repeat for several. Default: the usual ones."
    ),
]
Rows = Annotated[int, typer.Option(min=1, help="Rows of the array.")]
Cols = Annotated[int, typer.Option(min=1, help="Columns of the array.")]
Array = Annotated[
    str,
    typer.Option(
        help="Array in the deck: full, or macromodel, its exact reduction; auto chooses by size."
    ),
]
MaxSide = Annotated[int, typer.Option(min=1, help="Most rows or columns of an array.")]
Samples = Annotated[int, typer.Option(min=1, help="Samples of a Monte Carlo study.")]
FitProducts = Annotated[int, typer.Option(min=2, help="Number of products used for the fit.")]
Products = Annotated[
    int,
    typer.Option(min=1, help="Number of products to measure, held out of the fit if there is one."),
]
Celsius = Annotated[
    list[float] | None, typer.Option(help="Temperature [degree Celsius]; repeat for several.")
]
ReferenceVolt = Annotated[float, typer.Option(help="Voltage at which the bit line is held [V].")]
Conductance = Annotated[
    Path, typer.Argument(help="Conductances [S], rows x columns: .csv, .npy or .parquet.")
]
UnitSiemens = Annotated[float, typer.Option(help="Unit of the file [S]; 1e-6 for microsiemens.")]
RowOhm = Annotated[float, typer.Option(help="Word-line resistance per segment [ohm].")]
ColumnOhm = Annotated[float, typer.Option(help="Bit-line resistance per segment [ohm].")]
LeftOhm = Annotated[float, typer.Option(help="Resistance of the drivers [ohm].")]
BottomOhm = Annotated[float, typer.Option(help="Resistance of the sense terminals [ohm].")]
SegmentOhm = Annotated[
    list[float] | None,
    typer.Option(min=0.0, help="Wire resistance per segment [ohm]; repeat for several."),
]
Tile = Annotated[
    list[int] | None, typer.Option(min=2, help="Rows and columns of a tile; repeat for several.")
]
TileBudget = Annotated[
    int | None, typer.Option(min=1, help="Replicate slow layers up to this many tiles.")
]
Library = Annotated[
    list[str] | None,
    typer.Option(help="Transistor library: FILE or FILE:SECTION; repeat for several."),
]
Architecture = Annotated[
    str | None,
    typer.Option(
        help="Published numbers for energy, time and area; `xbar cost --help` names some."
    ),
]
Pcm = Annotated[
    str,
    typer.Option(help="Device statistics: joshi2020, hermes_single, hermes_double, or 'exact'."),
]
Seconds = Annotated[
    float | None, typer.Option(min=0.0, help="Age of the chips since programming [s].")
]
Output = Annotated[str | None, typer.Option(help="Output to use, of a network with several.")]
SpiceVectors = Annotated[int, typer.Option(min=1, help="Inputs of each tile in ngspice.")]
NetworkFile = Annotated[
    Path | None,
    typer.Option(
        help="A .npz or .onnx trained on MNIST. Default: the one that ships with the package."
    ),
]


class EngineName(StrEnum):
    """What ``--engine`` understands."""

    NODAL = "nodal"
    SPICE = "spice"
    VACASK = "vacask"


class ImageFormat(StrEnum):
    """What ``--format`` understands."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


ENGINE = typer.Option(
    help="Engine: nodal is the fast one, spice is ngspice; vacask is for reads of arrays only."
)
Engine = Annotated[EngineName, ENGINE]
_DEVICE_LAW = typer.Option(
    "--device-law",
    help="Law of the devices: ohmic, sinh, pcm, one of `xbar cells`, or a TOML file with your own.",
)
DeviceLaw = Annotated[str, _DEVICE_LAW]
OneDeviceLaw = Annotated[str | None, _DEVICE_LAW]

States = Annotated[
    bool,
    typer.Option(
        "--states", help="The file holds states of your own cell instead of conductances."
    ),
]
LawVolt = Annotated[float, typer.Option(help="Voltage v0 of --device-law sinh [V].")]


def in_spice(engine: EngineName) -> bool:
    """Return whether a circuit is measured in ngspice; the fast model is the other choice.

    Raises
    ------
    ParameterError
        Another simulator, which reads arrays only.
    """
    choice("--engine", engine.value, (EngineName.NODAL.value, EngineName.SPICE.value))
    return engine is EngineName.SPICE


def device_law(name: str, *, v0_volt: float = 0.3) -> Cell:
    """Return the device of a name, or of a TOML file.

    Raises
    ------
    ParameterError, ModelFileError
        There is none of that name, or the file is refused.
    """
    if name.lower().endswith(".toml"):
        return load_cell(name)
    choice("--device-law", name, ("ohmic", "sinh", "pcm", *CELL_PRESETS, "a TOML file"))
    if name in CELL_PRESETS:
        return cell_preset(name).cell
    if name == "sinh":
        return Sinh(v0_volt=v0_volt)
    return Ohmic() if name == "ohmic" else PcmCell.sebastian2017()


def single(option: str, values: Sequence[Any] | None, usual: Any) -> Any:
    """Return the one value of an option that other verbs take several times, or the usual.

    Raises
    ------
    ParameterError
        There are several.
    """
    if values and len(values) > 1:
        raise ParameterError.about(
            option,
            got=", ".join(map(str, values)),
            expected="one value",
            remedy="this command accepts one; run it once for each",
        )
    return values[0] if values else usual


def repeated(option: str, values: Sequence[object]) -> str:
    """Return an option with each of its values, as it is typed."""
    return "".join(f" {option} {value}" for value in values)


def single_library(values: Sequence[str] | None) -> tuple[Path | None, str]:
    """Return file and section of ``--library FILE:SECTION`` where there can be one."""
    text = single("--library", values, "")
    file, _, section = text.partition(":")
    return (Path(file) if file else None), section


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Options that belong together, and what is made of them.

    name : argument of the verb that stands for them; it gets a function without arguments.
    options : name -> annotation and default.
    build : makes it; called with the options as keyword arguments.
    """

    name: str
    options: Mapping[str, tuple[Any, Any]]
    build: Callable[..., Any]


def takes(*blocks: Block) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a verb the options of some blocks.

    An option that the verb has itself (with another default, say) is passed to both.
    """

    def decorate(work: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(work, eval_str=True)
        given = {n: p for n, p in own.parameters.items() if n not in {b.name for b in blocks}}
        added = {
            name: inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default
            )
            for block in blocks
            for name, (kind, default) in block.options.items()
            if name not in given
        }

        @wraps(work)
        def taken(**arguments: Any) -> Any:
            made = {
                block.name: partial(block.build, **{n: arguments[n] for n in block.options})
                for block in blocks
            }
            kept = {n: value for n, value in arguments.items() if n in given}
            return work(**kept, **made)

        parameters = [*given.values(), *added.values()]
        taken.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        taken.__annotations__ = {p.name: p.annotation for p in parameters}
        return taken

    return decorate


_FORMATS = Annotated[
    list[ImageFormat] | None,
    typer.Option("--format", help="Format of the figures besides PNG; repeat for several."),
]


def draws(*usual: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a verb ``--format``: every verb that draws has it.

    Parameters
    ----------
    usual
        Formats that are written besides PNG where none is given.
    """

    def decorate(work: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(work, eval_str=True)
        option = inspect.Parameter(
            "image_format", inspect.Parameter.KEYWORD_ONLY, annotation=_FORMATS, default=None
        )

        @wraps(work)
        def drawing(**arguments: Any) -> Any:
            given = arguments.pop("image_format", None)
            formats = [one.value for one in given] if given else list(usual)
            if not formats:
                return work(**arguments)
            from xbar_circuit.plots import also_as  # noqa: PLC0415 - plots load slowly

            with also_as(formats):
                return work(**arguments)

        parameters = [*own.parameters.values(), option]
        drawing.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        drawing.__annotations__ = {p.name: p.annotation for p in parameters}
        return drawing

    return decorate
