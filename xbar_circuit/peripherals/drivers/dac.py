"""The amplitude converter: a code is a voltage."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.peripherals.converters._values import errors_tuple
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, check_output
from xbar_circuit.peripherals.drivers.word_lines import WordLines

__all__ = ["Dac"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dac(Driver):
    """A digital-to-analog converter on every word line; the amplitude carries the input.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Width, 2 to 14.
    signed
        Whether codes run from ``-(2**(bits-1) - 1)`` to its opposite, or from 0 to ``2**bits - 1``.
    full_scale_volt
        Voltage of the highest code about the reference [V].
    output_ohm
        Output resistance [ohm], added to the crossbar's own driver resistance.
    settle_second
        Rise time of its steps, as a straight line [s].
    inl_lsb
        INL of each code in LSB, lowest code first, one number each; None is
        none.
    farad
        Capacitance charged at each step in addition to the array [F], for the energy.
    full_scale_per_celsius, output_per_celsius
        Temperature coefficients of full scale and output resistance [1/degree Celsius], about 27 C.

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
    signed: bool = True
    full_scale_per_celsius: float = 0.0
    output_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, minimum=2, maximum=14)
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        check_output(self)
        checks.number("settle_second", self.settle_second, "s", above=True)
        if self.inl_lsb is not None:
            errors = errors_tuple("inl_lsb", self.inl_lsb, self.highest - self.lowest + 1, "LSB")
            object.__setattr__(self, "inl_lsb", errors)

    @property
    def lsb(self) -> float:
        """Voltage of one code [V]."""
        return self.full_scale_volt / self.highest

    @property
    def dnl_lsb(self) -> FloatArray:
        """Width of each step less one LSB (``2**bits - 2``,) [LSB]."""
        if self.inl_lsb is None:
            return np.zeros(self.highest - self.lowest)
        return np.diff(np.asarray(self.inl_lsb))

    def drawn(self, rng: np.random.Generator, *, dnl_sigma_lsb: float) -> Dac:
        """Return a copy whose steps have random errors: a string of unequal resistors.

        The ends of the string stay where they are, so the INL is a random walk tied at both ends.

        Parameters
        ----------
        rng
            Random generator.
        dnl_sigma_lsb
            Standard deviation of a step [LSB].

        Returns
        -------
        Dac
            A copy with this `inl_lsb`, in place of errors that it had.

        >>> dac = Dac(bits=4).drawn(np.random.default_rng(0), dnl_sigma_lsb=0.1)
        >>> [round(one, 3) for one in dac.inl_lsb[:3]]
        [0.0, 0.029, 0.032]
        """
        steps = checks.number("dnl_sigma_lsb", dnl_sigma_lsb, "LSB") * rng.standard_normal(
            self.highest - self.lowest
        )
        walk = np.concatenate([[0.0], np.cumsum(steps)])
        walk -= np.linspace(0.0, walk[-1], walk.size)
        return dataclasses.replace(self, inl_lsb=tuple(walk.tolist()))

    def with_sign(self, signed: bool) -> Dac:  # noqa: FBT001  the only argument
        """Return a copy for inputs of both signs, or for inputs from 0 to 1.

        It is the same string between other references, as in a converter whose output is switched
        between unipolar and bipolar: ``2**bits`` taps, of which signed codes in offset binary use
        all but the lowest. A tap keeps its INL in LSB, which depends on the resistors alone; the
        lowest one, at the end of the string, has none.

        Parameters
        ----------
        signed
            Whether the inputs have both signs.

        Returns
        -------
        Dac
            The same converter between other references.
        """
        if signed == self.signed:
            return self
        errors = self.inl_lsb
        if errors is not None:
            errors = errors[1:] if signed else (0.0, *errors)
        return dataclasses.replace(self, signed=signed, inl_lsb=errors)

    def with_full_scale(self, volt: float) -> Dac:
        """Return a copy with another full scale.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        Dac
            The same converter with this `full_scale_volt`.
        """
        return dataclasses.replace(self, full_scale_volt=volt)

    def volt_per_code(self, window_second: float) -> float | None:  # noqa: ARG002  a level
        """Return the voltage of one code, which is a level.

        Parameters
        ----------
        window_second
            Not used: a level is the same over any window.

        Returns
        -------
        float or None
            The LSB [V]; None where the codes have errors of their own.
        """
        return self.lsb if self.inl_lsb is None else None

    def volts(self, codes: CodeArray) -> FloatArray:
        """Return the voltages of codes.

        Parameters
        ----------
        codes
            Codes from `lowest` to `highest`, integers of any shape.

        Returns
        -------
        FloatArray
            Voltages about the reference [V], of the shape of `codes`.
        """
        place = codes.astype(np.float64)
        if self.inl_lsb is not None:
            place = place + np.asarray(self.inl_lsb)[codes - self.lowest]
        result: FloatArray = place * self.lsb
        return result

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
            One :class:`WordLines` with the voltages of :meth:`volts`.
        """
        edge = self.settle_second
        return (WordLines(volt=self.volts(codes), rise_second=edge, fall_second=edge),)
