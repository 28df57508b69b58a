"""The sinh device: field-assisted hopping, linear at low voltage, exponential above `v0_volt`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit._backend import namespace
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.cell import CellResponse

__all__ = ["Sinh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinh:
    """``I = g * v0 * sinh(V / v0)``, with ``g`` the crossbar's conductance at zero bias [S].

    The form of trap-limited conduction in amorphous PCM: Ielmini and Zhang, J. Appl. Phys. 102,
    054517 (2007).

    Parameters
    ----------
    v0_volt
        Voltage scale of the exponential [V].

    Raises
    ------
    ParameterError
        `v0_volt` is not a finite number above 0.

    >>> import numpy as np
    >>> round(Sinh(v0_volt=0.1).respond(np.array(0.1), np.array(0.0),
    ...                                 np.array(1e-5)).current.item() * 1e6, 6)
    1.175201
    """

    v0_volt: float

    def __post_init__(self) -> None:
        v0 = checks.number(
            "v0_volt",
            self.v0_volt,
            "V",
            above=True,
            remedy="use devices.Ohmic() for a linear device",
        )
        object.__setattr__(self, "v0_volt", v0)

    @property
    def linear(self) -> bool:
        """Always False."""
        return False

    @property
    def loads_row(self) -> bool:
        """Always True: the current leaves the row wire."""
        return True

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the conductance itself, which is the slope at 0 V.

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
        """Return the current ``g * v0 * sinh((V_row - V_column) / v0)`` and its slopes.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.
        """
        xp = namespace(row_volt)
        x = (row_volt - column_volt) / self.v0_volt
        slope = conductance * xp.cosh(x)
        return CellResponse(
            current=conductance * self.v0_volt * xp.sinh(x),
            row_slope=slope,
            column_slope=-slope,
            symmetric=True,
        )

    def spice_preamble(self) -> str:
        """Return no text: every element contains the whole law.

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
        """Return one behavioural current source for each cell.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            A line ``B<name> <row_node> <column_node> I=...`` for each cell.
        """
        v0 = self.v0_volt
        return (
            f"B{name} {row} {column} I={g * v0!r}*sinh(V({row},{column})/{v0!r})"
            for name, row, column, g in zip(
                names, row_nodes, column_nodes, conductances, strict=True
            )
        )
