"""The bit-serial driver: one bit of every input at a time, added up digitally.

The word lines need one voltage only, and the converter sees sums of bits; the price is one read for
each bit. In two's complement the bits are unsigned and the read of the highest one counts
negatively (ISAAC, Shafiee et al., ISCA 2016); in sign and magnitude a negative input's bits are
pulses below the reference, which saves a read (NeuRRAM, Wan et al., Nature 608, 504, 2022).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, check_output
from xbar_circuit.peripherals.drivers.word_lines import WordLines

__all__ = ["BitSerial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BitSerial(Driver):
    """A driver that applies one bit at a time; the codes of the reads are shifted and added.

    A product's code is ``sum(weight * code)`` over the reads, so what the converter gives without
    a current counts ``sum(weights)`` times.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Width, 2 to 14.
    signed
        Whether codes run from ``-(2**(bits-1) - 1)`` to its opposite, or from 0 to ``2**bits - 1``.
    full_scale_volt
        Voltage of a one about the reference [V].
    coding
        ``"sign-magnitude"`` (``bits - 1`` reads with three levels) or ``"twos-complement"``
        (``bits`` reads with two). Without sign both are ``bits`` reads with two levels.
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

    >>> serial = BitSerial(bits=3, coding="twos-complement")
    >>> [(r.weight, r.volt.tolist()) for r in serial.reads(serial.encode([[1.0, -1.0]]))]
    [(1, [[0.2, 0.2]]), (2, [[0.2, 0.0]]), (-4, [[0.0, 0.2]])]
    """

    bits: int = 8
    full_scale_volt: float = 0.2
    coding: str = "sign-magnitude"
    output_ohm: float = 0.0
    settle_second: float = 50e-12
    farad: float = 10e-15
    signed: bool = True
    full_scale_per_celsius: float = 0.0
    output_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, minimum=2, maximum=14)
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        checks.choice("coding", self.coding, ("sign-magnitude", "twos-complement"))
        check_output(self)
        checks.number("settle_second", self.settle_second, "s", above=True)

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return self.bits - 1 if self._by_sign else self.bits

    @property
    def _by_sign(self) -> bool:
        return self.signed and self.coding == "sign-magnitude"

    def with_full_scale(self, volt: float) -> BitSerial:
        """Return a copy with another full scale.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        BitSerial
            The same driver with this `full_scale_volt`.
        """
        return dataclasses.replace(self, full_scale_volt=volt)

    def planes(self, codes: NDArray[Any]) -> tuple[tuple[int, NDArray[Any]], ...]:
        """Return the bits of every read, lowest first.

        Parameters
        ----------
        codes
            Codes of the inputs, any shape.

        Returns
        -------
        tuple
            A pair for each bit: weight (a power of two, negative for the highest bit of two's
            complements), and 0 or 1 of the shape and the dtype of `codes`; in sign and magnitude
            the bits carry the sign.
        """
        whole = codes.astype(np.int64, copy=False)
        number = np.abs(whole) if self._by_sign else whole & (2**self.bits - 1)
        sign = np.sign(whole) if self._by_sign else np.ones_like(whole)
        negative = self.signed and not self._by_sign  # the highest bit of a two's complement
        return tuple(
            (
                -(2**k) if negative and k == self.bits - 1 else 2**k,
                (sign * (number >> k & 1)).astype(codes.dtype),
            )
            for k in range(self.read_count)
        )

    @property
    def odd(self) -> bool:
        """Whether opposite codes have opposite planes; those of two's complements have not."""
        return self._by_sign

    def volt_per_code(self, window_second: float) -> float:  # noqa: ARG002  a level
        """Return the voltage of a one, which is a level.

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

    def reads(
        self,
        codes: CodeArray,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002  of the protocol; it has no noise
    ) -> tuple[WordLines, ...]:
        """Return one read for each bit, lowest first.

        Parameters
        ----------
        codes
            Codes of the inputs, (batch, rows).
        rng
            Not used: the reads have no noise.

        Returns
        -------
        tuple
            One :class:`WordLines` for each bit: its voltages [V], (batch, rows), and its weight.
        """
        edge = self.settle_second
        return tuple(
            WordLines(
                volt=self.full_scale_volt * plane.astype(np.float64),
                rise_second=edge,
                fall_second=edge,
                weight=weight,
            )
            for weight, plane in self.planes(codes)
        )
