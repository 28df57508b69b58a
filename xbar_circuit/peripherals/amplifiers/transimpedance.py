"""The transimpedance amplifier: an op-amp with a resistor from its output to the bit line.

With a finite gain A the bit line sees a resistance ``(R_f + R_out) / (1 + A)`` and an open-circuit
voltage a little off the reference. Both are linear, so an array with such amplifiers is again a
linear array: the fast engine takes the resistance as its sense terminals'.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import check_coefficients, scaled_at
from xbar_circuit.peripherals.amplifiers.base import Amplifier
from xbar_circuit.peripherals.amplifiers.opamp import (
    FOUR_KT,
    OpAmp,
    check_opamp,
    opamp_at,
    opamp_definition,
    opamp_lines,
    opamp_supplies,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["TransimpedanceAmplifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransimpedanceAmplifier(Amplifier):
    """An inverting current-to-voltage converter: ``V_out = V_ref - R_f * I``.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    opamp
        A behavioural :class:`OpAmp`, or a :class:`Subcircuit` with the ports ``plus``, ``minus``
        and ``out``.
    feedback_ohm
        Feedback resistor [ohm].
    feedback_farad
        Capacitor parallel to it [F]; it makes the loop stable on a large array.
    reference_volt
        Voltage at which the bit line is held [V].
    settle_second
        Settling time before its output is sampled [s].
    feedback_per_celsius
        Relative change of the feedback resistor [1/degree Celsius]; 0 unless given. Polysilicon
        and diffused resistors have some 1e-4 to 1e-3 of either sign: take the process's own.

    Raises
    ------
    ParameterError
        A value is out of range, or the op-amp is something else.

    >>> amplifier = TransimpedanceAmplifier(opamp=OpAmp(dc_gain=1e4), feedback_ohm=50e3)
    >>> round(amplifier.input_ohm, 3)  # R_f / (1 + A)
    5.0
    >>> f"{amplifier.output_noise(source_ohm=1e3):.3g}"  # V, thermal noise of column and feedback
    '0.00114'
    """

    opamp: OpAmp | Subcircuit
    feedback_ohm: float
    feedback_farad: float = 0.0
    reference_volt: float = 0.5
    settle_second: float = 20e-9
    feedback_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        check_opamp(self.opamp)
        checks.number("feedback_ohm", self.feedback_ohm, "ohm", above=True)
        checks.number("feedback_farad", self.feedback_farad, "F")
        checks.number("reference_volt", self.reference_volt, "V", minimum=-math.inf)
        checks.number("settle_second", self.settle_second, "s", above=True)
        check_coefficients(self, "feedback_per_celsius")

    def at_celsius(self, celsius: float) -> TransimpedanceAmplifier:
        """Return the amplifier at another temperature: op-amp and resistor, the capacitor as it is.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        TransimpedanceAmplifier
            A copy with the op-amp and the feedback resistor at that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of a number.
        """
        return dataclasses.replace(
            self,
            opamp=opamp_at(self.opamp, celsius),
            feedback_ohm=scaled_at(celsius, self, self.feedback_ohm, "feedback_per_celsius"),
        )

    @property
    def input_ohm(self) -> float:
        """Resistance that the bit line sees at DC [ohm]; NaN for a subcircuit: measure it."""
        if not isinstance(self.opamp, OpAmp):
            return math.nan
        return (self.feedback_ohm + self.opamp.output_ohm) / (1.0 + self.opamp.dc_gain)

    @property
    def column_ohm(self) -> float:
        """Resistance that the column sees at DC [ohm]; NaN for a subcircuit."""
        return self.input_ohm

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's op-amp, if it has one."""
        return self.opamp if isinstance(self.opamp, Subcircuit) else None

    @property
    def input_volt(self) -> float:
        """Voltage of the bit line at zero current [V]; NaN for a subcircuit (measure it)."""
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        held = self.reference_volt + amp.offset_volt + amp.middle_volt / amp.dc_gain
        return held / (1.0 + 1.0 / amp.dc_gain)

    @property
    def output_unit(self) -> str:
        """Always ``"V"``."""
        return "V"

    @property
    def transimpedance_ohm(self) -> float:
        """Output for each ampere, with an ideal op-amp [ohm]."""
        return self.feedback_ohm

    @property
    def output_line(self) -> tuple[float, float]:
        """Output without a current [V], and its slope over the current [ohm].

        NaN for a subcircuit: measure it.
        """
        return self.input_volt, self.input_ohm - self.feedback_ohm

    @property
    def ideal_line(self) -> tuple[float, float]:
        """`output_line` with an ideal op-amp [V, ohm]."""
        return self.reference_volt, -self.feedback_ohm

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a subcircuit, where it has to be measured."""
        return self.opamp.power_watt if isinstance(self.opamp, OpAmp) else math.nan

    def output_volt(self, ampere: FloatArray) -> FloatArray:
        """Return the output for column currents, without saturation.

        Parameters
        ----------
        ampere
            Currents into the bit line's sense terminal [A], any shape.

        Returns
        -------
        FloatArray
            Output voltage [V], of the shape of `ampere`; NaN for a subcircuit.
        """
        start, slope = self.output_line
        result: FloatArray = start + slope * ampere
        return result

    def output_noise(
        self, source_ohm: float, source_farad: float = 0.0, *, column: bool = True
    ) -> float:
        """Return the rms noise of the output at 27 C, up to 100 GHz.

        The op-amp's noise, and the thermal noise of column, feedback and output resistor, each by
        its transfer: with D = 1 + A + (Z_f + R_out) / Z_s the input moves by A / D, -(Z_f + R_out)
        / D, Z_f / D and 1 / D of them.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of the column to where its rows are held [ohm, F].
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            Noise [V]; NaN for a subcircuit.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        hertz = np.geomspace(1.0, 1e11, 4001)
        s = 2j * np.pi * hertz
        gain = amp.open_loop_gain(hertz)
        source = 1.0 / source_ohm + s * (source_farad + amp.input_farad)
        feedback = 1.0 / (1.0 / self.feedback_ohm + s * self.feedback_farad)
        whole = 1.0 + gain + (feedback + amp.output_ohm) * source

        def squared(
            moved: Any, opamp: float = 0.0, source_noise: float = 0.0, strong: float = 0.0
        ) -> FloatArray:
            current = moved * source - source_noise
            result: FloatArray = (
                np.abs(gain * (opamp - moved) + strong - amp.output_ohm * current) ** 2
            )
            return result

        around = feedback + amp.output_ohm
        density = (
            amp.noise_volt_per_root_hertz**2 * squared(gain / whole, opamp=1.0)
            + (FOUR_KT / source_ohm if column else 0.0) * squared(around / whole, source_noise=1.0)
            + FOUR_KT / self.feedback_ohm * squared(feedback / whole)
            + FOUR_KT * amp.output_ohm * squared(1.0 / whole, strong=1.0)
        )
        return float(np.sqrt(np.trapezoid(density * hertz, np.log(hertz))))

    def loop_gain(self, hertz: FloatArray, source_ohm: float, source_farad: float) -> FloatArray:
        """Return the loop gain T on a column of the given Thevenin impedance.

        ``T = A(s) * Z_s / (Z_s + Z_f + R_out)``, with Z_s the column's resistance, its capacitance
        and the input's in parallel, and Z_f the feedback (Graeme, Photodiode Amplifiers, 1996).

        Parameters
        ----------
        hertz
            Frequencies [Hz], any shape.
        source_ohm, source_farad
            Resistance and capacitance of the column to where its rows are held [ohm, F].

        Returns
        -------
        FloatArray
            Complex loop gain, dimensionless, of the shape of `hertz`.

        Raises
        ------
        ParameterError
            The op-amp is a subcircuit, whose loop has to be measured.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            raise ParameterError.about(
                "opamp",
                got="a Subcircuit",
                expected="a behavioural OpAmp",
                remedy="studies.characterize_amplifier measures the loop of a circuit",
            )
        gain = amp.open_loop_gain(hertz)
        s = 2j * np.pi * np.asarray(hertz, dtype=np.float64)
        source = 1.0 / (1.0 / source_ohm + s * (source_farad + amp.input_farad))
        feedback = 1.0 / (1.0 / self.feedback_ohm + s * self.feedback_farad)
        result: FloatArray = gain * source / (source + feedback + amp.output_ohm)
        return result

    def with_gain(self, ohm: float) -> TransimpedanceAmplifier:
        """Return a copy with another feedback resistor and the same pole of the feedback.

        Parameters
        ----------
        ohm
            Feedback resistor [ohm].

        Returns
        -------
        TransimpedanceAmplifier
            With this resistor, and a capacitor in inverse proportion to it.
        """
        farad = self.feedback_farad * self.feedback_ohm / ohm
        return dataclasses.replace(self, feedback_ohm=ohm, feedback_farad=farad)

    def spice_definition(self, name: str) -> list[str]:
        """Return the lines that a deck needs once.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit; a user's own keeps its name.

        Returns
        -------
        list
            SPICE lines.
        """
        return opamp_definition(self.opamp, name)

    def spice_lines(
        self,
        instance: str,
        *,
        definition: str,
        minus: str,
        out: str,
        plus: str = "reference",
        driven: str | None = None,
    ) -> list[str]:
        """Return one amplifier with its feedback.

        Parameters
        ----------
        instance, definition, minus, out, plus, driven
            As in :meth:`Amplifier.spice_lines`.

        Returns
        -------
        list
            SPICE lines of op-amp, supplies and feedback.
        """
        nodes = (plus, minus, out if driven is None else driven)
        lines = opamp_lines(self.opamp, instance, definition, nodes)
        feedback = f"{instance} {minus} {out}"
        lines.append(f"Rfeedback_{feedback} {spice_number(self.feedback_ohm)}")
        if self.feedback_farad > 0.0:
            lines.append(f"Cfeedback_{feedback} {spice_number(self.feedback_farad)}")
        return lines

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources of an instance and their voltages.

        Parameters
        ----------
        instance
            Name of the instance.

        Returns
        -------
        dict
            Name of each source in the deck -> its voltage [V].
        """
        return opamp_supplies(self.opamp, instance)
