"""The array of a tile reduced to its ports, as resistors that take the full array's place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from xbar_circuit import nodal
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.units import spice_number

__all__ = ["macromodel_lines"]

_HELD = "reference"  # where the columns without a read-out are held


def macromodel_lines(crossbar: Crossbar, *, columns: Sequence[int] | None = None) -> list[str]:
    """Return resistors between the nodes ``left_3``, ``bottom_7`` ..., terminals included.

    Exact for a linear array at DC; its wires' capacitance is left out, and takes picoseconds.
    Resistors between two nodes that sources hold carry current from source to source and are left
    out: rows that are driven without resistance, and columns without a read-out.

    Parameters
    ----------
    crossbar
        The array.
    columns
        Those with a read-out; the others end at the node ``reference``. None is all.

    Raises
    ------
    ParameterError
        The cells are not linear.
    """
    model = nodal.reduce(crossbar)
    read = set(range(crossbar.cols)) if columns is None else set(columns)
    names: dict[int, str] = {}
    stiff = {_HELD}
    lines = [f"* {crossbar.rows} x {crossbar.cols} crossbar reduced to its ports, exact at DC"]
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
            elif side in ("top", "bottom") and wire not in read:
                names[port] = _HELD
            else:
                names[port] = outer
                if side in ("left", "right"):
                    stiff.add(outer)
    joined: defaultdict[tuple[str, str], float] = defaultdict(float)
    upper = np.triu(model.branches, 1)
    for first, second in np.argwhere(upper > 0.0).tolist():
        ends = names[first], names[second]
        if ends[0] not in stiff or ends[1] not in stiff:
            joined[ends] += float(upper[first, second])
    lines += [
        f"Rarray_{k} {first} {second} {spice_number(1.0 / siemens)}"
        for k, ((first, second), siemens) in enumerate(joined.items())
    ]
    return lines
