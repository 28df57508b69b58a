"""A whole tile as one deck: drivers, array, and a read-out on every column.

Reads follow each other, one read-out period apart. The array is either the full netlist or
text of a given macromodel with the same nodes at its ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist._testbench import Testbench, transient_options
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.peripherals._waveform import staircase
from xbar_circuit.peripherals.amplifiers import Amplifier, DifferenceAmplifier
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
    pairs: Sequence[tuple[int, int]] = (),
    disturbance: FloatArray | None = None,
    celsius: float = 27.0,
) -> Testbench:
    """Return the deck that reads the array for a batch of inputs.

    Parameters
    ----------
    crossbar
        The array; its terminals carry the drivers' resistance.
    driver
        On every word line.
    readout
        The read-out of every column.
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
    pairs
        Positive and negative column of each pair that meets before a converter; empty where every
        column has its own.
    disturbance
        What noise adds to the converters' inputs (reads, converters) [V or A], or None.
    celsius
        Temperature of everything in it [degree Celsius].
    """
    chosen = tuple(range(crossbar.cols)) if columns is None else tuple(columns)
    circuits = (*readout.circuits, *(() if driver.circuit is None else (driver.circuit,)))
    met = {j: (k, sign) for k, pair in enumerate(pairs) for sign, j in enumerate(pair)}
    timing = readout.timing
    count = len(read.volt)
    lines = [
        f"xbar_circuit: tile of {crossbar.rows} x {crossbar.cols}, {count} reads",
        "* row i moves about the node reference; column j ends in amplifier_j and converter_j; its",
        f"* code is v(code_j), 1 V a code, at the end of each period of {timing.period_second!r} s",
        transient_options(transistors=bool(circuits), celsius=celsius),
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
    lines += array_lines(crossbar, reference="reference") if array is None else array
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
        if readout.amplifier is not None:
            lines += _amplifier(readout, readout.amplifier, j, met.get(j))
    lines += _stages(readout, pairs)
    for j, entry in _entries(readout, chosen, pairs):
        if disturbance is not None:
            lines += _disturbed(readout, j, entry, disturbance[:, j])
            entry = f"entry_{j}" if readout.converter.input_unit == "V" else entry  # noqa: PLW2901
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
        step_second=timing.step_second,
        read_second=timing.read_second(count),
        sample_second=timing.sample_second(count),
        code_nodes=tuple(codes),
        supplies=_supplies(readout, chosen, pairs),
        circuits=circuits,
        cell=crossbar.cell,
        exact=readout.converter.exact,
    )


def _once(definitions: Sequence[str]) -> list[str]:
    """Return the lines with every library loaded once only."""
    found: list[str] = []
    for line in definitions:
        if not (line.startswith((".include", ".lib")) and line in found):
            found.append(line)
    return found


def _amplifier(
    readout: Readout, amplifier: Amplifier, column: int, place: tuple[int, int] | None
) -> list[str]:
    """Return the amplifier of one column, which is number `place` of a pair and of its two."""
    instance, minus = f"amplifier_{column}", f"bit_{column}"
    if readout.difference == "current" and place is not None:
        pair, turned = place
        return amplifier.spice_copy(
            instance,
            definition="xbar_amplifier",
            minus=minus,
            out=f"pair_{pair}",
            turned=bool(turned),
            load=not turned,
        )
    return amplifier.spice_lines(
        instance, definition="xbar_amplifier", minus=minus, out=f"out_{column}"
    )


def _stages(readout: Readout, pairs: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the stages that subtract the voltages of pairs."""
    if not isinstance(readout.difference, DifferenceAmplifier):
        return
    for k, (plus, minus) in enumerate(pairs):
        yield from readout.difference.spice_lines(
            f"difference_{k}",
            definition="xbar_difference",
            positive=f"out_{plus}",
            negative=f"out_{minus}",
            out=f"pair_{k}",
        )


def _entries(
    readout: Readout, columns: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, str]]:
    """Return the number of every converter and the node at its input."""
    if readout.subtracts_before:
        return [(k, f"pair_{k}") for k in range(len(pairs))]
    node = "bit" if readout.amplifier is None else "out"
    return [(j, f"{node}_{j}") for j in columns]


def _disturbed(
    readout: Readout,
    converter: int,
    entry: str,
    values: FloatArray,
) -> Iterator[str]:
    """Yield the source that adds noise to a converter's input: in series, or a current into it."""
    nodes = f"entry_{converter} {entry}" if readout.converter.input_unit == "V" else f"0 {entry}"
    letter = "V" if readout.converter.input_unit == "V" else "I"
    timing = readout.timing
    begins = timing.period_second * np.arange(len(values))
    yield from staircase(f"{letter}noise_{converter} {nodes}", values, begins, timing.edge_second)


def _supplies(
    readout: Readout, columns: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """Return every supply source of the read-outs and its voltage [V]."""
    found: dict[str, float] = {}
    if readout.amplifier is not None:
        for j in columns:
            found |= readout.amplifier.spice_supplies(f"amplifier_{j}")
    if isinstance(readout.difference, DifferenceAmplifier):
        for k in range(len(pairs)):
            found |= readout.difference.spice_supplies(f"difference_{k}")
    for j, _ in _entries(readout, columns, pairs):
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
