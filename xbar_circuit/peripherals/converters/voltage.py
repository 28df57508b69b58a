"""Converters of a voltage: range, noise and what a temperature makes of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Self

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.peripherals._temperature import (
    check_coefficients,
    offset_at,
    scaled_at,
    thermal_power,
)
from xbar_circuit.peripherals.converters.base import Converter

__all__ = ["VoltageConverter"]


class VoltageConverter(Converter):
    """What converters of a voltage between `low_volt` and `high_volt` share.

    Their noise is thermal: its power is proportional to the absolute temperature, and stated for 27
    C. Their reference and the offset of their comparators move by coefficients, which are 0 unless
    given.
    """

    __slots__ = ()

    low_volt: float
    high_volt: float
    noise_volt: float
    clock_hertz: float
    reference_per_celsius: float
    offset_volt_per_celsius: float

    def _check_range(self) -> None:
        """Refuse an impossible range, noise or clock."""
        checks.number("low_volt", self.low_volt, "V", minimum=-np.inf)
        checks.number("high_volt", self.high_volt, "V", minimum=self.low_volt, above=True)
        checks.number("noise_volt", self.noise_volt, "V")
        checks.number("clock_hertz", self.clock_hertz, "Hz", above=True)
        check_coefficients(self, "reference_per_celsius", "offset_volt_per_celsius")

    @property
    def noisy(self) -> bool:
        """Whether the comparator has noise."""
        return self.noise_volt > 0.0

    def with_range(self, low: float, high: float) -> Self:
        """Return a copy with another input range.

        Parameters
        ----------
        low, high
            Ends of the range [V].

        Returns
        -------
        Self
            The same converter with this `low_volt` and `high_volt`.
        """
        return dataclasses.replace(self, low_volt=low, high_volt=high)  # type: ignore[type-var]

    def at_celsius(self, celsius: float) -> Self:
        """Return the converter at another temperature: its reference, offset and noise.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Self
            A copy whose range ends elsewhere by the reference's coefficient, `low_volt` being
            fixed, and whose offset and noise are those of that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of the range.
        """
        span = self.high_volt - self.low_volt
        return dataclasses.replace(  # type: ignore[type-var]
            self,
            high_volt=self.high_volt
            + (scaled_at(celsius, self, span, "reference_per_celsius") - span),
            noise_volt=self.noise_volt * math.sqrt(thermal_power(celsius)),
            **self._offset_at(celsius),
        )

    def _offset_at(self, celsius: float) -> dict[str, Any]:
        """Return the field of the comparators' offset, and its value at a temperature."""
        own: float = self.offset_volt  # type: ignore[attr-defined]
        return {"offset_volt": offset_at(celsius, own, self.offset_volt_per_celsius)}

    @property
    def input_unit(self) -> str:
        """Always ``"V"``."""
        return "V"

    @property
    def input_low(self) -> float:
        """Lower end of the range [V]."""
        return self.low_volt

    @property
    def input_high(self) -> float:
        """Upper end of the range [V]."""
        return self.high_volt
