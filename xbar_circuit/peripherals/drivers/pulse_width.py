"""The pulse-width modulator: a code is a time.

All pulses have the same height, so the devices see one voltage and their curvature does not
matter; the price is time, and a read-out that integrates. Signed inputs are pulses above and below
the reference. The HERMES core drives its word lines like this, with eight bits (Khaddam-Aljameh et
al., IEEE J. Solid-State Circuits 57, 1027, 2022).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, check_output
from xbar_circuit.peripherals.drivers.word_lines import WordLines

__all__ = ["PulseWidth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseWidth(Driver):
    """A pulse-width modulator on every word line.

    The pulse of a code lasts ``abs(code)`` periods of the clock, from the beginning of its rise to
    the beginning of its fall; its sign is the code's. Unequal edges give every pulse the same error
    of ``(fall - rise) / 2``, which both engines have. Jitter moves the falling edge.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    bits
        Width, 2 to 14.
    signed
        Whether codes run from ``-(2**(bits-1) - 1)`` to its opposite, or from 0 to ``2**bits - 1``.
    full_scale_volt
        Height of the pulses about the reference [V].
    clock_hertz
        Clock of the modulator [Hz].
    rise_second, fall_second
        Duration of the edges [s]; at most one period of the clock, so that the shortest pulse is
        whole.
    jitter_second
        Standard deviation of a pulse's end [s].
    output_ohm
        Output resistance [ohm], added to the crossbar's own driver resistance.
    signs_apart
        Whether positive and negative inputs are driven one after the other, both as pulses above
        the reference, and their codes subtracted: the reads of a chip whose word lines move one way
        only. With columns of both signs converted in turn these are the four phases of the 64-core
        chip (Le Gallo et al., Nat. Electron. 6, 680, 2023); without, its single phase.
    farad
        Capacitance charged at each pulse in addition to the array [F], for the energy.
    full_scale_per_celsius, output_per_celsius
        Temperature coefficients of full scale and output resistance [1/degree Celsius], about 27 C.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> pwm = PulseWidth(bits=4, clock_hertz=1e9)
    >>> pwm.reads(pwm.encode([[0.5, -1.0]]))[0].second
    array([[4.e-09, 7.e-09]])
    """

    bits: int = 8
    full_scale_volt: float = 0.2
    clock_hertz: float = 1e9
    rise_second: float = 50e-12
    fall_second: float = 50e-12
    jitter_second: float = 0.0
    output_ohm: float = 0.0
    farad: float = 10e-15
    signed: bool = True
    signs_apart: bool = False
    full_scale_per_celsius: float = 0.0
    output_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, minimum=2, maximum=14)
        checks.number("full_scale_volt", self.full_scale_volt, "V", above=True)
        checks.number("clock_hertz", self.clock_hertz, "Hz", above=True)
        check_output(self)
        checks.number("jitter_second", self.jitter_second, "s")
        for name in ("rise_second", "fall_second"):
            edge = checks.number(name, getattr(self, name), "s", above=True)
            if edge > self.tick_second:
                raise ParameterError.about(
                    name,
                    got=edge,
                    expected=f"at most one period of the clock, {self.tick_second:g} s",
                    remedy="slow the clock down, or make the edge faster",
                )

    @property
    def tick_second(self) -> float:
        """Period of the clock [s]."""
        return 1.0 / self.clock_hertz

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return 2 if self.signs_apart else 1

    @property
    def span_second(self) -> float:
        """Longest pulse with its fall, and six standard deviations of jitter [s]."""
        longest = self.highest * self.tick_second + self.fall_second
        return longest + 6.0 * self.jitter_second

    @property
    def noisy(self) -> bool:
        """Whether its pulses have jitter."""
        return self.jitter_second > 0.0

    def with_full_scale(self, volt: float) -> PulseWidth:
        """Return a copy with another full scale.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        PulseWidth
            The same driver with this `full_scale_volt`.
        """
        return dataclasses.replace(self, full_scale_volt=volt)

    def volt_per_code(self, window_second: float) -> float | None:
        """Return the mean voltage over a window of a pulse of one period of the clock.

        Parameters
        ----------
        window_second
            Window over which the read-out averages [s].

        Returns
        -------
        float or None
            Voltage [V]; None where the two signs have reads of their own, the edges differ or the
            pulses jitter.
        """
        if self.signs_apart or self.rise_second != self.fall_second or self.jitter_second > 0.0:
            return None
        return self.full_scale_volt * self.tick_second / window_second

    def reads(
        self, codes: CodeArray, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the read: a pulse on every word line; or one read for each sign.

        Parameters
        ----------
        codes
            Codes of the inputs, (batch, rows).
        rng
            Draws the jitter; None is none.

        Returns
        -------
        tuple
            One :class:`WordLines` with the pulses of both signs, or, with `signs_apart`, one of the
            positive codes with weight 1 and one of the negative codes with weight -1.
        """
        second: FloatArray = np.abs(codes) * self.tick_second
        if rng is not None and self.jitter_second > 0.0:
            late = np.clip(rng.standard_normal(codes.shape), -6.0, 6.0) * self.jitter_second
            second = np.where(codes != 0, np.maximum(second + late, self.rise_second), 0.0)
        if not self.signs_apart:
            return (self._lines(self.full_scale_volt * np.sign(codes), second, 1),)
        return tuple(
            self._lines(
                np.where(sign * codes > 0, self.full_scale_volt, 0.0),
                np.where(sign * codes > 0, second, 0.0),
                sign,
            )
            for sign in (1, -1)
        )

    def _lines(self, volt: FloatArray, second: FloatArray, weight: int) -> WordLines:
        return WordLines(
            volt=volt,
            second=second,
            rise_second=self.rise_second,
            fall_second=self.fall_second,
            weight=weight,
        )
