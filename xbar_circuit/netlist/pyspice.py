"""The same crossbar as a PySpice `Circuit`, for those who add parts of their own.

Drivers, sense sources and their resistors are PySpice elements, because that is where a user
attaches an amplifier or a driver of her own; the array body, which may be hundreds of thousands of
elements, is bulk text inside the circuit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.deck import driver_expression, header_lines
from xbar_circuit.netlist.options import SpiceOptions
from xbar_circuit.netlist.terminals import drivers, senses

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

__all__ = ["circuit"]


def circuit(
    crossbar: Crossbar, volts: ArrayLike, *, options: SpiceOptions | None = None
) -> Circuit:
    """Return the crossbar as a PySpice circuit.

    With one input vector the drivers are DC sources ``V<end>``; with more they are behavioural
    sources ``B<end>`` that look their voltage up by the temperature, to be swept by
    ``simulator.dc(temp=slice(*xc.netlist.sweep_bounds(batch)))``.

    Parameters
    ----------
    crossbar
        The array.
    volts
        Inputs (batch, rows) or (rows,) [V].
    options
        Tolerances and solver, which are part of the circuit's text; by default
        :meth:`SpiceOptions.for_read`. Looser ones suit a circuit with transistors in it.

    Returns
    -------
    PySpice.Spice.Netlist.Circuit
        The circuit, to which parts can be added.

    Raises
    ------
    ShapeError, ParameterError
        `volts` does not fit or is not finite, or an argument is of the wrong kind.

    Examples
    --------
    Sense column 0 through an inductor of one's own instead of the virtual ground:

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> parts = circuit(xbar, [0.2])
    >>> _ = parts["Vbottom_0"].detach()
    >>> _ = parts.L("probe", "bottom_0", parts.gnd, 1e-9)
    >>> answer = xc.spice.run(str(parts), xc.spice.Op())
    """
    from PySpice.Spice.Netlist import Circuit  # noqa: PLC0415  a second that decks do not pay

    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    batch = checks.read_volts("volts", volts, crossbar.rows)
    if options is None:
        options = SpiceOptions.for_read(crossbar, batch)
    checks.instance("options", options, SpiceOptions, example="xc.netlist.SpiceOptions()")
    title, *comment = header_lines(crossbar)
    result = Circuit(title)
    result.raw_spice = "\n".join([*comment, options.line(), *array_lines(crossbar)])
    swept = batch.shape[0] > 1
    for end in drivers(crossbar):
        values = batch[:, end.index]
        if swept:
            result.BehavioralSource(
                end.name,
                end.source_node,
                result.gnd,
                voltage_expression=driver_expression(values, celsius=options.celsius),
            )
        else:
            result.V(end.name, end.source_node, result.gnd, float(values[0]))
        if (resistor := end.resistor()) is not None:
            result.R(*resistor)
    for end in senses(crossbar):
        if (resistor := end.resistor()) is not None:
            result.R(*resistor)
        result.V(end.name, end.source_node, result.gnd, 0.0)
    return result
