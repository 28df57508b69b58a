"""The PCM cell: its parameters with what a designer asks of them, as a cell of a crossbar.

In a crossbar the cell is read: ``conductance`` is the zero-bias conductance of each device at 300 K
right after programming; `celsius` and `age_second` then say how warm and when it is read. Pulses
are the matter of :mod:`.dynamics`, which takes the same object.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN, ROOM_KELVIN, kelvin
from xbar_circuit.devices.cell import CellResponse
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm import _spice as spice
from xbar_circuit.devices.pcm._noise import flicker_sequence
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm._parameters import PcmParameters
from xbar_circuit.devices.pcm._read_states import ReadStates
from xbar_circuit.devices.pcm._retention import remaining
from xbar_circuit.devices.pcm.amorphous_plug import AmorphousPlug
from xbar_circuit.devices.pcm.threshold_switch import fold
from xbar_circuit.errors import ParameterError

__all__ = ["PcmCell"]

NOMINAL_READ_VOLT = 0.2  # read voltage of the cited arrays
THICKEST_METER = 1e-6  # ten times what any published cell reaches
_BISECTIONS = 60  # to the last digit
_NEWTON = 60  # steps; 5 are usual
_MEMO: list[tuple[PcmCell, FloatArray, ReadStates]] = []  # of `PcmCell._kept_states`


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmCell(PcmParameters):
    """A phase-change memory cell, as a description with its renderings.

    Parameters are described in :class:`~xbar_circuit.devices.pcm._parameters.PcmParameters`.

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
        """
        return cls()

    @classmethod
    def projected(cls) -> PcmCell:
        """Return the same cell with a liner: less drift, less noise, a smaller window.

        Projected memory, Koelmans et al., Nat. Commun. 6, 8181 (2015). 5 kohm per nanometre of
        plug, a fitted number, bring the drift coefficient of a RESET state near the published 0.01;
        a liner that long does not drift in the crystal either.
        """
        return cls(plug=AmorphousPlug(liner_ohm_per_metre=5e3 / 1e-9), crystal_drift_exponent=0.005)

    @property
    def g_max_siemens(self) -> float:
        """Largest zero-bias conductance, that of the crystal at 300 K after programming [S]."""
        return float(
            law.off_conductance(*_fresh(self), law.solid_length(self.numbers, np.zeros(())))
        )

    def zero_bias(self, thickness: FloatArray) -> FloatArray:
        """Return the conductance at small voltages, at this temperature and age [S].

        `thickness` is u_a right after programming [m].
        """
        p = self.numbers
        return law.off_conductance(p, p.t_amb, self._solid(thickness))

    def threshold_volt(self, thickness: float) -> float:
        """Return the voltage across the GST at which the cell switches on [V].

        Where switching is gradual (hardly anything amorphous) it is V_t itself.
        """
        p, solid = self.numbers, self._solid(np.asarray(thickness, dtype=np.float64))
        volt = float(fold(p, solid, p.log_age))
        return volt if math.isfinite(volt) else float(law.threshold(p, solid, p.log_age))

    def conductance(self, thickness: ArrayLike, *, read_volt: float = 0.0) -> FloatArray:
        """Return the conductance I/V at this cell's temperature and age [S].

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], any shape.
        read_volt
            Read voltage [V], either polarity; 0 is the limit of small voltages.

        Raises
        ------
        ParameterError
            A read voltage that switches a cell on or melts it.
        """
        u = checks.non_negative("thickness", thickness, "m")
        volt = checks.number("read_volt", read_volt, "V", minimum=-math.inf)
        if volt == 0.0:
            return self.zero_bias(u)
        return read_law.read(self.numbers, np.full(u.shape, volt), self._stored(u)).current / volt

    def thickness(self, conductance: ArrayLike, *, read_volt: float = 0.0) -> FloatArray:
        """Return the u_a that gives this conductance [m]; the inverse of `conductance`.

        With ``read_volt = 0`` it is the state that a crossbar's ``conductance`` means: at 300 K,
        right after programming. With a read voltage it is what this cell, at its own temperature
        and age, must have been left with to show that conductance.

        Raises
        ------
        ParameterError
            A conductance is 0 or less, above that of the crystal, or below that of 1 um.
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
            return self._fresh_thickness(g)
        low, high = np.zeros_like(g), np.full_like(g, THICKEST_METER)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            too_good = self.conductance(middle, read_volt=volt) > g
            low, high = np.where(too_good, middle, low), np.where(too_good, high, middle)
        return 0.5 * (low + high)

    def noise_amplitude(self, thickness: ArrayLike) -> FloatArray:
        """Return Q of a read of the whole cell: ``S_I / I**2 = Q**2 / f``.

        The plug's own, times the plug's share of the resistance.
        """
        p = self.numbers
        return law.cell_noise(p, self._solid(checks.non_negative("thickness", thickness, "m")))

    def noise_density(
        self, current: ArrayLike, hertz: ArrayLike, *, thickness: ArrayLike
    ) -> FloatArray:
        """Return the 1/f current noise density ``(Q*I)**2 / f`` [A2/Hz], infinite at 0 Hz."""
        i, f = np.asarray(current, dtype=np.float64), checks.non_negative("hertz", hertz, "Hz")
        with np.errstate(divide="ignore"):
            return np.asarray((self.noise_amplitude(thickness) * i) ** 2 / f)

    def noise_trace(
        self,
        current: ArrayLike,
        *,
        thickness: ArrayLike,
        samples: int,
        step_second: float,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return the noise of a constant read over time: 1/f and thermal noise on the current [A].

        Parameters
        ----------
        current
            Mean currents [A], any shape.
        thickness
            u_a of each cell [m], shape of `current` or a scalar; it sets the noise's amplitude.
        samples, step_second
            Length of the trace and its time step [s].
        rng
            Random generator.

        Returns
        -------
        ndarray
            Shape ``current.shape + (samples,)`` [A]; thermal noise as at the read's conductance
            ``I / 0.2 V``, averaged over a step.
        """
        mean = checks.non_negative("current", current, "A")
        step = checks.number("step_second", step_second, "s", above=True)
        relative = flicker_sequence(samples, rng=rng, traces=mean.shape)
        thermal = np.sqrt(2.0 * BOLTZMANN * kelvin(self.celsius) * mean / NOMINAL_READ_VOLT / step)
        white = rng.standard_normal(relative.shape) * thermal[..., np.newaxis]
        amplitude = np.broadcast_to(self.noise_amplitude(thickness), mean.shape)[..., np.newaxis]
        return np.asarray(mean[..., np.newaxis] * (1.0 + amplitude * relative) + white)

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
        """Return current [A] and slopes [S] at the given node voltages [V].

        Raises
        ------
        ParameterError
            A voltage that switches a cell on or melts it.
        """
        point = self._kept_states(conductance).read(np.asarray(row_volt - column_volt))
        live = conductance > 0.0
        current, slope = np.where(live, point.current, 0.0), np.where(live, point.slope, 0.0)
        return CellResponse(current=current, row_slope=slope, column_slope=-slope, symmetric=True)

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
        states = self.stored_thickness(np.asarray(conductances))
        return (
            f"X{name} {row} {column} pcm_read ua={float(u)!r}"
            for name, row, column, u in zip(names, row_nodes, column_nodes, states, strict=True)
        )

    def stored_thickness(self, conductance: FloatArray) -> FloatArray:
        """Return u_a of a crossbar's cells after this cell's age in its store [m]."""
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

    def _stored(self, thickness: FloatArray) -> FloatArray:
        """Return u_a after this cell's age in its store [m]."""
        if self.age_second == 0.0:
            return thickness
        return remaining(self.numbers, thickness, self.age_second, kelvin(self.storage_celsius))

    def _solid(self, thickness: FloatArray) -> FloatArray:
        return law.solid_length(self.numbers, self._stored(thickness))

    def _fresh_thickness(self, conductance: FloatArray) -> FloatArray:
        """Invert the zero-bias conductance at 300 K right after programming."""
        p, room = _fresh(self)
        aim = np.log(1.0 / np.maximum(1.0 / conductance - 1.0 / self._best(), 1e-30))
        z = np.log(np.full_like(conductance, 20e-9))
        for _ in range(_NEWTON):
            # ln of the plug's conductance falls with ln u with a slope of -1 to -1.7
            u = np.exp(z)
            g = law.plug(p, np.zeros(()), room, u, p.log_age)[0]
            more = law.plug(p, np.zeros(()), room, u * (1.0 + 1e-6), p.log_age)[0]
            step = (np.log(g) - aim) / (np.log(more / g) / 1e-6)
            z = z - step
            if np.all(np.abs(step) < 1e-9):
                break
        solid = np.maximum(np.exp(z) - self.crystal_gap_metre, 0.5 * law.ROUNDING_METER)
        return np.maximum(solid - 0.25 * law.ROUNDING_METER**2 / solid, 0.0)

    def _best(self) -> float:
        """Return the conductance of heater and crystal alone, at 300 K after programming [S]."""
        return 1.0 / (self.series_ohm + self.crystal_ohm)


def _fresh(cell: PcmParameters) -> tuple[PcmNumbers, FloatArray]:
    """Return the numbers right after programming, and 300 K."""
    p = replace(cell.numbers, log_age=np.zeros(()))
    return p, np.asarray(ROOM_KELVIN)
