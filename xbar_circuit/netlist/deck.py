"""A whole deck, as text that ``ngspice -b`` runs.

The inputs are numbered by the temperature, a billionth of a degree apart: nothing else in ngspice
changes during a ``.dc`` sweep without being a node of the circuit, and a node on which every driver
hangs costs the solver accuracy and time (at 128 x 128: 3e-8 of full scale instead of 2e-11, and
five times the iterations). With a single vector the drivers are plain DC sources and the
sweep has one point, its operating point (``.op`` itself would list every element of the array in
batch mode). With several every driver looks its voltage up, so the circuit is parsed and set up
once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import Segments
from xbar_circuit.cells.tabulated import cell_run_settings
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist._hand_over import run_lines
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.options import SpiceOptions
from xbar_circuit.netlist.terminals import Terminal, drivers, senses
from xbar_circuit.units import engineering, spice_number

__all__ = ["INDEX_KELVIN", "deck", "driver_expression", "header_lines", "sweep_bounds"]

INDEX_KELVIN = 1e-9  # between two inputs; far below what any device model feels

_NAMES_A_LINE = 8
_ALL_DIGITS = (".control", "set numdgt=15", ".endc")  # of printed numbers; ngspice gives 6


def deck(
    crossbar: Crossbar,
    volts: ArrayLike,
    *,
    options: SpiceOptions | None = None,
    extra: Sequence[str] = (),
    save: Iterable[str] | None = None,
    ammeters: bool = False,
) -> str:
    """Return a complete SPICE deck of a crossbar and its inputs.

    Parameters
    ----------
    crossbar
        The array.
    volts
        Inputs (batch, rows) or (rows,) [V].
    options
        Tolerances and solver; by default :meth:`SpiceOptions.for_read`.
    extra
        Further lines (``.include``, ``.lib``, elements), put before the array.
    save
        Vectors to keep, such as ``"v(row_0_3)"``; by default the currents of all sense terminals,
        which are also printed.
    ammeters
        Measure every device's current, see :func:`xbar_circuit.netlist.array_lines`.

    Returns
    -------
    str
        The deck; ``ngspice -b`` runs it as it is.

    Raises
    ------
    ShapeError, ParameterError
        `volts` does not fit or is not finite, or an argument is of the wrong kind.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> print(deck(xbar, [0.2]).split("* drivers")[1].strip())
    Vleft_0 left_0 0 DC 0.2
    Rleft_0 left_0 row_0_0 1.0
    * sense terminals, virtual ground
    Rbottom_0 bottom_0 col_0_0 2.0
    Vbottom_0 bottom_0 0 DC 0
    .dc temp 27.0 27.0 1e-09
    .save i(Vbottom_0)
    .print dc i(Vbottom_0)
    .control
    set numdgt=15
    .endc
    .end
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    batch = checks.read_volts("volts", volts, crossbar.rows)
    if options is not None:
        checks.instance("options", options, SpiceOptions, example="xc.netlist.SpiceOptions()")
    parts = _deck_lines(
        crossbar,
        batch,
        (options or SpiceOptions.for_read(crossbar, batch)).for_cell(crossbar.cell),
        extra,
        save,
        ammeters=ammeters,
    )
    return "\n".join(parts) + "\n"


def header_lines(crossbar: Crossbar) -> Iterator[str]:
    """Yield the title and the comment that states array, conventions and units.

    Parameters
    ----------
    crossbar
        The array.

    Yields
    ------
    str
        One comment line of SPICE.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> list(header_lines(xbar))[:2]
    ['xbar_circuit: 2 x 3 crossbar', '* cells    Ohmic(), 6 devices, 10 uS to 10 uS']
    """
    rows, cols = crossbar.shape
    wires, ends = crossbar.wires, crossbar.terminals

    def end(ohm: float | None) -> str:
        return "open" if ohm is None else engineering(ohm, "ohm")

    used = crossbar.conductance[crossbar.conductance > 0.0]
    span = (
        f"{engineering(used.min(), 'S')} to {engineering(used.max(), 'S')}"
        if used.size
        else "none connected"
    )
    yield f"xbar_circuit: {rows} x {cols} crossbar"
    yield f"* cells    {crossbar.cell!r}, {used.size} devices, {span}"
    yield (
        f"* wires    {_ohm(wires.row_ohm)} a word line segment,"
        f" {_ohm(wires.column_ohm)} a bit line segment; leads"
        f" {_ohm(wires.row_lead)} and {_ohm(wires.column_lead)};"
        f" {engineering(wires.row_farad, 'F')} and {engineering(wires.column_farad, 'F')} a node"
    )
    yield (
        f"* ends     left {end(ends.left_ohm)}, right {end(ends.right_ohm)};"
        f" bottom {end(ends.bottom_ohm)}, top {end(ends.top_ohm)}"
    )
    yield "* nodes    row_<row>_<col> word line, col_<row>_<col> bit line; row_<row>, col_<col> if"
    yield "*          ideal; row 0 is the top, column 0 the left"
    yield "* current  i(Vbottom_<col>) is positive into the sense terminal"
    yield "* units    volt, ampere, ohm, farad, second; numbers carry no prefixes"


def _ohm(value: float | Segments) -> str:
    """Return a resistance, or what says that there are several."""
    return repr(value) if isinstance(value, Segments) else engineering(value, "ohm")


def driver_expression(values: FloatArray, *, celsius: float = 27.0) -> str:
    """Return the expression of a driver that gives ``values[k]`` [V] at `celsius` + k * 1e-9.

    Each input lies on a plateau, so that it is exact wherever rounding leaves the temperature.

    Parameters
    ----------
    values
        One value for each input [V].
    celsius
        Temperature of the first input [degree Celsius].

    Returns
    -------
    str
        An expression for a behavioural source of ngspice.

    >>> import numpy as np
    >>> driver_expression(np.array([0.1, 0.2]))
    'pwl((temper-27.0)/1e-09,-0.25,0.1,0.25,0.1,0.75,0.2,1.25,0.2)'
    """
    table = ",".join(
        f"{k + side},{spice_number(v)}" for k, v in enumerate(values) for side in (-0.25, 0.25)
    )
    return f"pwl((temper-{celsius!r})/{INDEX_KELVIN!r},{table})"


def sweep_bounds(inputs: int, *, celsius: float = 27.0) -> tuple[float, float, float]:
    """Return start, stop and step [degree Celsius] of the sweep that numbers the inputs.

    The stop lies half a step beyond the last input, or ngspice might stop short of it.

    Parameters
    ----------
    inputs
        Number of inputs.
    celsius
        Temperature of the first input [degree Celsius].

    Returns
    -------
    tuple
        Start, stop and step [degree Celsius].

    >>> sweep_bounds(1)
    (27.0, 27.0, 1e-09)
    """
    beyond = inputs - 0.5 if inputs > 1 else 0.0
    return celsius, celsius + beyond * INDEX_KELVIN, INDEX_KELVIN


def _deck_lines(
    crossbar: Crossbar,
    volts: FloatArray,
    options: SpiceOptions,
    extra: Sequence[str],
    save: Iterable[str] | None,
    *,
    ammeters: bool,
) -> Iterator[str]:
    yield from header_lines(crossbar)
    yield options.line()
    yield from extra
    yield from array_lines(crossbar, ammeters=ammeters)
    yield "* drivers"
    swept = volts.shape[0] > 1
    if swept:
        yield f"* input k is read at {options.celsius!r} degrees Celsius + k * {INDEX_KELVIN!r}"
    for end in drivers(crossbar):
        if swept:
            value = driver_expression(volts[:, end.index], celsius=options.celsius)
            yield f"B{end.name} {end.source_node} 0 V={value}"
        else:
            yield f"V{end.name} {end.source_node} 0 DC {spice_number(volts[0, end.index])}"
        yield from _resistor_line(end)
    yield "* sense terminals, virtual ground"
    currents = []
    for end in senses(crossbar):
        yield from _resistor_line(end)
        yield f"V{end.name} {end.source_node} 0 DC 0"
        currents.append(f"i(V{end.name})")
    start, stop, step = sweep_bounds(len(volts), celsius=options.celsius)
    yield f".dc temp {start!r} {stop!r} {step!r}"
    yield from _listing(".save", currents if save is None else list(save))
    if save is None:
        yield from _listing(".print dc", currents)
        # compiled models are loaded before the circuit is read, wherever the command stands
        settings = cell_run_settings(crossbar.cell)
        models = settings.get("osdi", ())
        yield from run_lines(settings)
        yield _ALL_DIGITS[0]
        yield from (f"pre_osdi {model}" for model in models)
        yield from _ALL_DIGITS[1:]
    yield ".end"


def _resistor_line(end: Terminal) -> Iterator[str]:
    resistor = end.resistor()
    if resistor is not None:
        name, first, second, ohm = resistor
        yield f"R{name} {first} {second} {spice_number(ohm)}"


def _listing(command: str, names: Sequence[str]) -> Iterator[str]:
    """Yield a command over many vectors, a few a line."""
    for start in range(0, len(names), _NAMES_A_LINE):
        yield f"{command} " + " ".join(names[start : start + _NAMES_A_LINE])
