"""What a state of a PCM cell shows: its conductance, where it switches on, its noise.

A state is the amorphous thickness u_a right after programming. The cell's own temperature and age
then say how warm and when it is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._constants import BOLTZMANN, ROOM_KELVIN, kelvin
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm import _read_law as read_law
from xbar_circuit.devices.pcm._noise import flicker_sequence
from xbar_circuit.devices.pcm._numbers import PcmNumbers
from xbar_circuit.devices.pcm._parameters import PcmParameters
from xbar_circuit.devices.pcm._retention import remaining
from xbar_circuit.devices.pcm.threshold_switch import fold
from xbar_circuit.errors import ParameterError

__all__ = ["PcmCellStates"]

NOMINAL_READ_VOLT = 0.2  # read voltage of the cited arrays
THICKEST_METER = 1e-6  # ten times what any published cell reaches
_BISECTIONS = 60  # to the last digit
_NEWTON = 60  # steps; 5 are usual


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmCellStates(PcmParameters):
    """A phase-change memory cell without its place in a crossbar."""

    @property
    def g_max_siemens(self) -> float:
        """Largest zero-bias conductance, that of the crystal at 300 K after programming [S]."""
        return float(
            law.off_conductance(*_fresh(self), law.solid_length(self.numbers, np.zeros(())))
        )

    def zero_bias(self, thickness: FloatArray) -> FloatArray:
        """Return the conductance at small voltages, at this cell's temperature and age.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `thickness`.
        """
        p = self.numbers
        return law.off_conductance(p, p.t_amb, self._solid(thickness))

    def threshold_volt(self, thickness: float) -> float:
        """Return the voltage across the GST at which the cell switches on.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m].

        Returns
        -------
        float
            Voltage [V], without what falls over the heater. Where switching is gradual (hardly
            anything is amorphous) it is V_t itself.

        >>> from xbar_circuit.devices import PcmCell
        >>> round(PcmCell.sebastian2017().threshold_volt(30e-9), 3)
        1.36
        """
        p, solid = self.numbers, self._solid(np.asarray(thickness, dtype=np.float64))
        volt = float(fold(p, solid, p.log_age))
        return volt if math.isfinite(volt) else float(law.threshold(p, solid, p.log_age))

    def conductance(self, thickness: ArrayLike, *, read_volt: float = 0.0) -> FloatArray:
        """Return the conductance I/V at this cell's temperature and age.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], any shape.
        read_volt
            Read voltage [V], either polarity; 0 is the limit of small voltages.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `thickness`.

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
        """Return the amorphous thickness u_a that gives a conductance.

        With ``read_volt = 0`` it is the state that a crossbar's ``conductance`` means: at 300 K,
        right after programming. With a read voltage it is what this cell, at its own temperature
        and age, must have been left with to show that conductance.

        Parameters
        ----------
        conductance
            Conductance I/V [S], any shape, above 0.
        read_volt
            Read voltage [V], 0 or more; 0 is the limit of small voltages.

        Returns
        -------
        FloatArray
            Thickness right after programming [m], of the shape of `conductance`.

        Raises
        ------
        ParameterError
            A conductance is 0 or less, above that of the crystal, or, with a read voltage, below
            that of a plug of 1 um.
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
        """Return the amplitude Q of the 1/f noise of the whole cell, ``S_I / I**2 = Q**2 / f``.

        The plug's own, times the plug's share of the resistance.

        Parameters
        ----------
        thickness
            Amorphous thickness u_a right after programming [m], any shape.

        Returns
        -------
        FloatArray
            Q, dimensionless, of the shape of `thickness`.
        """
        p = self.numbers
        return law.cell_noise(p, self._solid(checks.non_negative("thickness", thickness, "m")))

    def noise_density(
        self, current: ArrayLike, hertz: ArrayLike, *, thickness: ArrayLike
    ) -> FloatArray:
        """Return the density of the 1/f noise of a current, ``(Q*I)**2 / f``.

        Parameters
        ----------
        current
            Mean current [A].
        hertz
            Frequency [Hz].
        thickness
            Amorphous thickness u_a right after programming [m]; the three broadcast.

        Returns
        -------
        FloatArray
            One-sided spectral density [A2/Hz], of the broadcast shape; infinite at 0 Hz.
        """
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
