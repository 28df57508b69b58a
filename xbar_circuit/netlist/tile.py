"""A whole tile as one deck: drivers, array, and a read-out on every column.

Input vectors follow each other, one read-out period apart. The array is either the full netlist or
text of somebody's macromodel with the same nodes at its ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.periphery import (
    amplifier_definition,
    clock_lines,
    converter_includes,
    converter_subcircuit,
    converter_supplies,
    staircase,
    supply_sources,
    timing_of,
    transimpedance_lines,
)
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.netlist.testbench import Testbench, transient_options
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["tile_bench"]


def tile_bench(
    crossbar: Crossbar,
    readout: Readout,
    volts: FloatArray,
    *,
    rise_second: float,
    array: Sequence[str] | None = None,
    noise: FloatArray | None = None,
    columns: Sequence[int] | None = None,
) -> Testbench:
    """Return the deck that computes matrix-vector products.

    Parameters
    ----------
    crossbar
        The array; its terminals carry the drivers' resistance.
    readout
        What every column ends in.
    volts
        Row voltages about the reference (vectors, rows) [V].
    rise_second
        Rise time of the drivers [s].
    array
        Lines that stand for wires, leads and cells between the nodes ``left_3`` and ``bottom_7``;
        None writes the full array.
    noise
        Standard normal numbers (vectors, cols, decisions), or None.
    columns
        Which columns have a read-out, rising; the others end in an ideal virtual ground. None is
        all.
    """
    chosen = tuple(range(crossbar.cols)) if columns is None else tuple(columns)
    timing = timing_of(readout.converter, settle_second=readout.settling)
    count = len(volts)
    steps = timing.period_second * np.arange(count, dtype=np.float64)
    lines = [
        f"xbar_circuit: tile of {crossbar.rows} x {crossbar.cols}, {count} products",
        "* row i steps about the node reference; column j ends in amplifier_j and converter_j; its",
        f"* code is v(code_j), 1 V a code, at the end of each period of {timing.period_second!r} s",
        transient_options(transistors=_has_circuit(readout)),
    ]
    definitions = converter_includes(readout.converter)
    if readout.amplifier is not None:
        definitions += amplifier_definition(readout.amplifier, "opamp")
    lines += dict.fromkeys(definitions)  # a library that both need is loaded once
    if noise is None:
        lines += converter_subcircuit(
            readout.converter, "converter", settle_second=readout.settling
        )
    lines += array_lines(crossbar) if array is None else array
    lines.append(f"Vreference reference 0 DC {spice_number(readout.reference_volt)}")
    lines += clock_lines(timing, count)
    whole = array is None
    for end in drivers(crossbar):
        lines += _resistor(end, whole=whole)
        source = f"V{end.name} {_outer(end, whole=whole)} reference"
        lines += staircase(source, volts[:, end.index], steps, rise_second)
    codes = []
    for end in senses(crossbar):
        j = end.index
        lines += _resistor(end, whole=whole)
        node = _outer(end, whole=whole)
        if j not in chosen:
            lines.append(f"Vsense_{j} {node} reference DC 0")
            continue
        lines.append(f"Vsense_{j} {node} bit_{j} DC 0")
        name = "converter"
        if noise is not None:
            name = f"converter_{j}"
            lines += converter_subcircuit(
                readout.converter, name, noise=noise[:, j], settle_second=readout.settling
            )
        entry = f"bit_{j}"
        if readout.amplifier is not None:
            entry = f"out_{j}"
            lines += transimpedance_lines(
                readout.amplifier,
                f"amplifier_{j}",
                definition="opamp",
                minus=f"bit_{j}",
                out=entry,
            )
        lines.append(f"Xconverter_{j} {entry} start clock code_{j} {name}")
        codes.append(f"code_{j}")
    return Testbench(
        deck="\n".join([*lines, ".end"]) + "\n",
        stop_second=count * timing.period_second,
        step_second=timing.tick_second or timing.period_second / 20.0,
        read_seconds=timing.read_seconds(count),
        sample_seconds=timing.sample_seconds(count),
        code_nodes=tuple(codes),
        supplies=_supplies(readout, chosen),
    )


def _has_circuit(readout: Readout) -> bool:
    amplifier = readout.amplifier
    circuit = amplifier is not None and isinstance(amplifier.opamp, Subcircuit)
    return circuit or bool(converter_includes(readout.converter))


def _supplies(readout: Readout, columns: Sequence[int]) -> dict[str, float]:
    """Return every supply source of the read-outs and its voltage [V]."""
    found: dict[str, float] = {}
    for j in columns:
        if readout.amplifier is not None:
            found |= supply_sources(readout.amplifier, f"amplifier_{j}")
        found |= converter_supplies(readout.converter, f"xconverter_{j}")
    return found


def _outer(end: Terminal, *, whole: bool) -> str:
    """Return the node where the source or the read-out attaches; a macromodel has its own ends."""
    return end.source_node if whole else end.name


def _resistor(end: Terminal, *, whole: bool) -> list[str]:
    """Return lead and terminal; a macromodel brings both."""
    parts = end.resistor() if whole else None
    if parts is None:
        return []
    name, first, second, ohm = parts
    return [f"R{name} {first} {second} {spice_number(ohm)}"]
