"""The amplifier's testbench: one column of a real array into one amplifier.

All rows follow one source ``Vscale``: row i is at ``reference + scale * pattern[i]``. The other
columns end in ideal virtual grounds at the reference. The loop can be probed at the op-amp's
output, between ``driven`` and ``out`` (Middlebrook, Int. J. Electronics 38, 485, 1975); a current
can be put into the bit line's end, the node ``minus``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.peripherals.amplifiers import Amplifier
from xbar_circuit.units import spice_number

__all__ = ["Stimulus", "driver_lines", "loaded_column"]

_OPTIONS = ".options reltol=1e-6 abstol=1e-14 vntol=1e-9 chgtol=1e-20 gmin=1e-15 noacct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """What the sources of the testbench do: a SPICE source value each."""

    scale: str = "DC 0"
    voltage_probe: str = "DC 0"
    current_probe: str = "DC 0"
    test_current: str = "DC 0"


def loaded_column(
    amplifier: Amplifier,
    crossbar: Crossbar,
    column: int,
    pattern: FloatArray,
    stimulus: Stimulus,
    *,
    celsius: float = 27.0,
    klu: bool = True,
    array: Sequence[str] | None = None,
    extra: Sequence[str] = (),
) -> str:
    """Return the deck.

    Parameters
    ----------
    amplifier, crossbar, column
        What is connected to what.
    pattern
        (rows,) voltages about the reference at scale 1 [V].
    stimulus
        What the sources do.
    celsius
        Temperature [degree Celsius].
    klu
        Use the KLU solver; ngspice 46 has no noise analysis with it.
    array
        Lines that stand for wires, leads, terminals and cells between the nodes ``left_3`` and
        ``bottom_7``, with only this column read; None writes the full array.
    extra
        Further lines, put behind the definitions.
    """
    lines = [
        f"xbar_circuit: column {column} of a {crossbar.rows} x {crossbar.cols} crossbar"
        " with its amplifier",
        "* row i is at reference + scale * pattern[i]; the amplifier's output is v(out)",
        f"{_OPTIONS} temp={spice_number(celsius)}{' klu' if klu else ''}",
        *amplifier.spice_definition("xbar_opamp"),
        *extra,
        *(array_lines(crossbar, reference="reference") if array is None else array),
        f"Vreference reference 0 DC {spice_number(amplifier.reference_volt)}",
        f"Vscale scale 0 {stimulus.scale}",
        *driver_lines(
            crossbar, [f"scale 0 {spice_number(v)}" for v in pattern], whole=array is None
        ),
    ]
    for end in senses(crossbar):
        node = end.name
        if array is None:
            lines += _resistor(end)
            node = end.source_node
        if end.index == column:
            lines.append(f"V{end.name} {node} minus DC 0")
        elif array is None:
            lines.append(f"V{end.name} {node} reference DC 0")
    lines += amplifier.spice_lines(
        "amplifier", definition="xbar_opamp", minus="minus", out="out", driven="driven"
    )
    lines += [
        f"Vprobe driven out {stimulus.voltage_probe}",
        f"Iprobe 0 out {stimulus.current_probe}",
        f"Itest 0 minus {stimulus.test_current}",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def driver_lines(crossbar: Crossbar, controls: Sequence[str], *, whole: bool = True) -> list[str]:
    """Return ideal drivers about the node ``reference``.

    ``controls[i]`` is the end of a voltage-controlled source: two control nodes and a gain. What
    stands for the array brings its own terminals, unless it is the `whole` of it.
    """
    lines: list[str] = []
    for end in drivers(crossbar):
        lines += _resistor(end) if whole else []
        node = end.source_node if whole else end.name
        lines.append(f"E{end.name} {node} reference {controls[end.index]}")
    return lines


def _resistor(end: Terminal) -> list[str]:
    parts = end.resistor()
    if parts is None:
        return []
    name, first, second, ohm = parts
    return [f"R{name} {first} {second} {spice_number(ohm)}"]
