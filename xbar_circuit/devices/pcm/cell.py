"""The PCM cell: its parameters with what a designer asks of them, as a cell of a crossbar.

In a crossbar the cell is read: ``conductance`` is the zero-bias conductance of each device at 300 K
right after programming; `kelvin` and `age_second` then say when and how warm it is read. Pulses are
the matter of :mod:`.dynamics`, which takes the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.devices.cell import CellResponse
from xbar_circuit.devices.constants import BOLTZMANN, ROOM_KELVIN
from xbar_circuit.devices.pcm import read_law, spice
from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug
from xbar_circuit.devices.pcm.noise import flicker_sequence
from xbar_circuit.devices.pcm.parameters import PcmParameters
from xbar_circuit.errors import ParameterError

__all__ = ["PcmCell"]

NOMINAL_READ_VOLT = 0.2  # read voltage of the cited arrays
THICKEST_METER = 1e-6  # ten times what any published cell reaches
_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmCell(PcmParameters):
    """A phase-change memory cell, as a description with its renderings.

    Parameters stand in :class:`~xbar_circuit.devices.pcm.parameters.PcmParameters`.

    >>> cell = PcmCell.sebastian2017()
    >>> round(float(cell.conductance(cell.thickness(5e-6))) * 1e6, 9)
    5.0
    """

    @classmethod
    def sebastian2017(cls) -> PcmCell:
        """Return a 90 nm doped-GST mushroom cell after Sebastian et al., Nat. Commun. 8, 1115.

        Heater radius, thermal resistance, growth peak and u_a range are the paper's; the other
        numbers are fitted to textbook orders of magnitude.
        """
        return cls()

    @classmethod
    def projected(cls) -> PcmCell:
        """Return the same cell with a liner: less drift, less noise, a smaller window.

        Projected memory, Koelmans et al., Nat. Commun. 6, 8181 (2015). 14 kohm per nanometre of
        plug, a fitted number, bring the drift coefficient of a RESET state near the published 0.01.
        """
        return cls(plug=AmorphousPlug(liner_ohm_per_meter=14e3 / 1e-9), noise_amplitude=0.003)

    def conductance(self, thickness: ArrayLike, *, read_volt: float = 0.0) -> FloatArray:
        """Return the conductance I/V at this cell's temperature and age [S].

        Parameters
        ----------
        thickness
            Amorphous thickness u_a [m], any shape.
        read_volt
            Read voltage [V]; 0 is the limit of small voltages.
        """
        u = checks.non_negative("thickness", thickness, "m")
        volt = checks.number("read_volt", read_volt, "V")
        if volt == 0.0:
            return self.zero_bias(u)
        return read_law.read(self, np.full(u.shape, volt), u).current / volt

    def thickness(self, conductance: ArrayLike, *, read_volt: float = 0.0) -> FloatArray:
        """Return which u_a gives this conductance [m]; the inverse question of a designer.

        With ``read_volt = 0`` it is the state that a crossbar's ``conductance`` means: at 300 K,
        right after programming. With a read voltage it is what this cell, at its own temperature
        and age, must have to show that conductance.

        Raises
        ------
        ParameterError
            A conductance is 0 or less, or above that of the crystal.
        """
        g = checks.non_negative("conductance", conductance, "S")
        volt = checks.number("read_volt", read_volt, "V")
        top, least = self.g_max_siemens, 0.0
        if volt > 0.0:
            least, top = self.conductance([THICKEST_METER, 0.0], read_volt=volt).tolist()
        wrong = (g <= least) | (g > top * (1.0 + 1e-9))
        if wrong.any():
            raise ParameterError.about(
                "conductance",
                got=f"{g[wrong].flat[0]} S",
                expected=f"above {least:.3g} and at most {top:.6g} S, all crystal",
                remedy="scale the conductances, or choose a cell with less resistance",
            )
        if volt == 0.0:
            series = self.series_ohm + self.crystal_ohm
            unit = self.plug.low_field_siemens_meter(
                np.asarray(ROOM_KELVIN), self.plug.activation_ev
            )
            return np.maximum((1.0 / g - series) * unit - self.crystal_gap_meter, 0.0)
        low, high = np.zeros_like(g), np.full_like(g, THICKEST_METER)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            too_good = self.conductance(middle, read_volt=volt) > g
            low, high = np.where(too_good, middle, low), np.where(too_good, high, middle)
        return 0.5 * (low + high)

    def noise_trace(
        self,
        current: ArrayLike,
        *,
        samples: int,
        step_second: float,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return what a constant read looks like in time: 1/f and thermal noise on the current [A].

        Parameters
        ----------
        current
            Mean currents [A], any shape.
        samples, step_second
            Length of the trace and its time step [s].
        rng
            The source of randomness.

        Returns
        -------
        ndarray
            Shape ``current.shape + (samples,)`` [A]; thermal noise as at the read's conductance
            ``I / 0.2 V``, averaged over a step.
        """
        mean = checks.non_negative("current", current, "A")
        step = checks.number("step_second", step_second, "s", above=True)
        relative = flicker_sequence(samples, rng=rng, traces=mean.shape)
        thermal = np.sqrt(2.0 * BOLTZMANN * self.kelvin * mean / NOMINAL_READ_VOLT / step)
        white = rng.standard_normal(relative.shape) * thermal[..., np.newaxis]
        return np.asarray(mean[..., np.newaxis] * (1.0 + self.noise_amplitude * relative) + white)

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
        """Return the conductance after age and temperature [S]."""
        u = self._states(conductance)
        return np.where(conductance > 0.0, self.zero_bias(u), 0.0)

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return current [A] and slopes [S] at the given node voltages [V]."""
        point = read_law.read(self, row_volt - column_volt, self._states(conductance))
        live = conductance > 0.0
        current, slope = np.where(live, point.current, 0.0), np.where(live, point.slope, 0.0)
        return CellResponse(current=current, row_slope=slope, column_slope=-slope)

    def spice_preamble(self) -> str:
        """Return the subcircuits of the library with this cell's parameters."""
        return spice.library(self)

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one subcircuit call ``X<name> row column pcm_read ua=...`` a cell."""
        states = self.thickness(np.asarray(conductances))
        return (
            f"X{name} {row} {column} pcm_read ua={float(u)!r}"
            for name, row, column, u in zip(names, row_nodes, column_nodes, states, strict=True)
        )

    def _states(self, conductance: FloatArray) -> FloatArray:
        return self.thickness(np.where(conductance > 0.0, conductance, self.g_max_siemens))
