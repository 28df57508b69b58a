"""What every driver is to the rest: numbers from -1 to 1 in, word-line voltages out.

A driver turns inputs into codes, and codes into one or several *reads* of the array. In a read
every word line is at a voltage around the array's reference, so signed inputs are voltages above
and below it, for the whole period or for a time of its own. Several reads make one product: their
codes are added with the weights of the reads, as the digital logic behind the converters does.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import check_coefficients, scaled_at
from xbar_circuit.peripherals._waveform import piecewise, staircase
from xbar_circuit.peripherals.converters.base import CodeArray, finite_values
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["Driver", "Wave", "WordLines", "check_inputs", "check_output"]


#: What moves with the temperature, by the coefficient that says how.
_COEFFICIENTS = {
    "full_scale_volt": "full_scale_per_celsius",
    "output_ohm": "output_per_celsius",
    "limit_ampere": "limit_per_celsius",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordLines:
    """Word-line signals of one read for every product of a batch.

    The defaults are typical values, chosen here, not those of a particular design.

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wave:
    """What one row does in a deck, read after read.

    read, row : what the word lines do, and which of them.
    period_second : from one read to the next [s].
    window_begin_second : from the beginning of a read to that of its window, where pulses rise [s].
    """

    read: WordLines
    row: int
    period_second: float
    window_begin_second: float

    def lines(self, source: str) -> Iterator[str]:
        """Yield the source; `source` is its beginning, such as ``"Vin in 0"``."""
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


class Driver(ABC):
    """Anything that drives the word lines of a tile, without state.

    For your own driver, inherit from this class and implement the abstract members.
    """

    __slots__ = ()

    bits: int
    signed: bool  # whether codes reach below 0
    output_ohm: float  # output resistance [ohm]
    farad: float  # what is charged at each step besides the array [F], for the energy

    @property
    @abstractmethod
    def full_scale_volt(self) -> float:
        """Voltage of an input of 1 while it is on, relative to the reference [V]."""

    @abstractmethod
    def reads(
        self, codes: CodeArray, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the reads that make the products of `codes` (batch, rows)."""

    @property
    def highest(self) -> int:
        """The code of the input 1."""
        return int(2 ** (self.bits - self.signed) - 1)

    @property
    def lowest(self) -> int:
        """The lowest code: the opposite of the highest, or 0."""
        return -self.highest if self.signed else 0

    @property
    def exact(self) -> bool:
        """Whether its codes are real numbers."""
        return False

    @property
    def noisy(self) -> bool:
        """Whether its reads have jitter that is to be drawn."""
        return False

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return 1

    @property
    def span_second(self) -> float:
        """Longest pulse with its fall [s]; 0 for levels, which any read-out takes."""
        return 0.0

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's circuit in it, or None."""
        return None

    @property
    def limited(self) -> bool:
        """Whether its current is, so that it is more than a resistance."""
        return False

    @property
    def terminal_ohm(self) -> float:
        """Resistance added to the array's terminals in the fast engine [ohm]."""
        return 0.0 if self.limited else self.output_ohm

    @property
    def deck_ohm(self) -> float:
        """Resistance added to the array's terminals in ngspice [ohm]; a circuit has its own."""
        return 0.0 if self.circuit is not None else self.terminal_ohm

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the codes ``round(values * highest)`` of inputs; ties go to the even code.

        Raises
        ------
        ParameterError
            A value is not finite, beyond -1 ... 1, or negative for a driver without sign.
        """
        array = check_inputs(values, self.lowest)
        codes: CodeArray = np.rint(array * self.highest).astype(np.int64)
        return codes

    def planes(self, codes: NDArray[Any]) -> tuple[tuple[int, NDArray[Any]], ...]:
        """Return weight and codes of every read of the products of `codes`; same shape and kind."""
        return ((1, codes),)

    @property
    def odd(self) -> bool:
        """Whether the planes of opposite codes are opposite."""
        return True

    def volt_per_code(self, window_second: float) -> float | None:  # noqa: ARG002  most differ
        """Return the mean voltage over a window that a code of :meth:`planes` counts for [V].

        None where voltages are not proportional to codes.
        """
        return None

    def with_sign(self, signed: bool) -> Driver:  # noqa: FBT001  what it is about
        """Return a copy for inputs of both signs, or for inputs from 0 to 1."""
        return dataclasses.replace(self, signed=signed)  # type: ignore[type-var]

    @abstractmethod
    def with_full_scale(self, volt: float) -> Driver:
        """Return a copy with another full scale [V]."""

    def at_celsius(self, celsius: float) -> Self:
        """Return the driver at a temperature [degree Celsius]; what is stated holds at 27 C.

        Only what has a coefficient moves: ``value * (1 + coefficient * (celsius - 27))``.

        Raises
        ------
        ParameterError
            Nothing is left of a value at this temperature.
        """
        warm = {
            name: scaled_at(celsius, self, getattr(self, name), coefficient)
            for name, coefficient in _COEFFICIENTS.items()
            if getattr(self, coefficient, 0.0) != 0.0
        }
        return dataclasses.replace(self, **warm) if warm else self  # type: ignore[type-var]

    @property
    def cost(self) -> PartCost:
        """Of one word line at full scale in one read: its own capacitance, charged once."""
        joule = self.farad * self.full_scale_volt**2
        return PartCost(latency_second=self.span_second, energy_joule=joule)

    def spice_definition(self, name: str) -> list[str]:  # noqa: ARG002  most need none
        """Return the lines that a deck needs once: the subcircuit `name` or a user's file."""
        return []

    def spice_lines(
        self,
        name: str,
        node: str,
        wave: Wave,
        *,
        definition: str,  # noqa: ARG002
    ) -> Iterator[str]:
        """Yield the driver of one end of one word line, relative to the node ``reference``.

        Parameters
        ----------
        name, node
            Of the terminal and its node.
        wave
            Signal of the row.
        definition
            The name that :meth:`spice_definition` was given.
        """
        yield from wave.lines(f"V{name} {node} reference")


def check_inputs(values: ArrayLike, lowest: int) -> FloatArray:
    """Return inputs as float64.

    Raises
    ------
    ParameterError
        A value is not finite, beyond -1 ... 1, or negative where the lowest code is 0.
    """
    array = finite_values("x", values)
    if array.size and (float(array.max()) > 1.0 or float(array.min()) < (-1.0 if lowest else 0.0)):
        raise ParameterError.about(
            "x",
            got=f"{float(array.min())} to {float(array.max())}",
            expected="inputs from -1 to 1" if lowest else "inputs from 0 to 1 without sign",
            remedy="scale them by the largest" if lowest else "give the driver signed=True",
        )
    return array


def check_output(driver: Driver) -> None:
    """Refuse an impossible output and coefficients that are no numbers."""
    checks.number("output_ohm", driver.output_ohm, "ohm")
    checks.number("farad", driver.farad, "F")
    known = (name for name in _COEFFICIENTS.values() if hasattr(driver, name))
    check_coefficients(driver, *known)
