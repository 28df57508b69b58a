"""The interface of drivers: numbers from -1 to 1 in, word-line voltages out.

A driver turns inputs into codes, and codes into one or several *reads* of the array. In a read
every word line is at a voltage around the array's reference, so signed inputs are voltages above
and below it, for the whole period or for a time of its own. Several reads make one product: their
codes are added with the weights of the reads, as the digital logic behind the converters does.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import check_coefficients, scaled_at
from xbar_circuit.peripherals.converters._values import finite_values
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.drivers.word_lines import Wave, WordLines
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["Driver", "check_inputs", "check_output"]


#: What moves with the temperature, by the coefficient that says how.
_COEFFICIENTS = {
    "full_scale_volt": "full_scale_per_celsius",
    "output_ohm": "output_per_celsius",
    "limit_ampere": "limit_per_celsius",
}


class Driver(ABC):
    """Anything that drives the word lines of a tile, without state.

    For your own driver, inherit from this class and implement the abstract members.
    """

    __slots__ = ()

    bits: int
    signed: bool  # whether codes reach below 0
    output_ohm: float  # output resistance [ohm]
    farad: float  # charged at each step in addition to the array [F], for the energy

    @property
    @abstractmethod
    def full_scale_volt(self) -> float:
        """Voltage of an input of 1 while it is on, relative to the reference [V]."""

    @abstractmethod
    def reads(
        self, codes: CodeArray, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the reads of the array that make the products of some codes.

        Parameters
        ----------
        codes
            Codes of the inputs, (batch, rows).
        rng
            Draws the jitter, where the driver has some; None is none.

        Returns
        -------
        tuple
            One :class:`WordLines` for each read, of (batch, rows); the product is the sum of their
            codes times their weights.
        """

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
        """Whether its reads have jitter, which :meth:`reads` then draws."""
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
        """Whether its current is limited, so that it is more than a resistance."""
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
        """Return the codes of inputs, ``round(values * highest)``; ties go to the even code.

        Parameters
        ----------
        values
            Inputs from -1 to 1, or from 0 to 1 without sign, any shape.

        Returns
        -------
        CodeArray
            Codes from `lowest` to `highest`, of the shape of `values`.

        Raises
        ------
        ParameterError
            A value is not finite, beyond -1 ... 1, or negative for a driver without sign.
        """
        array = check_inputs(values, self.lowest)
        codes: CodeArray = np.rint(array * self.highest).astype(np.int64)
        return codes

    def planes(self, codes: NDArray[Any]) -> tuple[tuple[int, NDArray[Any]], ...]:
        """Return the codes of every read of a product.

        Parameters
        ----------
        codes
            Codes of the inputs, any shape.

        Returns
        -------
        tuple
            A pair for each read: weight, and codes of the shape and the dtype of `codes`; the sum
            of weight times codes is `codes`.
        """
        return ((1, codes),)

    @property
    def odd(self) -> bool:
        """Whether opposite codes have opposite planes."""
        return True

    def volt_per_code(self, window_second: float) -> float | None:  # noqa: ARG002  most differ
        """Return the mean voltage over a window that one code of :meth:`planes` is worth.

        Parameters
        ----------
        window_second
            Window over which the read-out averages [s].

        Returns
        -------
        float or None
            Voltage [V]; None where voltages are not proportional to codes.
        """
        return None

    def with_sign(self, signed: bool) -> Driver:  # noqa: FBT001  the only argument
        """Return a copy for inputs of both signs, or for inputs from 0 to 1.

        Parameters
        ----------
        signed
            Whether the inputs have both signs.

        Returns
        -------
        Driver
            The same driver with the other range of codes.
        """
        return dataclasses.replace(self, signed=signed)  # type: ignore[type-var]

    @abstractmethod
    def with_full_scale(self, volt: float) -> Driver:
        """Return a copy with another full scale.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        Driver
            The same driver with this `full_scale_volt`.
        """

    def at_celsius(self, celsius: float) -> Self:
        """Return the driver at another temperature; the numbers that it is given hold at 27 C.

        Only what has a coefficient moves: ``value * (1 + coefficient * (celsius - 27))``.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Self
            A copy with these values; itself where no coefficient is given.

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
        """Cost of one word line at full scale in one read: its capacitance, charged once."""
        joule = self.farad * self.full_scale_volt**2
        return PartCost(latency_second=self.span_second, energy_joule=joule)

    def spice_definition(self, name: str) -> list[str]:  # noqa: ARG002  most need none
        """Return the lines that a deck needs once: a subcircuit or a user's file.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit.

        Returns
        -------
        list
            SPICE lines; empty for a driver without a circuit of its own.
        """
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
            Name of the terminal, and its node.
        wave
            Signal of the row.
        definition
            The name that :meth:`spice_definition` was given.

        Returns
        -------
        Iterator[str]
            SPICE lines.
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
