"""What an inference study is told: the accelerator, its devices, times, seeds; from Python or TOML.

A TOML file has the tables ``[accelerator]`` (with ``[accelerator.wires]`` and
``[accelerator.terminals]``), ``[pcm]`` and ``[run]``, whose keys are the names of the Python
arguments; ``input_bits = "exact"`` stands for Python's None, and ``readout = "model.json"`` for a
calibrated read-out in a file, seen from the TOML file's folder. Unknown keys are refused, so a
typing error cannot change a result quietly.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from xbar_circuit import checks
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.drift import COMPENSATIONS
from xbar_circuit.backend import backend
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.devices import Cell, Ohmic, PcmCell, PcmStatistics, Sinh
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES
from xbar_circuit.wires import Terminals, Wires

__all__ = ["CELLS", "PCM_PRESETS", "Settings", "from_dictionary", "read_settings"]

#: Statistics by the name they have in a file.
PCM_PRESETS = {
    "joshi2020": PcmStatistics.joshi2020,
    "hermes_single": PcmStatistics.hermes_single,
    "hermes_double": PcmStatistics.hermes_double,
}

#: Cells by the name they have in a file; any other is given in Python.
CELLS: dict[str, Callable[..., Cell]] = {
    "ohmic": Ohmic,
    "sinh": Sinh,
    "pcm": PcmCell.sebastian2017,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configuration of an inference study.

    Parameters
    ----------
    accelerator
        Tiles, mapping and converters.
    statistics
        Of the devices; None programs exactly and never drifts.
    seconds
        Times after programming [s].
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
        Name of the architecture that costs are counted for, see `architecture.PRESETS`.
    tile_budget
        Tiles that slow layers may fill with copies of themselves; None makes no copies.
    device
        Where tiles are reduced: ``"cuda"`` for a graphics card; None is the processor, see
        `xbar_circuit.backend`.

    Raises
    ------
    ParameterError
        A number out of range, or a conductance range that exceeds the technology's.
    """

    accelerator: Accelerator = field(default_factory=Accelerator)
    statistics: PcmStatistics | None = None
    seconds: tuple[float, ...] = (0.0,)
    seeds: int = 1
    drift_compensation: str = "global"
    wire_aware: bool = False
    images: int | None = None
    memory_bytes: int = MEMORY_BYTES
    technology: str = "survey median"
    tile_budget: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        backend(self.device)
        for time in self.seconds:
            checks.number("seconds", time, "s")
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
        limit = None if self.statistics is None else self.statistics.g_max_siemens
        if limit is not None and self.accelerator.g_max_siemens > limit * (1 + 1e-9):
            raise ParameterError.about(
                "g_max_siemens",
                got=self.accelerator.g_max_siemens,
                expected=f"at most the {limit:g} S of the device statistics",
                remedy="lower accelerator.g_max_siemens or choose other statistics",
            )


def read_settings(path: Path | str) -> Settings:
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
            f"config: got {path} ({error}), expected a TOML file with the tables accelerator, pcm"
            " and run; see xbar infer --help"
        ) from error
    return from_dictionary(content, folder=Path(path).parent)


def from_dictionary(content: Mapping[str, Any], *, folder: Path | None = None) -> Settings:
    """Build settings from nested dictionaries, as a TOML file gives them.

    File names in them start from `folder`, by default the current one.

    >>> from_dictionary({"accelerator": {"wires": {"row_ohm": 2.0, "column_ohm": 0.5}},
    ...                  "pcm": {"preset": "joshi2020"}}).accelerator.wires.row_ohm
    2.0
    """
    _known("settings", content, {"accelerator", "pcm", "run"})
    accelerator = dict(content.get("accelerator", {}))
    if "cell" in accelerator:
        accelerator["cell"] = _cell(accelerator["cell"])
    if "wires" in accelerator:
        accelerator["wires"] = _build(Wires, "accelerator.wires", accelerator["wires"])
    if "terminals" in accelerator:
        accelerator["terminals"] = _build(
            Terminals, "accelerator.terminals", accelerator["terminals"]
        )
    if isinstance(accelerator.get("readout"), str):
        model = ReadoutModel.load((folder or Path()) / accelerator["readout"])
        accelerator["readout"] = model
        accelerator.setdefault("output_bits", model.bits)
    for bits in ("input_bits", "output_bits"):
        if accelerator.get(bits) == "exact":
            accelerator[bits] = None
    pcm = content.get("pcm")
    if pcm is not None and "g_max_siemens" not in accelerator:
        accelerator["g_max_siemens"] = _statistics(pcm).g_max_siemens
    run = dict(content.get("run", {}))
    _known("run", run, {f.name for f in fields(Settings)} - {"accelerator", "statistics"})
    return Settings(
        accelerator=_build(Accelerator, "accelerator", accelerator),
        statistics=None if pcm is None else _statistics(pcm),
        **{name: _tuples(value) for name, value in run.items()},
    )


def _cell(content: Mapping[str, Any]) -> Cell:
    """Return a cell by its kind and its numbers."""
    numbers = dict(content)
    kind = checks.choice("accelerator.cell.kind", numbers.pop("kind", None), tuple(CELLS))
    try:
        return CELLS[kind](**numbers)
    except TypeError as error:
        raise ParameterError.about(
            "accelerator.cell",
            got=str(error),
            expected=f"the numbers of a {kind} cell",
            remedy="for example kind = 'sinh', v0_volt = 0.3",
        ) from error


def _statistics(pcm: Mapping[str, Any]) -> PcmStatistics:
    changes = dict(pcm)
    preset = checks.choice("pcm.preset", changes.pop("preset", "joshi2020"), PCM_PRESETS)
    statistics = PCM_PRESETS[preset]()
    numbers = {f.name for f in fields(statistics) if isinstance(getattr(statistics, f.name), float)}
    _known("pcm", changes, numbers)
    return replace(statistics, **changes)


def _build(kind: Any, name: str, content: Mapping[str, Any]) -> Any:
    _known(name, content, {f.name for f in fields(kind)})
    try:
        return kind(**{key: _tuples(value) for key, value in content.items()})
    except TypeError as error:
        raise ParameterError.about(
            name, got=str(error), expected="all of its keys", remedy="add the missing ones"
        ) from error


def _known(name: str, content: Mapping[str, Any], allowed: set[str]) -> None:
    unknown = set(content) - allowed
    if unknown:
        raise ParameterError.about(
            name,
            got=f"unknown keys {sorted(unknown)}",
            expected=f"some of {sorted(allowed)}",
            remedy="correct the spelling",
        )


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
