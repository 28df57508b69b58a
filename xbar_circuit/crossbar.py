"""The crossbar: one immutable description that both engines render.

Rows are word lines (inputs), columns are bit lines (outputs). Row 0 is the top, column 0 the left.
Rows are driven at the left, columns sensed at the bottom; current is positive into the sense
terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from importlib import import_module

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import is_uneven, segment_ohm
from xbar_circuit.devices import Cell, Ohmic
from xbar_circuit.units import engineering
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Crossbar"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Crossbar:
    """A crossbar array with its wires, terminals and cells.

    Parameters
    ----------
    conductance
        ``conductance[i, j]`` of the device between row i and column j [S], shape (rows, cols);
        0 is an open device. Copied, float64, read-only.
    wires
        Resistance and capacitance of the wires.
    terminals
        What the wires' ends are connected to; driven at the left and sensed at the bottom through
        0 ohm unless said otherwise.
    cell
        What sits at each cross-point: a bare device law or a unit cell.

    Raises
    ------
    ShapeError
        `conductance` is not a matrix with at least one entry.
    ParameterError
        A conductance is NaN, infinite, negative or out of range, or a part is of the wrong kind.

    >>> xbar = Crossbar(conductance=[[1e-5, 2e-5]], wires=Wires(row_ohm=1.0, column_ohm=2.0))
    >>> xbar.shape
    (1, 2)
    """

    conductance: FloatArray
    wires: Wires
    terminals: Terminals = field(default_factory=Terminals)
    cell: Cell = field(default_factory=Ohmic)

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        matrix = checks.conductance_matrix("conductance", self.conductance)
        object.__setattr__(self, "conductance", matrix)
        for name, kind, example in (
            ("wires", Wires, "xc.Wires(row_ohm=1.0, column_ohm=1.0)"),
            ("terminals", Terminals, "xc.Terminals()"),
            (
                "cell",
                Cell,
                "xc.devices.Ohmic(); a synapse makes its own array,"
                " synapse.crossbar(weights, wires=wires)",
            ),
        ):
            checks.instance(name, getattr(self, name), kind, example=example)

        rows, cols = self.shape
        for name, shape in (
            ("row_ohm", (rows, cols - 1)),
            ("column_ohm", (rows - 1, cols)),
            ("row_lead_ohm", (rows,)),
            ("column_lead_ohm", (cols,)),
        ):
            if is_uneven(value := getattr(self.wires, name)):
                segment_ohm(f"wires.{name}", value, shape)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self.conductance.shape
        return rows, cols

    @property
    def rows(self) -> int:
        """Number of word lines."""
        return int(self.conductance.shape[0])

    @property
    def cols(self) -> int:
        """Number of bit lines."""
        return int(self.conductance.shape[1])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Crossbar):
            return NotImplemented
        return (
            self.wires == other.wires
            and self.terminals == other.terminals
            and self.cell == other.cell
            and np.array_equal(self.conductance, other.conductance)
        )

    def __repr__(self) -> str:
        used = self.conductance[self.conductance > 0.0]
        span = "all open"
        if used.size:
            least, most = engineering(float(used.min()), "S"), engineering(float(used.max()), "S")
            span = least if least == most else f"{least} to {most}"
        wires = f"{self.wires.row_ohm:g} and {self.wires.column_ohm:g} ohm per segment"
        return f"<Crossbar {self.rows} x {self.cols}, {span}, {wires}, {type(self.cell).__name__}>"

    def _repr_html_(self) -> str:
        """Return a small map of the conductances, for notebooks."""
        draw = import_module("xbar_circuit.plots.thumbnail").thumbnail  # a higher floor, by name
        return f"{draw(self.conductance)} <code>{escape(repr(self))}</code>"

    def __hash__(self) -> int:
        return hash((self.wires, self.terminals, self.cell, self.conductance.tobytes()))
