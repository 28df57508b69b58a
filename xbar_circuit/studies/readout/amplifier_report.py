"""What the amplifier's bench found: figures of merit, curves, and their spread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.studies.readout.variations import Variation, plain, spread_over
from xbar_circuit.units import engineering

__all__ = ["AmplifierReport"]


@brief(
    lambda self: headline(
        self, self.name, "gain_ohm", "offset_volt", "phase_margin_degree", "settling_second"
    ),
    table=True,
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AmplifierReport:
    """Figures of merit of an amplifier on its column.

    Parameters
    ----------
    name
        What was measured.
    gain_ohm
        Slope of the output over the column current about zero, in the direction that it should have
        [ohm]: ``-d V_out / d I`` of a transimpedance amplifier.
    gain_error
        `gain_ohm` over that of ideal parts (the feedback resistor), less one.
    offset_volt
        Output without input, less that of ideal parts [V].
    virtual_ground_volt
        Largest distance of the bit line from the reference over the pattern's range [V].
    input_ohm
        Resistance of the input at DC [ohm].
    nonlinearity_volt
        Largest distance of the output from a line over the pattern's range [V].
    swing_low_volt, swing_high_volt
        Outputs at which the gain has fallen by 3 dB, or the last reached [V].
    swing_found
        Whether the gain has fallen there, low and high; if not, the swing is a lower bound.
    full_scale_ampere
        Column current of the pattern [A].
    loop_gain, unity_loop_hertz, phase_margin_degree
        Loop gain at DC, the frequency where it is one [Hz] and the phase left there; NaN where the
        loop never has gain, or is inside of the circuit (a conveyor).
    settling_second, settling_bits
        Time of a step from zero to the pattern until it stays within half an LSB [s].
    overshoot
        Of that step, relative to it.
    slew_volt_per_second, slew_rise_volt_per_second, slew_fall_volt_per_second
        Largest slope of the output, from full scale to full scale of the overdrive [V/s]: the
        smaller of the two, of the rising and of the falling output.
    noise_volt, noise_ampere
        Rms noise at the output, and over `gain_ohm` [V, A].
    supply_ampere, power_watt, energy_joule
        Without input; the energy is power times the amplifier's settling window.
    window_second
        Settling window [s]; see `window_too_short`.
    array_error
        Relative error of the column's admittance in the deck where the loop gain is one, against
        the full array's; 0 where the full array is in the deck.
    solved
        Runs on which ngspice first failed -> how they were solved.
    psrr_db
        Rejection of the supply that is rejected least, ``-20 log10 |v_out / v_supply|`` at the
        lowest frequency with the loop closed [dB]; NaN without supplies. Over ``gain_ohm`` it is
        referred to the input.
    supply_gain
        Port of each supply -> gain from it to the output over `hertz` [1].
    load_farad
        Load at the output [F].
    input_current, output_volt, input_volt
        The DC sweep.
    hertz, input_impedance, loop
        The AC results: frequency, the amplifier's impedance [ohm] and loop gain, both complex.
    seconds, step_volt
        The step.
    common_volt, common_gain_ohm, common_offset_volt
        Gain and offset where the whole array and the amplifier work about another reference; NaN
        where that has no operating point.
    variations
        The same figures at other corners, temperatures and mismatch, failures included.
    """

    name: str
    gain_ohm: float
    gain_error: float
    offset_volt: float
    virtual_ground_volt: float
    input_ohm: float
    nonlinearity_volt: float
    swing_low_volt: float
    swing_high_volt: float
    loop_gain: float
    unity_loop_hertz: float
    phase_margin_degree: float
    settling_second: float
    settling_bits: int
    overshoot: float
    slew_volt_per_second: float
    noise_volt: float
    noise_ampere: float
    supply_ampere: float
    power_watt: float
    energy_joule: float
    input_current: FloatArray
    output_volt: FloatArray
    input_volt: FloatArray
    hertz: FloatArray
    input_impedance: NDArray[np.complex128]
    loop: NDArray[np.complex128]
    seconds: FloatArray
    step_volt: FloatArray
    full_scale_ampere: float = float("nan")
    swing_found: tuple[bool, bool] = (True, True)
    slew_rise_volt_per_second: float = float("nan")
    slew_fall_volt_per_second: float = float("nan")
    window_second: float = float("nan")
    array_error: float = 0.0
    solved: dict[str, str] = field(default_factory=dict)
    psrr_db: float = float("nan")
    supply_gain: dict[str, NDArray[np.complex128]] = field(default_factory=dict)
    load_farad: float = 0.0
    common_volt: FloatArray = field(default_factory=lambda: np.zeros(0))
    common_gain_ohm: FloatArray = field(default_factory=lambda: np.zeros(0))
    common_offset_volt: FloatArray = field(default_factory=lambda: np.zeros(0))
    variations: tuple[Variation, ...] = ()

    @property
    def ground_error_volt(self) -> FloatArray:
        """Virtual-ground error over frequency of the full-scale current, as at `hertz` [V]."""
        result: FloatArray = np.abs(self.input_impedance) * self.full_scale_ampere
        return result

    @property
    def window_too_short(self) -> bool:
        """Whether settling takes longer than the window used for the energy."""
        return self.settling_second > self.window_second

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the figures."""
        found = []
        if self.window_too_short:
            found.append(
                f"window shorter than settling: {engineering(self.window_second, 's')} given,"
                f" {engineering(self.settling_second, 's')} needed; the energy is the window's"
            )
        if not all(self.swing_found):
            found.append(
                "the gain had not fallen where the sweep ended: the swing is at least that"
            )
        found += [f"{label}: solved again with {how}" for label, how in self.solved.items()]
        return tuple(found)

    @property
    def merits(self) -> dict[str, float]:
        """The figures of merit that are one number, by name."""
        return {
            name: float(getattr(self, name))
            for name in self.__slots__
            if isinstance(getattr(self, name), (int, float))
        }

    def spread(
        self,
        merit: str,
        *,
        corner: str | None = None,
        celsius: float | None = None,
        condition: str | None = None,
    ) -> tuple[float, float, float, float]:
        """Return mean, standard deviation, least and largest of a merit over the variations.

        The standard deviation is that of the drawn samples alone; without variations the merit is
        this report's own.

        Parameters
        ----------
        merit
            Name of a figure in `merits`.
        corner, celsius, condition
            Only the variations there; None is all.

        Returns
        -------
        tuple of floats
            Mean, standard deviation, least and largest, in the unit of the merit; NaN where no
            variation has it.

        Raises
        ------
        ParameterError
            There is no such merit.
        """
        checks.choice("merit", merit, tuple(self.merits))
        if not self.variations:
            return self.merits[merit], 0.0, self.merits[merit], self.merits[merit]
        return spread_over(
            self.variations, merit, corner=corner, celsius=celsius, condition=condition
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions of the variations, each once."""
        return tuple(dict.fromkeys(v.condition for v in self.variations))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields by name, and ``notes``; complex numbers are pairs, NaN and infinity None.
        """
        content = {name: plain(getattr(self, name)) for name in self.__slots__}
        return content | {"notes": list(self.notes)}
