"""The bit-serial driver: one bit of every input at a time, added up digitally.

The word lines need one voltage only, and the converter sees sums of bits; the price is one read for
each bit. In two's complement the bits are unsigned and the read of the highest one counts
negatively (ISAAC, Shafiee et al., ISCA 2016); in sign and magnitude a negative input's bits are
pulses below the reference, which saves a read (NeuRRAM, Wan et al., Nature 608, 504, 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import checks
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, WordLines, check_output

__all__ = ["BitSerial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BitSerial(Driver):
    """A driver that applies one bit at a time; the codes of the reads are shifted and added.

    A product's code is ``sum(weight * code)`` over the reads, so what the converter gives without
    a current counts ``sum(weights)`` times.

    Parameters
    ----------
    bits
        Width with sign, 2 to 14: codes from ``-(2**(bits-1) - 1)`` to its opposite.
    full_scale_volt
        Voltage of a one about the reference [V].
    coding
        ``"sign-magnitude"`` (``bits - 1`` reads with three levels) or ``"twos-complement"``
        (``bits`` reads with two).
    output_ohm
        Output resistance [ohm], added to the crossbar's own driver resistance.
    settle_second
        Rise time of its steps, as a straight line [s].
    farad
        What it charges at each step besides the array [F], for the energy.

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

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, minimum=2, maximum=14)
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        checks.choice("coding", self.coding, ("sign-magnitude", "twos-complement"))
        check_output(self.output_ohm, self.farad)
        checks.number("settle_second", self.settle_second, "s", above=True)

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return self.bits if self.coding == "twos-complement" else self.bits - 1

    def reads(
        self,
        codes: CodeArray,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002  of the protocol; it has no noise
    ) -> tuple[WordLines, ...]:
        """Return one read for each bit, lowest first."""
        signed = self.coding == "sign-magnitude"
        number = np.abs(codes) if signed else codes & (2**self.bits - 1)
        sign = np.sign(codes) if signed else np.ones_like(codes)
        reads = []
        for k in range(self.read_count):
            top = not signed and k == self.bits - 1
            reads.append(
                WordLines(
                    volt=self.full_scale_volt * (sign * (number >> k & 1)).astype(np.float64),
                    rise_second=self.settle_second,
                    fall_second=self.settle_second,
                    weight=-(2**k) if top else 2**k,
                )
            )
        return tuple(reads)
