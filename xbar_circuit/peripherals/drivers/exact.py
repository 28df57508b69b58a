"""The exact driver: every input is a voltage, without a step between two of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, check_inputs, check_output
from xbar_circuit.peripherals.drivers.word_lines import WordLines

__all__ = ["ExactDriver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDriver(Driver):
    """A driver whose codes are the inputs themselves, real numbers from -1 to 1.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    full_scale_volt
        Voltage of the input 1 about the reference [V].
    output_ohm
        Output resistance [ohm], added to the crossbar's own driver resistance.
    settle_second
        Rise time of its steps, as a straight line [s].
    farad
        Capacitance charged at each step in addition to the array [F], for the energy.
    full_scale_per_celsius, output_per_celsius
        Temperature coefficients of full scale and output resistance [1/degree Celsius], about 27 C.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> driver = ExactDriver(full_scale_volt=0.2)
    >>> driver.reads(driver.encode([[0.123, -1.0]]))[0].volt
    array([[ 0.0246, -0.2   ]])
    """

    full_scale_volt: float = 0.2
    output_ohm: float = 0.0
    settle_second: float = 50e-12
    farad: float = 0.0
    full_scale_per_celsius: float = 0.0
    output_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        check_output(self)
        checks.number("settle_second", self.settle_second, "s", above=True)

    @property
    def highest(self) -> int:
        """The code of the input 1: itself."""
        return 1

    @property
    def lowest(self) -> int:
        """The lowest code, that of the input -1."""
        return -1

    def with_full_scale(self, volt: float) -> ExactDriver:
        """Return a copy with another full scale.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        ExactDriver
            The same driver with this `full_scale_volt`.
        """
        return dataclasses.replace(self, full_scale_volt=volt)

    @property
    def exact(self) -> bool:
        """Always True."""
        return True

    def with_sign(self, signed: bool) -> ExactDriver:  # noqa: ARG002, FBT001  it takes both
        """Return the driver as it is: it takes inputs of both signs anyway.

        Parameters
        ----------
        signed
            Not used.

        Returns
        -------
        ExactDriver
            Itself.
        """
        return self

    def volt_per_code(self, window_second: float) -> float:  # noqa: ARG002  a level
        """Return the voltage of a code of 1, which is a level.

        Parameters
        ----------
        window_second
            Not used: a level is the same over any window.

        Returns
        -------
        float
            `full_scale_volt` [V].
        """
        return self.full_scale_volt

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the inputs themselves as codes.

        Parameters
        ----------
        values
            Inputs from -1 to 1, any shape.

        Returns
        -------
        CodeArray
            `values` as float64.

        Raises
        ------
        ParameterError
            A value is not finite or beyond -1 ... 1.
        """
        return check_inputs(values, -1)

    def reads(
        self,
        codes: CodeArray,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002  of the protocol; it has no noise
    ) -> tuple[WordLines, ...]:
        """Return the one read: every word line at its voltage for the whole period.

        Parameters
        ----------
        codes
            Codes of the inputs, (batch, rows).
        rng
            Not used: the read has no noise.

        Returns
        -------
        tuple
            One :class:`WordLines` with the voltages ``full_scale_volt * codes``.
        """
        edge = self.settle_second
        volt = self.full_scale_volt * codes
        return (WordLines(volt=volt, rise_second=edge, fall_second=edge),)
