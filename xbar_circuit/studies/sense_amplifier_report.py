"""What the sense amplifier's bench found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import XbarError
from xbar_circuit.studies.variations import plain

__all__ = ["SenseAmplifierReport", "SenseCondition"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SenseCondition:
    """A sense amplifier at one corner and temperature.

    name, corner, celsius : which; an empty corner is the circuit's own.
    offsets_volt : of each drawn sample [V]; infinite beyond the range, NaN where it failed.
    decision_second : from the clock's fall to the output's rise at `decision_volt` of the report.
    energy_joule : of one decision, from the supplies [J].
    failures : what failed, and why.
    """

    name: str
    corner: str
    celsius: float
    offsets_volt: FloatArray
    decision_second: FloatArray
    energy_joule: float
    failures: tuple[str, ...] = ()

    @property
    def found(self) -> FloatArray:
        """The offsets that were found [V]."""
        return self.offsets_volt[np.isfinite(self.offsets_volt)]

    @property
    def offset_mean_volt(self) -> float:
        """Mean offset [V]; NaN without any."""
        return float(self.found.mean()) if self.found.size else float("nan")

    @property
    def offset_sigma_volt(self) -> float:
        """Standard deviation of the offsets [V]; NaN with fewer than two."""
        return float(self.found.std(ddof=1)) if self.found.size > 1 else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON; NaN and infinity are null."""
        content = {name: plain(getattr(self, name)) for name in self.__slots__}
        return content | {
            "offset_mean_volt": plain(self.offset_mean_volt),
            "offset_sigma_volt": plain(self.offset_sigma_volt),
            "failures": list(self.failures),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SenseAmplifierReport:
    """Figures of merit of a clocked comparator.

    name : what was measured.
    offsets_volt : of each drawn sample (samples,) [V]; infinite beyond the range, NaN where it
        failed.
    offset_mean_volt, offset_sigma_volt : their mean and standard deviation [V].
    resolution_volt : of the bisection [V].
    decision_volt, decision_second : input and time from the clock's fall to the output's rise,
        without mismatch; NaN where it did not decide in time.
    margin_volt, error_rate : share of the samples that decide wrongly at an input of either sign.
    error_rate_normal : the same of a normal distribution with that mean and sigma, which reaches
        beyond what so many samples can show.
    energy_joule : of one decision, from the supplies [J].
    failures : what failed at the nominal conditions, and why.
    conditions : the same at other corners and temperatures.
    """

    name: str
    offsets_volt: FloatArray
    offset_mean_volt: float
    offset_sigma_volt: float
    resolution_volt: float
    decision_volt: FloatArray
    decision_second: FloatArray
    margin_volt: FloatArray
    error_rate: FloatArray
    error_rate_normal: FloatArray
    energy_joule: float
    failures: tuple[str, ...]
    conditions: tuple[SenseCondition, ...] = ()

    @classmethod
    def of(
        cls,
        found: Sequence[SenseCondition],
        *,
        name: str,
        inputs: FloatArray,
        resolution_volt: float,
        margins: int,
    ) -> SenseAmplifierReport:
        """Return the report of the nominal condition, the first, with the others in it.

        Raises
        ------
        XbarError
            Nothing was found at the nominal condition.
        """
        nominal, *others = found
        offsets = nominal.offsets_volt[~np.isnan(nominal.offsets_volt)]
        if nominal.found.size < 2:
            said = nominal.failures[0] if nominal.failures else "all offsets beyond range_volt"
            raise XbarError(
                f"sense amplifier: got no offsets ({said}), expected at least two; check its ports,"
                " clock_second, common_mode_volt and range_volt"
            )
        mean, sigma = nominal.offset_mean_volt, nominal.offset_sigma_volt
        margin = np.linspace(0.0, 4.0, margins) * max(sigma, resolution_volt)
        wrong = [0.5 * float((offsets > m).mean() + (offsets < -m).mean()) for m in margin]
        scale = np.sqrt(2.0) * max(sigma, resolution_volt)
        tails = special.erfc((margin - mean) / scale) + special.erfc((margin + mean) / scale)
        return cls(
            name=name,
            offsets_volt=nominal.offsets_volt,
            offset_mean_volt=mean,
            offset_sigma_volt=sigma,
            resolution_volt=resolution_volt,
            decision_volt=inputs,
            decision_second=nominal.decision_second,
            margin_volt=margin,
            error_rate=np.array(wrong),
            error_rate_normal=0.25 * tails,
            energy_joule=nominal.energy_joule,
            failures=nominal.failures,
            conditions=tuple(others),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON; NaN and infinity are null."""
        content = {name: plain(getattr(self, name)) for name in self.__slots__}
        return content | {"conditions": [condition.to_dict() for condition in self.conditions]}
