"""What the word lines do in a read: levels or pulses, and the sources that make them in a deck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals._waveform import piecewise, staircase

__all__ = ["Wave", "WordLines"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordLines:
    """Word-line signals of one read for every product of a batch.

    The defaults are typical values, chosen here, not those of a particular design.

    volt : (batch, rows) voltage about the reference [V].
    second : (batch, rows) duration of each pulse, from the beginning of the read-out's window,
        where it rises, to the beginning of its fall [s]; None is a level for the whole period.
    rise_second, fall_second : duration of the edges [s].
    weight : factor of this read's codes in the product.
    """

    volt: FloatArray
    second: FloatArray | None = None
    rise_second: float = 50e-12
    fall_second: float = 50e-12
    weight: int = 1

    @classmethod
    def in_turn(cls, reads: Sequence[WordLines]) -> WordLines:
        """Return one read for each input, chosen in turn, as one batch.

        Parameters
        ----------
        reads
            The reads of a batch of inputs, all of one shape.

        Returns
        -------
        WordLines
            For input k the read ``k % len(reads)``, (batch, rows); the weight is 1.
        """
        which = np.arange(len(reads[0].volt))
        turn = which % len(reads)
        timed = [read.second for read in reads if read.second is not None]
        return cls(
            volt=np.stack([read.volt for read in reads])[turn, which],
            second=np.stack(timed)[turn, which] if timed else None,
            rise_second=reads[0].rise_second,
            fall_second=reads[0].fall_second,
        )

    def part(self, which: slice) -> WordLines:
        """Return a part of the batch.

        Parameters
        ----------
        which
            Slice of the inputs.

        Returns
        -------
        WordLines
            The signals of these inputs.
        """
        return WordLines(
            volt=self.volt[which],
            second=None if self.second is None else self.second[which],
            rise_second=self.rise_second,
            fall_second=self.fall_second,
            weight=self.weight,
        )

    def on_second(self, window_second: float) -> FloatArray:
        """Return for how long each word line counts as on.

        The edges are straight lines: the area of a pulse is its voltage times this time.

        Parameters
        ----------
        window_second
            Length of the window [s], for which a level is on.

        Returns
        -------
        FloatArray
            Duration [s], (batch, rows); 0 where the voltage is 0.
        """
        if self.second is None:
            return np.where(self.volt != 0.0, window_second, 0.0)
        on = np.maximum(self.second + 0.5 * (self.fall_second - self.rise_second), 0.0)
        shape: FloatArray = np.where((self.second > 0.0) & (self.volt != 0.0), on, 0.0)
        return shape

    def mean_volt(self, window_second: float) -> FloatArray:
        """Return the mean voltage over a window; of levels, the level.

        Parameters
        ----------
        window_second
            Length of the window [s].

        Returns
        -------
        FloatArray
            Voltage about the reference [V], (batch, rows).

        >>> pulses = WordLines(volt=np.array([[0.2, -0.2]]), second=np.array([[50e-9, 25e-9]]))
        >>> pulses.mean_volt(100e-9).tolist()
        [[0.1, -0.05]]
        """
        if self.second is None:
            return self.volt
        result: FloatArray = self.volt * (self.on_second(window_second) / window_second)
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wave:
    """Signal of one row in a deck, read after read.

    read, row : signals of the word lines, and the row.
    period_second : time from one read to the next [s].
    window_begin_second : time from the beginning of a read to that of its window, where pulses rise
        [s].
    """

    read: WordLines
    row: int
    period_second: float
    window_begin_second: float

    def lines(self, source: str) -> Iterator[str]:
        """Yield the source of the row.

        Parameters
        ----------
        source
            Beginning of the source, such as ``"Vin in 0"``.

        Returns
        -------
        Iterator[str]
            SPICE lines of a piecewise linear source.
        """
        read, row = self.read, self.row
        begins = self.period_second * np.arange(len(read.volt), dtype=np.float64)
        if read.second is None:
            yield from staircase(source, read.volt[:, row], begins, read.rise_second)
            return
        points = [(0.0, 0.0)]
        for k, begin in enumerate(begins + self.window_begin_second):
            volt, second = float(read.volt[k, row]), float(read.second[k, row])
            if volt != 0.0 and second > 0.0:
                points += [
                    (float(begin), 0.0),
                    (float(begin) + read.rise_second, volt),
                    (float(begin) + max(second, 1.0001 * read.rise_second), volt),
                    (float(begin) + second + read.fall_second, 0.0),
                ]
        yield from piecewise(source, points)
