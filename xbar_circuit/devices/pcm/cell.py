"""The PCM cell: its parameters with what a designer asks of them, as a cell of a crossbar.

In a crossbar the cell is read: ``conductance`` is the zero-bias conductance of each device at 300 K
right after programming; `celsius` and `age_second` then say how warm and when it is read. For
pulses give the same object to :func:`.dynamics.transient`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.cell import CellResponse
from xbar_circuit.devices.pcm import _spice as spice
from xbar_circuit.devices.pcm._cell_states import PcmCellStates
from xbar_circuit.devices.pcm._read_states import ReadStates
from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug

__all__ = ["PcmCell"]

_MEMO: list[tuple[PcmCell, FloatArray, ReadStates]] = []  # of `PcmCell._kept_states`


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmCell(PcmCellStates):
    """A phase-change memory cell, as a description with its renderings.

    Where each default comes from is said in the parts and in
    :class:`~xbar_circuit.devices.pcm._parameters.PcmParameters`.

    Parameters
    ----------
    plug, switch, growth, heat
        Conduction of the amorphous plug, threshold switching, crystal growth, and heat.
    series_ohm, crystal_ohm
        Heater, and crystalline GST at low field and 300 K [ohm].
    crystal_activation_ev, crystal_drift_exponent
        Activation energy [eV] and drift exponent of the crystal.
    parasitic_farad
        Capacitance across the GST [F].
    growth_contact_metre, crystal_gap_metre
        Length below which growth slows, and the smallest plug that counts [m].
    nuclei_spacing_metre
        Mean distance between the nuclei that a quench leaves [m]; None is a plug without nuclei.
    celsius, age_second, storage_celsius
        Ambient temperature [degree Celsius], time since programming [s] and temperature of that
        time [degree Celsius].

    Raises
    ------
    ParameterError
        A number that is not finite or out of range.

    >>> cell = PcmCell.sebastian2017()
    >>> round(float(cell.conductance(cell.thickness(5e-6))) * 1e6, 9)
    5.0
    """

    @classmethod
    def sebastian2017(cls) -> PcmCell:
        """Return a 90 nm doped-GST mushroom cell after Sebastian et al., Nat. Commun. 8, 1115.

        Heater radius, growth peak, u_a range and pulses are the paper's; drift and noise follow the
        statistics of Joshi et al. 2020 for the same cells. Each parameter states what it is fitted
        to.

        Returns
        -------
        PcmCell
            The cell with its default parameters, at 300 K right after programming.
        """
        return cls()

    @classmethod
    def projected(cls) -> PcmCell:
        """Return the same cell with a liner: less drift, less noise, a smaller window.

        Projected memory, Koelmans et al., Nat. Commun. 6, 8181 (2015). The liner has 5 kohm per
        nanometre of plug, a fitted number, which brings the drift coefficient of a RESET state near
        the published 0.01. The exponent of the crystal is 0.005 here, a choice: a cell whose liner
        covers the whole length has little drift in its crystal too.

        Returns
        -------
        PcmCell
            The cell with a liner, at 300 K right after programming.
        """
        return cls(plug=AmorphousPlug(liner_ohm_per_metre=5e3 / 1e-9), crystal_drift_exponent=0.005)

    # The crossbar's side: devices.Cell.

    @property
    def linear(self) -> bool:
        """Always False: a plug is a field-assisted conductor."""
        return False

    @property
    def loads_row(self) -> bool:
        """Always True: the current leaves the row wire."""
        return True

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the conductance at small voltages, at this cell's temperature and age.

        Parameters
        ----------
        conductance
            Conductance of each cell at 300 K right after programming [S], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `conductance`; 0 for an open device.

        Raises
        ------
        ParameterError
            A conductance is above that of the crystal.
        """
        u = self._states(conductance)
        return np.where(conductance > 0.0, self.zero_bias(u), 0.0)

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current and its slopes by the read law, self-heating included.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.

        Raises
        ------
        ParameterError
            A voltage that switches a cell on or melts it, or a conductance above that of the
            crystal.
        """
        point = self._kept_states(conductance).read(np.asarray(row_volt - column_volt))
        live = conductance > 0.0
        current, slope = np.where(live, point.current, 0.0), np.where(live, point.slope, 0.0)
        return CellResponse(current=current, row_slope=slope, column_slope=-slope, symmetric=True)

    def spice_preamble(self) -> str:
        """Return the library ``pcm_cell.lib`` with this cell's parameters.

        Returns
        -------
        str
            The subcircuits ``pcm_cell`` and ``pcm_read`` with their ``.param`` block.
        """
        return spice.library(self)

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one call of the subcircuit ``pcm_read`` for each cell.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            A line ``X<name> <row_node> <column_node> pcm_read ua=...`` for each cell, u_a after the
            cell's age in its store [m].

        Raises
        ------
        ParameterError
            A conductance is above that of the crystal.
        """
        states = self.stored_thickness(np.asarray(conductances))
        return (
            f"X{name} {row} {column} pcm_read ua={float(u)!r}"
            for name, row, column, u in zip(names, row_nodes, column_nodes, states, strict=True)
        )

    def stored_thickness(self, conductance: FloatArray) -> FloatArray:
        """Return the amorphous thickness of a crossbar's cells after their age in storage.

        Parameters
        ----------
        conductance
            Conductance of each cell at 300 K right after programming [S], any shape, above 0.

        Returns
        -------
        FloatArray
            u_a after `age_second` at `storage_celsius` [m], of the shape of `conductance`.

        Raises
        ------
        ParameterError
            A conductance is 0 or less, or above that of the crystal.
        """
        return self._stored(self.thickness(conductance))

    def _kept_states(self, conductance: FloatArray) -> ReadStates:
        """Return the states of a crossbar's cells at its reads.

        Those of the last crossbar are kept: its conductances never change, and Newton asks often.
        """
        for cell, known, states in _MEMO[:1]:  # a copy: other threads may replace it
            if cell is self and known is conductance:
                return states
        states = ReadStates(self.numbers, self._stored(self._states(conductance)))
        if not conductance.flags.writeable:
            _MEMO[:] = [(self, conductance, states)]
        return states

    def _states(self, conductance: FloatArray) -> FloatArray:
        return self.thickness(np.where(conductance > 0.0, conductance, self.g_max_siemens))
