"""Accelerators from configurations of aihwkit and CrossSim, as far as they have a meaning here.

Read as data: numbers and names of classes. No code of either package is run, nor needed. What was
taken and what was left is listed, key by key, because neither describes wires, terminals and
read-outs as this package does: the result is a start, not the same simulation.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.cells import BitSlices, DifferentialPair, Synapse
from xbar_circuit.devices import PcmStatistics
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    Driver,
    ExactDriver,
    IdealConverter,
    Readout,
)
from xbar_circuit.wires import Wires

__all__ = ["ImportedSettings", "from_aihwkit", "from_crosssim"]

_DEEPEST = 12  # nested tables
_BITS = range(2, 17)  # of a converter
_NO_LIMIT = 512  # outputs of a tile where aihwkit sets none, its own default


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSettings:
    """Settings made of another simulator's configuration.

    settings : for a study; its accelerator is what was described.
    taken : every key that was read, and what it became.
    left : every key that was not, with its value: it has no part in the result.
    """

    settings: InferenceSettings
    taken: Mapping[str, str]
    left: Mapping[str, Any]

    @property
    def accelerator(self) -> Accelerator:
        """What was described."""
        return self.settings.accelerator


class _Keys:
    """Nested tables by dotted keys, and which of them were read."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._all = dict(_leaves(content))
        self.taken: dict[str, str] = {}

    def get(self, key: str, usual: Any) -> Any:
        """Return a value, or the other package's default."""
        value = self._all.get(key, usual)
        return usual if value is None else value

    def number(self, key: str, usual: float) -> float:
        """Return a number."""
        value = self.get(key, usual)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ParameterError.about(
                key, got=repr(value), expected="a number", remedy="correct the configuration"
            )
        return float(value)

    def took(self, meaning: str, *keys: str) -> None:
        """Note what keys became, those that are there."""
        self.taken |= {key: meaning for key in keys if key in self._all}

    @property
    def left(self) -> dict[str, Any]:
        """What was not read."""
        return {key: value for key, value in self._all.items() if key not in self.taken}


def from_aihwkit(config: Any) -> ImportedSettings:
    """Return settings of an aihwkit configuration for inference (``InferenceRPUConfig``).

    Sizes of tiles, widths of converters, the wire that drops the voltage, the conductance range,
    the PCM noise model with its scales, and drift compensation are taken. aihwkit's IR drop is that
    of a bit line: ``ir_drop_g_ratio`` is a wire's conductance over the largest of a device.

    Parameters
    ----------
    config
        The object itself, its fields as nested dictionaries, or a JSON file of these. In
        dictionaries, ``class`` names the class of a noise model or compensation.

    Returns
    -------
    ImportedSettings
        The accelerator and run settings, with the keys that were taken and those that were not.

    Raises
    ------
    ParameterError
        A value of another type, or one that a part refuses.
    ModelFileError
        The file is missing or not JSON.

    >>> made = from_aihwkit({"mapping": {"max_input_size": 64}, "forward": {"out_noise": 0.04}})
    >>> made.accelerator.rows, made.left
    (64, {'forward.out_noise': 0.04})
    """
    keys = _Keys(_content(config))
    driver: Driver = ExactDriver()
    converter = IdealConverter(bits=None)
    if not keys.get("forward.is_perfect", usual=False):
        inputs = _width(keys, "forward.inp_res", 1 / (2**7 - 2))
        outputs = _width(keys, "forward.out_res", 1 / (2**9 - 2))
        driver = ExactDriver() if inputs is None else Dac(bits=inputs)
        converter = IdealConverter(bits=outputs)
    keys.took("exact driver and converter, or not", "forward.is_perfect")
    keys.took("width of the driver", "forward.inp_res")
    keys.took("width of the converter", "forward.out_res")
    kind = str(keys.get("noise_model.class", ""))
    statistics = None
    high = keys.number("noise_model.g_max", 25.0) * 1e-6
    if kind == "PCMLikeNoiseModel":
        statistics = replace(
            PcmStatistics.joshi2020(),
            g_max_siemens=high,
            programming_scale=keys.number("noise_model.prog_noise_scale", 1.0),
            read_scale=keys.number("noise_model.read_noise_scale", 1.0),
            drift_scale=keys.number("noise_model.drift_scale", 1.0),
        )
        keys.took("statistics: PcmStatistics.joshi2020()", "noise_model.class")
        keys.took("statistics.programming_scale", "noise_model.prog_noise_scale")
        keys.took("statistics.read_scale", "noise_model.read_noise_scale")
        keys.took("statistics.drift_scale", "noise_model.drift_scale")
    keys.took("largest conductance", "noise_model.g_max")
    low = keys.number("noise_model.g_converter.g_min", 0.0) * 1e-6
    keys.took("smallest conductance", "noise_model.g_converter.g_min")
    scale = keys.number("forward.ir_drop", 0.0)
    if "forward.ir_drop_rs" in keys.left:
        ohm = scale * keys.number("forward.ir_drop_rs", 0.15)
    else:
        ohm = scale / (keys.number("forward.ir_drop_g_ratio", 1 / 0.35 / 5e-6) * high)
    wire = "forward.ir_drop", "forward.ir_drop_g_ratio", "forward.ir_drop_rs"
    keys.took("wires.column_ohm, solved exactly", *wire)
    by_column = bool(keys.get("mapping.weight_scaling_columnwise", usual=False))
    keys.took("weight_scale: column or tile", "mapping.weight_scaling_columnwise")
    rows = keys.number("mapping.max_input_size", 512)
    cols = keys.number("mapping.max_output_size", _NO_LIMIT) or _NO_LIMIT
    keys.took("rows", "mapping.max_input_size")
    unlimited = keys.get("mapping.max_output_size", _NO_LIMIT) == 0
    keys.took(
        f"cols: two an output; no limit becomes {_NO_LIMIT} outputs, without wires along rows the"
        " columns are independent"
        if unlimited
        else "cols: two an output",
        "mapping.max_output_size",
    )
    drift = str(keys.get("drift_compensation.class", "none"))
    known = {"GlobalDriftCompensation": "global", "none": "none"}
    if drift in known:
        keys.took(f"drift_compensation: {known[drift]}", "drift_compensation.class")
    accelerator = Accelerator(
        rows=_size("mapping.max_input_size", rows),
        cols=2 * _size("mapping.max_output_size", cols),
        synapse=DifferentialPair(g_min_siemens=low, g_max_siemens=high),
        wires=Wires(row_ohm=0.0, column_ohm=ohm),
        driver=driver,
        readout=Readout(converter=converter),
        statistics=statistics,
        weight_scale="column" if by_column else "tile",
    )
    settings = InferenceSettings(
        accelerator=accelerator, drift_compensation=known.get(drift, "none")
    )
    return ImportedSettings(settings=settings, taken=keys.taken, left=keys.left)


def from_crosssim(config: Any) -> ImportedSettings:
    """Return settings of a CrossSim configuration (``CrossSimParameters``, or its JSON).

    Sizes of arrays, the coding of weights, the range of resistances, parasitic resistances (which
    CrossSim counts in units of the smallest device resistance), widths of converters of its
    ``mvm`` direction and input bit slicing are taken; of device models only ``PCMJoshi``.

    Parameters
    ----------
    config
        The object, nested dictionaries, or a JSON file.

    Returns
    -------
    ImportedSettings
        The accelerator and run settings, with the keys that were taken and those that were not.

    Raises
    ------
    ParameterError
        A value of another type, or one that a part refuses; a coding that has none here.
    ModelFileError
        The file is missing or not JSON.

    >>> made = from_crosssim(
    ...     {"core": {"rows_max": 64}, "xbar": {"device": {"Rmin": 1e4, "Rmax": 1e6}}}
    ... )
    >>> made.accelerator.rows, made.accelerator.synapse.g_max_siemens
    (64, 0.0001)
    """
    keys = _Keys(_content(config))
    device, array = "xbar.device", "xbar.array.parasitics"
    least, most = keys.number(f"{device}.Rmin", 1e3), keys.number(f"{device}.Rmax", 1e4)
    if not 0.0 < least < most:
        raise ParameterError.about(
            f"{device}.Rmin, Rmax",
            got=f"{least:g} and {most:g}",
            expected="0 < Rmin < Rmax [ohm]",
            remedy="correct the configuration",
        )
    high = 1.0 / least
    low = 0.0 if keys.get(f"{device}.infinite_on_off_ratio", usual=False) else 1.0 / most
    keys.took("range of the synapse", *(f"{device}.{k}" for k in ("Rmin", "Rmax")))
    keys.took("smallest conductance 0, or not", f"{device}.infinite_on_off_ratio")
    on = bool(keys.get(f"{array}.enable", usual=False))
    row = on * least * keys.number(f"{array}.Rp_row", 0.0)
    column = on * least * keys.number(f"{array}.Rp_col", 0.0)
    keys.took(
        "wires, in ohm per segment", *(f"{array}.{k}" for k in ("enable", "Rp_row", "Rp_col"))
    )
    volt = keys.number(f"{device}.Vread", 0.2)
    keys.took("full scale of the driver", f"{device}.Vread")
    bits = _bits("xbar.dac.mvm.bits", keys.number("xbar.dac.mvm.bits", 0))
    driver: Driver = ExactDriver(full_scale_volt=volt)
    if bits is not None:
        sliced = bool(keys.get("xbar.dac.mvm.input_bitslicing", usual=False))
        driver = (BitSerial if sliced else Dac)(bits=bits, full_scale_volt=volt)
    keys.took("driver", "xbar.dac.mvm.bits", "xbar.dac.mvm.input_bitslicing")
    wide = _bits("xbar.adc.mvm.bits", keys.number("xbar.adc.mvm.bits", 0))
    keys.took("width of the converter", "xbar.adc.mvm.bits")
    synapse, columns = _coding(keys, low, high)
    together = bool(keys.get("core.balanced.subtract_current_in_xbar", usual=True))
    readout = Readout(converter=IdealConverter(bits=wide))
    if columns == 2 and together:
        conveyor = CurrentConveyor(input_ohm=0.0)
        readout = replace(readout, amplifier=conveyor, difference="current")
    keys.took("read-out: difference of currents or codes", "core.balanced.subtract_current_in_xbar")
    keys.took("rows", "core.rows_max")
    keys.took(f"cols: {columns} an output", "core.cols_max")
    accelerator = Accelerator(
        rows=_size("core.rows_max", keys.number("core.rows_max", 1024)),
        cols=columns * _size("core.cols_max", keys.number("core.cols_max", 1024)),
        synapse=synapse,
        wires=Wires(row_ohm=row, column_ohm=column),
        driver=driver,
        readout=readout,
        statistics=_joshi(keys, high),
    )
    settings = InferenceSettings(accelerator=accelerator, drift_compensation="none")
    return ImportedSettings(settings=settings, taken=keys.taken, left=keys.left)


def _coding(keys: _Keys, low: float, high: float) -> tuple[Synapse, int]:
    """Return CrossSim's coding of weights, and how many columns an output takes."""
    style = keys.get("core.style", 1)
    number = {"BALANCED": 1, "BITSLICED": 2, "OFFSET": 3}.get(str(style), style)
    keys.took("synapse", "core.style")
    if number == 1:
        return DifferentialPair(g_min_siemens=low, g_max_siemens=high), 2
    bits, slices = keys.get("core.weight_bits", 0), keys.get("core.bit_sliced.num_slices", 2)
    if number == 2 and isinstance(bits, int) and isinstance(slices, int) and bits > slices > 0:
        keys.took("bits and slices", "core.weight_bits", "core.bit_sliced.num_slices")
        each = math.ceil((bits - 1) / slices)
        made = BitSlices(g_min_siemens=low, g_max_siemens=high, bits_per_cell=each, slices=slices)
        return made, len(made.significance)
    raise ParameterError.about(
        "core.style",
        got=f"{style!r} with weight_bits {bits!r} and {slices!r} slices",
        expected="1 (balanced), or 2 (bit slices) with more weight_bits than slices",
        remedy="offset coding has no counterpart here: choose balanced cores",
    )


def _joshi(keys: _Keys, high: float) -> PcmStatistics | None:
    """Return statistics where CrossSim's model of Joshi's devices makes the errors."""
    names = "programming_error", "read_noise", "drift_error"
    on = {}
    for name in names:
        place = f"xbar.device.{name}"
        enabled = bool(keys.get(f"{place}.enable", usual=False))
        on[name] = enabled and keys.get(f"{place}.model", "") == "PCMJoshi"
        if on[name] or not enabled:
            keys.took("statistics", f"{place}.enable", f"{place}.model")
        if not enabled:
            keys.took("switched off", f"{place}.magnitude")
    if not any(on.values()):
        return None
    scales = ("programming_scale", "read_scale", "drift_scale")
    scaled: dict[str, Any] = {s: float(on[n]) for s, n in zip(scales, names, strict=True)}
    return replace(PcmStatistics.joshi2020(), g_max_siemens=high, **scaled)


def _width(keys: _Keys, key: str, usual: float) -> int | None:
    """Return the bits of aihwkit's resolution: steps, or one over them; 0 or less is exact."""
    value = keys.number(key, usual)
    if value <= 0.0:
        return None
    steps = 1.0 / value if value < 1.0 else value
    return _bits(key, math.ceil(math.log2(steps + 2.0) - 1e-9))


def _bits(key: str, value: float) -> int | None:
    if value == 0:
        return None
    if value not in _BITS:
        raise ParameterError.about(
            key,
            got=f"{value:g} bits",
            expected=f"{_BITS.start} to {_BITS.stop - 1} bits, or none for exact",
            remedy="correct the configuration",
        )
    return int(value)


def _size(key: str, value: float) -> int:
    if value < 1 or value != int(value):
        raise ParameterError.about(
            key,
            got=f"{value:g}",
            expected="a whole number of at least 1",
            remedy="say the size of a tile: 0, no limit, has no meaning here",
        )
    return int(value)


def _content(config: Any) -> Mapping[str, Any]:
    """Return a configuration as nested dictionaries."""
    if isinstance(config, str | Path):
        try:
            config = json.loads(Path(config).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(
                f"config: got {config} ({error}), expected a JSON file; write the configuration's"
                " fields as JSON"
            ) from error
    plain = _plain(config, _DEEPEST)
    if not isinstance(plain, Mapping):
        raise ParameterError.about(
            "config",
            got=type(config).__name__,
            expected="a configuration, nested dictionaries or a JSON file",
            remedy="give the object itself, or its fields",
        )
    return plain


def _plain(value: Any, depth: int) -> Any:
    """Return numbers, words and nested dictionaries of any object's fields; nothing is called."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.name if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return value.name
    if depth == 0:
        return type(value).__name__
    if isinstance(value, Mapping):
        return {str(key): _plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, depth - 1) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        fields = {name: getattr(value, name) for name in names}
    else:
        fields = dict(getattr(value, "__dict__", {}))
    made = {key: _plain(one, depth - 1) for key, one in fields.items() if not key.startswith("_")}
    return {"class": type(value).__name__, **made}


def _leaves(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is no table, by its dotted key."""
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
