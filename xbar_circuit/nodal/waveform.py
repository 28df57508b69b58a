"""What the drivers do over time: straight lines between given points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError, ShapeError

__all__ = ["Waveform"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waveform:
    """Piecewise linear voltages of all drivers.

    Parameters
    ----------
    time_second
        Times of the corners (points,), increasing, the first at 0 [s].
    volts
        Voltages at the corners (points, rows) [V]; constant after the last.

    Raises
    ------
    ShapeError
        The arrays do not fit each other.
    ParameterError
        A value is not finite, or the times do not increase from 0.
    """

    time_second: FloatArray
    volts: FloatArray

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        seconds = checks.real("time_second", self.time_second)
        volts = checks.real("volts", self.volts)
        if seconds.ndim != 1 or volts.ndim != 2 or len(seconds) != len(volts) or not volts.size:
            raise ShapeError.about(
                "time_second, volts",
                got=f"shapes {seconds.shape} and {volts.shape}",
                expected="shapes (points,) and (points, rows)",
                remedy="give one line of voltages for each time",
            )
        ordered = bool((np.diff(seconds) > 0.0).all()) and seconds[0] == 0.0
        if not (ordered and np.isfinite(seconds).all() and np.isfinite(volts).all()):
            raise ParameterError.about(
                "time_second, volts",
                got="times that do not increase from 0, or values that are not finite",
                expected="finite values, times that increase from 0 [s]",
                remedy="merge equal times, and start at 0",
            )
        for name, array in (("time_second", seconds), ("volts", volts)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def pulse(
        cls,
        volts: ArrayLike,
        *,
        width_second: float | ArrayLike,
        edge_second: float,
        delay_second: float = 0.0,
    ) -> Waveform:
        """Return a pulse on each row: pulse-width modulation if the widths differ.

        Parameters
        ----------
        volts
            Height of each row's pulse (rows,) [V].
        width_second
            Time at full height, of all or of each row (rows,) [s]; a row of width 0 stays at 0 V.
        edge_second
            Duration of the rising and of the falling edge [s].
        delay_second
            When the rising edge starts [s].

        Returns
        -------
        Waveform
            With a corner at each end of every edge, and 0 V after the last.

        Raises
        ------
        ShapeError, ParameterError
            A value does not fit, or is out of range.

        >>> wave = Waveform.pulse([0.2, 0.1], width_second=[3e-9, 1e-9], edge_second=1e-10)
        >>> wave.at(2e-9).tolist()
        [0.2, 0.0]
        """
        height = np.atleast_1d(checks.real("volts", volts))
        edge = checks.number("edge_second", edge_second, "s", above=True)
        delay = checks.number("delay_second", delay_second, "s")
        width = checks.real("width_second", width_second)
        if height.ndim != 1 or width.ndim > 1 or (width.ndim == 1 and width.shape != height.shape):
            raise ShapeError.about(
                "volts, width_second",
                got=f"shapes {height.shape} and {width.shape}",
                expected="(rows,) and one width or (rows,)",
                remedy="give one height for each row",
            )
        if not (np.isfinite(width).all() and (width >= 0.0).all()):
            raise ParameterError.about(
                "width_second",
                got=width_second,
                expected="finite widths >= 0 [s]",
                remedy="0 leaves a row at 0 V",
            )
        width = np.broadcast_to(width, height.shape)
        on = width > 0.0
        start = delay + edge
        corners = np.unique([0.0, delay, start, *(start + width[on]), *(start + width[on] + edge)])
        time = corners[:, np.newaxis]
        up = np.clip((time - delay) / edge, 0.0, 1.0)
        down = np.clip((time - start - width) / edge, 0.0, 1.0)
        return cls(time_second=corners, volts=np.where(on, height * (up - down), 0.0))

    def at(self, seconds: ArrayLike) -> FloatArray:
        """Return the voltages of all rows at some times.

        Parameters
        ----------
        seconds
            One time, or times (times,), from 0 [s]; after the last corner the voltages stay.

        Returns
        -------
        array
            (rows,) for one time, else (times, rows) [V].

        Raises
        ------
        ParameterError
            A time before 0, where no voltage is defined.

        >>> wave = Waveform(time_second=[0.0, 1e-9], volts=[[0.0, 0.1], [0.2, 0.1]])
        >>> wave.at([0.5e-9, 5e-9]).tolist()
        [[0.1, 0.1], [0.2, 0.1]]
        """
        time = np.asarray(seconds, dtype=np.float64)
        k, slope = self._segment(time)
        after = (time - self.time_second[k])[..., np.newaxis]
        volts: FloatArray = self.volts[k] + after * slope
        return volts

    def slope_after(self, seconds: ArrayLike) -> FloatArray:
        """Return the slopes of all rows just after some times.

        Parameters
        ----------
        seconds
            One time, or times (times,), from 0 [s].

        Returns
        -------
        array
            (rows,) for one time, else (times, rows) [V/s]; 0 from the last corner on.

        Raises
        ------
        ParameterError
            A time before 0.
        """
        return self._segment(np.asarray(seconds, dtype=np.float64))[1]

    def spans(self, stop_second: float) -> tuple[FloatArray, FloatArray]:
        """Return the straight parts up to a time.

        Parameters
        ----------
        stop_second
            End of the last part [s].

        Returns
        -------
        tuple of arrays
            Beginning and length of each part, both (spans,) [s].
        """
        inside = self.time_second[self.time_second < stop_second]
        return inside, np.diff(np.append(inside, stop_second))

    def _segment(self, time: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the corner before each time, and the slopes after it."""
        if not (time >= 0.0).all():
            raise ParameterError.about(
                "seconds",
                got=f"{time.min():g} s",
                expected="times >= 0 [s]",
                remedy="count time from the first corner of the waveform",
            )
        length = np.diff(self.time_second)[:, np.newaxis]
        slopes = np.concatenate(
            [np.diff(self.volts, axis=0) / length, np.zeros((1, self.volts.shape[1]))]
        )
        k = np.searchsorted(self.time_second, time, side="right") - 1
        return np.asarray(k), slopes[k]
