"""The programming curve: which conductance a pulse of which amplitude leaves behind.

A pulse long enough to melt and to regrow what it does not melt forgets the cell's past, so one
curve over the amplitude answers the inverse question "which pulse takes this cell there". The curve
is simulated on the compact model, all amplitudes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.dynamics import Pulse, transient
from xbar_circuit.errors import ParameterError

__all__ = ["ProgrammingCurve"]

RESET_PULSE = Pulse(volt=4.0, width_second=3e-6, load_ohm=8e3)
"""Three microseconds through 8 kohm, quenched in 5 ns: long enough to forget what was there.

3.1 to 4.9 V, 270 to 440 uA, span the range."""


@dataclass(frozen=True, kw_only=True)
class ProgrammingCurve:
    """Conductance over amplitude, falling; interpolated in ln g.

    Parameters
    ----------
    pulse
        The pulse's shape; its amplitude is what varies.
    volts
        Amplitudes [V], rising.
    conductances
        Conductance after each pulse at `read_volt` [S], strictly falling.
    read_volt
        Read voltage [V].

    >>> from xbar_circuit.devices import PcmCell
    >>> curve = ProgrammingCurve.simulate(PcmCell.sebastian2017(), points=17)
    >>> round(float(curve.volt_for(5e-6)), 2), curve.pulse_for(5e-6).width_second
    (3.57, 3e-06)
    """

    pulse: Pulse
    volts: FloatArray
    conductances: FloatArray
    read_volt: float

    @classmethod
    def simulate(
        cls,
        cell: PcmCell,
        *,
        pulse: Pulse = RESET_PULSE,
        lowest_volt: float = 2.3,
        highest_volt: float = 5.2,
        points: int = 129,
        read_volt: float = 0.2,
    ) -> ProgrammingCurve:
        """Simulate the curve of a cell, from its crystalline state.

        Parameters
        ----------
        cell
            The cell.
        pulse
            Shape of the pulse; its amplitude does not count.
        lowest_volt, highest_volt
            Range of amplitudes [V].
        points
            Number of amplitudes, at least 5.
        read_volt
            Read voltage [V].

        Returns
        -------
        ProgrammingCurve
            From the last amplitude that leaves the cell crystalline, without amplitudes after which
            the conductance does not fall.

        Raises
        ------
        ParameterError
            Fewer than five amplitudes in the range melt the cell and leave less than the one
            before.
        """
        checks.count("points", points, minimum=5)
        volts = np.linspace(lowest_volt, highest_volt, points)
        times, shape = replace(pulse, volt=1.0).waveform()
        trace = transient(cell, 0.0, times, np.outer(shape, volts), load_ohm=pulse.load_ohm)
        g = cell.conductance(trace.thickness[-1], read_volt=read_volt)
        falling = g < np.minimum.accumulate(np.concatenate([[np.inf], g[:-1]])) * (1.0 - 1e-4)
        first = max(int(np.argmax(falling[1:])), 0)  # the last amplitude that leaves it crystalline
        keep = falling.copy()
        keep[: first + 1] = False
        keep[first] = True
        if keep.sum() < 5:
            raise ParameterError.about(
                "lowest_volt, highest_volt",
                got=f"{lowest_volt:g} to {highest_volt:g} V",
                expected="amplitudes from below to well above melting",
                remedy="raise highest_volt, or lower the pulse's load_ohm",
            )
        return cls(pulse=pulse, volts=volts[keep], conductances=g[keep], read_volt=read_volt)

    @cached_property
    def _inverse(self) -> PchipInterpolator:
        return PchipInterpolator(np.log(self.conductances[::-1]), self.volts[::-1])

    def volt_for(self, conductance: ArrayLike) -> FloatArray:
        """Return the amplitude that programs a conductance.

        Parameters
        ----------
        conductance
            Wanted conductance at `read_volt` [S], any shape; beyond the curve's ends they count.

        Returns
        -------
        FloatArray
            Amplitude [V], of the shape of `conductance`.
        """
        g = checks.non_negative("conductance", conductance, "S")
        return np.asarray(
            self._inverse(np.log(np.clip(g, self.conductances[-1], self.conductances[0])))
        )

    def pulse_for(self, conductance: float) -> Pulse:
        """Return the pulse that programs a conductance from any state.

        Parameters
        ----------
        conductance
            Wanted conductance at `read_volt` [S].

        Returns
        -------
        Pulse
            `pulse` with the amplitude of :meth:`volt_for`.
        """
        return replace(self.pulse, volt=float(self.volt_for(conductance)))
