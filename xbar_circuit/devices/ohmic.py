"""The ohmic device: a resistor, what a PCM cell is at a low read voltage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xbar_circuit._backend import namespace
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.cell import CellResponse

__all__ = ["Ohmic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ohmic:
    """``I = g * V``, with ``g`` the crossbar's conductance [S].

    >>> import numpy as np
    >>> Ohmic().respond(np.array(0.25), np.array(0.0), np.array(1e-5)).current.item()
    2.5e-06
    """

    @property
    def linear(self) -> bool:
        """Always True."""
        return True

    @property
    def loads_row(self) -> bool:
        """Always True: the current leaves the row wire."""
        return True

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the conductance itself, which holds at every voltage.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            `conductance`, the same object [S].
        """
        return conductance

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current ``g * (V_row - V_column)`` and its slopes.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.
        """
        current = conductance * (row_volt - column_volt)
        slope = namespace(current).broadcast_to(conductance, current.shape)
        return CellResponse(current=current, row_slope=slope, column_slope=-slope, symmetric=True)

    def spice_preamble(self) -> str:
        """Return no text: a resistor needs no model.

        Returns
        -------
        str
            Always empty.
        """
        return ""

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one resistor for each cell.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            A line ``R<name> <row_node> <column_node> <ohm>`` for each cell.
        """
        return (
            f"R{name} {row} {column} {1.0 / g!r}"
            for name, row, column, g in zip(
                names, row_nodes, column_nodes, conductances, strict=True
            )
        )
