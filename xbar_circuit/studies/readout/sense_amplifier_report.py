"""What the sense amplifier's bench found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import XbarError
from xbar_circuit.studies.readout.variations import plain

__all__ = ["SenseAmplifierReport", "SenseCondition"]

_LINEAR = 5  # smallest overdrives, over which the decision time is a line over their logarithm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SenseCondition:
    """A sense amplifier at one corner and temperature.

    name, corner, celsius : which; an empty corner is the circuit's own.
    after_no_volt, after_yes_volt : threshold of each drawn sample after clear noes and after clear
        yeses [V]; infinite beyond the range, NaN where it failed.
    nominal_volt : the same two of the circuit without mismatch [V].
    decision_volt, decision_second : distance beyond that threshold, and time from the clock's edge
        until the output has decided; NaN where it did not in `deciding_second`.
    deciding_second : half the clock period [s].
    kickback_volt : largest excursion of the input's source [V].
    noise_volt, noise_error_volt : input-referred rms noise of a decision and its standard error
        [V]; NaN where it was not measured.
    energy_joule : of one decision, from the supplies [J].
    failures : what failed or did not decide, and why.
    """

    name: str
    corner: str
    celsius: float
    after_no_volt: FloatArray
    after_yes_volt: FloatArray
    nominal_volt: tuple[float, float]
    decision_volt: FloatArray
    decision_second: FloatArray
    deciding_second: float
    kickback_volt: float
    energy_joule: float
    noise_volt: float = float("nan")
    noise_error_volt: float = float("nan")
    failures: tuple[str, ...] = ()

    @property
    def offsets_volt(self) -> FloatArray:
        """Middle of each sample's two thresholds (samples,) [V]; infinite, or NaN, as they are."""
        with np.errstate(invalid="ignore"):  # one beyond the range on either side
            result: FloatArray = 0.5 * (self.after_no_volt + self.after_yes_volt)
        return result

    @property
    def finite_offsets_volt(self) -> FloatArray:
        """The offsets that were found [V]."""
        return self.offsets_volt[np.isfinite(self.offsets_volt)]

    @property
    def offset_mean_volt(self) -> float:
        """Mean offset [V]; NaN without any."""
        return (
            float(self.finite_offsets_volt.mean())
            if self.finite_offsets_volt.size
            else float("nan")
        )

    @property
    def offset_sigma_volt(self) -> float:
        """Standard deviation of the offsets [V]; NaN with fewer than two."""
        return (
            float(self.finite_offsets_volt.std(ddof=1))
            if self.finite_offsets_volt.size > 1
            else float("nan")
        )

    @property
    def hysteresis_volt(self) -> float:
        """Threshold after noes less that after yeses, without mismatch [V].

        Positive where the comparator tends to repeat its last decision.
        """
        return self.nominal_volt[0] - self.nominal_volt[1]

    @property
    def regeneration_second(self) -> float:
        """Time constant of the regeneration [s]: the decision takes ``t0 - tau ln(overdrive)``.

        A line through the smallest overdrives that were decided (Veendrick, IEEE J. Solid-State
        Circuits 15, 169, 1980); NaN with fewer than three.
        """
        return -self._regeneration()[0]

    @property
    def metastable_volt(self) -> float:
        """Distance from the threshold within which it is undecided after half a period [V].

        That line, extrapolated.
        """
        slope, start = self._regeneration()
        return float(np.exp((self.deciding_second - start) / slope))

    def _regeneration(self) -> tuple[float, float]:
        """Return slope and start of the decision time over the logarithm of the overdrive."""
        volt, second = self.decision_volt[:_LINEAR], self.decision_second[:_LINEAR]
        known = np.isfinite(second)
        if known.sum() < 3:
            return float("nan"), float("nan")
        slope, start = np.polyfit(np.log(volt[known]), second[known], 1)
        return float(slope), float(start)

    def error_rate(self, margin: FloatArray) -> FloatArray:
        """Return the share of wrong decisions at inputs of either sign, after either history.

        Parameters
        ----------
        margin
            Magnitudes of the input (margins,) [V].

        Returns
        -------
        array
            (margins,), counted over the samples' thresholds; a threshold that was not measured is
            left out, one beyond the range is always wrong on its side.
        """
        found = np.concatenate([self.after_no_volt, self.after_yes_volt])
        found = found[~np.isnan(found)]
        wrong = [0.5 * float((found > m).mean() + (found < -m).mean()) for m in margin]
        return np.array(wrong)

    def error_rate_normal(self, margin: FloatArray, smallest_volt: float) -> FloatArray:
        """Return the share of wrong decisions if both thresholds are normally distributed.

        Parameters
        ----------
        margin
            Magnitudes of the input (margins,) [V].
        smallest_volt
            Least standard deviation, such as the resolution of the search [V].

        Returns
        -------
        array
            (margins,), with the mean and the standard deviation of the finite thresholds.
        """
        tails = np.zeros(margin.size)
        for values in (self.after_no_volt, self.after_yes_volt):
            found = values[np.isfinite(values)]
            scale = np.sqrt(2.0) * max(float(found.std(ddof=1)), smallest_volt)
            mean = float(found.mean())
            tails += special.erfc((margin - mean) / scale) + special.erfc((margin + mean) / scale)
        return 0.125 * tails

    @property
    def figures(self) -> dict[str, float]:
        """The figures that are one number, by name."""
        names = (
            "offset_mean_volt",
            "offset_sigma_volt",
            "hysteresis_volt",
            "regeneration_second",
            "metastable_volt",
            "kickback_volt",
            "noise_volt",
            "energy_joule",
        )
        return {name: float(getattr(self, name)) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields and figures of merit by name, and the samples' offsets [V]; NaN and infinity
            are None.
        """
        content = {name: plain(getattr(self, name)) for name in self.__slots__}
        content |= {name: plain(value) for name, value in self.figures.items()}
        return content | {"offsets_volt": plain(self.offsets_volt)}


@brief(
    lambda self: headline(
        self, self.name, "offset_mean_volt", "offset_sigma_volt", "resolution_volt"
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SenseAmplifierReport:
    """Figures of merit of a clocked comparator.

    name : what was measured.
    nominal : everything at the nominal conditions.
    resolution_volt : of the bisection [V].
    margin_volt, error_rate : share of the samples that decide wrongly at an input of either sign,
        after either history.
    error_rate_normal : the same of normal distributions with their means and sigmas, which reach
        beyond what so many samples can show.
    conditions : the same at other corners and temperatures.
    """

    name: str
    nominal: SenseCondition
    resolution_volt: float
    margin_volt: FloatArray
    error_rate: FloatArray
    error_rate_normal: FloatArray
    conditions: tuple[SenseCondition, ...] = ()

    @classmethod
    def of(
        cls,
        found: Sequence[SenseCondition],
        *,
        name: str,
        resolution_volt: float,
        margins: int,
    ) -> SenseAmplifierReport:
        """Return the report of the nominal condition, the first, with the others in it.

        Parameters
        ----------
        found
            The conditions, the nominal one first.
        name
            What was measured.
        resolution_volt
            Of the search for the thresholds [V].
        margins
            Number of inputs at which the error rate is given, evenly from 0 to four standard
            deviations of the offset.

        Returns
        -------
        SenseAmplifierReport
            With the error rates of the nominal condition.

        Raises
        ------
        XbarError
            Fewer than two offsets were found at the nominal condition.
        """
        nominal, *others = found
        if nominal.finite_offsets_volt.size < 2:
            said = nominal.failures[0] if nominal.failures else "all offsets beyond range_volt"
            raise XbarError(
                f"sense amplifier: got no offsets ({said}), expected at least two; check its ports,"
                " clock_second, common_mode_volt and range_volt"
            )
        margin = np.linspace(0.0, 4.0, margins) * max(nominal.offset_sigma_volt, resolution_volt)
        return cls(
            name=name,
            nominal=nominal,
            resolution_volt=resolution_volt,
            margin_volt=margin,
            error_rate=nominal.error_rate(margin),
            error_rate_normal=nominal.error_rate_normal(margin, resolution_volt),
            conditions=tuple(others),
        )

    @property
    def offsets_volt(self) -> FloatArray:
        """Middle of the two thresholds of each drawn sample (samples,) [V]."""
        return self.nominal.offsets_volt

    @property
    def offset_mean_volt(self) -> float:
        """Mean of the offsets [V]."""
        return self.nominal.offset_mean_volt

    @property
    def offset_sigma_volt(self) -> float:
        """Standard deviation of the offsets [V]."""
        return self.nominal.offset_sigma_volt

    @property
    def hysteresis_volt(self) -> float:
        """Threshold after noes less that after yeses, without mismatch [V]."""
        return self.nominal.hysteresis_volt

    @property
    def kickback_volt(self) -> float:
        """Largest excursion of an input with the source's resistance [V]."""
        return self.nominal.kickback_volt

    @property
    def noise_volt(self) -> float:
        """Input-referred rms noise of a decision [V]."""
        return self.nominal.noise_volt

    @property
    def regeneration_second(self) -> float:
        """Time constant of the regeneration [s]."""
        return self.nominal.regeneration_second

    @property
    def metastable_volt(self) -> float:
        """Distance from the threshold within which half a period is too short [V]."""
        return self.nominal.metastable_volt

    @property
    def decision_volt(self) -> FloatArray:
        """Inputs beyond the threshold at which the decision was timed [V]."""
        return self.nominal.decision_volt

    @property
    def decision_second(self) -> FloatArray:
        """Decision times there, without mismatch [s]; NaN where it did not decide in time."""
        return self.nominal.decision_second

    @property
    def energy_joule(self) -> float:
        """Energy of a decision [J]."""
        return self.nominal.energy_joule

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed or did not decide at the nominal conditions, and why."""
        return self.nominal.failures

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The nominal condition by name, the error rates over `margin_volt` [V], and
            ``conditions``; NaN and infinity are None.
        """
        own = ("name", "resolution_volt", "margin_volt", "error_rate", "error_rate_normal")
        content = {name: plain(getattr(self, name)) for name in own}
        content |= self.nominal.to_dict() | {"name": self.name}
        return content | {"conditions": [condition.to_dict() for condition in self.conditions]}
