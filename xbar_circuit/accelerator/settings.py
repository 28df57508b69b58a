"""The settings of an inference study: accelerator, devices, times, seeds; from Python or TOML.

A TOML file has the tables ``[accelerator]`` (with ``[accelerator.synapse]``, ``.wires``,
``.terminals``, ``.driver`` and ``.readout``, see `parts`), ``[accelerators.NAME]`` for others,
``[layers]``, ``[pcm]`` and ``[run]``, whose keys are the names of the Python arguments::

    [accelerator]
    rows = 256
    cols = 256
    driver = { kind = "pulse_width", bits = 8 }
    readout.converter = { kind = "oscillator", bits = 8, full_scale_ampere = 1e-4 }

    [accelerators.wide]
    readout.converter.bits = 10

    [layers]
    conv1 = "wide"      # on another accelerator
    conv2 = { readout.converter.bits = 6 }  # on the first, with settings of its own
    dense3 = "digital"  # float32; "int8" is whole numbers of 8 bits

``bits = "exact"`` or ``"none"`` stands for Python's None, and ``accelerator.model = "model.json"``
for a calibrated read-out in a file, seen from the TOML file's folder; ``["cool.json",
"warm.json"]`` are those of one read-out at several temperatures. Other accelerators take from the
first what they do not say. ``xbar infer --write-config`` writes a file with every key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from xbar_circuit import _checks as checks
from xbar_circuit._backend import backend
from xbar_circuit._schema import Table, build, checked, optional, table_model
from xbar_circuit.accelerator._drift import COMPENSATIONS
from xbar_circuit.accelerator._own_cells import with_range
from xbar_circuit.accelerator._parts import PCM_PRESETS, PcmTable, accelerator_table
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.architecture import PRESETS
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES

__all__ = [
    "PCM_PRESETS",
    "InferenceSettings",
    "from_dictionary",
    "read_settings",
    "settings_table",
]

_WIDTH = re.compile(r"int(\d+)")
_MOST_SEEDS = 100_000  # more is a slip of the pen
_G_MIN_SIEMENS = 0.1e-6  # of a synapse that says none


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """One configuration of an inference study.

    Parameters
    ----------
    accelerator
        Tiles, drivers, read-outs, devices.
    digital
        Layers that stay digital: their width in bits by name; None is float32.
    elsewhere
        Layers on another accelerator, by name.
    seconds
        Times after programming [s].
    celsius
        Temperatures at which the accuracy is measured too, at the last time [degree Celsius].
    seeds
        Number of chips, each with its own programming seed.
    seed
        Programming seed of the first chip; the others have the next ones.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    wire_aware
        Whether conductances are chosen for the array with its wires.
    images
        Number of test images; None uses all.
    memory_bytes
        Limit on the memory of the whole process, interpreter, images and tiles included.
    architecture
        Architecture whose published numbers replace those of the parts in the cost, see
        `architecture.PRESETS`; None takes the parts' own where they have some.
    tile_budget
        Tiles that slow layers may fill with copies of themselves; None makes no copies.
    device
        Where tiles are reduced: ``"cuda"`` for a graphics card; None is the processor, see
        `xbar_circuit._backend`.

    Raises
    ------
    ParameterError
        A number out of range or an unknown choice.
    """

    accelerator: Accelerator = field(default_factory=Accelerator)
    digital: Mapping[str, int | None] = field(default_factory=dict)
    elsewhere: Mapping[str, Accelerator] = field(default_factory=dict)
    seconds: tuple[float, ...] = (0.0,)
    celsius: tuple[float, ...] = ()
    seeds: int = 1
    seed: int = 0
    drift_compensation: str = "global"
    wire_aware: bool = False
    images: int | None = None
    memory_bytes: int = MEMORY_BYTES
    architecture: str | None = None
    tile_budget: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        backend(self.device)
        for time in self.seconds:
            checks.number("seconds", time, "s")
        for degree in self.celsius:
            checks.number("celsius", degree, "degree Celsius", minimum=-273.15, above=True)
            for one in (self.accelerator, *self.elsewhere.values()):
                one.refuse_celsius(degree)  # before the work, not after it
        checks.count("seeds", self.seeds, maximum=_MOST_SEEDS)
        checks.count("seed", self.seed, minimum=0)
        checks.choice("drift_compensation", self.drift_compensation, COMPENSATIONS)
        checks.count("memory_bytes", self.memory_bytes)
        if self.tile_budget is not None:
            checks.count("tile_budget", self.tile_budget)
        if self.images is not None:
            checks.count("images", self.images)
        if not self.seconds:
            raise ParameterError.about(
                "seconds", got="none", expected="at least one time [s]", remedy="give (0.0,)"
            )


def settings_table() -> type[Table]:
    """Return the whole file, with every kind of converter that is registered."""
    return _file_of(accelerator_table())


@cache
def _file_of(accelerator: Any) -> type[Table]:
    layer = Annotated[
        Annotated[str, Tag("<place>")] | Annotated[accelerator, Tag("<table>")],
        Discriminator(lambda v: "<table>" if isinstance(v, Mapping | Table) else "<place>"),
    ]
    return table_model(
        "Settings",
        keys={
            "accelerator": accelerator,
            "accelerators": (dict[str, accelerator], {}),
            "layers": (dict[str, layer], {}),
            "pcm": PcmTable,
            "run": table_model(
                "Run",
                InferenceSettings,
                without=("accelerator", "digital", "elsewhere"),
                keys={
                    "drift_compensation": Literal[COMPENSATIONS],
                    "architecture": optional(Literal[tuple(PRESETS)]),
                },
                makes=lambda values, _: values,
            ),
        },
        makes=lambda values, _: values,
    )


def read_settings(path: Path | str) -> InferenceSettings:
    """Read settings from a TOML file.

    Parameters
    ----------
    path
        A TOML file with [accelerator], [layers], [pcm] and [run].

    Returns
    -------
    InferenceSettings
        The settings, with defaults where the file is silent.

    Raises
    ------
    ModelFileError
        The file is missing or not TOML.
    ParameterError
        An unknown key or a value that is refused.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.toml"
    ...     _ = path.write_text("accelerator.rows = 64")
    ...     print(read_settings(path).accelerator.rows)
    64
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"config: got {path} ({error}), expected a TOML file with the tables accelerator,"
            " layers, pcm and run; write one with xbar infer --write-config"
        ) from error
    return from_dictionary(content, folder=Path(path).parent)


def from_dictionary(content: Mapping[str, Any], *, folder: Path | None = None) -> InferenceSettings:
    """Build settings from nested dictionaries, as a TOML file gives them.

    File names in them start from `folder`, by default the current one.

    Raises
    ------
    ParameterError
        An unknown key, a value of another type, or one that a part refuses; named by its key.
    ModelFileError
        A file that is named cannot be read.

    >>> from_dictionary({"accelerator": {"wires": {"row_ohm": 2.0, "column_ohm": 0.5}},
    ...                  "pcm": {"preset": "joshi2020"}}).accelerator.wires.row_ohm
    2.0
    """
    table: Any = checked(settings_table(), _whole(content))
    home = folder or Path()
    statistics = None if table.pcm is None else build(table.pcm, name="pcm", folder=home)
    first = _accelerator("accelerator", table.accelerator, statistics, home)
    others = {
        name: _accelerator(f"accelerators.{name}", one, statistics, home)
        for name, one in table.accelerators.items()
    }
    digital: dict[str, int | None] = {}
    elsewhere: dict[str, Accelerator] = {}
    for name, place in table.layers.items():
        if not isinstance(place, str):
            elsewhere[name] = _accelerator(f"layers.{name}", place, statistics, home)
        elif place in others:
            elsewhere[name] = others[place]
        else:
            digital[name] = _digital_width(name, place, others)
    run = {} if table.run is None else build(table.run, name="run", folder=home)
    try:
        return InferenceSettings(accelerator=first, digital=digital, elsewhere=elsewhere, **run)
    except ParameterError as error:
        raise ParameterError(f"run.{error}") from error


def _whole(content: Any) -> Any:
    """Return the content, other accelerators with what they take from the first."""
    if not isinstance(content, Mapping):
        return content
    whole, first = dict(content), content.get("accelerator", {})
    whole.setdefault("accelerator", {})
    for key in ("accelerators", "layers"):
        tables = content.get(key)
        if isinstance(first, Mapping) and isinstance(tables, Mapping):
            whole[key] = {
                name: _merged(first, one) if isinstance(one, Mapping) else one
                for name, one in tables.items()
            }
    return whole


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first table with what the second says; a part of another kind replaces one."""
    merged = dict(first)
    for key, value in second.items():
        before = merged.get(key)
        merged[key] = value
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            kind = before.get("kind")
            if value.get("kind", kind) == kind:
                merged[key] = _merged(before, value)
    return merged


def _accelerator(
    name: str, table: Table, statistics: PcmStatistics | None, folder: Path
) -> Accelerator:
    """Return an accelerator; its synapse takes the range of the statistics unless it says one."""
    values = build(table, name=name, folder=folder)
    given: Any = getattr(table, "synapse", None)
    said = set() if given is None else given.model_fields_set
    usual = {"g_min_siemens": _G_MIN_SIEMENS}
    if statistics is not None:
        usual["g_max_siemens"] = statistics.g_max_siemens
    try:
        changes = {key: value for key, value in usual.items() if key not in said}
        synapse = replace(values.pop("synapse", DifferentialPair()), **changes)
        driver = values.get("driver", Accelerator().driver)
        synapse = with_range(synapse, driver, said)
        return Accelerator(statistics=statistics, synapse=synapse, **values)
    except ParameterError as error:
        raise ParameterError(f"{name}.{error}") from error


def _digital_width(name: str, place: str, others: Mapping[str, Accelerator]) -> int | None:
    width = _WIDTH.fullmatch(place)
    if place in ("digital", "float32"):
        return None
    if width is not None:
        return int(width[1])
    raise ParameterError.about(
        f"layers.{name}",
        got=repr(place),
        expected="'digital', 'int8' (or another width), a table of settings, or the name of an"
        f" accelerator in [accelerators] ({', '.join(others) or 'there is none'})",
        remedy="correct the spelling",
    )
