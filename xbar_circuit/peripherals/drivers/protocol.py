"""What every driver is to the rest: numbers from -1 to 1 in, word-line voltages out.

A driver turns inputs into codes, and codes into one or several *reads* of the array. In a read
every word line stands at a voltage about the array's reference, so signed inputs are voltages above
and below it, for the whole period or for a time of its own. Several reads make one product: their
codes are added with the weights of the reads, as the digital logic behind the converters does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters.protocol import CodeArray, finite_values

__all__ = ["Driver", "DriverBase", "WordLines", "check_output", "encode_signed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordLines:
    """What the word lines do in one read of every product of a batch.

    volt : (batch, rows) voltage about the reference [V].
    second : (batch, rows) for how long it stands, from the beginning of the read-out's window,
        where it rises, to the beginning of its fall [s]; None stands for the whole period.
    rise_second, fall_second : of the edges [s].
    weight : of this read's codes in the product.
    """

    volt: FloatArray
    second: FloatArray | None = None
    rise_second: float = 50e-12
    fall_second: float = 50e-12
    weight: int = 1

    @classmethod
    def in_turn(cls, reads: Sequence[WordLines]) -> WordLines:
        """Return the k-th read of input k, in turn, as one batch; the weight is 1."""
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
        """Return a part of the batch."""
        return WordLines(
            volt=self.volt[which],
            second=None if self.second is None else self.second[which],
            rise_second=self.rise_second,
            fall_second=self.fall_second,
            weight=self.weight,
        )

    def on_second(self, window_second: float) -> FloatArray:
        """Return for how long each word line counts as on (batch, rows) [s].

        The edges are straight lines: the area of a pulse is its voltage times this time.
        """
        if self.second is None:
            return np.where(self.volt != 0.0, window_second, 0.0)
        on = np.maximum(self.second + 0.5 * (self.fall_second - self.rise_second), 0.0)
        shape: FloatArray = np.where((self.second > 0.0) & (self.volt != 0.0), on, 0.0)
        return shape

    def mean_volt(self, window_second: float) -> FloatArray:
        """Return the mean voltage over a window (batch, rows) [V]; of levels, the level."""
        if self.second is None:
            return self.volt
        result: FloatArray = self.volt * (self.on_second(window_second) / window_second)
        return result


@runtime_checkable
class Driver(Protocol):
    """Anything that a tile can have on its word lines."""

    @property
    def output_ohm(self) -> float:
        """Output resistance [ohm]."""
        ...

    @property
    def full_scale_volt(self) -> float:
        """Voltage of the input 1 while it is on, about the reference [V]."""
        ...

    @property
    def highest(self) -> int:
        """The code of the input 1."""
        ...

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        ...

    @property
    def span_second(self) -> float:
        """Longest pulse with its fall [s]; 0 for levels, which any read-out takes."""
        ...

    @property
    def farad(self) -> float:
        """What is charged at each step besides the array [F], for the energy."""
        ...

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the codes of inputs from -1 to 1."""
        ...

    def reads(
        self, codes: CodeArray, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the reads that make the products of `codes` (batch, rows)."""
        ...


class DriverBase:
    """What our own drivers share; a mixin without state of its own."""

    __slots__ = ()

    bits: int

    @property
    def highest(self) -> int:
        """The code of the input 1."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return 1

    @property
    def span_second(self) -> float:
        """Longest pulse with its fall [s]; 0 for levels."""
        return 0.0

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the codes of inputs from -1 to 1; ties go to the even code.

        Raises
        ------
        ParameterError
            A value is not finite or beyond -1 ... 1.
        """
        return encode_signed(values, self.highest)


def encode_signed(values: ArrayLike, highest: int) -> CodeArray:
    """Return ``round(values * highest)`` of inputs from -1 to 1; ties go to the even code.

    Raises
    ------
    ParameterError
        A value is not finite or beyond -1 ... 1.
    """
    array = finite_values("x", values)
    if (np.abs(array) > 1.0).any():
        raise ParameterError.about(
            "x",
            got=f"{float(np.abs(array).max())} in magnitude",
            expected="inputs from -1 to 1",
            remedy="scale them by the largest",
        )
    codes: CodeArray = np.rint(array * highest).astype(np.int64)
    return codes


def check_output(output_ohm: float, farad: float) -> None:
    """Refuse an impossible output."""
    checks.number("output_ohm", output_ohm, "ohm")
    checks.number("farad", farad, "F")
