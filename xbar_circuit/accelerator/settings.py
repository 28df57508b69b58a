"""What an inference study is told: the accelerator, its devices, times, seeds; from Python or TOML.

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
    dense3 = "digital"  # float32; "int8" is whole numbers of 8 bits

``bits = "exact"`` stands for Python's None, and ``accelerator.model = "model.json"`` for a
calibrated read-out in a file, seen from the TOML file's folder; ``["cool.json", "warm.json"]`` are
those of one read-out at several temperatures. Other accelerators take from the
first what they do not say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from xbar_circuit import _checks as checks
from xbar_circuit._backend import backend
from xbar_circuit.accelerator._drift import COMPENSATIONS
from xbar_circuit.accelerator._parts import build_part, known_keys, part
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES
from xbar_circuit.wires import Terminals, Wires

__all__ = ["PCM_PRESETS", "InferenceSettings", "from_dictionary", "read_settings"]

#: Statistics by the name they have in a file.
PCM_PRESETS = {
    "joshi2020": PcmStatistics.joshi2020,
    "hermes_single": PcmStatistics.hermes_single,
    "hermes_double": PcmStatistics.hermes_double,
}

_WIDTH = re.compile(r"int(\d+)")
_ROLES = ("synapse", "driver", "readout")


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
        Programming seeds 0, 1, ...: how many chips are made.
    drift_compensation
        ``"none"``, ``"global"`` or ``"column"``.
    wire_aware
        Whether conductances are chosen for the array with its wires.
    images
        How many test images; None is all.
    memory_bytes
        Limit on the memory of the whole process, interpreter, images and tiles included.
    technology
        Whose published numbers the cost takes in the place of the parts' own, see
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
    drift_compensation: str = "global"
    wire_aware: bool = False
    images: int | None = None
    memory_bytes: int = MEMORY_BYTES
    technology: str | None = None
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
        checks.count("seeds", self.seeds)
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


def read_settings(path: Path | str) -> InferenceSettings:
    """Read settings from a TOML file.

    Raises
    ------
    ModelFileError
        The file is missing or not TOML.
    ParameterError
        An unknown key or a value that is refused.
    """
    try:
        with Path(path).open("rb") as file:
            content = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ModelFileError(
            f"config: got {path} ({error}), expected a TOML file with the tables accelerator,"
            " layers, pcm and run; see xbar infer --help"
        ) from error
    return from_dictionary(content, folder=Path(path).parent)


def from_dictionary(content: Mapping[str, Any], *, folder: Path | None = None) -> InferenceSettings:
    """Build settings from nested dictionaries, as a TOML file gives them.

    File names in them start from `folder`, by default the current one.

    >>> from_dictionary({"accelerator": {"wires": {"row_ohm": 2.0, "column_ohm": 0.5}},
    ...                  "pcm": {"preset": "joshi2020"}}).accelerator.wires.row_ohm
    2.0
    """
    known_keys("settings", content, {"accelerator", "accelerators", "layers", "pcm", "run"})
    home = folder or Path()
    pcm = content.get("pcm")
    statistics = None if pcm is None else _statistics(pcm)
    tables = {"accelerator": dict(content.get("accelerator", {}))}
    for name, table in content.get("accelerators", {}).items():
        tables[f"accelerators.{name}"] = _merged(tables["accelerator"], table)
    made = {name: _accelerator(name, table, statistics, home) for name, table in tables.items()}
    digital, elsewhere = _layers(content.get("layers", {}), made)
    run: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.get("run", {}).items()
    }
    own = {"accelerator", "digital", "elsewhere"}
    known_keys("run", run, {f.name for f in fields(InferenceSettings)} - own)
    return InferenceSettings(
        accelerator=made["accelerator"],
        digital=digital,
        elsewhere=elsewhere,
        **run,
    )


def _accelerator(
    name: str, table: Mapping[str, Any], statistics: PcmStatistics | None, folder: Path
) -> Accelerator:
    values: dict[str, Any] = dict(table)
    known_keys(name, values, {f.name for f in fields(Accelerator)} - {"statistics", "digital"})
    for key, kind in (("wires", Wires), ("terminals", Terminals)):
        if key in values:
            values[key] = build_part(kind, f"{name}.{key}", values[key], folder=folder)
    synapse = dict(values.get("synapse", {}))
    if statistics is not None:
        synapse.setdefault("g_max_siemens", statistics.g_max_siemens)
    synapse.setdefault("g_min_siemens", 0.1e-6)
    values["synapse"] = synapse
    for key in _ROLES:
        if key in values:
            values[key] = part(key, values[key], name=f"{name}.{key}", folder=folder)
    if isinstance(values.get("model"), str | list):
        files = values["model"] if isinstance(values["model"], list) else [values["model"]]
        models = tuple(ReadoutModel.load(folder / str(file)) for file in files)
        values["model"] = models[0] if len(models) == 1 else models
    try:
        return Accelerator(statistics=statistics, **values)
    except TypeError as error:
        raise ParameterError.about(
            name, got=str(error), expected="tables of parts", remedy="see accelerator.settings"
        ) from error


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


def _layers(
    content: Mapping[str, Any], made: Mapping[str, Accelerator]
) -> tuple[dict[str, int | None], dict[str, Accelerator]]:
    digital: dict[str, int | None] = {}
    elsewhere: dict[str, Accelerator] = {}
    for name, place in content.items():
        width = _WIDTH.fullmatch(str(place))
        if f"accelerators.{place}" in made:
            elsewhere[name] = made[f"accelerators.{place}"]
        elif place in ("digital", "float32"):
            digital[name] = None
        elif width is not None:
            digital[name] = int(width[1])
        else:
            raise ParameterError.about(
                f"layers.{name}",
                got=repr(place),
                expected="'digital', 'int8' (or another width), or the name of an accelerator in"
                " [accelerators]",
                remedy="correct the spelling",
            )
    return digital, elsewhere


def _statistics(pcm: Mapping[str, Any]) -> PcmStatistics:
    changes = dict(pcm)
    preset = checks.choice("pcm.preset", changes.pop("preset", "joshi2020"), PCM_PRESETS)
    statistics = PCM_PRESETS[preset]()
    numbers = {f.name for f in fields(statistics) if isinstance(getattr(statistics, f.name), float)}
    known_keys("pcm", changes, numbers)
    return replace(statistics, **changes)
