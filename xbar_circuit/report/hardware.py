"""What an accelerator is, in words, for every page that shows one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from xbar_circuit._brief import number_text
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator.spot_check import TileCheck, agreement_by_layer
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cells import CurrentTable, StateMap
from xbar_circuit.peripherals import Converter, Readout, Subcircuit
from xbar_circuit.peripherals.converters import CONVERTERS
from xbar_circuit.report import Table
from xbar_circuit.units import engineering

_MOST_VALUES = 4  # that are listed one by one
_KINDS = {
    "Dac": "DAC",
    "OpAmp": "op-amp",
}

__all__ = ["accelerator_words", "calibrated_words", "codes_table", "part_words"]


def accelerator_words(a: Hardware) -> list[str]:
    """Say what tiles are made of, from the driver to the code."""
    synapse = a.synapse
    devices = "exact" if a.statistics is None else a.statistics.source
    law = "" if synapse.cell.linear else f" Law of the cells: {part_words(synapse.cell)}."
    high, wide = a.block
    words = [
        f"Tiles of {a.rows} x {a.cols} cells; each weight is a {_kind(synapse)} of {high} x"
        f" {wide} devices, each between {engineering(synapse.g_min_siemens, 'S')} and"
        f" {engineering(synapse.g_max_siemens, 'S')}, {devices}.{law} Wires:"
        f" {engineering(a.wires.row_ohm, 'ohm')} per segment along rows,"
        f" {engineering(a.wires.column_ohm, 'ohm')} along columns.",
        f"Driver: {part_words(a.driver)}. Read-out: {part_words(a.readout)}. Ranges are set by"
        " images of the training set, layer by layer, and kept in the parts of each tile.",
    ]
    words += [calibrated_words(model) for model in a.models]
    return words


def part_words(part: object) -> str:
    """Return a part's kind and the settings that are not its defaults."""
    if isinstance(part, StateMap):
        low, high = part.range_siemens
        return f"{engineering(low, 'S')} to {engineering(high, 'S')}"
    if isinstance(part, Subcircuit):
        given = [f"{port} {engineering(volt, 'V')}" for port, volt in part.supplies.items()]
        given += [f"{port} {engineering(amp, 'A')}" for port, amp in part.currents.items()]
        given += [f"{path.name}{f' {section}' if section else ''}" for path, section in part.models]
        return f"{part.name} of {part.path.name} ({', '.join(given)})"
    if not is_dataclass(part) or isinstance(part, CurrentTable):
        return str(part)
    changed, parts = [], []
    for field in fields(part):
        if not field.init or not field.repr:
            continue
        value = getattr(part, field.name)
        if is_dataclass(value):
            parts.append(part_words(value))
        elif value != field.default:
            changed.append(_setting(field.name, value))
    if isinstance(part, Readout):
        return "; ".join([*parts, *changed])
    inside = "; ".join([*([", ".join(changed)] if changed else []), *parts])
    return f"{_kind(part)} ({inside})" if inside else _kind(part)


def _kind(part: object) -> str:
    """Return a class's name in words: SAR, ideal converter, op-amp."""
    for kind in CONVERTERS.values():
        if type(part) is kind.of:
            return kind.title
    name = type(part).__name__
    said = _KINDS.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    return f"{said} converter" if isinstance(part, Converter) else said


def _setting(name: str, value: object) -> str:
    """Return a setting in words, with its unit."""
    if isinstance(value, bool):
        return name.replace("_", " ") if value else f"no {name.replace('_', ' ')}"
    if isinstance(value, tuple | list | np.ndarray) and len(value) > _MOST_VALUES:
        return f"{len(value)} {name.replace('_', ' ')}"
    if not isinstance(value, int | float):
        return f"{name.replace('_', ' ')} {value}"
    if name == "bits":
        return f"{value} bit"
    if name == "noise_volt_per_root_hertz":
        return f"noise {engineering(value, 'V')}/sqrt(Hz)"
    text = number_text(name, value)
    plain = not text.split()[-1].isalpha()
    return f"{(name if plain else name.rpartition('_')[0] or name).replace('_', ' ')} {text}"


def calibrated_words(model: ReadoutModel) -> str:
    """Describe a calibrated read-out and its accuracy."""
    judged = "not judged on products held out"
    if model.held_out is not None:
        judged = (
            f"{100 * model.held_out.within_one:.1f} % of {model.held_out.codes} held-out codes"
            f" within 1 LSB of ngspice, {model.held_out.worst_lsb} LSB at worst"
        )
    warm = "" if model.celsius is None else f" at {model.celsius:g} degrees Celsius"
    return (
        f"Read-outs: calibrated against ngspice{warm}, {model.bits} bit, {judged};"
        f" input resistance {engineering(model.input_ohm, 'ohm')},"
        f" {engineering(model.product_second, 's')} and"
        f" {engineering(model.readout_joule, 'J')} for a product."
    )


def codes_table(checks: Sequence[TileCheck]) -> Table:
    """Return the agreement of codes with ngspice, layer by layer."""
    rows = [
        [
            name,
            f"{found.codes:,}",
            f"{100 * found.equal:.2f} %",
            f"{100 * found.within_one:.2f} %",
            f"{found.mean:+.3f}",
            f"{found.sigma:.3f}",
            f"{found.worst:g}",
        ]
        for name, found in agreement_by_layer(checks).items()
    ]
    return Table(
        columns=["layer", "codes", "equal", "within 1 LSB", "mean [LSB]", "sigma", "worst"],
        rows=rows,
        caption="Codes that the network multiplies with, less those of the whole deck in ngspice:"
        " drivers, wires and cells, amplifiers, converters, digital sums.",
    )
