"""Synapses: signed weights on groups of cells, and the groups on rows and columns of a crossbar.

A conductance is positive, a weight is signed and often finer than one device. A synapse is a block
of cross-points that share a weight: each row of the block is driven by the input times a drive
factor, each column's current is added with a significance. What the circuit computes is then

    I = sum_k significance[k] * I_column[k],   with   V_row[r] = drive[r] * V_input,

and for ideal wires ``I = V @ (scale * weights)``. The crossbar itself stays an ordinary one: both
engines read it, and IR drop, sneak currents and the cells' transistors act on every device of the
group.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Synapse"]

_ROUNDING = 1e-9  # relative, of a weight beyond 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Synapse:
    """A block of cross-points for one weight in [-1, 1]; use one of its kinds.

    The default, 25 uS, is g_max of Joshi et al. 2020.

    Parameters
    ----------
    g_min_siemens, g_max_siemens
        Conductances of a device for the shares 0 and 1 [S].
    cell
        The cell at each cross-point: a bare device law, or a 1T1R cell.

    Raises
    ------
    ParameterError
        The conductances are not finite or not in order, or the cell is none.
    """

    g_max_siemens: float = 25e-6
    g_min_siemens: float = 0.0
    cell: Cell = field(default_factory=Ohmic)

    def __post_init__(self) -> None:
        high = checks.number("g_max_siemens", self.g_max_siemens, "S", above=True)
        low = checks.number("g_min_siemens", self.g_min_siemens, "S")
        if low >= high:
            raise ParameterError.about(
                "g_min_siemens", got=low, expected=f"below {high:g} S", remedy="exchange the two"
            )
        object.__setattr__(self, "g_max_siemens", high)
        object.__setattr__(self, "g_min_siemens", low)
        if isinstance(self.cell, type) or not isinstance(self.cell, Cell):
            raise ParameterError.about(
                "cell",
                got=repr(self.cell),
                expected="a cell",
                remedy="for example xc.devices.Ohmic() or a tabulated xc.cells.OneT1R()",
            )

    @property
    def drive(self) -> tuple[float, ...]:
        """Factor of the input on each row of the block, dimensionless (block rows,)."""
        raise NotImplementedError

    @property
    def significance(self) -> tuple[float, ...]:
        """Factor on the current of each column of the block, dimensionless (block columns,)."""
        raise NotImplementedError

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Columns of the block that a read-out can subtract: (positive, negative), equal digits.

        Empty where all columns have one sign.
        """
        plus = [k for k, weight in enumerate(self.significance) if weight > 0.0]
        minus = [k for k, weight in enumerate(self.significance) if weight < 0.0]
        return tuple(zip(plus, minus, strict=True)) if minus else ()

    @property
    def devices(self) -> int:
        """Number of devices of one synapse."""
        return len(self.drive) * len(self.significance)

    @property
    def siemens_per_weight(self) -> float:
        """Total conductance of a weight of 1, with ideal wires and cells [S]."""
        raise NotImplementedError

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return how much of its conductance range each device has.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).

        Returns
        -------
        FloatArray
            Shares in [0, 1], dimensionless, (inputs, outputs, block rows, block columns).
        """
        raise NotImplementedError

    def conductance(self, weights: ArrayLike) -> FloatArray:
        """Return the conductances of the crossbar.

        Parameters
        ----------
        weights
            (inputs, outputs), each in [-1, 1].

        Returns
        -------
        FloatArray
            Conductances [S], (inputs * block rows, outputs * block columns).

        Raises
        ------
        ShapeError, ParameterError
            Not a matrix of numbers in [-1, 1].
        """
        clean = _weights(weights)
        shares = self.shares(clean)
        span = self.g_max_siemens - self.g_min_siemens
        blocks = self.g_min_siemens + span * shares
        inputs, outputs, high, wide = blocks.shape
        return blocks.swapaxes(1, 2).reshape(inputs * high, outputs * wide)

    def crossbar(
        self, weights: ArrayLike, *, wires: Wires, terminals: Terminals | None = None
    ) -> Crossbar:
        """Return the crossbar that holds a matrix of weights.

        Parameters
        ----------
        weights
            Weights in [-1, 1], (inputs, outputs).
        wires
            Wires of the crossbar.
        terminals
            Its terminals; None is ideal drivers on the left and sensing at the bottom.

        Returns
        -------
        Crossbar
            With the conductances of :meth:`conductance` and this synapse's cells.

        Raises
        ------
        ShapeError, ParameterError
            The weights are not a matrix of numbers in [-1, 1].

        >>> from xbar_circuit.cells import DifferentialPair
        >>> pair, wires = DifferentialPair(g_max_siemens=1e-5), Wires(row_ohm=0.0, column_ohm=0.0)
        >>> xbar = pair.crossbar([[0.5, -1.0], [1.0, 0.25]], wires=wires)
        >>> current = pair.volts([0.1, 0.2]) @ xbar.conductance  # as the wires are ideal
        >>> (pair.combine(current) * 1e6).round(9).tolist()  # uA
        [[2.5, -0.5]]
        """
        return Crossbar(
            conductance=self.conductance(weights),
            wires=wires,
            terminals=terminals or Terminals(),
            cell=self.cell,
        )

    def volts(self, inputs: ArrayLike) -> FloatArray:
        """Return the voltages of all rows of the crossbar.

        Parameters
        ----------
        inputs
            Input voltages [V], (batch, inputs) or (inputs,).

        Returns
        -------
        FloatArray
            Row voltages [V], (batch, rows): each input times the drive factors of its block.

        Raises
        ------
        ShapeError, ParameterError
            Not a vector or a batch of finite numbers.
        """
        array = np.asarray(inputs)
        clean = checks.read_volts("inputs", inputs, array.shape[-1] if array.ndim else 1)
        return np.asarray((clean[:, :, np.newaxis] * np.array(self.drive)).reshape(len(clean), -1))

    def combine(self, column_current: ArrayLike) -> FloatArray:
        """Return the currents of the outputs: the columns of each block added by significance.

        Parameters
        ----------
        column_current
            Currents of the crossbar's columns [A], (batch, cols) or (cols,).

        Returns
        -------
        FloatArray
            Currents of the outputs [A], (batch, outputs).

        Raises
        ------
        ShapeError
            The columns are not whole groups.
        """
        current = np.atleast_2d(np.asarray(column_current, dtype=np.float64))
        wide = len(self.significance)
        if current.ndim != 2 or current.shape[1] % wide:
            raise ShapeError.about(
                "column_current",
                got=f"shape {current.shape}",
                expected=f"(batch, columns), a multiple of {wide} columns",
                remedy="pass the column_current of a read of this synapse's crossbar",
            )
        groups = current.reshape(len(current), -1, wide)
        return np.asarray(groups @ np.array(self.significance))

    def subcircuit(self, weight: float, *, name: str = "synapse") -> str:
        """Return one synapse as a SPICE subcircuit for decks of one's own.

        Parameters
        ----------
        weight
            The weight, in [-1, 1].
        name
            Name of the subcircuit.

        Returns
        -------
        str
            Lines ``.subckt`` to ``.ends``. The terminals are the block's word lines, its bit lines,
            and the lines that its cells share; the cell's :meth:`spice_preamble` must be in the
            deck.

        Raises
        ------
        ParameterError
            The weight is not in [-1, 1].
        """
        g = self.conductance([[weight]])
        rows = [f"row_{i}" for i in range(g.shape[0])]
        columns = [f"col_{j}" for j in range(g.shape[1])]
        present = [(i, j) for i in range(len(rows)) for j in range(len(columns)) if g[i, j] > 0.0]
        body = self.cell.spice_elements(
            [f"cell_{i}_{j}" for i, j in present],
            [rows[i] for i, _ in present],
            [columns[j] for _, j in present],
            [float(g[place]) for place in present],
        )
        lines = getattr(self.cell, "lines", None)
        shared = list(lines()) if lines is not None else []
        terminals = " ".join([*rows, *columns, *shared])
        return "\n".join([f".subckt {name} {terminals}", *body, f".ends {name}", ""])


def _weights(weights: ArrayLike) -> FloatArray:
    array = np.array(weights, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ShapeError.about(
            "weights",
            got=f"shape {array.shape}",
            expected="shape (inputs, outputs), at least (1, 1)",
            remedy="pass one matrix",
        )
    bad = ~(np.abs(array) <= 1.0 + _ROUNDING)
    if bad.any():
        raise ParameterError.about(
            "weights",
            got=f"{array[bad][0]} ({int(bad.sum())} such entries)",
            expected="numbers in [-1, 1]",
            remedy="divide by the largest magnitude, and keep it as a scale",
        )
    return np.clip(array, -1.0, 1.0)
