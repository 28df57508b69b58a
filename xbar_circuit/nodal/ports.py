"""The array as a port macromodel: reduced once, connected to anything afterwards.

A linear array with its wires and leads is a passive network between the ends of its wires. `reduce`
gives its branch conductances between the ends that are asked for. Terminals of any resistance
attach to it in a small dense system, and it can be written as a SPICE subcircuit, so that an
amplifier made of transistors sees a fully loaded column at the price of a few thousand resistors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray, choice, instance
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._m_matrix import take_out
from xbar_circuit.nodal._plan import Ends
from xbar_circuit.nodal._reduction import Arrays, reduce_arrays
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.units import spice_number
from xbar_circuit.wires import Terminals

__all__ = ["PortModel", "reduce"]

IntArray = NDArray[np.int64]

_SIDES = ("left", "right", "top", "bottom")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortModel:
    """A linear crossbar seen from the ends of its leads.

    crossbar : what was reduced.
    branches : conductances between the ports (ports, ports) [S], symmetric, diagonal 0.
    left, right : port of each row on that side (rows,), or None if the side was not asked for.
    top, bottom : port of each column on that side (cols,), or None.

    Two sides of a wire without any resistance are one port.
    """

    crossbar: Crossbar
    branches: FloatArray
    left: IntArray | None
    right: IntArray | None
    top: IntArray | None
    bottom: IntArray | None

    @property
    def admittance(self) -> FloatArray:
        """Port admittance (ports, ports) [S]: ``I = Y V``, currents positive into the array."""
        matrix: FloatArray = -self.branches
        k = np.arange(len(matrix))
        matrix[k, k] = self.branches.sum(axis=1)
        return matrix

    def transfer(self, terminals: Terminals) -> FloatArray:
        """Return the transfer matrix with these terminals at the leads' ends.

        Parameters
        ----------
        terminals
            Resistances from the leads' ends to the drivers and sense terminals.

        Returns
        -------
        array
            (rows, cols) [S].

        Raises
        ------
        ParameterError
            A terminal connects to a side that is not among the ports.

        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=wires)
        >>> model = xc.nodal.reduce(xbar)
        >>> [model.transfer(xc.Terminals(bottom_ohm=ohm)).round(6).item() for ohm in (0.0, 100.0)]
        [0.076923, 0.00885]
        """
        rows = self.crossbar.rows
        return self.held(terminals)[:rows, rows:]

    def held(self, terminals: Terminals) -> FloatArray:
        """Return the branches between the far ends of terminals.

        Both ends of a wire that is connected twice are one node.

        Parameters
        ----------
        terminals
            Resistances from the leads' ends to the drivers and sense terminals.

        Returns
        -------
        array
            Conductances (rows + cols, rows + cols) [S], drivers before sense terminals, symmetric,
            diagonal 0.

        Raises
        ------
        ParameterError
            A terminal connects to a side that is not among the ports.
        """
        ends = {side: (getattr(terminals, f"{side}_ohm"), getattr(self, side)) for side in _SIDES}
        ports = len(self.branches)
        rows, cols = self.crossbar.shape
        size = ports + rows + cols
        network = np.zeros((1, size, size))
        network[0, :ports, :ports] = self.branches
        outer = {"left": ports, "right": ports, "top": ports + rows, "bottom": ports + rows}
        place = np.arange(size)
        for side, (ohm, own) in ends.items():
            if ohm is None:
                continue
            if own is None:
                raise ParameterError.about(
                    f"terminals.{side}_ohm",
                    got=ohm,
                    expected=f"None: the {side} side is not among the ports",
                    remedy=f"reduce with sides that include {side!r}",
                )
            held = outer[side] + np.arange(len(own))
            if ohm == 0.0:
                place[own] = held
            else:
                network[0, own, held] += 1.0 / ohm
                network[0, held, own] += 1.0 / ohm
        network = _fold(network, place)
        inner = np.flatnonzero(place[:ports] < ports)
        order = np.concatenate([inner, np.arange(ports, size)])
        network = np.ascontiguousarray(network[:, order][:, :, order])
        reduced = take_out(network, len(inner))[0] if len(inner) else network[0]
        return np.asarray(reduced)

    def subcircuit(
        self,
        name: str,
        *,
        rows: Sequence[int] | None = None,
        columns: Sequence[int] | None = None,
        volts: FloatArray | None = None,
    ) -> str:
        """Write the array as a SPICE ``.subckt`` whose ports are the ends of its leads.

        The ports are called ``left_3``, ``right_3``, ``top_7``, ``bottom_7`` and are in the
        ``.subckt`` line in this order, side by side.

        Parameters
        ----------
        name
            Name of the subcircuit.
        rows, columns
            Which rows and columns keep their ports; None keeps all. The others are held: rows at
            `volts`, columns at 0 V, all at the ends that the model has.
        volts
            Voltages of the rows (rows,) [V]; needed if `rows` leaves any out.

        Returns
        -------
        str
            The subcircuit, a resistor for each pair of ports, ending with a line break.

        Raises
        ------
        ParameterError
            Rows are left out and `volts` is missing, or does not fit.
        """
        names, known = self._names(rows, columns, volts)
        kept = [k for k, port in enumerate(names) if port]
        lines = [
            f"* {self.crossbar.rows} x {self.crossbar.cols} crossbar reduced to {len(kept)} ports;"
            " exact, conductances between the ends of its leads",
            f".subckt {name} " + " ".join(names[k] for k in kept),
        ]
        upper = np.triu(self.branches, 1)
        open_ports = np.asarray(kept, dtype=np.int64)
        for place, k in enumerate(kept):
            partners = open_ports[place + 1 :]
            joined = partners[upper[k, partners] > 0.0] if len(partners) else partners
            lines += [
                f"R{names[k]}_{names[m]} {names[k]} {names[m]} {spice_number(1.0 / upper[k, m])}"
                for m in joined.tolist()
            ]
            held = [m for m in range(len(names)) if not names[m]]
            if held:
                siemens = self.branches[k, held]
                total = float(siemens.sum())
                current = float(siemens @ known[held])
                if total > 0.0:
                    lines.append(f"Rheld_{names[k]} {names[k]} 0 {spice_number(1.0 / total)}")
                if current != 0.0:
                    lines.append(f"Iheld_{names[k]} 0 {names[k]} {spice_number(current)}")
        return "\n".join([*lines, f".ends {name}", ""])

    def _names(
        self,
        rows: Sequence[int] | None,
        columns: Sequence[int] | None,
        volts: FloatArray | None,
    ) -> tuple[list[str], FloatArray]:
        """Return each port's name, empty where it is held, and the voltage it is held at [V]."""
        known = np.zeros(len(self.branches))
        names = [""] * len(self.branches)
        every = {"left": rows, "right": rows, "top": columns, "bottom": columns}
        for side in reversed(_SIDES):
            own, keep = getattr(self, side), every[side]
            if own is None:
                continue
            for wire in range(len(own)) if keep is None else keep:
                names[own[wire]] = f"{side}_{wire}"
            if side in ("left", "right") and keep is not None and len(set(keep)) < len(own):
                if volts is None or np.shape(volts) != own.shape:
                    raise ParameterError.about(
                        "volts",
                        got="None" if volts is None else f"shape {np.shape(volts)}",
                        expected=f"the voltages of all {len(own)} rows [V]",
                        remedy="give volts, or keep all rows",
                    )
                known[own] = volts
        return names, known


def reduce(crossbar: Crossbar, *, sides: Sequence[str] | None = None) -> PortModel:
    """Reduce a linear crossbar, with its leads, to the ends of its wires.

    Parameters
    ----------
    crossbar
        The crossbar to reduce; of its terminals only which are connected matters.
    sides
        Which ends are ports, among ``left, right, top, bottom``; None takes those that the
        crossbar's terminals connect.

    Returns
    -------
    PortModel
        Conductance matrix between the ends of the wires [S].

    Raises
    ------
    ParameterError
        The cells are not linear, or a side is unknown.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> reduce(xbar).transfer(xc.Terminals(left_ohm=7.0, bottom_ohm=0.0)).round(12).tolist()
    [[0.05]]
    """
    instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    refuse_nonlinear(crossbar, "nodal.reduce")
    if sides is None:
        ends = crossbar.terminals
        sides = [side for side in _SIDES if getattr(ends, f"{side}_ohm") is not None]
    asked = {choice("sides", side, _SIDES) for side in sides}
    if not asked:
        raise ParameterError.about(
            "sides",
            got="no side",
            expected="at least one of " + ", ".join(map(repr, _SIDES)),
            remedy="leave sides out for those that the crossbar's terminals connect",
        )
    wires = crossbar.wires
    lead = dict(zip(_SIDES, (wires.row_lead,) * 2 + (wires.column_lead,) * 2, strict=True))
    arrays = Arrays(
        device=slopes(crossbar)[np.newaxis],
        row_ohm=wires.row_ohm,
        column_ohm=wires.column_ohm,
        ends=Ends(**{side: lead[side] if side in asked else None for side in _SIDES}),
    )
    reduction = reduce_arrays(arrays, weights=False)
    return PortModel(
        crossbar=crossbar,
        branches=reduction.network[0],
        left=reduction.left,
        right=reduction.right,
        top=reduction.top,
        bottom=reduction.bottom,
    )


def _fold(network: FloatArray, place: IntArray) -> FloatArray:
    """Move every node k to ``place[k]``, adding up what then lies in parallel."""
    moved = np.flatnonzero(place != np.arange(len(place)))
    for node in moved:
        target = place[node]
        network[0, target] += network[0, node]
        network[0, :, target] += network[0, :, node]
        network[0, node] = network[0, :, node] = 0.0
        network[0, target, target] = 0.0
    return network
