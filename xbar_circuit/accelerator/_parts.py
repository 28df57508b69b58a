"""Parts as tables of a file: drivers, read-outs, synapses, circuits and curves, by their kind.

Every part is a table whose ``kind`` names it and whose other keys are the arguments of Python; a
part in a part is a table in a table. The models are made of the parts themselves, see
`xbar_circuit._schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from xbar_circuit import cells, devices, peripherals
from xbar_circuit._matrix_files import load_matrix
from xbar_circuit._schema import LISTS, choice_of, optional, table_model
from xbar_circuit.accelerator.description import WEIGHT_SCALES, Accelerator
from xbar_circuit.architecture.components import Buffer, DigitalUnit, Interconnect
from xbar_circuit.architecture.presets import HOROWITZ
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.errors import ShapeError
from xbar_circuit.peripherals._subcircuit_libraries import library_named
from xbar_circuit.peripherals.amplifiers import Amplifier, DifferenceAmplifier
from xbar_circuit.peripherals.converters import CONVERTERS, Converter, ConverterKind
from xbar_circuit.peripherals.drivers import Driver
from xbar_circuit.tile import CHAINS
from xbar_circuit.wires import Terminals, Wires

__all__ = ["PARTS", "PCM_PRESETS", "PcmTable", "accelerator_table"]

#: Statistics by the name they have in a file.
PCM_PRESETS = {
    "joshi2020": devices.PcmStatistics.joshi2020,
    "hermes_single": devices.PcmStatistics.hermes_single,
    "hermes_double": devices.PcmStatistics.hermes_double,
}

#: Parts by what they are for and by the name they have in a file; the first is the default. Those
#: of converters are in :data:`~xbar_circuit.peripherals.converters.CONVERTERS`.
PARTS: dict[str, dict[str, Callable[..., Any]]] = {
    "synapse": {
        "pair": cells.DifferentialPair,
        "multi_device": cells.MultiDevice,
        "bit_slices": cells.BitSlices,
        "8t4r": cells.EightT4R,
    },
    "cell": {
        "ohmic": devices.Ohmic,
        "sinh": devices.Sinh,
        "pcm": devices.PcmCell.sebastian2017,
        "file": cells.load_cell,
        "preset": cells.cell_preset,
    },
    "driver": {
        "dac": peripherals.Dac,
        "pulse_width": peripherals.PulseWidth,
        "bit_serial": peripherals.BitSerial,
        "exact": peripherals.ExactDriver,
        "buffer": peripherals.WordLineBuffer,
    },
    "amplifier": {
        "transimpedance": peripherals.TransimpedanceAmplifier,
        "integrator": peripherals.ChargeIntegrator,
        "conveyor": peripherals.CurrentConveyor,
    },
    "opamp": {"behavioural": peripherals.OpAmp},
    "curve": {
        "table": devices.TabulatedCurve,
        "polynomial": devices.Polynomial,
        "clipped_log": devices.ClippedLog,
        "saturated_power": devices.SaturatedPower,
        "piecewise": devices.Piecewise,
    },
}


def _column(path: Path) -> tuple[float, ...]:
    """Return the numbers of a file of one line or one column."""
    matrix = load_matrix(path)
    if 1 not in matrix.shape:
        raise ShapeError.about(
            "file",
            got=f"{path} of shape {matrix.shape}",
            expected="one column or one line of numbers",
            remedy="cut the others away",
        )
    return tuple(matrix.ravel().tolist())


def _measured(values: dict[str, Any], folder: Path) -> devices.TabulatedCurve:
    """Return a curve of points that are given, or in a file of two columns, x and y."""
    if "file" not in values:
        return devices.TabulatedCurve(**values)
    matrix = load_matrix(folder / values["file"])
    if matrix.shape[1] != 2 or len(values) > 1:
        raise ShapeError.about(
            "file",
            got=f"{values['file']} of shape {matrix.shape}"
            + (" in addition to x or y" if len(values) > 1 else ""),
            expected="two columns, x and the curve's value, and nothing else",
            remedy="write one point per line",
        )
    return devices.TabulatedCurve(x=tuple(matrix[:, 0].tolist()), y=tuple(matrix[:, 1].tolist()))


def _subcircuit(values: dict[str, Any], folder: Path) -> peripherals.Subcircuit:
    """Return a circuit of one's own."""
    given = {key: value for key, value in values.items() if value is not None}
    file, name, models = given.pop("file"), given.pop("name"), given.pop("models", ())
    libraries = [models] if isinstance(models, str) else models
    return peripherals.Subcircuit(
        folder / file,
        name,
        models=[library_named(text, folder) for text in libraries] or None,
        osdi=[folder / Path(model).expanduser() for model in given.pop("osdi", ())],
        **given,
    )


def _tables_or(lists: Any, tables: Any) -> Any:
    """Return the type of what may be a list or a table."""
    return Annotated[
        Annotated[lists, Tag("<list>")] | Annotated[tables, Tag("<table>")],
        Discriminator(lambda value: "<table>" if isinstance(value, Mapping) else "<list>"),
    ]


_NumbersTable = table_model(
    "NumbersFromFile",
    keys={"file": (str, ..., "One column or one line of numbers: CSV, npy or Parquet.")},
    makes=lambda values, folder: _column(folder / values["file"]),
)

#: A list of numbers, or ``{ file = "numbers.csv" }``.
_Numbers = _tables_or(LISTS[float], _NumbersTable)

#: The name of a file, or several.
_NAMES: Any = LISTS[str]
_FILES = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[_NAMES, Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list | tuple) else "<name>"),
]

_SubcircuitTable = table_model(
    "Subcircuit",
    documented=peripherals.Subcircuit,
    kind="subcircuit",
    default_kind=True,
    keys={
        "file": (str, ..., "With the `.subckt`."),
        "name": (str, ...),
        "ports": (_tables_or(LISTS[str], dict[str, str]), ...),
        "supplies": (dict[str, float], None),
        "models": (
            optional(_FILES),
            None,
            "Library with the transistor models, `FILE` or `FILE:SECTION`; a list for several.",
        ),
        "parameters": (dict[str, float], None),
        "currents": (dict[str, float], None),
        "osdi": (
            LISTS[str],
            (),
            "Verilog-A models that the circuit needs, `.va` or `.osdi`.",
        ),
        "compatibility": (str, ""),
        "accept": (LISTS[str], ()),
    },
    makes=_subcircuit,
)


def _role(
    role: str, types: Mapping[Any, Any], *, without: Collection[str] = (), **more: dict[str, Any]
) -> Any:
    """Return the type of a part: the tables of all kinds of its role.

    Parameters
    ----------
    role
        One of :data:`PARTS`.
    types
        Of keys, by the type that the field has in Python.
    without
        Kinds that are left out.
    more
        Further arguments of `table_model`, by kind.
    """
    made: dict[str, Any] = {}
    for kind, of in PARTS[role].items():
        if kind in without:
            continue
        fields_of = of if isinstance(of, type) else None
        own: dict[str, Any] = {} if fields_of else {"makes": _ready(of)}
        made[kind] = table_model(
            f"{role}_{kind}",
            fields_of,
            types={tuple[float, ...]: _Numbers, **types},
            kind=kind,
            default_kind=not made,
            documented=fields_of or getattr(of, "__self__", None),
            **(own | more.get(kind, {})),
        )
    if role == "opamp":
        made["subcircuit"] = _SubcircuitTable
    return choice_of(made, default=next(iter(made)))


def _ready(of: Callable[[], Any]) -> Callable[[dict[str, Any], Path], Any]:
    return lambda _, __: of()


#: Keys that are one of a few words, by kind.
_WORDS: dict[str, dict[str, Any]] = {
    "bit_serial": {"keys": {"coding": Literal["sign-magnitude", "twos-complement"]}},
}
_MEASURED: dict[str, Any] = {
    "makes": _measured,
    "given": False,
    "keys": {"file": (str, None, "Two columns, x and value, in place of x and y.")},
}

_CIRCUIT: dict[Any, Any] = {peripherals.Subcircuit: _SubcircuitTable}
_OPAMP = {peripherals.OpAmp | peripherals.Subcircuit: _role("opamp", {}), **_CIRCUIT}
_ONE_CURVE = _role("curve", {}, without=("piecewise",), table=_MEASURED)
_CURVES = {devices.Curve: _role("curve", {devices.Curve: _ONE_CURVE}, table=_MEASURED)}
_CELL_FILE: dict[str, Any] = {
    "makes": lambda values, folder: cells.load_cell(folder / values["path"]),
    "keys": {
        "path": (str, ..., "TOML file with a cell of your own: a subcircuit, a Verilog-A module,"
                           " a measured table, or one with a selector."),
    },
}  # fmt: skip
_CELL_PRESET: dict[str, Any] = {
    "makes": lambda values, _: cells.cell_preset(values["name"]).cell,
    "keys": {
        "name": (
            Literal[tuple(cells.CELL_PRESETS)],
            ...,
            "A published cell of another memory than PCM.",
        )
    },
}
_CELL = _role("cell", {}, file=_CELL_FILE, preset=_CELL_PRESET)
_SYNAPSE = _role("synapse", {devices.Cell: _CELL})
_ONE_DRIVER = _role("driver", {}, without=("buffer",), **_WORDS)
_DRIVER = _role("driver", {Driver: _ONE_DRIVER, **_CIRCUIT}, **_WORDS)
_AMPLIFIER = _role("amplifier", _OPAMP)


def _readout(values: dict[str, Any], _: Path) -> peripherals.Readout:
    return peripherals.Readout(**{"converter": peripherals.IdealConverter(bits=8), **values})


def _chain(values: dict[str, Any], _: Path) -> peripherals.Readout:
    return CHAINS[values["chain"]](bits=values.get("bits", 8))[0]


_DIFFERENCE = optional(
    choice_of(
        {
            "amplifier": table_model(
                "difference_amplifier",
                DifferenceAmplifier,
                types=_OPAMP,
                kind="amplifier",
                default_kind=True,
            ),
            "<text>": Literal["digital", "current"],
        },
        default="amplifier",
    )
)
_ChainReadout: Any = table_model(
    "ReadoutByName",
    keys={
        "chain": (Literal[tuple(CHAINS)], ..., "A ready read-out of the package, by its name."),
        "bits": (Annotated[int, Field(ge=1, le=16)], 8, "Of its converter."),
    },
    makes=_chain,
)


def _converter(kinds: Collection[ConverterKind]) -> Any:
    """Return the type of a converter: the tables of all kinds, the ideal one by default."""
    made = {
        kind.name: table_model(
            f"converter_{kind.name}",
            kind.of,
            types={tuple[float, ...]: _Numbers, **_CIRCUIT},
            keys={key: Literal[tuple(words)] for key, words in kind.words.items()},
            kind=kind.name,
            default_kind=kind.of is peripherals.IdealConverter,
        )
        for kind in kinds
    }
    return choice_of(made, default="ideal")


def _readout_of(kinds: Collection[ConverterKind]) -> Any:
    """Return the type of a read-out: its parts, or the name of a ready one."""
    parts: Any = table_model(
        "Readout",
        peripherals.Readout,
        types={Converter: _converter(kinds), Amplifier: _AMPLIFIER},
        keys={"difference": _DIFFERENCE},
        without=("samples",),
        given=False,
        makes=_readout,
    )
    return Annotated[
        Annotated[parts, Tag("<parts>")] | Annotated[_ChainReadout, Tag("<chain>")],
        Discriminator(
            lambda v: "<chain>" if isinstance(v, Mapping) and "chain" in v else "<parts>"
        ),
    ]


_HARDWARE = {
    kind: table_model(
        kind.__name__,
        kind,
        given=False,
        makes=lambda values, _, base=base: replace(base, **values),  # type: ignore[misc]
    )
    for kind, base in ((Buffer, HOROWITZ.buffer), (Interconnect, HOROWITZ.interconnect))
}
_DigitalTable = table_model(
    "DigitalUnit",
    DigitalUnit,
    types=_HARDWARE,
    given=False,
    makes=lambda values, _: replace(HOROWITZ, **values),
)


def _accelerator(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the arguments of an `Accelerator`; the statistics are still missing."""
    named = values.get("model")
    if named is not None:
        files = (named,) if isinstance(named, str) else named
        models = tuple(ReadoutModel.load(folder / file) for file in files)
        values["model"] = models[0] if len(models) == 1 else models
    return values


def accelerator_table() -> Any:
    """Return ``[accelerator]``, with every kind of converter that is registered.

    Its parts are made, the statistics of its devices come from ``[pcm]``.
    """
    return _table_with(tuple(CONVERTERS))


@cache
def _table_with(names: tuple[str, ...]) -> Any:
    return table_model(
        "Accelerator",
        Accelerator,
        types={
            Driver: _DRIVER,
            peripherals.Readout: _readout_of([CONVERTERS[name] for name in names]),
            Wires: table_model("Wires", Wires),
            Terminals: table_model("Terminals", Terminals),
            DigitalUnit: _DigitalTable,
        },
        keys={
            "synapse": _SYNAPSE,
            "model": optional(_FILES),
            "mismatch": dict[str, float],
            "weight_scale": Literal[WEIGHT_SCALES],
        },
        without=("statistics",),
        makes=_accelerator,
    )


def _statistics(values: dict[str, Any], _: Path) -> devices.PcmStatistics:
    base = PCM_PRESETS[values.pop("preset", "joshi2020")]()
    return replace(base, **values)


#: ``[pcm]``: a preset, and what is another than its.
PcmTable: Any = table_model(
    "Pcm",
    devices.PcmStatistics,
    types=_CURVES,
    keys={
        "preset": (
            Literal[tuple(PCM_PRESETS)],
            "joshi2020",
            "Published statistics; the other keys override its values.",
        )
    },
    given=False,
    makes=_statistics,
)
