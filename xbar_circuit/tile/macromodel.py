"""The array of a tile reduced to its ports, as resistors that take the full array's place."""

from __future__ import annotations

import numpy as np

from xbar_circuit import nodal
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.units import spice_number

__all__ = ["macromodel_lines"]


def macromodel_lines(crossbar: Crossbar) -> list[str]:
    """Return resistors between the nodes ``left_3``, ``bottom_7`` ..., terminals included.

    Exact for a linear array at DC; its wires' capacitance is left out, and takes picoseconds.
    Resistors between two rows that are driven without resistance carry current from source to
    source and are left out.

    Raises
    ------
    ParameterError
        The cells are not linear.
    """
    model = nodal.reduce(crossbar)
    names: dict[int, str] = {}
    lines = [f"* {crossbar.rows} x {crossbar.cols} crossbar reduced to its ports, exact at DC"]
    stiff = set()
    for side in ("left", "right", "top", "bottom"):
        ports = getattr(model, side)
        ohm = getattr(crossbar.terminals, f"{side}_ohm")
        if ports is None or ohm is None:
            continue
        for wire, port in enumerate(ports.tolist()):
            outer = f"{side}_{wire}"
            if ohm > 0.0:
                names[port] = f"port_{outer}"
                lines.append(f"Rterminal_{outer} port_{outer} {outer} {spice_number(ohm)}")
            else:
                names[port] = outer
                if side in ("left", "right"):
                    stiff.add(port)
    upper = np.triu(model.branches, 1)
    for first, second in np.argwhere(upper > 0.0).tolist():
        if first in stiff and second in stiff:
            continue
        ohm = spice_number(1.0 / upper[first, second])
        lines.append(f"Rarray_{first}_{second} {names[first]} {names[second]} {ohm}")
    return lines
