"""A whole tile as one deck: drivers, array, and a read-out on every column.

Reads follow each other, one read-out period apart. The array is either the full netlist or
text of somebody's macromodel with the same nodes at its ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.netlist.testbench import Testbench, transient_options
from xbar_circuit.peripherals.amplifiers import DifferenceAmplifier
from xbar_circuit.peripherals.drivers import Driver, Wave, WordLines
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.units import spice_number

__all__ = ["tile_bench"]


def tile_bench(
    crossbar: Crossbar,
    driver: Driver,
    readout: Readout,
    read: WordLines,
    *,
    array: Sequence[str] | None = None,
    noise: FloatArray | None = None,
    columns: Sequence[int] | None = None,
) -> Testbench:
    """Return the deck that reads the array for a batch of inputs.

    Parameters
    ----------
    crossbar
        The array; its terminals carry the drivers' resistance.
    driver
        On every word line.
    readout
        What every column ends in.
    read
        What the word lines do.
    array
        Lines that stand for wires, leads and cells between the nodes ``left_3`` and ``bottom_7``;
        None writes the full array.
    noise
        Standard normal numbers (reads, converters, decisions), or None.
    columns
        Which columns have a read-out, rising; the others end in an ideal virtual ground. None is
        all. Pairs that share a converter come whole.
    """
    chosen = tuple(range(crossbar.cols)) if columns is None else tuple(columns)
    circuits = (*readout.circuits, *(() if driver.circuit is None else (driver.circuit,)))
    timing = readout.timing
    count = len(read.volt)
    lines = [
        f"xbar_circuit: tile of {crossbar.rows} x {crossbar.cols}, {count} reads",
        "* row i moves about the node reference; column j ends in amplifier_j and converter_j; its",
        f"* code is v(code_j), 1 V a code, at the end of each period of {timing.period_second!r} s",
        transient_options(transistors=bool(circuits)),
    ]
    definitions = readout.converter.spice_includes() + driver.spice_definition("xbar_buffer")
    if readout.amplifier is not None:
        definitions += readout.amplifier.spice_definition("xbar_amplifier")
    if isinstance(readout.difference, DifferenceAmplifier):
        definitions += readout.difference.spice_definition("xbar_difference")
    lines += _once(definitions)
    alike = noise is None and readout.samples is None
    if alike:
        lines += readout.converter.spice_subcircuit(
            "xbar_converter", settle_second=readout.settling
        )
    lines += array_lines(crossbar) if array is None else array
    lines.append(f"Vreference reference 0 DC {spice_number(readout.reference_volt)}")
    lines += timing.clock_lines(count)
    if readout.amplifier is not None:
        lines += readout.amplifier.spice_shared(timing.period_second)
    whole = array is None
    for end in drivers(crossbar):
        lines += _resistor(end, whole=whole)
        wave = Wave(
            read=read,
            row=end.index,
            period_second=timing.period_second,
            window_begin_second=readout.window_begin_second,
        )
        node = _outer(end, whole=whole)
        lines += driver.spice_lines(end.name, node, wave, definition="xbar_buffer")
    codes = []
    for end in senses(crossbar):
        lines += _resistor(end, whole=whole)
        j, node = end.index, _outer(end, whole=whole)
        if j not in chosen:
            lines.append(f"Vsense_{j} {node} reference DC 0")
            continue
        lines.append(f"Vsense_{j} {node} bit_{j} DC 0")
        lines += _amplifier(readout, j)
    for j, entry in _entries(readout, chosen):
        name = "xbar_converter"
        if not alike:
            name = f"xbar_converter_{j}"
            lines += readout.converter_of(j).spice_subcircuit(
                name,
                noise=None if noise is None else noise[:, j],
                settle_second=readout.settling,
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
        circuits=circuits,
    )


def _once(definitions: Sequence[str]) -> list[str]:
    """Return the lines with every library loaded once only."""
    found: list[str] = []
    for line in definitions:
        if not (line.startswith((".include", ".lib")) and line in found):
            found.append(line)
    return found


def _amplifier(readout: Readout, column: int) -> list[str]:
    """Return the amplifier of one column, and the subtracting stage of the pair that it closes."""
    amplifier = readout.amplifier
    if amplifier is None:
        return []
    instance, minus = f"amplifier_{column}", f"bit_{column}"
    pair, odd = divmod(column, 2)
    if readout.difference == "current":
        return amplifier.spice_copy(
            instance,
            definition="xbar_amplifier",
            minus=minus,
            out=f"pair_{pair}",
            turned=bool(odd),
            load=not odd,
        )
    lines = amplifier.spice_lines(
        instance, definition="xbar_amplifier", minus=minus, out=f"out_{column}"
    )
    if odd and isinstance(readout.difference, DifferenceAmplifier):
        lines += readout.difference.spice_lines(
            f"difference_{pair}",
            definition="xbar_difference",
            positive=f"out_{column - 1}",
            negative=f"out_{column}",
            out=f"pair_{pair}",
        )
    return lines


def _entries(readout: Readout, columns: Sequence[int]) -> list[tuple[int, str]]:
    """Return the number of every converter and the node at its input."""
    if readout.subtracts_before:
        return [(j // 2, f"pair_{j // 2}") for j in columns if j % 2]
    node = "bit" if readout.amplifier is None else "out"
    return [(j, f"{node}_{j}") for j in columns]


def _supplies(readout: Readout, columns: Sequence[int]) -> dict[str, float]:
    """Return every supply source of the read-outs and its voltage [V]."""
    found: dict[str, float] = {}
    for j in columns:
        if readout.amplifier is not None:
            found |= readout.amplifier.spice_supplies(f"amplifier_{j}")
        if j % 2 and isinstance(readout.difference, DifferenceAmplifier):
            found |= readout.difference.spice_supplies(f"difference_{j // 2}")
    for j, _ in _entries(readout, columns):
        found |= readout.converter.spice_supplies(f"xconverter_{j}")
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
