"""An array as a subcircuit with named ports, for a testbench of one's own in another simulator.

The ports are the outer ends of its terminals: ``left_0``, ``left_1`` ... where rows are driven and
``bottom_0`` ... where columns are sensed. The body is every wire and device, or the macromodel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xbar_circuit import _checks as checks
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.array import wire_lines
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.tile._export_cells import ExportedCells, exported_cells
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.units import spice_number

__all__ = ["EXPORT_BODIES", "EXPORT_FORMATS", "export_array"]

#: Languages of simulators. Tests run ngspice's and VACASK's; HSPICE's and Xyce's text is run by
#: ngspice too, but for Verilog-A in HSPICE and tables in Xyce; Spectre's is written after its
#: documentation and was not run.
EXPORT_FORMATS = ("ngspice", "vacask", "spectre", "hspice", "xyce")
EXPORT_BODIES = ("full", "macromodel")
_PORTS_A_LINE = 12
_KINDS = {"R": ("resistor", "r"), "C": ("capacitor", "c"), "V": ("vsource", "dc")}


def export_array(
    crossbar: Crossbar, *, name: str = "crossbar", language: str = "ngspice", body: str = "full"
) -> str:
    """Return a file with the array as a subcircuit.

    Parameters
    ----------
    crossbar
        The array.
    name
        Name of the subcircuit.
    language
        One of `EXPORT_FORMATS`. ngspice has every cell. VACASK has ohmic, sinh and PCM cells and
        Verilog-A modules of one's own; HSPICE and Spectre lack measured tables, Xyce lacks PCM
        cells and Verilog-A. A cell of one's own comes as the file it is, named by its path.
    body
        ``"full"`` is every wire and device; ``"macromodel"`` the reduction of a linear array to its
        ports, exact at DC and up to the first power of the frequency.

    Returns
    -------
    str
        The text of the file.

    Raises
    ------
    ParameterError
        A choice is unknown; the cells cannot be written in that language, or not reduced.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> export_array(xbar).splitlines()[-1]
    '.ends crossbar'
    """
    checks.choice("language", language, EXPORT_FORMATS)
    checks.choice("body", body, EXPORT_BODIES)
    if not name.isidentifier():
        raise ParameterError.about(
            "name", got=repr(name), expected="letters, digits and underscores", remedy="rename it"
        )
    ends = [*drivers(crossbar), *senses(crossbar)]
    ports = [end.name for end in ends]
    if body == "full":
        elements, cells = list(_wires(crossbar, ends)), exported_cells(crossbar, language)
    else:
        elements = macromodel_lines(crossbar, driven=False)
        cells = ExportedCells(notes=(), outside=(), inside=())
    head = [
        f"{crossbar.rows} x {crossbar.cols} crossbar, {body}, written by xbar_circuit",
        "ports: the outer ends of its terminals; left and right drive rows, bottom and top sense"
        " columns",
    ]
    lines = (
        _as_spice(name, ports, elements, head, cells)
        if language in ("ngspice", "hspice", "xyce")
        else _as_spectre(name, ports, elements, head, cells, vacask=language == "vacask")
    )
    return "\n".join(lines) + "\n"


def _wires(crossbar: Crossbar, ends: Sequence[Terminal]) -> Iterator[str]:
    """Yield wires, leads and terminals, the outer ends under their own names."""
    yield from wire_lines(crossbar)
    for end in ends:
        if (parts := end.resistor()) is not None:
            resistor, first, second, ohm = parts
            yield f"R{resistor} {first} {second} {spice_number(ohm)}"
        if end.source_node != end.name:
            yield f"Vend_{end.name} {end.name} {end.source_node} 0"


def _as_spice(
    name: str,
    ports: Sequence[str],
    elements: Sequence[str],
    head: Sequence[str],
    cells: ExportedCells,
) -> Iterator[str]:
    yield from (f"* {line}" for line in (*head, *cells.notes))
    yield from cells.outside
    yield f".subckt {name}"
    for start in range(0, len(ports), _PORTS_A_LINE):
        yield "+ " + " ".join(ports[start : start + _PORTS_A_LINE])
    yield from elements
    yield from cells.inside
    yield f".ends {name}"


def _as_spectre(
    name: str,
    ports: Sequence[str],
    elements: Sequence[str],
    head: Sequence[str],
    cells: ExportedCells,
    *,
    vacask: bool,
) -> Iterator[str]:
    """Yield the languages in which an element names its model and its parameter."""
    yield from (f"// {line}" for line in head)
    if vacask:
        yield "// the deck above has to load resistor.osdi and capacitor.osdi, and"
        yield "// model resistor resistor, model capacitor capacitor, model vsource vsource"
    yield from (f"// {line}" for line in cells.notes)
    if not vacask:
        yield "simulator lang=spectre"
    yield from cells.outside
    yield f"subckt {name} ({' '.join(ports)})"
    own = [line.split() for line in elements if line[:1].upper() in _KINDS]
    for element, first, second, value in _without_negative(own) if vacask else own:
        kind = element[0].upper()
        model, parameter = _KINDS[kind]
        yield f"{element} ({first} {second}) {model} {parameter}={value}"
    yield from cells.inside
    yield "ends" if vacask else f"ends {name}"


def _without_negative(elements: Sequence[list[str]]) -> list[list[str]]:
    """Return the elements without the macromodel's negative capacitors, which VACASK refuses.

    The coupling of two ports is subtracted from the capacitors of both to ground, so that each port
    alone keeps its own.
    """
    taken: dict[str, float] = {}
    kept = []
    for element in elements:
        name, first, second, value = element
        if name[0].upper() == "C" and float(value) < 0.0:
            for node in (first, second):
                taken[node] = taken.get(node, 0.0) + float(value)
        else:
            kept.append(element)
    return [
        [name, first, second, spice_number(float(value) + taken[first])]
        if name[0].upper() == "C" and second == "0" and first in taken
        else [name, first, second, value]
        for name, first, second, value in kept
    ]
