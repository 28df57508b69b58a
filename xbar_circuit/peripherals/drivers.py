"""Drivers: from numbers to word-line voltages.

Inputs are numbers from -1 to 1. A driver turns them into codes and the codes into voltages about
the array's reference, so signed inputs are voltages above and below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters.protocol import CodeArray, errors_tuple, finite_values

__all__ = ["Dac"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dac:
    """An amplitude digital-to-analog converter on every word line.

    Parameters
    ----------
    bits
        Width with sign, 2 to 14: codes from ``-(2**(bits-1) - 1)`` to its opposite.
    full_scale_volt
        Voltage of the highest code about the reference [V].
    output_ohm
        Output resistance [ohm], added to the crossbar's own driver resistance.
    settle_second
        Rise time of its steps, as a straight line [s].
    inl_lsb
        Deviation of each code from its place in LSB, lowest code first, ``2**bits - 1`` numbers;
        None is none.
    farad
        What it charges at each step besides the array [F], for the energy.

    Raises
    ------
    ParameterError, ShapeError
        A value is out of range.

    >>> dac = Dac(bits=4, full_scale_volt=0.2)
    >>> dac.encode([-1.0, 0.5, 1.0]), dac.volts(dac.encode([1.0]))
    (array([-7,  4,  7]), array([0.2]))
    """

    bits: int = 8
    full_scale_volt: float = 0.2
    output_ohm: float = 0.0
    settle_second: float = 50e-12
    inl_lsb: tuple[float, ...] | None = None
    farad: float = 10e-15

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, minimum=2, maximum=14)
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        checks.number("output_ohm", self.output_ohm, "ohm")
        checks.number("settle_second", self.settle_second, "s", above=True)
        checks.number("farad", self.farad, "F")
        if self.inl_lsb is not None:
            errors = errors_tuple("inl_lsb", self.inl_lsb, 2 * self.highest + 1, "LSB")
            object.__setattr__(self, "inl_lsb", errors)

    @property
    def highest(self) -> int:
        """The highest code."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def lsb(self) -> float:
        """Voltage of one code [V]."""
        return self.full_scale_volt / self.highest

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the codes of inputs from -1 to 1; ties go to the even code.

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
        codes: CodeArray = np.rint(array * self.highest).astype(np.int64)
        return codes

    def volts(self, codes: CodeArray) -> FloatArray:
        """Return the voltages about the reference (same shape) [V]."""
        place = codes.astype(np.float64)
        if self.inl_lsb is not None:
            place = place + np.asarray(self.inl_lsb)[codes + self.highest]
        result: FloatArray = place * self.lsb
        return result
