"""The charge integrator: an op-amp with a capacitor from its output to the bit line.

It is reset, takes the column's current for a window, and holds: the output is the charge over the
capacitor. That is what pulses of different lengths need, and what averages noise. Two switches make
the window: outside of it the bit line rests on the reference and the op-amp keeps its charge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.peripherals.amplifiers.opamp import OpAmp, check_opamp
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["ChargeIntegrator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeIntegrator:
    """A switched integrator: ``V_out = V_ref - Q / C`` at the end of its window.

    Parameters
    ----------
    opamp
        A behavioural :class:`OpAmp`, or a :class:`Subcircuit` with the ports ``plus``, ``minus``
        and ``out``.
    farad
        Integrating capacitor [F].
    window_second
        How long the bit line is connected [s].
    reset_second
        How long the capacitor is shorted before [s].
    hold_second
        From the end of the window to the end of sampling [s].
    switch_ohm
        Resistance of a closed switch [ohm].
    reference_volt
        Voltage at which the bit line is held [V].

    Raises
    ------
    ParameterError
        A value is out of range, or the op-amp is something else.

    >>> ChargeIntegrator(opamp=OpAmp(), farad=1e-12, window_second=100e-9).transimpedance_ohm
    100000.0
    """

    opamp: OpAmp | Subcircuit
    farad: float
    window_second: float
    reset_second: float = 5e-9
    hold_second: float = 2e-9
    switch_ohm: float = 10.0
    reference_volt: float = 0.5

    def __post_init__(self) -> None:
        check_opamp(self.opamp)
        for name, unit in (
            ("farad", "F"),
            ("window_second", "s"),
            ("reset_second", "s"),
            ("hold_second", "s"),
            ("switch_ohm", "ohm"),
        ):
            checks.number(name, getattr(self, name), unit, above=True)
        checks.number("reference_volt", self.reference_volt, "V", minimum=-math.inf)

    @property
    def output_unit(self) -> str:
        """Volt."""
        return "V"

    @property
    def transimpedance_ohm(self) -> float:
        """Output for each ampere of mean current, with an ideal op-amp [ohm]."""
        return self.window_second / self.farad

    @property
    def settle_second(self) -> float:
        """Reset, window and hold together [s]."""
        return self.reset_second + self.window_second + self.hold_second

    @property
    def input_ohm(self) -> float:
        """Mean resistance that the bit line sees in the window [ohm]; NaN for a subcircuit.

        Three parts: the switch; the op-amp's speed, as its output can only follow the charge with a
        difference at the input of ``I / (2 pi f_unity C)``; and half of the final ``V_out / A``.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        lag = 1.0 / (2.0 * math.pi * amp.unity_hertz * self.farad)
        return self.switch_ohm + lag + 0.5 * self.transimpedance_ohm / (1.0 + amp.dc_gain)

    @property
    def input_volt(self) -> float:
        """Voltage of the bit line without a current [V]; NaN for a subcircuit: measure it."""
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        held = self.reference_volt + amp.offset_volt + amp.middle_volt / amp.dc_gain
        return held / (1.0 + 1.0 / amp.dc_gain)

    @property
    def output_line(self) -> tuple[float, float]:
        """Output without a current [V], and its slope over the mean current [ohm].

        NaN for a subcircuit. With a finite gain A the charge Q lies on the capacitor between the
        output and an input that has moved by ``V_out / A``: ``V_out = V_0 - A/(1 + A) Q / C``.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan, math.nan
        return self.input_volt, -self.transimpedance_ohm * amp.dc_gain / (1.0 + amp.dc_gain)

    @property
    def ideal_line(self) -> tuple[float, float]:
        """What `output_line` would be with ideal parts."""
        return self.reference_volt, -self.transimpedance_ohm

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a subcircuit: measure it."""
        return self.opamp.power_watt if isinstance(self.opamp, OpAmp) else math.nan
